// Attention with scores so large that a unit in their last place is thousands: probabilities are then 0
// and 1, and nothing may become infinite or no number.
#ifndef DLT_TESTS_CPU_LARGE_H
#define DLT_TESTS_CPU_LARGE_H

#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"

// Row t's query and key are (t + 1) 10^6 in every column, so that each row attends to the last that it
// sees, itself; values are their rows' numbers.
static act *large_scores(struct run *run, size_t T, size_t D) {
    float *x = run_host_memory(3 * T * D * sizeof *x);
    for (size_t i = 0; i < 3 * T * D; i++) {
        float row = (float)(i / (3 * D) + 1);
        x[i] = i % (3 * D) < 2 * D ? 0x1p20f * row : row;
    }
    act *qkv = run_act(run, 3 * T * D, 1);
    uint16_t *halves = run_host_memory(3 * T * D * sizeof *halves);
    for (size_t i = 0; i < 3 * T * D; i++) {
        halves[i] = bf16_bits(x[i]);
    }
    bool whole = run->ops->act_bytes == sizeof(float);
    run->ops->upload(run->dev, qkv, whole ? (void *)x : halves, 3 * T * D * run->ops->act_bytes);
    free(x);
    free(halves);
    return qkv;
}

static void check_large_scores(const struct ops *ops, device *dev, enum ops_precision precision) {
    enum { T = 70, D = 20 };
    static struct outputs outputs;
    struct run run = {.ops = ops, .dev = dev, .outputs = &outputs, .precision = precision};
    random_sequence_start(&run.random, (struct random_place){.seed = 1});
    struct dropout nothing = case_dropout(0);
    act *qkv = large_scores(&run, T, D), *out = run_act(&run, T * D, 1);
    act *dout = run_act(&run, T * D, 1), *dqkv = run_act(&run, 3 * T * D, 1);
    float *log_sum = run_random(&run, T, 1);
    ops->attention_forward(dev, out, log_sum, qkv, 1, T, 1, D, true, &nothing);
    ops->attention_backward(dev, dqkv, dout, out, qkv, log_sum, 1, T, 1, D, true, &nothing);
    run_output_act(&run, "out", out, T * D, 1);
    run_output_act(&run, "dout", dout, T * D, 1);
    run_output_act(&run, "dqkv", dqkv, 3 * T * D, 1);
    const float *got = outputs.items[0].data, *wanted = outputs.items[1].data;
    const float *gradient = outputs.items[2].data;
    size_t wrong = 0;
    for (size_t i = 0; i < T * D; i++) {
        size_t place = i / D * 3 * D + i % D;
        wrong += got[i] != (float)(i / D + 1) || gradient[place + 2 * D] != wanted[i];
        wrong += !isfinite(gradient[place]) || !isfinite(gradient[place + D]);
    }
    CHECK_INT(wrong, 0);
    run_end(&run);
    outputs_free(&outputs);
}

#endif
