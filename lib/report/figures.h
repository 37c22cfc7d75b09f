// The figures that there are.
#ifndef DLT_REPORT_FIGURES_H
#define DLT_REPORT_FIGURES_H

#include "lib/report/figure.h"

extern const struct figure_type FIGURE_F1, FIGURE_F2, FIGURE_F3, FIGURE_F5;

#endif
