#include "lib/report/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/math.h"

static const struct run_eval *last_test(const struct run *run) {
    for (size_t i = run->eval_count; i > 0; i--) {
        if (run->evals[i - 1].split == RUN_TEST) {
            return &run->evals[i - 1];
        }
    }
    return NULL;
}

// An episode may have two: of a part of the split, and of the whole.
static const struct run_eval *best_test(const struct run *run) {
    for (size_t i = 0; i < run->eval_count; i++) {
        const struct run_eval *e = &run->evals[i];
        if (e->split == RUN_TEST && e->episode == run->best_test_episode &&
            e->perplexity == run->best_test) {
            return e;
        }
    }
    return NULL;
}

static double perplexity_best(const struct run *run) {
    return run->best_test;
}
static double perplexity_final(const struct run *run) {
    const struct run_eval *e = last_test(run);
    return e ? e->perplexity : math_canonical(NAN);
}
static double perplexity_at_best_valid(const struct run *run) {
    return run->test_at_best_valid;
}
static double perplexity_per_word(const struct run *run) {
    const struct run_eval *e = best_test(run);
    return e ? e->perplexity_per_word : math_canonical(NAN);
}
static double bits_per_byte(const struct run *run) {
    const struct run_eval *e = best_test(run);
    return e ? e->bits_per_byte : math_canonical(NAN);
}

// A network of one layer has no visits: what it has throughout.
static double without_visits(const struct run *run, double of_one_layer) {
    return run->layers == 1 ? of_one_layer : math_canonical(NAN);
}

#define MEAN_OVER_VISITS(field, of_one_layer)                                                      \
    double sum = 0;                                                                                \
    for (size_t i = 0; i < run->visit_count; i++) {                                                \
        sum += (double)run->visits[i].field;                                                       \
    }                                                                                              \
    return run->visit_count > 0 ? sum / (double)run->visit_count : without_visits(run, of_one_layer)
#define AT_LAST_VISIT(field, of_one_layer)                                                         \
    return run->visit_count > 0 ? (double)run->visits[run->visit_count - 1].field                  \
                                : without_visits(run, of_one_layer)

static double independent_mean(const struct run *run) {
    MEAN_OVER_VISITS(independent, 1);
}
static double independent_final(const struct run *run) {
    AT_LAST_VISIT(independent, 1);
}
static double stored_mean(const struct run *run) {
    MEAN_OVER_VISITS(stored, 1);
}
static double stored_final(const struct run *run) {
    AT_LAST_VISIT(stored, 1);
}
static double parameters_mean(const struct run *run) {
    MEAN_OVER_VISITS(parameters, run->parameters_conventional);
}
static double parameters_final(const struct run *run) {
    AT_LAST_VISIT(parameters, run->parameters_conventional);
}

static double tokens(const struct run *run) {
    return run->tokens;
}
static double seconds(const struct run *run) {
    return run->timing_count > 0 ? run->timings[run->timing_count - 1].seconds
                                 : math_canonical(NAN);
}
// All tokens over the seconds of training steps, without evaluations. A log tells the rate of each
// episode; steps are of as many tokens each, so that these cancel out.
static double tokens_per_second(const struct run *run) {
    double steps = 0, time = 0;
    int64_t before = 0;
    for (size_t i = 0; i < run->timing_count; i++) {
        const struct run_timing *timing = &run->timings[i];
        double more = (double)timing->step - (double)before;
        if (more > 0 && timing->tokens_per_second > 0) {
            steps += more;
            time += more / timing->tokens_per_second;
        }
        before = timing->step > before ? timing->step : before;
    }
    return time > 0 ? steps / time : math_canonical(NAN);
}
#define MOST_OF_TIMINGS(field)                                                                     \
    double most = math_canonical(NAN);                                                             \
    for (size_t i = 0; i < run->timing_count; i++) {                                               \
        most = run->timings[i].field <= most ? most : run->timings[i].field;                       \
    }                                                                                              \
    return most

static double peak_memory(const struct run *run) {
    MOST_OF_TIMINGS(peak_resident);
}
static double peak_device(const struct run *run) {
    MOST_OF_TIMINGS(peak_device);
}
static double peak_counted(const struct run *run) {
    MOST_OF_TIMINGS(peak_counted);
}

static double memory_part(const struct run_memory *m, enum quantity quantity) {
    switch (quantity) {
    case MEMORY_WEIGHTS:
        return m->weights;
    case MEMORY_GRADIENTS:
        return m->gradients;
    case MEMORY_OPTIMIZER:
        return m->optimizer;
    case MEMORY_ACTIVATIONS:
        return m->activations;
    case MEMORY_TOTAL_MAX:
        return m->total;
    default:
        return m->weights + m->gradients + m->optimizer;
    }
}

static double memory_mean(const struct run *run, enum quantity quantity) {
    double sum = 0;
    for (size_t i = 0; i < run->memory_count; i++) {
        sum += memory_part(&run->memories[i], quantity);
    }
    return run->memory_count > 0 ? sum / (double)run->memory_count : math_canonical(NAN);
}

