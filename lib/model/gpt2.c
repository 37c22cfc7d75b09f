// GPT-2 as nanoGPT builds it (Radford et al. 2019): learned positions, norms before the branches
// and behind the last layer, dropout after the embedding and after each branch.
//
//     stream = dropout(token + position)
//     each layer:  stream += dropout(attention(norm(stream)))
//                  stream += dropout(feedforward(norm(stream)))
//     normed = norm(stream)
//
// A residual sum and the norm behind it are one operation. Kept for backward: the stream before
// each norm and the norm's statistics; its output is cheap, and computed again.

#include "lib/base/memory.h"
#include "lib/model/internal.h"

static const float NORM_EPS = 1e-5F;

enum { BASE_POSITION = BASE_TOKEN + 1, BASE_FINAL_NORM, BASE_FINAL_NORM_BIAS };

static const struct tensor_spec BASE_TENSORS[] = {
    {"embedding.token.weight", EXTENT_VOCABULARY, EXTENT_WIDTH, INITIAL_NORMAL},
    {"embedding.position.weight", EXTENT_POSITIONS, EXTENT_WIDTH, INITIAL_NORMAL},
    {"final.norm.weight", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ONE},
    {"final.norm.bias", EXTENT_WIDTH, EXTENT_ONE, INITIAL_ZERO},
};

// A norm where it is used: its parameters, what it normalises, and its statistics.
struct norm {
    const act *gain, *bias;
    float *gain_gradient, *bias_gradient; // both NULL where the use trains nothing
    act *stream;
    float *mean, *rstd;
};

static struct norm attention_norm(const struct model *model, int layer) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    return (struct norm){
        layer_weight(model, TYING_ATTENTION, layer, ATTENTION_NORM),
        layer_weight(model, TYING_ATTENTION, layer, ATTENTION_NORM_BIAS),
        layer_gradient(model, TYING_ATTENTION, layer, ATTENTION_NORM),
        layer_gradient(model, TYING_ATTENTION, layer, ATTENTION_NORM_BIAS),
        kept->input,
        kept->attention_mean,
        kept->attention_rstd,
    };
}

static struct norm feedforward_norm(const struct model *model, int layer) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    return (struct norm){
        layer_weight(model, TYING_FEEDFORWARD, layer, FEEDFORWARD_NORM),
        layer_weight(model, TYING_FEEDFORWARD, layer, FEEDFORWARD_NORM_BIAS),
        layer_gradient(model, TYING_FEEDFORWARD, layer, FEEDFORWARD_NORM),
        layer_gradient(model, TYING_FEEDFORWARD, layer, FEEDFORWARD_NORM_BIAS),
        kept->middle,
        kept->feedforward_mean,
        kept->feedforward_rstd,
    };
}

static struct norm final_norm(const struct model *model) {
    const struct activations *all = &model->activations;
    return (struct norm){
        base_weight(model, BASE_FINAL_NORM),
        base_weight(model, BASE_FINAL_NORM_BIAS),
        base_gradient(model, BASE_FINAL_NORM),
        base_gradient(model, BASE_FINAL_NORM_BIAS),
        all->output,
        all->final_mean,
        all->final_rstd,
    };
}

// normed = norm(stream)
static void norm_forward(const struct model *model, const struct pass *pass,
                         const struct norm *norm) {
    model->ops->layernorm_forward(model->dev, model->activations.normed, norm->mean, norm->rstd,
                                  norm->stream, norm->gain, norm->bias, pass->N,
                                  (size_t)model->config.width, NORM_EPS);
}

// The stream of `norm` = residual + dropout(branch); normed = norm of that.
static void residual_norm_forward(const struct model *model, const struct pass *pass,
                                  const struct norm *norm, const act *residual,
                                  const struct dropout *dropout) {
    const struct activations *all = &model->activations;
    model->ops->residual_layernorm_forward(
        model->dev, norm->stream, all->normed, norm->mean, norm->rstd, residual, all->branch,
        dropout, norm->gain, norm->bias, pass->N, (size_t)model->config.width, NORM_EPS);
}

// Adds to (or, for the last norm, begins) the gradient of the stream.
static void norm_backward(const struct model *model, const struct pass *pass,
                          const struct norm *norm, const act *normed_gradient, bool accumulate) {
    model->ops->layernorm_backward(model->dev, model->activations.stream_gradient,
                                   norm->gain_gradient, norm->bias_gradient, normed_gradient,
                                   norm->stream, norm->mean, norm->rstd, norm->gain, pass->N,
                                   (size_t)model->config.width, accumulate);
}

