// Sentences that say what the numbers say, whichever way they come out.
#include <math.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/tables.h"

static double mean_of(const struct row *row, enum quantity quantity) {
    return group_mean(&row->group, quantity);
}

// ---- T1, T2 ---------------------------------------------------------------------------------------

// What the dynamic runs are, against the conventional ones of their datasets.
struct main_result {
    size_t pairs, lower, verdicts[VERDICTS];
    size_t unknown;     // pairs that are not counted, since a run has no finite perplexity
    double least, most; // percent of the parameters
    double change;      // in percent, of the perplexity; of one of the pairs
};

// The methods of objective "mlm" have that before their names.
static void count_main(struct main_result *result, const struct rows *rows, const char *dynamic,
                       const char *conventional) {
    *result = (struct main_result){.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        const struct row *other = rows_find(rows, row->dataset, conventional);
        if (strcmp(row->method, dynamic) == 0 && row->group.count > 0 && other) {
            double share = 100 * mean_of(row, PARAMETERS_MEAN) / mean_of(other, PARAMETERS_MEAN);
            double ratio = mean_of(row, PERPLEXITY_BEST) / mean_of(other, PERPLEXITY_BEST);
            if (!(ratio > 0 && isfinite(ratio)) || row->against.verdict == VERDICT_UNKNOWN) {
                result->unknown++;
                continue;
            }
            result->pairs++;
            result->lower += ratio < 1;
            result->change = isnan(row->against.difference)
                                 ? 100 * (ratio - 1)
                                 : change_percent(row->against.difference);
            result->verdicts[row->against.verdict]++;
            result->least = share < result->least ? share : result->least;
            result->most = share > result->most ? share : result->most;
        }
    }
}

static void add_shares(struct text *text, const struct main_result *r) {
    if (!isfinite(r->least)) {
        text_add(text, "how many parameters it trains is not known.");
    } else if (rint(r->least) == rint(r->most)) {
        text_format(text, "it trains %.0f%% of the parameters.", r->least);
    } else {
        text_format(text, "it trains between %.0f%% and %.0f%% of the parameters.", r->least,
                    r->most);
    }
}

// "both datasets", "3 of 4 datasets"
static void add_datasets(struct text *text, size_t some, size_t all) {
    if (some == 0) {
        text_format(text, "none of %zu datasets", all);
    } else if (some < all) {
        text_format(text, "%zu of %zu datasets", some, all);
    } else {
        text_add(text, all == 2 ? "both" : "all");
        text_format(text, all == 2 ? " datasets" : " %zu datasets", all);
    }
}

static void add_verdicts(struct text *text, const struct main_result *r) {
    static const char *const CLAUSES[VERDICTS] = {
        [VERDICT_TOKENS] = "it is not compared, since the two saw different numbers of tokens",
        [VERDICT_UNPAIRED] = "it is not compared, since the two have no seed in common",
        [VERDICT_FEW] = "there is no verdict, which takes three seeds",
        [VERDICT_BETTER] = "it is better",
        [VERDICT_WORSE] = "it is worse",
        [VERDICT_UNDECIDED] = "it is neither better nor worse as far as can be seen",
    };
    size_t said = 0;
    text_add(text, " Seed by seed, ");
    for (size_t v = 0; v < VERDICTS; v++) {
        if (CLAUSES[v] && r->verdicts[v] > 0) {
            text_add(text, said++ ? "; " : "");
            if (r->pairs > 1) {
                text_add(text, "on ");
                add_datasets(text, r->verdicts[v], r->pairs);
                text_add(text, " ");
            }
            text_add(text, CLAUSES[v]);
        }
    }
    text_add(text, ".");
}

// " is 3.2% lower than", of what is printed with one decimal.
static void add_change(struct text *text, double percent) {
    if (fabs(percent) < 0.05) {
        text_add(text, " differs by less than 0.1% from");
    } else {
        text_format(text, " is %.1f%% %s than", fabs(percent), percent < 0 ? "lower" : "higher");
    }
}

static void add_masked(struct text *text, const struct main_result *r) {
    if (r->pairs == 1) {
        text_add(text, " Over masked positions the dynamic network's perplexity");
        add_change(text, r->change);
        text_add(text, " the conventional network's.");
    } else if (r->pairs > 1) {
        text_add(text, " Over masked positions the dynamic network's perplexity is lower on ");
        add_datasets(text, r->lower, r->pairs);
        text_add(text, ".");
    }
    if (r->pairs > 0) {
        add_verdicts(text, r);
    }
}

static void add_unknown(struct text *text, size_t unknown) {
    if (unknown > 0) {
        text_format(text, "%s%zu comparison%s left out, where a run has no finite perplexity.",
                    text_length(text) > 0 ? " " : "", unknown, unknown > 1 ? "s are" : " is");
    }
}

void conclude_main(struct text *text, const struct rows *rows) {
    struct main_result r, masked;
    count_main(&r, rows, "dynamic", "conventional");
    count_main(&masked, rows, "mlm-dynamic", "mlm-conventional");
    if (r.pairs == 0 && r.unknown == 0) {
        text_add(text, "No dataset has both a conventional and a dynamic run yet.");
    } else if (r.pairs == 1) {
        text_add(text, "The dynamic network's best test perplexity");
        add_change(text, r.change);
        text_add(text, " the conventional network's");
    } else if (r.pairs > 1) {
        text_add(text, "On ");
        add_datasets(text, r.lower, r.pairs);
        text_add(text, r.lower > 0
                           ? " the dynamic network's best test perplexity is lower than the "
                             "conventional network's"
                           : " is the dynamic network's best test perplexity lower than "
                             "the conventional network's");
    }
    if (r.pairs > 0) {
        text_add(text, "; on average over training, ");
        add_shares(text, &r);
        add_verdicts(text, &r);
    }
    add_masked(text, &masked);
    add_unknown(text, r.unknown + masked.unknown);
}

// ---- T5 -------------------------------------------------------------------------------------------

static void add_megabytes(struct text *text, const struct row *row, enum quantity quantity) {
    struct statistic value = group_statistic(&row->group, quantity);
    value.sd = math_canonical(NAN);
    number_add(text, &value, NUMBER_MEGABYTES, "");
    text_add(text, " MB");
}

void conclude_memory(struct text *text, const struct rows *rows) {
    size_t said = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        const struct row *other = rows_find(rows, row->dataset, "conventional");
        if (strcmp(row->method, "dynamic") != 0 || row->group.count == 0 || !other) {
            continue;
        }
        double mine = mean_of(row, MEMORY_TRAINED), theirs = mean_of(other, MEMORY_TRAINED);
        double all_mine = mine + mean_of(row, MEMORY_ACTIVATIONS);
        double all_theirs = theirs + mean_of(other, MEMORY_ACTIVATIONS);
        if (!(mine > 0 && theirs > 0)) {
            continue;
        }
        text_format(text, "%sOn %s, weights, gradients and optimiser state take ",
                    said++ ? " " : "", row->dataset);
        add_megabytes(text, row, MEMORY_TRAINED);
        text_add(text, " on average in the dynamic network and ");
        add_megabytes(text, other, MEMORY_TRAINED);
        text_format(text,
                    " in the conventional one, %.1f times as much; with activations, %.2f times.",
                    theirs / mine, all_theirs / all_mine);
    }
    if (said == 0) {
        text_add(text, "No dataset has the memory of both a conventional and a dynamic run yet.");
    }
}
