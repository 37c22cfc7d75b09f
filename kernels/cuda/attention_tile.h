// What the fused attention kernels share: tiles of 64 rows of a head in shared memory, products of
// 16 x 16 patches, dropout's numbers by patch. A block is four warps; a warp works on 16 rows.
//
// ND is how many groups of 8 columns a head is padded to; the products' inner loops run over KD
// groups of 16. Within a patch a lane has rows g and g + 8 and columns 2t, 2t + 1, 2t + 8, 2t + 9,
// with g = lane / 4 and t = lane % 4 (chip.h).
#ifndef DLT_KERNELS_CUDA_ATTENTION_TILE_H
#define DLT_KERNELS_CUDA_ATTENTION_TILE_H

#include "kernels/cuda/attention.h"

constexpr unsigned TILE = 64, PATCH = 16, PATCHES = TILE / PATCH;
constexpr unsigned TILE_WARPS = TILE / PATCH, TILE_THREADS = TILE_WARPS * WARP;

template <int ND> struct tile_shape {
    static constexpr int KD = (ND + 1) / 2;
    static constexpr unsigned STRIDE = KD * 16 + 8; // of rows: eight octets lie in different banks
    static constexpr unsigned BYTES = TILE * STRIDE * sizeof(bf16);
};

// Of drawn halves: 16 rows of 16, so far apart that eight of them lie in different banks.
constexpr unsigned HALVES_STRIDE = 24, HALVES = PATCH * HALVES_STRIDE;
constexpr unsigned PATCH_BYTES = HALVES * sizeof(uint16_t);

static const float LOG2_E = 1.44269504f;

// One head of one sequence, from a pointer to its first element; rows `step` elements apart.
struct head_rows {
    const bf16 *data;
    size_t step;
};

__device__ static inline struct head_rows head_of(const bf16 *data, const struct attention &s,
                                                  size_t b, size_t h, size_t step) {
    return {data + b * s.T * step + h * s.D, step};
}

// The least power of two that is no less than n: so many threads share a row of n units.
static constexpr unsigned threads_of_row(unsigned n) {
    unsigned threads = 1;
    while (threads < n) {
        threads *= 2;
    }
    return threads;
}

template <int ND, int BYTES>
__device__ inline void tile_begin_units(bf16 *tile, struct head_rows x, unsigned first, unsigned T,
                                        unsigned D) {
    constexpr unsigned ELEMENTS = BYTES / sizeof(bf16);
    constexpr unsigned UNITS = tile_shape<ND>::KD * 16 / ELEMENTS, THREADS = threads_of_row(UNITS);
    constexpr unsigned ROWS = TILE_THREADS / THREADS; // that are begun together
    unsigned unit = threadIdx.x % THREADS, row = threadIdx.x / THREADS;
    if (unit >= UNITS) {
        return;
    }
    const bf16 *from = x.data + (size_t)(first + row) * x.step + unit * ELEMENTS;
    bf16 *to = tile + row * tile_shape<ND>::STRIDE + unit * ELEMENTS;
    unsigned rows = unit * ELEMENTS >= D ? 0 : T - first < TILE ? T - first : TILE;
#pragma unroll
    for (unsigned i = 0; i < TILE; i += ROWS) {
        copy_begin<BYTES>(to, from, row + i < rows);
        from += ROWS * x.step;
        to += ROWS * tile_shape<ND>::STRIDE;
    }
}

// Begins to copy rows first .. first + TILE, first < T, with zeros beyond row T and column D.
template <int ND>
__device__ inline void tile_begin(bf16 *tile, struct head_rows x, unsigned first,
                                  const struct attention &s) {
    unsigned T = (unsigned)s.T, D = (unsigned)s.D;
    size_t odd = (uintptr_t)x.data / sizeof(bf16) | x.step | D; // bits tell what divides them all
    if (odd % 8 == 0) {
        tile_begin_units<ND, 16>(tile, x, first, T, D);
    } else if (odd % 4 == 0) {
        tile_begin_units<ND, 8>(tile, x, first, T, D);
    } else {
        tile_begin_units<ND, 4>(tile, x, first, T, D);
    }
}

// Rows `row` .. + 16 and columns 16k .. + 16 of a tile, as the left factor.
template <int ND>
__device__ inline void patch_left(uint32_t words[4], const bf16 *tile, unsigned row, int k) {
    unsigned lane = threadIdx.x % WARP;
    load_matrices(words,
                  tile + (row + lane % 16) * tile_shape<ND>::STRIDE + k * 16 + lane / 16 * 8);
}

