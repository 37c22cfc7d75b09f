// Packing of B into panels for tile_product(): K rows of TILE_COLUMNS, zeros where B ends.
#ifndef DLT_KERNELS_CPU_PACK_H
#define DLT_KERNELS_CPU_PACK_H

#include "kernels/cpu/tile.h"

typedef float float4 __attribute__((vector_size(16)));

// to[k TILE_COLUMNS + j] = from[j step + k] for four columns j and four k.
INLINE void transpose_4x4(float *to, const float *from, size_t step) {
    float4 r[4];
    for (size_t j = 0; j < 4; j++) {
        memcpy(&r[j], from + j * step, sizeof r[j]);
    }
    float4 low01 = __builtin_shufflevector(r[0], r[1], 0, 4, 1, 5);
    float4 high01 = __builtin_shufflevector(r[0], r[1], 2, 6, 3, 7);
    float4 low23 = __builtin_shufflevector(r[2], r[3], 0, 4, 1, 5);
    float4 high23 = __builtin_shufflevector(r[2], r[3], 2, 6, 3, 7);
    r[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
    r[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
    r[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
    r[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
    for (size_t k = 0; k < 4; k++) {
        memcpy(to + k * TILE_COLUMNS, &r[k], sizeof r[k]);
    }
}

// A panel from columns that lie contiguous in k (a transposed weight).
__attribute__((unused)) static void pack_transposed(float *to, const float *b, size_t step,
                                                    size_t columns, size_t K) {
    size_t j = 0;
    for (; j + 4 <= columns; j += 4) {
        size_t k = 0;
        for (; k + 4 <= K; k += 4) {
            transpose_4x4(to + k * TILE_COLUMNS + j, b + j * step + k, step);
        }
        for (; k < K; k++) {
            for (size_t i = j; i < j + 4; i++) {
                to[k * TILE_COLUMNS + i] = b[i * step + k];
            }
        }
    }
    for (; j < TILE_COLUMNS; j++) {
        for (size_t k = 0; k < K; k++) {
            to[k * TILE_COLUMNS + j] = j < columns ? b[j * step + k] : 0;
        }
    }
}

// A panel from rows of B.
__attribute__((unused)) static void pack_rows(float *to, const float *b, size_t step,
                                              size_t columns, size_t K) {
    for (size_t k = 0; k < K; k++, to += TILE_COLUMNS, b += step) {
        UNROLL for (size_t v = 0; v < TILE_VECTORS; v++) {
            size_t j = v * LANES;
            vec_store(to + j, j < columns ? vec_load_part(b + j, columns - j, 0) : vec_set(0));
        }
    }
}

#endif
