// The two branches of a transformer layer, without the norms and residual sums around them, which
// differ between architectures.
//
// The gradient of a use's weights goes to the owner that lib/tying names, or nowhere; the gradient
// of its input flows on in any case.

#include "lib/model/internal.h"

static size_t width(const struct model *model) {
    return (size_t)model->config.width;
}

struct dropout pass_dropout(const struct model *model, const struct pass *pass,
                            enum dropout_site site, int layer) {
    return (struct dropout){.p = pass->training ? model->config.dropout : 0,
                            .place = {.seed = model->config.seed,
                                      .step = (uint64_t)pass->step,
                                      .stream = RANDOM_DROPOUT,
                                      .site = (uint8_t)site,
                                      .layer = (uint16_t)layer}};
}

// A linear of a part; its bias is the tensor behind its weight.
static void linear_forward(const struct model *model, const struct pass *pass, enum tying_part part,
                           int layer, size_t tensor, act *out, const act *x) {
    const struct tensor_layout *weight = &model->part_layouts[part].tensors[tensor];
    model->ops->linear_forward(model->dev, out, x, layer_weight(model, part, layer, tensor),
                               layer_weight(model, part, layer, tensor + 1), pass->N,
                               weight->columns, weight->rows);
}

const struct column_sums *bias_sums(const struct model *model, enum tying_part part, int layer,
                                    size_t tensor, struct column_sums *sums) {
    *sums = (struct column_sums){layer_gradient(model, part, layer, tensor),
                                 model->part_layouts[part].tensors[tensor].rows,
                                 layer_gradient_begun(model, part, layer)};
    return sums->to ? sums : NULL;
}

// Its gradients. `accumulate`: x_gradient += . x_gradient overlaps neither of the other two. `summed`: its
// bias has its gradient already.
static void linear_backward(const struct model *model, const struct pass *pass,
                            enum tying_part part, int layer, size_t tensor, bool summed,
                            act *x_gradient, bool accumulate, const act *out_gradient,
                            const act *x) {
    const struct tensor_layout *weight = &model->part_layouts[part].tensors[tensor];
    float *gradient = layer_gradient(model, part, layer, tensor);
    if (gradient) {
        model->ops->linear_backward_weight(
            model->dev, gradient, summed ? NULL : layer_gradient(model, part, layer, tensor + 1),
            out_gradient, x, pass->N, weight->columns, weight->rows,
            layer_gradient_begun(model, part, layer));
    }
    model->ops->linear_backward_input(model->dev, x_gradient, out_gradient,
                                      layer_weight(model, part, layer, tensor), pass->N,
                                      weight->columns, weight->rows, accumulate);
}

// The output projection of a part: the linear that gets permuted columns, where any are.
static void projection_forward(const struct model *model, const struct pass *pass,
                               enum tying_part part, int layer, size_t tensor, act *out,
                               const act *x) {
    if (use_is_permuted(model, part, layer)) {
        permute_forward(model, pass, layer, model->activations.permuted, x);
        x = model->activations.permuted;
    }
    linear_forward(model, pass, part, layer, tensor, out, x);
}

// Permuted columns' gradient comes to lie in `spare`, which may be x, and is put back from there.
static void projection_backward(const struct model *model, const struct pass *pass,
                                enum tying_part part, int layer, size_t tensor, act *x_gradient,
                                const act *out_gradient, const act *x, act *spare) {
    enum dropout_site site = part == TYING_ATTENTION ? DROPOUT_PROJECTION : DROPOUT_FEEDFORWARD;
    bool summed = pass_dropout(model, pass, site, layer).p > 0;
    if (!use_is_permuted(model, part, layer)) {
        linear_backward(model, pass, part, layer, tensor, summed, x_gradient, false, out_gradient,
                        x);
        return;
    }
    permute_forward(model, pass, layer, model->activations.permuted, x);
    linear_backward(model, pass, part, layer, tensor, summed, spare, false, out_gradient,
                    model->activations.permuted);
    permute_backward(model, pass, layer, x_gradient, spare);
}

void attention_forward(struct model *model, const struct pass *pass, int layer, act *out,
                       const act *x) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    size_t H = (size_t)model->config.heads;
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_ATTENTION, layer);
    linear_forward(model, pass, TYING_ATTENTION, layer, ATTENTION_QKV, kept->qkv, x);
    model->ops->attention_forward(model->dev, kept->attended, kept->log_sum, kept->qkv, pass->B,
                                  pass->T, H, width(model) / H, !model->config.bidirectional,
                                  &dropout);
    projection_forward(model, pass, TYING_ATTENTION, layer, ATTENTION_PROJECTION, out,
                       kept->attended);
}

void attention_backward(struct model *model, const struct pass *pass, int layer, act *x_gradient,
                        bool accumulate, const act *out_gradient, const act *x) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    act *attended_gradient = model->activations.attended_gradient;
    act *qkv_gradient = model->activations.wide_gradient;
    size_t H = (size_t)model->config.heads;
    struct dropout dropout = pass_dropout(model, pass, DROPOUT_ATTENTION, layer);
    // What was kept for the feed-forward part, whose backward pass is over, is spare.
    projection_backward(model, pass, TYING_ATTENTION, layer, ATTENTION_PROJECTION,
                        attended_gradient, out_gradient, kept->attended, kept->hidden_input);
    model->ops->attention_backward(model->dev, qkv_gradient, attended_gradient, kept->attended,
                                   kept->qkv, kept->log_sum, pass->B, pass->T, H, width(model) / H,
                                   !model->config.bidirectional, &dropout);
    linear_backward(model, pass, TYING_ATTENTION, layer, ATTENTION_QKV, false, x_gradient,
                    accumulate, qkv_gradient, x);
}

void feedforward_forward(struct model *model, const struct pass *pass, int layer, act *out,
                         const act *x) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    linear_forward(model, pass, TYING_FEEDFORWARD, layer, FEEDFORWARD_HIDDEN, kept->hidden_input,
                   x);
    model->ops->gelu_forward(model->dev, kept->hidden, kept->hidden_input,
                             pass->N * 4 * width(model));
    if (out) {
        projection_forward(model, pass, TYING_FEEDFORWARD, layer, FEEDFORWARD_PROJECTION, out,
                           kept->hidden);
    }
}

void feedforward_backward(struct model *model, const struct pass *pass, int layer, act *x_gradient,
                          bool accumulate, const act *out_gradient, const act *x) {
    const struct layer_activations *kept = &model->activations.layers[layer];
    act *hidden_gradient = model->activations.wide_gradient;
    size_t n = pass->N * 4 * width(model);
    bool last = layer == model->config.layers - 1; // its hidden is still there
    if (model->config.recompute == MODEL_RECOMPUTE_GELU && !last) {
        model->ops->gelu_forward(model->dev, kept->hidden, kept->hidden_input, n);
    }
    // Once its columns are permuted, `hidden` itself is spare.
    projection_backward(model, pass, TYING_FEEDFORWARD, layer, FEEDFORWARD_PROJECTION,
                        hidden_gradient, out_gradient, kept->hidden, kept->hidden);
    struct column_sums sums;
    model->ops->gelu_backward(
        model->dev, hidden_gradient, hidden_gradient, kept->hidden_input, n,
        bias_sums(model, TYING_FEEDFORWARD, layer, FEEDFORWARD_HIDDEN_BIAS, &sums));
    linear_backward(model, pass, TYING_FEEDFORWARD, layer, FEEDFORWARD_HIDDEN, true, x_gradient,
                    accumulate, hidden_gradient, x);
}
