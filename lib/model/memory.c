#include "lib/model/internal.h"

uint64_t block_bytes(const struct layout *layout, const struct ops *ops) {
    bool one_array = ops->act_bytes == ops->state_bytes;
    return (uint64_t)layout->n * (ops->state_bytes + (one_array ? 0 : ops->act_bytes));
}

// Mirrors storage.c, allocation by allocation.
static void count_part(const struct tying *tying, enum tying_part part, const struct layout *layout,
                       const struct ops *ops, struct model_memory *memory) {
    const struct tying_part_state *state = &tying->parts[part];
    uint64_t floats = (uint64_t)layout->n * sizeof(float);
    uint64_t moments = 2 * (uint64_t)layout->n * ops->state_bytes;
    for (int i = 0; i < tying->layers; i++) {
        memory->weights += state->in_use[i] ? block_bytes(layout, ops) : 0;
        memory->gradients += state->owner[i] == TYING_OWNER_ACTIVE ? floats : 0;
        memory->optimizer += state->owner[i] != TYING_OWNER_NONE ? moments : 0;
    }
    memory->gradients += tying->options.retire == TYING_RETIRE_GHOST ? floats : 0;
}

void model_count_memory(const struct model_config *config, const struct tying *tying,
                        const struct ops *ops, struct model_memory *memory) {
    struct layout layout;
    layout_base(&layout, config, ops->vocabulary_multiple);
    *memory = (struct model_memory){.weights = block_bytes(&layout, ops),
                                    .gradients = (uint64_t)layout.n * sizeof(float),
                                    .optimizer = 2 * (uint64_t)layout.n * ops->state_bytes,
                                    .activations = activations_bytes(config, ops, true) +
                                                   ops->workspace_bytes};
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        layout_part(&layout, config, part);
        count_part(tying, part, &layout, ops, memory);
    }
    memory->total = memory->weights + memory->gradients + memory->optimizer + memory->activations;
}

uint64_t model_count_evaluation(const struct model_config *config, const struct ops *ops) {
    return activations_bytes(config, ops, false) + ops->workspace_bytes;
}
