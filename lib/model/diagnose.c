// Where a pass lost its numbers: looked for only when the loss is not finite any more.

#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/model/internal.h"

// Whether one of n elements of `act_bytes` bytes has an exponent of ones: infinite, or no number.
static bool any_not_finite(const void *acts, size_t n, size_t act_bytes) {
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = act_bytes == sizeof(float)
                            ? ((const uint32_t *)acts)[i]
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
