#include "lib/report/figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/list.h"
#include "lib/report/figures.h"
#include "lib/report/gnuplot.h"

#define LIST(name) &name,
const struct figure_type *const FIGURE_TYPES[] = {FIGURES(LIST) NULL};

void figure_ids(char *list, size_t size) {
    size_t used = 0;
    for (size_t i = 0; FIGURE_TYPES[i] && used < size; i++) {
        used += (size_t)snprintf(list + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 FIGURE_TYPES[i]->id);
    }
}

const struct figure_type *figure_find(const char *id) {
    for (size_t i = 0; FIGURE_TYPES[i]; i++) {
        if (strcmp(FIGURE_TYPES[i]->id, id) == 0) {
            return FIGURE_TYPES[i];
        }
    }
    return NULL;
}

// ---- Which runs ------------------------------------------------------------------------------------

static bool same_facet(const struct run *a, const struct run *b) {
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->arch, b->arch) == 0;
}

static bool is_shown(const struct run_set *shown, const struct run *run) {
    for (size_t i = 0; i < shown->count; i++) {
        if (shown->runs[i] == run) {
            return true;
        }
    }
    return false;
}

// Adds runs [first, end), which are of one dataset and architecture, experiment by experiment.
static void add_named(struct run_set *shown, const struct run_set *set, size_t first, size_t end,
                      const struct experiments *experiments, const char *id) {
    for (size_t e = 0; e < experiments->count; e++) {
        for (size_t i = first; i < end; i++) {
            struct run *run = set->runs[i];
            if (experiment_has(&experiments->items[e], id, run->dataset, run->arch, run->method,
                               run->seed) &&
                !is_shown(shown, run)) {
                shown->runs[shown->count++] = run;
            }
        }
    }
}

static bool has_metrics(const struct experiments *experiments, const struct metrics *metrics,
                        const char *id) {
    const char *const NAMES[] = {"dataset", "arch", "method", "seed"};
    const char *labels[ARRAY_LENGTH(NAMES)];
    bool found = false;
    for (size_t i = 0; i < ARRAY_LENGTH(NAMES); i++) {
        const char *label = run_pairs_find(&metrics->labels, NAMES[i]);
        labels[i] = label ? label : "";
    }
    for (size_t e = 0; e < experiments->count && !found; e++) {
        found =
            experiment_has(&experiments->items[e], id, labels[0], labels[1], labels[2], labels[3]);
    }
    return found;
}

enum status figure_choose_runs(struct run_set *shown, const struct report_input *input,
                               const char *id, struct error *error) {
    const struct run_set *set = input->set;
    void *runs = NULL, *metrics = NULL;
    *shown = (struct run_set){0};
    enum status status = memory_allocate(&runs, set->count, sizeof *shown->runs, "the runs", error);
    shown->runs = runs;
    for (size_t first = 0, end; status == STATUS_OK && first < set->count; first = end) {
        for (end = first + 1; end < set->count && same_facet(set->runs[first], set->runs[end]);) {
            end++;
        }
        if (input->experiments) {
            add_named(shown, set, first, end, input->experiments, id);
        } else {
            memcpy(shown->runs + first, set->runs + first, (end - first) * sizeof *shown->runs);
            shown->count = end;
        }
    }
    if (status == STATUS_OK) {
        status = memory_allocate(&metrics, set->metrics_count, sizeof *shown->metrics,
                                 "the measurements", error);
    }
    shown->metrics = metrics;
    for (size_t i = 0; status == STATUS_OK && i < set->metrics_count; i++) {
        if (!input->experiments || has_metrics(input->experiments, &set->metrics[i], id)) {
            shown->metrics[shown->metrics_count++] = set->metrics[i];
        }
    }
    return status;
}

void figure_free_chosen(struct run_set *shown) {
    free(shown->runs);
    free(shown->metrics);
}

enum status figure_render(struct text *text, const struct figure_type *type,
                          const struct report_input *input, enum figure_format format,
                          struct error *error) {
    struct plot plot = {0};
    struct text script = {0};
    struct run_set shown;
    enum status status = figure_choose_runs(&shown, input, type->id, error);
    if (status == STATUS_OK && shown.count == 0 && !type->of_metrics) {
        plot_note(&plot, "There are no runs for this figure.");
    } else if (status == STATUS_OK) {
        status = type->build(&plot, &shown, error);
    }
    if (status == STATUS_OK) {
        status = text_status(&plot.data, error);
    }
    if (status == STATUS_OK && format == FIGURE_TSV) {
        text_add(text, text_string(&plot.data));
    } else if (status == STATUS_OK) {
        plot_finish(&plot, &script, type->id, (enum plot_terminal)format);
        status = text_status(&script, error);
        if (status == STATUS_OK) {
            status = gnuplot_run(text, text_string(&script), (enum plot_terminal)format, error);
        }
    }
    figure_free_chosen(&shown);
    plot_free(&plot);
    text_free(&script);
    return status;
}
