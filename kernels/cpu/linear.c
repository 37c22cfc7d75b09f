#include "kernels/cpu/product.h"

void CPU(linear_forward)(device *dev, act *out, const act *x, const act *weight, const act *bias,
                         size_t N, size_t I, size_t O) {
    CPU(product)
    (dev, &(struct product){.M = N,
                            .N = O,
                            .K = I,
                            .a = act_const_floats(x),
                            .a_row = I,
                            .a_k = 1,
                            .b = act_const_floats(weight),
                            .b_k = 1,
                            .b_column = I,
                            .c = act_floats(out),
                            .bias = act_const_floats(bias)});
}

void CPU(linear_backward_input)(device *dev, act *x_gradient, const act *out_gradient,
                                const act *weight, size_t N, size_t I, size_t O, bool accumulate) {
    CPU(product)
    (dev, &(struct product){.M = N,
                            .N = I,
                            .K = O,
                            .a = act_const_floats(out_gradient),
                            .a_row = O,
                            .a_k = 1,
                            .b = act_const_floats(weight),
                            .b_k = I,
                            .b_column = 1,
                            .c = act_floats(x_gradient),
                            .accumulate = accumulate});
}

enum {
    SUM_COLUMNS = 4 * 16, // columns summed together: 256 bytes of each row
    SUM_ROWS = 256,       // part of the results' bits: each run of rows is summed from 0
};

// to[j] = the sum of column j, or += with `accumulate`, for up to SUM_COLUMNS columns.
static void sum_some(float *to, const float *x, size_t N, size_t step, size_t columns,
                     bool accumulate) {
    _Alignas(64) float total[SUM_COLUMNS] = {0}, sums[SUM_COLUMNS];
    for (size_t first = 0; first < N; first += SUM_ROWS) {
        memset(sums, 0, sizeof sums);
        for (size_t n = first; n < size_min(first + SUM_ROWS, N); n++) {
            const float *row = x + n * step;
            if (columns == SUM_COLUMNS) {
                for (size_t j = 0; j < SUM_COLUMNS; j++) {
                    sums[j] += row[j];
                }
            } else {
                for (size_t j = 0; j < columns; j++) {
                    sums[j] += row[j];
                }
            }
        }
        for (size_t j = 0; j < columns; j++) {
            total[j] += sums[j];
        }
    }
    for (size_t j = 0; j < columns; j++) {
        to[j] = accumulate ? to[j] + total[j] : total[j];
    }
}

void CPU(sum_columns)(const struct column_sums *sums, const float *x, size_t n) {
    size_t columns = sums->columns, N = n / columns;
    assert(N * columns == n);
#pragma omp parallel for schedule(static) if (n >= PARALLEL_ELEMENTS)
    for (size_t j = 0; j < columns; j += SUM_COLUMNS) {
        sum_some(sums->to + j, x + j, N, columns, size_min(SUM_COLUMNS, columns - j),
                 sums->accumulate);
    }
}

void CPU(linear_backward_weight)(device *dev, float *weight_gradient, float *bias_gradient,
                                 const act *out_gradient, const act *x, size_t N, size_t I,
                                 size_t O, bool accumulate) {
    const float *gradient = act_const_floats(out_gradient);
    CPU(product)
    (dev, &(struct product){.M = O,
                            .N = I,
                            .K = N,
                            .a = gradient,
                            .a_row = 1,
                            .a_k = O,
                            .b = act_const_floats(x),
                            .b_k = I,
                            .b_column = 1,
                            .c = weight_gradient,
                            .accumulate = accumulate});
    if (bias_gradient) {
        CPU(sum_columns)(&(struct column_sums){bias_gradient, O, accumulate}, gradient, N * O);
    }
}
