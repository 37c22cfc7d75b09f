// The portable functions against the C library in extended precision.
#include "lib/base/math.h"

#include <float.h>
#include <stdint.h>

#include "lib/base/random.h"
#include "tests/unit/check.h"

// |got - want| in units in the last place of `want`, a subnormal's being 2^-1074.
static double ulps(double got, long double want) {
    if ((long double)got == want || (got != got && want != want)) {
        return 0;
    }
    if (isinf(got) || isinf((double)want)) {
        return (double)want == got ? 0 : 1e9;
    }
    int exponent;
    frexpl(want, &exponent);
    exponent = exponent < -1021 ? -1021 : exponent;
    return (double)(fabsl((long double)got - want) / ldexpl(1.0L, exponent - 53));
}

static struct random_sequence sequence;
enum { POINTS = 200000 };

static double between(double low, double high) {
    return low + (high - low) * random_uniform(&sequence);
}

// Any positive finite number, each exponent as likely as another.
static double any_positive(void) {
    double mantissa = 1.0 + random_uniform(&sequence);
    return ldexp(mantissa, (int)random_below(&sequence, 2097) - 1074);
}

static void test_exp(void) {
    double worst = 0;
    for (int i = 0; i < POINTS; i++) {
        double x = i % 2 ? between(-746, 710) : between(-2, 2);
        worst = fmax(worst, ulps(math_exp(x), expl((long double)x)));
    }
    printf("# exp: %.3f units in the last place\n", worst);
    CHECK(worst < 2);
    CHECK(math_exp(0) == 1 && math_exp(-0.0) == 1);
    CHECK(math_exp((double)INFINITY) == (double)INFINITY && math_exp(-(double)INFINITY) == 0);
    CHECK(math_exp(709.782712893384) < (double)INFINITY);
    CHECK(math_exp(709.7827128933841) == (double)INFINITY && math_exp(1e308) == (double)INFINITY);
    CHECK(math_exp(-745.13) == 0x1p-1074 && math_exp(-745.2) == 0 && math_exp(-1e308) == 0);
    CHECK(math_exp((double)NAN) != math_exp((double)NAN));
    CHECK(math_exp(0x1p-60) == 1 && math_exp(0x1p-1074) == 1);
}

static void test_log(void) {
    double worst = 0, worst2 = 0;
    for (int i = 0; i < POINTS; i++) {
        double x = i % 2 ? any_positive() : between(0.5, 2);
        worst = fmax(worst, ulps(math_log(x), logl((long double)x)));
        worst2 = fmax(worst2, ulps(math_log2(x), log2l((long double)x)));
    }
    printf("# log: %.3f, log2: %.3f units in the last place\n", worst, worst2);
    CHECK(worst < 2);
    CHECK(worst2 < 2);
    for (int e = -52; e < 0; e++) { // next to 1, where a relative error is hardest
        CHECK(ulps(math_log(1 + ldexp(1, e)), log1pl(ldexpl(1, e))) < 2);
        CHECK(ulps(math_log(1 - ldexp(1, e - 1)), log1pl(-ldexpl(1, e - 1))) < 2);
    }
    CHECK(math_log(1) == 0 && !signbit(math_log(1)));
    CHECK(math_log(0) == -(double)INFINITY && math_log((double)INFINITY) == (double)INFINITY);
    CHECK(math_log(-1) != math_log(-1) && math_log((double)NAN) != math_log((double)NAN));
    CHECK(ulps(math_log(DBL_MAX), logl(DBL_MAX)) < 2);
    CHECK(ulps(math_log(0x1p-1074), logl(0x1p-1074L)) < 2);
}

static void test_pow(void) {
    for (int t = 0; t < 100000; t += 97) { // Adam's bias correction
        CHECK_CLOSE(math_pow(0.9, t), powl(0.9L, t), 1e-15);
        CHECK(fabsl((long double)math_pow(0.999, t) / powl((long double)0.999, t) - 1) < 1e-13L);
    }
    CHECK(math_pow(0, 5) == 0 && math_pow(0, 0) == 1 && math_pow(7, 0) == 1);
}

static void test_normal_quantile(void) {
    double worst = 0;
    for (int i = 1; i < POINTS; i++) {
        double p = i % 2 ? (double)i / POINTS : exp(-(double)i * 700 / POINTS);
        long double x = (long double)math_normal_quantile(p);
        long double back = erfcl(-x / sqrtl(2.0L)) / 2;
        // How far x is off, by the slope of the distribution there.
        long double slope = expl(-x * x / 2) / 2.50662827463100050242L;
        worst = fmax(worst, (double)(fabsl(back - (long double)p) / slope / fmaxl(1, fabsl(x))));
    }
    printf("# normal quantile: %.3g\n", worst);
    CHECK(worst < 1e-15);
    CHECK(math_normal_quantile(0.5) == 0);
    CHECK(math_normal_quantile(0.25) == -math_normal_quantile(0.75));
    CHECK_CLOSE(math_normal_quantile(0.975), 1.9599639845400542, 1e-15);
}

static void test_canonical(void) {
    const uint64_t nans[] = {0x7ff8000000000000, 0xfff8000000000000, 0x7ff0000000000001,
                             0xffffffffffffffff};
    for (int i = 0; i < 4; i++) {
        double x, y;
        memcpy(&x, &nans[i], 8);
        y = math_canonical(x);
        CHECK(memcmp(&y, &nans[0], 8) == 0);
    }
    CHECK(math_canonical(-1.5) == -1.5 && signbit(math_canonical(-0.0)));
}

// The bits themselves, which no compiler or CPU may change: a digest of many results.
static void test_bits(void) {
    uint64_t digest = 0;
    random_sequence_start(&sequence, (struct random_place){.seed = 5});
    for (int i = 0; i < POINTS; i++) {
        double results[4]; // one statement each: the order of the draws is fixed so
        results[0] = math_exp(between(-30, 30));
        results[1] = math_log(any_positive());
        results[2] = math_log2(any_positive());
        results[3] = random_normal(&sequence);
        for (int k = 0; k < 4; k++) {
            uint64_t bits;
            memcpy(&bits, &results[k], 8);
            digest = (digest ^ bits) * 0x9e3779b97f4a7c15;
            digest ^= digest >> 29;
        }
    }
    CHECK(digest == 0x69c6bd2e00ae476e);
}

int main(void) {
    random_sequence_start(&sequence, (struct random_place){.seed = 1});
    RUN(test_exp);
    RUN(test_log);
    RUN(test_pow);
    RUN(test_normal_quantile);
    RUN(test_canonical);
    RUN(test_bits);
    return check_finish();
}
