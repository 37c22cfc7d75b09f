// The records of dlt-eval similarity -> matrices, and what they say.
#include "lib/report/similarity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"

enum { HEADS_MAX = 1024 };

static double number_in(const struct run_pairs *record, const char *name) {
    const char *value = run_pairs_find(record, name);
    return value && strcmp(value, "n/a") != 0 ? strtod(value, NULL) : math_canonical(NAN);
}

// An index in [0, limit), or -1.
static int index_in(const struct run_pairs *record, const char *name, int limit) {
    double value = number_in(record, name);
    return value >= 0 && value < limit ? (int)value : -1;
}

static bool is_task(const struct run_pairs *record, const char *task) {
    const char *value = run_pairs_find(record, "task");
    return value && strcmp(value, task) == 0;
}

// What a record says of one cell; false for other records and for nonsense.
struct cell {
    int row, column;
    bool head, feedforward;
    double cosine;
};

static bool read_cell(const struct run_pairs *record, struct cell *cell) {
    const char *part = run_pairs_find(record, "part");
    cell->head = is_task(record, "head-similarity");
    if (!cell->head && !is_task(record, "similarity")) {
        return false;
    }
    int limit = cell->head ? HEADS_MAX : RUN_LAYERS_MAX;
    cell->row = index_in(record, cell->head ? "head" : "layer", limit);
    cell->column = index_in(record, "other", limit);
    cell->feedforward = part && strcmp(part, "feedforward") == 0;
    cell->cosine = number_in(record, "cosine");
    return cell->row >= 0 && cell->column >= 0;
}

// Room for all indices that occur, in ascending order.
static enum status allocate_matrix(struct similarity_matrix *matrix, const struct metrics *metrics,
                                   bool head, struct error *error) {
    void *names = NULL, *cells = NULL;
    bool occurs[RUN_LAYERS_MAX] = {false};
    struct cell cell;
    for (size_t i = 0; i < metrics->record_count; i++) {
        if (read_cell(&metrics->records[i], &cell) && cell.head == head) {
            occurs[cell.row] = occurs[cell.column] = true;
        }
    }
    enum status status =
        memory_allocate(&names, RUN_LAYERS_MAX, sizeof *matrix->names, "a matrix", error);
    matrix->names = names;
    for (int i = 0; status == STATUS_OK && i < RUN_LAYERS_MAX; i++) {
        if (occurs[i]) {
            matrix->names[matrix->size++] = i;
        }
    }
    size_t count = (size_t)matrix->size * (size_t)matrix->size;
    if (status == STATUS_OK) {
        status = memory_allocate(&cells, count, sizeof *matrix->cells, "a matrix", error);
    }
    matrix->cells = cells;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        matrix->cells[i] = math_canonical(NAN);
    }
    return status;
}

static size_t place_of(const struct similarity_matrix *matrix, int name) {
    size_t place = 0;
    while (matrix->names[place] != name) {
        place++;
    }
    return place;
}

static void fill(struct similarity *item) {
    double sums[2] = {0, 0};
    size_t counts[2] = {0, 0};
    struct cell cell;
    for (size_t i = 0; i < item->metrics->record_count; i++) {
        if (!read_cell(&item->metrics->records[i], &cell)) {
            continue;
        }
        struct similarity_matrix *matrix = cell.head ? &item->heads : &item->layers;
        size_t row = place_of(matrix, cell.row), column = place_of(matrix, cell.column);
        bool swap = !cell.head && (cell.feedforward ? row < column : row > column);
        size_t at =
            swap ? column * (size_t)matrix->size + row : row * (size_t)matrix->size + column;
        matrix->cells[at] = cell.cosine;
        if (cell.head && isfinite(cell.cosine)) {
            sums[cell.row == cell.column] += cell.cosine;
            counts[cell.row == cell.column]++;
        }
    }
    item->others = counts[0] > 0 ? sums[0] / (double)counts[0] : NAN;
    item->same = counts[1] > 0 ? sums[1] / (double)counts[1] : NAN;
}

static void copy_label(char *copy, size_t size, const struct metrics *metrics, const char *name) {
    const char *value = run_pairs_find(&metrics->labels, name);
    snprintf(copy, size, "%s", value ? value : "");
}

