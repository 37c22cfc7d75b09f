// The choices of algorithms for matrix products: recorded once a shape, and taken again by a device that
// would choose otherwise.

#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"

extern const struct cuda_module dlt_cuda_module;

static const struct ops *ops;

// DLT_EMU_ALGORITHM=float: the library prefers another algorithm, with other bits.
static device *open_device(const char *algorithm) {
    struct error error;
    device *dev = NULL;
    CHECK(setenv("DLT_EMU_ALGORITHM", algorithm, 1) == 0);
    CHECK(dlt_cuda_module.find(OPS_FP32, &ops, &error) == STATUS_OK);
    CHECK(ops->open(&dev, &error) == STATUS_OK);
    return dev;
}

static void close_device(device *dev) {
    struct error error;
    if (ops->check(dev, &error) != STATUS_OK) {
        check_report(__FILE__, __LINE__, "%s", error.message);
    }
    ops->close(dev);
}

// One linear for each number of rows from `most` down to 1.
static void run_linears(device *dev, size_t most, struct outputs *outputs) {
    for (size_t rows = most; rows > 0; rows--) {
        struct run run = {.ops = ops, .dev = dev, .outputs = outputs, .precision = OPS_FP32};
        random_sequence_start(&run.random, (struct random_place){.seed = rows});
        act *x = run_act(&run, rows * 64, 1), *weight = run_act(&run, 5 * 64, 1);
        act *bias = run_act(&run, 5, 1), *out = run_act(&run, rows * 5, 1);
        ops->linear_forward(dev, out, x, weight, bias, rows, 64, 5);
        run_output_act(&run, "out", out, rows * 5, 4);
        run_end(&run);
    }
}

static size_t different_outputs(const struct outputs *a, const struct outputs *b) {
    size_t count = 0;
    CHECK_INT(a->count, b->count);
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const struct output *x = &a->items[i], *y = &b->items[i];
        count += x->n != y->n || memcmp(x->data, y->data, x->n * sizeof *x->data) != 0;
    }
    return count;
}

static size_t count_lines(const char *text) {
    size_t lines = 0;
    for (; *text; text++) {
        lines += *text == '\n';
    }
    return lines;
}

static void test_taken_again(void) {
    enum { SHAPES = 120 };
    static struct outputs first, others, again;
    device *dev = open_device("double");
    run_linears(dev, SHAPES, &first);
    char *choices = strdup(ops->choices(dev));
    close_device(dev);
    CHECK_INT(count_lines(choices), 1 + SHAPES);

    dev = open_device("float");
    run_linears(dev, SHAPES, &others);
    CHECK(different_outputs(&first, &others) > SHAPES / 2);
    close_device(dev);

    dev = open_device("float");
    CHECK(ops->restore_choices(dev, choices));
    run_linears(dev, SHAPES, &again);
    CHECK_INT(different_outputs(&first, &again), 0);
    CHECK(strcmp(ops->choices(dev), choices) == 0);
    close_device(dev);
    free(choices);
    outputs_free(&first);
    outputs_free(&others);
    outputs_free(&again);
}

// More shapes than plans are kept for: a shape that comes by again keeps its algorithm and its one line.
static void test_many_shapes(void) {
    enum { SHAPES = 300 };
    static struct outputs first, again;
    device *dev = open_device("double");
    run_linears(dev, SHAPES, &first);
    CHECK(setenv("DLT_EMU_ALGORITHM", "float", 1) == 0);
    run_linears(dev, SHAPES, &again);
    CHECK_INT(different_outputs(&first, &again), 0);
    CHECK_INT(count_lines(ops->choices(dev)), 1 + SHAPES);
    close_device(dev);
    outputs_free(&first);
    outputs_free(&again);
}

// One product that adds to what is there, where algorithms are timed first.
static void run_added(device *dev, struct outputs *outputs) {
    struct run run = {.ops = ops, .dev = dev, .outputs = outputs, .precision = OPS_FP32};
    random_sequence_start(&run.random, (struct random_place){.seed = 7});
    act *x = run_act(&run, 300 * 6, 1), *gradient = run_act(&run, 300 * 5, 1);
    float *sums = run_random(&run, 5 * 6, 1);
    ops->linear_backward_weight(dev, sums, NULL, gradient, x, 300, 6, 5, true);
    run_output(&run, "added", sums, 5 * 6, 4);
    run_end(&run);
}

