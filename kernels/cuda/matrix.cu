// Matrix products by cublasLt: a plan for each shape, made when it first comes by.

#include "kernels/cuda/matrix_plan.h"

#include <stdlib.h>

bool matrix_note(device *dev, cublasStatus_t code) {
    if (code != CUBLAS_STATUS_SUCCESS && dev->status == STATUS_OK) {
        dev->status =
            error_set(&dev->error, STATUS_FAILURE, "the GPU failed in a matrix product: %s",
                      cublasLtGetStatusString(code));
    }
    return code == CUBLAS_STATUS_SUCCESS;
}

enum status matrix_open(device *dev, struct error *error) {
    void *memory = NULL;
    enum status status =
        memory_allocate(&memory, 1, sizeof(struct matrix_products), "matrix products", error);
    if (status != STATUS_OK) {
        return status;
    }
    dev->products = (struct matrix_products *)memory;
    if (!matrix_note(dev, cublasLtCreate(&dev->products->handle))) {
        *error = dev->error;
        return dev->status;
    }
    return algorithms_open(dev, error);
}

static void plan_close(struct plan *plan) {
    const cublasLtMatrixLayout_t layouts[] = {plan->a, plan->b, plan->c};
    for (cublasLtMatrixLayout_t layout : layouts) {
        if (layout) {
            cublasLtMatrixLayoutDestroy(layout);
        }
    }
    if (plan->description) {
        cublasLtMatmulDescDestroy(plan->description);
    }
}

void matrix_close(device *dev) {
    struct matrix_products *products = dev->products;
    if (products) {
        for (size_t i = 0; i < products->count; i++) {
            plan_close(&products->plans[i]);
        }
        cuda_release(dev, products->workspace, products->workspace ? WORKSPACE : 0);
        if (products->handle) {
            cublasLtDestroy(products->handle);
        }
        algorithms_close(products);
        free(products);
        dev->products = NULL;
    }
}

// ---- Plans --------------------------------------------------------------------------------------

// The largest power of two up to 256 that divides the address, and the way to the next of a batch.
static size_t alignment_of(const void *data, size_t batch_bytes) {
    size_t bits = (size_t)(uintptr_t)data | batch_bytes | 256;
    return bits & ~(bits - 1);
}

static size_t type_bytes(enum matrix_type type) {
    return type == MATRIX_FLOAT ? sizeof(float) : sizeof(bf16);
}

template <class Key> static void fill_matrix_key(Key *key, const struct matrix *m, size_t batch) {
    key->step = m->step;
    key->batch_step = batch > 1 ? m->batch_step : 0;
    key->alignment = alignment_of(m->data, key->batch_step * type_bytes(m->type));
    key->type = m->type;
    key->transposed = m->transposed;
}

static void fill_key(struct plan_key *key, const struct matrix_product *p) {
    memset(key, 0, sizeof *key);
    key->M = p->M, key->N = p->N, key->K = p->K, key->batch = p->batch;
    fill_matrix_key(&key->a, &p->a, p->batch);
    fill_matrix_key(&key->b, &p->b, p->batch);
    fill_matrix_key(&key->c, &p->c, p->batch);
    key->bias_alignment = p->bias ? alignment_of(p->bias, 0) : 0;
    key->accumulate = p->accumulate;
}

static cudaDataType_t library_type(enum matrix_type type) {
    return type == MATRIX_FLOAT ? CUDA_R_32F : CUDA_R_16BF;
}

// A matrix as it lies in memory: rows x columns, or the other way round where it is transposed.
// The library counts columns first: to it, ours are transposed.
template <class Key>
static bool make_layout(device *dev, cublasLtMatrixLayout_t *layout, const Key *key, size_t rows,
                        size_t columns, size_t batch) {
    uint64_t first = key->transposed ? rows : columns, second = key->transposed ? columns : rows;
    int32_t count = (int32_t)batch;
    int64_t step = (int64_t)key->batch_step;
    return matrix_note(dev, cublasLtMatrixLayoutCreate(layout, library_type(key->type), first,
                                                       second, (int64_t)key->step)) &&
           matrix_note(dev,
                       cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                        &count, sizeof count)) &&
           matrix_note(
               dev, cublasLtMatrixLayoutSetAttribute(
                        *layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step));
}

