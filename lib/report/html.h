// One page with every table and figure there is, complete in itself.
#ifndef DLT_REPORT_HTML_H
#define DLT_REPORT_HTML_H

#include "lib/report/table.h"

enum status html_write(struct text *text, const struct report_input *input, struct error *error);

// Appends gnuplot's SVG for a place inside a page: without prolog, title and fixed size, ids made
// unique by `id`, colours as variables of the page's style, so that they follow light and dark.
void html_add_svg(struct text *text, const char *svg, const char *id, const char *label);

#endif
