// Each thread has a rectangle of C to itself, and packs what that takes: nothing packed is shared, so
// that no thread waits for another, nor for lines that lie changed in another's cache.
//
// B is packed in blocks of BLOCK_FLOATS, in panels of one tile's width, which stay in the
// second-level cache; A by strips of two tiles' rows and PIECE of K, into the first, where it does
// not lie well. Packing pads with zeros, so that the inner loop knows only whole tiles.

#include "kernels/cpu/product.h"

#include <omp.h>

#include "kernels/cpu/pack.h"
#include "kernels/cpu/tile.h"

enum {
    PIECE = 256,            // part of the results' bits: never change
    BLOCK_FLOATS = 1 << 17, // 512 KB of B
    BLOCK_COLUMNS = 256,    // fewer only where B has fewer
    STRIP_TILES = 2,        // with the widest vectors a cache line of a transposed A
    STRIP_ROWS = STRIP_TILES * TILE_ROWS,
    A_STRIDE = PIECE + 16,      // rows of a packed A; the gap keeps them out of one cache set
    CACHE_SETS = 2048 / 4,      // floats; rows so far apart, or a multiple, meet in few cache sets
    PARALLEL_PRODUCT = 1 << 17, // multiply-adds below which one thread is faster
};

// The current block of B and the part of the product that it gives.
struct block {
    size_t n, columns; // columns n .. n + columns of C
    size_t k, K;       // k .. k + K of the product's K, K cut in pieces
    float *panels;     // (columns / TILE_COLUMNS, K, TILE_COLUMNS)
};

static void pack_block(const struct product *p, const struct block *block) {
    size_t panels = divide_up(block->columns, TILE_COLUMNS), pieces = divide_up(block->K, PIECE);
    for (size_t i = 0; i < panels * pieces; i++) {
        size_t j = i / pieces * TILE_COLUMNS, k = i % pieces * PIECE;
        size_t columns = size_min(TILE_COLUMNS, block->columns - j);
        size_t K = size_min(PIECE, block->K - k);
        float *to = block->panels + j * block->K + k * TILE_COLUMNS;
        const float *b = p->b + (block->n + j) * p->b_column + (block->k + k) * p->b_k;
        if (p->b_column == 1) {
            pack_rows(to, b, p->b_k, columns, K);
        } else {
            pack_transposed(to, b, p->b_column, columns, K);
        }
    }
}

// A strip of A: element (i, k) of tile t at from[t tile + i row + k column].
struct strip {
    const float *from;
    size_t tile, row, column;
};

// A strip contiguous along rows: k by k, a tile's rows side by side.
static void pack_transposed_strip(float *to, const float *a, size_t step, size_t rows, size_t K) {
    enum { TILE = TILE_ROWS * PIECE };
    if (rows >= STRIP_ROWS) {
        for (size_t k = 0; k < K; k++, to += TILE_ROWS, a += step) {
            memcpy(to, a, TILE_ROWS * sizeof *to);
            memcpy(to + TILE, a + TILE_ROWS, TILE_ROWS * sizeof *to);
        }
        return;
    }
    for (size_t k = 0; k < K; k++, to += TILE_ROWS, a += step) {
        for (size_t i = 0; i < STRIP_ROWS; i++) {
            to[i / TILE_ROWS * TILE + i % TILE_ROWS] = i < rows ? a[i] : 0;
        }
    }
}

// `rows` rows from m on, K from k on: packed to `to` where they must be.
static struct strip take_strip(float *to, const struct product *p, size_t m, size_t rows, size_t k,
                               size_t K) {
    const float *a = p->a + m * p->a_row + k * p->a_k;
    if (p->a_k != 1) {
        pack_transposed_strip(to, a, p->a_k, rows, K);
        return (struct strip){to, TILE_ROWS * PIECE, 1, TILE_ROWS};
    }
    if (rows % TILE_ROWS == 0 && p->a_row % CACHE_SETS != 0) {
        return (struct strip){a, TILE_ROWS * p->a_row, p->a_row, 1};
    }
    for (size_t i = 0; i < round_up(rows, TILE_ROWS); i++) {
        if (i < rows) {
            memcpy(to + i * A_STRIDE, a + i * p->a_row, K * sizeof *to);
        } else {
            memset(to + i * A_STRIDE, 0, K * sizeof *to);
        }
    }
    return (struct strip){to, TILE_ROWS * A_STRIDE, A_STRIDE, 1};
}

// Share `share` of `shares` of a strip of A, rows from m on and K from k on, into the caches.
static void prefetch_strip(const struct product *p, size_t m, size_t k, size_t K, size_t share,
                           size_t shares) {
    size_t runs = p->a_k == 1 ? STRIP_ROWS : K, run = p->a_k == 1 ? K : STRIP_ROWS;
    size_t step = p->a_k == 1 ? p->a_row : p->a_k;
    const float *a = p->a + m * p->a_row + k * p->a_k;
    for (size_t i = share * runs / shares; i < (share + 1) * runs / shares; i++) {
        for (size_t j = 0; j < run; j += 64 / sizeof *a) {
            __builtin_prefetch(a + i * step + j, 0, 2);
        }
    }
}