static enum status read_item(struct similarity *item, const struct metrics *metrics,
                             struct error *error) {
    item->metrics = metrics;
    struct run *names = &item->names;
    copy_label(names->dataset, sizeof names->dataset, metrics, "dataset");
    copy_label(names->arch, sizeof names->arch, metrics, "arch");
    copy_label(names->method, sizeof names->method, metrics, "method");
    copy_label(names->seed, sizeof names->seed, metrics, "seed");
    snprintf(names->path, sizeof names->path, "%s", metrics->path);
    enum status status = allocate_matrix(&item->layers, metrics, false, error);
    if (status == STATUS_OK) {
        status = allocate_matrix(&item->heads, metrics, true, error);
    }
    if (status == STATUS_OK) {
        fill(item);
    }
    return status;
}

static int compare_items(const void *a, const void *b) {
    const struct similarity *left = a, *right = b;
    return run_order(&left->names, &right->names);
}

void similarities_free(struct similarity *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(items[i].layers.cells);
        free(items[i].layers.names);
        free(items[i].heads.cells);
        free(items[i].heads.names);
    }
    free(items);
}

enum status similarities_read(struct similarity **items, size_t *count, const struct run_set *set,
                              struct error *error) {
    void *memory = NULL;
    *count = 0;
    enum status status = memory_allocate(&memory, set->metrics_count, sizeof(struct similarity),
                                         "the matrices", error);
    *items = memory;
    for (size_t i = 0; status == STATUS_OK && i < set->metrics_count; i++) {
        if (strcmp(set->metrics[i].program, "dlt-eval similarity") == 0) {
            status = read_item(&(*items)[(*count)++], &set->metrics[i], error);
        }
    }
    if (status == STATUS_OK && *count > 0) {
        qsort(*items, *count, sizeof **items, compare_items);
    }
    return status;
}

// ---- What it says ------------------------------------------------------------------------------------

// With a true minus, and none before a zero.
void similarity_add_cosine(struct text *text, double cosine) {
    double shown = rint(fabs(cosine) * 1000) / 1000;
    text_format(text, "%s%.3f", cosine < 0 && shown > 0 ? "−" : "", shown);
}

// Means over the networks of a method that have pairs of heads.
struct heads {
    double same, others;
    size_t count;
};

static struct heads heads_of(const struct similarity *items, size_t count, const char *method) {
    struct heads heads = {0};
    for (size_t i = 0; i < count; i++) {
        const struct similarity *item = &items[i];
        if (strcmp(item->names.method, method) == 0 && isfinite(item->same) &&
            isfinite(item->others)) {
            heads.same += item->same;
            heads.others += item->others;
            heads.count++;
        }
    }
    heads.same /= (double)heads.count;
    heads.others /= (double)heads.count;
    return heads;
}

static void add_heads(struct text *text, const char *method, const struct heads *heads) {
    text_format(text, "In the %s network%s, the mean cosine is ", method,
                heads->count > 1 ? "s" : "");
    similarity_add_cosine(text, heads->same);
    text_add(text, " between heads of the same index and ");
    similarity_add_cosine(text, heads->others);
    text_add(text, " between others. ");
}

static void add_sentence(struct text *text, const struct similarity *items, size_t count) {
    static const char *const METHODS[] = {"conventional", "dynamic"};
    size_t pairs = 0, above = 0;
    for (size_t i = 0; i < count; i++) {
        pairs += isfinite(items[i].same) && isfinite(items[i].others);
        above += items[i].same > items[i].others;
    }
    if (pairs == 0) {
        text_add(text, "No network with several independent layers was measured.");
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(METHODS); i++) {
        struct heads heads = heads_of(items, count, METHODS[i]);
        if (heads.count > 0) {
            add_heads(text, METHODS[i], &heads);
        }
    }
    text_format(text,
                "Over all methods, heads of the same index are the more alike in %zu of %zu "
                "network%s.",
                above, pairs, pairs > 1 ? "s" : "");
}

void conclude_similarity(struct text *text, const struct run_set *set) {
    struct similarity *items = NULL;
    struct error error = {0};
    size_t count = 0;
    if (similarities_read(&items, &count, set, &error) == STATUS_OK) {
        add_sentence(text, items, count);
    } else {
        text->failed = true;
    }
    similarities_free(items, count);
}
