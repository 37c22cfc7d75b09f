// Numbers for LaTeX: \dlt{KEY}, "n/a" for a key that is not known.
#ifndef DLT_REPORT_MACROS_H
#define DLT_REPORT_MACROS_H

#include "lib/report/table.h"

// Keys: profile, runs, hours, data, version, ... of all runs; config.OPTION where all runs agree;
// DATASET.METHOD.QUANTITY (of GPT-2; ARCH.DATASET.METHOD.QUANTITY of any), the same with .sd behind
// it, DATASET.METHOD.config.OPTION, .label.NAME, .published.QUANTITY; sentence.T1, sentence.F2.
// Names are lower-case, '-' stands for whatever is neither letter nor digit nor '.'.
void macros_write(struct text *text, const struct report_input *input);

// Whole sentences that follow from the numbers; not escaped.
void sentence_t1(struct text *text, const struct run_set *set);
void sentence_f2(struct text *text, const struct run_set *set);
void sentence_f4(struct text *text, const struct run_set *set); // similarity.c

#endif
