// ops LIBRARY [quick]: the operations of libdlt-cuda.so on a real GPU: against float64, twice with
// equal bits, and the two attentions against each other. quick: only the first, for the sanitizers.

#define _GNU_SOURCE
#include <dlfcn.h>

#include "tests/emu/cuda_cases.h"

static const struct cuda_module *module;

static void test_fp32(void) {
    check_against_float64(module, OPS_FP32);
}

static void test_bf16(void) {
    check_against_float64(module, OPS_BF16);
}

static void test_bf16_pure(void) {
    check_against_float64(module, OPS_BF16_PURE);
}

static void test_again(void) {
    for (int p = OPS_FP32; p <= OPS_BF16_PURE; p++) {
        static struct outputs first;
        struct gpu gpu;
        if (gpu_open(&gpu, module, (enum ops_precision)p)) {
            check_same_bits(&gpu, &first, "");
            check_same_bits(&gpu, &first, "the second time");
            gpu.ops->close(gpu.dev);
            outputs_free(&first);
        }
    }
}

static void test_two_attentions(void) {
    check_two_attentions(module);
}

int main(int argc, char **argv) {
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    module = library ? dlsym(library, "dlt_cuda_module") : NULL;
    if (!module) {
        fprintf(stderr, "%s: %s\n", argv[0], argc > 1 ? dlerror() : "ops LIBRARY [quick]");
        return 2;
    }
    const struct ops *ops = NULL;
    struct error error = {{0}};
    if (module->find(OPS_BF16, &ops, &error) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", argv[0], error.message);
        return 1;
    }
    RUN(test_fp32);
    RUN(test_bf16);
    RUN(test_bf16_pure);
    if (argc == 2) {
        RUN(test_again);
        RUN(test_two_attentions);
    }
    return check_finish();
}
