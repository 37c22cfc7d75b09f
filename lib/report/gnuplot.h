// Runs gnuplot: the script goes in through a pipe, the picture comes back through another.
#ifndef DLT_REPORT_GNUPLOT_H
#define DLT_REPORT_GNUPLOT_H

#include "lib/report/plot.h"

// Appends the picture. Dates are taken out of it.
enum status gnuplot_run(struct text *picture, const char *script, enum plot_terminal terminal,
                        struct error *error);

#endif
