// Every CUDA operation in both compute types against float64, at more shapes than the CPU's: whole
// and cut octets, heads of 64 and 100, rows longer than a lane keeps. For the emulated GPU and a real
// one.
#ifndef DLT_TESTS_EMU_CUDA_CASES_H
#define DLT_TESTS_EMU_CUDA_CASES_H

#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"
#include "tests/unit/cpu/reference.h"

// Shapes that only the CUDA kernels' tiles make awkward.
#define CUDA_CASES(CASE)                                                                           \
    CASE(layernorm, 5, 768, true)                                                                  \
    CASE(layernorm, 67, 1600, true)                                                                \
    CASE(layernorm, 3, 2056, true)                                                                 \
    CASE(residual, 3, 1600, 0.2, SUM_IN_PLACE)                                                     \
    CASE(residual, 3, 2056, 0.1, Y_IN_PLACE)                                                       \
    CASE(embedding, 300, 10, 64, 3, 0.1, true)                                                     \
    CASE(embedding, 9, 3, 2056, 5, 0.2, true)                                                      \
    CASE(embedding, 600, 10, 40, 600, 0.1, true)                                                   \
    CASE(linear, 67, 768, 100, true)                                                               \
    CASE(attention, 1, 65, 2, 100, true, 0.2)                                                      \
    CASE(attention, 2, 129, 1, 64, true, 0.1)                                                      \
    CASE(attention, 1, 128, 1, 100, false, 0.1)                                                    \
    CASE(attention, 1, 70, 2, 128, false, 0)                                                       \
    CASE(attention, 1, 66, 3, 30, true, 0.3)                                                       \
    CASE(attention, 1, 10, 2, 7, true, 0.1)                                                        \
    CASE(attention, 1, 20, 1, 160, true, 0.1)                                                      \
    CASE(attention, 1, 130, 130, 1, true, 0.1)                                                     \
    CASE(permute, 3, 16, 100)                                                                      \
    CASE(cross_entropy, 3, 5003, 5056, 0.5f)                                                       \
    CASE(adamw, 70000, 2, 0.9)

static void run_all(const struct ops *ops, device *dev, struct outputs *outputs,
                    enum ops_precision precision) {
    uint64_t number = 1000;
    cases_run(ops, dev, outputs, precision);
    more_cases_run(ops, dev, outputs, precision);
    CUDA_CASES(RUN_CASE)
}

struct gpu {
    const struct ops *ops;
    device *dev;
    enum ops_precision precision;
};

static bool gpu_open(struct gpu *gpu, const struct cuda_module *module,
                     enum ops_precision precision) {
    struct error error = {0};
    *gpu = (struct gpu){.precision = precision};
    bool good = module->find(precision, &gpu->ops, &error) == STATUS_OK &&
                gpu->ops->open(&gpu->dev, &error) == STATUS_OK;
    return good || check_report(__FILE__, __LINE__, "%s", error.message);
}

static void gpu_run(const struct gpu *gpu, struct outputs *outputs) {
    struct error error = {0};
    run_all(gpu->ops, gpu->dev, outputs, gpu->precision);
    if (gpu->ops->check(gpu->dev, &error) != STATUS_OK) {
        check_report(__FILE__, __LINE__, "%s", error.message);
    }
}

// bf16 has 2^-9 of rounding where float has 2^-25: an output is rounded once, and so are one or two
// factors on the way to it (the probabilities of attention).
static const double ADDED[] = {8, 3 * 0x1p15};

static void check_against_float64(const struct cuda_module *module, enum ops_precision precision) {
    static struct outputs got, want;
    struct gpu gpu;
    if (!gpu_open(&gpu, module, precision)) {
        return;
    }
    run_all(&reference_ops, NULL, &want, precision);
    gpu_run(&gpu, &got);
    CHECK_INT(got.count, want.count);
    for (size_t i = 0; i < want.count; i++) {
        double worst = output_error(&got.items[i], &want.items[i], ADDED[precision != OPS_FP32]);
        printf("# %s %-60s error / tolerance %.2f\n", gpu.ops->name, want.items[i].name, worst);
        if (!(worst <= 1)) {
            check_report(__FILE__, __LINE__, "%s: %g times the tolerance", want.items[i].name,
                         worst);
        }
    }
    CHECK(gpu.ops->bytes_in_use(gpu.dev) > 0); // scratch is counted
    gpu.ops->close(gpu.dev);
    outputs_free(&got);
    outputs_free(&want);
}

// Runs all cases and compares them, bit by bit, with what is in `first`; fills `first` if it is empty.
static void check_same_bits(const struct gpu *gpu, struct outputs *first, const char *how) {
    static struct outputs next;
    struct outputs *got = first->count == 0 ? first : &next;
    gpu_run(gpu, got);
    CHECK_INT(got->count, first->count);
    for (size_t i = 0; i < got->count; i++) {
        const struct output *x = &first->items[i], *y = &got->items[i];
        if (memcmp(x->data, y->data, x->n * sizeof *x->data) != 0) {
            check_report(__FILE__, __LINE__, "%s: other bits %s", x->name, how);
        }
    }
    outputs_free(&next);
}

// The fused attention against the plain one, on the same numbers.
static void check_two_attentions(const struct cuda_module *module) {
    static struct outputs fused, plain;
    for (int i = 0; i < 2; i++) {
        struct gpu gpu;
        CHECK(setenv("DLT_CUDA_ATTENTION", i ? "plain" : "fused", 1) == 0);
        if (!gpu_open(&gpu, module, OPS_BF16)) {
            return;
        }
        gpu_run(&gpu, i ? &plain : &fused);
        gpu.ops->close(gpu.dev);
    }
    size_t compared = 0, different = 0;
    for (size_t i = 0; i < plain.count; i++) {
        const struct output *a = &fused.items[i], *b = &plain.items[i];
        if (strncmp(a->name, "attention", 9) == 0) {
            double worst = output_error(a, b, 2 * ADDED[1]);
            CHECK_CLOSE(worst, 0, 1);
            compared++;
            different += memcmp(a->data, b->data, a->n * sizeof *a->data) != 0;
        }
    }
    CHECK(compared > 20 && different > 10); // they were two
    outputs_free(&fused);
    outputs_free(&plain);
    CHECK(unsetenv("DLT_CUDA_ATTENTION") == 0);
}

#endif
