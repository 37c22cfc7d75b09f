// Every numerical operation of kernels/ops.h in plain loops and float64, written from the
// definitions alone: what the CPU kernels are held against. Random numbers come from lib/base.
#ifndef DLT_TESTS_CPU_REFERENCE_H
#define DLT_TESTS_CPU_REFERENCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/ops.h"
#include "lib/base/memory.h"

static enum status reference_allocate(device *dev, void **memory, size_t bytes, const char *what,
                                      struct error *error) {
    (void)dev;
    return memory_allocate(memory, bytes, 1, what, error);
}

static void reference_release(device *dev, void *memory, size_t bytes) {
    (void)dev;
    (void)bytes;
    free(memory);
}

static void reference_copy(device *dev, void *to, const void *from, size_t bytes) {
    (void)dev;
    memcpy(to, from, bytes);
}

static void reference_upload_state(device *dev, void *to, const void *from, size_t n) {
    reference_copy(dev, to, from, n * sizeof(float));
}

static void reference_download_state(device *dev, float *to, const void *from, size_t n) {
    reference_copy(dev, to, from, n * sizeof *to);
}

static double reference_factor(const struct dropout *dropout, size_t element) {
    if (dropout->p == 0) {
        return 1;
    }
    double threshold = rint(65536 * dropout->p);
    uint32_t words[4];
    random_block(&dropout->place, (uint32_t)(element / 8), words);
    uint32_t half = words[element % 8 / 2] >> (element % 2 * 16) & 0xffff;
    return half < threshold ? 0 : 65536 / (65536 - threshold);
}

static void reference_embedding_forward(device *dev, act *out, const int32_t *tokens,
                                        const act *token_weight, const act *position_weight,
                                        size_t N, size_t T, size_t C,
                                        const struct dropout *dropout) {
    (void)dev;
    const float *token = (const float *)token_weight, *position = (const float *)position_weight;
    for (size_t e = 0; e < N * C; e++) {
        size_t row = e / C, c = e % C;
        double sum =
            (double)token[(size_t)tokens[row] * C + c] + (position ? position[row % T * C + c] : 0);
        ((float *)out)[e] = (float)(reference_factor(dropout, e) * sum);
    }
}

static void reference_embedding_backward(device *dev, float *token_gradient,
                                         float *position_gradient, const act *out_gradient,
                                         const int32_t *tokens, size_t N, size_t T, size_t C,
                                         size_t V, const struct dropout *dropout) {
    (void)dev;
    double *sums = calloc((V + T) * C, sizeof *sums);
    for (size_t e = 0; e < N * C; e++) {
        size_t row = e / C, c = e % C;
        double gradient = reference_factor(dropout, e) * ((const float *)out_gradient)[e];
        sums[(size_t)tokens[row] * C + c] += gradient;
        sums[(V + row % T) * C + c] += gradient;
    }
    for (size_t i = 0; i < V * C; i++) {
        token_gradient[i] = (float)(token_gradient[i] + sums[i]);
    }
    for (size_t i = 0; position_gradient && i < T * C; i++) {
        position_gradient[i] = (float)(position_gradient[i] + sums[V * C + i]);
    }
    free(sums);
}

static void reference_linear_forward(device *dev, act *out, const act *x, const act *weight,
                                     const act *bias, size_t N, size_t I, size_t O) {
    (void)dev;
    for (size_t n = 0; n < N; n++) {
        for (size_t o = 0; o < O; o++) {
            double sum = bias ? ((const float *)bias)[o] : 0;
            for (size_t i = 0; i < I; i++) {
                sum += (double)((const float *)x)[n * I + i] * ((const float *)weight)[o * I + i];
            }
            ((float *)out)[n * O + o] = (float)sum;
        }
    }
}

static void reference_linear_backward_input(device *dev, act *x_gradient, const act *out_gradient,
                                            const act *weight, size_t N, size_t I, size_t O,
                                            bool accumulate) {
    (void)dev;
    double *row = calloc(I, sizeof *row);
    for (size_t n = 0; n < N; n++) {
        float *to = (float *)x_gradient + n * I;
        for (size_t i = 0; i < I; i++) {
            row[i] = accumulate ? to[i] : 0;
        }
        for (size_t o = 0; o < O; o++) {
            double gradient = ((const float *)out_gradient)[n * O + o];
            for (size_t i = 0; i < I; i++) {
                row[i] += gradient * ((const float *)weight)[o * I + i];
            }
        }
        for (size_t i = 0; i < I; i++) {
            to[i] = (float)row[i];
        }
    }
    free(row);
}

