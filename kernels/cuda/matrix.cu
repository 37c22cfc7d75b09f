// Matrix products by cublasLt. For each shape the algorithm is chosen once, and kept: by the
// library's heuristics, which depend on the shape, the library and the GPU model alone, among
// algorithms whose partial sums are added in float and in a fixed order. A resumed run takes those of
// its checkpoint.

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
    void *workspace; // NULL until the first product: who opens a device asks first what is free
    struct plan plans[PLANS_MAX];
    size_t count;
    struct buffer choices;  // matrix_choices()
    struct buffer restored; // those to be taken again; empty: none
};

static bool note(device *dev, cublasStatus_t code) {
    if (code != CUBLAS_STATUS_SUCCESS && dev->status == STATUS_OK) {
        dev->status =
            error_set(&dev->error, STATUS_FAILURE, "the GPU failed in a matrix product: %s",
                      cublasLtGetStatusString(code));
    }
    return code == CUBLAS_STATUS_SUCCESS;
}

// The choices' first line.
static enum status append_identity(struct buffer *choices, struct error *error) {
    char line[LINE];
    cudaDeviceProp properties = {};
    cudaGetDeviceProperties(&properties, 0);
    int length = snprintf(line, sizeof line, "cublasLt %zu on %.200s\n", cublasLtGetVersion(),
                          properties.name);
    return buffer_append(choices, line, (size_t)length, error);
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
    return append_identity(&dev->products->choices, error);
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
        buffer_free(&products->restored);
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

// c^T = b^T a^T, as the library sees it: its first operand is our b. How a bias is aligned, it takes from
// the pointer when it chooses.
static bool make_description(device *dev, struct plan *plan, const void *bias) {
    const struct plan_key *key = &plan->key;
    cublasOperation_t first = key->b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    cublasOperation_t second = key->a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    bool good =
        note(dev, cublasLtMatmulDescCreate(&plan->description, CUBLAS_COMPUTE_32F, CUDA_R_32F)) &&
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

// ---- Choices as text: "SHAPE: WORD-WORD-..." a line, the words the library's own description ----

enum { ALGORITHM_WORDS = sizeof(cublasLtMatmulAlgo_t) / sizeof(uint64_t) };

template <class Key> static int print_matrix_key(char *text, size_t size, const Key *key) {
    return snprintf(
        text, size, "%s%s step %zu,%zu aligned %zu", key->type == MATRIX_BF16 ? "bf16" : "fp32",
        key->transposed ? " transposed" : "", key->step, key->batch_step, key->alignment);
}

// Everything in the key, so that equal text means equal keys.
static void print_key(char text[LINE], const struct plan_key *key) {
    char a[96], b[96], c[96];
    print_matrix_key(a, sizeof a, &key->a);
    print_matrix_key(b, sizeof b, &key->b);
    print_matrix_key(c, sizeof c, &key->c);
    snprintf(text, LINE, "%zu x %zu x %zu, batch %zu, %s, %s to %s%s, bias aligned %zu: ", key->M,
             key->N, key->K, key->batch, a, b, c, key->accumulate ? " added" : "",
             key->bias_alignment);
}

static void record_choice(device *dev, const struct plan *plan) {
    char line[LINE], words[ALGORITHM_WORDS * 18];
    int length = 0;
    print_key(line, &plan->key);
    for (int i = 0; i < ALGORITHM_WORDS; i++) {
        length += snprintf(words + length, sizeof words - (size_t)length, "%llx%c",
                           (unsigned long long)plan->algorithm.data[i],
                           i < ALGORITHM_WORDS - 1 ? '-' : '\n');
    }
    struct error error;
    struct buffer *choices = &dev->products->choices;
    if (buffer_append(choices, line, strlen(line), &error) != STATUS_OK ||
        buffer_append(choices, words, (size_t)length, &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
}

// Takes the algorithm that `choices` have for this shape. Whether they have one.
static bool find_choice(const char *choices, struct plan *plan) {
    char line[1 + LINE] = "\n"; // no shape is on the first line
    print_key(line + 1, &plan->key);
    const char *at = strstr(choices, line);
    char *words = at ? (char *)at + strlen(line) : NULL;
    for (int i = 0; words && i < ALGORITHM_WORDS; i++) {
        plan->algorithm.data[i] = strtoull(words, &words, 16);
        if (*words++ != (i < ALGORITHM_WORDS - 1 ? '-' : '\n')) {
            return false;
        }
    }
    return words != NULL;
}

const char *matrix_choices(device *dev) {
    struct error error;
    struct buffer *choices = &dev->products->choices;
    if (buffer_reserve(choices, 1, &error) != STATUS_OK) {
        device_keep_error(dev, &error);
        return "";
    }
    choices->data[choices->length] = '\0';
    return (const char *)choices->data;
}

bool matrix_restore_choices(device *dev, const char *choices) {
    struct matrix_products *products = dev->products;
    struct error error;
    size_t identity = strcspn(matrix_choices(dev), "\n") + 1;
    if (strncmp(choices, (const char *)products->choices.data, identity) != 0) {
        return false;
    }
    products->restored.length = 0;
    if (buffer_append(&products->restored, choices, strlen(choices) + 1, &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
    return true;
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
    const char *restored = (const char *)products->restored.data;
    bool known = find_choice(matrix_choices(dev), plan); // of a plan that was closed
    if (!make_description(dev, plan, product->bias) ||
        (!known && !(restored && find_choice(restored, plan)) && !choose_algorithm(dev, plan))) {
        plan_close(plan);
        return NULL;
    }
    products->count++;
    if (!known) {
        record_choice(dev, plan);
    }
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

void matrix_multiply(device *dev, const struct matrix_product *p) {
    assert(!(p->bias && p->accumulate));
    bool good = dev->status == STATUS_OK && has_workspace(dev);
    struct plan *plan = good ? find_plan(dev, p) : NULL;
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
