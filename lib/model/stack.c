// The layers in their order, forward and backward, the same for norms before the branches (GPT-2)
// and behind them (BERT). Seen from a branch, the two differ in one thing: what the residual sum
// goes on with.
//
//     normed = norm(stream)
//     norms before:  stream' = stream + dropout(branch(normed))
//     norms behind:  stream' = normed + dropout(branch(normed))
//
// Norms behind the branches are those before the next ones, so that each branch has a norm before
// it in either architecture; which one, says architecture.norm_before(). A residual sum and the
// norm that follows are one operation. Kept for backward: the stream before each norm and the
// norm's statistics; its output is cheap, and computed again.

#include "lib/model/internal.h"

static size_t stream_elements(const struct model *model, const struct pass *pass) {
    return pass->N * (size_t)model->config.width;
}

// ---- Norms --------------------------------------------------------------------------------------

struct norm part_norm(const struct model *model, enum tying_part part, int layer,
                      const struct stream *stream) {
    return (struct norm){.gain = layer_weight(model, part, layer, PART_NORM),
                         .bias = layer_weight(model, part, layer, PART_NORM_BIAS),
                         .gain_gradient = layer_gradient(model, part, layer, PART_NORM),
                         .bias_gradient = layer_gradient(model, part, layer, PART_NORM_BIAS),
                         .gradient_begun = layer_gradient_begun(model, part, layer),
                         .stream = stream};
}

struct norm base_norm(const struct model *model, size_t tensor, const struct stream *stream) {
    return (struct norm){.gain = base_weight(model, tensor),
                         .bias = base_weight(model, tensor + 1),
                         .gain_gradient = base_gradient(model, tensor),
                         .bias_gradient = base_gradient(model, tensor + 1),
                         .gradient_begun = true, // from zeros
                         .stream = stream};
}

const struct stream *stream_before(const struct model *model, enum tying_part part, int layer) {
    const struct activations *all = &model->activations;
    if (layer == model->config.layers) {
        return &all->output;
    }
    return part == TYING_ATTENTION ? &all->layers[layer].input : &all->layers[layer].middle;
}

static void drop_normed(const struct model *model, const struct pass *pass, const struct norm *norm,
                        act *normed) {
    if (norm->dropout.p > 0) { // its own forward: what is dropped is 0, what is kept is scaled
        model->ops->dropout_backward(model->dev, normed, normed, stream_elements(model, pass),
                                     &norm->dropout, NULL);
    }
}

void norm_forward(const struct model *model, const struct pass *pass, const struct norm *norm) {
    act *normed = model->activations.normed;
    model->ops->layernorm_forward(model->dev, normed, norm->stream->mean, norm->stream->rstd,
                                  norm->stream->value, norm->gain, norm->bias, pass->N,
                                  (size_t)model->config.width, model->architecture->norm_eps);
    drop_normed(model, pass, norm, normed);
}

void residual_norm_forward(const struct model *model, const struct pass *pass,
                           const struct norm *norm, const act *residual,
                           const struct dropout *dropout) {
    const struct activations *all = &model->activations;
    model->ops->residual_layernorm_forward(
        model->dev, norm->stream->value, all->normed, norm->stream->mean, norm->stream->rstd,
        residual, all->branch, dropout, norm->gain, norm->bias, pass->N,
        (size_t)model->config.width, model->architecture->norm_eps);
    drop_normed(model, pass, norm, all->normed);
}

void norm_backward(const struct model *model, const struct pass *pass, const struct norm *norm,
                   act *stream_gradient, act *normed_gradient, bool accumulate) {
    drop_normed(model, pass, norm, normed_gradient);
    model->ops->layernorm_backward(model->dev, stream_gradient, norm->gain_gradient,
                                   norm->bias_gradient, normed_gradient, norm->stream->value,
                                   norm->stream->mean, norm->stream->rstd, norm->gain, pass->N,
                                   (size_t)model->config.width, accumulate, norm->gradient_begun);
}

// ---- Halves of a layer --------------------------------------------------------------------------

// A branch with the norm before it.
struct half {
    enum tying_part part;
    enum dropout_site site; // of the dropout behind the branch
    size_t bias;            // the tensor that is added last before it
    void (*forward)(struct model *model, const struct pass *pass, int layer, act *out,
                    const act *x);
    void (*backward)(struct model *model, const struct pass *pass, int layer, act *x_gradient,
                     bool accumulate, const act *out_gradient, const act *x);
};

