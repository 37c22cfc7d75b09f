// Sentences that say what the numbers say, whichever way they come out.
#include <math.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/macros.h"
#include "lib/report/tables.h"

static double mean_of(const struct row *row, enum quantity quantity) {
    return group_statistic(&row->group, quantity).mean;
}

// ---- T1, T2 ---------------------------------------------------------------------------------------

// What the dynamic runs are, against the conventional ones of their datasets.
struct main_result {
    size_t pairs, lower, verdicts[VERDICTS];
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
        [VERDICT_TOKENS] = "not compared, since the two saw different numbers of tokens",
        [VERDICT_UNPAIRED] = "not compared, since the two have no seed in common",
        [VERDICT_FEW] = "neither better nor worse yet, since a verdict takes three seeds",
        [VERDICT_BETTER] = "better",
        [VERDICT_WORSE] = "worse",
        [VERDICT_UNDECIDED] = "neither better nor worse as far as can be seen",
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
            text_format(text, "it is %s", CLAUSES[v]);
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
        text_add(text, " Over masked positions its perplexity");
        add_change(text, r->change);
        text_add(text, " the conventional network's.");
    } else if (r->pairs > 1) {
        text_add(text, " Over masked positions its perplexity is lower on ");
        add_datasets(text, r->lower, r->pairs);
        text_add(text, ".");
    }
}

void conclude_main(struct text *text, const struct rows *rows) {
    struct main_result r, masked;
    count_main(&r, rows, "dynamic", "conventional");
    count_main(&masked, rows, "mlm-dynamic", "mlm-conventional");
    if (r.pairs == 0) {
        text_add(text, "No dataset has both a conventional and a dynamic run yet.");
    } else if (r.pairs == 1) {
        text_add(text, "The dynamic network's best test perplexity");
        add_change(text, r.change);
        text_add(text, " the conventional network's");
    } else {
        text_add(text, "On ");
        add_datasets(text, r.lower, r.pairs);
        text_add(text, " the dynamic network's best test perplexity is lower than the "
                       "conventional network's");
    }
    if (r.pairs > 0) {
        text_add(text, "; on average over training, ");
        add_shares(text, &r);
        add_verdicts(text, &r);
    }
    add_masked(text, &masked);
}

// ---- Rows by what they are against the reference -----------------------------------------------

enum effect { EFFECT_NONE, EFFECT_HIGHER, EFFECT_LOWER, EFFECT_SMALL, EFFECT_REFUSED, EFFECTS };

// How large a difference between two single runs must be to mean something: twice the standard
// deviation of the difference of two of the reference's runs; where it has one run only, a convention.
static const double CONVENTION = 0.02;

static const struct row *reference_of(const struct rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].against.verdict == VERDICT_REFERENCE) {
            return &rows->items[i];
        }
    }
    return NULL;
}

static double log_perplexity_at(const void *group, size_t i) {
    const struct group *g = group;
    double perplexity = quantity_of(PERPLEXITY_BEST, g->runs[i]);
    return perplexity > 0 ? math_log(perplexity) : math_canonical(NAN);
}

static double spread_of(const struct row *reference) {
    return statistic_of(log_perplexity_at, &reference->group, reference->group.count).sd;
}

static double yardstick_of(const struct row *reference) {
    double spread = spread_of(reference);
    return isnan(spread) ? CONVENTION : 2 * sqrt(2) * spread;
}

static enum effect effect_of(const struct row *row, double yardstick) {
    double difference = row->against.difference;
    switch (row->against.verdict) {
    case VERDICT_BETTER:
        return EFFECT_LOWER;
    case VERDICT_WORSE:
        return EFFECT_HIGHER;
    case VERDICT_UNDECIDED:
        return EFFECT_SMALL;
    case VERDICT_TOKENS:
    case VERDICT_UNPAIRED:
        return EFFECT_REFUSED;
    case VERDICT_FEW:
        return difference < -yardstick  ? EFFECT_LOWER
               : difference > yardstick ? EFFECT_HIGHER
                                        : EFFECT_SMALL;
    default:
        return EFFECT_NONE;
    }
}

static void start_sentence(struct text *text) {
    text_add(text, text_length(text) > 0 ? " " : "");
}

