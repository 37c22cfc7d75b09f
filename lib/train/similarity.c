#include "lib/train/similarity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/train/metrics.h"

enum { MATRICES = 2 }; // of a part: attention's qkv and projection, the feed-forward's two linears

static const char *const PART_NAMES[TYING_PARTS] = {"attention", "feedforward"};

struct comparison {
    const struct trained *trained;
    int count[TYING_PARTS];                    // layers compared
    int layers[TYING_PARTS][TYING_LAYERS_MAX]; // ascending
    struct matrix {
        float *values;
        size_t n;
    } matrices[TYING_PARTS][TYING_LAYERS_MAX][MATRICES]; // of layers[part][i]
    float *heads[TYING_LAYERS_MAX];                      // (H, 4 C D) of layers[TYING_ATTENTION][i]
    struct similarity *result;
};

// ---- Weights ------------------------------------------------------------------------------------

static void choose_layers(struct comparison *c, enum tying_part part) {
    const struct tying *tying = model_tying(c->trained->model);
    const struct tying_part_state *state = &tying->parts[part];
    bool seen[TYING_LAYERS_MAX] = {false};
    for (int i = 0; i < tying->layers; i++) {
        if (state->owner[i] == TYING_OWNER_ACTIVE && !seen[state->storage[i]]) {
            seen[state->storage[i]] = true;
            c->layers[part][c->count[part]++] = i;
        }
    }
    c->result->layers[part] = c->count[part];
}

static enum status take_matrix(struct comparison *c, struct matrix *matrix,
                               const struct model_tensor *tensor, struct error *error) {
    const struct trained *trained = c->trained;
    void *memory = NULL;
    enum status status =
        memory_allocate(&memory, tensor->n, sizeof(float), "a matrix of weights", error);
    if (status == STATUS_OK) {
        *matrix = (struct matrix){memory, tensor->n};
        trained->ops->download_state(trained->dev, memory, tensor->data, tensor->n);
        status = trained->ops->check(trained->dev, error);
    }
    return status;
}

// Takes the matrices of the storages that are compared, in the order in which they come.
static enum status take_tensor(void *context, const struct model_tensor *tensor,
                               struct error *error) {
    struct comparison *c = context;
    int slot, length;
    if (tensor->kind != MODEL_WEIGHT || tensor->dimensions != 2 ||
        sscanf(tensor->name, "layers.%d.%n", &slot, &length) != 1) {
        return STATUS_OK;
    }
    const char *rest = tensor->name + length;
    enum tying_part part = strncmp(rest, PART_NAMES[0], strlen(PART_NAMES[0])) == 0
                               ? TYING_ATTENTION
                               : TYING_FEEDFORWARD;
    const struct tying_part_state *state = &model_tying(c->trained->model)->parts[part];
    for (int i = 0; i < c->count[part]; i++) {
        if (state->storage[c->layers[part][i]] == slot) {
            struct matrix *matrix = c->matrices[part][i];
            return take_matrix(c, matrix[0].values ? &matrix[1] : &matrix[0], tensor, error);
        }
    }
    return STATUS_OK;
}

// Head by head: D rows each of query, key and value, then the projection's D columns.
static enum status gather_heads(struct comparison *c, int i, struct error *error) {
    const struct model_config *config = model_get_config(c->trained->model);
    size_t C = (size_t)config->width, H = (size_t)config->heads, D = C / H;
    const float *qkv = c->matrices[TYING_ATTENTION][i][0].values;
    const float *projection = c->matrices[TYING_ATTENTION][i][1].values;
    void *memory = NULL;
    enum status status = memory_allocate(&memory, 4 * C * C, sizeof(float), "heads", error);
    c->heads[i] = memory;
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t h = 0; h < H; h++) {
        float *to = c->heads[i] + h * 4 * C * D;
        for (size_t which = 0; which < 3; which++) {
            memcpy(to + which * C * D, qkv + (which * C + h * D) * C, C * D * sizeof(float));
        }
        for (size_t row = 0; row < C; row++) {
            memcpy(to + 3 * C * D + row * D, projection + row * C + h * D, D * sizeof(float));
        }
    }
    return STATUS_OK;
}

