// Statistics, groups, quantities and how numbers are written.
#include <math.h>
#include <stdlib.h>

#include "lib/report/history.h"
#include "lib/report/summary.h"
#include "tests/unit/check.h"

static double array_value(const void *values, size_t i) {
    return ((const double *)values)[i];
}

static void test_mean_and_deviation(void) {
    const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
    struct statistic s = statistic_of(array_value, values, 8);
    CHECK_INT(s.count, 8);
    CHECK_CLOSE(s.mean, 5, 0);
    CHECK_CLOSE(s.sd, sqrt(32.0 / 7), 1e-15); // of a sample: n - 1
    // Large values that are close together keep their spread.
    const double close[] = {1e9 + 1, 1e9 + 2, 1e9 + 3};
    s = statistic_of(array_value, close, 3);
    CHECK_CLOSE(s.sd, 1, 1e-12);
}

static void test_few_values(void) {
    const double one[] = {NAN, 3, INFINITY};
    struct statistic s = statistic_of(array_value, one, 3);
    CHECK_INT(s.count, 1);
    CHECK_INT(s.of, 3);
    CHECK(statistic_is_partial(&s));
    CHECK_CLOSE(s.mean, 3, 0);
    CHECK(isnan(s.sd));
    s = statistic_of(array_value, one, 1);
    CHECK_INT(s.count, 0);
    CHECK(isnan(s.mean) && !statistic_is_partial(&s));
}

// ---- Numbers as text ----------------------------------------------------------------------------

static void check_number(double mean, double sd, enum number_format format, const char *want) {
    struct text text = {0};
    number_add(&text, &(struct statistic){.mean = mean, .sd = sd, .count = 1}, format, "+-");
    if (strcmp(text_string(&text), want) != 0) {
        check_report(__FILE__, __LINE__, "%g is '%s', not '%s'", mean, text_string(&text), want);
    }
    text_free(&text);
}

static void test_numbers(void) {
    check_number(88.351, NAN, NUMBER_PERPLEXITY, "88.35");
    check_number(88.351, 0.349, NUMBER_PERPLEXITY, "88.35+-0.35");
    check_number(12345.6, NAN, NUMBER_PERPLEXITY, "12,346");
    check_number(INFINITY, NAN, NUMBER_PERPLEXITY, "inf");
    check_number(NAN, NAN, NUMBER_PERPLEXITY, "n/a");
    check_number(7, NAN, NUMBER_LAYERS, "7");
    check_number(7, 0.5, NUMBER_LAYERS, "7.0+-0.5");
    check_number(4.4568, NAN, NUMBER_LAYERS, "4.5");
    check_number(1556380800, NAN, NUMBER_PARAMETERS, "1.56B");
    check_number(151e6, 2.6e6, NUMBER_PARAMETERS, "151+-3M");
    check_number(999999, NAN, NUMBER_PARAMETERS, "1.00M");
    check_number(369664, NAN, NUMBER_PARAMETERS, "370k");
    check_number(12, NAN, NUMBER_PARAMETERS, "12");
    check_number(90.1e6, NAN, NUMBER_MEGABYTES, "90.1");
    check_number(9.994e6, NAN, NUMBER_MEGABYTES, "9.99");
    check_number(0.0436e6, NAN, NUMBER_MEGABYTES, "0.0436");
    check_number(12e3, NAN, NUMBER_MEGABYTES, "0.0120");
    check_number(99.95e6, NAN, NUMBER_MEGABYTES, "100");
    check_number(1234567, NAN, NUMBER_WHOLE, "1,234,567");
    check_number(-24.576, NAN, NUMBER_CHANGE, "−24.58");
    check_number(12345, NAN, NUMBER_CHANGE, "+12,345.00");
    check_number(-0.004, NAN, NUMBER_CHANGE, "0.00");
    check_number(0, NAN, NUMBER_CHANGE, "0.00");
    check_number(0.006, NAN, NUMBER_CHANGE, "+0.01");
    // What is counted has no spread where all runs have as much.
    check_number(12, 0, NUMBER_LAYERS, "12");
    check_number(14900, 0, NUMBER_PARAMETERS, "14.9k");
    check_number(5.5e6, 0, NUMBER_MEGABYTES, "5.50");
    check_number(93.01, 0, NUMBER_PERPLEXITY, "93.01+-0.00");
}

