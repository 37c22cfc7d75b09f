// Matrix products by cublasLt. For each shape the algorithm is chosen once, and kept: by the
// library's heuristics, which depend on the shape, the library and the GPU model alone, among
// algorithms whose partial sums are added in float and in a fixed order.

#include "kernels/cuda/matrix.h"

#include <cublasLt.h>
#include <stdio.h>
#include <stdlib.h>

extern "C" {
#include "lib/base/memory.h"
}

enum { PLANS_MAX = 256, WORKSPACE = 32 << 20, LINE = 512 };

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
    void *workspace;
    struct plan plans[PLANS_MAX];
    size_t count;
    struct buffer choices; // matrix_choices()
};

static bool note(device *dev, cublasStatus_t code) {
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
    if (!note(dev, cublasLtCreate(&dev->products->handle))) {
        *error = dev->error;
        return dev->status;
    }
    return cuda_allocate(dev, &dev->products->workspace, WORKSPACE, "matrix products", error);
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
        buffer_free(&products->choices);
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
    return note(dev, cublasLtMatrixLayoutCreate(layout, library_type(key->type), first, second,
                                                (int64_t)key->step)) &&
           note(dev, cublasLtMatrixLayoutSetAttribute(*layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
                                                      &count, sizeof count)) &&
           note(dev, cublasLtMatrixLayoutSetAttribute(
                         *layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &step, sizeof step));
}

template <class Value>
static bool describe(device *dev, struct plan *plan, cublasLtMatmulDescAttributes_t attribute,
                     Value value) {
    return note(dev,
                cublasLtMatmulDescSetAttribute(plan->description, attribute, &value, sizeof value));
}

// c^T = b^T a^T, as the library sees it: its first operand is our b.
static bool make_description(device *dev, struct plan *plan) {
    const struct plan_key *key = &plan->key;
    cublasOperation_t first = key->b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = key->a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    bool good =
        note(dev, cublasLtMatmulDescCreate(&plan->description, CUBLAS_COMPUTE_32F, CUDA_R_32F)) &&
        describe(dev, plan, CUBLASLT_MATMUL_DESC_TRANSA, first) &&
        describe(dev, plan, CUBLASLT_MATMUL_DESC_TRANSB, second);
    if (good && key->bias_alignment > 0) {
        good = describe(dev, plan, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS) &&
               describe(dev, plan, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, library_type(key->c.type));
    }
    return good && make_layout(dev, &plan->a, &key->a, key->M, key->K, key->batch) &&
           make_layout(dev, &plan->b, &key->b, key->K, key->N, key->batch) &&
           make_layout(dev, &plan->c, &key->c, key->M, key->N, key->batch);
}

template <class Value>
static bool prefer(device *dev, cublasLtMatmulPreference_t preference,
                   cublasLtMatmulPreferenceAttributes_t attribute, Value value) {
    return note(dev,
                cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
}

static bool choose_algorithm(device *dev, struct plan *plan) {
    const struct plan_key *key = &plan->key;
    cublasLtMatmulPreference_t preference = NULL;
    cublasLtMatmulHeuristicResult_t result;
    int found = 0;
    uint32_t in_order = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    bool good =
        note(dev, cublasLtMatmulPreferenceCreate(&preference)) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, (uint64_t)WORKSPACE) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, in_order) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
               (uint32_t)key->b.alignment) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
               (uint32_t)key->a.alignment) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
               (uint32_t)key->c.alignment) &&
        prefer(dev, preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
               (uint32_t)key->c.alignment) &&
        note(dev, cublasLtMatmulAlgoGetHeuristic(dev->products->handle, plan->description, plan->b,
                                                 plan->a, plan->c, plan->c, preference, 1, &result,
                                                 &found));
    if (good && found == 0) {
        good = note(dev, CUBLAS_STATUS_NOT_SUPPORTED);
    }
    if (good) {
        plan->algorithm = result.algo;
    }
    if (preference) {
        cublasLtMatmulPreferenceDestroy(preference);
    }
    return good;
}

// One line: the shape, and the library's description of the algorithm.
static void record_choice(device *dev, const struct plan *plan) {
    const struct plan_key *key = &plan->key;
    char line[LINE];
    int length = snprintf(line, sizeof line, "%zux%zux%zu batch %zu %s%s%s%s%s ", key->M, key->N,
                          key->K, key->batch, key->a.type == MATRIX_BF16 ? "bf16" : "fp32",
                          key->a.transposed ? " a^T" : "", key->b.transposed ? " b^T" : "",
                          key->bias_alignment > 0 ? " bias" : "", key->accumulate ? " +=" : "");
    for (size_t i = 0; i < sizeof plan->algorithm.data / sizeof plan->algorithm.data[0]; i++) {
        length += snprintf(line + length, sizeof line - (size_t)length, "%llx%s",
                           (unsigned long long)plan->algorithm.data[i], i < 7 ? "-" : "\n");
    }
    struct error error;
    if (buffer_append(&dev->products->choices, line, (size_t)length, &error) != STATUS_OK &&
        dev->status == STATUS_OK) {
        dev->status = STATUS_FAILURE;
        dev->error = error;
    }
}

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
    if (!make_description(dev, plan) || !choose_algorithm(dev, plan)) {
        plan_close(plan);
        return NULL;
    }
    products->count++;
    record_choice(dev, plan);
    return plan;
}

const char *matrix_choices(const device *dev) {
    struct error error;
    struct buffer *choices = &dev->products->choices;
    if (buffer_reserve(choices, 1, &error) != STATUS_OK) {
        return "";
    }
    choices->data[choices->length] = '\0';
    return (const char *)choices->data;
}

void matrix_multiply(device *dev, const struct matrix_product *p) {
    assert(!(p->bias && p->accumulate));
    struct plan *plan = dev->status == STATUS_OK ? find_plan(dev, p) : NULL;
    if (!plan) {
        return;
    }
    float one = 1, beta = p->accumulate ? 1 : 0;
    if (p->bias && !describe(dev, plan, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p->bias)) {
        return;
    }
    note(dev,
         cublasLtMatmul(dev->products->handle, plan->description, &one, p->b.data, plan->b,
                        p->a.data, plan->a, &beta, p->c.data, plan->c, (void *)p->c.data, plan->c,
                        &plan->algorithm, dev->products->workspace, WORKSPACE, dev->stream));
}
