// Some heads of one sequence at a time: their scores, (heads, T, T), are all that is held.

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

// The heads that are worked on: `count` of sequence b, from `first` on.
struct heads {
    size_t b, first, count;
};

static void multiply_heads(device *dev, const struct attention &s, const struct heads &heads,
                           size_t N, size_t K, struct matrix c, struct matrix a, struct matrix b) {
    struct matrix_product product = {s.T, N, K, heads.count, a, b, c, NULL, false};
    matrix_multiply(dev, &product);
}

// Head h's row `row`: where its scores begin, and how many columns it sees.
struct score_row {
    size_t h, row, columns, start;
};

__device__ static inline bool find_score_row(const struct attention &s, const struct heads &heads,
                                             struct score_row *r) {
    size_t number = (size_t)blockIdx.x * ROWS + threadIdx.x / WARP, row = number % s.T;
    *r = {heads.first + number / s.T, row, s.causal ? row + 1 : s.T, number * s.T};
    return number < heads.count * s.T;
}

#define FOR_COLUMNS(c, count)                                                                      \
    for (size_t c = threadIdx.x % WARP * OCTET; c < (count); c += WARP * OCTET)

// Scores to probabilities behind the dropout. Scaled scores are rounded before the largest is subtracted:
// else, where scores are large, what is left of the largest itself would be so.
template <class A>
__global__ void softmax_kernel(A *probabilities, float *log_sum, const float *scores,
                               struct attention s, struct heads heads) {
    struct score_row r;
    if (!find_score_row(s, heads, &r)) {
        return;
    }
    const float *row = scores + r.start;
    float x[OCTET], largest = -INFINITY, sum = 0;
    FOR_COLUMNS(c, r.columns) {
        octet_load(x, row + c, r.columns - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            largest = c + i < r.columns ? fmaxf(largest, __fmul_rn(x[i], s.scale)) : largest;
        }
    }
    largest = warp_max(largest);
    FOR_COLUMNS(c, r.columns) {
        octet_load(x, row + c, r.columns - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sum += c + i < r.columns ? expf(__fmul_rn(x[i], s.scale) - largest) : 0;
        }
    }
    sum = warp_sum(sum);
    FOR_COLUMNS(c, s.T) {
        octet_load(x, row + c, s.T - c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            x[i] = c + i < r.columns ? expf(__fmul_rn(x[i], s.scale) - largest) / sum : 0;
        }
        dropout_apply(s.plan, x, attention_element(s, heads.b, r.h, r.row) + c);
        octet_store(probabilities + r.start + c, x, s.T - c);
    }
    if (threadIdx.x % WARP == 0) {
        log_sum[(heads.b * s.H + r.h) * s.T + r.row] = largest + logf(sum);
    }
}

// With p = exp(scale score - log_sum) and delta = out . dout:
//     probabilities = factor p,   score_gradients = scale p (factor dp - delta)
template <class A>
__global__ void softmax_backward_kernel(A *probabilities, A *score_gradients, const float *scores,
                                        const float *dps, const float *log_sum, const A *out,
                                        const A *out_gradient, struct attention s,
                                        struct heads heads) {
    struct score_row r;
    if (!find_score_row(s, heads, &r)) {
        return;
    }
    size_t place = (heads.b * s.T + r.row) * s.C + r.h * s.D;
    float ls = log_sum[(heads.b * s.H + r.h) * s.T + r.row], delta = 0;
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
        dropout_apply(s.plan, factor, attention_element(s, heads.b, r.h, r.row) + c);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            p[i] = c + i < r.columns ? expf(__fmul_rn(p[i], s.scale) - ls) : 0;
            x[i] = c + i < r.columns ? p[i] * s.scale * (factor[i] * x[i] - delta) : 0;
            p[i] *= factor[i];
        }
        octet_store(probabilities + r.start + c, p, s.T - c);
        octet_store(score_gradients + r.start + c, x, s.T - c);
    }
}

// Room for the scores of some heads: arrays of floats and of the compute type, one behind the other.
struct score_room {
    char *memory;
    size_t heads; // at most, at a time
    size_t float_bytes, act_bytes;
    float *take_floats() {
        return (float *)take(float_bytes);
    }
    template <class A> A *take_acts() {
        return (A *)take(act_bytes);
    }
    char *take(size_t bytes) {
        char *place = memory;
        memory += bytes;
        return place;
    }
};

