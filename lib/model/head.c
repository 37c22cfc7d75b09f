// The head: logits from the token embedding, and their cross-entropy. Logits are by far the widest
// activation (N x V), so they exist for a few rows at a time, forward and backward together.

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/model/internal.h"

// The CPU's bits do not depend on head_rows: it is a multiple of 256, where sums over rows are cut.
size_t head_rows(const struct model_config *config, const struct ops *ops) {
    size_t N = (size_t)config->batch * (size_t)config->context;
    return N < ops->head_rows ? N : ops->head_rows;
}

static size_t logits_stride(const struct model *model) {
    return round_up((size_t)model->config.vocabulary, model->ops->vocabulary_multiple);
}

static void chunk_logits(const struct model *model, size_t first, size_t rows) {
    size_t C = (size_t)model->config.width, bias = model->architecture->head_bias;
    model->ops->linear_forward(
        model->dev, model->activations.logits, act_at(model, model->activations.normed, first * C),
        base_weight(model, BASE_TOKEN), bias ? base_weight(model, bias) : NULL, rows, C,
        logits_stride(model));
}

// The logits' gradient stands in their place; the rows of `normed` become their own gradient, once
// they have served as the input.
static void chunk_backward(const struct model *model, size_t first, size_t rows) {
    const struct activations *all = &model->activations;
    size_t C = (size_t)model->config.width, O = logits_stride(model);
    size_t bias = model->architecture->head_bias;
    act *x = act_at(model, all->normed, first * C);
    model->ops->linear_backward_weight(model->dev, base_gradient(model, BASE_TOKEN),
                                       bias ? base_gradient(model, bias) : NULL, all->logits, x,
                                       rows, C, O, true);
    model->ops->linear_backward_input(model->dev, x, all->logits, base_weight(model, BASE_TOKEN),
                                      rows, C, O, false);
}

void head_run(struct model *model, const struct pass *pass, float gradient_scale, bool correct) {
    const struct activations *all = &model->activations;
    size_t V = (size_t)model->config.vocabulary;
    size_t most = model->ops->head_rows;
    for (size_t first = 0; first < pass->N; first += most) {
        size_t rows = pass->N - first < most ? pass->N - first : most;
        chunk_logits(model, first, rows);
        model->ops->cross_entropy(
            model->dev, all->losses + first, correct ? all->correct + first : NULL, all->logits,
            all->targets + first, rows, V, logits_stride(model), gradient_scale);
        if (gradient_scale != 0) {
            chunk_backward(model, first, rows);
        }
    }
}

// bf16 is the upper half of a float.
static void widen(float *values, const void *acts, size_t n, size_t act_bytes) {
    if (act_bytes == sizeof(float)) {
        memcpy(values, acts, n * sizeof(float));
        return;
    }
    const uint16_t *halves = acts;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)halves[i] << 16;
        memcpy(&values[i], &bits, sizeof bits);
    }
}

enum status head_logits(struct model *model, size_t row, float *logits, struct error *error) {
    size_t V = (size_t)model->config.vocabulary, act_bytes = model->ops->act_bytes;
    void *acts = NULL;
    enum status status = memory_allocate(&acts, V, act_bytes, "logits", error);
    if (status != STATUS_OK) {
        return status;
    }
    chunk_logits(model, row, 1);
    model->ops->download(model->dev, acts, model->activations.logits, V * act_bytes);
    status = model->ops->check(model->dev, error);
    widen(logits, acts, V, act_bytes);
    free(acts);
    return status;
}