// " (−0.31%)"; nothing where there is none.
static void add_difference(struct text *text, double difference) {
    if (!isnan(difference)) {
        struct statistic change = {
            .mean = change_percent(difference), .sd = math_canonical(NAN), .count = 1};
        text_add(text, " (");
        number_add(text, &change, NUMBER_CHANGE, "");
        text_add(text, "%)");
    }
}

// "LEAD “A” (+1.20%); “B” (−0.31%)." of the rows with that effect; nothing where there are none. `few`:
// those that have a verdict, or those that have too few seeds for one.
static void add_effect(struct text *text, const struct rows *rows, enum effect effect,
                       double yardstick, bool few, const char *lead) {
    size_t said = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (effect_of(row, yardstick) == effect && few == (row->against.verdict == VERDICT_FEW)) {
            if (said++) {
                text_add(text, "; ");
            } else {
                start_sentence(text);
                text_add(text, lead);
            }
            text_format(text, "“%s”", row->title);
            add_difference(text, row->against.difference);
        }
    }
    text_add(text, said > 0 ? "." : "");
}

static size_t count_compared(const struct rows *rows) {
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        count += !isnan(rows->items[i].against.difference);
    }
    return count;
}

static size_t count_few(const struct rows *rows) {
    size_t few = 0;
    for (size_t i = 0; i < rows->count; i++) {
        few += rows->items[i].against.verdict == VERDICT_FEW;
    }
    return few;
}

// What is said of rows with too few seeds, and what it is measured by.
static void add_yardstick(struct text *text, const struct row *reference, double yardstick) {
    double percent = 100 * yardstick;
    start_sentence(text);
    if (isnan(spread_of(reference))) {
        text_format(text,
                    "With one run of “%s” the spread over seeds is not known, and the yardstick "
                    "of %.0f%% is a convention: single runs can differ by chance.",
                    reference->title, percent);
    } else {
        text_format(
            text,
            "With fewer than three pairs there is no verdict; the yardstick is %.2f%%, twice "
            "the standard deviation of a difference between two runs of “%s” (%zu seeds).",
            percent, reference->title, reference->group.count);
    }
}

static const struct row *start_comparison(struct text *text, const struct rows *rows) {
    const struct row *reference = reference_of(rows);
    if (!reference) {
        text_add(text, "There is no dynamic run to compare with yet.");
    }
    return reference;
}

// ---- T3, T4, T6 -----------------------------------------------------------------------------------

// What stands before the rows of an effect: of those with a verdict, and of those with too few seeds.
struct leads {
    const char *judged[EFFECTS], *few[EFFECTS];
};

#define REFUSED "Not compared, for other numbers of tokens or other seeds: "

static const struct leads VARIANTS = {
    .judged = {[EFFECT_HIGHER] =
                   "Best test perplexity is higher, by the interval over seeds, with ",
               [EFFECT_LOWER] = "Best test perplexity is lower, by the interval over seeds, with ",
               [EFFECT_SMALL] = "No difference is seen over seeds with ",
               [EFFECT_REFUSED] = REFUSED},
    .few = {[EFFECT_HIGHER] = "Best test perplexity is higher by more than the yardstick with ",
            [EFFECT_LOWER] = "Best test perplexity is lower by more than the yardstick with ",
            [EFFECT_SMALL] = "The difference stays below the yardstick with "},
};

// A row's difference tells of the row: where it is higher, dynamic tying is better.
static const struct leads FIXED = {
    .judged = {[EFFECT_HIGHER] = "Over seeds, dynamic tying is better than ",
               [EFFECT_LOWER] = "Over seeds, dynamic tying is worse than ",
               [EFFECT_SMALL] = "Over seeds, no difference is seen between dynamic tying and ",
               [EFFECT_REFUSED] = REFUSED},
    .few = {[EFFECT_HIGHER] = "Too few seeds for a verdict: perplexity is higher than dynamic "
                              "tying's by more than the yardstick with ",
            [EFFECT_LOWER] = "Too few seeds for a verdict: perplexity is lower by more than the "
                             "yardstick with ",
            [EFFECT_SMALL] =
                "Too few seeds for a verdict: the difference stays below the yardstick "
                "with "},
};

