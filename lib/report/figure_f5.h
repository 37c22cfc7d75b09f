// F5, cost: figure_f5_measure.c finds what there is to draw and how far it reaches, figure_f5.c draws
// it.
#ifndef DLT_REPORT_FIGURE_F5_H
#define DLT_REPORT_FIGURE_F5_H

#include "lib/report/facets.h"

enum { F5_FEW = 4 }; // methods that need no names beside their points

// The runs that have a finite perplexity: the others have no place. The caller frees known->runs.
enum status f5_choose_known(struct run_set *known, const struct run_set *set, struct error *error);

// A band across the page: facets [first, end) with few methods, or one with many.
struct f5_band {
    struct plot *plot;
    const struct facets *facets;
    size_t first, end;
    struct plot_range perplexity, curve, parameters, seconds;
    double unit; // of time, in seconds
    const char *unit_name;
};

// Fills `bands`, no more than there are facets, and returns how many there are.
size_t f5_divide(struct f5_band *bands, struct plot *plot, const struct facets *facets);
bool f5_is_crowded(const struct facet *facet); // with many methods
bool f5_is_timed(const struct facet *facet);   // some log of it tells its time

// The ends of the axes.
enum f5_against { F5_PARAMETERS, F5_TIME };
struct plot_range f5_horizontal(const struct f5_band *band, enum f5_against against);
struct plot_range f5_vertical(const struct f5_band *band, enum f5_against against);

// The figure's data, a row for each run.
void f5_add_data(struct text *data, const struct run_set *set);

#endif
