// Backward recomputes the probabilities from q, k and log_sum, twice: once with a block's 64 rows
// being keys, which gives dK and dV, and once being queries, which gives dQ. So each gradient is
// summed by one warp, in a fixed order. The two passes are one kernel, as they mirror each other:
//
//     own rows, other rows:           keys and values, queries and dout     queries and dout, keys..
//     scores    = own1 other1^T       k q^T                                 q k^T
//     dp        = own2 other2^T       v dout^T                              dout v^T
//     ds        = p (factor dp - delta),  delta = out . dout
//     gradient1 = scale ds other1     dk                                    dq
//     gradient2 = factor p other2     dv
//
// A warp keeps its own rows in registers. Scores that the mask hides are not computed, as far as whole
// patches go.

#include "kernels/cuda/attention_tile.h"

constexpr unsigned ROWS = 4; // rows of a block, for delta

// Of a query.
struct alignas(8) query_numbers {
    float log_sum, delta;
};

static size_t delta_blocks(const struct attention &s) {
    return divide_up(s.T, ROWS) * s.B * s.H;
}

// A warp has a row of a head.
__global__ static void delta_kernel(struct query_numbers *numbers, const float *log_sum,
                                    const bf16 *out, const bf16 *out_gradient, struct attention s) {
    unsigned heads = (unsigned)(s.B * s.H), H = (unsigned)s.H, head = blockIdx.x % heads;
    size_t row = (size_t)(blockIdx.x / heads) * ROWS + threadIdx.x / WARP;
    if (row >= s.T) {
        return;
    }
    size_t place = (head / H * s.T + row) * s.C + head % H * s.D, number = head * s.T + row;
    float sum = 0;
    for (size_t c = threadIdx.x % WARP * 2; c < s.D; c += WARP * 2) {
        uint32_t o = *(const uint32_t *)(out + place + c);
        uint32_t g = *(const uint32_t *)(out_gradient + place + c);
        sum += __uint_as_float(o << 16) * __uint_as_float(g << 16);
        sum += __uint_as_float(o & 0xFFFF0000U) * __uint_as_float(g & 0xFFFF0000U);
    }
    sum = warp_sum(sum);
    if (threadIdx.x % WARP == 0) {
        numbers[number] = {log_sum[number], sum};
    }
}

// The warp's own rows, as left factors.
template <int ND> struct own_rows {
    uint32_t first[tile_shape<ND>::KD][4], second[tile_shape<ND>::KD][4];
};

// patch (16, 16) = own rows times the transpose of rows `other_row` of `other`.
template <int ND>
__device__ inline void product_patch(float patch[2][4], const uint32_t own[][4], const bf16 *other,
                                     unsigned other_row) {
#pragma unroll
    for (int k = 0; k < tile_shape<ND>::KD; k++) {
        uint32_t right[4];
        patch_right_transposed<ND>(right, other, other_row, k);
        multiply_add(patch[0], own[k], right[0], right[1]);
        multiply_add(patch[1], own[k], right[2], right[3]);
    }
}

// Where a patch lies: the numbers of its first query and key, its queries' numbers, its halves.
struct patch_place {
    unsigned query, key;
    const struct query_numbers *numbers;
    const uint16_t *halves;
};

// What the mask hides gets a score of -infinity, and so probability 0.
template <bool KEYS>
__device__ inline void mask_patch(float scores[2][4], const struct attention &s,
                                  const struct patch_place &at) {
    unsigned T = (unsigned)s.T;
    if (at.key + PATCH <= T && at.query + PATCH <= T &&
        (!s.causal || at.key + PATCH <= at.query + 1)) {
        return;
    }
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            unsigned r = patch_row(e), c = patch_column(i, e);
            unsigned query = at.query + (KEYS ? c : r), key = at.key + (KEYS ? r : c);
            bool seen = key < T && query < T && (!s.causal || key <= query);
            scores[i][e] = seen ? scores[i][e] : -INFINITY;
        }
    }
}

