// Forward in one pass over the keys (Dao et al., "FlashAttention", NeurIPS 2022): a block has 64
// queries, and takes 64 keys and values at a time, while the next ones arrive; each row's largest score
// and sum are kept up to date, and what was summed before is rescaled.

#include "kernels/cuda/attention_tile.h"

// What one warp has: 16 queries.
template <int ND> struct queries {
    uint32_t left[tile_shape<ND>::KD][4]; // themselves, as left factors
    float out[ND][4];
    float largest[2],
        sum[2]; // of rows g and g + 8; largest scores as they are, sums the lane's own
};

// Of the first `patches` of a tile's patches of keys; nothing is seen of the others.
template <int ND>
__device__ inline void compute_scores(float scores[PATCHES][2][4], const queries<ND> &q,
                                      const bf16 *keys, unsigned patches) {
#pragma unroll
    for (unsigned c = 0; c < PATCHES; c++) {
        bool seen = c < patches;
#pragma unroll
        for (int e = 0; e < 4; e++) {
            scores[c][0][e] = scores[c][1][e] = seen ? 0 : -INFINITY;
        }
        if (seen) {
#pragma unroll
            for (int k = 0; k < tile_shape<ND>::KD; k++) {
                uint32_t right[4];
                patch_right_transposed<ND>(right, keys, c * PATCH, k);
                multiply_add(scores[c][0], q.left[k], right[0], right[1]);
                multiply_add(scores[c][1], q.left[k], right[2], right[3]);
            }
        }
    }
}

// What a row does not see becomes -infinity.
__device__ static inline void mask_scores(float scores[PATCHES][2][4], const struct attention &s,
                                          unsigned row, unsigned column) {
#pragma unroll
    for (unsigned c = 0; c < PATCHES; c++) {
#pragma unroll
        for (int i = 0; i < 2; i++) {
#pragma unroll
            for (int e = 0; e < 4; e++) {
                unsigned at = column + c * PATCH + patch_column(i, e);
                bool seen = at < (unsigned)s.T && (!s.causal || at <= row + patch_row(e));
                scores[c][i][e] = seen ? scores[c][i][e] : -INFINITY;
            }
        }
    }
}

// Scores to exponentials relative to the rows' largest so far. scale: of a score, to units of log 2; it
// comes last, so that the largest's own exponent is 0 however large it is.
template <int ND>
__device__ inline void exponentiate(float scores[PATCHES][2][4], queries<ND> &q, float scale) {
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
        float rescale = exp2_flushed((q.largest[half] - largest) * scale);
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
                    scores[c][i][e] = exp2_flushed((scores[c][i][e] - largest) * scale);
                    q.sum[half] += scores[c][i][e];
                }
            }
        }
    }
}

// What is kept is not scaled yet.
__device__ static inline void drop_patch(float patch[2][4], uint16_t *halves,
                                         const struct dropout_plan &plan, size_t first, size_t T) {
    patch_draw(halves, plan, first, T);
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e += 2) {
            uint32_t pair =
                *(const uint32_t *)(halves + patch_row(e) * HALVES_STRIDE + patch_column(i, e));
            patch[i][e] = (pair & 0xFFFF) < plan.threshold ? 0 : patch[i][e];
            patch[i][e + 1] = pair >> 16 < plan.threshold ? 0 : patch[i][e + 1];
        }
    }
}

// Stores log_sum. factors: what rows g and g + 8 of the output are still to be multiplied with.
template <int ND>
__device__ inline void finish_rows(float factors[2], const queries<ND> &q, float *log_sum,
                                   const struct attention &s, size_t row) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
        float sum = q.sum[half];
        sum += warp_exchange(sum, 1);
        sum += warp_exchange(sum, 2);
        factors[half] = s.plan.scale / sum;
        size_t r = row + patch_row(2 * half);
        if (r < s.T && threadIdx.x % 4 == 0) {
            log_sum[r] = __fmul_rn(q.largest[half], s.scale) + logf(sum);
        }
    }
}

