// The CUDA kernels on the emulated GPU: every operation in both compute types against float64, at
// more shapes than the CPU's (whole and cut octets, heads of 64 and 100, rows longer than a lane
// keeps), under several orders of warps with equal bits, and the two attentions against each other.

#define _GNU_SOURCE
#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"
#include "tests/unit/cpu/reference.h"

extern const struct cuda_module dlt_cuda_module;
enum { ORDERS = 3 }; // enum emu_order
void emu_set_order(int order);

// Shapes that only the CUDA kernels' tiles make awkward.
#define CUDA_CASES(CASE)                                                                           \
    CASE(layernorm, 5, 768, true)                                                                  \
    CASE(layernorm, 67, 1600, true)                                                                \
    CASE(layernorm, 3, 2056, true)                                                                 \
    CASE(residual, 3, 1600, 0.2, SUM_IN_PLACE)                                                     \
    CASE(residual, 3, 2056, 0.1, Y_IN_PLACE)                                                       \
    CASE(embedding, 300, 10, 64, 3, 0.1, true)                                                     \
    CASE(embedding, 9, 3, 2056, 5, 0.2, true)                                                      \
    CASE(linear, 67, 768, 100, true)                                                               \
    CASE(attention, 1, 65, 2, 100, true, 0.2)                                                      \
    CASE(attention, 2, 129, 1, 64, true, 0.1)                                                      \
    CASE(attention, 1, 128, 1, 100, false, 0.1)                                                    \
    CASE(attention, 1, 70, 2, 128, false, 0)                                                       \
    CASE(attention, 1, 66, 3, 30, true, 0.3)                                                       \
    CASE(attention, 1, 10, 2, 7, true, 0.1)                                                        \
    CASE(attention, 1, 20, 1, 160, true, 0.1)                                                      \
    CASE(permute, 3, 16, 100)                                                                      \
    CASE(cross_entropy, 3, 5003, 5056, 0.5f)                                                       \
    CASE(adamw, 70000, 2, 0.9)

static void run_all(const struct ops *ops, device *dev, struct outputs *outputs, bool bf16_inputs) {
    uint64_t number = 1000;
    cases_run(ops, dev, outputs, bf16_inputs);
    CUDA_CASES(RUN_CASE)
}

struct emulated {
    const struct ops *ops;
    device *dev;
    bool bf16;
};

static bool emulated_open(struct emulated *gpu, bool bf16) {
    struct error error;
    *gpu = (struct emulated){.bf16 = bf16};
    return CHECK(dlt_cuda_module.find(bf16 ? OPS_BF16 : OPS_FP32, &gpu->ops, &error) ==
                 STATUS_OK) &&
           CHECK(gpu->ops->open(&gpu->dev, &error) == STATUS_OK);
}

static void emulated_run(const struct emulated *gpu, int order, struct outputs *outputs) {
    struct error error;
    emu_set_order(order);
    run_all(gpu->ops, gpu->dev, outputs, gpu->bf16);
    if (!CHECK(gpu->ops->check(gpu->dev, &error) == STATUS_OK)) {
        printf("# %s\n", error.message);
    }
    emu_set_order(0);
}

// bf16 has 2^-9 of rounding where float has 2^-25: an output is rounded once, and so are one or two
// factors on the way to it (the probabilities of attention).
static const double ADDED[] = {8, 3 * 0x1p15};

static void check_against_float64(bool bf16) {
    static struct outputs got, want;
    struct emulated gpu;
    if (!emulated_open(&gpu, bf16)) {
        return;
    }
    run_all(&reference_ops, NULL, &want, bf16);
    emulated_run(&gpu, 0, &got);
    CHECK_INT(got.count, want.count);
    for (size_t i = 0; i < want.count; i++) {
        double worst = output_error(&got.items[i], &want.items[i], ADDED[bf16]);
        printf("# %-60s error / tolerance %.2f\n", want.items[i].name, worst);
        if (!(worst <= 1)) {
            check_report(__FILE__, __LINE__, "%s: %g times the tolerance", want.items[i].name,
                         worst);
        }
    }
    CHECK_INT(gpu.ops->bytes_in_use(gpu.dev) > 0, true); // scratch is counted
    gpu.ops->close(gpu.dev);
    outputs_free(&got);
    outputs_free(&want);
}

static void test_fp32(void) {
    check_against_float64(false);
}

static void test_bf16(void) {
    check_against_float64(true);
}

static void check_same_bits(bool bf16) {
    static struct outputs first, next;
    struct emulated gpu;
    if (!emulated_open(&gpu, bf16)) {
        return;
    }
    emulated_run(&gpu, 0, &first);
    for (int order = 1; order < ORDERS; order++) {
        emulated_run(&gpu, order, &next);
        CHECK_INT(next.count, first.count);
        for (size_t i = 0; i < first.count; i++) {
            const struct output *x = &first.items[i], *y = &next.items[i];
            if (memcmp(x->data, y->data, x->n * sizeof *x->data) != 0) {
                check_report(__FILE__, __LINE__, "%s: other bits in order %d", x->name, order);
            }
        }
        outputs_free(&next);
    }
    gpu.ops->close(gpu.dev);
    outputs_free(&first);
}

static void test_orders_fp32(void) {
    check_same_bits(false);
}

static void test_orders_bf16(void) {
    check_same_bits(true);
}

// The fused attention against the plain one, on the same device type and numbers.
static void test_two_attentions(void) {
    static struct outputs fused, plain;
    struct emulated gpu;
    for (int i = 0; i < 2; i++) {
        CHECK(setenv("DLT_CUDA_ATTENTION", i ? "plain" : "fused", 1) == 0);
        if (!emulated_open(&gpu, true)) {
            return;
        }
        emulated_run(&gpu, 0, i ? &plain : &fused);
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
    CHECK(setenv("DLT_CUDA_ATTENTION", "slow", 1) == 0);
    device *dev;
    struct error error;
    CHECK(gpu.ops->open(&dev, &error) == STATUS_USAGE);
    CHECK_STRING(error.message, "'slow' is not plain or fused");
    CHECK(unsetenv("DLT_CUDA_ATTENTION") == 0);
}

int main(void) {
    RUN(test_fp32);
    RUN(test_bf16);
    RUN(test_orders_fp32);
    RUN(test_orders_bf16);
    RUN(test_two_attentions);
    return check_finish();
}
