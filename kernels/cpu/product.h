// C (M, N) = A B, or += with `accumulate`: the matrix product behind every linear operation.
//
// K is cut at multiples of 256; each piece is one chain of fused multiply-adds from 0 in ascending
// k, the pieces are added in order (with `accumulate`: to what is there), the bias last. So the
// bits depend on neither tile shape, vector width nor number of threads.
#ifndef DLT_KERNELS_CPU_PRODUCT_H
#define DLT_KERNELS_CPU_PRODUCT_H

#include "kernels/cpu/cpu.h"

struct product {
    size_t M, N, K;
    const float *a; // element (m, k) at a[m a_row + k a_k]; one of the two steps is 1
    size_t a_row, a_k;
    const float *b; // element (k, n) at b[k b_k + n b_column]; one of the two steps is 1
    size_t b_k, b_column;
    float *c;          // row-major, no gap between rows
    const float *bias; // N, or NULL
    bool accumulate;
};

void CPU(product)(device *dev, const struct product *product);

#endif