static void comparison_close(struct comparison *c) {
    for (int part = 0; part < TYING_PARTS; part++) {
        for (int i = 0; i < c->count[part]; i++) {
            free(c->matrices[part][i][0].values);
            free(c->matrices[part][i][1].values);
        }
    }
    for (int i = 0; i < c->count[TYING_ATTENTION]; i++) {
        free(c->heads[i]);
    }
    free(c);
}

static enum status comparison_open(struct comparison **comparison, const struct trained *trained,
                                   struct similarity *result, struct error *error) {
    void *memory = NULL;
    enum status status = memory_allocate(&memory, 1, sizeof **comparison, "a comparison", error);
    *comparison = memory;
    if (status != STATUS_OK) {
        return status;
    }
    struct comparison *c = memory;
    *result = (struct similarity){.heads = model_get_config(trained->model)->heads};
    c->trained = trained;
    c->result = result;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        choose_layers(c, part);
    }
    status = model_visit_tensors(trained->model, take_tensor, c, error);
    for (int i = 0; status == STATUS_OK && i < c->count[TYING_ATTENTION]; i++) {
        status = gather_heads(c, i, error);
    }
    if (status != STATUS_OK) {
        comparison_close(c);
    }
    return status;
}

// ---- Cosines ------------------------------------------------------------------------------------

// In eight chains, whatever the machine: the same bits everywhere.
static double dot(const float *a, const float *b, size_t n) {
    enum { CHAINS = 8 };
    double sums[CHAINS] = {0}, sum = 0;
    size_t whole = n / CHAINS * CHAINS;
    for (size_t i = 0; i < whole; i += CHAINS) {
        for (size_t k = 0; k < CHAINS; k++) {
            sums[k] += (double)a[i + k] * (double)b[i + k];
        }
    }
    for (size_t i = whole; i < n; i++) {
        sums[i - whole] += (double)a[i] * (double)b[i];
    }
    for (size_t k = 0; k < CHAINS; k++) {
        sum += sums[k];
    }
    return sum;
}

static double ratio(double product, double square, double other_square) {
    return square > 0 && other_square > 0 ? product / sqrt(square * other_square) : 0;
}

static double dot_matrices(const struct matrix *a, const struct matrix *b) {
    double sum = 0;
    for (int m = 0; m < MATRICES; m++) {
        sum += dot(a[m].values, b[m].values, a[m].n);
    }
    return sum;
}

static enum status write_pair(struct metrics_writer *w, enum tying_part part, int layer, int other,
                              double cosine, struct error *error) {
    metrics_put_task(w, "similarity");
    record_put_string(&w->record, "part", PART_NAMES[part]);
    record_put_int(&w->record, "layer", layer);
    record_put_int(&w->record, "other", other);
    record_put_real(&w->record, "cosine", cosine);
    return metrics_write(w, error);
}

static enum status compare_layers(const struct comparison *c, enum tying_part part,
                                  struct metrics_writer *w, struct error *error) {
    int n = c->count[part];
    const int *layers = c->layers[part];
    double squares[TYING_LAYERS_MAX], cosines[TYING_LAYERS_MAX], sum = 0;
    enum status status = STATUS_OK;
#pragma omp parallel for schedule(dynamic)
    for (int i = 0; i < n; i++) {
        squares[i] = dot_matrices(c->matrices[part][i], c->matrices[part][i]);
    }
    for (int i = 0; i < n && status == STATUS_OK; i++) {
        status =
            trained_require_finite(c->trained, "length of a layer's weights", squares[i], error);
    }
    for (int i = 0; i < n && status == STATUS_OK; i++) {
#pragma omp parallel for schedule(dynamic)
        for (int j = i + 1; j < n; j++) {
            cosines[j] = ratio(dot_matrices(c->matrices[part][i], c->matrices[part][j]), squares[i],
                               squares[j]);
        }
        for (int j = i + 1; j < n && status == STATUS_OK; j++) {
            sum += cosines[j];
            status = write_pair(w, part, layers[i], layers[j], cosines[j], error);
        }
    }
    c->result->cosine[part] = n > 1 ? 2 * sum / n / (n - 1) : 0;
    return status;
}

