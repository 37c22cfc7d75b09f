// What the CUDA kernels share. Every operation is a template over its compute type A, float or
// bf16; sums, statistics and whatever lies between a load and a store are float.
//
// Rows are worked on in octets, eight elements side by side: sixteen bytes of bf16, and one block of
// dropout's random numbers. An octet may be cut short by its row's end, or lie askew to sixteen
// bytes; then its elements go one by one.
//
// The host's side only launches. The first thing that goes wrong is kept in the device, later
// launches do nothing, and check() tells.
#ifndef DLT_KERNELS_CUDA_CUDA_H
#define DLT_KERNELS_CUDA_CUDA_H

#include <assert.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <chip.h>

extern "C" {
#include "kernels/adamw.h"
#include "kernels/dropout.h"
#include "kernels/ops.h"
}
#include "kernels/cuda/device.h"

struct bf16 {
    uint16_t bits;
};

constexpr unsigned WARP = 32;
constexpr int OCTET = 8;

static constexpr size_t divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

static constexpr size_t round_up(size_t a, size_t multiple) {
    return divide_up(a, multiple) * multiple;
}

// ---- Launching ----------------------------------------------------------------------------------

// kernel<<<blocks, threads, shared>>>(arguments). No blocks are no launch. Grids have one dimension:
// the others end at 65,535.
template <class... Parameters, class... Arguments>
void launch(device *dev, const char *what, void (*kernel)(Parameters...), size_t blocks,
            unsigned threads, size_t shared, Arguments... arguments) {
    enum { ALWAYS_ALLOWED = 48 << 10 };
    if (dev->status != STATUS_OK || blocks == 0) {
        return;
    }
    if (blocks > INT32_MAX) {
        device_note(dev, what, cudaErrorInvalidConfiguration);
        return;
    }
    if (shared > ALWAYS_ALLOWED) {
        device_note(
            dev, what,
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
    }
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3((unsigned)blocks);
    config.blockDim = threads;
    config.dynamicSmemBytes = shared;
    config.stream = dev->stream;
    device_note(dev, what, cudaLaunchKernelEx(&config, kernel, arguments...));
}

// ---- Elements -----------------------------------------------------------------------------------

__device__ inline float to_float(float x) {
    return x;
}

__device__ inline float to_float(bf16 x) {
    return __uint_as_float((uint32_t)x.bits << 16);
}

template <class A> __device__ inline A from_float(float x);
template <> __device__ inline float from_float<float>(float x) {
    return x;
}
template <> __device__ inline bf16 from_float<bf16>(float x) {
    return bf16{(uint16_t)pack_bf16(x, 0)};
}

// What is left of x in type A.
template <class A> __device__ inline float rounded(float x) {
    return to_float(from_float<A>(x));
}

__device__ inline bool is_whole(const void *octet, size_t count) {
    return count >= OCTET && (uintptr_t)octet % 16 == 0;
}

// A whole octet as it lies in memory. What is to be under way together is loaded so, before the first
// of it is looked at.
template <class A> struct octet_bits;
template <> struct octet_bits<bf16> { uint4 words; };
template <> struct octet_bits<float> { float4 low, high; };

template <class A> __device__ inline octet_bits<A> octet_bits_load(const A *from) {
    return *(const octet_bits<A> *)from;
}

__device__ inline void octet_unpack(float to[OCTET], const octet_bits<float> &from) {
    float4 a = from.low, b = from.high;
    to[0] = a.x, to[1] = a.y, to[2] = a.z, to[3] = a.w;
    to[4] = b.x, to[5] = b.y, to[6] = b.z, to[7] = b.w;
}

__device__ inline void octet_unpack(float to[OCTET], const octet_bits<bf16> &from) {
    uint32_t w[4] = {from.words.x, from.words.y, from.words.z, from.words.w};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        to[2 * i] = __uint_as_float(w[i] << 16);
        to[2 * i + 1] = __uint_as_float(w[i] & 0xFFFF0000U);
    }
}

__device__ inline void octet_pack(octet_bits<float> *to, const float from[OCTET]) {
    to->low = float4{from[0], from[1], from[2], from[3]};
    to->high = float4{from[4], from[5], from[6], from[7]};
}

__device__ inline void octet_pack(octet_bits<bf16> *to, const float from[OCTET]) {
    to->words = uint4{pack_bf16(from[0], from[1]), pack_bf16(from[2], from[3]),
                      pack_bf16(from[4], from[5]), pack_bf16(from[6], from[7])};
}

// Up to eight elements, of which `count` are there; the others are 0.
template <class A> __device__ inline void octet_load(float to[OCTET], const A *from, size_t count) {
    if (is_whole(from, count)) {
        octet_unpack(to, octet_bits_load(from));
        return;
    }
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        to[i] = (size_t)i < count ? to_float(from[i]) : 0;
    }
}

template <class A> __device__ inline void octet_store_whole(A *to, const float from[OCTET]) {
    octet_pack((octet_bits<A> *)to, from);
}

template <class A>
__device__ inline void octet_store(A *to, const float from[OCTET], size_t count) {
    if (is_whole(to, count)) {
        octet_store_whole(to, from);
        return;
    }
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        if ((size_t)i < count) {
            to[i] = from_float<A>(from[i]);
        }
    }
}

