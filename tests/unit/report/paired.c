// Groups compared seed by seed: Student's quantiles against published values, intervals by hand, and
// what is refused.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/report/rows.h"
#include "tests/unit/check.h"

// Two-sided 95%, to the digits of the tables in print.
static void test_student(void) {
    static const struct {
        size_t degrees;
        double t;
    } WANT[] = {{1, 12.706205}, {2, 4.302653},  {3, 3.182446},  {4, 2.776445},   {5, 2.570582},
                {9, 2.262157},  {10, 2.228139}, {30, 2.042272}, {1000, 1.962339}};
    for (size_t i = 0; i < ARRAY_LENGTH(WANT); i++) {
        CHECK_CLOSE(student_t95(WANT[i].degrees), WANT[i].t, 1e-6);
    }
}

enum { SEEDS = 4 };

// A method's runs, seeds 1 to SEEDS, with the perplexities given.
struct method {
    struct run *runs[SEEDS];
    struct group group;
};

static void make(struct method *method, const char *name, const double *perplexities,
                 size_t count) {
    struct error error = {0};
    for (size_t i = 0; i < count; i++) {
        struct run *run = NULL;
        CHECK(run_create(&run, "x", &error) == STATUS_OK);
        snprintf(run->dataset, sizeof run->dataset, "wiki2");
        snprintf(run->arch, sizeof run->arch, "gpt2");
        snprintf(run->method, sizeof run->method, "%s", name);
        snprintf(run->seed, sizeof run->seed, "%zu", i + 1);
        run->best_test = perplexities[i];
        run->tokens = 1000;
        method->runs[i] = run;
    }
    method->group = (struct group){method->runs, count};
}

static void drop(struct method *method) {
    for (size_t i = 0; i < method->group.count; i++) {
        run_free(method->runs[i]);
    }
}

// Differences of the logarithm 0.1, 0.2 and 0.3: mean 0.2, deviation 0.1.
static void test_interval(void) {
    struct method a, b;
    make(&b, "b", (const double[]){10, 20, 30}, 3);
    make(&a, "a", (const double[]){10 * exp(0.1), 20 * exp(0.2), 30 * exp(0.3)}, 3);
    struct comparison c = compare_by_seed(&a.group, &b.group);
    CHECK_INT(c.pairs, 3);
    CHECK_INT(c.verdict, VERDICT_UNDECIDED); // 4.3027 * 0.1 / sqrt(3) = 0.2484
    CHECK_CLOSE(c.difference, 0.2, 1e-14);
    CHECK_CLOSE(c.low, 0.2 - 0.2484137, 1e-6);
    CHECK_CLOSE(c.high, 0.2 + 0.2484137, 1e-6);
    CHECK_CLOSE(change_percent(c.difference), 22.14027581601699, 1e-12);
    // Where the pairs agree, the spread between seeds does not matter.
    a.runs[0]->best_test = 10 * exp(0.19);
    a.runs[2]->best_test = 30 * exp(0.21);
    CHECK_INT(compare_by_seed(&a.group, &b.group).verdict, VERDICT_WORSE);
    CHECK_INT(compare_by_seed(&b.group, &a.group).verdict, VERDICT_BETTER);
    drop(&a);
    drop(&b);
}

static void test_few(void) {
    struct method a, b;
    make(&a, "a", (const double[]){10, 11}, 2);
    make(&b, "b", (const double[]){20, 22, 24}, 3);
    struct comparison c = compare_by_seed(&a.group, &b.group);
    CHECK_INT(c.pairs, 2);
    CHECK_INT(c.verdict, VERDICT_FEW);
    CHECK_CLOSE(change_percent(c.difference), -50, 1e-12);
    a.group.count = 1;
    c = compare_by_seed(&a.group, &b.group);
    CHECK_INT(c.verdict, VERDICT_FEW);
    CHECK(isnan(c.low) && isnan(c.high));
    a.group.count = 2;
    drop(&a);
    drop(&b);
}