// As many heads as SCORE_BYTES hold, at least one. memory NULL: there is none.
template <class A>
static struct score_room open_room(device *dev, const struct attention &s, size_t arrays) {
    constexpr size_t SCORE_BYTES = 32 << 20;
    size_t scores = s.T * s.T, bytes = arrays * scores * (sizeof(float) + sizeof(A));
    size_t heads = SCORE_BYTES / bytes;
    heads = heads < 1 ? 1 : heads < s.H ? heads : s.H;
    struct score_room room = {NULL, heads, round_up(heads * scores * sizeof(float), 256),
                              round_up(heads * scores * sizeof(A), 256)};
    room.memory = device_scratch(dev, arrays * (room.float_bytes + room.act_bytes));
    return room;
}

// Calls f(heads) for all heads of all sequences.
template <class F>
static void for_heads(const struct attention &s, const struct score_room &room, F f) {
    for (size_t b = 0; b < s.B; b++) {
        for (size_t h = 0; h < s.H; h += room.heads) {
            f(heads{b, h, s.H - h < room.heads ? s.H - h : room.heads});
        }
    }
}

static size_t score_blocks(const struct attention &s, const struct heads &heads) {
    return divide_up(heads.count * s.T, ROWS);
}

template <class A>
void attention_plain_forward(device *dev, const struct attention &s, A *out, float *log_sum,
                             const A *qkv) {
    struct score_room room = open_room<A>(dev, s, 1);
    if (!room.memory) {
        return;
    }
    float *scores = room.take_floats();
    A *probabilities = room.template take_acts<A>();
    for_heads(s, room, [&](const struct heads &heads) {
        const A *x = qkv + heads.b * s.T * 3 * s.C + heads.first * s.D;
        A *to = out + heads.b * s.T * s.C + heads.first * s.D;
        struct matrix q = heads_of(x, 3 * s.C, s.D), k = heads_of(x + s.C, 3 * s.C, s.D);
        struct matrix v = heads_of(x + 2 * s.C, 3 * s.C, s.D);
        multiply_heads(dev, s, heads, s.T, s.D, scores_of(scores, s.T), q, transposed(k));
        launch(dev, "softmax", softmax_kernel<A>, score_blocks(s, heads), ROWS * WARP, 0,
               probabilities, log_sum, (const float *)scores, s, heads);
        multiply_heads(dev, s, heads, s.D, s.T, heads_of(to, s.C, s.D),
                       scores_of(probabilities, s.T), v);
    });
}
FOR_COMPUTE_TYPES(attention_plain_forward);

template <class A>
void attention_plain_backward(device *dev, const struct attention &s, A *qkv_gradient,
                              const A *out_gradient, const A *out, const A *qkv,
                              const float *log_sum) {
    struct score_room room = open_room<A>(dev, s, 2);
    if (!room.memory) {
        return;
    }
    float *scores = room.take_floats(), *dps = room.take_floats();
    A *probabilities = room.template take_acts<A>(), *gradients = room.template take_acts<A>();
    struct matrix p = scores_of(probabilities, s.T), ds = scores_of(gradients, s.T);
    for_heads(s, room, [&](const struct heads &heads) {
        const A *x = qkv + heads.b * s.T * 3 * s.C + heads.first * s.D;
        A *dx = qkv_gradient + heads.b * s.T * 3 * s.C + heads.first * s.D;
        const A *dy = out_gradient + heads.b * s.T * s.C + heads.first * s.D;
        struct matrix q = heads_of(x, 3 * s.C, s.D), k = heads_of(x + s.C, 3 * s.C, s.D);
        struct matrix v = heads_of(x + 2 * s.C, 3 * s.C, s.D), dout = heads_of(dy, s.C, s.D);
        multiply_heads(dev, s, heads, s.T, s.D, scores_of(scores, s.T), q, transposed(k));
        multiply_heads(dev, s, heads, s.T, s.D, scores_of(dps, s.T), dout, transposed(v));
        launch(dev, "softmax's gradient", softmax_backward_kernel<A>, score_blocks(s, heads),
               ROWS * WARP, 0, probabilities, gradients, (const float *)scores, (const float *)dps,
               log_sum, out, out_gradient, s, heads);
        multiply_heads(dev, s, heads, s.D, s.T, heads_of(dx, 3 * s.C, s.D), ds, k);
        multiply_heads(dev, s, heads, s.D, s.T, heads_of(dx + s.C, 3 * s.C, s.D), transposed(ds),
                       q);
        multiply_heads(dev, s, heads, s.D, s.T, heads_of(dx + 2 * s.C, 3 * s.C, s.D), transposed(p),
                       dout);
    });
}
FOR_COMPUTE_TYPES(attention_plain_backward);
