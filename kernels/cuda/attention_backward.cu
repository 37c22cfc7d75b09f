// Backward recomputes the probabilities from q, k and log_sum, twice: once with a block's 64 rows
// being keys, which gives dK and dV, and once being queries, which gives dQ. So each gradient is
// summed by one warp, in a fixed order. The two passes are one kernel, as they mirror each other:
//
//     own rows, other rows:           keys and values, queries and dout     queries and dout, keys..
//     scores    = own1 other1^T       k q^T                                 q k^T
//     dp        = own2 other2^T       v dout^T                              dout v^T
//     ds        = scale p (factor dp - delta),  delta = out . dout
//     gradient1 = ds other1           dk                                    dq
//     gradient2 = factor p other2     dv

#include "kernels/cuda/attention_tile.h"

static const float LOG2_E = 1.44269504f;

constexpr unsigned ROWS = 4; // rows of a block, for delta

__global__ static void delta_kernel(float *delta, const bf16 *out, const bf16 *out_gradient,
                                    struct attention s) {
    size_t number = (size_t)blockIdx.x * ROWS + threadIdx.x / WARP; // (b H + h) T + row
    if (number >= s.B * s.H * s.T) {
        return;
    }
    size_t b = number / s.T / s.H, h = number / s.T % s.H, row = number % s.T;
    size_t place = (b * s.T + row) * s.C + h * s.D;
    float sum = 0;
    for (size_t c = threadIdx.x % WARP * 2; c < s.D; c += WARP * 2) {
        sum += to_float(out[place + c]) * to_float(out_gradient[place + c]);
        sum += to_float(out[place + c + 1]) * to_float(out_gradient[place + c + 1]);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % WARP == 0) {
        delta[number] = sum;
    }
}

// patch (16, 16) = rows `row` of `own` times the transpose of rows `other_row` of `other`.
template <int ND>
__device__ inline void product_patch(float patch[2][4], const bf16 *own, unsigned row,
                                     const bf16 *other, unsigned other_row) {
#pragma unroll
    for (int k = 0; k < tile_shape<ND>::KD; k++) {
        uint32_t left[4], right[4];
        patch_left<ND>(left, own, row, k);
        patch_right_transposed<ND>(right, other, other_row, k);
        multiply_add(patch[0], left, right[0], right[1]);
        multiply_add(patch[1], left, right[2], right[3]);
    }
}

// Per query of a tile: log_sum in units of log 2, and delta. Beyond T the probabilities become 0.
struct query_numbers {
    float log_sum[TILE], delta[TILE];
};

__device__ static inline void load_numbers(struct query_numbers *to, const float *log_sum,
                                           const float *delta, size_t first, size_t T) {
    unsigned i = threadIdx.x;
    if (i < TILE) {
        to->log_sum[i] = first + i < T ? log_sum[first + i] * LOG2_E : INFINITY;
        to->delta[i] = first + i < T ? delta[first + i] : 0;
    }
}

// What a warp needs to turn a patch's scores and dp into ds and factor p. Rows of the patch are own
// ones, columns others.
template <bool KEYS> struct patch_place {
    size_t own, other;    // numbers of the patch's first row and column
    unsigned first_query; // of the patch, in the tile
    const query_numbers *numbers;
    const uint16_t *halves;
};

// scores become factor p, dps become ds.
template <bool KEYS>
__device__ inline void patch_gradient(float scores[2][4], float dps[2][4],
                                      const struct attention &s, const patch_place<KEYS> &at) {
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            unsigned r = patch_row(e), c = patch_column(i, e);
            unsigned query = KEYS ? c : r, key = KEYS ? r : c;
            size_t query_number = (KEYS ? at.other : at.own) + query;
            size_t key_number = (KEYS ? at.own : at.other) + key;
            bool seen = key_number < s.T && (!s.causal || key_number <= query_number);
            float p = exp2f(scores[i][e] * s.scale * LOG2_E -
                            at.numbers->log_sum[at.first_query + query]);
            p = seen ? p : 0;
            float factor =
                s.plan.threshold > 0 ? dropout_factor(s.plan, at.halves[query * PATCH + key]) : 1;
            dps[i][e] =
                p * s.scale * (factor * dps[i][e] - at.numbers->delta[at.first_query + query]);
            scores[i][e] = factor * p;
        }
    }
}

struct backward {
    struct attention s;
    const bf16 *qkv, *out_gradient;
    const float *log_sum, *delta; // (B, H, T)
    bf16 *qkv_gradient;
};

// Shared memory: own1, own2, other1, other2, the queries' numbers, each warp's halves.
template <int ND> static constexpr size_t backward_shared() {
    return 4 * tile_shape<ND>::BYTES + sizeof(query_numbers) + TILE_WARPS * PATCH_BYTES;
}

