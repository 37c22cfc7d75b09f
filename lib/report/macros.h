// Numbers for LaTeX: \dlt{KEY}, "n/a" for a key that is not known.
#ifndef DLT_REPORT_MACROS_H
#define DLT_REPORT_MACROS_H

#include "lib/report/table.h"

// Keys: profile, runs, runs-covered, time, data, version, ... of the runs that the list of experiments
// has, or without a list of all; config.OPTION, "various" where they do not agree; sentence.sizes,
// .other-size and .rewards, where there is something to say.
// DATASET.METHOD.QUANTITY (of GPT-2; ARCH.DATASET.METHOD.QUANTITY of any), the same with .sd behind
// it, DATASET.METHOD.config.OPTION, .label.NAME, .published.QUANTITY (a number, where one table has one).
// Quantities are those of summary.h.
// sentence.T1 to sentence.T6, sentence.F2, sentence.F4; title.F1, caption.F1, and setting.F1, of the
// runs that the figure shows.
// ID.DATASET.METHOD.difference, .low, .high (percent, against the method that table ID compares with),
// .pairs and .verdict, for the rows of the tables that compare.
// Names are lower-case, '-' stands for whatever is neither letter nor digit nor '.'.
enum status macros_write(struct text *text, const struct report_input *input, struct error *error);

// Whole sentences that follow from the runs, not escaped; nothing where there is nothing to say. Those of
// tables and figures: table_conclude(), struct figure_type.
void sentence_sizes(struct text *text, const struct run_set *set);   // of networks and training
void sentence_other_size(struct text *text, const struct run_set *set); // than the published one
void sentence_rewards(struct text *text, const struct run_set *set); // how many were clipped

#endif
