// What T3, T4 and T6 conclude: which rows differ from their reference, and by how much.
#include <math.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/tables.h"

// ---- Rows by what they are against the reference -----------------------------------------------

enum effect {
    EFFECT_NONE,
    EFFECT_HIGHER,
    EFFECT_LOWER,
    EFFECT_SMALL,
    EFFECT_REFUSED,
    EFFECT_UNKNOWN,
    EFFECTS
};

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
    return run_has_perplexity(g->runs[i]) ? math_log(quantity_of(PERPLEXITY_BEST, g->runs[i]))
                                          : math_canonical(NAN);
}

static struct statistic spread_of(const struct row *reference) {
    return statistic_of(log_perplexity_at, &reference->group, reference->group.count);
}

static double yardstick_of(const struct row *reference) {
    double spread = spread_of(reference).sd;
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
    case VERDICT_UNKNOWN:
        return EFFECT_UNKNOWN;
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
        count += !isnan(rows->items[i].against.difference) ? 1 : 0;
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
    struct statistic spread = spread_of(reference);
    start_sentence(text);
    if (isnan(spread.sd)) {
        text_format(text,
                    "That is no verdict, which takes three seeds: single runs can differ by "
                    "chance; with one run of “%s” it is not known how far, and the yardstick of "
                    "%.0f%% is a convention.",
                    reference->title, percent);
    } else {
        text_format(
            text,
            "With fewer than three pairs there is no verdict; the yardstick is %.2f%%, twice "
            "the standard deviation of a difference between two runs of “%s” (%zu seeds).",
            percent, reference->title, spread.count);
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

#define UNKNOWN "Not compared, for a run has no finite perplexity: "
#define REFUSED "Not compared, for other numbers of tokens or other seeds: "

static const struct leads VARIANTS = {
    .judged = {[EFFECT_HIGHER] =
                   "Best test perplexity is higher, by the interval over seeds, with ",
               [EFFECT_LOWER] = "Best test perplexity is lower, by the interval over seeds, with ",
               [EFFECT_SMALL] = "No difference is seen over seeds with ",
               [EFFECT_REFUSED] = REFUSED,
               [EFFECT_UNKNOWN] = UNKNOWN},
    .few = {[EFFECT_HIGHER] = "Best test perplexity is higher by more than the yardstick with ",
            [EFFECT_LOWER] = "Best test perplexity is lower by more than the yardstick with ",
            [EFFECT_SMALL] = "The difference stays below the yardstick with "},
};

// A row's difference tells of the row: where it is higher, dynamic tying is better.
static const struct leads FIXED = {
    .judged = {[EFFECT_HIGHER] = "Over seeds, dynamic tying is better than ",
               [EFFECT_LOWER] = "Over seeds, dynamic tying is worse than ",
               [EFFECT_SMALL] = "Over seeds, no difference is seen between dynamic tying and ",
               [EFFECT_REFUSED] = REFUSED,
               [EFFECT_UNKNOWN] = UNKNOWN},
    .few = {[EFFECT_HIGHER] =
                "Perplexity is higher than dynamic tying's by more than the yardstick with ",
            [EFFECT_LOWER] =
                "Perplexity is lower than dynamic tying's by more than the yardstick with ",
            [EFFECT_SMALL] = "The difference stays below the yardstick with "},
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

static bool is_single_option(const struct row *row) {
    return strcmp(row->method, "released") != 0;
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
            is_single_option(row)) {
            most = size;
            found = row;
        }
    }
    return found;
}

static size_t count_refused(const struct rows *rows, double yardstick) {
    size_t refused = 0;
    for (size_t i = 0; i < rows->count; i++) {
        enum effect effect = effect_of(&rows->items[i], yardstick);
        refused += (effect == EFFECT_REFUSED || effect == EFFECT_UNKNOWN) &&
                   is_single_option(&rows->items[i]);
    }
    return refused;
}

static void add_strongest(struct text *text, const struct rows *rows, double yardstick) {
    const struct row *first = strongest(rows, yardstick, INFINITY);
    const struct row *second =
        first ? strongest(rows, yardstick, fabs(first->against.difference)) : NULL;
    const struct row *both[] = {first, second};
    if (!first) {
        text_format(text, "No option alone%s is seen to change the result.",
                    count_refused(rows, yardstick) > 0 ? ", of those compared," : "");
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
