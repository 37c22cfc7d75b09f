#include <omp.h>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/vector_math.h"

enum {
    ROWS = 16, // rows of scores at a time
    PADDED_ROWS = (ROWS + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS,
    ROOM = (PADDED_ROWS + 15) / 16 * 16,
    PIECE = 256, // part of the results' bits, as in product.h
};

struct scratch {
    float *key_panels, *value_panels, *queries, *scores, *factors;
    _Alignas(64) float sums[ROOM]; // of a row's exponentials, then 1 over them
};

static size_t scratch_floats(const struct attention *s) {
    return s->row_panels * TILE_COLUMNS * s->D + s->head_panels * TILE_COLUMNS * s->T +
           PADDED_ROWS * s->D + PADDED_ROWS * s->score_step + s->T + DROPOUT_ROOM + 16;
}

static struct scratch scratch_divide(const struct attention *s, float *floats) {
    struct scratch x = {.key_panels = floats};
    x.value_panels = x.key_panels + s->row_panels * TILE_COLUMNS * s->D;
    x.queries = x.value_panels + s->head_panels * TILE_COLUMNS * s->T;
    x.scores = x.queries + PADDED_ROWS * s->D;
    x.factors = x.scores + PADDED_ROWS * s->score_step;
    return x;
}

// Exponentials of n scaled scores relative to the largest, in place; zeros up to a multiple of 16.
// Returns their sum.
static float softmax_row(float *scores, size_t n, float scale, float *largest) {
    vec16 top = vec16_set(-INFINITY), sum = vec16_set(0);
    for (size_t j = 0; j < n; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            top.part[p] = vec_max(vec16_load_part(scores, n, j, p, -INFINITY), top.part[p]);
        }
    }
    *largest = vec16_max(top) * scale;
    float bound = *largest;
    attention_bound_exponents(scores, n, &scale, &bound);
    vec shift = vec_set(-bound);
    for (size_t j = 0; j < n; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            vec x = vec16_load_part(scores, n, j, p, -INFINITY);
            vec e = vec_exp(vec_fma(x, vec_set(scale), shift));
            sum.part[p] += e;
            vec_store(scores + j + p * LANES, e);
        }
    }
    return vec16_sum(sum);
}

// log(sum) + largest, and the sums' inverses in place of them.
static void finish_sums(float *log_sum, float *sums, const float *largest, size_t rows) {
    for (size_t i = 0; i < rows; i += LANES) {
        vec sum = vec_load(sums + i);
        vec_store_part(log_sum + i, rows - i, vec_log(sum) + vec_load(largest + i));
        vec_store(sums + i, 1 / sum);
    }
}

// Scores of rows first .. first + rows to probabilities times their sum, after dropout; columns
// that a row does not see become 0 up to `columns`.
static void softmax_rows(const struct attention *s, struct scratch *x, float *log_sum,
                         size_t first_element, size_t first, size_t rows, size_t columns) {
    _Alignas(64) float largest[ROOM];
    for (size_t i = 0; i < PADDED_ROWS; i++) {
        float *scores = x->scores + i * s->score_step;
        size_t n = i >= rows ? 0 : s->causal ? first + i + 1 : s->T, written = round_up(n, 16);
        memset(scores + written, 0, (columns - size_min(written, columns)) * sizeof *scores);
        x->sums[i] = 1;
        largest[i] = 0;
        if (n == 0) {
            continue;
        }
        x->sums[i] = softmax_row(scores, n, s->scale, &largest[i]);
        if (s->plan.threshold > 0) {
            size_t element = first_element + (first + i) * s->T;
            const float *factors = dropout_factors(&s->plan, element, n, x->factors);
            for (size_t j = 0; j < n; j += LANES) {
                vec_store(scores + j, vec_load(scores + j) * vec_load_part(factors + j, n - j, 0));
            }
        }
    }
    finish_sums(log_sum + first, x->sums, largest, rows);
}

// out rows = (scores / sum) values, K cut in pieces.
static void weigh_values(const struct attention *s, struct scratch *x, float *out, size_t rows,
                         size_t columns) {
    for (size_t i = 0; i < rows; i += TILE_ROWS) {
        for (size_t j = 0; j < s->D; j += TILE_COLUMNS) {
            tile sums;
            for (size_t k = 0; k < columns; k += PIECE) {
                tile piece = tile_product(x->scores + i * s->score_step + k, s->score_step, 1,
                                          x->value_panels + j * s->T + k * TILE_COLUMNS,
                                          size_min(PIECE, columns - k));
                sums = k == 0 ? piece : tile_add(sums, piece);
            }
            UNROLL for (size_t r = 0; r < TILE_ROWS; r++) {
                UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
                    sums.row[r][v] *= x->sums[i + r];
                }
            }
            tile_store(&sums, out + i * s->C + j, s->C, rows - i, s->D - j, false, NULL);
        }
    }
}

// One (batch, head): q, k and v are at qkv, qkv + C and qkv + 2 C with 3 C from row to row.
static void attend(const struct attention *s, struct scratch *x, float *out, float *log_sum,
                   const float *qkv, size_t first_element) {
    size_t step = 3 * s->C;
    attention_pack_columns(s, x->key_panels, qkv + s->C, step);
    attention_pack_rows(s, x->value_panels, qkv + 2 * s->C, step, s->T);
    for (size_t first = 0; first < s->T; first += ROWS) {
        size_t rows = size_min(ROWS, s->T - first);
        size_t columns = s->causal ? first + rows : s->T;
        attention_copy_rows(s, x->queries, qkv + first * step, step, rows, PADDED_ROWS);
        attention_scores(s, x->scores, x->queries, x->key_panels, rows, columns);
        softmax_rows(s, x, log_sum, first_element, first, rows, columns);
        weigh_values(s, x, out + first * s->C, rows, columns);
    }
}

void CPU(attention_forward)(device *dev, act *out, float *log_sum, const act *qkv, size_t B,
                            size_t T, size_t H, size_t D, bool causal,
                            const struct dropout *dropout) {
    struct attention s = attention_shape(B, T, H, D, causal, dropout);
    size_t floats = round_up(scratch_floats(&s), 16);
    float *scratch = cpu_scratch(dev, (size_t)omp_get_max_threads() * floats * sizeof *scratch);
    if (!scratch) {
        return;
    }
#pragma omp parallel if (B * H * T * T >= PARALLEL_ELEMENTS)
    {
        struct scratch x = scratch_divide(&s, scratch + (size_t)omp_get_thread_num() * floats);
#pragma omp for schedule(static)
        for (size_t i = 0; i < B * H; i++) {
            size_t b = i / H, h = i % H;
            attend(&s, &x, act_floats(out) + b * T * s.C + h * D, log_sum + i * T,
                   act_const_floats(qkv) + b * T * 3 * s.C + h * D, i * T * T);
        }
    }
}
