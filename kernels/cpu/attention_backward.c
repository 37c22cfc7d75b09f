#include <omp.h>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/vector_math.h"

enum {
    ROWS = 32, // rows of scores at a time; part of the results' bits: dK and dV add up by these
    PADDED_ROWS = (ROWS + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS,
    PIECE = 256, // part of the results' bits, as in product.h
};

struct scratch {
    float *key_columns, *value_columns; // panels for products over D
    float *key_rows;                    // panels for products over T
    float *queries, *gradients;         // (PADDED_ROWS, D)
    float *query_rows, *gradient_rows;  // panels for products over ROWS
    float *scores, *score_gradients;    // (PADDED_ROWS, T)
    float *factors;
};

// One (batch, head). Rows of q, k, v and their gradients are 3 C apart, k and v are C and 2 C on;
// rows of out and its gradient are C apart.
struct head {
    const float *qkv, *out, *out_gradient, *log_sum;
    float *qkv_gradient;
    size_t first_element; // of the dropout
};

static size_t scratch_floats(const struct attention *s) {
    return 2 * s->row_panels * TILE_COLUMNS * s->D + s->head_panels * TILE_COLUMNS * s->T +
           2 * PADDED_ROWS * s->D + 2 * ROWS * s->head_panels * TILE_COLUMNS +
           2 * PADDED_ROWS * s->score_step + s->T + DROPOUT_ROOM + 16;
}

static struct scratch scratch_divide(const struct attention *s, float *floats) {
    struct scratch x = {.key_columns = floats};
    x.value_columns = x.key_columns + s->row_panels * TILE_COLUMNS * s->D;
    x.key_rows = x.value_columns + s->row_panels * TILE_COLUMNS * s->D;
    x.queries = x.key_rows + s->head_panels * TILE_COLUMNS * s->T;
    x.gradients = x.queries + PADDED_ROWS * s->D;
    x.query_rows = x.gradients + PADDED_ROWS * s->D;
    x.gradient_rows = x.query_rows + ROWS * s->head_panels * TILE_COLUMNS;
    x.scores = x.gradient_rows + ROWS * s->head_panels * TILE_COLUMNS;
    x.score_gradients = x.scores + PADDED_ROWS * s->score_step;
    x.factors = x.score_gradients + PADDED_ROWS * s->score_step;
    return x;
}

static float dot(const float *a, const float *b, size_t n) {
    vec16 sum = vec16_set(0);
    for (size_t j = 0; j < n; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            sum.part[p] = vec_fma(vec16_load_part(a, n, j, p, 0), vec16_load_part(b, n, j, p, 0),
                                  sum.part[p]);
        }
    }
    return vec16_sum(sum);
}

// One row: scores to probabilities after dropout, and the probabilities' gradients (of what dropout
// let through) to the scores' own:
//     p = exp(scale score - log_sum),  ds = scale p (factor dp - delta),  delta = out . dout
// Whole vectors of scratch are written, zeros beyond n.
static void backward_row(float *scores, float *gradients, const float *factors, size_t n,
                         float scale, float log_sum, float delta) {
    float exponent_scale = scale;
    attention_bound_exponents(scores, n, &exponent_scale, &log_sum);
    for (size_t j = 0; j < n; j += LANES) {
        vec x = vec_load_part(scores + j, n - j, -INFINITY);
        vec dp = vec_load_part(gradients + j, n - j, 0);
        vec p = vec_exp(vec_fma(x, vec_set(exponent_scale), vec_set(-log_sum)));
        vec dropped = p;
        if (factors) {
            vec factor = vec_load_part(factors + j, n - j, 0);
            dropped = p * factor;
            dp = dp * factor;
        }
        vec_store(scores + j, dropped);
        vec_store(gradients + j, p * scale * (dp - vec_set(delta)));
    }
}

static void backward_rows(const struct attention *s, struct scratch *x, const struct head *head,
                          size_t first, size_t rows, size_t columns) {
    for (size_t i = 0; i < PADDED_ROWS; i++) {
        float *scores = x->scores + i * s->score_step;
        float *gradients = x->score_gradients + i * s->score_step;
        size_t row = first + i, n = i >= rows ? 0 : s->causal ? row + 1 : s->T;
        size_t written = round_up(n, LANES), unseen = columns - size_min(written, columns);
        memset(scores + written, 0, unseen * sizeof *scores);
        memset(gradients + written, 0, unseen * sizeof *gradients);
        if (n == 0) {
            continue;
        }
        const float *factors = NULL;
        if (s->plan.threshold > 0) {
            factors = dropout_factors(&s->plan, head->first_element + row * s->T, n, x->factors);
        }
        float delta = dot(head->out + row * s->C, head->out_gradient + row * s->C, s->D);
        backward_row(scores, gradients, factors, n, s->scale, head->log_sum[row], delta);
    }
}

