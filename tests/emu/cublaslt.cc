// The emulated cublasLt. Matrices are column by column, as the library has them. Two algorithms: sums in
// double, or, where DLT_EMU_ALGORITHM=float prefers it, in float; whichever is chosen fits one shape
// and alignment alone, and is refused for another. DLT_EMU_SLOW=double, float: which one takes longer.

#include "tests/emu/cublasLt.h"

#include <stdlib.h>
#include <unistd.h>
#include <vector>

struct emu_lt {};

struct emu_lt_matrix {
    cudaDataType_t type;
    uint64_t rows, columns;
    int64_t step, batch_step;
    int32_t batch;
};

struct emu_lt_product {
    cublasOperation_t a, b;
    cublasLtEpilogue_t epilogue;
    const void *bias;
    cudaDataType_t bias_type;
};

constexpr int A = 0, B = 1, C = 2, D = 3, OPERANDS = 4;

struct emu_lt_preference {
    uint64_t workspace;
    uint32_t reductions, alignment[OPERANDS];
};

namespace {

// What an algorithm's words are.
constexpr int IN_FLOAT = 0, SHAPE = 1, WORKSPACE = 2, BIAS_ALIGNMENT = 3, ALIGNMENT = 4;
static_assert(ALIGNMENT + OPERANDS == sizeof(cublasLtMatmulAlgo_t) / sizeof(uint64_t));

struct problem {
    cublasLtMatmulDesc_t product;
    cublasLtMatrixLayout_t layouts[OPERANDS];
};

bool is_set(const char *variable, const char *value) {
    const char *text = getenv(variable);
    return text && strcmp(text, value) == 0;
}

uint64_t element_bytes(cudaDataType_t type) {
    return type == CUDA_R_32F ? 4 : 2;
}

uint64_t mixed(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B185EBCA87U;
    return hash ^ hash >> 29;
}

uint64_t shape_of(const problem &p) {
    uint64_t hash = mixed(mixed(p.product->a, p.product->b), p.product->epilogue);
    for (cublasLtMatrixLayout_t m : p.layouts) {
        hash = mixed(mixed(mixed(hash, m->rows), m->columns), (uint64_t)m->step);
        hash = mixed(mixed(mixed(hash, (uint64_t)m->batch), (uint64_t)m->batch_step), m->type);
    }
    return hash;
}

uint64_t rows_of(cublasOperation_t operation, cublasLtMatrixLayout_t m) {
    return operation == CUBLAS_OP_T ? m->columns : m->rows;
}

uint64_t columns_of(cublasOperation_t operation, cublasLtMatrixLayout_t m) {
    return operation == CUBLAS_OP_T ? m->rows : m->columns;
}

bool types_fit(const problem &p) {
    cudaDataType_t a = p.layouts[A]->type, d = p.layouts[D]->type;
    bool biased = p.product->epilogue == CUBLASLT_EPILOGUE_BIAS;
    return p.layouts[B]->type == a && p.layouts[C]->type == d &&
           (a == CUDA_R_16BF || d == CUDA_R_32F) && (!biased || p.product->bias_type == d);
}

bool shapes_fit(const problem &p) {
    cublasOperation_t a = p.product->a, b = p.product->b;
    cublasLtMatrixLayout_t d = p.layouts[D];
    for (cublasLtMatrixLayout_t m : p.layouts) {
        if (m->rows == 0 || m->columns == 0 || m->step < (int64_t)m->rows || m->batch != d->batch) {
            return false;
        }
    }
    return rows_of(a, p.layouts[A]) == d->rows && columns_of(b, p.layouts[B]) == d->columns &&
           columns_of(a, p.layouts[A]) == rows_of(b, p.layouts[B]) &&
           p.layouts[C]->rows == d->rows && p.layouts[C]->columns == d->columns &&
           (d->batch == 1 || p.product->epilogue == CUBLASLT_EPILOGUE_DEFAULT);
}

uint64_t alignment_of(const void *pointer) {
    uint64_t bits = (uint64_t)(uintptr_t)pointer | 256;
    return bits & ~(bits - 1);
}

// Whether a matrix, and each of a batch, is aligned as the algorithm needs it.
bool is_aligned(const void *data, cublasLtMatrixLayout_t m, uint64_t alignment) {
    uint64_t batch_bytes = (uint64_t)m->batch_step * element_bytes(m->type);
    return (uintptr_t)data % alignment == 0 && (m->batch == 1 || batch_bytes % alignment == 0);
}

float load(const void *data, cudaDataType_t type, uint64_t at) {
    if (type == CUDA_R_32F) {
        return ((const float *)data)[at];
    }
    return __uint_as_float((uint32_t)((const uint16_t *)data)[at] << 16);
}

void store(void *data, cudaDataType_t type, uint64_t at, float value) {
    if (type == CUDA_R_32F) {
        ((float *)data)[at] = value;
    } else {
        uint32_t bits = __float_as_uint(value);
        ((uint16_t *)data)[at] = value != value
                                     ? (uint16_t)0x7FFF
                                     : (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
    }
}

uint64_t place(cublasLtMatrixLayout_t m, int32_t batch, uint64_t row, uint64_t column) {
    return (uint64_t)(batch * m->batch_step) + column * (uint64_t)m->step + row;
}

struct pointers {
    const void *a, *b, *c;
    void *d;
    float alpha, beta;
};

// One product of a batch.
template <class Sum> void multiply(const problem &p, const pointers &at, int32_t batch) {
    cublasLtMatrixLayout_t a = p.layouts[A], b = p.layouts[B], c = p.layouts[C], d = p.layouts[D];
    uint64_t K = columns_of(p.product->a, a);
    std::vector<float> left(K * d->rows);
    std::vector<Sum> sums(d->rows);
    for (uint64_t k = 0; k < K; k++) {
        for (uint64_t i = 0; i < d->rows; i++) {
            bool turned = p.product->a == CUBLAS_OP_T;
            left[k * d->rows + i] =
                load(at.a, a->type, turned ? place(a, batch, k, i) : place(a, batch, i, k));
        }
    }
    for (uint64_t j = 0; j < d->columns; j++) {
        for (uint64_t i = 0; i < d->rows; i++) {
            bool biased = p.product->epilogue == CUBLASLT_EPILOGUE_BIAS;
            sums[i] = at.beta != 0 ? at.beta * load(at.c, c->type, place(c, batch, i, j)) : 0;
            sums[i] += biased ? load(p.product->bias, p.product->bias_type, i) : 0;
        }
        for (uint64_t k = 0; k < K; k++) {
            bool turned = p.product->b == CUBLAS_OP_T;
            Sum factor =
                load(at.b, b->type, turned ? place(b, batch, j, k) : place(b, batch, k, j));
            for (uint64_t i = 0; i < d->rows; i++) {
                sums[i] += at.alpha * (Sum)left[k * d->rows + i] * factor;
            }
        }
        for (uint64_t i = 0; i < d->rows; i++) {
            store(at.d, d->type, place(d, batch, i, j), (float)sums[i]);
        }
    }
}

// Copies an attribute's value, if it has the size that the manual gives.
template <class Value> cublasStatus_t set(Value *to, const void *value, size_t bytes) {
    if (bytes != sizeof *to) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    memcpy(to, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

} // namespace

size_t cublasLtGetVersion(void) {
    return 0;
}

const char *cublasLtGetStatusString(cublasStatus_t status) {
    return status == CUBLAS_STATUS_NOT_SUPPORTED ? "not supported" : "invalid value";
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
    *handle = new emu_lt;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *product, cublasComputeType_t,
                                        cudaDataType_t scale) {
    *product =
        new emu_lt_product{CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, NULL, CUDA_R_32F};
    return scale == CUDA_R_32F ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t product) {
    delete product;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t product,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes) {
    switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA:
        return set(&product->a, value, bytes);
    case CUBLASLT_MATMUL_DESC_TRANSB:
        return set(&product->b, value, bytes);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
        return set(&product->epilogue, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
        return set(&product->bias, value, bytes);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
        return set(&product->bias_type, value, bytes);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *matrix, cudaDataType_t type,
                                          uint64_t rows, uint64_t columns, int64_t step) {
    *matrix = new emu_lt_matrix{type, rows, columns, step, 0, 1};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t matrix) {
    delete matrix;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t matrix,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void *value, size_t bytes) {
    return attribute == CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT ? set(&matrix->batch, value, bytes)
                                                           : set(&matrix->batch_step, value, bytes);
}

// Unless told otherwise, the library takes pointers to be aligned to 256 bytes.
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
    *preference = new emu_lt_preference{0, CUBLASLT_REDUCTION_SCHEME_MASK, {256, 256, 256, 256}};
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
    delete preference;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t bytes) {
    switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
        return set(&preference->workspace, value, bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
        return set(&preference->reductions, value, bytes);
    default:
        return set(&preference->alignment[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES],
                   value, bytes);
    }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t product,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int most,
                                              cublasLtMatmulHeuristicResult_t *results,
                                              int *found) {
    const problem p = {product, {a, b, c, d}};
    *found = 0;
    if (!types_fit(p) || !shapes_fit(p)) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    // Sums of any order but a fixed one are not offered.
    if (preference->reductions & ~(uint32_t)CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) {
        return CUBLAS_STATUS_NOT_SUPPORTED;
    }
    for (; *found < most && *found < 2; ++*found) {
        uint64_t *words = results[*found].algo.data;
        words[IN_FLOAT] = is_set("DLT_EMU_ALGORITHM", "float") != (*found == 1);
        words[SHAPE] = shape_of(p);
        words[WORKSPACE] = preference->workspace;
        words[BIAS_ALIGNMENT] = alignment_of(product->bias);
        for (int i = 0; i < OPERANDS; i++) {
            words[ALIGNMENT + i] = preference->alignment[i];
        }
    }
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t product, const void *alpha,
                              const void *a, cublasLtMatrixLayout_t a_layout, const void *b,
                              cublasLtMatrixLayout_t b_layout, const void *beta, const void *c,
                              cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t *algorithm, void *workspace,
                              size_t workspace_bytes, cudaStream_t) {
    const problem p = {product, {a_layout, b_layout, c_layout, d_layout}};
    const pointers at = {a, b, c, d, *(const float *)alpha, *(const float *)beta};
    const void *const data[OPERANDS] = {a, b, c, d};
    const uint64_t *words = algorithm->data;
    bool good = words[SHAPE] == shape_of(p) && workspace && (uintptr_t)workspace % 16 == 0 &&
                workspace_bytes >= words[WORKSPACE];
    if (product->epilogue == CUBLASLT_EPILOGUE_BIAS) {
        good = good && product->bias && (uintptr_t)product->bias % words[BIAS_ALIGNMENT] == 0;
    }
    for (int i = 0; i < OPERANDS; i++) {
        good = good && is_aligned(data[i], p.layouts[i], words[ALIGNMENT + i]);
    }
    if (!good) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (is_set("DLT_EMU_SLOW", words[IN_FLOAT] ? "float" : "double")) {
        usleep(2000);
    }
    for (int32_t i = 0; i < d_layout->batch; i++) {
        words[IN_FLOAT] ? multiply<float>(p, at, i) : multiply<double>(p, at, i);
    }
    return CUBLAS_STATUS_SUCCESS;
}
