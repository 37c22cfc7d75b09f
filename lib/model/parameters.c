#include <assert.h>

#include "lib/base/memory.h"
#include "lib/model/internal.h"

// Offsets of tensors, in elements: 64 bytes of float.
enum { TENSOR_ALIGNMENT = 16 };

// The same in every architecture, named after what they do. The order is that of the enums.
static const struct tensor_spec ATTENTION_TENSORS[] = {
    {"norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
    {"qkv.weight", EXTENT_QKV, EXTENT_WIDTH, INITIAL_NORMAL},
    {"qkv.bias", EXTENT_QKV, EXTENT_ONE, INITIAL_ZERO},
    {"projection.weight", EXTENT_WIDTH, EXTENT_WIDTH, INITIAL_RESIDUAL},
    {"projection.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
};

static const struct tensor_spec FEEDFORWARD_TENSORS[] = {
    {"norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
    {"hidden.weight", EXTENT_HIDDEN, EXTENT_WIDTH, INITIAL_NORMAL},
    {"hidden.bias", EXTENT_HIDDEN, EXTENT_ONE, INITIAL_ZERO},
    {"projection.weight", EXTENT_WIDTH, EXTENT_HIDDEN, INITIAL_RESIDUAL},
    {"projection.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
};

size_t round_up(size_t n, size_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

static size_t extent_size(enum extent extent, const struct model_config *config) {
    size_t C = (size_t)config->width;
    switch (extent) {
    case EXTENT_ONE:
        return 1;
    case EXTENT_WIDTH:
        return C;
    case EXTENT_QKV:
        return 3 * C;
    case EXTENT_HIDDEN:
        return 4 * C;
    case EXTENT_VOCABULARY:
        return (size_t)config->vocabulary;
    case EXTENT_POSITIONS:
        return (size_t)config->context + 1;
    case EXTENT_BERT_POSITIONS:
        return (size_t)(config->context > MODEL_BERT_POSITIONS ? config->context
                                                               : MODEL_BERT_POSITIONS);
    case EXTENT_TYPES:
        return MODEL_TYPES;
    }
    return 0;
}

static void layout_make(struct layout *layout, const struct tensor_spec *specs, size_t count,
                        const struct model_config *config, size_t vocabulary_multiple) {
    assert(count <= MODEL_TENSORS_MAX);
    *layout = (struct layout){.count = count};
    for (size_t i = 0; i < count; i++) {
        const struct tensor_spec *spec = &specs[i];
        size_t rows = extent_size(spec->rows, config);
        size_t columns = extent_size(spec->columns, config);
        size_t multiple = spec->rows == EXTENT_VOCABULARY ? vocabulary_multiple : 1;
        layout->tensors[i] = (struct tensor_layout){spec, rows, columns, layout->n};
        layout->parameters += rows * columns;
        layout->n += round_up(round_up(rows, multiple) * columns, TENSOR_ALIGNMENT);
    }
}

void layout_base(struct layout *layout, const struct model_config *config,
                 size_t vocabulary_multiple) {
    const struct architecture *architecture = architecture_of(config);
    layout_make(layout, architecture->base, architecture->base_count, config, vocabulary_multiple);
}

void layout_part(struct layout *layout, const struct model_config *config, enum tying_part part) {
    bool attention = part == TYING_ATTENTION;
    layout_make(layout, attention ? ATTENTION_TENSORS : FEEDFORWARD_TENSORS,
                attention ? ARRAY_LENGTH(ATTENTION_TENSORS) : ARRAY_LENGTH(FEEDFORWARD_TENSORS),
                config, 1);
}

static const act *block_tensor(const struct model *model, const struct block *block,
                               const struct layout *layout, size_t tensor) {
    return act_at(model, block->weight, layout->tensors[tensor].offset);
}

const act *layer_weight(const struct model *model, enum tying_part part, int layer, size_t tensor) {
    int slot = model->tying.parts[part].storage[layer];
    return block_tensor(model, &model->storages[part][slot], &model->part_layouts[part], tensor);
}

float *layer_gradient(const struct model *model, enum tying_part part, int layer, size_t tensor) {
    int owner = tying_gradient_owner(&model->tying, part, layer);
    if (owner < 0) {
        return NULL;
    }
    return model->owners[part][owner].gradient + model->part_layouts[part].tensors[tensor].offset;
}

bool layer_gradient_begun(const struct model *model, enum tying_part part, int layer) {
    int owner = tying_gradient_owner(&model->tying, part, layer);
    return owner >= 0 && model->owners[part][owner].gradient_begun;
}

void layer_gradient_begin(struct model *model, enum tying_part part, int layer) {
    int owner = tying_gradient_owner(&model->tying, part, layer);
    if (owner >= 0) {
        model->owners[part][owner].gradient_begun = true;
    }
}

const act *base_weight(const struct model *model, size_t tensor) {
    return block_tensor(model, &model->base, &model->base_layout, tensor);
}

float *base_gradient(const struct model *model, size_t tensor) {
    return model->base_owner.gradient + model->base_layout.tensors[tensor].offset;
}

void model_count_parameters(const struct model_config *config, struct model_parameters *count) {
    *count = (struct model_parameters){0};
    struct layout layout;
    layout_base(&layout, config, 1);
    for (size_t i = 0; i < layout.count; i++) {
        uint64_t n = (uint64_t)layout.tensors[i].rows * layout.tensors[i].columns;
        *(i < architecture_of(config)->base_final ? &count->embedding : &count->final) += n;
    }
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        layout_part(&layout, config, part);
        count->part[part] = layout.parameters;
        count->layer += layout.parameters;
    }
    count->conventional = count->embedding + (uint64_t)config->layers * count->layer + count->final;
}

uint64_t model_count_trainable(const struct model_config *config, const struct tying *tying) {
    struct model_parameters count;
    model_count_parameters(config, &count);
    uint64_t n = count.embedding + count.final;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        n += (uint64_t)tying_trained(tying, part) * count.part[part];
    }
    return n;
}
