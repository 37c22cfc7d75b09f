#include "kernels/cpu/dropout.h"

enum { RUN = 1024 };

static void drop(float *to, const float *from, size_t n, const struct dropout_plan *plan) {
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS)
    for (size_t first = 0; first < n; first += RUN) {
        _Alignas(64) float room[RUN + DROPOUT_ROOM];
        size_t count = size_min(RUN, n - first);
        const float *factors = dropout_factors(plan, first, count, room);
        for (size_t i = 0; i < count; i++) {
            to[first + i] = from[first + i] * factors[i];
        }
    }
}

void CPU(dropout_backward)(device *dev, act *out, const act *in, size_t n,
                           const struct dropout *dropout, const struct column_sums *sums) {
    float *to = act_floats(out);
    const float *from = act_const_floats(in);
    struct dropout_plan plan = dropout_plan(dropout);
    if (plan.threshold == 0) {
        cpu_copy(dev, to, from, n * sizeof *to);
    } else {
        drop(to, from, n, &plan);
    }
    if (sums) {
        CPU(sum_columns)(sums, to, n);
    }
}