// Of how many runs a number is, where some have none.
static void test_partial(void) {
    struct text text = {0};
    struct statistic s = {.mean = 12.5, .sd = 0.5, .count = 2, .of = 3};
    number_add(&text, &s, NUMBER_PERPLEXITY, "+-");
    text_add(&text, ", ");
    s = (struct statistic){.mean = 2500, .sd = NAN, .count = 1, .of = 2};
    number_add(&text, &s, NUMBER_PARAMETERS, "+-");
    text_add(&text, ", ");
    s = (struct statistic){.mean = NAN, .sd = NAN, .count = 0, .of = 2};
    number_add(&text, &s, NUMBER_PERPLEXITY, "+-");
    text_add(&text, ", ");
    s = (struct statistic){.mean = 12.5, .sd = 0.5, .count = 3, .of = 3};
    number_add(&text, &s, NUMBER_PERPLEXITY, "+-");
    if (strcmp(text_string(&text), "12.50+-0.50 (2 of 3), 2.50k (1 of 2), n/a, 12.50+-0.50") != 0) {
        check_report(__FILE__, __LINE__, "'%s'", text_string(&text));
    }
    text_free(&text);
}

// ---- Groups and quantities ------------------------------------------------------------------------

static struct run *make_run(const char *dataset, const char *method, const char *seed) {
    struct run *run = NULL;
    struct error error = {0};
    CHECK(run_create(&run, "x", &error) == STATUS_OK);
    snprintf(run->dataset, sizeof run->dataset, "%s", dataset);
    snprintf(run->arch, sizeof run->arch, "gpt2");
    snprintf(run->method, sizeof run->method, "%s", method);
    snprintf(run->seed, sizeof run->seed, "%s", seed);
    return run;
}

static int order(const void *a, const void *b) {
    return run_order(*(struct run *const *)a, *(struct run *const *)b);
}

static void test_groups(void) {
    struct run *runs[] = {
        make_run("shake", "random", "1"), make_run("1b", "dynamic", "10"),
        make_run("1b", "dynamic", "9"),   make_run("1b", "conventional", "1"),
        make_run("wiki2", "cycle", "1"),  make_run("wiki2", "dynamic", "1"),
    };
    qsort(runs, 6, sizeof *runs, order);
    struct run_set set = {.runs = runs, .count = 6};
    runs[4]->best_test = 3; // seeds 9 and 10 of 1b, dynamic: neighbours, in the order of numbers
    runs[3]->best_test = 1;
    static const struct {
        const char *dataset, *method;
        size_t count;
    } WANT[] = {{"wiki2", "dynamic", 1},
                {"wiki2", "cycle", 1},
                {"1b", "conventional", 1},
                {"1b", "dynamic", 2},
                {"shake", "random", 1}};
    struct group group;
    size_t next = 0, i = 0;
    for (; group_next(&set, &next, &group) && i < 5; i++) {
        CHECK_STRING(group.runs[0]->dataset, WANT[i].dataset);
        CHECK_STRING(group.runs[0]->method, WANT[i].method);
        CHECK_INT(group.count, WANT[i].count);
        if (group.count == 2) {
            CHECK_STRING(group.runs[0]->seed, "9");
            struct statistic s = group_statistic(&group, PERPLEXITY_BEST);
            CHECK_CLOSE(s.mean, 2, 0);
            CHECK_CLOSE(s.sd, sqrt(2), 1e-15);
            CHECK_CLOSE(group_mean(&group, PERPLEXITY_BEST), 2, 0);
            runs[4]->best_test = NAN;
            CHECK(isnan(group_mean(&group, PERPLEXITY_BEST)));
            runs[4]->best_test = 3;
        }
    }
    CHECK_INT(i, 5);
    for (size_t j = 0; j < 6; j++) {
        run_free(runs[j]);
    }
}

static void test_roots(void) {
    const uint16_t state[] = {0, 0, 1, 3, 3, 4, 2};
    const int roots[] = {0, 0, 0, 3, 3, 3, 0};
    for (int i = 0; i < 7; i++) {
        CHECK_INT(run_root(state, i), roots[i]);
    }
}