static const struct half ATTENTION_HALF = {TYING_ATTENTION, DROPOUT_PROJECTION,
                                           ATTENTION_PROJECTION_BIAS, attention_forward,
                                           attention_backward};
static const struct half FEEDFORWARD_HALF = {TYING_FEEDFORWARD, DROPOUT_FEEDFORWARD,
                                             FEEDFORWARD_PROJECTION_BIAS, feedforward_forward,
                                             feedforward_backward};

// From `normed`, the branch's input, to `normed`, the next one's.
static void half_forward(struct model *model, const struct pass *pass, const struct half *half,
                         int layer) {
    const struct activations *all = &model->activations;
    bool attention = half->part == TYING_ATTENTION;
    struct norm next = model->architecture->norm_before(
        model, pass, attention ? TYING_FEEDFORWARD : TYING_ATTENTION, layer + !attention);
    struct dropout dropout = pass_dropout(model, pass, half->site, layer);
    half->forward(model, pass, layer, all->branch, all->normed);
    const act *residual = model->architecture->norms_behind
                              ? all->normed
                              : stream_before(model, half->part, layer)->value;
    residual_norm_forward(model, pass, &next, residual, &dropout);
}

// The gradient of a branch's output: the stream's, through dropout; and, if any is dropped, that of its
// bias.
static const act *branch_gradient(const struct model *model, const struct pass *pass,
                                  const struct half *half, int layer) {
    const struct activations *all = &model->activations;
    struct dropout dropout = pass_dropout(model, pass, half->site, layer);
    struct column_sums sums;
    if (dropout.p == 0) {
        return all->stream_gradient;
    }
    model->ops->dropout_backward(model->dev, all->branch, all->stream_gradient,
                                 stream_elements(model, pass), &dropout,
                                 bias_sums(model, half->part, layer, half->bias, &sums));
    return all->branch;
}

// With norms behind, the stream's gradient ends where the branch's was: the two change places.
static void exchange_gradients(struct activations *all) {
    act *stream_gradient = all->branch;
    all->branch = all->stream_gradient;
    all->stream_gradient = stream_gradient;
}

// `stream_gradient`, of the stream behind the half, becomes that of the stream before its norm.
static void half_backward(struct model *model, const struct pass *pass, const struct half *half,
                          int layer) {
    struct activations *all = &model->activations;
    struct norm norm = model->architecture->norm_before(model, pass, half->part, layer);
    // Only the gradients of the branch's weights need the norm's output.
    if (layer_gradient(model, half->part, layer, PART_NORM)) {
        norm_forward(model, pass, &norm);
    }
    const act *gradient = branch_gradient(model, pass, half, layer);
    if (model->architecture->norms_behind) {
        half->backward(model, pass, layer, all->stream_gradient, true, gradient, all->normed);
        norm_backward(model, pass, &norm, all->branch, all->stream_gradient, false);
        exchange_gradients(all);
    } else {
        half->backward(model, pass, layer, all->branch, false, gradient, all->normed);
        norm_backward(model, pass, &norm, all->stream_gradient, all->branch, true);
    }
    // The last of this use: a norm behind, which may be another part's, comes before its own half.
    layer_gradient_begin(model, half->part, layer);
}

// ---- All layers ---------------------------------------------------------------------------------

void stack_forward(struct model *model, const struct pass *pass) {
    for (int layer = 0; layer < model->config.layers; layer++) {
        half_forward(model, pass, &ATTENTION_HALF, layer);
        half_forward(model, pass, &FEEDFORWARD_HALF, layer);
    }
}

// What forward had of this layer and could not keep: everything but the layer's input.
static void layer_recompute(struct model *model, const struct pass *pass, int layer) {
    struct norm norm = model->architecture->norm_before(model, pass, TYING_ATTENTION, layer);
    norm_forward(model, pass, &norm);
    half_forward(model, pass, &ATTENTION_HALF, layer);
    feedforward_forward(model, pass, layer, NULL, model->activations.normed);
}

void stack_backward(struct model *model, const struct pass *pass) {
    for (int layer = model->config.layers - 1; layer >= 0; layer--) {
        bool last = layer == model->config.layers - 1; // its activations are still there
        if (model->config.recompute == MODEL_RECOMPUTE_LAYER && !last) {
            layer_recompute(model, pass, layer);
        }
        half_backward(model, pass, &FEEDFORWARD_HALF, layer);
        half_backward(model, pass, &ATTENTION_HALF, layer);
    }
}
