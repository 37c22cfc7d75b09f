// Clipping and AdamW, over owners in ascending order: what stands outside the layers first, then
// layer by layer, attention before feed-forward. Two owners of one storage update it in that order.

#include <math.h>

#include "lib/model/internal.h"

enum { SPANS_MAX = 1 + TYING_PARTS * TYING_LAYERS_MAX };

static struct adamw_span span_of(const struct block *block, struct owner *owner,
                                 const float *gradient, size_t n) {
    return (struct adamw_span){block->master,   block->weight,  gradient,
                               owner->moment1,  owner->moment2, n,
                               owner->steps + 1};
}

static size_t collect_spans(struct model *model, struct adamw_span *spans, struct owner **owners) {
    size_t count = 0;
    owners[count] = &model->base_owner;
    spans[count++] =
        span_of(&model->base, &model->base_owner, model->base_owner.gradient, model->base_layout.n);
    for (int i = 0; i < model->config.layers; i++) {
        for (enum tying_part part = 0; part < TYING_PARTS; part++) {
            const struct tying_part_state *state = &model->tying.parts[part];
            struct owner *owner = &model->owners[part][i];
            bool ghost = state->owner[i] == TYING_OWNER_GHOST;
            if (ghost || state->owner[i] == TYING_OWNER_ACTIVE) {
                owners[count] = owner;
                spans[count++] = span_of(&model->storages[part][state->storage[i]], owner,
                                         ghost ? model->zeros[part] : owner->gradient,
                                         model->part_layouts[part].n);
            }
        }
    }
    return count;
}

static double spans_norm(struct model *model, const struct adamw_span *spans, size_t count) {
    struct gradient_span gradients[SPANS_MAX];
    for (size_t i = 0; i < count; i++) {
        gradients[i] = (struct gradient_span){spans[i].gradient, spans[i].n};
    }
    return model->ops->gradient_norm(model->dev, gradients, count);
}

void gradients_complete(struct model *model) {
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        for (int i = 0; i < model->config.layers; i++) {
            struct owner *owner = &model->owners[part][i];
            if (owner->gradient && !owner->gradient_begun) {
                model->ops->zero(model->dev, owner->gradient,
                                 model->part_layouts[part].n * sizeof(float));
                owner->gradient_begun = true;
            }
        }
    }
}

// The layers' gradients are stored over, those outside them added to.
static void end_gradients(struct model *model) {
    model->ops->zero(model->dev, model->base_owner.gradient, model->base_layout.n * sizeof(float));
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        for (int i = 0; i < model->config.layers; i++) {
            model->owners[part][i].gradient_begun = false;
        }
    }
}

// As PyTorch's clip_grad_norm_, its 1e-6 included.
static float clip_factor(double clip, double norm) {
    return clip > 0 ? (float)fmin(1, clip / (norm + 1e-6)) : 1;
}

enum status model_update(struct model *model, const struct model_update_options *options,
                         double *norm, struct error *error) {
    struct adamw_span spans[SPANS_MAX];
    struct owner *owners[SPANS_MAX];
    gradients_complete(model);
    size_t count = collect_spans(model, spans, owners);
    *norm = spans_norm(model, spans, count);
    enum status status = model->ops->check(model->dev, error);
    if (status != STATUS_OK || !isfinite(*norm)) {
        return status;
    }
    struct adamw_options adamw = {.lr = options->lr,
                                  .beta1 = options->beta1,
                                  .beta2 = options->beta2,
                                  .eps = options->eps,
                                  .weight_decay = options->weight_decay,
                                  .clip_factor = clip_factor(options->clip, *norm)};
    model->ops->adamw(model->dev, spans, count, &adamw);
    for (size_t i = 0; i < count; i++) {
        owners[i]->steps++;
    }
    end_gradients(model);
    return model->ops->check(model->dev, error);
}
