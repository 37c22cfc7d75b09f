// --permute: breaks the alignment between the two sides of a branch in tied uses. What a layer's
// attention (or GELU) gives is permuted before it meets the output projection of weights that were
// trained without. Permuting a layer's weights consistently would change nothing; this does.
//
// Each layer position has one permutation, a random cycle, so that no head (or hidden unit) stays
// in its place. Gradients go back through its inverse.

#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/model/internal.h"

// Sattolo's algorithm: a uniformly random cyclic permutation.
static void draw_cycle(int32_t *source, size_t n, struct random_place place) {
    struct random_sequence sequence;
    random_sequence_start(&sequence, place);
    for (size_t i = 0; i < n; i++) {
        source[i] = (int32_t)i;
    }
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)random_below(&sequence, i);
        int32_t other = source[j];
        source[j] = source[i];
        source[i] = other;
    }
}

static void invert(int32_t *inverse, const int32_t *source, size_t n) {
    for (size_t i = 0; i < n; i++) {
        inverse[source[i]] = (int32_t)i;
    }
}

enum status permutations_open(struct model *model, struct error *error) {
    const struct model_config *config = &model->config;
    struct permutations *all = &model->permutations;
    if (config->permute == MODEL_PERMUTE_NONE) {
        return STATUS_OK;
    }
    bool heads = config->permute == MODEL_PERMUTE_HEADS;
    all->groups = (size_t)(heads ? config->heads : 4 * config->width);
    all->size = (size_t)(heads ? config->width / config->heads : 1);
    size_t L = (size_t)config->layers;
    void *memory = NULL;
    enum status status =
        memory_allocate(&memory, 2 * L * all->groups, sizeof(int32_t), "permutations", error);
    if (status != STATUS_OK) {
        return status;
    }
    all->source = memory;
    all->inverse = all->source + L * all->groups;
    for (size_t i = 0; i < L; i++) {
        size_t first = i * all->groups;
        draw_cycle(all->source + first, all->groups,
                   (struct random_place){.seed = config->seed,
                                         .stream = RANDOM_PERMUTE,
                                         .site = (uint8_t)config->permute,
                                         .layer = (uint16_t)i});
        invert(all->inverse + first, all->source + first, all->groups);
    }
    return STATUS_OK;
}

void permutations_close(struct model *model) {
    free(model->permutations.source);
    model->permutations = (struct permutations){0};
}

bool use_is_permuted(const struct model *model, enum tying_part part, int layer) {
    const struct model_config *config = &model->config;
    enum model_permute permute =
        part == TYING_ATTENTION ? MODEL_PERMUTE_HEADS : MODEL_PERMUTE_HIDDEN;
    return config->permute == permute && tying_ties_part(&config->tying, part) &&
           model->tying.map[layer] != layer;
}

static void permute(const struct model *model, const struct pass *pass, int layer, act *out,
                    const act *in, const int32_t *permutations) {
    size_t groups = model->permutations.groups;
    model->ops->permute_columns(model->dev, out, in, pass->N, groups, model->permutations.size,
                                permutations + (size_t)layer * groups);
}

void permute_forward(const struct model *model, const struct pass *pass, int layer, act *out,
                     const act *in) {
    permute(model, pass, layer, out, in, model->permutations.source);
}

void permute_backward(const struct model *model, const struct pass *pass, int layer, act *out,
                      const act *in) {
    permute(model, pass, layer, out, in, model->permutations.inverse);
}
