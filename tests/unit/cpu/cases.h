// Every operation on awkward shapes: run with any table of operations, the outputs collected. The
// same cases serve the comparison with float64, the comparison of instruction sets and thread
// counts to the bit, the digest that is compared between compilers and machines, and the CUDA
// kernels (tests/emu, tests/gpu), for which they live in device memory and may be bf16.
#ifndef DLT_TESTS_CPU_CASES_H
#define DLT_TESTS_CPU_CASES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/ops.h"
#include "lib/base/memory.h"

enum { OUTPUTS = 512 };

struct output {
    char name[96];
    float *data; // owned
    size_t n;
    bool act; // of the compute type
    // What rounding may add, in units of 2^-24 of the largest magnitude of the output.
    double tolerance;
};

struct outputs {
    struct output items[OUTPUTS];
    size_t count;
};

__attribute__((unused)) static void outputs_free(struct outputs *outputs) {
    for (size_t i = 0; i < outputs->count; i++) {
        free(outputs->items[i].data);
    }
    outputs->count = 0;
}

struct place {
    void *memory;
    size_t bytes;
};

// One case under way: where its inputs come from and where its outputs go. Memory is the device's
// and lives till the end of the case.
struct run {
    const struct ops *ops;
    device *dev;
    struct outputs *outputs;
    // Whose numbers are drawn as bf16 can hold them: a reference in float needs it.
    enum ops_precision precision;
    struct random_sequence random;
    struct place owned[64];
    size_t owned_count;
    char name[64]; // of the case, shapes included
};

static void *run_host_memory(size_t bytes) {
    void *memory;
    struct error error;
    if (memory_allocate(&memory, bytes, 1, "a test", &error) != STATUS_OK) {
        abort();
    }
    return memory;
}

static void *run_memory(struct run *run, size_t bytes) {
    void *memory;
    struct error error;
    if (run->owned_count == ARRAY_LENGTH(run->owned) ||
        run->ops->allocate(run->dev, &memory, bytes, "a test", &error) != STATUS_OK) {
        abort();
    }
    run->owned[run->owned_count++] = (struct place){memory, bytes};
    return memory;
}

// What is at `host`, owned by the caller's malloc, taken to the device.
static void *run_upload(struct run *run, void *host, size_t bytes) {
    void *memory = run_memory(run, bytes);
    run->ops->upload(run->dev, memory, host, bytes);
    free(host);
    return memory;
}

// n numbers, uniform in +-scale.
static float *run_draw(struct run *run, size_t n, double scale) {
    float *x = run_host_memory(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)(scale * (2 * random_uniform(&run->random) - 1));
    }
    return x;
}

static float *run_random(struct run *run, size_t n, double scale) {
    return run_upload(run, run_draw(run, n, scale), n * sizeof(float));
}

