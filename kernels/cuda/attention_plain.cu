// One sequence of the batch at a time: its scores, (H, T, T), are all that is held.

#include "kernels/cuda/attention.h"
#include "kernels/cuda/matrix.h"

constexpr unsigned ROWS = 4; // rows of a block, a warp each

// Heads of one sequence: (T, D) each, D apart, rows `step` elements apart.
template <class A> static struct matrix heads_of(const A *data, size_t step, size_t D) {
    return {data, matrix_type_of<A>(), step, D, false};
}

// (H, T, T)
template <class A> static struct matrix scores_of(const A *data, size_t T) {
    return {data, matrix_type_of<A>(), T, T * T, false};
}

static struct matrix transposed(struct matrix matrix) {
    matrix.transposed = true;
    return matrix;
}

static void multiply_heads(device *dev, const struct attention &s, size_t N, size_t K,
                           struct matrix c, struct matrix a, struct matrix b) {
    struct matrix_product product = {s.T, N, K, s.H, a, b, c, NULL, false};
    matrix_multiply(dev, &product);
}

// Where row (h, row) of one sequence's scores lies, and how many columns it sees.
struct score_row {
    size_t h, row, columns, start;
};

__device__ static inline bool find_score_row(const struct attention &s, struct score_row *r) {
    size_t number = (size_t)blockIdx.x * ROWS + threadIdx.x / WARP;
    *r = {number / s.T, number % s.T, s.causal ? number % s.T + 1 : s.T, number * s.T};
    return number < s.H * s.T;
}

#define FOR_COLUMNS(c, count)                                                                      \
    for (size_t c = threadIdx.x % WARP * OCTET; c < (count); c += WARP * OCTET)

// Scores to probabilities behind the dropout.
template <class A>
__global__ void softmax_kernel(A *probabilities, float *log_sum, const float *scores,
                               struct attention s, size_t b) {
    struct score_row r;
    if (!find_score_row(s, &r)) {
        return;
    }
    const float *row = scores + r.start;
    float x[OCTET], largest = -INFINITY, sum = 0;
    FOR_COLUMNS(c, r.columns) {
        octet_load(x, row + c, r.columns - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            largest = c + i < r.columns ? fmaxf(largest, x[i] * s.scale) : largest;
        }
    }
    largest = warp_max(largest);
    FOR_COLUMNS(c, r.columns) {
        octet_load(x, row + c, r.columns - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sum += c + i < r.columns ? expf(x[i] * s.scale - largest) : 0;
        }
    }
    sum = warp_sum(sum);
    FOR_COLUMNS(c, s.T) {
        octet_load(x, row + c, s.T - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            x[i] = c + i < r.columns ? expf(x[i] * s.scale - largest) / sum : 0;
        }
        dropout_apply(s.plan, x, attention_element(s, b, r.h, r.row) + c);
        octet_store(probabilities + r.start + c, x, s.T - c);
    }
    if (threadIdx.x % WARP == 0) {
        log_sum[(b * s.H + r.h) * s.T + r.row] = largest + logf(sum);
    }
}

// With p = exp(scale score - log_sum) and delta = out . dout:
//     probabilities = factor p,   score_gradients = scale p (factor dp - delta)
template <class A>
__global__ void softmax_backward_kernel(A *probabilities, A *score_gradients, const float *scores,
                                        const float *dps, const float *log_sum, const A *out,
                                        const A *out_gradient, struct attention s, size_t b) {
    struct score_row r;
    if (!find_score_row(s, &r)) {
        return;
    }
    size_t place = (b * s.T + r.row) * s.C + r.h * s.D;
    float ls = log_sum[(b * s.H + r.h) * s.T + r.row], delta = 0;
    FOR_COLUMNS(c, s.D) {
        float o[OCTET], g[OCTET];
        octet_load(o, out + place + c, s.D - c);
        octet_load(g, out_gradient + place + c, s.D - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            delta += o[i] * g[i];
        }
    }
    delta = warp_sum(delta);
    FOR_COLUMNS(c, s.T) {
        float p[OCTET], x[OCTET], factor[OCTET] = {1, 1, 1, 1, 1, 1, 1, 1};
        octet_load(p, scores + r.start + c, s.T - c);
        octet_load(x, dps + r.start + c, s.T - c);
        dropout_apply(s.plan, factor, attention_element(s, b, r.h, r.row) + c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            p[i] = c + i < r.columns ? expf(p[i] * s.scale - ls) : 0;
            x[i] = c + i < r.columns ? p[i] * s.scale * (factor[i] * x[i] - delta) : 0;
            p[i] *= factor[i];
        }
        octet_store(probabilities + r.start + c, p, s.T - c);
        octet_store(score_gradients + r.start + c, x, s.T - c);
    }
}

