#include "kernels/cpu/dropout.h"

enum {
    GROUP = 16,         // rows that a thread takes at once
    RUN = 1024,         // elements whose dropout factors are drawn together
    GRADIENT_ROWS = 64, // part of the results' bits: rows that one partial column sum covers
};

INLINE float row_mean(const float *x, size_t C) {
    vec16 sum = vec16_set(0);
    for (size_t j = 0; j < C; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            sum.part[p] += vec16_load_part(x, C, j, p, 0);
        }
    }
    return vec16_sum(sum) / (float)C;
}

INLINE float row_variance(const float *x, size_t C, float mean) {
    vec16 sum = vec16_set(0);
    for (size_t j = 0; j < C; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            vec centred = vec16_load_part(x, C, j, p, mean) - vec_set(mean);
            sum.part[p] = vec_fma(centred, centred, sum.part[p]);
        }
    }
    return vec16_sum(sum) / (float)C;
}

static void normalise_row(float *y, float *mean, float *rstd, const float *x, const float *gain,
                          const float *bias, size_t C, float eps) {
    float m = row_mean(x, C);
    float r = 1 / sqrtf(row_variance(x, C, m) + eps);
    for (size_t c = 0; c < C; c += LANES) {
        vec normal = (vec_load_part(x + c, C - c, 0) - vec_set(m)) * r;
        vec result =
            vec_fma(normal, vec_load_part(gain + c, C - c, 0), vec_load_part(bias + c, C - c, 0));
        vec_store_part(y + c, C - c, result);
    }
    *mean = m;
    *rstd = r;
}

void CPU(layernorm_forward)(device *dev, act *y, float *mean, float *rstd, const act *x,
                            const act *gain, const act *bias, size_t N, size_t C, float eps) {
    (void)dev;
#pragma omp parallel for schedule(static) if (N * C >= PARALLEL_ELEMENTS)
    for (size_t n = 0; n < N; n++) {
        normalise_row(act_floats(y) + n * C, mean + n, rstd + n, act_const_floats(x) + n * C,
                      act_const_floats(gain), act_const_floats(bias), C, eps);
    }
}

// sum = residual + factor x for elements first .. last.
static void add_dropped(const struct dropout_plan *plan, float *sum, const float *residual,
                        const float *x, size_t first, size_t last) {
    _Alignas(64) float room[RUN + DROPOUT_ROOM];
    for (size_t i = first; i < last; i += RUN) {
        size_t n = size_min(RUN, last - i);
        if (plan->threshold == 0) {
            for (size_t j = i; j < i + n; j++) {
                sum[j] = residual[j] + x[j];
            }
            continue;
        }
        const float *factors = dropout_factors(plan, i, n, room);
        for (size_t j = 0; j < n; j += LANES) {
            vec kept =
                vec_fma(vec_load_part(x + i + j, n - j, 0), vec_load_part(factors + j, n - j, 0),
                        vec_load_part(residual + i + j, n - j, 0));
            vec_store_part(sum + i + j, n - j, kept);
        }
    }
}

void CPU(residual_layernorm_forward)(device *dev, act *sum, act *y, float *mean, float *rstd,
                                     const act *residual, const act *x,
                                     const struct dropout *dropout, const act *gain,
                                     const act *bias, size_t N, size_t C, float eps) {
    (void)dev;
    struct dropout_plan plan = dropout_plan(dropout);
#pragma omp parallel for schedule(static) if (N * C >= PARALLEL_ELEMENTS)
    for (size_t first = 0; first < N; first += GROUP) {
        size_t last = size_min(first + GROUP, N);
        add_dropped(&plan, act_floats(sum), act_const_floats(residual), act_const_floats(x),
                    first * C, last * C);
        for (size_t n = first; n < last; n++) {
            normalise_row(act_floats(y) + n * C, mean + n, rstd + n, act_const_floats(sum) + n * C,
                          act_const_floats(gain), act_const_floats(bias), C, eps);
        }
    }
}

struct backward {
    float *x_gradient;
    const float *y_gradient, *x, *mean, *rstd, *gain;
    size_t C;
    bool accumulate;
};

