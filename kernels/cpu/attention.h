// What attention's forward and backward share. Each (batch, head) is the work of one thread, in
// blocks of rows, so that no more than a block of scores exists at a time.
#ifndef DLT_KERNELS_CPU_ATTENTION_H
#define DLT_KERNELS_CPU_ATTENTION_H

#include "kernels/cpu/dropout.h"
#include "kernels/cpu/pack.h"

struct attention {
    size_t B, T, H, D, C;
    bool causal;
    float scale; // of the scores: 1 / sqrt(D)
    struct dropout_plan plan;
    size_t score_step;  // floats from one row of scores to the next
    size_t head_panels; // panels of tile width that D takes
    size_t row_panels;  // and T
};

INLINE struct attention attention_shape(size_t B, size_t T, size_t H, size_t D, bool causal,
                                        const struct dropout *dropout) {
    return (struct attention){.B = B,
                              .T = T,
                              .H = H,
                              .D = D,
                              .C = H * D,
                              .causal = causal,
                              .scale = 1 / sqrtf((float)D),
                              .plan = dropout_plan(dropout),
                              // The gap keeps a tile's rows out of one cache set.
                              .score_step = round_up(T, TILE_COLUMNS) + 16,
                              .head_panels = divide_up(D, TILE_COLUMNS),
                              .row_panels = divide_up(T, TILE_COLUMNS)};
}

// Makes fma(score, scale, -shift) fit to be an exponent, shift being the row's largest scaled score or
// somewhat more. Where a unit in its last place is no small part of 1, what fma() keeps beyond it is large:
// such scores become their rounded products' differences from it, which is 0 for the largest itself.
// Nothing changes for others.
INLINE void attention_bound_exponents(float *scores, size_t n, float *scale, float *shift) {
    if (fabsf(*shift) > 0x1p22F) {
        for (size_t j = 0; j < n; j++) {
            scores[j] = scores[j] * *scale - *shift;
        }
        *scale = 1;
        *shift = 0;
    }
}

// Panels for products over D: panel j holds rows j TILE_COLUMNS and on of `x` (T, D) as columns.
INLINE void attention_pack_columns(const struct attention *s, float *to, const float *x,
                                   size_t step) {
    for (size_t j = 0; j < s->row_panels; j++) {
        size_t row = j * TILE_COLUMNS;
        pack_transposed(to + row * s->D, x + row * step, step, size_min(TILE_COLUMNS, s->T - row),
                        s->D);
    }
}

// Panels for products over rows: panel j holds columns j TILE_COLUMNS and on of `rows` rows of x.
INLINE void attention_pack_rows(const struct attention *s, float *to, const float *x, size_t step,
                                size_t rows) {
    for (size_t j = 0; j < s->head_panels; j++) {
        size_t column = j * TILE_COLUMNS;
        pack_rows(to + column * rows, x + column, step, size_min(TILE_COLUMNS, s->D - column),
                  rows);
    }
}

// `rows` rows of x side by side, zeros up to `padded` rows.
INLINE void attention_copy_rows(const struct attention *s, float *to, const float *x, size_t step,
                                size_t rows, size_t padded) {
    for (size_t i = 0; i < rows; i++) {
        memcpy(to + i * s->D, x + i * step, s->D * sizeof *to);
    }
    memset(to + rows * s->D, 0, (padded - rows) * s->D * sizeof *to);
}

// Rows first .. first + rows of x, as far as there are so many, into the caches: rows of one head lie
// too far apart for the hardware to foresee.
INLINE void attention_prefetch_rows(const struct attention *s, const float *x, size_t step,
                                    size_t first, size_t rows) {
    for (size_t i = first; i < size_min(first + rows, s->T); i++) {
        for (size_t j = 0; j < s->D; j += 64 / sizeof *x) {
            __builtin_prefetch(x + i * step + j, 0, 2);
        }
    }
}

// scores (rows, columns) = x (rows, D) times panels packed by attention_pack_columns(); the panels
// are computed whole, so that what lies beyond `columns` in the last one is not defined.
INLINE void attention_scores(const struct attention *s, float *scores, const float *x,
                             const float *panels, size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i += TILE_ROWS) {
        for (size_t j = 0; j < columns; j += TILE_COLUMNS) {
            tile sums = tile_product(x + i * s->D, s->D, 1, panels + j * s->D, s->D);
            tile_store(&sums, scores + i * s->score_step + j, s->score_step, TILE_ROWS,
                       TILE_COLUMNS, false, NULL);
        }
    }
}

#endif
