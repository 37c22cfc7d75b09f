// One number over the bits of every case's outputs: equal on every machine, compiler and
// instruction set, or the same-bits promise is broken. tests/aarch64-ops.sh compares it.

#include <stdio.h>

#include "kernels/cpu/device.h"
#include "tests/unit/cpu/cases.h"

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B185EBCA87u;
    return hash ^ hash >> 29;
}

static uint64_t digest(const struct outputs *outputs) {
    uint64_t hash = 0;
    for (size_t i = 0; i < outputs->count; i++) {
        const struct output *output = &outputs->items[i];
        for (size_t j = 0; j < output->n; j++) {
            uint32_t bits;
            memcpy(&bits, &output->data[j], sizeof bits);
            hash = mix(hash, bits);
        }
    }
    return hash;
}

int main(void) {
    static struct outputs outputs;
    const struct ops *ops;
    device *dev;
    struct error error;
    if (ops_cpu(&ops, &error) != STATUS_OK || ops->open(&dev, &error) != STATUS_OK) {
        printf("not ok 1 - %s\n1..1\n", error.message);
        return 1;
    }
    cases_run(ops, dev, &outputs, OPS_FP32);
    printf("ok 1 - %s\n# digest %016llx\n1..1\n", ops->name, (unsigned long long)digest(&outputs));
    outputs_free(&outputs);
    ops->close(dev);
    return 0;
}