static double memory_max(const struct run *run, enum quantity quantity) {
    double most = math_canonical(NAN);
    for (size_t i = 0; i < run->memory_count; i++) {
        double value = memory_part(&run->memories[i], quantity);
        most = value <= most ? most : value;
    }
    return most;
}

static double memory_weights(const struct run *run) {
    return memory_mean(run, MEMORY_WEIGHTS);
}
static double memory_gradients(const struct run *run) {
    return memory_mean(run, MEMORY_GRADIENTS);
}
static double memory_optimizer(const struct run *run) {
    return memory_mean(run, MEMORY_OPTIMIZER);
}
static double memory_activations(const struct run *run) {
    return memory_mean(run, MEMORY_ACTIVATIONS);
}
static double memory_trained(const struct run *run) {
    return memory_mean(run, MEMORY_TRAINED);
}
static double memory_trained_max(const struct run *run) {
    return memory_max(run, MEMORY_TRAINED);
}
// The visit where most was held may lie within an episode; older logs tell only of its end.
static double memory_total_max(const struct run *run) {
    double counted = peak_counted(run);
    return isnan(counted) ? memory_max(run, MEMORY_TOTAL_MAX) : counted;
}

const struct quantity_type QUANTITY_TYPES[QUANTITIES] = {
    [PERPLEXITY_BEST] = {"perplexity_best", NUMBER_PERPLEXITY, perplexity_best},
    [PERPLEXITY_FINAL] = {"perplexity_final", NUMBER_PERPLEXITY, perplexity_final},
    [PERPLEXITY_AT_BEST_VALID] = {"perplexity_at_best_valid", NUMBER_PERPLEXITY,
                                  perplexity_at_best_valid},
    [PERPLEXITY_PER_WORD] = {"perplexity_per_word", NUMBER_WHOLE, perplexity_per_word},
    [BITS_PER_BYTE] = {"bits_per_byte", NUMBER_PERPLEXITY, bits_per_byte},
    [INDEPENDENT_MEAN] = {"independent_mean", NUMBER_LAYERS, independent_mean},
    [INDEPENDENT_FINAL] = {"independent_final", NUMBER_LAYERS, independent_final},
    [STORED_MEAN] = {"stored_mean", NUMBER_LAYERS, stored_mean},
    [STORED_FINAL] = {"stored_final", NUMBER_LAYERS, stored_final},
    [PARAMETERS_MEAN] = {"parameters_mean", NUMBER_PARAMETERS, parameters_mean},
    [PARAMETERS_FINAL] = {"parameters_final", NUMBER_PARAMETERS, parameters_final},
    [TOKENS] = {"tokens", NUMBER_PARAMETERS, tokens},
    [SECONDS] = {"seconds", NUMBER_WHOLE, seconds},
    [TOKENS_PER_SECOND] = {"tokens_per_second", NUMBER_WHOLE, tokens_per_second},
    [PEAK_MEMORY] = {"peak_memory", NUMBER_MEGABYTES, peak_memory},
    [PEAK_DEVICE] = {"peak_device", NUMBER_MEGABYTES, peak_device},
    [MEMORY_WEIGHTS] = {"memory_weights", NUMBER_MEGABYTES, memory_weights},
    [MEMORY_GRADIENTS] = {"memory_gradients", NUMBER_MEGABYTES, memory_gradients},
    [MEMORY_OPTIMIZER] = {"memory_optimizer", NUMBER_MEGABYTES, memory_optimizer},
    [MEMORY_ACTIVATIONS] = {"memory_activations", NUMBER_MEGABYTES, memory_activations},
    [MEMORY_TRAINED] = {"memory_trained", NUMBER_MEGABYTES, memory_trained},
    [MEMORY_TRAINED_MAX] = {"memory_trained_max", NUMBER_MEGABYTES, memory_trained_max},
    [MEMORY_TOTAL_MAX] = {"memory_total_max", NUMBER_MEGABYTES, memory_total_max},
    [REWARD_CLIPPED] = {"reward_clipped", NUMBER_PERCENT, reward_clipped_percent},
};

double quantity_of(enum quantity quantity, const struct run *run) {
    return QUANTITY_TYPES[quantity].of(run);
}

bool run_has_perplexity(const struct run *run) {
    double perplexity = quantity_of(PERPLEXITY_BEST, run);
    return perplexity > 0 && isfinite(perplexity);
}

// ---- Statistics over the runs of a group --------------------------------------------------------

bool statistic_is_partial(const struct statistic *s) {
    return s->count > 0 && s->count < s->of;
}

// Mean and spread in two passes, so that close values keep their digits.
struct statistic statistic_of(double (*value_at)(const void *, size_t), const void *values,
                              size_t count) {
    struct statistic s = {.mean = math_canonical(NAN), .sd = math_canonical(NAN), .of = count};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double value = value_at(values, i);
        sum += isfinite(value) ? value : 0;
        s.count += isfinite(value) ? 1 : 0;
    }
    if (s.count == 0) {
        return s;
    }
    s.mean = sum / (double)s.count;
    for (size_t i = 0; i < count; i++) {
        double value = value_at(values, i);
        squares += isfinite(value) ? (value - s.mean) * (value - s.mean) : 0;
    }
    s.sd = s.count > 1 ? sqrt(squares / (double)(s.count - 1)) : s.sd;
    return s;
}

