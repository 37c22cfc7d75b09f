// Forward in one pass over the keys (Dao et al., "FlashAttention", NeurIPS 2022): a block has 64
// queries, and takes 64 keys and values at a time; each row's largest score and sum are kept up to
// date, and what was summed before is rescaled.

#include "kernels/cuda/attention_tile.h"

static const float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;

// What one warp has: 16 queries.
template <int ND> struct queries {
    uint32_t left[tile_shape<ND>::KD][4]; // themselves, as left factors
    float out[ND][4];
    float largest[2], sum[2]; // of rows g and g + 8; in units of log 2; sums are the lane's own
};

template <int ND>
__device__ inline void compute_scores(float scores[PATCHES][2][4], const queries<ND> &q,
                                      const bf16 *keys) {
#pragma unroll
    for (unsigned c = 0; c < PATCHES; c++) {
#pragma unroll
        for (int k = 0; k < tile_shape<ND>::KD; k++) {
            uint32_t right[4];
            patch_right_transposed<ND>(right, keys, c * PATCH, k);
            multiply_add(scores[c][0], q.left[k], right[0], right[1]);
            multiply_add(scores[c][1], q.left[k], right[2], right[3]);
        }
    }
}

// Scales the scores, in units of log 2; what a row does not see becomes -infinity.
__device__ static inline void mask_scores(float scores[PATCHES][2][4], const struct attention &s,
                                          size_t row, size_t column) {
#pragma unroll
    for (unsigned c = 0; c < PATCHES; c++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                size_t at = column + c * PATCH + patch_column(i, e);
                bool seen = at < s.T && (!s.causal || at <= row + patch_row(e));
                scores[c][i][e] = seen ? scores[c][i][e] * s.scale * LOG2_E : -INFINITY;
            }
        }
    }
}

// Scores to exponentials relative to the rows' largest so far.
template <int ND> __device__ inline void exponentiate(float scores[PATCHES][2][4], queries<ND> &q) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float largest = q.largest[half];
#pragma unroll
        for (unsigned c = 0; c < PATCHES; c++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
                largest = fmaxf(largest, fmaxf(scores[c][i][2 * half], scores[c][i][2 * half + 1]));
            }
        }
        largest = fmaxf(largest, warp_exchange(largest, 1));
        largest = fmaxf(largest, warp_exchange(largest, 2));
        float rescale = exp2f(q.largest[half] - largest);
        q.largest[half] = largest;
        q.sum[half] *= rescale;
#pragma unroll
        for (int d = 0; d < ND; d++) {
            q.out[d][2 * half] *= rescale;
            q.out[d][2 * half + 1] *= rescale;
        }
#pragma unroll
        for (unsigned c = 0; c < PATCHES; c++) {
#pragma unroll
            for (int i = 0; i < 2; i++) {
#pragma unroll
                for (int e = 2 * half; e < 2 * half + 2; e++) {
                    scores[c][i][e] = exp2f(scores[c][i][e] - largest);
                    q.sum[half] += scores[c][i][e];
                }
            }
        }
    }
}

__device__ static inline void drop_patch(float patch[2][4], uint16_t *halves,
                                         const struct dropout_plan &plan, size_t first, size_t T) {
    patch_draw(halves, plan, first, T);
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            patch[i][e] *= dropout_factor(plan, halves[patch_row(e) * PATCH + patch_column(i, e)]);
        }
    }
}

template <int ND>
__device__ inline void finish_rows(queries<ND> &q, float *log_sum, size_t row, size_t T) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float sum = q.sum[half];
        sum += warp_exchange(sum, 1);
        sum += warp_exchange(sum, 2);
#pragma unroll
        for (int d = 0; d < ND; d++) {
            q.out[d][2 * half] /= sum;
            q.out[d][2 * half + 1] /= sum;
        }
        size_t r = row + patch_row(2 * half);
        if (r < T && threadIdx.x % 4 == 0) {
            log_sum[r] = q.largest[half] * LN_2 + logf(sum);
        }
    }
}

template <int ND>
__global__ void __launch_bounds__(TILE_THREADS)
    forward_kernel(bf16 *out, float *log_sum, const bf16 *qkv, struct attention s) {
    bf16 *keys = (bf16 *)shared_memory(), *values = keys + tile_shape<ND>::BYTES / sizeof(bf16);
    unsigned warp = threadIdx.x / WARP;
    uint16_t *halves =
        (uint16_t *)(values + tile_shape<ND>::BYTES / sizeof(bf16)) + warp * (PATCH * PATCH);
    const struct tile_place at = tile_of_block(s, false);
    size_t tile = at.tile, b = at.b, h = at.h, row = tile * TILE + warp * PATCH;
    struct head_rows x = head_of(qkv, s, b, h, 3 * s.C);
    queries<ND> q = {};
    q.largest[0] = q.largest[1] = -INFINITY;
    tile_load<ND>(keys, x, tile * TILE, s.T, s.D);
    block_barrier();
#pragma unroll
    for (int k = 0; k < tile_shape<ND>::KD; k++) {
        patch_left<ND>(q.left[k], keys, warp * PATCH, k);
    }
    size_t end = s.causal && (tile + 1) * TILE < s.T ? (tile + 1) * TILE : s.T;
    for (size_t column = 0; column < end; column += TILE) {
        block_barrier(); // the tiles before have been read
        tile_load<ND>(keys, {x.data + s.C, x.step}, column, s.T, s.D);
        tile_load<ND>(values, {x.data + 2 * s.C, x.step}, column, s.T, s.D);
        block_barrier();
        float scores[PATCHES][2][4] = {};
        compute_scores<ND>(scores, q, keys);
        mask_scores(scores, s, row, column);
        exponentiate<ND>(scores, q);
#pragma unroll
        for (unsigned c = 0; c < PATCHES; c++) {
            if (s.plan.threshold > 0) {
                drop_patch(scores[c], halves, s.plan,
                           attention_element(s, b, h, row) + column + c * PATCH, s.T);
            }
            patch_times_rows<ND>(q.out, scores[c], values, c * PATCH);
        }
    }
    finish_rows<ND>(q, log_sum + (b * s.H + h) * s.T, row, s.T);
    store_rows<ND>(out + b * s.T * s.C + h * s.D, s.C, q.out, row, s);
}

struct forward_call {
    device *dev;
    const struct attention &s;
    bf16 *out;
    float *log_sum;
    const bf16 *qkv;
    template <int ND> void run() const {
        launch(dev, "attention", forward_kernel<ND>, tile_blocks(s), TILE_THREADS,
               2 * tile_shape<ND>::BYTES + TILE_WARPS * PATCH_BYTES, out, log_sum, qkv, s);
    }
};

void attention_fused_forward(device *dev, const struct attention &s, bf16 *out, float *log_sum,
                             const bf16 *qkv) {
    with_head_width(s.D, forward_call{dev, s, out, log_sum, qkv});
}

template <>
void cuda_attention_forward<float>(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                                   size_t T, size_t H, size_t D, bool causal,
                                   const struct dropout *dropout) {
    attention_plain_forward(dev, attention_shape(B, T, H, D, causal, dropout), (float *)out,
                            log_sum, (const float *)qkv);
}

template <>
void cuda_attention_forward<bf16>(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                                  size_t T, size_t H, size_t D, bool causal,
                                  const struct dropout *dropout) {
    struct attention s = attention_shape(B, T, H, D, causal, dropout);
    (attention_can_fuse(dev, s)
         ? attention_fused_forward
         : attention_plain_forward<bf16>)(dev, s, (bf16 *)out, log_sum, (const bf16 *)qkv);
}
