// The operations that a device offers: one table of functions, implemented by kernels/cpu (one
// table per instruction set, all with the same bits) and by kernels/cuda.
//
// Letters, the same everywhere: B batch, T context, N = B T rows, C width, H heads, D = C / H head
// size, F feed-forward width, V vocabulary, I and O a linear's inputs and outputs. Matrices are
// row-major; (R, S) is R rows of S elements.
//
// Types. `act` is the device's compute type: activations, and the weights that they meet. It is
// float on the CPU, bf16 on CUDA by default. The state type is that of master weights and AdamW's
// moments: float, but for CUDA's bf16-pure. Weight gradients, losses and layer-norm statistics are
// always float. All pointers are device memory unless a
// parameter is marked host.
//
// Gradients are stored ("="), or with a parameter that says so added to what is there ("+="): every
// use of a tied layer but the first of a step adds to its owner's. The embedding's are added always.
//
// Operations run in the order of the calls. They return nothing: what goes wrong on a device is
// remembered there and told by check(). Shapes and pointers are the caller's contract (asserted).
//
// Determinism: each operation is a function of its inputs alone, to the bit; on
// the CPU the same for every instruction set, compiler and number of threads. NaNs are the
// exception: their sign and payload differ between CPUs, and become the one quiet NaN only where
// numbers leave a training step: losses, norms, and what adamw() writes.
#ifndef DLT_KERNELS_OPS_H
#define DLT_KERNELS_OPS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/random.h"
#include "lib/base/status.h"

typedef struct act act;       // element of the compute type; never dereferenced outside kernels/
typedef struct device device; // a device's own state: threads' scratch, streams, handles

// Dropout of elements numbered e = 0, 1, ...: e is dropped if half e % 8 of Philox block e / 8 at
// `place` is below round(65536 p); what is kept is scaled by 65536 / (65536 - round(65536 p)).
// The same numbers in forward and backward: nothing is stored. p = 0 draws nothing.
struct dropout {
    double p; // 0 <= p < 1
    struct random_place place;
};

// Of the 65536 values that are drawn, how many drop.
static inline uint32_t dropout_threshold(double p) {
    return (uint32_t)rint(65536 * p);
}

// One parameter tensor (or run of tensors) with its owner's optimiser state, for adamw().
struct adamw_span {
    void *master; // n weights of the state type
    act *weight;  // n; the same array as `master` where the two types are one
    const float *gradient;
    void *moment1, *moment2; // n each, of the state type
    size_t n;
    int64_t step; // this owner's step count, 1 for its first update
};

struct adamw_options {
    double lr, beta1, beta2, eps, weight_decay;
    float clip_factor; // gradients are multiplied by it: min(1, clip / norm)
};

struct gradient_span {
    const float *gradient;
    size_t n;
};

// Where an operation also leaves the sums of the columns of what it writes, the gradient of a bias:
// to (columns) = ..., or += with `accumulate`, just as linear_backward_weight() would sum them.
struct column_sums {
    float *to;
    size_t columns;
    bool accumulate;
};

struct ops {
    const char *name;           // "cpu/avx512", "cuda", ...
    size_t act_bytes;           // size of one act
    size_t state_bytes;         // size of an element of the state type
    size_t vocabulary_multiple; // the head's rows are padded to a multiple of this
    size_t head_rows;           // rows of logits worth computing together: a multiple of 256
    size_t workspace_bytes;     // what the device takes for itself, usual scratch included

    enum status (*open)(device **dev, struct error *error);
    void (*close)(device *dev);
    // Waits; STATUS_FAILURE if anything failed.
    enum status (*check)(device *dev, struct error *error);

