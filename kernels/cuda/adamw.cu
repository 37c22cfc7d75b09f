#include "kernels/cuda/spans.h"

extern "C" {
#include "lib/base/memory.h"
}

#include <stdlib.h>

struct update_span {
    void *master, *moment1, *moment2;
    void *weight; // where it is not `master`
    const float *gradient;
    size_t n, first_block;
    struct adamw_coefficients k;
};

__device__ static inline float canonical(float x) {
    return x == x ? x : __uint_as_float(0x7FC00000U);
}

// Where the state type S is bf16, each step of the update is rounded to it, as in the released code,
// whose operations are of bf16 tensors.
template <class A, class S>
__global__ void __launch_bounds__(SPAN_THREADS)
    update_kernel(const struct update_span *spans, size_t count) {
    const struct update_span *span = span_of_block(spans, count, blockIdx.x);
    S *moment1 = (S *)span->moment1, *moment2 = (S *)span->moment2, *master = (S *)span->master;
    const struct adamw_coefficients k = span->k;
    size_t first = (blockIdx.x - span->first_block) * SPAN_PIECE;
    size_t last = first + SPAN_PIECE < span->n ? first + SPAN_PIECE : span->n;
    for (size_t i = first + threadIdx.x * OCTET; i < last; i += SPAN_THREADS * OCTET) {
        float g[OCTET], m[OCTET], v[OCTET], w[OCTET];
        octet_load(g, span->gradient + i, last - i);
        octet_load(m, moment1 + i, last - i);
        octet_load(v, moment2 + i, last - i);
        octet_load(w, master + i, last - i);
#pragma unroll
        for (int j = 0; j < OCTET; j++) {
            float clipped = g[j] * k.clip;
            m[j] = canonical(rounded<S>(fmaf(clipped - m[j], k.gain1, m[j])));
            v[j] = canonical(rounded<S>(fmaf(clipped * clipped, k.gain2, v[j] * k.beta2)));
            float step = m[j] / rounded<S>(fmaf(sqrtf(v[j]), k.root_scale, k.eps));
            w[j] = canonical(fmaf(step, -k.step_size, rounded<S>(w[j] * k.decay)));
        }
        octet_store(moment1 + i, m, last - i);
        octet_store(moment2 + i, v, last - i);
        octet_store(master + i, w, last - i);
        if (span->weight) {
            octet_store((A *)span->weight + i, w, last - i);
        }
    }
}

// Whether a span before it, from `first` on, updates the same weights.
static bool shares_weights(const struct adamw_span *spans, size_t first, size_t s) {
    for (size_t i = first; i < s; i++) {
        if (spans[i].master == spans[s].master) {
            return true;
        }
    }
    return false;
}

// Spans first .. last, in one launch.
template <class A, class S>
static void update_spans(device *dev, const struct adamw_span *spans, size_t first, size_t last,
                         const struct adamw_options *options, struct update_span *table,
                         char *place) {
    size_t blocks = 0, used = 0;
    for (size_t s = first; s < last; s++) {
        const struct adamw_span *span = &spans[s];
        bool one_array = (void *)span->weight == span->master;
        if (span->n > 0) {
            table[used++] = {span->master,   span->moment1,
                             span->moment2,  one_array ? NULL : (void *)span->weight,
                             span->gradient, span->n,
                             blocks,         adamw_coefficients(options, span->step)};
            blocks += divide_up(span->n, SPAN_PIECE);
        }
    }
    cuda_upload(dev, place, table, used * sizeof *table);
    launch(dev, "AdamW", (update_kernel<A, S>), blocks, SPAN_THREADS, 0,
           (const struct update_span *)place, used);
}

// One launch for all that can go side by side: where two owners share a storage, the later one
// begins a new launch.
template <class A, class S>
void cuda_adamw(device *dev, const struct adamw_span *spans, size_t count,
                const struct adamw_options *options) {
    void *table = NULL;
    struct error error;
    size_t bytes = count * sizeof(struct update_span);
    if (memory_allocate(&table, bytes, 1, "a table", &error) != STATUS_OK) {
        device_keep_error(dev, &error);
        return;
    }
    char *place = device_scratch(dev, bytes);
    size_t first = 0;
    for (size_t s = 1; place && s <= count; s++) {
        if (s == count || shares_weights(spans, first, s)) {
            update_spans<A, S>(dev, spans, first, s, options, (struct update_span *)table, place);
            first = s;
        }
    }
    free(table);
}
template decltype(cuda_adamw<float, float>) cuda_adamw<float, float>;
template decltype(cuda_adamw<bf16, float>) cuda_adamw<bf16, float>;
template decltype(cuda_adamw<bf16, bf16>) cuda_adamw<bf16, bf16>;