static void reference_linear_backward_weight(device *dev, float *weight_gradient,
                                             float *bias_gradient, const act *out_gradient,
                                             const act *x, size_t N, size_t I, size_t O,
                                             bool accumulate) {
    (void)dev;
    double *row = calloc(I + 1, sizeof *row); // the last column is the bias
    for (size_t o = 0; o < O; o++) {
        for (size_t i = 0; i < I; i++) {
            row[i] = accumulate ? weight_gradient[o * I + i] : 0;
        }
        row[I] = accumulate && bias_gradient ? bias_gradient[o] : 0;
        for (size_t n = 0; n < N; n++) {
            double gradient = ((const float *)out_gradient)[n * O + o];
            for (size_t i = 0; i < I; i++) {
                row[i] += gradient * ((const float *)x)[n * I + i];
            }
            row[I] += gradient;
        }
        for (size_t i = 0; i < I; i++) {
            weight_gradient[o * I + i] = (float)row[i];
        }
        if (bias_gradient) {
            bias_gradient[o] = (float)row[I];
        }
    }
    free(row);
}

static void reference_layernorm_forward(device *dev, act *y, float *mean, float *rstd, const act *x,
                                        const act *gain, const act *bias, size_t N, size_t C,
                                        float eps) {
    (void)dev;
    for (size_t n = 0; n < N; n++) {
        const float *row = (const float *)x + n * C;
        double sum = 0, squares = 0;
        for (size_t c = 0; c < C; c++) {
            sum += row[c];
        }
        double m = sum / (double)C;
        for (size_t c = 0; c < C; c++) {
            squares += (row[c] - m) * (row[c] - m);
        }
        double r = 1 / sqrt(squares / (double)C + (double)eps);
        for (size_t c = 0; c < C; c++) {
            ((float *)y)[n * C + c] =
                (float)((row[c] - m) * r * ((const float *)gain)[c] + ((const float *)bias)[c]);
        }
        mean[n] = (float)m;
        rstd[n] = (float)r;
    }
}

static void reference_layernorm_backward(device *dev, act *x_gradient, float *gain_gradient,
                                         float *bias_gradient, const act *y_gradient, const act *x,
                                         const float *mean, const float *rstd, const act *gain,
                                         size_t N, size_t C, bool accumulate,
                                         bool accumulate_weights) {
    (void)dev;
    double *sums = calloc(2 * C, sizeof *sums);
    for (size_t n = 0; n < N; n++) {
        const float *dy = (const float *)y_gradient + n * C, *row = (const float *)x + n * C;
        float *dx = (float *)x_gradient + n * C;
        double sum = 0, sum_normal = 0, m = mean[n], r = rstd[n];
        for (size_t c = 0; c < C; c++) {
            double normal = (row[c] - m) * r, gradient = (double)dy[c] * ((const float *)gain)[c];
            sum += gradient;
            sum_normal += gradient * normal;
            sums[c] += dy[c] * normal;
            sums[C + c] += dy[c];
        }
        for (size_t c = 0; c < C; c++) {
            double normal = (row[c] - m) * r, gradient = (double)dy[c] * ((const float *)gain)[c];
            double g = r * (gradient - sum / (double)C - normal * sum_normal / (double)C);
            dx[c] = (float)(g + (accumulate ? dx[c] : 0));
        }
    }
    for (size_t c = 0; c < C && gain_gradient; c++) {
        gain_gradient[c] = (float)((accumulate_weights ? gain_gradient[c] : 0) + sums[c]);
        bias_gradient[c] = (float)((accumulate_weights ? bias_gradient[c] : 0) + sums[C + c]);
    }
    free(sums);
}

static void reference_residual_layernorm_forward(device *dev, act *sum, act *y, float *mean,
                                                 float *rstd, const act *residual, const act *x,
                                                 const struct dropout *dropout, const act *gain,
                                                 const act *bias, size_t N, size_t C, float eps) {
    for (size_t e = 0; e < N * C; e++) {
        ((float *)sum)[e] = (float)(((const float *)residual)[e] +
                                    reference_factor(dropout, e) * ((const float *)x)[e]);
    }
    reference_layernorm_forward(dev, y, mean, rstd, sum, gain, bias, N, C, eps);
}

static void reference_sum_columns(const struct column_sums *sums, const act *x, size_t n) {
    for (size_t j = 0; sums && j < sums->columns; j++) {
        double sum = sums->accumulate ? sums->to[j] : 0;
        for (size_t i = j; i < n; i += sums->columns) {
            sum += ((const float *)x)[i];
        }
        sums->to[j] = (float)sum;
    }
}

