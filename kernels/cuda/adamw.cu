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

// Four elements, as they lie in memory: side by side, the lanes of a warp fill whole lines, which eight
// floats each would write in halves.
constexpr unsigned QUAD = 4;
template <class S> struct quad;
template <> struct quad<float> { float4 values; };
template <> struct quad<bf16> { uint2 words; };

__device__ static inline void quad_unpack(float to[QUAD], const quad<float> &from) {
    to[0] = from.values.x, to[1] = from.values.y, to[2] = from.values.z, to[3] = from.values.w;
}

__device__ static inline void quad_unpack(float to[QUAD], const quad<bf16> &from) {
    to[0] = __uint_as_float(from.words.x << 16);
    to[1] = __uint_as_float(from.words.x & 0xFFFF0000U);
    to[2] = __uint_as_float(from.words.y << 16);
    to[3] = __uint_as_float(from.words.y & 0xFFFF0000U);
}

__device__ static inline void quad_pack(quad<float> *to, const float from[QUAD]) {
    to->values = float4{from[0], from[1], from[2], from[3]};
}

__device__ static inline void quad_pack(quad<bf16> *to, const float from[QUAD]) {
    to->words = uint2{pack_bf16(from[0], from[1]), pack_bf16(from[2], from[3])};
}

// Where the state type S is bf16, each step of the update is rounded to it, as in the released code,
// whose operations are of bf16 tensors.
template <class S>
__device__ inline void update_element(float g, float *m, float *v, float *w,
                                      const struct adamw_coefficients &k) {
    float clipped = g * k.clip;
    *m = canonical(rounded<S>(fmaf(clipped - *m, k.gain1, *m)));
    *v = canonical(rounded<S>(fmaf(clipped * clipped, k.gain2, *v * k.beta2)));
    float step = *m / rounded<S>(fmaf(sqrtf(*v), k.root_scale, k.eps));
    *w = canonical(fmaf(step, -k.step_size, rounded<S>(*w * k.decay)));
}

template <class A, class S> struct span_arrays {
    S *moment1, *moment2, *master;
    A *weight; // NULL where it is `master`
    const float *gradient;

    __device__ bool are_aligned() const {
        return ((uintptr_t)moment1 | (uintptr_t)moment2 | (uintptr_t)master | (uintptr_t)weight |
                (uintptr_t)gradient) %
                   16 ==
               0;
    }
    __device__ void update_quad(size_t i, const struct adamw_coefficients &k) const {
        quad<float> gradients = *(const quad<float> *)(gradient + i);
        quad<S> *ms = (quad<S> *)(moment1 + i), *vs = (quad<S> *)(moment2 + i);
        quad<S> *ws = (quad<S> *)(master + i);
        quad<S> old_m = *ms, old_v = *vs, old_w = *ws;
        float g[QUAD], m[QUAD], v[QUAD], w[QUAD];
        quad_unpack(g, gradients);
        quad_unpack(m, old_m);
        quad_unpack(v, old_v);
        quad_unpack(w, old_w);
#pragma unroll
        for (unsigned j = 0; j < QUAD; j++) {
            update_element<S>(g[j], &m[j], &v[j], &w[j], k);
        }
        quad_pack(ms, m);
        quad_pack(vs, v);
        quad_pack(ws, w);
        if (weight) {
            quad_pack((quad<A> *)(weight + i), w);
        }
    }
    __device__ void update_one(size_t i, const struct adamw_coefficients &k) const {
        float m = to_float(moment1[i]), v = to_float(moment2[i]), w = to_float(master[i]);
        update_element<S>(gradient[i], &m, &v, &w, k);
        moment1[i] = from_float<S>(m);
        moment2[i] = from_float<S>(v);
        master[i] = from_float<S>(w);
        if (weight) {
            weight[i] = from_float<A>(w);
        }
    }
};

template <class A, class S>
__global__ void __launch_bounds__(SPAN_THREADS)
    update_kernel(const struct update_span *spans, size_t count) {
    const struct update_span *span = span_of_block(spans, count, blockIdx.x);
    const span_arrays<A, S> arrays = {(S *)span->moment1, (S *)span->moment2, (S *)span->master,
                                      (A *)span->weight, span->gradient};
    const struct adamw_coefficients k = span->k;
    size_t first = (blockIdx.x - span->first_block) * SPAN_PIECE;
    size_t last = first + SPAN_PIECE < span->n ? first + SPAN_PIECE : span->n;
    size_t quads_end = arrays.are_aligned() ? last - last % QUAD : first;
    for (size_t i = first + threadIdx.x * QUAD; i < quads_end; i += SPAN_THREADS * QUAD) {
        arrays.update_quad(i, k);
    }
    for (size_t i = quads_end + threadIdx.x; i < last; i += SPAN_THREADS) {
        arrays.update_one(i, k);
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