// scores become p, or 0 where it is dropped, and dps become ds. Rows of the patch are own ones: keys,
// or queries.
template <bool KEYS>
__device__ inline void patch_gradient(float scores[2][4], float dps[2][4],
                                      const struct attention &s, const struct patch_place &at) {
    bool drops = s.plan.threshold > 0;
#pragma unroll
    for (int i = 0; i < 2; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
            unsigned r = patch_row(e), c = patch_column(i, e);
            unsigned query = KEYS ? c : r, key = KEYS ? r : c;
            struct query_numbers n = at.numbers[query];
            // Rounded as in log_sum: the difference is never positive, however large the score.
            float p = exp2_flushed((__fmul_rn(scores[i][e], s.scale) - n.log_sum) * LOG2_E);
            bool kept = !drops || at.halves[query * HALVES_STRIDE + key] >= s.plan.threshold;
            dps[i][e] = p * (kept ? fmaf(dps[i][e], s.plan.scale, -n.delta) : -n.delta);
            scores[i][e] = kept ? p : 0;
        }
    }
}

struct backward {
    struct attention s;
    const bf16 *qkv, *out_gradient;
    const struct query_numbers *numbers; // (B, H, T)
    bf16 *qkv_gradient;
};

// Shared memory: two pairs of tiles, the other rows: one arrives while the other is worked on, and the
// own rows come through the second; two tiles' numbers; each warp's halves.
template <int ND> static constexpr size_t backward_shared() {
    return 4 * tile_shape<ND>::BYTES + 2 * TILE * sizeof(struct query_numbers) +
           TILE_WARPS * PATCH_BYTES;
}

// A block's place, and where it gets its rows from.
template <int ND, bool KEYS> struct backward_block {
    static constexpr unsigned ELEMENTS = tile_shape<ND>::BYTES / sizeof(bf16);
    const struct attention &s;
    struct head_rows own1, own2, other1, other2;
    const struct query_numbers *numbers; // of the head's queries
    bf16 *tiles;
    struct query_numbers *room;
    uint16_t *halves;

    __device__ const bf16 *pair(unsigned number) const {
        return tiles + 2 * number * ELEMENTS;
    }
    __device__ void begin_own(size_t first) const {
        tile_begin<ND>(tiles + 2 * ELEMENTS, own1, first, s);
        tile_begin<ND>(tiles + 3 * ELEMENTS, own2, first, s);
        copies_commit();
    }
    // Numbers beyond T are not looked at.
    __device__ void begin_numbers(size_t first, unsigned number) const {
        unsigned i = threadIdx.x;
        if (i < TILE) {
            bool there = first + i < s.T;
            copy_begin<sizeof *room>(room + number * TILE + i, numbers + (there ? first + i : 0),
                                     there);
        }
    }
    __device__ void begin_other(size_t first, unsigned number) const {
        bf16 *to = tiles + 2 * number * ELEMENTS;
        tile_begin<ND>(to, other1, first, s);
        tile_begin<ND>(to + ELEMENTS, other2, first, s);
        if (KEYS) {
            begin_numbers(first, number);
        }
    }
};

// Blocks of a processor, as far as registers go.
template <int ND, bool KEYS> static constexpr int backward_blocks() {
    return ND <= (KEYS ? 8 : 13) ? 3 : 2;
}

