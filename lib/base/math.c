#include "lib/base/math.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double LN2_HIGH = 0x1.62e42fefa3800p-1; // the first 42 bits: exact times any exponent
static const double LN2_LOW = 0x1.ef35793c76730p-45;
static const double LOG2_E = 0x1.71547652b82fep+0;

static double double_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t double_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

// 2^k for -1022 <= k <= 1023.
static double power_of_two(int k) {
    return double_from_bits((uint64_t)(k + 1023) << 52);
}

// Taylor series of e^r on |r| <= ln(2)/2: the first term left out is below 2^-57 of the sum.
double math_exp(double x) {
    static const double INVERSE_FACTORIAL[] = {1.0 / 6227020800,
                                               1.0 / 479001600,
                                               1.0 / 39916800,
                                               1.0 / 3628800,
                                               1.0 / 362880,
                                               1.0 / 40320,
                                               1.0 / 5040,
                                               1.0 / 720,
                                               1.0 / 120,
                                               1.0 / 24,
                                               1.0 / 6,
                                               1.0 / 2,
                                               1.0,
                                               1.0};
    if (x != x) {
        return math_canonical(x);
    }
    if (x > 710.0) {
        return (double)INFINITY;
    }
    if (x < -746.0) {
        return 0.0;
    }
    double k = rint(x * LOG2_E);
    double r = fma(-k, LN2_LOW, fma(-k, LN2_HIGH, x));
    double sum = INVERSE_FACTORIAL[0];
    for (unsigned i = 1; i < sizeof INVERSE_FACTORIAL / sizeof *INVERSE_FACTORIAL; i++) {
        sum = fma(sum, r, INVERSE_FACTORIAL[i]);
    }
    int half = (int)k / 2; // in two factors, so that subnormal and huge results round once
    return sum * power_of_two(half) * power_of_two((int)k - half);
}

// log(m 2^e) = e ln 2 + 2 artanh((m - 1) / (m + 1)) with sqrt(1/2) <= m < sqrt(2).
double math_log(double x) {
    if (x != x || x < 0) {
        return math_canonical(NAN);
    }
    if (x == 0) {
        return (double)-INFINITY;
    }
    if (x > 0x1.fffffffffffffp+1023) {
        return x;
    }
    int exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p+54;
        exponent = -54;
    }
    uint64_t bits = double_bits(x);
    exponent += (int)(bits >> 52) - 1023;
    double m = double_from_bits((bits & 0xfffffffffffffULL) | 0x3ff0000000000000ULL);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        exponent++;
    }
    double f = m - 1.0; // exact
    double s = f / (2.0 + f);
    double z = s * s;
    double sum = 1.0 / 27;
    for (int n = 25; n >= 3; n -= 2) {
        sum = fma(sum, z, 1.0 / n);
    }
    // log(1 + f) = f - s (f - 2 z sum): the leading term is exact, and what is rounded is small.
    double tail = s * (f - 2.0 * z * sum);
    double e = exponent;
    return fma(e, LN2_HIGH, f - (tail - e * LN2_LOW));
}

double math_log2(double x) {
    return math_log(x) * LOG2_E;
}

double math_pow(double x, double y) {
    return y == 0 ? 1.0 : math_exp(y * math_log(x));
}

static double polynomial(const double *coefficients, int degree, double x) {
    double sum = coefficients[degree];
    for (int i = degree - 1; i >= 0; i--) {
        sum = fma(sum, x, coefficients[i]);
    }
    return sum;
}

// Wichura, Algorithm AS 241 (Applied Statistics 37, 1988), PPND16: relative error about 1e-16.
double math_normal_quantile(double p) {
    static const double A[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                               1.9715909503065514427e+3, 1.3731693765509461125e+4,
                               4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double B[] = {1.0,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double C[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                               5.76949722146069140550e0,  3.64784832476320460504e0,
                               1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double D[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double E[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                               1.78482653991729133580e0,  2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double F[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(A, 7, r) / polynomial(B, 7, r);
    }
    double r = sqrt(-math_log(q < 0 ? p : 1.0 - p));
    double x = r <= 5.0 ? polynomial(C, 7, r - 1.6) / polynomial(D, 7, r - 1.6)
                        : polynomial(E, 7, r - 5.0) / polynomial(F, 7, r - 5.0);
    return q < 0 ? -x : x;
}

double math_canonical(double x) {
    return x != x ? double_from_bits(0x7ff8000000000000ULL) : x;
}

void math_format(double x, int digits, char text[MATH_TEXT]) {
    do {
        snprintf(text, MATH_TEXT, "%.*g", digits, x);
    } while (digits++ < DBL_DECIMAL_DIG && strtod(text, NULL) != x);
}
