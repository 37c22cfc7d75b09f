#include "kernels/cpu/cpu.h"
#include "kernels/cpu/vector_math.h"

enum { RUN = 1024 };

static const float LIMIT = 20; // beyond it Phi is 0 or 1 in float, and products with it stay finite

void CPU(gelu_forward)(device *dev, act *y, const act *x, size_t n) {
    (void)dev;
    float *to = act_floats(y);
    const float *from = act_const_floats(x);
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS / 4)
    for (size_t first = 0; first < n; first += RUN) {
        for (size_t i = first; i < size_min(first + RUN, n); i += LANES) {
            vec value = vec_max(vec_set(-LIMIT), vec_load_part(from + i, n - i, 0)), root;
            vec phi = vec_normal_cdf(vec_min(vec_set(LIMIT), value), &root);
            vec_store_part(to + i, n - i, value * phi);
        }
    }
}

// (x Phi(x))' = Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi)
void CPU(gelu_backward)(device *dev, act *x_gradient, const act *y_gradient, const act *x, size_t n,
                        const struct column_sums *sums) {
    (void)dev;
    float *to = act_floats(x_gradient);
    const float *from = act_const_floats(x), *gradient = act_const_floats(y_gradient);
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS / 4)
    for (size_t first = 0; first < n; first += RUN) {
        for (size_t i = first; i < size_min(first + RUN, n); i += LANES) {
            vec value = vec_max(vec_set(-LIMIT), vec_load_part(from + i, n - i, 0)), root;
            value = vec_min(vec_set(LIMIT), value);
            vec phi = vec_normal_cdf(value, &root);
            vec slope = vec_fma(value * 0x1.988454p-2f, root, phi); // 1 / sqrt(2 pi)
            vec_store_part(to + i, n - i, slope * vec_load_part(gradient + i, n - i, 0));
        }
    }
    if (sums) {
        CPU(sum_columns)(sums, to, n);
    }
}
