// ops LIBRARY [quick]: the operations of libdlt-cuda.so on a real GPU: against float64, twice with
// equal bits, and the two attentions against each other. quick: only the first, for the sanitizers.

#define _GNU_SOURCE
#include <dlfcn.h>

#include "tests/emu/cuda_cases.h"

static const struct cuda_module *module;

static void test_fp32(void) {
    check_against_float64(module, false);
}

static void test_bf16(void) {
    check_against_float64(module, true);
}

static void test_again(void) {
    for (int bf16 = 0; bf16 < 2; bf16++) {
        static struct outputs first;
        struct gpu gpu;
        if (gpu_open(&gpu, module, bf16)) {
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
    RUN(test_fp32);
    RUN(test_bf16);
    if (argc == 2) {
        RUN(test_again);
        RUN(test_two_attentions);
    }
    return check_finish();
}
