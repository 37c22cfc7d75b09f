#include "lib/report/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/text.h"

const char *run_pairs_find(const struct run_pairs *pairs, const char *name) {
    for (size_t i = 0; i < pairs->count; i++) {
        if (strcmp(pairs->items[i].name, name) == 0) {
            return pairs->items[i].value;
        }
    }
    return NULL;
}

void run_pairs_free(struct run_pairs *pairs) {
    for (size_t i = 0; i < pairs->count; i++) {
        free(pairs->items[i].value);
    }
    free(pairs->items);
    *pairs = (struct run_pairs){0};
}

enum status run_create(struct run **run, const char *path, struct error *error) {
    enum status status = memory_allocate((void **)run, 1, sizeof **run, "a run", error);
    if (status == STATUS_OK) {
        text_copy_clean((*run)->path, sizeof(*run)->path, path, strlen(path));
        double nan = math_canonical(NAN);
        (*run)->tokens = (*run)->best_test = nan;
        (*run)->best_valid = (*run)->test_at_best_valid = nan;
        (*run)->best_test_episode = (*run)->best_valid_episode = -1;
    }
    return status;
}

void run_free(struct run *run) {
    if (!run) {
        return;
    }
    struct run_pairs *pairs[] = {&run->config, &run->labels, &run->versions};
    for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++) {
        run_pairs_free(pairs[i]);
    }
    void *owned[] = {run->start,   run->visits,   run->states, run->rewards, run->evals,
                     run->timings, run->memories, run->losses, run->inputs,  run->final_state};
    for (size_t i = 0; i < ARRAY_LENGTH(owned); i++) {
        free(owned[i]);
    }
    free(run);
}

void run_set_free(struct run_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        run_free(set->runs[i]);
    }
    free(set->runs);
    for (size_t i = 0; i < set->metrics_count; i++) {
        struct metrics *metrics = &set->metrics[i];
        for (size_t j = 0; j < metrics->record_count; j++) {
            run_pairs_free(&metrics->records[j]);
        }
        free(metrics->records);
        run_pairs_free(&metrics->labels);
    }
    free(set->metrics);
    *set = (struct run_set){0};
}

// ---- Order: names that readers know come first, in the paper's order ----------------------------

static size_t rank(const char *const *known, const char *name) {
    size_t i = 0;
    while (known[i] && strcmp(known[i], name) != 0) {
        i++;
    }
    return i;
}

static int compare_known(const char *const *known, const char *a, const char *b) {
    size_t rank_a = rank(known, a), rank_b = rank(known, b);
    if (rank_a != rank_b) {
        return rank_a < rank_b ? -1 : 1;
    }
    return strcmp(a, b);
}

static int compare_numbers(const char *a, const char *b) {
    char *end_a = NULL, *end_b = NULL;
    long long value_a = strtoll(a, &end_a, 10), value_b = strtoll(b, &end_b, 10);
    if (end_a != a && end_b != b && !*end_a && !*end_b && value_a != value_b) {
        return value_a < value_b ? -1 : 1;
    }
    return strcmp(a, b);
}

int run_order(const struct run *a, const struct run *b) {
    static const char *const DATASETS[] = {"wiki2", "wiki103", "lambada", "1b", NULL};
    static const char *const ARCHES[] = {"gpt2", "bert", NULL};
    static const char *const METHODS[] = {"conventional", "dynamic", NULL};
    int order = compare_known(DATASETS, a->dataset, b->dataset);
    order = order ? order : compare_known(ARCHES, a->arch, b->arch);
    order = order ? order : compare_known(METHODS, a->method, b->method);
    order = order ? order : compare_numbers(a->seed, b->seed);
    return order ? order : strcmp(a->path, b->path);
}

// ---- Questions ---------------------------------------------------------------------------------

int run_root(const uint16_t *state, int layer) {
    // A source is below its layer unless the layer is independent, so this ends.
    while (state[layer] != layer) {
        layer = state[layer];
    }
    return layer;
}

static double label_number(const struct run *run, const char *name) {
    const char *value = run_pairs_find(&run->labels, name);
    char *end = NULL;
    double number = value ? strtod(value, &end) : 0;
    return value && end != value && !*end && number > 0 ? number : math_canonical(NAN);
}

double run_floor_perplexity(const struct run *run) {
    double floor = label_number(run, "floor_ppl");
    if (!isnan(floor)) {
        return floor;
    }
    double bits_per_byte = label_number(run, "floor_bits_per_byte");
    for (size_t i = run->eval_count; i-- > 0;) { // the last is of the whole text
        const struct run_eval *e = &run->evals[i];
        if (e->split == RUN_TEST && e->targets > 0 && e->text_bytes > 0) {
            return math_exp(bits_per_byte * e->text_bytes / e->targets * math_log(2));
        }
    }
    return math_canonical(NAN);
}

bool run_map_changes(const struct run *run) {
    for (size_t i = 0; i < run->visit_count; i++) {
        if (run->visits[i].changed) {
            return true;
        }
    }
    return false;
}
