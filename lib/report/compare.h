// Two runs side by side.
#ifndef DLT_REPORT_COMPARE_H
#define DLT_REPORT_COMPARE_H

#include "lib/report/text.h"

// Appends what differs: configuration, final numbers, digests, the first record that is not the same.
// *equal: the content digests are.
enum status compare_runs(struct text *text, const char *path_a, const char *path_b, bool *equal,
                         struct error *error);

#endif