static void reference_dropout_backward(device *dev, act *out, const act *in, size_t n,
                                       const struct dropout *dropout,
                                       const struct column_sums *sums) {
    (void)dev;
    for (size_t e = 0; e < n; e++) {
        ((float *)out)[e] = (float)(reference_factor(dropout, e) * ((const float *)in)[e]);
    }
    reference_sum_columns(sums, out, n);
}

// One row of scaled scores in `scores`, as far as it sees; returns their number.
static size_t reference_scores(double *scores, const float *qkv, size_t b, size_t h, size_t row,
                               size_t T, size_t H, size_t D, bool causal) {
    size_t columns = causal ? row + 1 : T;
    for (size_t j = 0; j < columns; j++) {
        const float *q = qkv + (b * T + row) * 3 * H * D + h * D;
        const float *k = qkv + (b * T + j) * 3 * H * D + (H + h) * D;
        scores[j] = 0;
        for (size_t d = 0; d < D; d++) {
            scores[j] += (double)q[d] * k[d] / sqrt((double)D);
        }
    }
    return columns;
}

static void reference_attention_forward(device *dev, act *out, float *log_sum, const act *qkv,
                                        size_t B, size_t T, size_t H, size_t D, bool causal,
                                        const struct dropout *dropout) {
    (void)dev;
    double *scores = calloc(T, sizeof *scores);
    for (size_t r = 0; r < B * H * T; r++) { // r = (b H + h) T + row
        size_t b = r / T / H, h = r / T % H, row = r % T;
        size_t columns = reference_scores(scores, (const float *)qkv, b, h, row, T, H, D, causal);
        double sum = 0, largest = -INFINITY;
        for (size_t j = 0; j < columns; j++) {
            largest = fmax(largest, scores[j]);
        }
        for (size_t j = 0; j < columns; j++) {
            sum += exp(scores[j] - largest);
        }
        log_sum[r] = (float)(largest + log(sum));
        for (size_t d = 0; d < D; d++) {
            double value = 0;
            for (size_t j = 0; j < columns; j++) {
                double p = exp(scores[j] - largest) / sum * reference_factor(dropout, r * T + j);
                value += p * ((const float *)qkv)[((b * T + j) * 3 + 2) * H * D + h * D + d];
            }
            ((float *)out)[(b * T + row) * H * D + h * D + d] = (float)value;
        }
    }
    free(scores);
}

static void reference_attention_backward(device *dev, act *qkv_gradient, const act *out_gradient,
                                         const act *out, const act *qkv, const float *log_sum,
                                         size_t B, size_t T, size_t H, size_t D, bool causal,
                                         const struct dropout *dropout) {
    (void)dev;
    size_t C = H * D;
    const float *x = (const float *)qkv, *dout = (const float *)out_gradient;
    double *scores = calloc(T, sizeof *scores), *dx = calloc(B * T * 3 * C, sizeof *dx);
    for (size_t r = 0; r < B * H * T; r++) {
        size_t b = r / T / H, h = r / T % H, row = r % T;
        size_t columns = reference_scores(scores, x, b, h, row, T, H, D, causal);
        size_t o = (b * T + row) * C + h * D, q = (b * T + row) * 3 * C + h * D;
        double delta = 0;
        for (size_t d = 0; d < D; d++) {
            delta += (double)dout[o + d] * ((const float *)out)[o + d];
        }
        for (size_t j = 0; j < columns; j++) {
            size_t k = (b * T + j) * 3 * C + C + h * D, v = k + C;
            double p = exp(scores[j] - log_sum[r]), m = reference_factor(dropout, r * T + j);
            double dp = 0;
            for (size_t d = 0; d < D; d++) {
                dp += (double)dout[o + d] * x[v + d] * m;
                dx[v + d] += p * m * dout[o + d];
            }
            double ds = p * (dp - delta) / sqrt((double)D);
            for (size_t d = 0; d < D; d++) {
                dx[q + d] += ds * x[k + d];
                dx[k + d] += ds * x[q + d];
            }
        }
    }
    for (size_t i = 0; i < B * T * 3 * C; i++) {
        ((float *)qkv_gradient)[i] = (float)dx[i];
    }
    free(scores);
    free(dx);
}

static void reference_gelu_forward(device *dev, act *y, const act *x, size_t n) {
    (void)dev;
    for (size_t i = 0; i < n; i++) {
        double v = ((const float *)x)[i];
        ((float *)y)[i] = (float)(v * 0.5 * erfc(-v * sqrt(0.5)));
    }
}

