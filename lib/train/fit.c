#include "lib/train/fit.h"

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
                     "the network needs %.1f GB of memory and %.1f GB are available on %s; %s would help",
                     (double)memory.total / 1e9, (double)available / 1e9, ops->name, help);
}
