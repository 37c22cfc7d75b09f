// BERT as Devlin et al. (2019) describe it and the transformers library builds it: learned
// positions and token types, a norm behind the embedding and behind each residual sum, and a
// transformation before the logits, which have a bias of their own.
//
//     stream = token + position + type,  normed = dropout(norm(stream))
//     each layer:  normed = norm(normed + dropout(attention(normed)))
//                  normed = norm(normed + dropout(feedforward(normed)))
//     head:        normed = norm(gelu(dense(normed)));  logits = normed token^T + bias
//
// There are two types, as there are in BERT; all tokens are of the first.

#include "lib/base/memory.h"
#include "lib/model/internal.h"

enum {
    BASE_POSITION = BASE_TOKEN + 1,
    BASE_TYPE,
    BASE_EMBEDDING_NORM,
    BASE_EMBEDDING_NORM_BIAS,
    BASE_TRANSFORM,
    BASE_TRANSFORM_BIAS,
    BASE_TRANSFORM_NORM,
    BASE_TRANSFORM_NORM_BIAS,
    BASE_HEAD_BIAS
};

static const struct tensor_spec BASE_TENSORS[] = {
    {"embedding.token.weight", EXTENT_VOCABULARY, EXTENT_WIDTH, INITIAL_NORMAL},
    {"embedding.position.weight", EXTENT_BERT_POSITIONS, EXTENT_WIDTH, INITIAL_NORMAL},
    {"embedding.type.weight", EXTENT_TYPES, EXTENT_WIDTH, INITIAL_NORMAL},
    {"embedding.norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"embedding.norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
    {"head.transform.weight", EXTENT_WIDTH, EXTENT_WIDTH, INITIAL_NORMAL},
    {"head.transform.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
    {"head.norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"head.norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
    {"head.bias", EXTENT_VOCABULARY, EXTENT_ONE, INITIAL_ZERO},
};

static size_t width(const struct model *model) {
    return (size_t)model->config.width;
}

// The norm before a branch is the one behind the branch before it.
static struct norm bert_norm_before(const struct model *model, const struct pass *pass,
                                    enum tying_part part, int layer) {
    const struct stream *stream = stream_before(model, part, layer);
    if (part == TYING_FEEDFORWARD) {
        return part_norm(model, TYING_ATTENTION, layer, stream);
    }
    if (layer > 0) {
        return part_norm(model, TYING_FEEDFORWARD, layer - 1, stream);
    }
    struct norm first = base_norm(model, BASE_EMBEDDING_NORM, stream);
    first.dropout = pass_dropout(model, pass, DROPOUT_EMBEDDING, 0);
    return first;
}

// ---- Embedding ----------------------------------------------------------------------------------

static void embedding_forward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    const struct dropout none = {.p = 0};
    struct norm first = bert_norm_before(model, pass, TYING_ATTENTION, 0);
    act *stream = first.stream->value;
    model->ops->embedding_forward(model->dev, stream, all->tokens, base_weight(model, BASE_TOKEN),
                                  base_weight(model, BASE_POSITION), pass->N, pass->T, width(model),
                                  &none);
    model->ops->embedding_forward(model->dev, all->branch, all->types,
                                  base_weight(model, BASE_TYPE), NULL, pass->N, pass->T,
                                  width(model), &none);
    residual_norm_forward(model, pass, &first, stream, &none);
}

static void embedding_backward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    const struct dropout none = {.p = 0};
    model->ops->embedding_backward(model->dev, base_gradient(model, BASE_TOKEN),
                                   base_gradient(model, BASE_POSITION), all->stream_gradient,
                                   all->tokens, pass->N, pass->T, width(model),
                                   (size_t)model->config.vocabulary, &none);
    model->ops->embedding_backward(model->dev, base_gradient(model, BASE_TYPE), NULL,
                                   all->stream_gradient, all->types, pass->N, pass->T, width(model),
                                   MODEL_TYPES, &none);
}

// ---- Transformation before the logits -----------------------------------------------------------

static void transform_forward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    struct norm norm = base_norm(model, BASE_TRANSFORM_NORM, &all->transformed);
    model->ops->linear_forward(
        model->dev, all->transform_input, all->normed, base_weight(model, BASE_TRANSFORM),
        base_weight(model, BASE_TRANSFORM_BIAS), pass->N, width(model), width(model));
    model->ops->gelu_forward(model->dev, all->transformed.value, all->transform_input,
                             pass->N * width(model));
    norm_forward(model, pass, &norm);
}

// From the gradient in `normed` to `stream_gradient` behind the last layer.
static void transform_backward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    struct norm norm = base_norm(model, BASE_TRANSFORM_NORM, &all->transformed);
    struct norm final = bert_norm_before(model, pass, TYING_ATTENTION, model->config.layers);
    norm_backward(model, pass, &norm, all->branch, all->normed, false);
    model->ops->gelu_backward(model->dev, all->branch, all->branch, all->transform_input,
                              pass->N * width(model), NULL);
    norm_forward(model, pass, &final); // the dense layer's input, again
    model->ops->linear_backward_weight(model->dev, base_gradient(model, BASE_TRANSFORM),
                                       base_gradient(model, BASE_TRANSFORM_BIAS), all->branch,
                                       all->normed, pass->N, width(model), width(model), true);
    model->ops->linear_backward_input(model->dev, all->normed, all->branch,
                                      base_weight(model, BASE_TRANSFORM), pass->N, width(model),
                                      width(model), false);
    norm_backward(model, pass, &final, all->stream_gradient, all->normed, false);
}

static void bert_forward(struct model *model, const struct pass *pass) {
    embedding_forward(model, pass);
    stack_forward(model, pass);
    transform_forward(model, pass);
}

static void bert_backward(struct model *model, const struct pass *pass) {
    transform_backward(model, pass);
    stack_backward(model, pass);
    embedding_backward(model, pass);
}

const struct architecture ARCHITECTURE_BERT = {
    .base = BASE_TENSORS,
    .base_count = ARRAY_LENGTH(BASE_TENSORS),
    .base_final = BASE_TRANSFORM,
    .head_bias = BASE_HEAD_BIAS,
    .norm_eps = 1e-12F,
    .norms_behind = true,
    .transforms = true,
    .norm_before = bert_norm_before,
    .forward = bert_forward,
    .backward = bert_backward,
};