    // Memory: zeroed, 64-byte aligned; counted in bytes_in_use.
    enum status (*allocate)(device *dev, void **memory, size_t bytes, const char *what,
                            struct error *error);
    void (*release)(device *dev, void *memory, size_t bytes);
    size_t (*bytes_in_use)(const device *dev);
    size_t (*bytes_peak)(const device *dev); // highest bytes_in_use, scratch included
    size_t (*bytes_available)(device *dev);  // that allocate() could give; 0: not known
    // What the device chose by itself and results depend on, as lines of text: for the run's record,
    // and for a checkpoint, so that a resumed run goes on with the same. "" where there is nothing of
    // the kind. Valid until the next operation.
    const char *(*choices)(device *dev);
    // To be called before any operation. False: they are of another GPU or library, and choices will
    // be made anew.
    bool (*restore_choices)(device *dev, const char *choices);
    void (*upload)(device *dev, void *to, const void *host_from, size_t bytes);
    void (*download)(device *dev, void *host_to, const void *from, size_t bytes);
    void (*copy)(device *dev, void *to, const void *from, size_t bytes);
    void (*zero)(device *dev, void *memory, size_t bytes);
    // n numbers of the state type; floats on the host, which may come from any address.
    void (*upload_state)(device *dev, void *to, const void *host_from, size_t n);
    void (*download_state)(device *dev, float *host_to, const void *from, size_t n);
    // weight[i] = master[i] in the compute type; nothing to do where they are one array.
    void (*cast)(device *dev, act *weight, const void *master, size_t n);

    // out (N, C) = dropout(token_weight[tokens] + position_weight[0..T)), N a multiple of T.
    // tokens: N ids < V. position_weight NULL: of the tokens alone.
    void (*embedding_forward)(device *dev, act *out, const int32_t *tokens, const act *token_weight,
                              const act *position_weight, size_t N, size_t T, size_t C,
                              const struct dropout *dropout);
    // Adds to token_gradient (V, C) and, unless NULL, position_gradient (T, C). Equal tokens in
    // ascending row order.
    void (*embedding_backward)(device *dev, float *token_gradient, float *position_gradient,
                               const act *out_gradient, const int32_t *tokens, size_t N, size_t T,
                               size_t C, size_t V, const struct dropout *dropout);

    // out (N, O) = x (N, I) weight^T + bias; weight (O, I); bias (O) may be NULL.
    // Each element: K = I cut at multiples of 256; in each piece one chain of fused multiply-adds
    // from 0 in ascending order; the pieces added in order; bias last.
    void (*linear_forward)(device *dev, act *out, const act *x, const act *weight, const act *bias,
                           size_t N, size_t I, size_t O);
    // x_gradient (N, I) = out_gradient (N, O) weight; or += with `accumulate`, the pieces added in
    // order to what is there. K = O, cut as above.
    void (*linear_backward_input)(device *dev, act *x_gradient, const act *out_gradient,
                                  const act *weight, size_t N, size_t I, size_t O, bool accumulate);
    // weight_gradient (O, I) = out_gradient^T x, bias_gradient (O) = column sums of out_gradient; or
    // += with `accumulate`. bias_gradient may be NULL. K = N, cut as above.
    void (*linear_backward_weight)(device *dev, float *weight_gradient, float *bias_gradient,
                                   const act *out_gradient, const act *x, size_t N, size_t I,
                                   size_t O, bool accumulate);

    // y (N, C) = (x - mean) rstd gain + bias, rstd = 1 / sqrt(variance + eps), the variance biased.
    // mean and rstd (N) are stored for backward.
    void (*layernorm_forward)(device *dev, act *y, float *mean, float *rstd, const act *x,
                              const act *gain, const act *bias, size_t N, size_t C, float eps);
    // x_gradient (N, C) = ..., or += with `accumulate` (the residual stream). gain_gradient and
    // bias_gradient (C) = ..., or += with `accumulate_weights`; both may be NULL (a tied use that
    // trains nothing).
    void (*layernorm_backward)(device *dev, act *x_gradient, float *gain_gradient,
                               float *bias_gradient, const act *y_gradient, const act *x,
                               const float *mean, const float *rstd, const act *gain, size_t N,
                               size_t C, bool accumulate, bool accumulate_weights);
    // sum (N, C) = residual + dropout(x), then y = layernorm(sum), in one pass. sum or y may be
    // residual.
    void (*residual_layernorm_forward)(device *dev, act *sum, act *y, float *mean, float *rstd,
                                       const act *residual, const act *x,
                                       const struct dropout *dropout, const act *gain,
                                       const act *bias, size_t N, size_t C, float eps);
    // out (n) = x_gradient through dropout: kept elements scaled, dropped ones 0. out may be in. sums
    // may be NULL; n is a multiple of their columns.
    void (*dropout_backward)(device *dev, act *out, const act *in, size_t n,
                             const struct dropout *dropout, const struct column_sums *sums);

