// Algorithms for the products of matrix.cu, among those whose partial sums are added in float and in a
// fixed order. A shape's is chosen once, and kept: by the library's heuristics, which depend on the shape,
// the library and the GPU model alone. A resumed run takes those of its checkpoint.
//
// DLT_CUDA_ALGORITHMS=FILE: those of the file instead, and of shapes that it lacks the fastest of the
// library's first few, which are timed once and added to it. Runs with one file have the same bits.

#include "kernels/cuda/matrix_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { LINE = 512, CANDIDATES = 8, ROUNDS = 3, REPEATS = 5 };

// The choices' first line.
static enum status append_identity(struct buffer *choices, struct error *error) {
    char line[LINE];
    cudaDeviceProp properties = {};
    cudaGetDeviceProperties(&properties, 0);
    int length = snprintf(line, sizeof line, "cublasLt %zu on %.200s\n", cublasLtGetVersion(),
                          properties.name);
    return buffer_append(choices, line, (size_t)length, error);
}

// ---- Choosing -----------------------------------------------------------------------------------

template <class Value>
static bool prefer(device *dev, cublasLtMatmulPreference_t preference,
                   cublasLtMatmulPreferenceAttributes_t attribute, Value value) {
    return matrix_note(
        dev, cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
}

// The library's first `most` for a plan's shape, the likely best one first.
static bool ask_library(device *dev, const struct plan *plan,
                        cublasLtMatmulHeuristicResult_t *results, int most, int *found) {
    const struct plan_key *key = &plan->key;
    cublasLtMatmulPreference_t preference = NULL;
    uint32_t in_order = CUBLASLT_REDUCTION_SCHEME_NONE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
    *found = 0;
    bool good =
        matrix_note(dev, cublasLtMatmulPreferenceCreate(&preference)) &&
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
        matrix_note(dev, cublasLtMatmulAlgoGetHeuristic(dev->products->handle, plan->description,
                                                        plan->b, plan->a, plan->c, plan->c,
                                                        preference, most, results, found));
    if (good && *found == 0) {
        good = matrix_note(dev, CUBLAS_STATUS_NOT_SUPPORTED);
    }
    if (preference) {
        cublasLtMatmulPreferenceDestroy(preference);
    }
    return good;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Seconds of some products by an algorithm; infinite if it cannot do them.
static double time_algorithm(device *dev, const struct plan *plan,
                             const struct matrix_product *product, void *to,
                             const cublasLtMatmulAlgo_t *algorithm) {
    bool good = device_note(dev, "its work", cudaStreamSynchronize(dev->stream));
    double began = now();
    for (int i = 0; good && i < REPEATS; i++) {
        good = matrix_run(dev, plan, product, to, algorithm) == CUBLAS_STATUS_SUCCESS;
    }
    good = device_note(dev, "a matrix product", cudaStreamSynchronize(dev->stream)) && good;
    return good ? now() - began : (double)INFINITY;
}

// Which of `count` candidates is the fastest, by the best of some rounds. The products go to memory of
// their own: what is at c may be added to.
static int find_fastest(device *dev, const struct plan *plan, const struct matrix_product *product,
                        const cublasLtMatmulHeuristicResult_t *candidates, int count, void *to) {
    double best[CANDIDATES];
    int fastest = 0;
    for (int round = 0; round <= ROUNDS; round++) { // the first warms up
        for (int i = 0; i < count; i++) {
            double seconds = time_algorithm(dev, plan, product, to, &candidates[i].algo);
            best[i] = round <= 1 || seconds < best[i] ? seconds : best[i];
        }
    }
    for (int i = 1; i < count; i++) {
        fastest = best[i] < best[fastest] ? i : fastest;
    }
    return fastest;
}

static size_t result_bytes(const struct matrix_product *p) {
    size_t elements = (p->batch - 1) * p->c.batch_step + (p->M - 1) * p->c.step + p->N;
    return elements * (p->c.type == MATRIX_FLOAT ? sizeof(float) : sizeof(bf16));
}

// Where there is no memory to time them in, the library's first. *timed: whether they were.
static bool choose_new(device *dev, struct plan *plan, const struct matrix_product *product,
                       bool *timed) {
    cublasLtMatmulHeuristicResult_t candidates[CANDIDATES];
    struct error error;
    void *room = NULL;
    int found = 0, chosen = 0;
    size_t bytes = result_bytes(product);
    if (!ask_library(dev, plan, candidates, dev->products->file ? CANDIDATES : 1, &found)) {
        return false;
    }
    *timed = dev->products->file && cuda_allocate(dev, &room, bytes, "", &error) == STATUS_OK;
    if (*timed) {
        chosen = find_fastest(dev, plan, product, candidates, found, room);
    }
    cuda_release(dev, room, bytes);
    plan->algorithm = candidates[chosen].algo;
    return dev->status == STATUS_OK;
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

static void print_choice(char line[2 * LINE], const struct plan *plan) {
    print_key(line, &plan->key);
    for (int i = 0; i < ALGORITHM_WORDS; i++) {
        size_t length = strlen(line);
        snprintf(line + length, 2 * LINE - length, "%llx%c",
                 (unsigned long long)plan->algorithm.data[i], i < ALGORITHM_WORDS - 1 ? '-' : '\n');
    }
}

static void record_choice(device *dev, const struct plan *plan) {
    char line[2 * LINE];
    struct error error;
    print_choice(line, plan);
    if (buffer_append(&dev->products->choices, line, strlen(line), &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
}

static void share_choice(device *dev, const struct plan *plan) {
    char line[2 * LINE];
    struct error error;
    print_choice(line, plan);
    FILE *file = dev->products->file;
    if (fputs(line, file) < 0 || fflush(file) != 0) {
        error_set(&error, STATUS_FAILURE, "cannot write to the file of DLT_CUDA_ALGORITHMS: %s",
                  strerror(errno));
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

// What is in a buffer, ended by a zero.
static const char *text_of(device *dev, struct buffer *buffer) {
    struct error error;
    if (buffer_reserve(buffer, 1, &error) != STATUS_OK) {
        device_keep_error(dev, &error);
        return "";
    }
    buffer->data[buffer->length] = '\0';
    return (const char *)buffer->data;
}

const char *matrix_choices(device *dev) {
    return text_of(dev, &dev->products->choices);
}

static bool has_identity(device *dev, const char *choices) {
    const char *own = matrix_choices(dev);
    return strncmp(choices, own, strcspn(own, "\n") + 1) == 0;
}

bool matrix_restore_choices(device *dev, const char *choices) {
    struct buffer *restored = &dev->products->restored;
    struct error error;
    if (!has_identity(dev, choices)) {
        return false;
    }
    restored->length = 0;
    if (buffer_append(restored, choices, strlen(choices), &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
    return true;
}

bool algorithms_choose(device *dev, struct plan *plan, const struct matrix_product *product) {
    struct matrix_products *products = dev->products;
    bool timed = false;
    if (find_choice(matrix_choices(dev), plan)) { // of a plan that was closed
        return true;
    }
    if (!find_choice(text_of(dev, &products->restored), plan) &&
        !find_choice(text_of(dev, &products->shared), plan) &&
        !choose_new(dev, plan, product, &timed)) {
        return false;
    }
    record_choice(dev, plan);
    if (timed) {
        share_choice(dev, plan);
    }
    return dev->status == STATUS_OK;
}

// ---- The file -----------------------------------------------------------------------------------

// Far more than there are shapes for, of a file that has no end.
enum { FILE_MAX = 16 << 20 };

static enum status read_shared(struct matrix_products *products, struct error *error) {
    char piece[4096];
    enum status status = STATUS_OK;
    for (size_t n; status == STATUS_OK && products->shared.length < FILE_MAX &&
                   (n = fread(piece, 1, sizeof piece, products->file)) > 0;) {
        status = buffer_append(&products->shared, piece, n, error);
    }
    return status;
}

// An empty file gets the line that says of which library and GPU it is.
static enum status open_file(device *dev, const char *path, struct error *error) {
    struct matrix_products *products = dev->products;
    products->file = fopen(path, "a+e");
    if (!products->file) {
        return error_set(error, STATUS_FAILURE, "DLT_CUDA_ALGORITHMS: cannot open '%s': %s", path,
                         strerror(errno));
    }
    rewind(products->file);
    enum status status = read_shared(products, error);
    if (status == STATUS_OK && products->shared.length == 0) {
        const char *identity = matrix_choices(dev);
        fputs(identity, products->file);
        status = buffer_append(&products->shared, identity, strlen(identity), error);
    }
    if (status == STATUS_OK && !has_identity(dev, text_of(dev, &products->shared))) {
        status = error_set(error, STATUS_FAILURE,
                           "DLT_CUDA_ALGORITHMS: '%s' is of another GPU or cublasLt: name another "
                           "file",
                           path);
    }
    return status;
}

enum status algorithms_open(device *dev, struct error *error) {
    const char *path = getenv("DLT_CUDA_ALGORITHMS");
    enum status status = append_identity(&dev->products->choices, error);
    return status == STATUS_OK && path && *path ? open_file(dev, path, error) : status;
}

void algorithms_close(struct matrix_products *products) {
    buffer_free(&products->choices);
    buffer_free(&products->restored);
    buffer_free(&products->shared);
    if (products->file) {
        fclose(products->file);
    }
}