// The products of two tiles, keys and values, which the block's next ones overwrite.
template <int ND>
__device__ inline void forward_tile(queries<ND> &q, const bf16 *keys, const bf16 *values,
                                    uint16_t *halves, const struct attention &s, unsigned row,
                                    unsigned column, size_t element) {
    unsigned T = (unsigned)s.T;
    unsigned end = s.causal && row + PATCH < T ? row + PATCH : T; // of what the warp's rows see
    unsigned patches = patches_before(end, column);
    float scores[PATCHES][2][4];
    compute_scores<ND>(scores, q, keys, patches);
    if (column + TILE > (s.causal ? row : T)) {
        mask_scores(scores, s, row, column);
    }
    exponentiate<ND>(scores, q, s.scale * LOG2_E);
#pragma unroll
    for (unsigned c = 0; c < PATCHES; c++) {
        if (c < patches) {
            if (s.plan.threshold > 0) {
                drop_patch(scores[c], halves, s.plan, element + column + c * PATCH, s.T);
            }
            patch_times_rows<ND>(q.out, scores[c], values, c * PATCH);
        }
    }
}

// Blocks of a processor, as far as registers go.
template <int ND> static constexpr int forward_blocks() {
    return ND <= 8 ? 4 : ND <= 13 ? 3 : 2;
}

// Shared memory: keys and values, twice: the next ones arrive while a tile is worked on. The queries
// come through the second pair's first.
template <int ND> static constexpr size_t forward_shared() {
    return 4 * tile_shape<ND>::BYTES + TILE_WARPS * PATCH_BYTES;
}

template <int ND>
__global__ void __launch_bounds__(TILE_THREADS, forward_blocks<ND>())
    forward_kernel(bf16 *out, float *log_sum, const bf16 *qkv, struct attention s) {
    constexpr unsigned ELEMENTS = tile_shape<ND>::BYTES / sizeof(bf16);
    bf16 *tiles = (bf16 *)shared_memory();
    unsigned warp = threadIdx.x / WARP, turn = 0;
    uint16_t *halves = (uint16_t *)(tiles + 4 * ELEMENTS) + warp * HALVES;
    const struct tile_place at = tile_of_block(s, false);
    unsigned T = (unsigned)s.T, first = at.tile * TILE, row = first + warp * PATCH;
    size_t b = at.b, h = at.h;
    struct head_rows x = head_of(qkv, s, b, h, 3 * s.C);
    auto begin = [&](unsigned column, unsigned pair) {
        bf16 *to = tiles + 2 * pair * ELEMENTS;
        tile_begin<ND>(to, {x.data + s.C, x.step}, column, s);
        tile_begin<ND>(to + ELEMENTS, {x.data + 2 * s.C, x.step}, column, s);
    };
    queries<ND> q = {};
    q.largest[0] = q.largest[1] = -INFINITY;
    tile_begin<ND>(tiles + 2 * ELEMENTS, x, first, s);
    copies_commit();
    begin(0, 0);
    copies_commit();
    copies_wait<1>();
    block_barrier();
#pragma unroll
    for (int k = 0; k < tile_shape<ND>::KD; k++) {
        patch_left<ND>(q.left[k], tiles + 2 * ELEMENTS, warp * PATCH, k);
    }
    unsigned end = s.causal && first + TILE < T ? first + TILE : T;
    for (unsigned column = 0; column < end; column += TILE, turn ^= 1) {
        block_barrier(); // the other pair has been read
        if (column + TILE < end) {
            begin(column + TILE, turn ^ 1);
        }
        copies_commit();
        copies_wait<1>();
        block_barrier();
        const bf16 *keys = tiles + 2 * turn * ELEMENTS;
        forward_tile<ND>(q, keys, keys + ELEMENTS, halves, s, row, column,
                         attention_element(s, b, h, row));
    }
    float factors[2];
    finish_rows<ND>(factors, q, log_sum + (b * s.H + h) * s.T, s, row);
    store_rows<ND>(out + b * s.T * s.C + h * s.D, s.C, q.out, factors, row, s);
}

struct forward_call {
    device *dev;
    const struct attention &s;
    bf16 *out;
    float *log_sum;
    const bf16 *qkv;
    template <int ND> void run() const {
        launch(dev, "attention", forward_kernel<ND>, tile_blocks(s), TILE_THREADS,
               forward_shared<ND>(), out, log_sum, qkv, s);
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