static size_t score_count(const struct attention &s) {
    return s.H * s.T * s.T;
}

static size_t score_bytes(const struct attention &s, size_t element) {
    return round_up(score_count(s) * element, 256);
}

static dim3 score_grid(const struct attention &s) {
    return grid_of(divide_up(s.H * s.T, ROWS));
}

template <class A>
void attention_plain_forward(device *dev, const struct attention &s, A *out, float *log_sum,
                             const A *qkv) {
    char *scratch = device_scratch(dev, score_bytes(s, sizeof(float)) + score_bytes(s, sizeof(A)));
    if (!scratch) {
        return;
    }
    float *scores = (float *)scratch;
    A *probabilities = (A *)(scratch + score_bytes(s, sizeof(float)));
    for (size_t b = 0; b < s.B; b++) {
        const A *x = qkv + b * s.T * 3 * s.C;
        struct matrix q = heads_of(x, 3 * s.C, s.D), k = heads_of(x + s.C, 3 * s.C, s.D);
        struct matrix v = heads_of(x + 2 * s.C, 3 * s.C, s.D);
        multiply_heads(dev, s, s.T, s.D, scores_of(scores, s.T), q, transposed(k));
        launch(dev, "softmax", softmax_kernel<A>, score_grid(s), ROWS * WARP, 0, probabilities,
               log_sum, (const float *)scores, s, b);
        multiply_heads(dev, s, s.D, s.T, heads_of(out + b * s.T * s.C, s.C, s.D),
                       scores_of(probabilities, s.T), v);
    }
}
FOR_COMPUTE_TYPES(attention_plain_forward);

template <class A>
void attention_plain_backward(device *dev, const struct attention &s, A *qkv_gradient,
                              const A *out_gradient, const A *out, const A *qkv,
                              const float *log_sum) {
    size_t floats = score_bytes(s, sizeof(float)), acts = score_bytes(s, sizeof(A));
    char *scratch = device_scratch(dev, 2 * floats + 2 * acts);
    if (!scratch) {
        return;
    }
    float *scores = (float *)scratch, *dps = (float *)(scratch + floats);
    A *probabilities = (A *)(scratch + 2 * floats);
    A *score_gradients = (A *)(scratch + 2 * floats + acts);
    struct matrix p = scores_of(probabilities, s.T), ds = scores_of(score_gradients, s.T);
    for (size_t b = 0; b < s.B; b++) {
        const A *x = qkv + b * s.T * 3 * s.C;
        A *dx = qkv_gradient + b * s.T * 3 * s.C;
        struct matrix q = heads_of(x, 3 * s.C, s.D), k = heads_of(x + s.C, 3 * s.C, s.D);
        struct matrix v = heads_of(x + 2 * s.C, 3 * s.C, s.D);
        struct matrix dout = heads_of(out_gradient + b * s.T * s.C, s.C, s.D);
        multiply_heads(dev, s, s.T, s.D, scores_of(scores, s.T), q, transposed(k));
        multiply_heads(dev, s, s.T, s.D, scores_of(dps, s.T), dout, transposed(v));
        launch(dev, "softmax's gradient", softmax_backward_kernel<A>, score_grid(s), ROWS * WARP, 0,
               probabilities, score_gradients, (const float *)scores, (const float *)dps, log_sum,
               out, out_gradient, s, b);
        multiply_heads(dev, s, s.D, s.T, heads_of(dx, 3 * s.C, s.D), ds, k);
        multiply_heads(dev, s, s.D, s.T, heads_of(dx + s.C, 3 * s.C, s.D), transposed(ds), q);
        multiply_heads(dev, s, s.D, s.T, heads_of(dx + 2 * s.C, 3 * s.C, s.D), transposed(p), dout);
    }
}
FOR_COMPUTE_TYPES(attention_plain_backward);
