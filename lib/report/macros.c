#include "lib/report/macros.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/base/program.h"
#include "lib/report/figure.h"

// One definition; `key` must be made by text_add_key().
static void define(struct text *text, const char *key, const char *value) {
    text_format(text, "\\expandafter\\def\\csname dlt:%s\\endcsname{", key);
    text_add_tex(text, value);
    text_add(text, "}\n");
}

// prefix + "." + name, cleaned.
static void define_named(struct text *text, const char *prefix, const char *name,
                         const char *value) {
    struct text key = {0};
    text_add(&key, prefix);
    text_add_key(&key, name);
    define(text, text_string(&key), value);
    text->failed = text->failed || key.failed;
    text_free(&key);
}

// What is said of a table or a figure: "caption.F2".
static void define_of(struct text *text, const char *what, const char *id, const char *value) {
    char key[32];
    snprintf(key, sizeof key, "%s.%s", what, id);
    define(text, key, value);
}

// ---- Of all runs --------------------------------------------------------------------------------------

// The value of an option that all runs agree on, "various" where they do not.
static const char *common_value(const struct run_set *set, const char *name) {
    const char *first = run_pairs_find(&set->runs[0]->config, name);
    for (size_t i = 1; i < set->count; i++) {
        const char *value = run_pairs_find(&set->runs[i]->config, name);
        if (!value || !first || strcmp(value, first) != 0) {
            return "various";
        }
    }
    return first;
}

static void define_config(struct text *text, const struct run_set *set) {
    static const char *const PLAIN[] = {"width",   "heads",    "context",          "batch",
                                        "dropout", "episodes", "steps-per-action", "lr"};
    const struct run_pairs *config = &set->runs[0]->config;
    for (size_t i = 0; i < config->count; i++) {
        const char *name = config->items[i].name, *value = common_value(set, name);
        define_named(text, "config.", name, value);
        for (size_t j = 0; j < ARRAY_LENGTH(PLAIN); j++) {
            if (strcmp(PLAIN[j], name) == 0) {
                define_named(text, "", name, value);
            }
        }
    }
}

static void define_profile(struct text *text, const struct run_set *set) {
    struct text list = {0};
    for (size_t i = 0; i < set->count; i++) {
        bool seen = !set->runs[i]->profile[0];
        for (size_t j = 0; j < i && !seen; j++) {
            seen = strcmp(set->runs[i]->profile, set->runs[j]->profile) == 0;
        }
        if (!seen) {
            text_add(&list, text_length(&list) > 0 ? ", " : "");
            text_add(&list, set->runs[i]->profile);
        }
    }
    define(text, "profile", text_length(&list) > 0 ? text_string(&list) : "n/a");
    text_free(&list);
}

static void define_data(struct text *text, const struct run_set *set) {
    struct text list = {0};
    size_t datasets = report_add_datasets(&list, set);
    bool generated = report_is_generated(set);
    define(text, "data", text_string(&list));
    text_clear(&list);
    text_format(&list, "%zu", datasets);
    define(text, "datasets", text_string(&list));
    define(text, "data-note",
           generated
               ? "The texts are generated: each stands in for the dataset that it is named "
                 "after, and its true entropy is known, so that the figures can show the "
                 "perplexity that no model goes below. They are not the datasets themselves, "
                 "and numbers published for those are beside ours for their order only."
               : "The texts are real; where one is a sample of its dataset, the captions say so.");
    text_free(&list);
}

static const char *plural(double count) {
    return rint(count) == 1 ? "" : "s";
}