// Rows m .. m + rows of C, the block's columns, one piece of K.
static void multiply_piece(const struct product *p, const struct block *block, size_t m,
                           size_t rows, size_t k) {
    bool same_strip = k + PIECE < block->K;
    size_t next_m = same_strip ? m : m + STRIP_ROWS, next_k = same_strip ? k + PIECE : 0;
    bool prefetch = next_m + STRIP_ROWS <= p->M;
    size_t panels = divide_up(block->columns, TILE_COLUMNS);
    _Alignas(64) float room[STRIP_ROWS * A_STRIDE];
    size_t K = size_min(PIECE, block->K - k), at = block->k + k;
    struct strip a = take_strip(room, p, m, rows, at, K);
    bool add = p->accumulate || at > 0, is_last = at + K == p->K;
    for (size_t j = 0; j < block->columns; j += TILE_COLUMNS) {
        const float *panel = block->panels + j * block->K + k * TILE_COLUMNS;
        size_t n = block->n + j, columns = size_min(TILE_COLUMNS, block->columns - j);
        if (prefetch) {
            prefetch_strip(p, next_m, block->k + next_k, size_min(PIECE, block->K - next_k),
                           j / TILE_COLUMNS, panels);
        }
        const float *bias = p->bias && is_last ? p->bias + n : NULL;
        for (size_t t = 0; t * TILE_ROWS < rows; t++) {
            const float *from = a.from + t * a.tile;
            tile sums = a.column == 1 ? tile_product(from, a.row, 1, panel, K)
                                      : tile_product(from, 1, TILE_ROWS, panel, K);
            tile_store(&sums, p->c + (m + t * TILE_ROWS) * p->N + n, p->N, rows - t * TILE_ROWS,
                       columns, add, bias);
        }
    }
}

// A rectangle of C.
struct part {
    size_t m, m_end, n, n_end;
};

// Cuts C into threads x 1, ..., 1 x threads parts, as makes half their perimeter, and with it what
// is packed, least; the part of `thread`.
static struct part take_part(const struct product *p, size_t threads, size_t thread) {
    size_t strips = divide_up(p->M, STRIP_ROWS), panels = divide_up(p->N, TILE_COLUMNS);
    size_t down = 1, least = SIZE_MAX;
    for (size_t d = 1; d <= threads; d++) {
        size_t half =
            divide_up(strips, d) * STRIP_ROWS + divide_up(panels, threads / d) * TILE_COLUMNS;
        if (threads % d == 0 && half < least) {
            down = d;
            least = half;
        }
    }
    size_t across = threads / down, i = thread / across, j = thread % across;
    return (struct part){.m = strips * i / down * STRIP_ROWS,
                         .m_end = size_min(strips * (i + 1) / down * STRIP_ROWS, p->M),
                         .n = panels * j / across * TILE_COLUMNS,
                         .n_end = size_min(panels * (j + 1) / across * TILE_COLUMNS, p->N)};
}

// The blocks' extent: all of K where at least BLOCK_COLUMNS then fit, else pieces of it.
static struct block block_extent(size_t N, size_t K) {
    size_t columns = round_up(N, TILE_COLUMNS);
    size_t most = BLOCK_FLOATS / size_min(columns, BLOCK_COLUMNS) / PIECE * PIECE;
    K = size_min(K, most);
    return (struct block){
        .columns = size_min(columns, BLOCK_FLOATS / K / TILE_COLUMNS * TILE_COLUMNS), .K = K};
}

static void multiply_part(const struct product *p, const struct part *part, float *panels) {
    struct block most = block_extent(part->n_end - part->n, p->K);
    for (size_t n = part->n; n < part->n_end; n += most.columns) {
        for (size_t first = 0; first < p->K; first += most.K) {
            struct block block = {.n = n,
                                  .columns = size_min(most.columns, part->n_end - n),
                                  .k = first,
                                  .K = size_min(most.K, p->K - first),
                                  .panels = panels};
            pack_block(p, &block);
            for (size_t m = part->m; m < part->m_end; m += STRIP_ROWS) {
                for (size_t k = 0; k < block.K; k += PIECE) {
                    multiply_piece(p, &block, m, size_min(STRIP_ROWS, part->m_end - m), k);
                }
            }
        }
    }
}

void CPU(product)(device *dev, const struct product *p) {
    assert(p->a_row == 1 || p->a_k == 1);
    assert(p->b_k == 1 || p->b_column == 1);
    if (p->M == 0 || p->N == 0 || p->K == 0) {
        return;
    }
    bool parallel = p->M * p->N * p->K >= PARALLEL_PRODUCT;
    size_t threads = parallel ? (size_t)omp_get_max_threads() : 1;
    size_t room = size_min(BLOCK_FLOATS, round_up(p->N, TILE_COLUMNS) * p->K);
    float *panels = cpu_scratch(dev, threads * room * sizeof *panels);
    if (!panels) {
        return;
    }
#pragma omp parallel if (parallel)
    {
        size_t thread = (size_t)omp_get_thread_num();
        struct part part = take_part(p, (size_t)omp_get_num_threads(), thread);
        if (part.m < part.m_end && part.n < part.n_end) {
            multiply_part(p, &part, panels + thread * room);
        }
    }
}
