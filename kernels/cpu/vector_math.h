// The exponential and the normal distribution function of a vector, in operations that IEEE 754
// fixes. Polynomials: minimax fits in relative error, the coefficients rounded to float.
#ifndef DLT_KERNELS_CPU_VECTOR_MATH_H
#define DLT_KERNELS_CPU_VECTOR_MATH_H

#include "kernels/cpu/vector.h"

// coefficients[0] x^(count - 1) + ... + coefficients[count - 1]
INLINE vec vec_polynomial(vec x, const float *coefficients, int count) {
    vec sum = vec_set(coefficients[0]);
    UNROLL for (int i = 1; i < count; i++) {
        sum = vec_fma(sum, x, vec_set(coefficients[i]));
    }
    return sum;
}

// e^x within 2 units in the last place, subnormal results included; NaN stays NaN.
// x = n ln 2 + r, e^x = 2^n e^r, e^r = 1 + r + r^2 P(r) on |r| <= ln(2) / 2.
INLINE vec vec_exp(vec x) {
    static const float P[] = {0x1.6a234cp-10f, 0x1.123a6cp-7f, 0x1.5558f4p-5f, 0x1.555490p-3f,
                              0x1.fffffcp-2f};
    const vec shifter = vec_set(0x1.8p23f); // adding it rounds to an integer, in the low bits
    x = vec_min(vec_set(89), vec_max(vec_set(-105), x));
    vec shifted = vec_fma(x, vec_set(0x1.715476p+0f), shifter);
    vec n = shifted - shifter;
    vec r = vec_fma(n, vec_set(-0x1.63p-1f), x); // ln 2 in two parts, the first of 9 bits
    r = vec_fma(n, vec_set(0x1.bd0106p-13f), r);
    vec sum = vec_fma(r * r, vec_polynomial(r, P, 5), r) + 1;
    // 2^n in two factors, so that huge and subnormal results round once.
    vec_int exponent = (vec_int)shifted - (vec_int)shifter;
    vec_int half = exponent >> 1;
    vec scale1 = (vec)((half + 127) << 23), scale2 = (vec)((exponent - half + 127) << 23);
    return sum * scale1 * scale2;
}

// log(x) within 2 units in the last place; x > 0 and normal, or +inf or NaN, which stay.
// x = 2^n m with sqrt(1/2) <= m < sqrt(2); log m = 2 artanh((m - 1) / (m + 1)), by its series.
INLINE vec vec_log(vec x) {
    static const float P[] = {2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3};
    vec_int bits = (vec_int)x, exponent = (bits - 0x3f3504f3) >> 23; // the bits of sqrt(1/2)
    vec m = (vec)(bits - (exponent << 23)), n = __builtin_convertvector(exponent, vec);
    vec s = (m - 1) / (m + 1), square = s * s;
    vec tail = vec_fma(s * square, vec_polynomial(square, P, 4), n * -0x1.bd0106p-13f);
    vec log = vec_fma(n, vec_set(0x1.63p-1f), vec_fma(s, vec_set(2), tail));
    return vec_select(x - x == 0, log, x);
}

// Phi(x), the normal distribution function, and *density_root = exp(-x^2 / 2), x within +-20;
// within 4 units in the last place in both tails.
//
// Phi(-u) = exp(-u^2 / 2) Q(w), w = 1 / (1 + s u), s = 0.3: Q is 1/2 erfcx(u / sqrt 2), smooth,
// and a polynomial without constant term in w. x^2 is split so that exp loses nothing in the tail.
INLINE vec vec_normal_cdf(vec x, vec *density_root) {
    static const float Q[] = {-0x1.51fad4p-6f, 0x1.cca7cep-4f, -0x1.d386dep-3f, 0x1.88f9f4p-3f,
                              -0x1.45ab2ap-4f, 0x1.8a0e0ep-4f, 0x1.410344p-4f,  0x1.c38a54p-4f,
                              0x1.e9c39ep-4f,  0x1.ea3ca0p-4f};
    vec u = vec_max(x, -x);
    vec square = x * x, square_low = vec_fma(x, x, -square);
    vec e = vec_exp(square * -0.5f);
    e = vec_fma(e * square_low, vec_set(-0.5f), e);
    vec w = 1.0f / vec_fma(u, vec_set(0.3f), vec_set(1));
    vec tail = e * (w * vec_polynomial(w, Q, 10));
    *density_root = e;
    return vec_select(x > 0, 1 - tail, tail);
}

#endif
