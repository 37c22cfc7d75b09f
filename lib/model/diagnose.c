// Where a pass lost its numbers: looked for only when its loss or gradient is not finite any more.

#include <math.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/model/internal.h"

// Whether one of n elements of `act_bytes` bytes has an exponent of ones: infinite, or no number.
static bool any_not_finite(const void *acts, size_t n, size_t act_bytes) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = act_bytes == sizeof(float) ? ((const uint32_t *)acts)[i]
                                                   : (uint32_t)((const uint16_t *)acts)[i] << 16;
        if ((bits & 0x7f800000) == 0x7f800000) {
            return true;
        }
    }
    return false;
}

enum status model_find_not_finite(struct model *model, int *place, struct error *error) {
    const struct model_config *config = &model->config;
    size_t act_bytes = model->ops->act_bytes;
    size_t n = (size_t)config->batch * (size_t)config->context * (size_t)config->width;
    void *acts = NULL;
    enum status status = memory_allocate(&acts, n, act_bytes, "a look at the activations", error);
    int layer = 0;
    for (bool found = false; status == STATUS_OK && !found && layer <= config->layers;) {
        model->ops->download(model->dev, acts, stream_before(model, TYING_ATTENTION, layer)->value,
                             n * act_bytes);
        status = model->ops->check(model->dev, error);
        found = any_not_finite(acts, n, act_bytes);
        layer += !found;
    }
    free(acts);
    *place = layer - 1;
    return status;
}

int model_find_gradient_not_finite(struct model *model) {
    for (int layer = model->config.layers - 1; layer >= 0; layer--) {
        for (enum tying_part part = 0; part < TYING_PARTS; part++) {
            const struct gradient_span span = {model->owners[part][layer].gradient,
                                               model->part_layouts[part].n};
            if (span.gradient && !isfinite(model->ops->gradient_norm(model->dev, &span, 1))) {
                return layer;
            }
        }
    }
    return -1;
}
