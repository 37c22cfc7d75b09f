// What dlt-report makes of its inputs, checked for being well-formed whatever the names, labels and
// titles in them are. Gnuplot is not run: a picture of a few bytes stands in for it.
#ifndef DLT_TESTS_FUZZ_RENDERED_H
#define DLT_TESTS_FUZZ_RENDERED_H

#include "lib/report/report.h"
#include "tests/fuzz/fuzz.h"

// One table in every form, one figure, the numbers, or the page with all of it: what `input` is made
// of, bytes of which nothing but their hash counts, picks which.
void rendered_check(const struct report_input *input, const uint8_t *data, size_t size);
// UTF-8, of it no control character but `allowed`.
void rendered_check_text(const struct text *text, const char *allowed);
// A few small runs, of two methods with two seeds each, to stand beside any input.
enum { RENDERED_RUNS = 4 };
const char *rendered_path(size_t i); // of the run log of each
const struct run_set *rendered_set(void);

#endif