template <int ND, bool KEYS>
__global__ void __launch_bounds__(TILE_THREADS, (backward_blocks<ND, KEYS>()))
    backward_kernel(struct backward a) {
    const struct attention &s = a.s;
    unsigned warp = threadIdx.x / WARP;
    const struct tile_place at = tile_of_block(s, KEYS);
    unsigned T = (unsigned)s.T, first = at.tile * TILE, own = first + warp * PATCH;
    size_t b = at.b, h = at.h, head = (b * s.H + h) * s.T;
    struct head_rows q = head_of(a.qkv, s, b, h, 3 * s.C), k = {q.data + s.C, q.step};
    struct head_rows v = {q.data + 2 * s.C, q.step}, dout = head_of(a.out_gradient, s, b, h, s.C);
    bf16 *tiles = (bf16 *)shared_memory();
    struct query_numbers *room =
        (struct query_numbers *)(tiles + 2 * 2 * tile_shape<ND>::BYTES / sizeof(bf16));
    const struct backward_block<ND, KEYS> block = {
        s, KEYS ? k : q, KEYS ? v : dout, KEYS ? q : k, KEYS ? dout : v, a.numbers + head, tiles,
            room, (uint16_t *)(room + 2 * TILE) + warp *HALVES
    };
    unsigned begin = KEYS && s.causal ? first : 0;
    unsigned end = !KEYS && s.causal && first + TILE < T ? first + TILE : T;
    if (!KEYS) {
        block.begin_numbers(first, 0);
    }
    block.begin_own(first);
    block.begin_other(begin, 0);
    copies_commit();
    copies_wait<1>();
    block_barrier();
    struct own_rows<ND> rows;
#pragma unroll
    for (int i = 0; i < tile_shape<ND>::KD; i++) {
        patch_left<ND>(rows.first[i], block.pair(1), warp * PATCH, i);
        patch_left<ND>(rows.second[i], block.pair(1) + block.ELEMENTS, warp * PATCH, i);
    }
    float gradient1[ND][4] = {}, gradient2[KEYS ? ND : 1][4] = {};
    unsigned turn = 0;
    for (unsigned other = begin; other < end; other += TILE, turn ^= 1) {
        block_barrier(); // the other pair has been read
        if (other + TILE < end) {
            block.begin_other(other + TILE, turn ^ 1);
        }
        copies_commit();
        copies_wait<1>();
        block_barrier();
        const bf16 *other1 = block.pair(turn), *other2 = other1 + block.ELEMENTS;
        // Of the queries those that see the own keys; of the keys those that own queries see.
        unsigned c = KEYS && s.causal && own > other ? own - other : 0;
        unsigned last =
            patches_before(!KEYS && s.causal && own + PATCH < T ? own + PATCH : T, other) * PATCH;
        for (; c < last; c += PATCH) {
            unsigned query = KEYS ? other + c : own, key = KEYS ? own : other + c;
            const struct query_numbers *numbers =
                KEYS ? room + turn * TILE + c : room + warp * PATCH;
            if (s.plan.threshold > 0) {
                patch_draw(block.halves, s.plan, attention_element(s, b, h, query) + key, s.T);
            }
            float scores[2][4] = {}, dps[2][4] = {};
            product_patch<ND>(scores, rows.first, other1, c);
            product_patch<ND>(dps, rows.second, other2, c);
            const struct patch_place place = {query, key, numbers, block.halves};
            mask_patch<KEYS>(scores, s, place);
            patch_gradient<KEYS>(scores, dps, s, place);
            patch_times_rows<ND>(gradient1, dps, other1, c);
            if constexpr (KEYS) {
                patch_times_rows<ND>(gradient2, scores, other2, c);
            }
        }
    }
    bf16 *to = a.qkv_gradient + b * s.T * 3 * s.C + h * s.D;
    const float scales[2] = {s.scale, s.scale}, factors[2] = {s.plan.scale, s.plan.scale};
    store_rows<ND>(KEYS ? to + s.C : to, 3 * s.C, gradient1, scales, own, s);
    if constexpr (KEYS) {
        store_rows<ND>(to + 2 * s.C, 3 * s.C, gradient2, factors, own, s);
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
    struct query_numbers *numbers =
        (struct query_numbers *)device_scratch(dev, rows * sizeof *numbers);
    if (!numbers) {
        return;
    }
    launch(dev, "attention's delta", delta_kernel, delta_blocks(s), ROWS * WARP, 0, numbers,
           log_sum, out, out_gradient, s);
    with_head_width(s.D, backward_call{dev, {s, qkv, out_gradient, numbers, qkv_gradient}});
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