    // Scaled dot-product attention, scale 1 / sqrt(D). qkv (N, 3C): q, k and v side by side, heads
    // side by side within each. out (N, C). log_sum (B, H, T): log of each row's sum of exponentials
    // (of the scaled scores), for backward. With `causal`, a row sees columns up to its own. Dropout
    // on the probabilities; element ((b H + h) T + row) T + column.
    void (*attention_forward)(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                              size_t T, size_t H, size_t D, bool causal,
                              const struct dropout *dropout);
    // qkv_gradient (N, 3C) = ...; probabilities are recomputed from qkv and log_sum.
    void (*attention_backward)(device *dev, act *qkv_gradient, const act *out_gradient,
                               const act *out, const act *qkv, const float *log_sum, size_t B,
                               size_t T, size_t H, size_t D, bool causal,
                               const struct dropout *dropout);

    // Exact GELU: y = x Phi(x), through erf. y may be x only in forward, x_gradient may be y_gradient.
    // sums may be NULL; n is a multiple of their columns.
    void (*gelu_forward)(device *dev, act *y, const act *x, size_t n);
    void (*gelu_backward)(device *dev, act *x_gradient, const act *y_gradient, const act *x,
                          size_t n, const struct column_sums *sums);

    // out[row][to * size + j] = in[row][source[to] * size + j] for `groups` groups of `size`
    // columns: permuted heads (H groups of D) or hidden units (F groups of 1). source: host, a
    // permutation. Its gradient is the same with the inverse permutation. out is not in.
    void (*permute_columns)(device *dev, act *out, const act *in, size_t N, size_t groups,
                            size_t size, const int32_t *source);

    // losses (N) = -log softmax(logits)[target]; rows with target < 0 give 0 and no gradient.
    // logits (N, stride): columns V..stride are padding. With gradient_scale != 0 the logits are
    // replaced by their gradient, gradient_scale (softmax - one-hot), padding by 0.
    // correct (N), unless NULL: 1 where the target is the largest logit (the lowest index of equals).
    void (*cross_entropy)(device *dev, float *losses, int32_t *correct, act *logits,
                          const int32_t *targets, size_t N, size_t V, size_t stride,
                          float gradient_scale);

    // Euclidean norm over all spans, as if they were one vector: each span's squares summed in
    // double in fixed pieces, the spans in order. Waits; the result is host.
    double (*gradient_norm)(device *dev, const struct gradient_span *spans, size_t count);
    // AdamW (Loshchilov and Hutter 2019, as PyTorch's AdamW): decay by lr * weight_decay, then the
    // update with bias-corrected moments, by each span's own step count; all spans, in order:
    //     g = clip_factor gradient;  m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2
    //     w = (1 - lr weight_decay) w - lr / (1 - beta1^step) m / (sqrt(v / (1 - beta2^step)) + eps)
    void (*adamw)(device *dev, const struct adamw_span *spans, size_t count,
                  const struct adamw_options *options);
};

// The CPU. The best instruction set that this machine has, unless DLT_CPU_ISA names another of
// "avx512", "avx2", "neon", "plain". STATUS_USAGE: unknown, or not on this machine.
enum status ops_cpu(const struct ops **ops, struct error *error);

// CUDA: a shared object of its own, loaded where it is asked for (lib/train/device.h), which
// exports this as `dlt_cuda_module`.
enum ops_precision {
    OPS_FP32,
    OPS_BF16,      // activations, and the weights that they meet, bf16
    OPS_BF16_PURE, // weights and moments too: no master weights, as the released code has it
};
// What its tables have for vocabulary_multiple, head_rows and workspace_bytes: known without it, for
// counting the memory of a run on another machine. The vocabulary's rows are padded for products whose
// rows are whole octets; the head's rows, so that a chunk of logits is worth reading all of the token
// embedding for.
enum {
    CUDA_VOCABULARY_MULTIPLE = 64,
    CUDA_HEAD_ROWS = 2048,
    CUDA_WORKSPACE_BYTES = 96 << 20,
};
struct cuda_module {
    const char *version;   // DLT_VERSION; another version's tables are not to be touched
    uint32_t ops_checksum; // DLT_OPS_CHECKSUM, of this file: two builds that fit have the same
    // STATUS_FAILURE: no driver, no GPU, or one without bf16.
    enum status (*find)(enum ops_precision precision, const struct ops **ops, struct error *error);
};

#endif
