// What the kernels of one instruction set share. Every file of kernels/cpu but device.c and
// dispatch.c is compiled once per instruction set, with DLT_ISA naming it.
#ifndef DLT_KERNELS_CPU_CPU_H
#define DLT_KERNELS_CPU_CPU_H

#include <assert.h>

#include "kernels/cpu/device.h"
#include "kernels/cpu/vector.h"

// CPU(name) is name_avx2 and so on: external names differ between instruction sets.
#define CPU_JOIN(name, isa) name##_##isa
#define CPU_NAME(name, isa) CPU_JOIN(name, isa)
#define CPU(name) CPU_NAME(name, DLT_ISA)

// Loops whose work is below this many elements (of a few operations each) are not worth a second
// thread: waking one costs some microseconds.
enum { PARALLEL_ELEMENTS = 16384 };

INLINE float *act_floats(act *x) {
    return (float *)x;
}

INLINE const float *act_const_floats(const act *x) {
    return (const float *)x;
}

INLINE size_t size_min(size_t a, size_t b) {
    return a < b ? a : b;
}

INLINE size_t size_max(size_t a, size_t b) {
    return a > b ? a : b;
}

INLINE size_t divide_up(size_t a, size_t b) {
    return (a + b - 1) / b;
}

INLINE size_t round_up(size_t a, size_t multiple) {
    return divide_up(a, multiple) * multiple;
}

void CPU(embedding_forward)(device *dev, act *out, const int32_t *tokens, const act *token_weight,
                            const act *position_weight, size_t N, size_t T, size_t C,
                            const struct dropout *dropout);
void CPU(embedding_backward)(device *dev, float *token_gradient, float *position_gradient,
                             const act *out_gradient, const int32_t *tokens, size_t N, size_t T,
                             size_t C, size_t V, const struct dropout *dropout);
void CPU(linear_forward)(device *dev, act *out, const act *x, const act *weight, const act *bias,
                         size_t N, size_t I, size_t O);
void CPU(linear_backward_input)(device *dev, act *x_gradient, const act *out_gradient,
                                const act *weight, size_t N, size_t I, size_t O, bool accumulate);
void CPU(linear_backward_weight)(device *dev, float *weight_gradient, float *bias_gradient,
                                 const act *out_gradient, const act *x, size_t N, size_t I,
                                 size_t O, bool accumulate);
// Of x (n); in linear.c.
void CPU(sum_columns)(const struct column_sums *sums, const float *x, size_t n);
void CPU(layernorm_forward)(device *dev, act *y, float *mean, float *rstd, const act *x,
                            const act *gain, const act *bias, size_t N, size_t C, float eps);
void CPU(layernorm_backward)(device *dev, act *x_gradient, float *gain_gradient,
                             float *bias_gradient, const act *y_gradient, const act *x,
                             const float *mean, const float *rstd, const act *gain, size_t N,
                             size_t C, bool accumulate, bool accumulate_weights);
void CPU(residual_layernorm_forward)(device *dev, act *sum, act *y, float *mean, float *rstd,
                                     const act *residual, const act *x,
                                     const struct dropout *dropout, const act *gain,
                                     const act *bias, size_t N, size_t C, float eps);
void CPU(dropout_backward)(device *dev, act *out, const act *in, size_t n,
                           const struct dropout *dropout, const struct column_sums *sums);
void CPU(attention_forward)(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                            size_t T, size_t H, size_t D, bool causal,
                            const struct dropout *dropout);
void CPU(attention_backward)(device *dev, act *qkv_gradient, const act *out_gradient,
                             const act *out, const act *qkv, const float *log_sum, size_t B,
                             size_t T, size_t H, size_t D, bool causal,
                             const struct dropout *dropout);
void CPU(gelu_forward)(device *dev, act *y, const act *x, size_t n);
void CPU(gelu_backward)(device *dev, act *x_gradient, const act *y_gradient, const act *x, size_t n,
                        const struct column_sums *sums);
void CPU(permute_columns)(device *dev, act *out, const act *in, size_t N, size_t groups,
                          size_t size, const int32_t *source);
void CPU(cross_entropy)(device *dev, float *losses, int32_t *correct, act *logits,
                        const int32_t *targets, size_t N, size_t V, size_t stride,
                        float gradient_scale);
double CPU(gradient_norm)(device *dev, const struct gradient_span *spans, size_t count);
void CPU(adamw)(device *dev, const struct adamw_span *spans, size_t count,
                const struct adamw_options *options);

#endif