// From `normed`, the layer's first norm, to `normed`, its second.
static void attention_half(struct model *model, const struct pass *pass, int layer) {
    const struct activations *all = &model->activations;
    struct norm norm = feedforward_norm(model, layer);
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_PROJECTION, layer);
    attention_forward(model, pass, layer, all->branch, all->normed);
    residual_norm_forward(model, pass, &norm, all->layers[layer].input, &dropout);
}

// From there to `normed`, the first norm of the next layer, or the last.
static void feedforward_half(struct model *model, const struct pass *pass, int layer) {
    const struct activations *all = &model->activations;
    bool last = layer + 1 == model->config.layers;
    struct norm norm = last ? final_norm(model) : attention_norm(model, layer + 1);
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_FEEDFORWARD, layer);
    feedforward_forward(model, pass, layer, all->branch, all->normed);
    residual_norm_forward(model, pass, &norm, all->layers[layer].middle, &dropout);
}

static void gpt2_forward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    struct norm first = attention_norm(model, 0);
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_EMBEDDING, 0);
    model->ops->embedding_forward(model->dev, first.stream, all->tokens,
                                  base_weight(model, BASE_TOKEN), base_weight(model, BASE_POSITION),
                                  pass->N, pass->T, (size_t)model->config.width, &dropout);
    norm_forward(model, pass, &first);
    for (int layer = 0; layer < model->config.layers; layer++) {
        attention_half(model, pass, layer);
        feedforward_half(model, pass, layer);
    }
}

// What forward had of this layer and could not keep: everything but the layer's input.
static void layer_recompute(struct model *model, const struct pass *pass, int layer) {
    struct norm norm = attention_norm(model, layer);
    norm_forward(model, pass, &norm);
    attention_half(model, pass, layer);
    feedforward_forward(model, pass, layer, NULL, model->activations.normed);
}

// The gradient of a branch's output: the stream's, through dropout.
static const act *branch_gradient(const struct model *model, const struct pass *pass,
                                  enum dropout_site site, int layer) {
    const struct activations *all = &model->activations;
    struct dropout dropout = pass_dropout(model, pass, site, layer);
    if (dropout.p == 0) {
        return all->stream_gradient;
    }
    model->ops->dropout_backward(model->dev, all->branch, all->stream_gradient,
                                 pass->N * (size_t)model->config.width, &dropout);
    return all->branch;
}

typedef void branch_backward(struct model *model, const struct pass *pass, int layer,
                             act *x_gradient, const act *out_gradient, const act *x);

// stream += dropout(branch(norm(stream))), backwards.
static void half_backward(struct model *model, const struct pass *pass, int layer,
                          const struct norm *norm, enum dropout_site site,
                          branch_backward *backward) {
    const struct activations *all = &model->activations;
    if (norm->gain_gradient) { // only the weights' gradient needs the norm's output
        norm_forward(model, pass, norm);
    }
    const act *gradient = branch_gradient(model, pass, site, layer);
    backward(model, pass, layer, all->branch, gradient, all->normed);
    norm_backward(model, pass, norm, all->branch, true);
}

static void gpt2_backward(struct model *model, const struct pass *pass) {
    const struct activations *all = &model->activations;
    struct norm norm = final_norm(model);
    norm_backward(model, pass, &norm, all->normed, false);
    for (int layer = model->config.layers - 1; layer >= 0; layer--) {
        bool last = layer == model->config.layers - 1; // its activations are still there
        if (model->config.recompute == MODEL_RECOMPUTE_LAYER && !last) {
            layer_recompute(model, pass, layer);
        }
        norm = feedforward_norm(model, layer);
        half_backward(model, pass, layer, &norm, DROPOUT_FEEDFORWARD, feedforward_backward);
        norm = attention_norm(model, layer);
        half_backward(model, pass, layer, &norm, DROPOUT_PROJECTION, attention_backward);
    }
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_EMBEDDING, 0);
    model->ops->embedding_backward(model->dev, base_gradient(model, BASE_TOKEN),
                                   base_gradient(model, BASE_POSITION), all->stream_gradient,
                                   all->tokens, pass->N, pass->T, (size_t)model->config.width,
                                   (size_t)model->config.vocabulary, &dropout);
}

const struct architecture ARCHITECTURE_GPT2 = {
    .base = BASE_TENSORS,
    .base_count = ARRAY_LENGTH(BASE_TENSORS),
    .base_final = BASE_FINAL_NORM,
    .forward = gpt2_forward,
    .backward = gpt2_backward,
};