static void run_with_file(const char *algorithm, const char *slow, struct outputs *outputs) {
    CHECK(setenv("DLT_EMU_SLOW", slow, 1) == 0);
    device *dev = open_device(algorithm);
    run_linears(dev, 3, outputs);
    run_added(dev, outputs);
    close_device(dev);
}

// The fastest is taken, whatever the library prefers; and, from the file, also where it is not.
static void test_timed(void) {
    static struct outputs wanted, timed, again;
    char path[] = "/tmp/dlt-algorithms-XXXXXX", text[8192];
    int file = mkstemp(path);
    run_with_file("float", "", &wanted);
    CHECK(file >= 0 && setenv("DLT_CUDA_ALGORITHMS", path, 1) == 0);
    run_with_file("double", "double", &timed);
    CHECK_INT(different_outputs(&wanted, &timed), 0);
    run_with_file("double", "float", &again);
    CHECK_INT(different_outputs(&wanted, &again), 0);
    ssize_t length = read(file, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = '\0';
    CHECK_INT(count_lines(text), 1 + 3 + 1);
    device *dev = open_device("double");
    CHECK_INT(count_lines(ops->choices(dev)), 1); // of those that are used
    close_device(dev);
    CHECK(close(file) == 0 && unlink(path) == 0);
    CHECK(unsetenv("DLT_CUDA_ALGORITHMS") == 0 && unsetenv("DLT_EMU_SLOW") == 0);
    outputs_free(&wanted);
    outputs_free(&timed);
    outputs_free(&again);
}

// Files that are not of this GPU, cannot be opened, have no end or no room.
static void test_other_files(void) {
    static const char *const PATHS[] = {"/nowhere/file", "/dev/zero"};
    struct rlimit limit;
    char path[] = "/tmp/dlt-algorithms-XXXXXX";
    int file = mkstemp(path);
    struct error error;
    device *dev = NULL;
    CHECK(write(file, "cublasLt 0 on another GPU\n", 26) == 26 && close(file) == 0);
    CHECK(setenv("DLT_CUDA_ALGORITHMS", path, 1) == 0);
    CHECK(ops->open(&dev, &error) == STATUS_FAILURE);
    CHECK_STRING(error.message, "is of another GPU or cublasLt");
    CHECK(unlink(path) == 0 && setenv("DLT_CUDA_ALGORITHMS", PATHS[0], 1) == 0);
    CHECK(ops->open(&dev, &error) == STATUS_FAILURE);
    CHECK_STRING(error.message, "cannot open '/nowhere/file'");
    CHECK(setenv("DLT_CUDA_ALGORITHMS", PATHS[1], 1) == 0);
    CHECK(ops->open(&dev, &error) == STATUS_FAILURE);
    CHECK(setenv("DLT_CUDA_ALGORITHMS", path, 1) == 0);
    static struct outputs outputs;
    CHECK(getrlimit(RLIMIT_FSIZE, &limit) == 0 && signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    dev = open_device("double");
    CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, limit.rlim_max}) == 0);
    run_linears(dev, 1, &outputs);
    CHECK(ops->check(dev, &error) == STATUS_FAILURE);
    CHECK_STRING(error.message, "cannot write");
    ops->close(dev);
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0 && unlink(path) == 0);
    CHECK(unsetenv("DLT_CUDA_ALGORITHMS") == 0);
    outputs_free(&outputs);
}

static void test_of_another_gpu(void) {
    device *dev = open_device("double");
    CHECK(!ops->restore_choices(dev, "cublasLt 0 on another GPU\n"));
    CHECK(ops->restore_choices(dev, "cublasLt 0 on emulated GPU\n"));
    close_device(dev);
}

int main(void) {
    RUN(test_taken_again);
    RUN(test_many_shapes);
    RUN(test_of_another_gpu);
    RUN(test_timed);
    RUN(test_other_files);
    return check_finish();
}
