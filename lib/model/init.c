// Initial weights: N(0, 0.02), as nanoGPT's and BERT's. In GPT-2, where sums pile up in the residual
// stream, those of the projections into it are N(0, 0.02 / sqrt(2L)). Element j of a tensor is normal number j of its place, so pieces can be drawn by any
// thread.

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/model/internal.h"

enum { PIECE = 4096, PIECES = 16 }; // elements drawn by one thread; pieces uploaded at a time

static double initial_deviation(enum initial initial, const struct model_config *config) {
    bool piles_up = initial == INITIAL_RESIDUAL && !architecture_of(config)->norms_behind;
    return piles_up ? 0.02 / sqrt(2.0 * config->layers) : 0.02;
}

static void fill_constant(float *values, size_t n, float value) {
    for (size_t i = 0; i < n; i++) {
        values[i] = value;
    }
}

// Elements first .. first + n of a place; each normal takes two words, a block holds two normals.
static void fill_normal(float *values, struct random_place place, size_t first, size_t n,
                        double deviation) {
    struct random_sequence sequence;
    random_sequence_start(&sequence, place);
    sequence.drawn = 2 * (uint64_t)first;
    for (size_t i = 0; i < n; i++) {
        values[i] = (float)(deviation * random_normal(&sequence));
    }
}

static bool is_drawn(enum initial initial) {
    return initial == INITIAL_NORMAL || initial == INITIAL_RESIDUAL;
}

static void fill(float *values, const struct model_config *config, enum initial initial,
                 struct random_place place, size_t first, size_t n) {
    if (!is_drawn(initial)) {
        fill_constant(values, n, initial == INITIAL_ONE);
        return;
    }
    double deviation = initial_deviation(initial, config);
    size_t pieces = (n + PIECE - 1) / PIECE;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < pieces; i++) {
        size_t start = i * PIECE;
        size_t length = n - start < PIECE ? n - start : PIECE;
        fill_normal(values + start, place, first + start, length, deviation);
    }
}

enum status init_block(struct model *model, const struct block *block, const struct layout *layout,
                       int first_site, int layer, struct error *error) {
    const size_t capacity = (size_t)PIECE * PIECES;
    float *staging = NULL;
    enum status status =
        memory_allocate((void **)&staging, capacity, sizeof(float), "initial weights", error);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < layout->count; i++) {
        const struct tensor_layout *tensor = &layout->tensors[i];
        assert(i < MODEL_INIT_SITES || !is_drawn(tensor->spec->initial));
        struct random_place place = {.seed = model->config.seed,
                                     .stream = RANDOM_INIT,
                                     .site = (uint8_t)(first_site + (int)i),
                                     .layer = (uint16_t)layer};
        size_t total = tensor->rows * tensor->columns;
        for (size_t first = 0; first < total; first += capacity) {
            size_t n = total - first < capacity ? total - first : capacity;
            fill(staging, &model->config, tensor->spec->initial, place, first, n);
            model->ops->upload_state(
                model->dev, state_at(model, block->master, tensor->offset + first), staging, n);
        }
    }
    model->ops->cast(model->dev, block->weight, block->master, layout->n);
    free(staging);
    return STATUS_OK;
}
