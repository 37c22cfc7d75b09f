// Each operation of each instruction set against float64, and all of them, with any number of
// threads, against each other to the bit.

#include <omp.h>

#include "kernels/cpu/device.h"
#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"
#include "tests/unit/cpu/reference.h"

static device *dev;

static void run_with(const struct ops *ops, int threads, struct outputs *outputs) {
    omp_set_num_threads(threads);
    cases_run(ops, dev, outputs, OPS_FP32);
    more_cases_run(ops, dev, outputs, OPS_FP32);
    struct error error;
    CHECK(cpu_check(dev, &error) == STATUS_OK);
}

static void test_against_float64(void) {
    static struct outputs got, want;
    run_with(&reference_ops, 1, &want);
    const struct ops *ops;
    struct error error;
    CHECK(ops_cpu(&ops, &error) == STATUS_OK);
    run_with(ops, 2, &got);
    CHECK_INT(got.count, want.count);
    for (size_t i = 0; i < want.count; i++) {
        double worst = output_error(&got.items[i], &want.items[i], 0);
        printf("# %-60s error / tolerance %.2f\n", want.items[i].name, worst);
        if (!(worst <= 1)) {
            check_report(__FILE__, __LINE__, "%s: %g times the tolerance", want.items[i].name,
                         worst);
        }
    }
    outputs_free(&got);
    outputs_free(&want);
}

static void check_same_bits(const struct outputs *a, const struct outputs *b, const char *isa,
                            int threads) {
    CHECK_INT(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct output *x = &a->items[i], *y = &b->items[i];
        if (x->n != y->n || memcmp(x->data, y->data, x->n * sizeof *x->data) != 0) {
            check_report(__FILE__, __LINE__, "%s: other bits with %s, %d threads", x->name, isa,
                         threads);
        }
    }
}

static void test_same_bits(void) {
    static struct outputs first, next;
    static const int THREADS[] = {1, 2, 3, 7};
    for (size_t i = 0; cpu_isa_names[i]; i++) {
        const struct ops *ops = cpu_ops_named(cpu_isa_names[i]);
        if (!ops) {
            printf("# SKIP %s: not on this machine\n", cpu_isa_names[i]);
            continue;
        }
        bool is_plain =
            strcmp(cpu_isa_names[i], "plain") == 0; // slow: two thread counts are enough
        for (size_t t = 0; t < (is_plain ? 2 : ARRAY_LENGTH(THREADS)); t++) {
            run_with(ops, THREADS[t], first.count == 0 ? &first : &next);
            if (next.count > 0) {
                check_same_bits(&first, &next, cpu_isa_names[i], THREADS[t]);
                outputs_free(&next);
            }
        }
    }
    outputs_free(&first);
}

int main(void) {
    struct error error;
    if (cpu_open(&dev, &error) != STATUS_OK) {
        return 1;
    }
    RUN(test_against_float64);
    RUN(test_same_bits);
    cpu_close(dev);
    return check_finish();
}