template <int ND, bool KEYS>
__global__ void __launch_bounds__(TILE_THREADS) backward_kernel(struct backward a) {
    constexpr unsigned ELEMENTS = tile_shape<ND>::BYTES / sizeof(bf16);
    const struct attention &s = a.s;
    bf16 *own1 = (bf16 *)shared_memory(), *own2 = own1 + ELEMENTS;
    bf16 *other1 = own2 + ELEMENTS, *other2 = other1 + ELEMENTS;
    query_numbers *numbers = (query_numbers *)(other2 + ELEMENTS);
    unsigned warp = threadIdx.x / WARP, row = warp * PATCH;
    uint16_t *halves = (uint16_t *)(numbers + 1) + warp * (PATCH * PATCH);
    const struct tile_place at = tile_of_block(s, KEYS);
    size_t own = at.tile * TILE, b = at.b, h = at.h, head = (b * s.H + h) * s.T;
    struct head_rows q = head_of(a.qkv, s, b, h, 3 * s.C), k = {q.data + s.C, q.step};
    struct head_rows v = {q.data + 2 * s.C, q.step}, dout = head_of(a.out_gradient, s, b, h, s.C);
    tile_load<ND>(own1, KEYS ? k : q, own, s.T, s.D);
    tile_load<ND>(own2, KEYS ? v : dout, own, s.T, s.D);
    if (!KEYS) {
        load_numbers(numbers, a.log_sum + head, a.delta + head, own, s.T);
    }
    float gradient1[ND][4] = {}, gradient2[KEYS ? ND : 1][4] = {};
    size_t begin = KEYS && s.causal ? own : 0;
    size_t end = !KEYS && s.causal && own + TILE < s.T ? own + TILE : s.T;
    for (size_t other = begin; other < end; other += TILE) {
        block_barrier(); // the tiles before have been read
        tile_load<ND>(other1, KEYS ? q : k, other, s.T, s.D);
        tile_load<ND>(other2, KEYS ? dout : v, other, s.T, s.D);
        if (KEYS) {
            load_numbers(numbers, a.log_sum + head, a.delta + head, other, s.T);
        }
        block_barrier();
        for (unsigned c = 0; c < TILE; c += PATCH) {
            float scores[2][4] = {}, dps[2][4] = {};
            product_patch<ND>(scores, own1, row, other1, c);
            product_patch<ND>(dps, own2, row, other2, c);
            if (s.plan.threshold > 0) {
                size_t query = KEYS ? other + c : own + row, key = KEYS ? own + row : other + c;
                patch_draw(halves, s.plan, attention_element(s, b, h, query) + key, s.T);
            }
            patch_gradient<KEYS>(scores, dps, s,
                                 {own + row, other + c, KEYS ? c : row, numbers, halves});
            patch_times_rows<ND>(gradient1, dps, other1, c);
            if constexpr (KEYS) {
                patch_times_rows<ND>(gradient2, scores, other2, c);
            }
        }
    }
    bf16 *to = a.qkv_gradient + b * s.T * 3 * s.C + h * s.D;
    store_rows<ND>(KEYS ? to + s.C : to, 3 * s.C, gradient1, own + row, s);
    if constexpr (KEYS) {
        store_rows<ND>(to + 2 * s.C, 3 * s.C, gradient2, own + row, s);
    }
}

struct backward_call {
    device *dev;
    const struct backward &a;
    template <int ND> void run() const {
        launch(dev, "attention's key gradient", backward_kernel<ND, true>, tile_blocks(a.s),
               TILE_THREADS, backward_shared<ND>(), a);
        launch(dev, "attention's query gradient", backward_kernel<ND, false>, tile_blocks(a.s),
               TILE_THREADS, backward_shared<ND>(), a);
    }
};

void attention_fused_backward(device *dev, const struct attention &s, bf16 *qkv_gradient,
                              const bf16 *out_gradient, const bf16 *out, const bf16 *qkv,
                              const float *log_sum) {
    size_t rows = s.B * s.H * s.T;
    float *delta = (float *)device_scratch(dev, rows * sizeof *delta);
    if (!delta) {
        return;
    }
    launch(dev, "attention's delta", delta_kernel, divide_up(rows, ROWS), ROWS * WARP, 0, delta,
           out, out_gradient, s);
    with_head_width(s.D, backward_call{dev, {s, qkv, out_gradient, log_sum, delta, qkv_gradient}});
}

template <>
void cuda_attention_backward<float>(device *dev, act *qkv_gradient, const act *out_gradient,
                                    const act *out, const act *qkv, const float *log_sum, size_t B,
                                    size_t T, size_t H, size_t D, bool causal,
                                    const struct dropout *dropout) {
    attention_plain_backward(dev, attention_shape(B, T, H, D, causal, dropout),
                             (float *)qkv_gradient, (const float *)out_gradient, (const float *)out,
                             (const float *)qkv, log_sum);
}

template <>
void cuda_attention_backward<bf16>(device *dev, act *qkv_gradient, const act *out_gradient,
                                   const act *out, const act *qkv, const float *log_sum, size_t B,
                                   size_t T, size_t H, size_t D, bool causal,
                                   const struct dropout *dropout) {
    struct attention s = attention_shape(B, T, H, D, causal, dropout);
    (attention_can_fuse(dev, s)
         ? attention_fused_backward
         : attention_plain_backward<bf16>)(dev, s, (bf16 *)qkv_gradient, (const bf16 *)out_gradient,
                                           (const bf16 *)out, (const bf16 *)qkv, log_sum);
}