// The same patch, transposed, as the right factor: words 0, 1 for the first 8 of the tile's rows,
// 2, 3 for the others.
template <int ND>
__device__ inline void patch_right_transposed(uint32_t words[4], const bf16 *tile, unsigned row,
                                              int k) {
    unsigned lane = threadIdx.x % WARP;
    load_matrices(words, tile + (row + lane / 16 * 8 + lane % 8) * tile_shape<ND>::STRIDE + k * 16 +
                             lane / 8 % 2 * 8);
}

// Rows `row` .. + 16 and columns 8d .. + 16 as the right factor: words 0, 1 for the first 8
// columns, 2, 3 for the others.
template <int ND>
__device__ inline void patch_right(uint32_t words[4], const bf16 *tile, unsigned row, int d) {
    unsigned lane = threadIdx.x % WARP;
    load_matrices_transposed(words, tile + (row + lane % 16) * tile_shape<ND>::STRIDE + d * 8 +
                                        lane / 16 * 8);
}

// sums (16, 8 ND) += patch (16, 16), held by the warp, times rows `row` .. + 16 of a tile.
template <int ND>
__device__ inline void patch_times_rows(float sums[ND][4], const float patch[2][4],
                                        const bf16 *tile, unsigned row) {
    uint32_t left[4] = {pack_bf16(patch[0][0], patch[0][1]), pack_bf16(patch[0][2], patch[0][3]),
                        pack_bf16(patch[1][0], patch[1][1]), pack_bf16(patch[1][2], patch[1][3])};
#pragma unroll
    for (int d = 0; d < ND; d += 2) {
        uint32_t right[4];
        patch_right<ND>(right, tile, row, d);
        multiply_add(sums[d], left, right[0], right[1]);
        if (d + 1 < ND) {
            multiply_add(sums[d + 1], left, right[2], right[3]);
        }
    }
}

// Element e of group i of a patch: where it lies.
__device__ static inline unsigned patch_row(int e) {
    return threadIdx.x % WARP / 4 + (unsigned)(e / 2) * 8;
}

__device__ static inline unsigned patch_column(int i, int e) {
    return (unsigned)i * 8 + threadIdx.x % 4 * 2 + (unsigned)(e % 2);
}

// Draws the halves of a 16 x 16 patch of probabilities, two octets to a row and one to a lane.
// first: element number of its first; all of the warp take part.
__device__ static inline void patch_draw(uint16_t *halves, const struct dropout_plan &plan,
                                         size_t first, size_t T) {
    unsigned lane = threadIdx.x % WARP;
    uint4 drawn = dropout_halves(plan, first + lane / 2 * T + lane % 2 * OCTET);
    warp_barrier(); // what was drawn before has been read
    *(uint4 *)(halves + lane / 2 * HALVES_STRIDE + lane % 2 * OCTET) = drawn;
    warp_barrier();
}

// How many patches of a tile whose first row or column is `first` lie before `end`.
__device__ static inline unsigned patches_before(unsigned end, unsigned first) {
    unsigned left = end > first ? end - first : 0;
    return left < TILE ? (left + PATCH - 1) / PATCH : PATCHES;
}

// Rows of type bf16, sums times a factor each for rows g and g + 8: pairs of columns 8d + 2t.
template <int ND>
__device__ inline void store_rows(bf16 *to, size_t step, const float sums[ND][4],
                                  const float factors[2], size_t row, const struct attention &s) {
#pragma unroll
    for (int d = 0; d < ND; d++) {
        unsigned column = patch_column(d, 0);
#pragma unroll
        for (int e = 0; e < 4; e += 2) {
            size_t r = row + patch_row(e);
            if (r < s.T && column < s.D) {
                *(uint32_t *)(to + r * step + column) =
                    pack_bf16(sums[d][e] * factors[e / 2], sums[d][e + 1] * factors[e / 2]);
            }
        }
    }
}

static inline size_t tile_blocks(const struct attention &s) {
    return divide_up(s.T, TILE) * s.H * s.B;
}

struct tile_place {
    unsigned tile, b, h;
};

// A block's place. Of a causal mask the longest tiles come first, all heads' of one length together:
// the last ones, which other processors wait for, are short. Longest are the first keys, which most
// queries see, and the last queries.
__device__ static inline struct tile_place tile_of_block(const struct attention &s, bool keys) {
    unsigned H = (unsigned)s.H, heads = (unsigned)s.B * H,
             tiles = ((unsigned)s.T + TILE - 1) / TILE;
    unsigned tile = blockIdx.x / heads, head = blockIdx.x % heads;
    return {keys ? tile : tiles - 1 - tile, head / H, head % H};
}

// Calls f.run<ND>() with the least ND of those compiled that holds D columns.
template <class F> void with_head_width(size_t D, F f) {
    assert(D <= 128);
    if (D <= 32) {
        f.template run<4>();
    } else if (D <= 64) {
        f.template run<8>();
    } else if (D <= 104) {
        f.template run<13>();
    } else {
        f.template run<16>();
    }
}

#endif
