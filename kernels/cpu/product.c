// The blocks: B in blocks of PIECE x BLOCK_COLUMNS, packed once by all threads into panels of one
// tile's width, which stay in the second-level cache; A by one tile's rows, packed into the first.
// Packing pads with zeros, so that the inner loop knows only whole tiles.

#include "kernels/cpu/product.h"

#include <omp.h>

#include "kernels/cpu/pack.h"
#include "kernels/cpu/tile.h"

enum {
    PIECE = 256,                // part of the results' bits: never change
    BLOCK_COLUMNS = 256,       // 256 KB of B
    A_STRIDE = PIECE + 16,      // rows of a packed A; the gap keeps them out of one cache set
    PARALLEL_PRODUCT = 1 << 17, // multiply-adds below which one thread is faster
};

// The current block of B and the part of the product that it gives.
struct block {
    size_t n, columns; // columns n .. n + columns of C
    size_t k, K;       // this piece of K
    float *panels;
};

static void pack_block(const struct product *p, const struct block *block) {
    size_t panels = divide_up(block->columns, TILE_COLUMNS);
#pragma omp for schedule(static)
    for (size_t i = 0; i < panels; i++) {
        float *to = block->panels + i * PIECE * TILE_COLUMNS;
        size_t n = block->n + i * TILE_COLUMNS;
        size_t columns = size_min(TILE_COLUMNS, block->n + block->columns - n);
        const float *b = p->b + n * p->b_column + block->k * p->b_k;
        if (p->b_column == 1) {
            pack_rows(to, b, p->b_k, columns, block->K);
        } else {
            pack_transposed(to, b, p->b_column, columns, block->K);
        }
    }
}

// One tile's rows of A. Rows contiguous in k are copied as rows; otherwise k by k.
static void pack_a(float *to, const struct product *p, const struct block *block, size_t m) {
    size_t rows = size_min(TILE_ROWS, p->M - m);
    const float *a = p->a + m * p->a_row + block->k * p->a_k;
    if (p->a_k == 1) {
        for (size_t i = 0; i < TILE_ROWS; i++) {
            if (i < rows) {
                memcpy(to + i * A_STRIDE, a + i * p->a_row, block->K * sizeof *to);
            } else {
                memset(to + i * A_STRIDE, 0, block->K * sizeof *to);
            }
        }
        return;
    }
    for (size_t k = 0; k < block->K && rows == TILE_ROWS; k++, to += TILE_ROWS, a += p->a_k) {
        memcpy(to, a, TILE_ROWS * sizeof *to);
    }
    for (size_t k = 0; k < block->K && rows < TILE_ROWS; k++, to += TILE_ROWS, a += p->a_k) {
        for (size_t i = 0; i < TILE_ROWS; i++) {
            to[i] = i < rows ? a[i] : 0;
        }
    }
}

// Rows m .. m + TILE_ROWS of C, panels first .. last of the block.
static void multiply_row_of_tiles(const struct product *p, const struct block *block, size_t m,
                                  size_t first, size_t last) {
    _Alignas(64) float a[TILE_ROWS * A_STRIDE];
    pack_a(a, p, block, m);
    size_t rows = size_min(TILE_ROWS, p->M - m);
    bool add = p->accumulate || block->k > 0;
    bool is_last = block->k + block->K == p->K;
    for (size_t i = first; i < last; i++) {
        const float *panel = block->panels + i * PIECE * TILE_COLUMNS;
        size_t n = block->n + i * TILE_COLUMNS;
        size_t columns = size_min(TILE_COLUMNS, p->N - n);
        tile sums = p->a_k == 1 ? tile_product(a, A_STRIDE, 1, panel, block->K)
                                : tile_product(a, 1, TILE_ROWS, panel, block->K);
        const float *bias = p->bias && is_last ? p->bias + n : NULL;
        tile_store(&sums, p->c + m * p->N + n, p->N, rows, columns, add, bias);
    }
}

// Shares out rows of tiles, and where those are few, groups of panels as well.
static void multiply_block(const struct product *p, const struct block *block) {
    size_t rows = divide_up(p->M, TILE_ROWS);
    size_t panels = divide_up(block->columns, TILE_COLUMNS);
    size_t wanted = 4 * (size_t)omp_get_num_threads();
    size_t groups = size_min(rows < wanted ? divide_up(wanted, rows) : 1, panels);
#pragma omp for schedule(static)
    for (size_t i = 0; i < rows * groups; i++) {
        size_t group = i % groups;
        multiply_row_of_tiles(p, block, i / groups * TILE_ROWS, group * panels / groups,
                              (group + 1) * panels / groups);
    }
}

void CPU(product)(device *dev, const struct product *p) {
    assert(p->a_row == 1 || p->a_k == 1);
    assert(p->b_k == 1 || p->b_column == 1);
    size_t widest = size_min(round_up(p->N, TILE_COLUMNS), BLOCK_COLUMNS);
    float *panels = cpu_scratch(dev, PIECE * widest * sizeof *panels);
    if (!panels) {
        return;
    }
#pragma omp parallel if (p->M * p->N * p->K >= PARALLEL_PRODUCT)
    for (size_t n = 0; n < p->N; n += BLOCK_COLUMNS) {
        for (size_t k = 0; k < p->K; k += PIECE) {
            struct block block = {.n = n,
                                  .columns = size_min(BLOCK_COLUMNS, p->N - n),
                                  .k = k,
                                  .K = size_min(PIECE, p->K - k),
                                  .panels = panels};
            pack_block(p, &block); // both end in a barrier
            multiply_block(p, &block);
        }
    }
}
