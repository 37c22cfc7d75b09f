// One page with every table and figure there is, complete in itself: it fetches nothing, and a policy
// within it allows no script but its own.
#ifndef DLT_REPORT_HTML_H
#define DLT_REPORT_HTML_H

#include "lib/report/table.h"

enum status html_write(struct text *text, const struct report_input *input, struct error *error);

// Appends gnuplot's SVG for a place inside a page: without prolog, title and fixed size, ids made
// unique by `id`, colours as variables of the page's style, so that they follow light and dark.
void html_add_svg(struct text *text, const char *svg, const char *id, const char *label);

// ---- The map over time as a slider (html_scrubber.c) ---------------------------------------------

extern const char HTML_SCRUBBER_STYLE[];
bool html_scrubber_is_wanted(const struct run_set *set); // some map changes
void html_scrubber_add_hash(struct text *text);          // of the script, for the page's policy
void html_scrubber_add(struct text *text, const struct run_set *set);
void html_scrubber_add_script(struct text *text); // at the end of the page

#endif
