#include "kernels/adamw.h"
#include "kernels/cpu/cpu.h"

enum { PIECE = 4096 };

static void update(const struct adamw_span *span, const struct adamw_coefficients *k, size_t first,
                   size_t last) {
    float *moment1 = span->moment1, *moment2 = span->moment2, *master = span->master;
    for (size_t i = first; i < last; i += LANES) {
        size_t n = last - i;
        vec g = vec_load_part(span->gradient + i, n, 0) * k->clip;
        vec m = vec_load_part(moment1 + i, n, 0);
        vec v = vec_load_part(moment2 + i, n, 0);
        vec w = vec_load_part(master + i, n, 0);
        m = vec_fma(g - m, vec_set(k->gain1), m);
        v = vec_fma(g * g, vec_set(k->gain2), v * k->beta2);
        vec step = m / vec_fma(vec_sqrt(v), vec_set(k->root_scale), vec_set(k->eps));
        w = vec_fma(step, vec_set(-k->step_size), w * k->decay);
        vec_store_part(moment1 + i, n, vec_canonical(m));
        vec_store_part(moment2 + i, n, vec_canonical(v));
        vec_store_part(master + i, n, vec_canonical(w));
    }
}

void CPU(adamw)(device *dev, const struct adamw_span *spans, size_t count,
                const struct adamw_options *options) {
    (void)dev;
    size_t total = 0;
    for (size_t s = 0; s < count; s++) {
        assert((const void *)spans[s].weight == spans[s].master);
        total += spans[s].n;
    }
#pragma omp parallel if (total >= PARALLEL_ELEMENTS)
    for (size_t s = 0; s < count; s++) {
        const struct adamw_span *span = &spans[s];
        struct adamw_coefficients k = adamw_coefficients(options, span->step);
#pragma omp for schedule(static) // in order: two owners may share one storage
        for (size_t first = 0; first < span->n; first += PIECE) {
            update(span, &k, first, size_min(first + PIECE, span->n));
        }
    }
}