// "time" is how a sentence goes on: nothing where no log tells its time.
static void define_hours(struct text *text, const struct run_set *set) {
    double seconds = 0, tokens = 0;
    bool timed = false;
    for (size_t i = 0; i < set->count; i++) {
        double time = quantity_of(SECONDS, set->runs[i]), count = set->runs[i]->tokens;
        timed = timed || !isnan(time);
        seconds += isnan(time) ? 0 : time;
        tokens += isnan(count) ? 0 : count;
    }
    char number[64];
    double minutes = seconds / 60, hours = seconds / 3600;
    snprintf(number, sizeof number, hours < 0.995 ? "%.2f" : hours < 99.5 ? "%.1f" : "%.0f", hours);
    define(text, "hours", timed ? number : "n/a");
    if (seconds < 90) {
        snprintf(number, sizeof number, ", %.0f second%s of training in all", seconds,
                 plural(seconds));
    } else if (minutes < 90) {
        snprintf(number, sizeof number, ", %.0f minute%s of training in all", minutes,
                 plural(minutes));
    } else {
        snprintf(number, sizeof number, ", %.1f hours of training in all", hours);
    }
    define(text, "time", timed ? number : "");
    struct text total = {0};
    number_add(&total, &(struct statistic){.mean = tokens, .sd = NAN, .count = 1},
               NUMBER_PARAMETERS, "");
    define(text, "tokens", text_string(&total));
    text_free(&total);
}

// "3 runs", "all 87 runs", "9 of the 51 runs"
static void define_runs(struct text *text, const struct run_set *covered,
                        const struct experiments *experiments) {
    char words[80];
    size_t planned = experiments ? experiments_count(experiments) : 0, count = covered->count;
    snprintf(words, sizeof words, "%zu", count);
    define(text, "runs", words);
    if (planned > count) {
        snprintf(words, sizeof words, "%zu of the %zu runs", count, planned);
    } else if (planned == 1) {
        snprintf(words, sizeof words, "the one run");
    } else {
        snprintf(words, sizeof words, "%s%zu run%s", planned == count ? "all " : "", count,
                 count == 1 ? "" : "s");
    }
    define(text, "runs-covered", words);
}

// The same number of every run, or "various".
static void define_same(struct text *text, const struct run_set *set, const char *key,
                        int64_t (*of)(const struct run *)) {
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)of(set->runs[0]));
    for (size_t i = 1; i < set->count; i++) {
        if (of(set->runs[i]) != of(set->runs[0])) {
            snprintf(number, sizeof number, "various");
        }
    }
    define(text, key, number);
}

static int64_t layers_of(const struct run *run) {
    return run->layers;
}
static int64_t vocabulary_of(const struct run *run) {
    return run->vocabulary;
}

// ---- Of a group -----------------------------------------------------------------------------------------

static void define_quantities(struct text *text, const struct group *group, const char *prefix) {
    for (int i = 0; i < QUANTITIES; i++) {
        struct statistic value = group_statistic(group, (enum quantity)i);
        struct statistic plain = value;
        struct text number = {0}, name = {0};
        plain.sd = NAN;
        number_add(&number, &plain, QUANTITY_TYPES[i].format, "");
        define_named(text, prefix, QUANTITY_TYPES[i].key, text_string(&number));
        if (!isnan(value.sd)) {
            text_clear(&number);
            text_format(&name, "%s.sd", QUANTITY_TYPES[i].key);
            plain.mean = value.sd;
            number_add(&number, &plain, QUANTITY_TYPES[i].format, "");
            define_named(text, prefix, text_string(&name), text_string(&number));
        }
        text_free(&number);
        text_free(&name);
    }
}

static bool is_published_of(const struct published_entry *e, const struct run *run) {
    return strcmp(e->arch, run->arch) == 0 && strcmp(e->method, run->method) == 0 &&
           (strcmp(e->dataset, "*") == 0 || strcmp(e->dataset, run->dataset) == 0);
}

static bool is_number(const char *value) {
    return *value >= '0' && *value <= '9';
}

