#include "lib/report/figure.h"

#include <stdio.h>
#include <string.h>

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

enum status figure_render(struct text *text, const struct figure_type *type,
                          const struct run_set *set, enum figure_format format,
                          struct error *error) {
    struct plot plot = {0};
    struct text script = {0};
    enum status status = type->build(&plot, set, error);
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
    plot_free(&plot);
    text_free(&script);
    return status;
}
