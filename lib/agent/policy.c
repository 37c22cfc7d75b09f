#include <string.h>

#include "lib/agent/policies.h"
#include "lib/base/list.h"

// A new policy is a line here and a file beside this one.
const struct policy_type *const POLICY_TYPES[] = {&POLICY_QLEARN,
                                                  &POLICY_RANDOM,
                                                  &POLICY_GREEDY,
                                                  &POLICY_ROUND_ROBIN,
                                                  &POLICY_FIXED,
                                                  &POLICY_MAP,
                                                  NULL};

static enum status unknown_policy(const char *name, struct error *error) {
    char known[256] = "";
    for (size_t i = 0; POLICY_TYPES[i]; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", POLICY_TYPES[i]->name);
    }
    return error_set(error, STATUS_USAGE, "unknown policy '%s' (known: %s)", name, known);
}

// The type of "NAME" or "NAME:ARGUMENT"; *argument is NULL where there is none.
static enum status find_type(const char *name, const struct policy_type **type,
                             const char **argument, struct error *error) {
    const char *colon = strchr(name, ':');
    size_t length = colon ? (size_t)(colon - name) : strlen(name);
    *argument = colon ? colon + 1 : NULL;
    for (size_t i = 0; POLICY_TYPES[i]; i++) {
        *type = POLICY_TYPES[i];
        if (strncmp(name, (*type)->name, length) == 0 && (*type)->name[length] == '\0') {
            return (*type)->check || !colon
                       ? STATUS_OK
                       : error_set(error, STATUS_USAGE,
                                   "the policy '%s' takes no argument, not '%s'", (*type)->name,
                                   *argument);
        }
    }
    return unknown_policy(name, error);
}

enum status policy_check(const char *name, struct error *error) {
    const struct policy_type *type;
    const char *argument;
    enum status status = find_type(name, &type, &argument, error);
    return status == STATUS_OK && type->check ? type->check(argument, error) : status;
}

bool policy_uses(const char *name, const char *option) {
    const struct policy_type *type;
    const char *argument;
    struct error error;
    bool known = find_type(name, &type, &argument, &error) == STATUS_OK;
    return known && type->options && list_has(type->options, option);
}

enum status policy_open(const struct policy_type **type, struct policy **policy, const char *name,
                        const struct policy_options *options, int layers, uint64_t seed, int *start,
                        struct error *error) {
    const struct policy_type *found;
    const char *argument;
    enum status status = find_type(name, &found, &argument, error);
    if (status != STATUS_OK) {
        return status;
    }
    *type = found;
    return found->open(policy, argument, options, layers, seed, start, error);
}

void policy_fill_start(const struct policy_options *options, int layers, int *start) {
    for (int i = 0; i < layers; i++) {
        start[i] = options->start == POLICY_START_INDEPENDENT ? i : 0;
    }
}