// What a table says in words another may have as a number; of two numbers or two words the first stays.
static bool has_better(const struct published *published, size_t at, const struct run *run) {
    const struct published_entry *e = &published->entries[at];
    for (size_t i = 0; i < published->count; i++) {
        const struct published_entry *other = &published->entries[i];
        int more = is_number(other->value) - is_number(e->value);
        if (strcmp(other->quantity, e->quantity) == 0 && is_published_of(other, run) &&
            (more > 0 || (more == 0 && i < at))) {
            return true;
        }
    }
    return false;
}

static void define_published(struct text *text, const struct group *group, const char *prefix,
                             const struct published *published) {
    const struct run *run = group->runs[0];
    for (size_t i = 0; i < published->count; i++) {
        const struct published_entry *e = &published->entries[i];
        if (is_published_of(e, run) && !has_better(published, i, run)) {
            struct text name = {0};
            text_format(&name, "published.%s", e->quantity);
            define_named(text, prefix, text_string(&name), e->value);
            text_free(&name);
        }
    }
}

static void define_pairs(struct text *text, const struct run_pairs *pairs, const char *prefix,
                         const char *kind) {
    for (size_t i = 0; i < pairs->count; i++) {
        struct text name = {0};
        text_format(&name, "%s.%s", kind, pairs->items[i].name);
        define_named(text, prefix, text_string(&name), pairs->items[i].value);
        text_free(&name);
    }
}

static void define_group(struct text *text, const struct group *group, const char *prefix,
                         const struct report_input *input) {
    const struct run *run = group->runs[0];
    char number[32];
    snprintf(number, sizeof number, "%zu", group->count);
    define_named(text, prefix, "runs", number);
    struct text floor = {0};
    double perplexity = run_floor_perplexity(run);
    number_add(
        &floor,
        &(struct statistic){.mean = perplexity, .sd = NAN, .count = (size_t)!isnan(perplexity)},
        NUMBER_PERPLEXITY, "");
    define_named(text, prefix, "floor", text_string(&floor));
    text_free(&floor);
    define_quantities(text, group, prefix);
    define_published(text, group, prefix, input->published);
    define_pairs(text, &run->config, prefix, "config");
    define_pairs(text, &run->labels, prefix, "label");
}

// ---- Of a table ------------------------------------------------------------------------------------------

static void define_change(struct text *text, const char *prefix, const char *name,
                          double difference) {
    struct text number = {0};
    struct statistic value = {.mean = change_percent(difference),
                              .sd = math_canonical(NAN),
                              .count = (size_t)!isnan(difference)};
    number_add(&number, &value, NUMBER_CHANGE, "");
    define_named(text, prefix, name, text_string(&number));
    text_free(&number);
}

static void define_comparison(struct text *text, const char *id, const struct row *row) {
    struct text prefix = {0};
    char pairs[24];
    text_format(&prefix, "%s.", id);
    text_add_key(&prefix, row->dataset);
    text_add(&prefix, ".");
    text_add_key(&prefix, row->method);
    text_add(&prefix, ".");
    define_change(text, text_string(&prefix), "difference", row->against.difference);
    define_change(text, text_string(&prefix), "low", row->against.low);
    define_change(text, text_string(&prefix), "high", row->against.high);
    snprintf(pairs, sizeof pairs, "%zu", row->against.pairs);
    define_named(text, text_string(&prefix), "pairs", pairs);
    define_named(text, text_string(&prefix), "verdict", VERDICT_NAMES[row->against.verdict]);
    text_free(&prefix);
}

