// Portable double-precision functions: the same bits from every compiler, CPU and C library.
//
// They use only operations that IEEE 754 fixes (+ - * / sqrt fma rint). Errors are below 2 units in
// the last place, but for math_pow and the normal quantile. The vectorised float32 functions of the
// CPU kernels are in kernels/cpu/vector_math.h.
#ifndef DLT_BASE_MATH_H
#define DLT_BASE_MATH_H

double math_exp(double x);           // e^x; 0 below the smallest subnormal, +inf above the largest
double math_log(double x);           // natural logarithm; -inf at 0, NaN below
double math_log2(double x);          // binary logarithm
double math_pow(double x, double y); // exp(y log x), for x >= 0: its error grows with y log x
double math_normal_quantile(double p); // inverse of the standard normal distribution, 0 < p < 1
// NaNs differ in sign and payload between CPUs: every NaN becomes the one quiet NaN.
double math_canonical(double x);

// The shortest decimal, of at least `digits` digits where they are not zeros, that reads back as x, which
// is finite.
enum { MATH_TEXT = 32, MATH_DIGITS = 6 }; // as printf("%g") has them
void math_format(double x, int digits, char text[MATH_TEXT]);

#endif
