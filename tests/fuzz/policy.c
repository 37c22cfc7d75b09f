// Any bytes as the name of a policy with its argument. The first byte is the number of layers.
#include <string.h>

#include "lib/agent/policy.h"
#include "lib/record/builder.h"
#include "tests/fuzz/fuzz.h"

// It starts with a map, and gives every layer a source.
static void check_policy(const struct policy_type *type, struct policy *policy, int layers,
                         const int *start) {
    struct record_builder r = {0};
    struct error error;
    int map[TYING_LAYERS_MAX];
    FUZZ_CHECK(tying_map_check(start, layers, &error) == STATUS_OK);
    memcpy(map, start, (size_t)layers * sizeof *map);
    for (int layer = 1; layer < layers; layer++) {
        record_begin(&r, "act");
        record_put_map(&r, "info");
        map[layer] = type->act(policy, layer, map, &r);
        record_end_map(&r);
        FUZZ_CHECK(record_builder_finish(&r, &error) == STATUS_OK);
    }
    FUZZ_CHECK(tying_map_check(map, layers, &error) == STATUS_OK);
    record_builder_free(&r);
}

void fuzz_one(const uint8_t *data, size_t size) {
    if (size == 0) {
        return;
    }
    int layers = data[0] + 1, start[TYING_LAYERS_MAX];
    char *name = malloc(size);
    FUZZ_CHECK(name);
    memcpy(name, data + 1, size - 1);
    name[size - 1] = '\0';
    struct policy_options options = POLICY_DEFAULTS;
    options.hidden = 2;
    const struct policy_type *type = NULL;
    struct policy *policy = NULL;
    struct error error = {0};
    enum status status = policy_open(&type, &policy, name, &options, layers, 1, start, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_USAGE));
    if (status == STATUS_OK) {
        check_policy(type, policy, layers, start);
        if (type->close) {
            type->close(policy);
        }
    }
    free(name);
}
