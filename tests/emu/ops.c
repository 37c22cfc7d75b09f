// The CUDA kernels on the emulated GPU: against float64, under several orders of warps with equal
// bits, and the two attentions against each other.

#define _GNU_SOURCE
#include "tests/emu/cuda_cases.h"
#include "tests/unit/cpu/large.h"

extern const struct cuda_module dlt_cuda_module;
enum { ORDERS = 3 }; // enum emu_order
void emu_set_order(int order);

static void test_fp32(void) {
    check_against_float64(&dlt_cuda_module, OPS_FP32);
}

static void test_bf16(void) {
    check_against_float64(&dlt_cuda_module, OPS_BF16);
}

static void test_bf16_pure(void) {
    check_against_float64(&dlt_cuda_module, OPS_BF16_PURE);
}

static void check_orders(enum ops_precision precision) {
    static const char *const NAMES[ORDERS] = {"", "backwards", "interleaved"};
    static struct outputs first;
    struct gpu gpu;
    if (!gpu_open(&gpu, &dlt_cuda_module, precision)) {
        return;
    }
    for (int order = 0; order < ORDERS; order++) {
        emu_set_order(order);
        check_same_bits(&gpu, &first, NAMES[order]);
    }
    emu_set_order(0);
    gpu.ops->close(gpu.dev);
    outputs_free(&first);
}

static void test_orders_fp32(void) {
    check_orders(OPS_FP32);
}

static void test_orders_bf16(void) {
    check_orders(OPS_BF16);
}

static void test_two_attentions(void) {
    check_two_attentions(&dlt_cuda_module);
}

static void test_large_scores(void) {
    static const enum ops_precision PRECISIONS[] = {OPS_FP32, OPS_BF16};
    for (size_t i = 0; i < ARRAY_LENGTH(PRECISIONS); i++) {
        struct gpu gpu;
        if (gpu_open(&gpu, &dlt_cuda_module, PRECISIONS[i])) {
            check_large_scores(gpu.ops, gpu.dev, PRECISIONS[i]);
            gpu.ops->close(gpu.dev);
        }
    }
}

static void test_unknown_attention(void) {
    struct error error;
    const struct ops *ops;
    device *dev;
    CHECK(setenv("DLT_CUDA_ATTENTION", "slow", 1) == 0);
    CHECK(dlt_cuda_module.find(OPS_BF16, &ops, &error) == STATUS_OK);
    CHECK(ops->open(&dev, &error) == STATUS_USAGE);
    CHECK_STRING(error.message, "'slow' is not plain or fused");
    CHECK(unsetenv("DLT_CUDA_ATTENTION") == 0);
}

// More rows than the second and third dimension of a grid have blocks for.
static void test_many_rows(void) {
    enum { ROWS = 64 * 65536 + 1 };
    struct gpu gpu;
    struct error error;
    void *gradient, *bias, *weight;
    float sum = 0;
    if (!gpu_open(&gpu, &dlt_cuda_module, OPS_FP32)) {
        return;
    }
    const struct ops *ops = gpu.ops;
    CHECK(ops->allocate(gpu.dev, &gradient, ROWS * sizeof(float), "", &error) == STATUS_OK);
    CHECK(ops->allocate(gpu.dev, &bias, sizeof(float), "", &error) == STATUS_OK);
    CHECK(ops->allocate(gpu.dev, &weight, sizeof(float), "", &error) == STATUS_OK);
    ops->upload(gpu.dev, (float *)gradient + ROWS - 1, &(float){3}, sizeof(float));
    ops->linear_backward_weight(gpu.dev, weight, bias, gradient, gradient, ROWS, 1, 1, false);
    ops->download(gpu.dev, &sum, bias, sizeof sum);
    CHECK(ops->check(gpu.dev, &error) == STATUS_OK);
    CHECK(sum == 3);
    ops->release(gpu.dev, gradient, ROWS * sizeof(float));
    ops->release(gpu.dev, bias, sizeof(float));
    ops->release(gpu.dev, weight, sizeof(float));
    ops->close(gpu.dev);
}

int main(void) {
    RUN(test_fp32);
    RUN(test_bf16);
    RUN(test_bf16_pure);
    RUN(test_orders_fp32);
    RUN(test_orders_bf16);
    RUN(test_two_attentions);
    RUN(test_many_rows);
    RUN(test_large_scores);
    RUN(test_unknown_attention);
    return check_finish();
}
