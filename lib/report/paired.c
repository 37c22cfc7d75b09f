#include "lib/report/paired.h"

#include <math.h>
#include <string.h>

#include "lib/base/math.h"

const char *const VERDICT_NAMES[VERDICTS] = {
    [VERDICT_NONE] = "n/a",
    [VERDICT_REFERENCE] = "reference",
    [VERDICT_TOKENS] = "not compared: tokens differ",
    [VERDICT_UNKNOWN] = "not compared: no finite perplexity",
    [VERDICT_UNPAIRED] = "no seed in common",
    [VERDICT_FEW] = "too few seeds",
    [VERDICT_BETTER] = "better",
    [VERDICT_WORSE] = "worse",
    [VERDICT_UNDECIDED] = "no difference seen",
};

// ---- Student's t, of operations that are the same everywhere -------------------------------------

// Halved until the series converges fast.
static double arc_tangent(double x) {
    double scale = 1, sum = 0;
    for (; fabs(x) > 0.05; scale *= 2) {
        x = x / (1 + sqrt(1 + x * x));
    }
    for (int k = 15; k >= 1; k -= 2) {
        sum = 1.0 / k - x * x * sum;
    }
    return scale * x * sum;
}

// P(|T| < t), by the finite sums in powers of cos(atan(t / sqrt(n))) that hold for whole n
// (Abramowitz and Stegun, 26.7.3 and 26.7.4).
static double student_probability(double t, size_t n) {
    const double half_pi = 1.57079632679489661923;
    double s = t / sqrt((double)n + t * t), c2 = (double)n / ((double)n + t * t);
    bool odd = n % 2 == 1;
    double term = odd ? sqrt(c2) : 1, sum = 0;
    for (size_t k = odd ? 3 : 2; k <= n; k += 2) {
        sum += term;
        term *= c2 * (double)(k - 1) / (double)k;
    }
    return odd ? (arc_tangent(t / sqrt((double)n)) + s * sum) / half_pi : s * sum;
}

double student_t95(size_t degrees) {
    double low = 0, high = 16;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (student_probability(middle, degrees) < 0.95) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

// ---- Pairs ---------------------------------------------------------------------------------------

static const struct run *run_of_seed(const struct group *group, const char *seed) {
    for (size_t i = 0; i < group->count; i++) {
        if (strcmp(group->runs[i]->seed, seed) == 0) {
            return group->runs[i];
        }
    }
    return NULL;
}

struct seed_pairs {
    const struct group *group, *reference;
};

static double difference_at(const void *pairs, size_t i) {
    const struct seed_pairs *p = pairs;
    const struct run *run = p->group->runs[i];
    const struct run *other = run_of_seed(p->reference, run->seed);
    if (!other) {
        return math_canonical(NAN);
    }
    return math_log(quantity_of(PERPLEXITY_BEST, run)) -
           math_log(quantity_of(PERPLEXITY_BEST, other));
}

static bool have_perplexities(const struct group *group, const struct group *reference) {
    for (size_t i = 0; i < group->count; i++) {
        const struct run *run = group->runs[i], *other = run_of_seed(reference, run->seed);
        if (other && !(run_has_perplexity(run) && run_has_perplexity(other))) {
            return false;
        }
    }
    return true;
}

static const double TOKENS_MAY_DIFFER = 0.01;

static bool same_tokens(const struct group *group, const struct group *reference) {
    for (size_t i = 0; i < group->count; i++) {
        const struct run *other = run_of_seed(reference, group->runs[i]->seed);
        double tokens = group->runs[i]->tokens;
        if (other && !(fabs(tokens - other->tokens) <= TOKENS_MAY_DIFFER * other->tokens)) {
            return false;
        }
    }
    return true;
}

static enum verdict judge(const struct comparison *c) {
    if (c->pairs < PAIRS_FOR_A_VERDICT) {
        return VERDICT_FEW;
    }
    return c->high < 0 ? VERDICT_BETTER : c->low > 0 ? VERDICT_WORSE : VERDICT_UNDECIDED;
}

struct comparison compare_by_seed(const struct group *group, const struct group *reference) {
    double nan = math_canonical(NAN);
    struct comparison c = {.difference = nan, .low = nan, .high = nan};
    if (group->count == 0 || reference->count == 0) {
        return c;
    }
    if (group->runs[0] == reference->runs[0]) {
        c.verdict = VERDICT_REFERENCE;
        return c;
    }
    if (!same_tokens(group, reference)) {
        c.verdict = VERDICT_TOKENS;
        return c;
    }
    if (!have_perplexities(group, reference)) {
        c.verdict = VERDICT_UNKNOWN;
        return c;
    }
    struct seed_pairs pairs = {group, reference};
    struct statistic s = statistic_of(difference_at, &pairs, group->count);
    c.pairs = s.count;
    if (s.count == 0) {
        c.verdict = VERDICT_UNPAIRED;
        return c;
    }
    c.difference = s.mean;
    if (s.count > 1) {
        double half = student_t95(s.count - 1) * s.sd / sqrt((double)s.count);
        c.low = s.mean - half;
        c.high = s.mean + half;
    }
    c.verdict = judge(&c);
    return c;
}

double change_percent(double difference) {
    return 100 * (math_exp(difference) - 1);
}