static enum status define_table(struct text *text, const struct table_type *type,
                                const struct report_input *input, struct error *error) {
    struct rows rows = {0};
    struct text sentence = {0};
    enum status status = table_conclude(&sentence, type, input, error);
    define_of(text, "sentence", type->id, text_string(&sentence));
    if (status == STATUS_OK && type->reference) {
        status = rows_select(&rows, input->set, input->experiments, type->id, type->arch,
                             type->reference, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < rows.count; i++) {
        define_comparison(text, type->id, &rows.items[i]);
    }
    text->failed = text->failed || sentence.failed;
    rows_free(&rows);
    text_free(&sentence);
    return status;
}

// Its title and caption, what that says of the runs that it shows, where there are any, and what it
// concludes.
static enum status define_figure(struct text *text, const struct figure_type *type,
                                 const struct report_input *input, struct error *error) {
    struct run_set shown;
    struct text words = {0};
    enum status status = figure_choose_runs(&shown, input, type->id, error);
    define_of(text, "title", type->id, type->title);
    define_of(text, "caption", type->id, type->caption);
    if (status == STATUS_OK && shown.count > 0) {
        report_add_setting(&words, &shown);
        define_of(text, "setting", type->id, text_string(&words));
    }
    if (status == STATUS_OK && type->conclude) {
        text_clear(&words);
        type->conclude(&words, &shown);
        define_of(text, "sentence", type->id, text_string(&words));
    }
    text->failed = text->failed || words.failed;
    figure_free_chosen(&shown);
    text_free(&words);
    return status;
}

// Nothing where there is nothing to say.
static void define_sentence(struct text *text, const char *key,
                            void (*add)(struct text *text, const struct run_set *set),
                            const struct run_set *set) {
    struct text sentence = {0};
    add(&sentence, set);
    if (text_length(&sentence) > 0) {
        define(text, key, text_string(&sentence));
    }
    text->failed = text->failed || sentence.failed;
    text_free(&sentence);
}

static void define_all(struct text *text, const struct run_set *covered,
                       const struct experiments *experiments) {
    define_runs(text, covered, experiments);
    define_profile(text, covered);
    define_data(text, covered);
    define_hours(text, covered);
    define_config(text, covered);
    define_same(text, covered, "layers", layers_of);
    define_same(text, covered, "vocabulary", vocabulary_of);
    define_sentence(text, "sentence.sizes", sentence_sizes, covered);
    define_sentence(text, "sentence.other-size", sentence_other_size, covered);
    define_sentence(text, "sentence.rewards", sentence_rewards, covered);
}

static void define_groups(struct text *text, const struct report_input *input) {
    struct group group;
    for (size_t next = 0; group_next(input->set, &next, &group);) {
        const struct run *run = group.runs[0];
        const char *names[] = {run->arch, run->dataset, run->method};
        for (size_t first = strcmp(run->arch, "gpt2") == 0 ? 0 : 1; first < 2; first++) {
            struct text prefix = {0};
            for (size_t i = 1 - first; i < ARRAY_LENGTH(names); i++) {
                text_add_key(&prefix, names[i]);
                text_add(&prefix, ".");
            }
            define_group(text, &group, text_string(&prefix), input);
            text_free(&prefix);
        }
    }
}

enum status macros_write(struct text *text, const struct report_input *input, struct error *error) {
    struct report_input covering = *input;
    struct run_set covered;
    enum status status = figure_choose_runs(&covered, &covering, NULL, error);
    if (status == STATUS_OK && covered.count == 0) { // it is another list, so of all
        figure_free_chosen(&covered);
        covering.experiments = NULL;
        status = figure_choose_runs(&covered, &covering, NULL, error);
    }
    text_add(text, "% Written by dlt-report macros.\n"
                   "\\newcommand*\\dlt[1]{\\ifcsname dlt:#1\\endcsname\\csname dlt:#1\\endcsname"
                   "\\else n/a\\fi}\n");
    define(text, "version", PROGRAM_VERSION);
    if (status == STATUS_OK) {
        define_all(text, &covered, covering.experiments);
    }
    for (size_t i = 0; TABLE_TYPES[i] && status == STATUS_OK; i++) {
        status = define_table(text, TABLE_TYPES[i], input, error);
    }
    for (size_t i = 0; FIGURE_TYPES[i] && status == STATUS_OK; i++) {
        status = define_figure(text, FIGURE_TYPES[i], input, error);
    }
    if (status == STATUS_OK) {
        define_groups(text, input);
    }
    figure_free_chosen(&covered);
    return status;
}
