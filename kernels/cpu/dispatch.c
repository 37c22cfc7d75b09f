// Which instruction set serves: the only file here that looks at the machine.

#include <stdlib.h>
#include <string.h>

#include "kernels/cpu/device.h"

extern const struct ops ops_cpu_plain;
#if defined __x86_64__
extern const struct ops ops_cpu_avx512, ops_cpu_avx2;
#elif defined __aarch64__
extern const struct ops ops_cpu_neon;
#endif

const char *const cpu_isa_names[] = {
#if defined __x86_64__
    "avx512", "avx2",
#elif defined __aarch64__
    "neon",
#endif
    "plain", NULL};

const struct ops *cpu_ops_named(const char *isa) {
#if defined __x86_64__
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool avx512 = avx2 && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512f") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    if (strcmp(isa, "avx512") == 0) {
        return avx512 ? &ops_cpu_avx512 : NULL;
    }
    if (strcmp(isa, "avx2") == 0) {
        return avx2 ? &ops_cpu_avx2 : NULL;
    }
#elif defined __aarch64__
    if (strcmp(isa, "neon") == 0) {
        return &ops_cpu_neon;
    }
#endif
    return strcmp(isa, "plain") == 0 ? &ops_cpu_plain : NULL;
}

enum status ops_cpu(const struct ops **ops, struct error *error) {
    const char *wanted = getenv("DLT_CPU_ISA");
    if (wanted && *wanted) {
        *ops = cpu_ops_named(wanted);
        if (!*ops) {
            return error_set(error, STATUS_USAGE, "DLT_CPU_ISA: this machine has no '%s'", wanted);
        }
        return STATUS_OK;
    }
    *ops = NULL;
    for (size_t i = 0; !*ops; i++) {
        *ops = cpu_ops_named(cpu_isa_names[i]);
    }
    return STATUS_OK;
}