// With normal = (x - mean) rstd and g = dy gain:
//     dx = rstd (g - mean over c of g - normal times the mean over c of g normal)
static void backward_row(const struct backward *b, size_t n) {
    size_t C = b->C;
    const float *dy = b->y_gradient + n * C, *x = b->x + n * C;
    float *dx = b->x_gradient + n * C;
    vec mean = vec_set(b->mean[n]), rstd = vec_set(b->rstd[n]);
    vec16 sum = vec16_set(0), sum_normal = vec16_set(0);
    for (size_t j = 0; j < C; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            vec normal = (vec16_load_part(x, C, j, p, 0) - mean) * rstd;
            vec g = vec16_load_part(dy, C, j, p, 0) * vec16_load_part(b->gain, C, j, p, 0);
            sum.part[p] += g;
            sum_normal.part[p] = vec_fma(g, normal, sum_normal.part[p]);
        }
    }
    vec mean_g = vec_set(vec16_sum(sum) / (float)C);
    vec mean_normal = vec_set(vec16_sum(sum_normal) / (float)C);
    for (size_t c = 0; c < C; c += LANES) {
        vec normal = (vec_load_part(x + c, C - c, 0) - mean) * rstd;
        vec g = vec_load_part(dy + c, C - c, 0) * vec_load_part(b->gain + c, C - c, 0);
        vec gradient = vec_fma(-normal, mean_normal, g - mean_g) * rstd;
        if (b->accumulate) {
            gradient += vec_load_part(dx + c, C - c, 0);
        }
        vec_store_part(dx + c, C - c, gradient);
    }
}

// Column sums over rows first .. last of dy normal and of dy.
static void sum_columns(const struct backward *b, float *gain_sum, float *bias_sum, size_t first,
                        size_t last) {
    size_t C = b->C;
    memset(gain_sum, 0, C * sizeof *gain_sum);
    memset(bias_sum, 0, C * sizeof *bias_sum);
    for (size_t n = first; n < last; n++) {
        const float *dy = b->y_gradient + n * C, *x = b->x + n * C;
        vec mean = vec_set(b->mean[n]), rstd = vec_set(b->rstd[n]);
        for (size_t c = 0; c < C; c += LANES) {
            vec normal = (vec_load_part(x + c, C - c, 0) - mean) * rstd;
            vec g = vec_load_part(dy + c, C - c, 0);
            vec_store_part(gain_sum + c, C - c,
                           vec_fma(g, normal, vec_load_part(gain_sum + c, C - c, 0)));
            vec_store_part(bias_sum + c, C - c, g + vec_load_part(bias_sum + c, C - c, 0));
        }
    }
}

// to[c] = the partial sums of column c, in order, or += with `accumulate`.
static void add_partial_sums(float *to, const float *partial, size_t count, size_t step, size_t C,
                             bool accumulate) {
    for (size_t c = 0; c < C; c++) {
        float sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += partial[i * step + c];
        }
        to[c] = accumulate ? to[c] + sum : sum;
    }
}

void CPU(layernorm_backward)(device *dev, act *x_gradient, float *gain_gradient,
                             float *bias_gradient, const act *y_gradient, const act *x,
                             const float *mean, const float *rstd, const act *gain, size_t N,
                             size_t C, bool accumulate, bool accumulate_weights) {
    struct backward b = {.x_gradient = act_floats(x_gradient),
                         .y_gradient = act_const_floats(y_gradient),
                         .x = act_const_floats(x),
                         .mean = mean,
                         .rstd = rstd,
                         .gain = act_const_floats(gain),
                         .C = C,
                         .accumulate = accumulate};
    size_t chunks = divide_up(N, GRADIENT_ROWS);
    float *partial = gain_gradient ? cpu_scratch(dev, chunks * 2 * C * sizeof *partial) : NULL;
    if (gain_gradient && !partial) {
        return;
    }
#pragma omp parallel for schedule(static) if (N * C >= PARALLEL_ELEMENTS)
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        size_t first = chunk * GRADIENT_ROWS, last = size_min(first + GRADIENT_ROWS, N);
        if (partial) {
            sum_columns(&b, partial + chunk * 2 * C, partial + (chunk * 2 + 1) * C, first, last);
        }
        for (size_t n = first; n < last; n++) {
            backward_row(&b, n);
        }
    }
    if (partial) {
        add_partial_sums(gain_gradient, partial, chunks, 2 * C, C, accumulate_weights);
        add_partial_sums(bias_gradient, partial + C, chunks, 2 * C, C, accumulate_weights);
    }
}
