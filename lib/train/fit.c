#include "lib/train/fit.h"

#include <inttypes.h>
#include <stdio.h>

// Bytes that the system can give without swapping; 0 where it does not say.
static uint64_t available_memory(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file) {
        return 0;
    }
    char line[256];
    uint64_t kilobytes = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1) {
            break;
        }
    }
    fclose(file);
    return kilobytes * 1024;
}

enum status fit_check(const struct model_config *config, const struct tying *tying,
                      const struct ops *ops, struct error *error) {
    struct model_memory memory;
    model_count_memory(config, tying, ops, &memory);
    uint64_t available = available_memory();
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
                     "the network needs %.1f GB of memory and %.1f GB are available; %s would help",
                     (double)memory.total / 1e9, (double)available / 1e9, help);
}
