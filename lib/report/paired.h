// Two groups of runs compared seed by seed.
//
// The difference is of the logarithm of the best test perplexity, so that 0.01 is about one percent;
// its 95% interval is Student's (The probable error of a mean, Biometrika 6, 1908), which takes the
// differences for normal. A verdict takes three pairs at least.
#ifndef DLT_REPORT_PAIRED_H
#define DLT_REPORT_PAIRED_H

#include "lib/report/summary.h"

enum verdict {
    VERDICT_NONE,      // nothing to compare
    VERDICT_REFERENCE, // the group is the reference
    VERDICT_TOKENS,    // refused: a pair's numbers of tokens differ by more than one percent, which
                       // the short last batch of a pass over the text stays below
    VERDICT_UNKNOWN,  // refused: a pair has no difference, as where a run diverged; the mean of the
                      // others would hide that
    VERDICT_UNPAIRED, // no seed in common
    VERDICT_FEW,      // too few pairs
    VERDICT_BETTER,   // the interval lies below 0
    VERDICT_WORSE,    // above
    VERDICT_UNDECIDED, // around
    VERDICTS,
};
extern const char *const VERDICT_NAMES[VERDICTS]; // as printed

enum { PAIRS_FOR_A_VERDICT = 3 };

struct comparison {
    enum verdict verdict;
    size_t pairs;
    double difference; // mean over the pairs of log(perplexity) less the reference's; NaN for none
    double low, high;  // of the interval; NaN for fewer than two pairs
};

struct comparison compare_by_seed(const struct group *group, const struct group *reference);
// A difference of logarithms as a change in percent.
double change_percent(double difference);
// The t that |T| stays below with probability 0.95, for 1 degree of freedom or more.
double student_t95(size_t degrees);

#endif