// bf16 is the upper half of a float; to the nearest, even of equals. Not for NaNs.
static uint16_t bf16_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float bf16_float(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// The same numbers in the device's compute type.
static act *run_act(struct run *run, size_t n, double scale) {
    float *x = run_draw(run, n, scale);
    for (size_t i = 0; i < n && run->precision != OPS_FP32; i++) {
        x[i] = bf16_float(bf16_bits(x[i]));
    }
    if (run->ops->act_bytes == sizeof(float)) {
        return run_upload(run, x, n * sizeof(float));
    }
    uint16_t *halves = run_host_memory(n * sizeof *halves);
    for (size_t i = 0; i < n; i++) {
        halves[i] = bf16_bits(x[i]);
    }
    free(x);
    return run_upload(run, halves, n * sizeof *halves);
}

// What is at `host`, owned by the caller's malloc, as numbers of the state type. It is taken from an odd
// address, as a file's may be.
static void *run_state(struct run *run, float *host, size_t n) {
    void *memory = run_memory(run, n * run->ops->state_bytes);
    for (size_t i = 0; i < n && run->precision == OPS_BF16_PURE; i++) {
        host[i] = bf16_float(bf16_bits(host[i]));
    }
    char *odd = run_host_memory(n * sizeof(float) + 1);
    memcpy(odd + 1, host, n * sizeof(float));
    run->ops->upload_state(run->dev, memory, odd + 1, n);
    free(odd);
    free(host);
    return memory;
}

static int32_t *run_draw_ids(struct run *run, size_t n, size_t below) {
    int32_t *ids = run_host_memory(n * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        ids[i] = (int32_t)random_below(&run->random, below);
    }
    return ids;
}

static int32_t *run_ids(struct run *run, size_t n, size_t below) {
    return run_upload(run, run_draw_ids(run, n, below), n * sizeof(int32_t));
}

static struct output *run_add_output(struct run *run, const char *what, size_t n,
                                     double tolerance) {
    if (run->outputs->count == OUTPUTS) {
        abort();
    }
    struct output *to = &run->outputs->items[run->outputs->count++];
    snprintf(to->name, sizeof to->name, "%s %s", run->name, what);
    to->data = malloc(n * sizeof(float) + 1);
    to->n = n;
    to->tolerance = tolerance;
    to->act = false;
    return to;
}

static void run_output(struct run *run, const char *what, const float *data, size_t n,
                       double tolerance) {
    struct output *to = run_add_output(run, what, n, tolerance);
    run->ops->download(run->dev, to->data, data, n * sizeof(float));
}

static void run_output_act(struct run *run, const char *what, const act *data, size_t n,
                           double tolerance) {
    struct output *to = run_add_output(run, what, n, tolerance);
    to->act = true;
    run->ops->download(run->dev, to->data, data, n * run->ops->act_bytes);
    const uint16_t *halves = (const uint16_t *)to->data;
    for (size_t i = n; i > 0 && run->ops->act_bytes < sizeof(float); i--) {
        to->data[i - 1] = bf16_float(halves[i - 1]); // from the end: each float covers its half
    }
}

static void run_output_state(struct run *run, const char *what, const void *data, size_t n,
                             double tolerance) {
    struct output *to = run_add_output(run, what, n, tolerance);
    to->act = run->precision == OPS_BF16_PURE;
    run->ops->download_state(run->dev, to->data, data, n);
}

static void run_output_ids(struct run *run, const char *what, const int32_t *data, size_t n) {
    struct output *to = run_add_output(run, what, n, 0);
    int32_t *ids = run_host_memory(n * sizeof *ids);
    run->ops->download(run->dev, ids, data, n * sizeof *ids);
    for (size_t i = 0; i < n; i++) {
        to->data[i] = (float)ids[i];
    }
    free(ids);
}

static void run_end(struct run *run) {
    while (run->owned_count > 0) {
        struct place *place = &run->owned[--run->owned_count];
        run->ops->release(run->dev, place->memory, place->bytes);
    }
}

static struct dropout case_dropout(double p) {
    return (struct dropout){.p = p,
                            .place = {.seed = 0x123456789abcdef0,
                                      .step = 0x1ffffffff,
                                      .stream = RANDOM_DROPOUT,
                                      .site = 3,
                                      .layer = 11}};
}

static void case_linear(struct run *run, size_t N, size_t I, size_t O, bool bias) {
    snprintf(run->name, sizeof run->name, "linear N=%zu I=%zu O=%zu%s", N, I, O,
             bias ? " bias" : "");
    const struct ops *ops = run->ops;
    act *x = run_act(run, N * I, 1), *weight = run_act(run, O * I, 1);
    act *b = bias ? run_act(run, O, 1) : NULL, *out = run_act(run, N * O, 1);
    ops->linear_forward(run->dev, out, x, weight, b, N, I, O);
    run_output_act(run, "forward", out, N * O, 4 + sqrt((double)I));

    act *dout = run_act(run, N * O, 1), *dx = run_act(run, N * I, 1);
    ops->linear_backward_input(run->dev, dx, dout, weight, N, I, O, bias);
    run_output_act(run, "input gradient", dx, N * I, 4 + sqrt((double)O));

    float *dw = run_random(run, O * I, 1), *db = bias ? run_random(run, O, 1) : NULL;
    ops->linear_backward_weight(run->dev, dw, db, dout, x, N, I, O, true);
    run_output(run, "weight gradient", dw, O * I, 4 + sqrt((double)N));
    if (bias) {
        run_output(run, "bias gradient", db, O, 4 + sqrt((double)N));
    }
}

static void case_embedding(struct run *run, size_t N, size_t T, size_t C, size_t V, double p,
                           bool positions) {
    snprintf(run->name, sizeof run->name, "embedding N=%zu T=%zu C=%zu V=%zu p=%g%s", N, T, C, V, p,
             positions ? "" : " tokens alone");
    struct dropout dropout = case_dropout(p);
    int32_t *tokens = run_ids(run, N, V);
    act *token = run_act(run, V * C, 1), *position = positions ? run_act(run, T * C, 1) : NULL;
    act *out = run_act(run, N * C, 1), *dout = run_act(run, N * C, 1);
    run->ops->embedding_forward(run->dev, out, tokens, token, position, N, T, C, &dropout);
    run_output_act(run, "forward", out, N * C, 2);
    float *token_gradient = run_random(run, V * C, 1);
    float *position_gradient = positions ? run_random(run, T * C, 1) : NULL;
    run->ops->embedding_backward(run->dev, token_gradient, position_gradient, dout, tokens, N, T, C,
                                 V, &dropout);
    run_output(run, "token gradient", token_gradient, V * C, 8);
    if (positions) {
        run_output(run, "position gradient", position_gradient, T * C, 8);
    }
}

static void case_layernorm(struct run *run, size_t N, size_t C, bool accumulate) {
    snprintf(run->name, sizeof run->name, "layernorm N=%zu C=%zu%s", N, C,
             accumulate ? " accumulate" : "");
    act *x = run_act(run, N * C, 3), *gain = run_act(run, C, 2), *bias = run_act(run, C, 1);
    act *y = run_act(run, N * C, 1);
    float *mean = run_random(run, N, 1), *rstd = run_random(run, N, 1);
    run->ops->layernorm_forward(run->dev, y, mean, rstd, x, gain, bias, N, C, 1e-5f);
    run_output_act(run, "y", y, N * C, 16);
    run_output(run, "mean", mean, N, 16);
    run_output(run, "rstd", rstd, N, 16);
    act *dy = run_act(run, N * C, 1), *dx = run_act(run, N * C, 1);
    float *dgain = accumulate ? run_random(run, C, 1) : NULL;
    float *dbias = accumulate ? run_random(run, C, 1) : NULL;
    run->ops->layernorm_backward(run->dev, dx, dgain, dbias, dy, x, mean, rstd, gain, N, C,
                                 accumulate, true);
    run_output_act(run, "x gradient", dx, N * C, 32);
    if (accumulate) {
        run_output(run, "gain gradient", dgain, C, 16 + sqrt((double)N));
        run_output(run, "bias gradient", dbias, C, 16 + sqrt((double)N));
    }
}

// Gradients of weights that are stored, whatever was there before.
static void case_first_use(struct run *run, size_t N, size_t I, size_t O) {
    snprintf(run->name, sizeof run->name, "first use N=%zu I=%zu O=%zu", N, I, O);
    const struct ops *ops = run->ops;
    act *x = run_act(run, N * I, 1), *dout = run_act(run, N * O, 1), *gain = run_act(run, I, 2);
    float *dw = run_random(run, O * I, 1e30), *db = run_random(run, O, 1e30);
    ops->linear_backward_weight(run->dev, dw, db, dout, x, N, I, O, false);
    run_output(run, "weight gradient", dw, O * I, 4 + sqrt((double)N));
    run_output(run, "bias gradient", db, O, 4 + sqrt((double)N));

    act *dy = run_act(run, N * I, 1), *dx = run_act(run, N * I, 1);
    float *mean = run_random(run, N, 1), *rstd = run_random(run, N, 1);
    float *dgain = run_random(run, I, 1e30), *dbias = run_random(run, I, 1e30);
    ops->layernorm_backward(run->dev, dx, dgain, dbias, dy, x, mean, rstd, gain, N, I, true, false);
    run_output_act(run, "x gradient", dx, N * I, 32);
    run_output(run, "gain gradient", dgain, I, 16 + sqrt((double)N));
    run_output(run, "norm's bias gradient", dbias, I, 16 + sqrt((double)N));
}

enum residual_place { APART, SUM_IN_PLACE, Y_IN_PLACE };

static void case_residual(struct run *run, size_t N, size_t C, double p,
                          enum residual_place place) {
    static const char *const PLACES[] = {"", " in place", " y in place"};
    snprintf(run->name, sizeof run->name, "residual N=%zu C=%zu p=%g%s", N, C, p, PLACES[place]);
    struct dropout dropout = case_dropout(p);
    act *residual = run_act(run, N * C, 2), *x = run_act(run, N * C, 1);
    act *gain = run_act(run, C, 2), *bias = run_act(run, C, 1), *y = run_act(run, N * C, 1);
    act *sum = place == SUM_IN_PLACE ? residual : run_act(run, N * C, 1);
    y = place == Y_IN_PLACE ? residual : y;
    float *mean = run_random(run, N, 1), *rstd = run_random(run, N, 1);
    run->ops->residual_layernorm_forward(run->dev, sum, y, mean, rstd, residual, x, &dropout, gain,
                                         bias, N, C, 1e-5f);
    run_output_act(run, "sum", sum, N * C, 4);
    run_output_act(run, "y", y, N * C, 16);
    act *dx = run_act(run, N * C, 1);
    run->ops->dropout_backward(run->dev, dx, x, N * C, &dropout, NULL);
    run_output_act(run, "dropout backward", dx, N * C, 2);
}

static void case_attention(struct run *run, size_t B, size_t T, size_t H, size_t D, bool causal,
                           double p) {
    snprintf(run->name, sizeof run->name, "attention B=%zu T=%zu H=%zu D=%zu%s p=%g", B, T, H, D,
             causal ? " causal" : "", p);
    struct dropout dropout = case_dropout(p);
    size_t n = B * T * H * D;
    act *qkv = run_act(run, 3 * n, 2), *out = run_act(run, n, 1), *dout = run_act(run, n, 1);
    float *log_sum = run_random(run, B * H * T, 1);
    run->ops->attention_forward(run->dev, out, log_sum, qkv, B, T, H, D, causal, &dropout);
    double tolerance = 32 + sqrt((double)(T + D));
    run_output_act(run, "out", out, n, tolerance);
    run_output(run, "log_sum", log_sum, B * H * T, tolerance);
    act *dqkv = run_act(run, 3 * n, 1);
    run->ops->attention_backward(run->dev, dqkv, dout, out, qkv, log_sum, B, T, H, D, causal,
                                 &dropout);
    run_output_act(run, "qkv gradient", dqkv, 3 * n, 2 * tolerance);
}

static void case_gelu(struct run *run, size_t n, double scale) {
    snprintf(run->name, sizeof run->name, "gelu n=%zu scale=%g", n, scale);
    act *x = run_act(run, n, scale), *y = run_act(run, n, 1), *dy = run_act(run, n, 1);
    run->ops->gelu_forward(run->dev, y, x, n);
    run_output_act(run, "forward", y, n, 2);
    act *dx = run_act(run, n, 1);
    run->ops->gelu_backward(run->dev, dx, dy, x, n, NULL);
    run_output_act(run, "backward", dx, n, 8);
}

// Sums of columns beside dropout and GELU: to the bit those that linear_backward_weight() makes of what
// was written.
static void case_sums(struct run *run, size_t N, size_t C, double p, bool accumulate) {
    snprintf(run->name, sizeof run->name, "sums N=%zu C=%zu p=%g%s", N, C, p,
             accumulate ? " added" : "");
    struct dropout dropout = case_dropout(p);
    act *x = run_act(run, N * C, 1), *ones = run_act(run, N, 1);
    float *weight = run_random(run, C, 1);
    for (int gelu = 0; gelu < 2; gelu++) {
        act *dy = run_act(run, N * C, 1);
        float *start = run_draw(run, C, 1), *again = run_host_memory(C * sizeof *again);
        float *sums = run_memory(run, C * sizeof *sums);
        run->ops->upload(run->dev, sums, start, C * sizeof *sums);
        const struct column_sums wanted = {sums, C, accumulate};
        if (gelu) {
            run->ops->gelu_backward(run->dev, dy, dy, x, N * C, &wanted);
        } else {
            run->ops->dropout_backward(run->dev, dy, dy, N * C, &dropout, &wanted);
        }
        run_output_act(run, gelu ? "gelu" : "dropout", dy, N * C, 16);
        run_output(run, gelu ? "sums of gelu" : "sums of dropout", sums, C, 4 * (double)N);
        run->outputs->items[run->outputs->count - 1].act = true; // of rounded elements
        run->ops->download(run->dev, again, sums, C * sizeof *sums);
        run->ops->upload(run->dev, sums, start, C * sizeof *sums);
        run->ops->linear_backward_weight(run->dev, weight, sums, dy, ones, N, 1, C, accumulate);
        run->ops->download(run->dev, start, sums, C * sizeof *sums);
        struct output *differ = run_add_output(run, "sums differ", 1, 0);
        differ->data[0] = memcmp(start, again, C * sizeof *sums) != 0;
        free(start);
        free(again);
    }
}

static void case_permute(struct run *run, size_t N, size_t groups, size_t size) {
    snprintf(run->name, sizeof run->name, "permute N=%zu groups=%zu size=%zu", N, groups, size);
    int32_t *source = run_host_memory(groups * sizeof *source); // stays on the host
    for (size_t i = 0; i < groups; i++) {
        source[i] = (int32_t)i;
    }
    random_shuffle_u32(&run->random, (uint32_t *)source, groups);
    act *in = run_act(run, N * groups * size, 1), *out = run_act(run, N * groups * size, 1);
    run->ops->permute_columns(run->dev, out, in, N, groups, size, source);
    free(source);
    run_output_act(run, "out", out, N * groups * size, 0);
}

static void case_cross_entropy(struct run *run, size_t N, size_t V, size_t stride, float scale) {
    snprintf(run->name, sizeof run->name, "cross_entropy N=%zu V=%zu stride=%zu scale=%g", N, V,
             stride, (double)scale);
    act *logits = run_act(run, N * stride, 8);
    int32_t *host_targets = run_draw_ids(run, N, V), *correct = run_ids(run, N, 2);
    float *losses = run_random(run, N, 1);
    host_targets[N / 2] = -1;
    int32_t *targets = run_upload(run, host_targets, N * sizeof *targets);
    run->ops->cross_entropy(run->dev, losses, correct, logits, targets, N, V, stride, scale);
    run_output(run, "losses", losses, N, 8);
    run_output_ids(run, "correct", correct, N);
    run_output_act(run, "logits", logits, N * stride, 32);
}

static void case_adamw(struct run *run, size_t n, int64_t step, double beta1) {
    snprintf(run->name, sizeof run->name, "adamw n=%zu step=%lld beta1=%g", n, (long long)step,
             beta1);
    struct adamw_span spans[3];
    struct gradient_span gradients[3];
    bool one_array = run->ops->act_bytes == run->ops->state_bytes;
    for (size_t s = 0; s < 3; s++) {
        size_t size = n >> s;
        void *master = run_state(run, run_draw(run, size, 0.1), size);
        float *gradient = run_random(run, size, 1);
        float *squares = run_draw(run, size, 1);
        for (size_t i = 0; i < size; i++) {
            squares[i] *= squares[i];
        }
        spans[s] = (struct adamw_span){
            .master = master,
            .weight = one_array ? master : run_memory(run, size * run->ops->act_bytes),
            .gradient = gradient,
            .moment1 = run_state(run, run_draw(run, size, 1), size),
            .moment2 = run_state(run, squares, size),
            .n = size,
            .step = step + (int64_t)s};
        gradients[s] = (struct gradient_span){gradient, size};
    }
    struct adamw_options options = {.lr = 1e-3,
                                    .beta1 = beta1,
                                    .beta2 = 0.999,
                                    .eps = 1e-8,
                                    .weight_decay = 0.01,
                                    .clip_factor = 0.7f};
    run->ops->adamw(run->dev, spans, 3, &options);
    double norm = run->ops->gradient_norm(run->dev, gradients, 3);
    run_add_output(run, "norm", 1, 1)->data[0] = (float)norm;
    for (size_t s = 0; s < 3; s++) {
        run_output_state(run, "weight", spans[s].master, spans[s].n, 4);
        run_output_state(run, "moment1", spans[s].moment1, spans[s].n, 4);
        run_output_state(run, "moment2", spans[s].moment2, spans[s].n, 4);
        if (run->precision == OPS_BF16) { // else it is one array with the master weights
            run_output_act(run, "compute weight", spans[s].weight, spans[s].n, 4);
        }
    }
}

// Each case is its own function of a started run, in this order.
#define CASES(CASE)                                                                                \
    CASE(linear, 1, 1, 1, true)                                                                    \
    CASE(linear, 7, 5, 3, true)                                                                    \
    CASE(linear, 33, 257, 65, false)                                                               \
    CASE(linear, 129, 64, 192, true)                                                               \
    CASE(linear, 515, 100, 41, true)                                                               \
    CASE(linear, 40, 600, 530, true)                                                               \
    CASE(embedding, 21, 7, 20, 11, 0.2, true)                                                      \
    CASE(embedding, 256, 64, 100, 50, 0.1, true)                                                   \
    CASE(embedding, 64, 32, 600, 9, 0, true)                                                       \
    CASE(layernorm, 3, 5, false)                                                                   \
    CASE(layernorm, 131, 100, true)                                                                \
    CASE(layernorm, 200, 128, true)                                                                \
    CASE(residual, 5, 7, 0.5, APART)                                                               \
    CASE(residual, 133, 100, 0.2, SUM_IN_PLACE)                                                    \
    CASE(residual, 20, 1100, 0.1, APART)                                                           \
    CASE(residual, 40, 64, 0, SUM_IN_PLACE)                                                        \
    CASE(attention, 1, 1, 1, 4, true, 0)                                                           \
    CASE(attention, 2, 7, 3, 4, true, 0.3)                                                         \
    CASE(attention, 2, 37, 2, 20, true, 0.2)                                                       \
    CASE(attention, 1, 128, 2, 32, true, 0.2)                                                      \
    CASE(attention, 1, 100, 2, 16, false, 0.1)                                                     \
    CASE(attention, 1, 33, 1, 100, true, 0)                                                        \
    CASE(attention, 1, 301, 1, 64, true, 0.2)                                                      \
    CASE(attention, 1, 290, 1, 8, false, 0)                                                        \
    CASE(gelu, 3, 1)                                                                               \
    CASE(gelu, 20001, 6)                                                                           \
    CASE(gelu, 1000, 40)                                                                           \
    CASE(permute, 9, 4, 20)                                                                        \
    CASE(permute, 40, 601, 1)                                                                      \
    CASE(cross_entropy, 3, 5, 16, 0.25f)                                                           \
    CASE(cross_entropy, 37, 1001, 1008, 1.0f / 37)                                                 \
    CASE(cross_entropy, 9, 64, 64, 0)                                                              \
    CASE(adamw, 7, 1, 0.9)                                                                         \
    CASE(adamw, 40000, 1000, 0.9)                                                                  \
    CASE(adamw, 9001, 3, 0)                                                                        \
    CASE(embedding, 120, 30, 70, 2, 0.1, false)                                                    \
    CASE(residual, 130, 72, 0.2, Y_IN_PLACE)

// These came later and are not in the digest, whose number they would change.
#define MORE_CASES(CASE)                                                                           \
    CASE(first_use, 7, 5, 3)                                                                       \
    CASE(first_use, 515, 100, 41)                                                                  \
    CASE(sums, 3, 5, 0.2, false)                                                                   \
    CASE(sums, 300, 200, 0.1, true)                                                                \
    CASE(sums, 261, 100, 0, false)

// Runs a case with inputs from seed `number`, which then counts on.
#define RUN_CASE(what, ...)                                                                        \
    {                                                                                              \
        struct run run = {.ops = ops, .dev = dev, .outputs = outputs, .precision = precision};     \
        random_sequence_start(&run.random, (struct random_place){.seed = number++});               \
        case_##what(&run, __VA_ARGS__);                                                            \
        run_end(&run);                                                                             \
    }

__attribute__((unused)) static void cases_run(const struct ops *ops, device *dev,
                                              struct outputs *outputs,
                                              enum ops_precision precision) {
    uint64_t number = 0;
    CASES(RUN_CASE)
}

__attribute__((unused)) static void more_cases_run(const struct ops *ops, device *dev,
                                                   struct outputs *outputs,
                                                   enum ops_precision precision) {
    uint64_t number = 500;
    MORE_CASES(RUN_CASE)
}

// Largest error of one output, in units of its tolerance and `added` units more for what is of the
// compute type.
__attribute__((unused)) static double output_error(const struct output *got,
                                                   const struct output *want, double added) {
    double largest = 0, worst = 0, tolerance = want->tolerance + (want->act ? added : 0);
    for (size_t i = 0; i < want->n; i++) {
        largest = fmax(largest, fabs((double)want->data[i]));
    }
    for (size_t i = 0; i < want->n; i++) {
        double difference = fabs((double)got->data[i] - (double)want->data[i]);
        double units = difference == 0 ? 0 : difference / (largest * 0x1p-24 * tolerance);
        worst = units > worst || units != units ? units : worst;
    }
    return worst;
}

#endif
