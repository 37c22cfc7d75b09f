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

static bool is_named(const struct experiment *experiment, const struct run *run, const char *id) {
    return strcmp(experiment->dataset, run->dataset) == 0 &&
           strcmp(experiment->arch, run->arch) == 0 &&
           strcmp(experiment->method, run->method) == 0 && list_has(experiment->tables, id) &&
           list_has(experiment->seeds, run->seed);
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
            const struct run *run = set->runs[i];
            if (is_named(&experiments->items[e], run, id) && !is_shown(shown, run)) {
                shown->runs[shown->count++] = set->runs[i];
            }
        }
    }
}

enum status figure_choose_runs(struct run_set *shown, const struct report_input *input,
                               const char *id, struct error *error) {
    const struct run_set *set = input->set;
    void *runs = NULL;
    *shown = *set;
    shown->runs = NULL;
    shown->count = 0;
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
    return status;
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
    free(shown.runs);
    plot_free(&plot);
    text_free(&script);
    return status;
}