static void conclude_effects(struct text *text, const struct rows *rows,
                             const struct row *reference, const struct leads *leads) {
    double yardstick = yardstick_of(reference);
    for (int effect = EFFECT_NONE + 1; effect < EFFECTS; effect++) {
        add_effect(text, rows, (enum effect)effect, yardstick, false, leads->judged[effect]);
    }
    for (int effect = EFFECT_NONE + 1; effect < EFFECTS; effect++) {
        add_effect(text, rows, (enum effect)effect, yardstick, true, leads->few[effect]);
    }
    if (count_few(rows) > 0) {
        add_yardstick(text, reference, yardstick);
    }
    if (text_length(text) == 0) {
        text_format(text, "There is no run to compare with “%s” yet.", reference->title);
    }
}

void conclude_variants(struct text *text, const struct rows *rows) {
    const struct row *reference = start_comparison(text, rows);
    if (reference) {
        conclude_effects(text, rows, reference, &VARIANTS);
    }
}

// The row whose single option changes the perplexity most, and by more than chance is held to, of
// those that change it by less than `below`.
static const struct row *strongest(const struct rows *rows, double yardstick, double below) {
    const struct row *found = NULL;
    double most = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        enum effect effect = effect_of(row, yardstick);
        double size = fabs(row->against.difference);
        if ((effect == EFFECT_HIGHER || effect == EFFECT_LOWER) && size > most && size < below &&
            strcmp(row->method, "released") != 0) {
            most = size;
            found = row;
        }
    }
    return found;
}

static void add_strongest(struct text *text, const struct rows *rows, double yardstick) {
    const struct row *first = strongest(rows, yardstick, INFINITY);
    const struct row *second =
        first ? strongest(rows, yardstick, fabs(first->against.difference)) : NULL;
    const struct row *both[] = {first, second};
    if (!first) {
        text_add(text, "No option alone is seen to change the result.");
        return;
    }
    text_add(text, "Of the options alone, the result depends most on ");
    for (size_t i = 0; i < ARRAY_LENGTH(both) && both[i]; i++) {
        text_format(text, "%s“%s”", i > 0 ? ", then on " : "", both[i]->title);
        add_difference(text, both[i]->against.difference);
    }
    text_add(text, ".");
}

void conclude_semantics(struct text *text, const struct rows *rows) {
    const struct row *reference = start_comparison(text, rows);
    if (reference) {
        conclude_effects(text, rows, reference, &VARIANTS);
        if (count_compared(rows) > 1) {
            start_sentence(text);
            add_strongest(text, rows, yardstick_of(reference));
        }
    }
}

void conclude_fixed(struct text *text, const struct rows *rows) {
    const struct row *reference = start_comparison(text, rows);
    if (reference) {
        conclude_effects(text, rows, reference, &FIXED);
    }
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

// ---- F2 -------------------------------------------------------------------------------------------

// Changes of the map per episode over the last tenth of a run.
static double late_changes(const struct run *run) {
    int64_t from = run->episodes - run->episodes / 10;
    int64_t episodes = run->episodes - from, changes = 0;
    for (size_t i = 0; i < run->visit_count; i++) {
        changes += run->visits[i].episode > from && run->visits[i].changed;
    }
    return episodes > 0 ? (double)changes / (double)episodes : NAN;
}

void sentence_f2(struct text *text, const struct run_set *set) {
    double fewest = INFINITY, most = -INFINITY, calm = INFINITY, busy = -INFINITY;
    int layers = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct run *run = set->runs[i];
        if (strcmp(run->method, "dynamic") != 0 || run->visit_count == 0) {
            continue;
        }
        double independent = quantity_of(INDEPENDENT_FINAL, run), changes = late_changes(run);
        layers = run->layers > layers ? run->layers : layers;
        fewest = independent < fewest ? independent : fewest;
        most = independent > most ? independent : most;
        calm = changes < calm ? changes : calm;
        busy = changes > busy ? changes : busy;
    }
    if (!(fewest <= most)) {
        text_add(text, "There is no dynamic run yet.");
        return;
    }
    if (fewest == most) {
        text_format(text, "The dynamic networks end with %.0f of %d layers independent", most,
                    layers);
    } else {
        text_format(text, "The dynamic networks end with %.0f to %.0f of %d layers independent",
                    fewest, most, layers);
    }
    if (calm <= busy) {
        text_format(text, ", and in the last tenth of training their maps still change %.1f", calm);
        if (busy - calm >= 0.05) {
            text_format(text, " to %.1f", busy);
        }
        text_add(text, " times an episode");
    }
    text_add(text, ".");
}
