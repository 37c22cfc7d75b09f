// Scaled dot-product attention, twice: in plain steps through the products of matrix.h, for every
// compute type and shape; and fused, bf16 with heads of an even size up to 128, where no score ever
// leaves the processor. A test compares the two.
#ifndef DLT_KERNELS_CUDA_ATTENTION_H
#define DLT_KERNELS_CUDA_ATTENTION_H

#include "kernels/cuda/dropout.h"

// An argument of every attention kernel.
struct attention {
    size_t B, T, H, D, C;
    bool causal;
    float scale; // of the scores: 1 / sqrt(D)
    struct dropout_plan plan;
};

static inline struct attention attention_shape(size_t B, size_t T, size_t H, size_t D, bool causal,
                                               const struct dropout *dropout) {
    return {B, T, H, D, H * D, causal, 1 / sqrtf((float)D), dropout_plan(dropout)};
}

// Element (row, column 0) of the probabilities of (b, h), as dropout numbers them.
__device__ static inline size_t attention_element(const struct attention &s, size_t b, size_t h,
                                                  size_t row) {
    return ((b * s.H + h) * s.T + row) * s.T;
}

template <class A>
void attention_plain_forward(device *dev, const struct attention &s, A *out, float *log_sum,
                             const A *qkv);
template <class A>
void attention_plain_backward(device *dev, const struct attention &s, A *qkv_gradient,
                              const A *out_gradient, const A *out, const A *qkv,
                              const float *log_sum);

static inline bool attention_can_fuse(const device *dev, const struct attention &s) {
    return !dev->plain_attention && s.D % 2 == 0 && s.D <= 128;
}
void attention_fused_forward(device *dev, const struct attention &s, bf16 *out, float *log_sum,
                             const bf16 *qkv);
void attention_fused_backward(device *dev, const struct attention &s, bf16 *qkv_gradient,
                              const bf16 *out_gradient, const bf16 *out, const bf16 *qkv,
                              const float *log_sum);

#endif