static void test_history(void) {
    struct run *run = make_run("wiki2", "dynamic", "1");
    struct run_visit visits[] = {{.episode = 1, .changed = true, .independent = 2},
                                 {.episode = 1, .changed = true, .independent = 3},
                                 {.episode = 3, .changed = false, .independent = 1}};
    struct run_reward rewards[] = {{.episode = 1, .perplexity = 10},
                                   {.episode = 1, .perplexity = 30}};
    struct run_episode_loss losses[] = {{.sum = 2, .steps = 2}, {.steps = 0}};
    run->visits = visits;
    run->visit_count = 3;
    run->rewards = rewards;
    run->reward_count = 2;
    run->losses = losses;
    run->loss_count = 2;
    struct history history;
    struct error error = {0};
    CHECK(history_build(&history, run, &error) == STATUS_OK);
    CHECK_INT(history.count, 4);
    CHECK_CLOSE(history.points[1].changes, 2, 0);
    CHECK_CLOSE(history.points[1].independent, 3, 0);
    CHECK_CLOSE(history.points[1].batch_perplexity, 20, 0);
    CHECK_CLOSE(history.points[1].train, 2.718281828459045, 1e-14);
    CHECK(isnan(history.points[2].changes) && isnan(history.points[2].train));
    CHECK_CLOSE(history.points[3].changes, 0, 0);
    history_free(&history);
    run->visits = NULL;
    run->rewards = NULL;
    run->losses = NULL;
    run_free(run);
}

static void test_floor(void) {
    struct run *run = make_run("wiki2", "dynamic", "1");
    struct run_pair label = {.name = "floor_bits_per_byte", .value = "1.5"};
    struct run_eval eval = {.split = RUN_TEST, .text_bytes = 4000, .targets = 1000};
    run->labels = (struct run_pairs){.items = &label, .count = 1};
    CHECK(isnan(run_floor_perplexity(run))); // no test text to count bytes per token of
    run->evals = &eval;
    run->eval_count = 1;
    CHECK_CLOSE(run_floor_perplexity(run), 64, 1e-12); // 2 ^ (1.5 * 4)
    label.value = "1.5x";
    CHECK(isnan(run_floor_perplexity(run)));
    run->labels = (struct run_pairs){0};
    run->evals = NULL;
    run_free(run);
}

// No layer of such a network is asked for: it is what it was planned to be.
static void test_one_layer(void) {
    struct run *run = make_run("wiki2", "shallow", "1");
    run->parameters_conventional = 8384;
    CHECK(isnan(quantity_of(INDEPENDENT_FINAL, run)));
    run->layers = 1;
    CHECK_CLOSE(quantity_of(INDEPENDENT_FINAL, run), 1, 0);
    CHECK_CLOSE(quantity_of(STORED_MEAN, run), 1, 0);
    CHECK_CLOSE(quantity_of(PARAMETERS_MEAN, run), 8384, 0);
    run_free(run);
}

// Two episodes of ten steps and one of twenty, and records that tell nothing.
static void test_tokens_per_second(void) {
    struct run *run = make_run("wiki2", "dynamic", "1");
    struct run_timing timings[] = {{.step = 10, .tokens_per_second = 100},
                                   {.step = 20, .tokens_per_second = 50},
                                   {.step = -1, .tokens_per_second = 1},
                                   {.step = 20, .tokens_per_second = 1},
                                   {.step = 40, .tokens_per_second = 200}};
    CHECK(isnan(quantity_of(TOKENS_PER_SECOND, run)));
    run->timings = timings;
    run->timing_count = 5;
    CHECK_CLOSE(quantity_of(TOKENS_PER_SECOND, run), 100, 1e-12); // 40 / (0.1 + 0.2 + 0.1)
    run->timing_count = 0;
    run->timings = NULL;
    run_free(run);
}

int main(void) {
    RUN(test_mean_and_deviation);
    RUN(test_few_values);
    RUN(test_numbers);
    RUN(test_partial);
    RUN(test_groups);
    RUN(test_roots);
    RUN(test_history);
    RUN(test_floor);
    RUN(test_one_layer);
    RUN(test_tokens_per_second);
    return check_finish();
}
