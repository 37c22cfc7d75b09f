// Each visit moves the layer to its next action: 0, 1, .. i, and round again. The state says where
// it stands, so there is nothing to remember.
#include "lib/agent/policies.h"

static enum status open(struct policy **policy, const char *argument,
                        const struct policy_options *options, int layers, uint64_t seed, int *start,
                        struct error *error) {
    (void)argument;
    (void)seed;
    (void)error;
    *policy = NULL;
    policy_fill_start(options, layers, start);
    return STATUS_OK;
}

static int act(struct policy *policy, int layer, const int *state, struct record_builder *info) {
    (void)policy;
    (void)info;
    return (state[layer] + 1) % (layer + 1);
}

const struct policy_type POLICY_ROUND_ROBIN = {
    .name = "round-robin",
    .help = "each visit moves a layer to its next action",
    .options = "start",
    .open = open,
    .act = act,
};
