// What the comparison with float64 does not show: the dropout numbers one by one and on the
// average, infinities, ties, counted memory, the choice of instruction set.

#define _GNU_SOURCE
#include "kernels/cpu/device.h"
#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"
#include "tests/unit/cpu/large.h"

static const struct ops *ops;
static device *dev;

// Each factor from its own scalar Philox block, as kernels/ops.h defines it.
static void test_dropout_numbers(void) {
    enum { n = 5003 };
    static float ones[n], factors[n];
    struct dropout dropout = case_dropout(0.2);
    for (size_t i = 0; i < n; i++) {
        ones[i] = 1;
    }
    ops->dropout_backward(dev, (act *)factors, (act *)ones, n, &dropout, NULL);
    float scale = (float)(65536.0 / (65536 - 13107));
    size_t wrong = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t words[4];
        random_block(&dropout.place, i / 8, words);
        uint32_t half = words[i % 8 / 2] >> (i % 2 ? 16 : 0) & 0xffff;
        wrong += factors[i] != (half < 13107 ? 0 : scale);
    }
    CHECK_INT(wrong, 0);
}

static void check_dropout_rate(double p) {
    enum { n = 1 << 20 };
    static float x[n];
    struct dropout dropout = case_dropout(p);
    for (size_t i = 0; i < n; i++) {
        x[i] = 1;
    }
    ops->dropout_backward(dev, (act *)x, (act *)x, n, &dropout, NULL);
    double dropped = 0, sum = 0, pairs = 0;
    for (size_t i = 0; i < n; i++) {
        dropped += x[i] == 0;
        sum += (double)x[i];
        pairs += i > 0 && x[i] == 0 && x[i - 1] == 0;
    }
    double deviation = sqrt(p * (1 - p) / n);
    CHECK_CLOSE(dropped / n, p, 4 * deviation + 1.0 / 131072);
    CHECK_CLOSE(sum / n, 1, 5 * sqrt(p / (1 - p) / n) + 1e-9);
    CHECK_CLOSE(pairs / n, p * p, 8 * deviation + 1.0 / 65536);
}

static void test_dropout_rates(void) {
    check_dropout_rate(0);
    check_dropout_rate(0.1);
    check_dropout_rate(0.5);
    check_dropout_rate(0.9);
}

static void test_gelu_extremes(void) {
    float x[] = {INFINITY, -INFINITY, NAN, 3e38f, -3e38f, 0, -100, 100}, y[8], dx[8];
    float ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    ops->gelu_forward(dev, (act *)y, (act *)x, 8);
    ops->gelu_backward(dev, (act *)dx, (act *)ones, (act *)x, 8, NULL);
    CHECK(isinf(y[0]) && y[0] > 0 && y[1] == 0 && isnan(y[2]));
    CHECK(y[3] == 3e38f && y[4] == 0 && y[5] == 0 && y[6] == 0 && y[7] == 100);
    CHECK(dx[0] == 1 && dx[1] == 0 && isnan(dx[2]) && dx[3] == 1 && dx[4] == 0);
    CHECK_CLOSE(dx[5], 0.5, 1e-7);
}

static void test_cross_entropy_extremes(void) {
    float logits[4][16] = {{5, 7, 7}, {1000, -1000, 0}, {1, 2, 3}, {NAN, 0, 0}}, losses[4];
    int32_t targets[] = {1, 1, -1, 1}, correct[4];
    ops->cross_entropy(dev, losses, correct, (act *)logits, targets, 4, 3, 16, 1);
    CHECK_INT(correct[0], 1); // the lower index of two equal logits
    CHECK_CLOSE(losses[1], 2000, 1e-3);
    CHECK(losses[2] == 0 && correct[2] == 0 && logits[2][0] == 0 && logits[2][2] == 0);
    uint32_t bits;
    memcpy(&bits, &losses[3], sizeof bits);
    CHECK_INT(bits, 0x7fc00000); // the one NaN
    float other[16] = {5, 7, 7};
    int32_t second = 2;
    ops->cross_entropy(dev, losses, correct, (act *)other, &second, 1, 3, 16, 0);
    CHECK_INT(correct[0], 0);
    CHECK(other[0] == 5 && other[1] == 7 && other[2] == 7); // no gradient asked for, none written
}

static void test_causal(void) {
    enum { T = 70, H = 2, D = 12, n = T * H * D };
    static float qkv[3 * n], out[n], changed[n], log_sum[H * T];
    struct dropout dropout = case_dropout(0);
    for (size_t i = 0; i < 3 * n; i++) {
        qkv[i] = (float)((i * 7919) % 1009) / 1009;
    }
    ops->attention_forward(dev, (act *)out, log_sum, (act *)qkv, 1, T, H, D, true, &dropout);
    for (size_t i = 41 * 3 * H * D; i < 3 * n; i++) {
        qkv[i] = -qkv[i]; // rows 41 and on, which rows 0 .. 40 do not see
    }
    ops->attention_forward(dev, (act *)changed, log_sum, (act *)qkv, 1, T, H, D, true, &dropout);
    CHECK(memcmp(out, changed, 41 * H * D * sizeof *out) == 0);
    CHECK(out[41 * H * D] != changed[41 * H * D]);
}

static void test_memory(void) {
    struct error error;
    void *memory;
    size_t before = ops->bytes_in_use(dev);
    CHECK(ops->allocate(dev, &memory, 1000, "a test", &error) == STATUS_OK);
    CHECK_INT(ops->bytes_in_use(dev), before + 1000);
    CHECK_INT((uintptr_t)memory % 64, 0);
    CHECK(((char *)memory)[999] == 0);
    ops->release(dev, memory, 1000);
    CHECK_INT(ops->bytes_in_use(dev), before);
    CHECK(ops->bytes_peak(dev) >= before + 1000);
    CHECK(ops->allocate(dev, &memory, SIZE_MAX / 2, "a test", &error) == STATUS_FAILURE);
    CHECK_STRING(error.message, "a test");
}

static void test_isa_choice(void) {
    struct error error;
    const struct ops *chosen;
    CHECK(setenv("DLT_CPU_ISA", "plain", 1) == 0);
    CHECK(ops_cpu(&chosen, &error) == STATUS_OK);
    CHECK_STRING(chosen->name, "cpu/plain");
    CHECK(setenv("DLT_CPU_ISA", "mmx", 1) == 0);
    CHECK(ops_cpu(&chosen, &error) == STATUS_USAGE);
    CHECK_STRING(error.message, "mmx");
}

static void test_large_scores(void) {
    check_large_scores(ops, dev, OPS_FP32);
}

int main(void) {
    struct error error;
    if (ops_cpu(&ops, &error) != STATUS_OK || ops->open(&dev, &error) != STATUS_OK) {
        return 1;
    }
    RUN(test_dropout_numbers);
    RUN(test_dropout_rates);
    RUN(test_gelu_extremes);
    RUN(test_cross_entropy_extremes);
    RUN(test_causal);
    RUN(test_large_scores);
    RUN(test_memory);
    ops->close(dev);
    RUN(test_isa_choice);
    return check_finish();
}
