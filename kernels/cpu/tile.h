// The inner loop of every matrix product: a tile of ROWS x COLUMNS sums held in registers.
//
// Each sum is one chain of fused multiply-adds from 0 in ascending k, so that its bits depend on
// neither the tile's shape nor the vectors' width.
#ifndef DLT_KERNELS_CPU_TILE_H
#define DLT_KERNELS_CPU_TILE_H

#include <stdbool.h>

#include "kernels/cpu/vector.h"

// As many sums as registers allow, with one over for each vector of B and for an element of A.
#if defined DLT_ISA_avx512
enum { TILE_ROWS = 8, TILE_VECTORS = 2 }; // 16 of 32 registers, in even shapes
#elif defined DLT_ISA_avx2
enum { TILE_ROWS = 6, TILE_VECTORS = 2 };
#elif defined DLT_ISA_neon
enum { TILE_ROWS = 8, TILE_VECTORS = 2 };
#else
enum { TILE_ROWS = 4, TILE_VECTORS = 2 };
#endif
enum { TILE_COLUMNS = TILE_VECTORS * LANES };

typedef struct {
    vec row[TILE_ROWS][TILE_VECTORS];
} tile;

// sums[i][j] = sum over k < K of a[i a_row + k a_k] b[k TILE_COLUMNS + j].
INLINE tile tile_product(const float *a, size_t a_row, size_t a_k, const float *b, size_t K) {
    tile sums;
    UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
            sums.row[i][v] = vec_set(0);
        }
    }
    for (size_t k = 0; k < K; k++) {
        vec columns[TILE_VECTORS];
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
            columns[v] = vec_load(b + k * TILE_COLUMNS + v * LANES);
        }
        UNROLL for (size_t i = 0; i < TILE_ROWS; i++) {
            vec element = vec_set(a[i * a_row + k * a_k]);
            UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
                sums.row[i][v] = vec_fma(element, columns[v], sums.row[i][v]);
            }
        }
    }
    return sums;
}

INLINE tile tile_add(tile a, tile b) {
    UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
            a.row[i][v] += b.row[i][v];
        }
    }
    return a;
}

INLINE void tile_store_whole(tile sums, float *c, size_t step, bool add, const float *bias) {
    if (add) {
        UNROLL for (size_t i = 0; i < TILE_ROWS; i++) {
            UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
                sums.row[i][v] = vec_load(c + i * step + v * LANES) + sums.row[i][v];
            }
        }
    }
    UNROLL for (size_t i = 0; i < TILE_ROWS; i++) {
        UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
            vec x = sums.row[i][v];
            vec_store(c + i * step + v * LANES, bias ? x + vec_load(bias + v * LANES) : x);
        }
    }
}

// Adds a tile to C (or stores it where `add` is not set), then the bias where there is one. C ends
// after `rows` and `columns`, which may be more than the tile has.
INLINE void tile_store(const tile *sums, float *c, size_t step, size_t rows, size_t columns,
                       bool add, const float *bias) {
    if (rows >= TILE_ROWS && columns >= TILE_COLUMNS) {
        tile_store_whole(*sums, c, step, add, bias);
        return;
    }
    UNROLL for (size_t i = 0; i < TILE_ROWS; i++) {
        UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
            size_t j = v * LANES;
            if (i >= rows || j >= columns) {
                continue;
            }
            vec x = sums->row[i][v];
            float *to = c + i * step + j;
            if (add) {
                x = vec_load_part(to, columns - j, 0) + x;
            }
            if (bias) {
                x += vec_load_part(bias + j, columns - j, 0);
            }
            vec_store_part(to, columns - j, x);
        }
    }
}

#endif
