#include "lib/train/fit.h"

#include <stdio.h>

#include "lib/base/log.h"

struct readable {
    char text[32];
};

static struct readable readable(uint64_t bytes) {
    struct readable r;
    double n = (double)bytes;
    snprintf(r.text, sizeof r.text, n < 1e9 ? "%.1f MB" : "%.1f GB", n < 1e9 ? n / 1e6 : n / 1e9);
    return r;
}

enum status fit_check(const struct model_config *config, const struct tying *tying,
                      const struct ops *ops, device *dev, struct error *error) {
    struct model_memory memory;
    model_count_memory(config, tying, ops, &memory);
    uint64_t available = ops->bytes_available(dev);
    if (available == 0 || memory.total <= available) {
        return STATUS_OK;
    }
    const char *help = "fewer --layers or a smaller --width";
    if (memory.activations > memory.total / 2) {
        help = config->recompute == MODEL_RECOMPUTE_LAYER
                   ? "a smaller --batch"
                   : "--recompute layer or a smaller --batch";
    }
    return error_set(error, STATUS_FAILURE,
                     "the network needs %s of memory and %s are available on %s; %s would help",
                     readable(memory.total).text, readable(available).text, ops->name, help);
}

void fit_warn(const struct model_memory *most, const struct ops *ops, device *dev) {
    uint64_t available = ops->bytes_available(dev);
    if (available > 0 && most->total > available) {
        log_warning("with all layers independent the network would need %s of memory, and %s are "
                    "available on %s",
                    readable(most->total).text, readable(available).text, ops->name);
    }
}