static void test_refused(void) {
    struct method a, b;
    make(&a, "a", (const double[]){10, 11, 12, 13}, 4);
    make(&b, "b", (const double[]){20, 22, 24, 26}, 4);
    CHECK_INT(compare_by_seed(&a.group, &a.group).verdict, VERDICT_REFERENCE);
    CHECK_INT(compare_by_seed(&a.group, &(struct group){0}).verdict, VERDICT_NONE);
    a.runs[3]->tokens = 995; // a short last batch
    CHECK_INT(compare_by_seed(&a.group, &b.group).verdict, VERDICT_BETTER);
    a.runs[3]->tokens = 980;
    struct comparison c = compare_by_seed(&a.group, &b.group);
    CHECK_INT(c.verdict, VERDICT_TOKENS);
    CHECK(isnan(c.difference));
    a.runs[3]->tokens = 1000;
    const double diverged[] = {NAN, INFINITY, 0};
    for (size_t i = 0; i < ARRAY_LENGTH(diverged); i++) { // the other three would say: better
        a.runs[3]->best_test = diverged[i];
        c = compare_by_seed(&a.group, &b.group);
        CHECK_INT(c.verdict, VERDICT_UNKNOWN);
        CHECK(isnan(c.difference) && isnan(c.low) && c.pairs == 0);
        CHECK_INT(compare_by_seed(&b.group, &a.group).verdict, VERDICT_UNKNOWN);
    }
    b.group.count = 3; // a seed of which there is no pair
    CHECK_INT(compare_by_seed(&a.group, &b.group).verdict, VERDICT_BETTER);
    b.group.count = 4;
    a.runs[3]->tokens = NAN; // not known to be the same
    CHECK_INT(compare_by_seed(&a.group, &b.group).verdict, VERDICT_TOKENS);
    for (size_t i = 0; i < 4; i++) {
        a.runs[i]->seed[0] = (char)('5' + i);
    }
    CHECK_INT(compare_by_seed(&a.group, &b.group).verdict, VERDICT_UNPAIRED);
    drop(&a);
    drop(&b);
}

// ---- Rewards -------------------------------------------------------------------------------------

static double clipped(const char *agent) {
    static struct run_reward rewards[] = {{.perplexity = 50, .loss = 4, .loss_before = 4.5},
                                          {.perplexity = 9, .loss = 2.2, .loss_before = 2.0},
                                          {.perplexity = 10, .loss = 2.3, .loss_before = 2.3},
                                          {.perplexity = 11, .loss = 12, .loss_before = 12}};
    char value[128];
    snprintf(value, sizeof value, "%s", agent);
    struct run_pair pair = {.name = "agent", .value = value};
    struct run run = {
        .config = {.items = &pair, .count = 1}, .rewards = rewards, .reward_count = 4};
    return reward_clipped_percent(&run);
}

static void test_clipped(void) {
    CHECK_CLOSE(clipped("dlt-qagent --policy qlearn"), 50, 0);
    CHECK_CLOSE(clipped("nice dlt-qagent --reward-clip 40"), 25, 0);
    CHECK_CLOSE(clipped("dlt-qagent --reward-clip=5 --policy qlearn"), 100, 0);
    CHECK_CLOSE(clipped("dlt-qagent --reward-clip 0"), 0, 0);
    CHECK_CLOSE(clipped("dlt-qagent --reward logppl"), 25, 0);
    CHECK_CLOSE(clipped("dlt-qagent --reward delta --reward-clip 0.25"), 25, 0);
    CHECK(isnan(clipped("dlt-qagent --reward constant")));
    CHECK(isnan(clipped("python3 my_agent.py")));
}

int main(void) {
    RUN(test_student);
    RUN(test_interval);
    RUN(test_few);
    RUN(test_refused);
    RUN(test_clipped);
    return check_finish();
}