static void reference_gelu_backward(device *dev, act *x_gradient, const act *y_gradient,
                                    const act *x, size_t n, const struct column_sums *sums) {
    (void)dev;
    for (size_t i = 0; i < n; i++) {
        double v = ((const float *)x)[i];
        double slope = 0.5 * erfc(-v * sqrt(0.5)) + v * exp(-0.5 * v * v) / sqrt(2 * acos(-1.0));
        ((float *)x_gradient)[i] = (float)(slope * ((const float *)y_gradient)[i]);
    }
    reference_sum_columns(sums, x_gradient, n);
}

static void reference_permute_columns(device *dev, act *out, const act *in, size_t N, size_t groups,
                                      size_t size, const int32_t *source) {
    (void)dev;
    for (size_t i = 0; i < N * groups * size; i++) {
        size_t row = i / (groups * size), to = i / size % groups, j = i % size;
        ((float *)out)[i] =
            ((const float *)in)[row * groups * size + (size_t)source[to] * size + j];
    }
}

static void reference_cross_entropy(device *dev, float *losses, int32_t *correct, act *logits,
                                    const int32_t *targets, size_t N, size_t V, size_t stride,
                                    float gradient_scale) {
    (void)dev;
    for (size_t n = 0; n < N; n++) {
        float *row = (float *)logits + n * stride;
        size_t best = 0;
        for (size_t v = 1; v < V; v++) {
            best = row[v] > row[best] ? v : best;
        }
        double sum = 0, largest = row[best];
        for (size_t v = 0; v < V; v++) {
            sum += exp(row[v] - largest);
        }
        bool counts = targets[n] >= 0;
        losses[n] = counts ? (float)(largest + log(sum) - row[targets[n]]) : 0;
        if (correct) {
            correct[n] = counts && (size_t)targets[n] == best;
        }
        for (size_t v = 0; v < stride && gradient_scale != 0; v++) {
            double p = exp(row[v] - largest) / sum - (counts && v == (size_t)targets[n]);
            row[v] = v < V && counts ? (float)((double)gradient_scale * p) : 0;
        }
    }
}

static double reference_gradient_norm(device *dev, const struct gradient_span *spans,
                                      size_t count) {
    (void)dev;
    double sum = 0;
    for (size_t s = 0; s < count; s++) {
        for (size_t i = 0; i < spans[s].n; i++) {
            sum += (double)spans[s].gradient[i] * spans[s].gradient[i];
        }
    }
    return sqrt(sum);
}

static void reference_adamw(device *dev, const struct adamw_span *spans, size_t count,
                            const struct adamw_options *options) {
    (void)dev;
    double beta1 = options->beta1, beta2 = options->beta2;
    for (size_t s = 0; s < count; s++) {
        const struct adamw_span *span = &spans[s];
        float *moment1 = span->moment1, *moment2 = span->moment2, *master = span->master;
        for (size_t i = 0; i < span->n; i++) {
            double g = (double)options->clip_factor * span->gradient[i];
            double m = beta1 * moment1[i] + (1 - beta1) * g;
            double v = beta2 * moment2[i] + (1 - beta2) * g * g;
            double m_hat = m / (1 - pow(beta1, (double)span->step));
            double v_hat = v / (1 - pow(beta2, (double)span->step));
            double w = master[i] * (1 - options->lr * options->weight_decay);
            master[i] = (float)(w - options->lr * m_hat / (sqrt(v_hat) + options->eps));
            moment1[i] = (float)m;
            moment2[i] = (float)v;
        }
    }
}

static const struct ops reference_ops = {
    .name = "reference",
    .act_bytes = sizeof(float),
    .allocate = reference_allocate,
    .release = reference_release,
    .state_bytes = sizeof(float),
    .upload_state = reference_upload_state,
    .download_state = reference_download_state,
    .upload = reference_copy,
    .download = reference_copy,
    .embedding_forward = reference_embedding_forward,
    .embedding_backward = reference_embedding_backward,
    .linear_forward = reference_linear_forward,
    .linear_backward_input = reference_linear_backward_input,
    .linear_backward_weight = reference_linear_backward_weight,
    .layernorm_forward = reference_layernorm_forward,
    .layernorm_backward = reference_layernorm_backward,
    .residual_layernorm_forward = reference_residual_layernorm_forward,
    .dropout_backward = reference_dropout_backward,
    .attention_forward = reference_attention_forward,
    .attention_backward = reference_attention_backward,
    .gelu_forward = reference_gelu_forward,
    .gelu_backward = reference_gelu_backward,
    .permute_columns = reference_permute_columns,
    .cross_entropy = reference_cross_entropy,
    .gradient_norm = reference_gradient_norm,
    .adamw = reference_adamw,
};

#endif
