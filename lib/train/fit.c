#include "lib/train/fit.h"

#include <stdio.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"

struct readable {
    char text[32];
};

static struct readable readable(uint64_t bytes) {
    struct readable r;
    double n = (double)bytes;
    snprintf(r.text, sizeof r.text, n < 1e9 ? "%.1f MB" : "%.1f GB", n < 1e9 ? n / 1e6 : n / 1e9);
    return r;
}

// Of this memory, what writing a checkpoint takes beside the network: the largest tensor as it is read
// back, and in its record, which doubles as it grows. (The CPU's is the only memory of this kind.)
static uint64_t bytes_of_checkpoint(const struct model_config *config, const struct ops *ops) {
    const int rows[] = {config->vocabulary, config->context, 4 * config->width};
    int most = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        most = rows[i] > most ? rows[i] : most;
    }
    uint64_t largest = (uint64_t)most * (uint64_t)config->width * sizeof(float);
    const struct ops *cpu = NULL;
    struct error ignored;
    return ops_cpu(&cpu, &ignored) == STATUS_OK && cpu == ops ? 3 * largest : 0;
}

// What would help, as a sentence goes on; nothing where no option does.
static const char *find_help(const struct model_config *config, const struct model_memory *memory,
                             enum fit_use use) {
    bool wide = memory->activations > memory->total / 2;
    if (use == FIT_EVALUATION) {
        return wide && config->batch > 1 ? "; a smaller --batch would help" : "";
    }
    return !wide ? "; fewer --layers or a smaller --width would help"
           : config->recompute == MODEL_RECOMPUTE_LAYER
               ? "; a smaller --batch would help"
               : "; --recompute layer or a smaller --batch would help";
}

enum status fit_check(const struct model_config *config, const struct tying *tying,
                      enum fit_use use, const struct ops *ops, device *dev, struct error *error) {
    struct model_memory memory;
    model_count_memory(config, tying, ops, &memory);
    if (use == FIT_EVALUATION) {
        memory.total -= memory.activations;
        memory.activations = model_count_evaluation(config, ops);
        memory.total += memory.activations;
    }
    uint64_t available = ops->bytes_available(dev);
    uint64_t needed = memory.total + (use == FIT_KEPT ? bytes_of_checkpoint(config, ops) : 0);
    if (available == 0 || needed <= available) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_FAILURE,
                     "the network needs %s of memory and %s are available on %s%s",
                     readable(needed).text, readable(available).text, ops->name,
                     find_help(config, &memory, use));
}

void fit_warn(const struct model_memory *most, const struct ops *ops, device *dev) {
    uint64_t available = ops->bytes_available(dev);
    if (available > 0 && most->total > available) {
        log_warning("with all layers independent the network would need %s of memory, and %s are "
                    "available on %s",
                    readable(most->total).text, readable(available).text, ops->name);
    }
}
