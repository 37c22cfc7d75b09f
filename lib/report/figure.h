// Figures: one file (figure_f2.c, ...) and one line in figures.h each. A figure is a gnuplot
// script, built from panels that plot.h places, and the data behind it as TSV.
#ifndef DLT_REPORT_FIGURE_H
#define DLT_REPORT_FIGURE_H

#include "lib/report/plot.h"
#include "lib/report/table.h"

struct figure_type {
    const char *id;      // "F2"
    const char *title;   // a phrase
    const char *caption; // sentences: what is drawn
    bool of_metrics;     // made from measurements; else there must be a run
    // A sentence or more on what is drawn, which LaTeX has as \dlt{sentence.ID}; NULL: none.
    void (*conclude)(struct text *text, const struct run_set *shown);
    enum status (*build)(struct plot *plot, const struct run_set *set, struct error *error);
};
extern const struct figure_type *const FIGURE_TYPES[]; // NULL-terminated
void figure_ids(char *list, size_t size);              // "F1, F2"
const struct figure_type *figure_find(const char *id); // NULL: there is none

// The runs that a figure shows, and the measurements: those that the list of experiments names for it, or
// for `id` NULL for anything; without a list all.
// The caller frees what was chosen, also after a failure; the runs themselves stay the input's.
enum status figure_choose_runs(struct run_set *shown, const struct report_input *input,
                               const char *id, struct error *error);
void figure_free_chosen(struct run_set *shown);

enum figure_format { FIGURE_SVG, FIGURE_PDF, FIGURE_PNG, FIGURE_TSV, FIGURE_FORMATS };

// Appends the figure to `text`: of the runs that the list of experiments names for it, in the list's
// order within each dataset, or without a list of all. The same bytes for the same input, the same
// gnuplot and fonts. STATUS_FAILURE: there is no gnuplot, or it failed.
enum status figure_render(struct text *text, const struct figure_type *type,
                          const struct report_input *input, enum figure_format format,
                          struct error *error);

#endif