bool group_next(const struct run_set *set, size_t *next, struct group *group) {
    if (*next >= set->count) {
        return false;
    }
    size_t first = *next, end = first + 1;
    const struct run *run = set->runs[first];
    while (end < set->count && strcmp(set->runs[end]->dataset, run->dataset) == 0 &&
           strcmp(set->runs[end]->arch, run->arch) == 0 &&
           strcmp(set->runs[end]->method, run->method) == 0) {
        end++;
    }
    *group = (struct group){.runs = set->runs + first, .count = end - first};
    *next = end;
    return true;
}

struct quantity_values {
    const struct group *group;
    enum quantity quantity;
};

static double quantity_value_at(const void *values, size_t i) {
    const struct quantity_values *v = values;
    return quantity_of(v->quantity, v->group->runs[i]);
}

struct statistic group_statistic(const struct group *group, enum quantity quantity) {
    struct quantity_values values = {group, quantity};
    return statistic_of(quantity_value_at, &values, group->count);
}

double group_mean(const struct group *group, enum quantity quantity) {
    struct statistic s = group_statistic(group, quantity);
    return statistic_is_partial(&s) ? math_canonical(NAN) : s.mean;
}

// ---- Numbers as text ----------------------------------------------------------------------------

struct scale {
    double unit;
    const char *suffix;
    int decimals;
};

enum { DECIMALS_MAX = 4 };

// Of three significant digits, as far as `most` decimals go.
static int decimals_of(double size, int most) {
    double next = 99.95; // from here on one decimal less would do
    int decimals = 0;
    while (decimals < most && size < next) {
        decimals++;
        next /= 10;
    }
    return decimals;
}

static struct scale scale_parameters(double value) {
    double size = fabs(value);
    struct scale s = size >= 999.5e6   ? (struct scale){1e9, "B", 0}
                     : size >= 999.5e3 ? (struct scale){1e6, "M", 0}
                     : size >= 999.5   ? (struct scale){1e3, "k", 0}
                                       : (struct scale){1, "", 0};
    s.decimals = s.unit > 1 ? decimals_of(size / s.unit, 2) : 0;
    return s;
}

static struct scale scale_of(const struct statistic *value, enum number_format format) {
    switch (format) {
    case NUMBER_PERPLEXITY:
        return (struct scale){1, "", value->mean < 1000 ? 2 : 0};
    case NUMBER_LAYERS: {
        bool whole = rint(value->mean) == value->mean && !(value->sd > 0);
        return (struct scale){1, "", whole ? 0 : 1};
    }
    case NUMBER_PARAMETERS:
        return scale_parameters(value->mean);
    case NUMBER_MEGABYTES:
        return (struct scale){1e6, "", decimals_of(value->mean / 1e6, DECIMALS_MAX)};
    case NUMBER_PERCENT:
        return (struct scale){1, "", 1};
    case NUMBER_CHANGE:
    case NUMBER_RATIO:
        break;
    case NUMBER_WHOLE:
        return (struct scale){1, "", decimals_of(value->mean, 2)};
    }
    return (struct scale){1, "", 2};
}

// Digits of what is not negative, with a comma at each thousand from 10,000 on.
static void add_grouped(struct text *text, double value, int decimals) {
    char digits[400];
    snprintf(digits, sizeof digits, "%.*f", decimals, value);
    size_t whole = strcspn(digits, ".");
    if (!(value < 1e15) || whole < 5) {
        text_add(text, digits);
        return;
    }
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0) {
            text_add(text, ",");
        }
        text_add_bytes(text, digits + i, 1);
    }
    text_add(text, digits + whole);
}

static bool is_counted(enum number_format format) {
    return format == NUMBER_LAYERS || format == NUMBER_PARAMETERS || format == NUMBER_MEGABYTES;
}

void number_add(struct text *text, const struct statistic *value, enum number_format format,
                const char *plus_minus) {
    if (value->count == 0 || isnan(value->mean)) {
        text_add(text, "n/a");
        return;
    }
    static const double HALF[DECIMALS_MAX + 1] = {0.5, 0.05, 0.005, 5e-4, 5e-5}; // of the last one
    struct scale scale = scale_of(value, format);
    double size = fabs(value->mean) / scale.unit;
    if (size >= HALF[scale.decimals]) {
        text_add(text, value->mean < 0 ? "−" : format == NUMBER_CHANGE ? "+" : "");
    }
    add_grouped(text, size, scale.decimals);
    if (!isnan(value->sd) && !(value->sd == 0 && is_counted(format))) {
        text_add(text, plus_minus);
        add_grouped(text, value->sd / scale.unit, scale.decimals);
    }
    text_add(text, scale.suffix);
    if (statistic_is_partial(value)) {
        text_format(text, " (%zu of %zu)", value->count, value->of);
    }
}
