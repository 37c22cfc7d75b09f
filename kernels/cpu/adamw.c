#include "kernels/cpu/cpu.h"
#include "lib/base/math.h"

enum { PIECE = 4096 };

// The numbers of one span's step, as float:
//     m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2
//     w = decay w - step_size m / (root_scale sqrt(v) + eps)
// with step_size = lr / (1 - beta1^step) and root_scale = 1 / sqrt(1 - beta2^step).
struct coefficients {
    float clip, gain1, beta2, gain2, decay, step_size, root_scale, eps;
};

// 1 - beta^step
static double bias_correction(double beta, int64_t step) {
    assert(step > 0 && beta >= 0 && beta < 1);
    return beta > 0 ? 1 - math_pow(beta, (double)step) : 1;
}

static struct coefficients coefficients(const struct adamw_options *options, int64_t step) {
    double correction1 = bias_correction(options->beta1, step);
    double correction2 = bias_correction(options->beta2, step);
    return (struct coefficients){.clip = options->clip_factor,
                                 .gain1 = (float)(1 - options->beta1),
                                 .beta2 = (float)options->beta2,
                                 .gain2 = (float)(1 - options->beta2),
                                 .decay = (float)(1 - options->lr * options->weight_decay),
                                 .step_size = (float)(options->lr / correction1),
                                 .root_scale = (float)(1 / sqrt(correction2)),
                                 .eps = (float)options->eps};
}

static void update(const struct adamw_span *span, const struct coefficients *k, size_t first,
                   size_t last) {
    for (size_t i = first; i < last; i += LANES) {
        size_t n = last - i;
        vec g = vec_load_part(span->gradient + i, n, 0) * k->clip;
        vec m = vec_load_part(span->moment1 + i, n, 0);
        vec v = vec_load_part(span->moment2 + i, n, 0);
        vec w = vec_load_part(span->master + i, n, 0);
        m = vec_fma(g - m, vec_set(k->gain1), m);
        v = vec_fma(g * g, vec_set(k->gain2), v * k->beta2);
        vec step = m / vec_fma(vec_sqrt(v), vec_set(k->root_scale), vec_set(k->eps));
        w = vec_fma(step, vec_set(-k->step_size), w * k->decay);
        vec_store_part(span->moment1 + i, n, vec_canonical(m));
        vec_store_part(span->moment2 + i, n, vec_canonical(v));
        vec_store_part(span->master + i, n, vec_canonical(w));
    }
}

void CPU(adamw)(device *dev, const struct adamw_span *spans, size_t count,
                const struct adamw_options *options) {
    (void)dev;
    size_t total = 0;
    for (size_t s = 0; s < count; s++) {
        assert((const void *)spans[s].weight == (const void *)spans[s].master);
        total += spans[s].n;
    }
#pragma omp parallel if (total >= PARALLEL_ELEMENTS)
    for (size_t s = 0; s < count; s++) {
        const struct adamw_span *span = &spans[s];
        struct coefficients k = coefficients(options, span->step);
#pragma omp for schedule(static) // in order: two owners may share one storage
        for (size_t first = 0; first < span->n; first += PIECE) {
            update(span, &k, first, size_min(first + PIECE, span->n));
        }
    }
}
