// Dropout factors on the GPU: the bits of lib/base/random.h, recomputed wherever they are needed.
#ifndef DLT_KERNELS_CUDA_DROPOUT_H
#define DLT_KERNELS_CUDA_DROPOUT_H

#include "kernels/cuda/cuda.h"

__device__ inline uint4 dropout_block(const struct dropout_plan &plan, uint32_t index) {
    uint32_t c0 = index, c1 = plan.counter[1], c2 = plan.counter[2], c3 = plan.counter[3];
    uint32_t k0 = plan.key[0], k1 = plan.key[1];
#pragma unroll
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53U * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57U * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return uint4{c0, c1, c2, c3};
}

// The halves drawn for elements first .. first + 8, two to a word, the first in the lower half.
// They come from two blocks where `first` is no multiple of 8.
__device__ inline uint4 dropout_halves(const struct dropout_plan &plan, size_t first) {
    uint4 a = dropout_block(plan, (uint32_t)(first / 8));
    unsigned skipped = first % 8;
    if (skipped == 0) {
        return a;
    }
    uint4 b = dropout_block(plan, (uint32_t)(first / 8 + 1));
    uint32_t w[8] = {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
#pragma unroll
    for (int i = 0; i < 6; i++) {
        w[i] = skipped & 4 ? w[i + 2] : w[i];
    }
#pragma unroll
    for (int i = 0; i < 5; i++) {
        w[i] = skipped & 2 ? w[i + 1] : w[i];
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        w[i] = skipped & 1 ? w[i] >> 16 | w[i + 1] << 16 : w[i];
    }
    return uint4{w[0], w[1], w[2], w[3]};
}

__device__ inline float dropout_factor(const struct dropout_plan &plan, uint32_t half) {
    return half < plan.threshold ? 0 : plan.scale;
}

// x[i] times the factor of element first + i. WHOLE: `first` is a multiple of 8.
template <bool WHOLE = false>
__device__ inline void dropout_apply(const struct dropout_plan &plan, float x[OCTET],
                                     size_t first) {
    if (plan.threshold == 0) {
        return;
    }
    uint4 halves = WHOLE ? dropout_block(plan, (uint32_t)(first / 8)) : dropout_halves(plan, first);
    uint32_t w[4] = {halves.x, halves.y, halves.z, halves.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        x[2 * i] *= dropout_factor(plan, w[i] & 0xFFFF);
        x[2 * i + 1] *= dropout_factor(plan, w[i] >> 16);
    }
}

#endif