// dq rows = ds k, K cut in pieces.
static void query_gradient(const struct attention *s, const struct scratch *x, float *to,
                           size_t rows, size_t columns) {
    for (size_t i = 0; i < rows; i += TILE_ROWS) {
        for (size_t j = 0; j < s->D; j += TILE_COLUMNS) {
            for (size_t k = 0; k < columns; k += PIECE) {
                tile sums = tile_product(x->score_gradients + i * s->score_step + k, s->score_step,
                                         1, x->key_rows + j * s->T + k * TILE_COLUMNS,
                                         size_min(PIECE, columns - k));
                tile_store(&sums, to + i * 3 * s->C + j, 3 * s->C, rows - i, s->D - j, k > 0, NULL);
            }
        }
    }
}

// to (columns, D) += scores^T x, x packed by rows: dv from probabilities and dout, dk from ds and
// q.
static void add_transposed(const struct attention *s, float *to, const float *scores,
                           const float *panels, size_t rows, size_t columns) {
    for (size_t i = 0; i < columns; i += TILE_ROWS) {
        for (size_t j = 0; j < s->D; j += TILE_COLUMNS) {
            tile sums = tile_product(scores + i, 1, s->score_step, panels + j * rows, rows);
            tile_store(&sums, to + i * 3 * s->C + j, 3 * s->C, columns - i, s->D - j, true, NULL);
        }
    }
}

static void backward_head(const struct attention *s, struct scratch *x, const struct head *head) {
    size_t C = s->C, step = 3 * C;
    attention_pack_columns(s, x->key_columns, head->qkv + C, step);
    attention_pack_columns(s, x->value_columns, head->qkv + 2 * C, step);
    attention_pack_rows(s, x->key_rows, head->qkv + C, step, s->T);
    for (size_t t = 0; t < s->T; t++) {
        memset(head->qkv_gradient + t * step + C, 0, s->D * sizeof(float));
        memset(head->qkv_gradient + t * step + 2 * C, 0, s->D * sizeof(float));
    }
    for (size_t first = 0; first < s->T; first += ROWS) {
        size_t rows = size_min(ROWS, s->T - first);
        size_t columns = s->causal ? first + rows : s->T;
        const float *queries = head->qkv + first * step, *dout = head->out_gradient + first * C;
        attention_prefetch_rows(s, head->out, C, first, rows);
        attention_prefetch_rows(s, head->out_gradient, C, first + ROWS, ROWS);
        attention_copy_rows(s, x->queries, queries, step, rows, PADDED_ROWS);
        attention_copy_rows(s, x->gradients, dout, C, rows, PADDED_ROWS);
        attention_pack_rows(s, x->query_rows, queries, step, rows);
        attention_pack_rows(s, x->gradient_rows, dout, C, rows);
        attention_scores(s, x->scores, x->queries, x->key_columns, rows, columns);
        attention_scores(s, x->score_gradients, x->gradients, x->value_columns, rows, columns);
        backward_rows(s, x, head, first, rows, columns);
        float *gradient = head->qkv_gradient;
        query_gradient(s, x, gradient + first * step, rows, columns);
        add_transposed(s, gradient + C, x->score_gradients, x->query_rows, rows, columns);
        add_transposed(s, gradient + 2 * C, x->scores, x->gradient_rows, rows, columns);
    }
}

void CPU(attention_backward)(device *dev, act *qkv_gradient, const act *out_gradient,
                             const act *out, const act *qkv, const float *log_sum, size_t B,
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
            size_t row = i / H * T, column = i % H * D;
            struct head head = {.qkv = act_const_floats(qkv) + row * 3 * s.C + column,
                                .out = act_const_floats(out) + row * s.C + column,
                                .out_gradient = act_const_floats(out_gradient) + row * s.C + column,
                                .log_sum = log_sum + i * T,
                                .qkv_gradient = act_floats(qkv_gradient) + row * 3 * s.C + column,
                                .first_element = i * T * T};
            backward_head(&s, &x, &head);
        }
    }
}