// ---- Sums over threads, in a fixed order --------------------------------------------------------

template <class T> __device__ inline T warp_sum(T x) {
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) {
        x += warp_exchange(x, mask);
    }
    return x;
}

__device__ inline float warp_max(float x) {
#pragma unroll
    for (int mask = WARP / 2; mask > 0; mask /= 2) {
        x = fmaxf(x, warp_exchange(x, mask));
    }
    return x;
}

// Combines what the warps of a block have; `room` holds an element per warp. The result is every
// thread's.
template <class T, class F> __device__ inline T block_combine(T x, T *room, F combine) {
    if (threadIdx.x % WARP == 0) {
        room[threadIdx.x / WARP] = x;
    }
    block_barrier();
    T result = room[0];
    for (unsigned w = 1; w < blockDim.x / WARP; w++) {
        result = combine(result, room[w]);
    }
    block_barrier(); // `room` may be used again
    return result;
}

template <class T> __device__ inline T block_sum(T x, T *room) {
    return block_combine(warp_sum(x), room, [](T a, T b) { return a + b; });
}

__device__ inline float block_max(float x, float *room) {
    return block_combine(warp_max(x), room, [](float a, float b) { return fmaxf(a, b); });
}

// ---- The operations, as kernels/ops.h has them --------------------------------------------------

// Instances of an operation for both compute types. T: the operation's type in struct ops.
#define FOR_COMPUTE_TYPES(name)                                                                    \
    template decltype(name<float>) name<float>;                                                    \
    template decltype(name<bf16>) name<bf16>

template <class S> void cuda_upload_state(device *dev, void *to, const void *host_from, size_t n);
template <class S>
void cuda_download_state(device *dev, float *host_to, const void *from, size_t n);
// From master weights of type S.
template <class A, class S> void cuda_cast(device *dev, act *weight, const void *master, size_t n);
template <class A>
void cuda_embedding_forward(device *dev, act *out, const int32_t *tokens, const act *token_weight,
                            const act *position_weight, size_t N, size_t T, size_t C,
                            const struct dropout *dropout);
template <class A>
void cuda_embedding_backward(device *dev, float *token_gradient, float *position_gradient,
                             const act *out_gradient, const int32_t *tokens, size_t N, size_t T,
                             size_t C, size_t V, const struct dropout *dropout);
template <class A>
void cuda_linear_forward(device *dev, act *out, const act *x, const act *weight, const act *bias,
                         size_t N, size_t I, size_t O);
template <class A>
void cuda_linear_backward_input(device *dev, act *x_gradient, const act *out_gradient,
                                const act *weight, size_t N, size_t I, size_t O, bool accumulate);
template <class A>
void cuda_linear_backward_weight(device *dev, float *weight_gradient, float *bias_gradient,
                                 const act *out_gradient, const act *x, size_t N, size_t I,
                                 size_t O, bool accumulate);
template <class A>
void cuda_layernorm_forward(device *dev, act *y, float *mean, float *rstd, const act *x,
                            const act *gain, const act *bias, size_t N, size_t C, float eps);
template <class A>
void cuda_layernorm_backward(device *dev, act *x_gradient, float *gain_gradient,
                             float *bias_gradient, const act *y_gradient, const act *x,
                             const float *mean, const float *rstd, const act *gain, size_t N,
                             size_t C, bool accumulate, bool accumulate_weights);
template <class A>
void cuda_residual_layernorm_forward(device *dev, act *sum, act *y, float *mean, float *rstd,
                                     const act *residual, const act *x,
                                     const struct dropout *dropout, const act *gain,
                                     const act *bias, size_t N, size_t C, float eps);
template <class A>
void cuda_dropout_backward(device *dev, act *out, const act *in, size_t n,
                           const struct dropout *dropout, const struct column_sums *sums);
template <class A>
void cuda_attention_forward(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                            size_t T, size_t H, size_t D, bool causal,
                            const struct dropout *dropout);
template <class A>
void cuda_attention_backward(device *dev, act *qkv_gradient, const act *out_gradient,
                             const act *out, const act *qkv, const float *log_sum, size_t B,
                             size_t T, size_t H, size_t D, bool causal,
                             const struct dropout *dropout);
template <class A> void cuda_gelu_forward(device *dev, act *y, const act *x, size_t n);
template <class A>
void cuda_gelu_backward(device *dev, act *x_gradient, const act *y_gradient, const act *x, size_t n,
                        const struct column_sums *sums);
template <class A>
void cuda_permute_columns(device *dev, act *out, const act *in, size_t N, size_t groups,
                          size_t size, const int32_t *source);
template <class A>
void cuda_cross_entropy(device *dev, float *losses, int32_t *correct, act *logits,
                        const int32_t *targets, size_t N, size_t V, size_t stride,
                        float gradient_scale);
double cuda_gradient_norm(device *dev, const struct gradient_span *spans, size_t count);
template <class A, class S>
void cuda_adamw(device *dev, const struct adamw_span *spans, size_t count,
                const struct adamw_options *options);

#endif
