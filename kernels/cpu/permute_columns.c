#include "kernels/cpu/cpu.h"

void CPU(permute_columns)(device *dev, act *out, const act *in, size_t N, size_t groups,
                          size_t size, const int32_t *source) {
    (void)dev;
    size_t width = groups * size;
#pragma omp parallel for schedule(static) if (N * width >= PARALLEL_ELEMENTS)
    for (size_t row = 0; row < N; row++) {
        const float *from = act_const_floats(in) + row * width;
        float *to = act_floats(out) + row * width;
        for (size_t group = 0; group < groups; group++) {
            for (size_t j = 0; j < size; j++) {
                to[group * size + j] = from[(size_t)source[group] * size + j];
            }
        }
    }
}
