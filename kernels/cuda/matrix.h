// Matrix products, the one thing left to a library (cublasLt).
#ifndef DLT_KERNELS_CUDA_MATRIX_H
#define DLT_KERNELS_CUDA_MATRIX_H

#include "kernels/cuda/cuda.h"

enum matrix_type { MATRIX_FLOAT, MATRIX_BF16 };

template <class A> constexpr matrix_type matrix_type_of() {
    return sizeof(A) == sizeof(float) ? MATRIX_FLOAT : MATRIX_BF16;
}

// A matrix in memory; elements of a row lie side by side, rows `step` elements apart. A batch has its
// matrices `batch_step` elements apart.
struct matrix {
    const void *data;
    enum matrix_type type;
    size_t step, batch_step;
    bool transposed; // of operands: the product takes its transpose
};

// c (M, N) = a (M, K) b (K, N), or c += with `accumulate`, for each of `batch` products; then + bias
// (N), of c's type, to every row, unless NULL. a and b are of one type; sums are float, and what is
// there is added before the one rounding to c's type. bias and accumulate: not together.
struct matrix_product {
    size_t M, N, K, batch;
    struct matrix a, b, c;
    const void *bias;
    bool accumulate;
};

enum status matrix_open(device *dev, struct error *error);
void matrix_close(device *dev);
void matrix_multiply(device *dev, const struct matrix_product *product);
// Which algorithms the products use: a line that names the library and the GPU, then one per shape.
// Valid until the next product.
const char *matrix_choices(device *dev);
bool matrix_restore_choices(device *dev, const char *choices);

#endif
