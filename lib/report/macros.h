// Numbers for LaTeX: \dlt{KEY}, "n/a" for a key that is not known.
#ifndef DLT_REPORT_MACROS_H
#define DLT_REPORT_MACROS_H

#include "lib/report/table.h"

// Keys: profile, runs, hours, data, version, ... of all runs; config.OPTION where all runs agree;
// DATASET.METHOD.QUANTITY (of GPT-2; ARCH.DATASET.METHOD.QUANTITY of any), the same with .sd behind
// it, DATASET.METHOD.config.OPTION, .label.NAME, .published.QUANTITY; sentence.T1 to sentence.T6,
// sentence.F2, sentence.F4; setting.F1 to setting.F5, of the runs that a figure shows. Quantities are those of summary.h: reward-clipped is the share of rewards, in percent,
// that the agent's clipping cut off.
// ID.DATASET.METHOD.difference, .low, .high (percent, against the method that table ID compares with),
// .pairs and .verdict, for the rows of the tables that compare.
// Names are lower-case, '-' stands for whatever is neither letter nor digit nor '.'.
enum status macros_write(struct text *text, const struct report_input *input, struct error *error);

// A whole sentence that follows from the numbers; not escaped. Those of tables: table_conclude().
void sentence_f2(struct text *text, const struct run_set *set);
void sentence_f4(struct text *text, const struct run_set *set); // similarity.c

#endif
