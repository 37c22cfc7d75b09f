#include <string.h>

#include "lib/agent/policies.h"

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

enum status policy_open(const struct policy_type **type, struct policy **policy, const char *name,
                        const struct policy_options *options, int layers, uint64_t seed, int *start,
                        struct error *error) {
    const char *colon = strchr(name, ':');
    size_t length = colon ? (size_t)(colon - name) : strlen(name);
    for (size_t i = 0; POLICY_TYPES[i]; i++) {
        const struct policy_type *t = POLICY_TYPES[i];
        if (strncmp(name, t->name, length) == 0 && t->name[length] == '\0') {
            *type = t;
            return t->open(policy, colon ? colon + 1 : NULL, options, layers, seed, start, error);
        }
    }
    return unknown_policy(name, error);
}

void policy_fill_start(const struct policy_options *options, int layers, int *start) {
    for (int i = 0; i < layers; i++) {
        start[i] = options->start == POLICY_START_INDEPENDENT ? i : 0;
    }
}

enum status policy_takes_no_argument(const char *name, const char *argument, struct error *error) {
    return argument ? error_set(error, STATUS_USAGE, "the policy '%s' takes no argument, not '%s'",
                                name, argument)
                    : STATUS_OK;
}
