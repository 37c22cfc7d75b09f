#include <omp.h>

#include "kernels/cpu/dropout.h"

enum { RUN = 512 }; // columns whose factors are drawn together

// to = factor (a + b), or factor-free where nothing is dropped; b NULL: of a alone. One row.
static void add_rows(const struct dropout_plan *plan, float *to, const float *a, const float *b,
                     size_t first_element, size_t C) {
    _Alignas(64) float room[RUN + DROPOUT_ROOM];
    for (size_t j = 0; j < C; j += RUN) {
        size_t n = size_min(RUN, C - j);
        for (size_t c = j; c < j + n; c++) {
            to[c] = b ? a[c] + b[c] : a[c];
        }
        if (plan->threshold > 0) {
            const float *factors = dropout_factors(plan, first_element + j, n, room);
            for (size_t c = 0; c < n; c++) {
                to[j + c] *= factors[c];
            }
        }
    }
}

void CPU(embedding_forward)(device *dev, act *out, const int32_t *tokens, const act *token_weight,
                            const act *position_weight, size_t N, size_t T, size_t C,
                            const struct dropout *dropout) {
    (void)dev;
    assert(N % T == 0);
    const float *token = act_const_floats(token_weight);
    const float *position = position_weight ? act_const_floats(position_weight) : NULL;
    struct dropout_plan plan = dropout_plan(dropout);
#pragma omp parallel for schedule(static) if (N * C >= PARALLEL_ELEMENTS)
    for (size_t n = 0; n < N; n++) {
        add_rows(&plan, act_floats(out) + n * C, token + (size_t)tokens[n] * C,
                 position ? position + n % T * C : NULL, n * C, C);
    }
}

// to += factor x. One row.
static void add_gradient(const struct dropout_plan *plan, float *to, const float *x,
                         size_t first_element, size_t C) {
    _Alignas(64) float room[RUN + DROPOUT_ROOM];
    for (size_t j = 0; j < C; j += RUN) {
        size_t n = size_min(RUN, C - j);
        if (plan->threshold == 0) {
            for (size_t c = j; c < j + n; c++) {
                to[c] += x[c];
            }
            continue;
        }
        const float *factors = dropout_factors(plan, first_element + j, n, room);
        for (size_t c = 0; c < n; c++) {
            to[j + c] += factors[c] * x[j + c];
        }
    }
}

// Each token's gradient belongs to one thread and each position's to one, so that every element's
// sum runs in ascending order of rows.
void CPU(embedding_backward)(device *dev, float *token_gradient, float *position_gradient,
                             const act *out_gradient, const int32_t *tokens, size_t N, size_t T,
                             size_t C, size_t V, const struct dropout *dropout) {
    (void)dev;
    (void)V;
    assert(N % T == 0);
    const float *gradient = act_const_floats(out_gradient);
    struct dropout_plan plan = dropout_plan(dropout);
#pragma omp parallel if (N * C >= PARALLEL_ELEMENTS)
    {
        size_t threads = (size_t)omp_get_num_threads(), thread = (size_t)omp_get_thread_num();
        for (size_t n = 0; n < N; n++) {
            size_t token = (size_t)tokens[n];
            assert(token < V);
            if (token % threads == thread) {
                add_gradient(&plan, token_gradient + token * C, gradient + n * C, n * C, C);
            }
        }
#pragma omp for schedule(static)
        for (size_t t = 0; t < (position_gradient ? T : 0); t++) {
            for (size_t n = t; n < N; n += T) {
                add_gradient(&plan, position_gradient + t * C, gradient + n * C, n * C, C);
            }
        }
    }
}
