// Maps that stay as they are, by name or as a list. SEQUENCE, CYCLE and CYCLE (REV) are those of
// Takase and Kiyono, "Lessons on parameter sharing across layers in transformers"
// (arXiv:2104.06022): M groups of layers with the same weights; the first layer of a group is the
// one that is independent.

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/agent/policies.h"
#include "lib/base/memory.h"

struct policy {
    int map[TYING_LAYERS_MAX];
};

// ---- Groups: which of M groups a layer is in -------------------------------------------------

static int sequence_group(int layer, int layers, int groups) {
    return layer * groups / layers;
}

static int cycle_group(int layer, int layers, int groups) {
    (void)layers;
    return layer % groups;
}

// The last cycle, also where it is not a whole one, runs backwards from the last group.
static int cycle_rev_group(int layer, int layers, int groups) {
    int cycles = (layers + groups - 1) / groups;
    int place = layer % groups;
    return layer < groups * (cycles - 1) ? place : groups - 1 - place;
}

static void map_of_groups(int (*group)(int, int, int), int layers, int groups, int *map) {
    for (int i = 0; i < layers; i++) {
        map[i] = 0;
        while (group(map[i], layers, groups) != group(i, layers, groups)) {
            map[i]++;
        }
    }
}

static const struct {
    const char *name;
    int (*group)(int layer, int layers, int groups);
    enum { GROUPS_ALL, GROUPS_ONE, GROUPS_HALF, GROUPS_GIVEN } groups;
} SCHEMES[] = {
    {"independent", cycle_group, GROUPS_ALL}, {"all", cycle_group, GROUPS_ONE},
    {"half", cycle_group, GROUPS_HALF},       {"sequence", sequence_group, GROUPS_GIVEN},
    {"cycle", cycle_group, GROUPS_GIVEN},     {"cycle-rev", cycle_rev_group, GROUPS_GIVEN},
};

// ---- Reading the argument --------------------------------------------------------------------

// A decimal number without sign or blank. False: there is none.
static bool read_number(const char **text, long *number) {
    char *end;
    if (**text < '0' || **text > '9') {
        return false;
    }
    errno = 0;
    *number = strtol(*text, &end, 10);
    *text = end;
    return errno == 0;
}

static enum status read_groups(const char *scheme, const char *text, int layers, int *groups,
                               struct error *error) {
    long number;
    if (!text || !read_number(&text, &number) || *text) {
        return error_set(error, STATUS_USAGE,
                         "the policy 'fixed:%s:M' needs the number M of independent layers",
                         scheme);
    }
    if (number < 1 || number > layers) {
        return error_set(error, STATUS_USAGE,
                         "the policy 'fixed:%s:M' has M from 1 to the number of layers, %d, not "
                         "%ld",
                         scheme, layers, number);
    }
    *groups = (int)number;
    return STATUS_OK;
}

static enum status read_scheme(const char *argument, int layers, int *map, struct error *error) {
    const char *colon = argument ? strchr(argument, ':') : NULL;
    size_t length = colon ? (size_t)(colon - argument) : argument ? strlen(argument) : 0;
    for (size_t i = 0; argument && i < ARRAY_LENGTH(SCHEMES); i++) {
        if (strncmp(argument, SCHEMES[i].name, length) != 0 || SCHEMES[i].name[length] ||
            (colon && SCHEMES[i].groups != GROUPS_GIVEN)) {
            continue;
        }
        int groups = SCHEMES[i].groups == GROUPS_ALL   ? layers
                     : SCHEMES[i].groups == GROUPS_ONE ? 1
                                                       : (layers + 1) / 2;
        if (SCHEMES[i].groups == GROUPS_GIVEN) {
            enum status status =
                read_groups(SCHEMES[i].name, colon ? colon + 1 : NULL, layers, &groups, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        map_of_groups(SCHEMES[i].group, layers, groups, map);
        return STATUS_OK;
    }
    return error_set(error, STATUS_USAGE,
                     "unknown fixed policy '%s' (known: independent, all, half, sequence:M, "
                     "cycle:M, cycle-rev:M)",
                     argument ? argument : "");
}

// The numbers of a list, and how many there are: those that no network has room for are only counted.
static enum status parse_list(const char *text, int map[static TYING_LAYERS_MAX], int *count,
                              struct error *error) {
    *count = 0;
    for (const char *at = text ? text : ""; *at || *count == 0; ++*count) {
        long number;
        bool comma = *count > 0 && *at == ',';
        at += comma;
        if ((*count > 0 && !comma) || !read_number(&at, &number)) {
            return error_set(error, STATUS_USAGE, "the policy 'map:%s' is no list like map:0,0,2",
                             text ? text : "");
        }
        if (*count < TYING_LAYERS_MAX) {
            map[*count] = number > TYING_LAYERS_MAX ? TYING_LAYERS_MAX : (int)number;
        }
    }
    return STATUS_OK;
}

static enum status read_list(const char *text, int layers, int *map, struct error *error) {
    int count;
    enum status status = parse_list(text, map, &count, error);
    if (status == STATUS_OK && count != layers) {
        return error_set(error, STATUS_USAGE, "the policy 'map:%s' has %d layers, the model %d",
                         text, count, layers);
    }
    return status == STATUS_OK ? tying_map_check(map, layers, error) : status;
}

static enum status check_scheme(const char *argument, struct error *error) {
    int map[TYING_LAYERS_MAX];
    return read_scheme(argument, TYING_LAYERS_MAX, map, error);
}

static enum status check_list(const char *text, struct error *error) {
    int map[TYING_LAYERS_MAX], count;
    enum status status = parse_list(text, map, &count, error);
    return status == STATUS_OK ? tying_map_check(map, count, error) : status;
}

// ---- The policies ----------------------------------------------------------------------------

static enum status open_with(enum status (*read)(const char *, int, int *, struct error *),
                             struct policy **policy, const char *argument, int layers, int *start,
                             struct error *error) {
    void *memory;
    enum status status = memory_allocate(&memory, 1, sizeof **policy, "a policy", error);
    if (status != STATUS_OK) {
        return status;
    }
    *policy = memory;
    status = read(argument, layers, (*policy)->map, error);
    if (status != STATUS_OK) {
        free(memory);
        *policy = NULL;
        return status;
    }
    memcpy(start, (*policy)->map, (size_t)layers * sizeof *start);
    return STATUS_OK;
}

static enum status open_fixed(struct policy **policy, const char *argument,
                              const struct policy_options *options, int layers, uint64_t seed,
                              int *start, struct error *error) {
    (void)options;
    (void)seed;
    return open_with(read_scheme, policy, argument, layers, start, error);
}

static enum status open_map(struct policy **policy, const char *argument,
                            const struct policy_options *options, int layers, uint64_t seed,
                            int *start, struct error *error) {
    (void)options;
    (void)seed;
    return open_with(read_list, policy, argument, layers, start, error);
}

static int act(struct policy *policy, int layer, const int *state, struct record_builder *info) {
    (void)state;
    (void)info;
    return policy->map[layer];
}

static void close(struct policy *policy) {
    free(policy);
}

const struct policy_type POLICY_FIXED = {
    .name = "fixed",
    .help = "independent, all, half, sequence:M, cycle:M or cycle-rev:M, M independent layers",
    .check = check_scheme,
    .open = open_fixed,
    .act = act,
    .close = close,
};

const struct policy_type POLICY_MAP = {
    .name = "map",
    .help = "this map, e.g. map:0,0,2,2",
    .check = check_list,
    .open = open_map,
    .act = act,
    .close = close,
};