template <class Value>
static bool describe(device *dev, struct plan *plan, cublasLtMatmulDescAttributes_t attribute,
                     Value value) {
    return matrix_note(
        dev, cublasLtMatmulDescSetAttribute(plan->description, attribute, &value, sizeof value));
}

// c^T = b^T a^T, as the library sees it: its first operand is our b. How a bias is aligned, it takes from
// the pointer when it chooses.
static bool make_description(device *dev, struct plan *plan, const void *bias) {
    const struct plan_key *key = &plan->key;
    cublasOperation_t first = key->b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = key->a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    bool good = matrix_note(dev, cublasLtMatmulDescCreate(&plan->description, CUBLAS_COMPUTE_32F,
                                                          CUDA_R_32F)) &&
                describe(dev, plan, CUBLASLT_MATMUL_DESC_TRANSA, first) &&
                describe(dev, plan, CUBLASLT_MATMUL_DESC_TRANSB, second);
    if (good && key->bias_alignment > 0) {
        good =
            describe(dev, plan, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS) &&
            describe(dev, plan, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, library_type(key->c.type)) &&
            describe(dev, plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    }
    return good && make_layout(dev, &plan->a, &key->a, key->M, key->K, key->batch) &&
           make_layout(dev, &plan->b, &key->b, key->K, key->N, key->batch) &&
           make_layout(dev, &plan->c, &key->c, key->M, key->N, key->batch);
}

// ---- Products ----------------------------------------------------------------------------------

static struct plan *find_plan(device *dev, const struct matrix_product *product) {
    struct matrix_products *products = dev->products;
    struct plan_key key;
    fill_key(&key, product);
    for (size_t i = 0; i < products->count; i++) {
        if (memcmp(&products->plans[i].key, &key, sizeof key) == 0) {
            return &products->plans[i];
        }
    }
    if (products->count == PLANS_MAX) { // shapes that came by once: begin again
        for (size_t i = 0; i < PLANS_MAX; i++) {
            plan_close(&products->plans[i]);
        }
        products->count = 0;
    }
    struct plan *plan = &products->plans[products->count];
    memset(plan, 0, sizeof *plan);
    plan->key = key;
    if (!make_description(dev, plan, product->bias) || !algorithms_choose(dev, plan, product)) {
        plan_close(plan);
        return NULL;
    }
    products->count++;
    return plan;
}

static bool has_workspace(device *dev) {
    struct error error;
    void **workspace = &dev->products->workspace;
    if (!*workspace &&
        cuda_allocate(dev, workspace, WORKSPACE, "matrix products", &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
    return *workspace != NULL;
}

cublasStatus_t matrix_run(device *dev, const struct plan *plan, const struct matrix_product *p,
                          void *to, const cublasLtMatmulAlgo_t *algorithm) {
    const struct matrix_products *products = dev->products;
    float one = 1, beta = p->accumulate ? 1 : 0;
    return cublasLtMatmul(products->handle, plan->description, &one, p->b.data, plan->b, p->a.data,
                          plan->a, &beta, p->c.data, plan->c, to, plan->c, algorithm,
                          products->workspace, WORKSPACE, dev->stream);
}

void matrix_multiply(device *dev, const struct matrix_product *p) {
    assert(!(p->bias && p->accumulate));
    bool good = dev->status == STATUS_OK && has_workspace(dev);
    struct plan *plan = good ? find_plan(dev, p) : NULL;
    if (!plan) {
        return;
    }
    if (p->bias && !describe(dev, plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p->bias)) {
        return;
    }
    matrix_note(dev, matrix_run(dev, plan, p, (void *)p->c.data, &plan->algorithm));
}
