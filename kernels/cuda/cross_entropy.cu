#include "kernels/cuda/cuda.h"

constexpr unsigned THREADS = 512;

// The largest logit and the sum of exponentials relative to it, in one pass.
struct softmax_sum {
    float largest, sum;
};

__device__ static inline void softmax_add(struct softmax_sum *s, const float x[OCTET],
                                          size_t count) {
    float largest = s->largest;
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        largest = (size_t)i < count ? fmaxf(largest, x[i]) : largest;
    }
    if (largest > s->largest) {
        s->sum *= expf(s->largest - largest);
        s->largest = largest;
    }
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        s->sum += (size_t)i < count ? expf(x[i] - s->largest) : 0;
    }
}

// One row; every thread gets the row's result.
template <class A>
__device__ inline struct softmax_sum row_softmax(const A *row, size_t V, float *room) {
    struct softmax_sum s = {-INFINITY, 0};
    for (size_t v = threadIdx.x * OCTET; v < V; v += THREADS * OCTET) {
        float x[OCTET];
        octet_load(x, row + v, V - v);
        softmax_add(&s, x, V - v);
    }
    float largest = block_max(s.largest, room);
    float scale = s.largest > -INFINITY ? expf(s.largest - largest) : 1; // a NaN sum stays one
    return {largest, block_sum(s.sum * scale, room)};
}

// Whether logit `target` is the largest, the first of equals.
template <class A>
__device__ inline bool row_is_correct(const A *row, size_t target, float largest) {
    float logit = to_float(row[target]);
    bool equal_before = false;
    for (size_t v = threadIdx.x; v < target; v += THREADS) {
        equal_before |= to_float(row[v]) == logit;
    }
    return !block_any(equal_before || logit != largest);
}

// The row's gradient in place of its logits; `factor` is scale / sum.
template <class A>
__device__ inline void row_gradient(A *row, struct softmax_sum s, size_t target, float scale,
                                    size_t V, size_t stride) {
    float factor = scale / s.sum;
    for (size_t v = threadIdx.x * OCTET; v < stride; v += THREADS * OCTET) {
        float x[OCTET];
        octet_load(x, row + v, stride - v);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float p = expf(x[i] - s.largest) * factor - (v + i == target ? scale : 0);
            x[i] = v + i < V ? p : 0;
        }
        octet_store(row + v, x, stride - v);
    }
}

template <class A> __device__ inline void row_clear(A *row, size_t stride) {
    const float zeros[OCTET] = {};
    for (size_t v = threadIdx.x * OCTET; v < stride; v += THREADS * OCTET) {
        octet_store(row + v, zeros, stride - v);
    }
}

template <class A>
__global__ void __launch_bounds__(THREADS)
    cross_entropy_kernel(float *losses, int32_t *correct, A *logits, const int32_t *targets,
                         size_t V, size_t stride, float gradient_scale) {
    float *room = (float *)shared_memory();
    size_t n = blockIdx.x;
    A *row = logits + n * stride;
    int32_t wanted = targets[n];
    float loss = 0;
    bool right = false;
    if (wanted < 0) {
        if (gradient_scale != 0) {
            row_clear(row, stride);
        }
    } else {
        size_t target = (size_t)wanted;
        struct softmax_sum s = row_softmax(row, V, room);
        loss = (float)((double)s.largest + log((double)s.sum) - (double)to_float(row[target]));
        loss = loss == loss ? loss : __uint_as_float(0x7FC00000U); // the one NaN
        right = correct ? row_is_correct(row, target, s.largest) : false;
        block_barrier(); // the target's logit is read by all before it is overwritten
        if (gradient_scale != 0) {
            row_gradient(row, s, target, gradient_scale, V, stride);
        }
    }
    if (threadIdx.x == 0) {
        losses[n] = loss;
        if (correct) {
            correct[n] = right;
        }
    }
}

template <class A>
void cuda_cross_entropy(device *dev, float *losses, int32_t *correct, act *logits,
                        const int32_t *targets, size_t N, size_t V, size_t stride,
                        float gradient_scale) {
    assert(V > 0 && V <= stride);
    launch(dev, "the cross-entropy", cross_entropy_kernel<A>, N, THREADS,
           THREADS / WARP * sizeof(float), losses, correct, (A *)logits, targets, V, stride,
           gradient_scale);
}
FOR_COMPUTE_TYPES(cuda_cross_entropy);
