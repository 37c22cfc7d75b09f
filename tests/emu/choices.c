// The choices of algorithms for matrix products: recorded once a shape, and taken again by a device that
// would choose otherwise.

#define _GNU_SOURCE
#include <stdlib.h>

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
    return check_finish();
}
