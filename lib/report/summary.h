// The numbers that tables are made of: quantities of a run, and their statistics over seeds.
#ifndef DLT_REPORT_SUMMARY_H
#define DLT_REPORT_SUMMARY_H

#include "lib/report/run.h"
#include "lib/report/text.h"

// How a quantity is written.
enum number_format {
    NUMBER_PERPLEXITY, // two decimals, none from 1,000 on
    NUMBER_LAYERS,     // one decimal, none for whole numbers
    NUMBER_PARAMETERS, // three digits and k, M or B
    NUMBER_WHOLE,      // three digits, no decimals from 100 on
    NUMBER_MEGABYTES,  // of bytes, in 10^6
    NUMBER_PERCENT,    // one decimal
    NUMBER_CHANGE,     // in percent: two decimals and always a sign
    NUMBER_RATIO,      // two decimals
};

enum quantity {
    PERPLEXITY_BEST, // of the evaluations on the test split
    PERPLEXITY_FINAL,
    PERPLEXITY_AT_BEST_VALID,
    PERPLEXITY_PER_WORD, // at the best
    BITS_PER_BYTE,       // at the best
    INDEPENDENT_MEAN,    // over all visits
    INDEPENDENT_FINAL,
    STORED_MEAN,
    STORED_FINAL,
    PARAMETERS_MEAN,
    PARAMETERS_FINAL,
    TOKENS,
    SECONDS,
    TOKENS_PER_SECOND,
    PEAK_MEMORY,    // of the process, measured
    PEAK_DEVICE,    // allocated on the device, scratch included
    MEMORY_WEIGHTS, // bytes counted, mean over the ends of episodes
    MEMORY_GRADIENTS,
    MEMORY_OPTIMIZER,
    MEMORY_ACTIVATIONS,
    MEMORY_TRAINED,     // of them without activations: the published quantity
    MEMORY_TRAINED_MAX, // largest at the end of any episode
    MEMORY_TOTAL_MAX,   // with activations: at the visit where most was held
    REWARD_CLIPPED,     // percent of the rewards that the agent's clipping cut off
    QUANTITIES,
};

struct quantity_type {
    const char *key; // in CSV, macros and published.tsv
    enum number_format format;
    double (*of)(const struct run *run); // NaN where the log does not tell
};
extern const struct quantity_type QUANTITY_TYPES[QUANTITIES];

// REWARD_CLIPPED: as the options in the agent's command say; NaN for an agent of another kind, or that
// asked for no rewards.
double reward_clipped_percent(const struct run *run);

double quantity_of(enum quantity quantity, const struct run *run);
// Whether its best perplexity can be compared: it is finite, and above 0.
bool run_has_perplexity(const struct run *run);

// Over the runs that have a finite value. sd: of the sample (n - 1), NaN for fewer than two.
struct statistic {
    double mean, sd;
    size_t count, of; // values, of so many runs; of 0: not of runs
};
// It has a value, and some runs have none: those that diverged, say, which the mean must not hide.
bool statistic_is_partial(const struct statistic *s);
// value_at(values, i): the i-th value, none where it is not finite.
struct statistic statistic_of(double (*value_at)(const void *values, size_t i), const void *values,
                              size_t count);

// Runs that differ in nothing but their seed: neighbours in a set.
struct group {
    struct run *const *runs;
    size_t count;
};
// The group that starts at set->runs[*next]; false at the end. Moves *next behind it.
bool group_next(const struct run_set *set, size_t *next, struct group *group);
struct statistic group_statistic(const struct group *group, enum quantity quantity);
// NaN where a run of the group has no finite value: for what is calculated further.
double group_mean(const struct group *group, enum quantity quantity);

// "12.34 ± 0.56" with the given sign between, without it where there is no sd, or one of 0 of what is
// counted; "n/a" for no value; with " (2 of 3)" behind it where it is partial. With a true minus, and no
// sign before what is rounded to 0.
void number_add(struct text *text, const struct statistic *value, enum number_format format,
                const char *plus_minus);

#endif
