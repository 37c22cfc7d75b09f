// F2, training: figure_f2_measure.c finds what there is to draw and how far it reaches, figure_f2.c
// draws it. An episode is as wide as 1 and centred on its number.
#ifndef DLT_REPORT_FIGURE_F2_H
#define DLT_REPORT_FIGURE_F2_H

#include "lib/report/facets.h"

enum f2_row { F2_PERPLEXITY, F2_LAYERS, F2_CHANGES, F2_EPSILON, F2_BATCH, F2_ROWS };

// Lines that the legend explains, as bits; stored layers are drawn where some are not the
// independent ones, the true perplexity where it is near the curves.
enum f2_line { F2_TEST = 1, F2_TRAINING = 2, F2_INDEPENDENT = 4, F2_STORED = 8, F2_FLOOR = 16 };

// What there is of one architecture: its panels share their axes.
struct f2_block {
    const struct facets *facets;
    size_t first, end; // its facets
    struct plot_range ranges[F2_ROWS], episodes;
    int layers;     // the most of any run
    unsigned lines; // of enum f2_line
};

// `block` names its facets; fills in the rest.
void f2_measure(struct f2_block *block);
// An axis's ends, and whether it is logarithmic and of whole numbers.
struct plot_axis f2_vertical_axis(const struct f2_block *block, enum f2_row row);
// The row below which there is nothing to draw.
int f2_last_row(const struct f2_block *block);

// The true perplexity of generated text; NaN where it is not known.
double f2_floor(const struct facet *facet);
// Whether the map of some seed changes.
bool f2_moves(const struct curve *curve);
// The curves of a row that can be seen, and those of them that are the same as a later one, which is
// drawn over them.
void f2_count(const struct facet *facet, enum f2_row row, size_t *drawn, size_t *covered);

// The figure's data, a row for each episode of each run.
void f2_add_data(struct text *data, const struct facets *facets);

#endif