// The mean over all pairs of layers, of the lower one's head h and the higher one's head g.
static double compare_heads(const struct comparison *c, const double *squares, int h, int g) {
    const struct model_config *config = model_get_config(c->trained->model);
    size_t C = (size_t)config->width, H = (size_t)config->heads, n = 4 * C * (C / H);
    int layers = c->count[TYING_ATTENTION];
    double sum = 0;
    for (int i = 0; i < layers; i++) {
        for (int j = i + 1; j < layers; j++) {
            sum += ratio(dot(c->heads[i] + (size_t)h * n, c->heads[j] + (size_t)g * n, n),
                         squares[(size_t)i * H + (size_t)h], squares[(size_t)j * H + (size_t)g]);
        }
    }
    return 2 * sum / layers / (layers - 1);
}

static void square_heads(const struct comparison *c, double *squares) {
    const struct model_config *config = model_get_config(c->trained->model);
    int H = config->heads;
    size_t n = 4 * (size_t)config->width * (size_t)(config->width / H);
    for (int i = 0; i < c->count[TYING_ATTENTION]; i++) {
        for (int h = 0; h < H; h++) {
            const float *head = c->heads[i] + (size_t)h * n;
            squares[i * H + h] = dot(head, head, n);
        }
    }
}

static enum status write_heads(const struct comparison *c, const double *cosines,
                               struct metrics_writer *w, struct error *error) {
    int H = c->result->heads, layers = c->count[TYING_ATTENTION];
    double same = 0, another = 0;
    enum status status = STATUS_OK;
    for (int k = 0; k < H * H && status == STATUS_OK; k++) {
        *(k / H == k % H ? &same : &another) += cosines[k];
        metrics_put_task(w, "head-similarity");
        record_put_int(&w->record, "head", k / H);
        record_put_int(&w->record, "other", k % H);
        record_put_int(&w->record, "pairs", layers * (layers - 1) / 2);
        record_put_real(&w->record, "cosine", cosines[k]);
        status = metrics_write(w, error);
    }
    c->result->same_head = same / H;
    c->result->another_head = H > 1 ? another / H / (H - 1) : 0;
    return status;
}

static enum status compare_all_heads(const struct comparison *c, struct metrics_writer *w,
                                     struct error *error) {
    int H = c->result->heads, layers = c->count[TYING_ATTENTION];
    if (layers < 2) {
        return STATUS_OK;
    }
    double *cosines = NULL, *squares = NULL;
    enum status status =
        memory_allocate((void **)&cosines, (size_t)H * (size_t)H, sizeof *cosines, "heads", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&squares, (size_t)layers * (size_t)H, sizeof *squares,
                                 "heads", error);
    }
    if (status == STATUS_OK) {
        square_heads(c, squares);
#pragma omp parallel for schedule(dynamic)
        for (int k = 0; k < H * H; k++) {
            cosines[k] = compare_heads(c, squares, k / H, k % H);
        }
        status = write_heads(c, cosines, w, error);
    }
    free(cosines);
    free(squares);
    return status;
}

// ---- The task -----------------------------------------------------------------------------------

static enum status compare(const struct trained *trained, struct metrics_writer *w,
                           struct similarity *result, struct error *error) {
    struct comparison *c = NULL;
    enum status status = comparison_open(&c, trained, result, error);
    if (status != STATUS_OK) {
        return status;
    }
    for (enum tying_part part = 0; part < TYING_PARTS && status == STATUS_OK; part++) {
        status = compare_layers(c, part, w, error);
    }
    if (status == STATUS_OK) {
        status = compare_all_heads(c, w, error);
    }
    comparison_close(c);
    return status;
}

enum status similarity_measure(const struct trained_choice *network, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct similarity *result, struct error *error) {
    struct trained trained;
    struct metrics_writer writer;
    enum status status = trained_open(&trained, network, 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = metrics_begin(&writer, "dlt-eval similarity", table,
                           trained.checkpoint.settings.labels, output, invocation, error);
    if (status == STATUS_OK) {
        status = metrics_put_trained(&writer, &trained, NULL, error);
    }
    if (status == STATUS_OK) {
        status = compare(&trained, &writer, result, error);
    }
    status = metrics_end(&writer, status, 0, error);
    trained_close(&trained);
    return status;
}
