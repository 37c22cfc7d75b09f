// The memory of a step, as one block. The same function lays the buffers out and, with no memory
// yet, counts the bytes.

#include "lib/model/internal.h"

struct arrangement {
    char *memory; // NULL while counting
    size_t bytes; // taken so far
    size_t act_bytes;
    size_t N, C, F, scores; // scores: B H T, rows of attention
};

static void *take(struct arrangement *at, size_t elements, size_t size) {
    void *place = at->memory ? at->memory + at->bytes : NULL;
    at->bytes += round_up(elements * size, 64);
    return place;
}

static act *take_acts(struct arrangement *at, size_t elements) {
    return take(at, elements, at->act_bytes);
}

static float *take_floats(struct arrangement *at, size_t elements) {
    return take(at, elements, sizeof(float));
}

static void take_statistics(struct arrangement *at, struct stream *stream) {
    stream->mean = take_floats(at, at->N);
    stream->rstd = take_floats(at, at->N);
}

// What backward needs of one layer besides its input; without `hidden` that is left out.
static void take_layer(struct arrangement *at, struct layer_activations *layer, bool hidden) {
    take_statistics(at, &layer->input);
    layer->qkv = take_acts(at, 3 * at->N * at->C);
    layer->attended = take_acts(at, at->N * at->C);
    layer->log_sum = take_floats(at, at->scores);
    layer->middle.value = take_acts(at, at->N * at->C);
    take_statistics(at, &layer->middle);
    layer->hidden_input = take_acts(at, at->N * at->F);
    if (hidden) {
        layer->hidden = take_acts(at, at->N * at->F);
    }
}

static void take_layers(struct arrangement *at, struct activations *all,
                        const struct model_config *config) {
    struct layer_activations shared = {0};
    if (config->recompute == MODEL_RECOMPUTE_LAYER) {
        take_layer(at, &shared, true);
    } else if (config->recompute == MODEL_RECOMPUTE_GELU) {
        shared.hidden = take_acts(at, at->N * at->F);
    }
    for (int i = 0; i < config->layers; i++) {
        struct layer_activations *layer = &all->layers[i];
        *layer = shared;
        layer->input.value = take_acts(at, at->N * at->C);
        if (config->recompute != MODEL_RECOMPUTE_LAYER) {
            take_layer(at, layer, config->recompute == MODEL_RECOMPUTE_NONE);
        }
    }
    all->output.value = take_acts(at, at->N * at->C);
}

// The head runs between forward and backward: its logits lie where backward's buffers will. So do
// permuted columns, which are needed for a moment.
static void arrange_training(struct arrangement *at, struct activations *all,
                             const struct model_config *config, size_t logits) {
    take_layers(at, all, config);
    if (architecture_of(config)->transforms) {
        all->transform_input = take_acts(at, at->N * at->C);
        all->transformed.value = take_acts(at, at->N * at->C);
    }
    size_t start = at->bytes;
    all->logits = take_acts(at, logits);
    size_t head_end = at->bytes;
    at->bytes = start;
    all->branch = take_acts(at, at->N * at->C);
    all->attended_gradient = take_acts(at, at->N * at->C);
    all->wide_gradient = take_acts(at, at->N * at->F);
    all->permuted = all->wide_gradient;
    all->stream_gradient = take_acts(at, at->N * at->C);
    at->bytes = at->bytes > head_end ? at->bytes : head_end;
}

// Forward only: one residual stream, updated in place, and GELU in place; all layers share.
static void arrange_evaluation(struct arrangement *at, struct activations *all,
                               const struct model_config *config, size_t logits) {
    struct layer_activations shared = {0};
    size_t start = at->bytes;
    all->logits = take_acts(at, logits);
    size_t head_end = at->bytes;
    at->bytes = start;
    take_layer(at, &shared, false);
    shared.input = shared.middle;
    shared.hidden = shared.hidden_input;
    all->branch = all->transform_input = all->transformed.value = take_acts(at, at->N * at->C);
    if (config->permute != MODEL_PERMUTE_NONE) {
        all->permuted = take_acts(at, at->N * at->F);
    }
    at->bytes = at->bytes > head_end ? at->bytes : head_end;
    for (int i = 0; i < config->layers; i++) {
        all->layers[i] = shared;
    }
    all->output.value = shared.input.value;
}

static size_t activations_arrange(struct activations *all, char *memory,
                                  const struct model_config *config, const struct ops *ops,
                                  bool training) {
    size_t B = (size_t)config->batch, T = (size_t)config->context, C = (size_t)config->width;
    struct arrangement at = {.memory = memory,
                             .act_bytes = ops->act_bytes,
                             .N = B * T,
                             .C = C,
                             .F = 4 * C,
                             .scores = B * T * (size_t)config->heads};
    size_t logits =
        head_rows(config, ops) * round_up((size_t)config->vocabulary, ops->vocabulary_multiple);
    all->tokens = take(&at, at.N, sizeof(int32_t));
    all->targets = take(&at, at.N, sizeof(int32_t));
    all->correct = take(&at, at.N, sizeof(int32_t));
    all->losses = take_floats(&at, at.N);
    take_statistics(&at, &all->output);
    all->normed = take_acts(&at, at.N * C);
    if (architecture_of(config)->transforms) {
        all->types = take(&at, at.N, sizeof(int32_t)); // zeroed with all the memory, and left so
        take_statistics(&at, &all->transformed);
    }
    (training ? arrange_training : arrange_evaluation)(&at, all, config, logits);
    return at.bytes;
}

size_t activations_bytes(const struct model_config *config, const struct ops *ops, bool training) {
    struct activations unused;
    return activations_arrange(&unused, NULL, config, ops, training);
}

// A training arrangement serves evaluation too.
enum status activations_require(struct model *model, bool training, struct error *error) {
    struct activations *all = &model->activations;
    if (all->memory && (all->training || !training)) {
        return STATUS_OK;
    }
    activations_close(model);
    size_t bytes = activations_bytes(&model->config, model->ops, training);
    void *memory = NULL;
    enum status status = model->ops->allocate(model->dev, &memory, bytes, "activations", error);
    if (status != STATUS_OK) {
        return status;
    }
    activations_arrange(all, memory, &model->config, model->ops, training);
    all->memory = memory;
    all->bytes = bytes;
    all->training = training;
    return STATUS_OK;
}

enum status model_reserve(struct model *model, struct error *error) {
    return activations_require(model, true, error);
}

void activations_close(struct model *model) {
    if (model->activations.memory) {
        model->ops->release(model->dev, model->activations.memory, model->activations.bytes);
    }
    model->activations = (struct activations){0};
}
