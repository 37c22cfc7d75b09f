// The figures that there are.
#ifndef DLT_REPORT_FIGURES_H
#define DLT_REPORT_FIGURES_H

#include "lib/report/figure.h"

// In the order of the report; a new one is a file and a line here.
#define FIGURES(ITEM)                                                                              \
    ITEM(FIGURE_F1)                                                                                \
    ITEM(FIGURE_F2)                                                                                \
    ITEM(FIGURE_F3)                                                                                \
    ITEM(FIGURE_F4)                                                                                \
    ITEM(FIGURE_F5)

void conclude_training(struct text *text, const struct run_set *shown); // F2

#define DECLARE_FIGURE(name) extern const struct figure_type name;
FIGURES(DECLARE_FIGURE)

#endif
