// What matrix.cu and algorithms.cu share: a plan for each shape of product, and how its algorithm is
// chosen.
#ifndef DLT_KERNELS_CUDA_MATRIX_PLAN_H
#define DLT_KERNELS_CUDA_MATRIX_PLAN_H

#include "kernels/cuda/matrix.h"

#include <cublasLt.h>
#include <stdio.h>

extern "C" {
#include "lib/base/memory.h"
}

enum { PLANS_MAX = 256, WORKSPACE = 32 << 20 };

// What the choice depends on. Compared byte by byte: zeroed before it is filled.
struct plan_key {
    size_t M, N, K, batch;
    struct {
        size_t step, batch_step, alignment;
        enum matrix_type type;
        bool transposed;
    } a, b, c;
    size_t bias_alignment; // 0: no bias
    bool accumulate;
};

struct plan {
    struct plan_key key;
    cublasLtMatmulDesc_t description;
    cublasLtMatrixLayout_t a, b, c; // row-major
    cublasLtMatmulAlgo_t algorithm;
};

struct matrix_products {
    cublasLtHandle_t handle;
    void *workspace; // NULL until the first product: who opens a device asks first what is free
    struct plan plans[PLANS_MAX];
    size_t count;
    struct buffer choices;  // matrix_choices()
    struct buffer restored; // those to be taken again; empty: none
    struct buffer shared;   // those of the file, which found ones are added to
    FILE *file;             // NULL: algorithms are not timed
};

// Remembers a failure, if it is the first. Whether `code` is success.
bool matrix_note(device *dev, cublasStatus_t code);
// The product of a plan by an algorithm, its result in `to`: c, or a place like it.
cublasStatus_t matrix_run(device *dev, const struct plan *plan,
                          const struct matrix_product *product, void *to,
                          const cublasLtMatmulAlgo_t *algorithm);

enum status algorithms_open(device *dev, struct error *error);
void algorithms_close(struct matrix_products *products);
// Gives a plan that is otherwise whole its algorithm.
bool algorithms_choose(device *dev, struct plan *plan, const struct matrix_product *product);

#endif
