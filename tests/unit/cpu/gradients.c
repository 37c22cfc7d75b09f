// The backward operations against central differences of the forward ones, both in the float64
// reference: what the kernels are held against must itself be right.

#include "tests/unit/check.h"
#include "tests/unit/cpu/cases.h"
#include "tests/unit/cpu/reference.h"

#define NOTHING_DROPPED                                                                            \
    { .p = 0 }
static const double STEP = 0x1p-6, TOLERANCE = 2e-3;

static struct run run_start(uint64_t seed) {
    static struct outputs outputs;
    struct run run = {.ops = &reference_ops, .outputs = &outputs};
    random_sequence_start(&run.random, (struct random_place){.seed = seed});
    return run;
}

static double dot(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
    }
    return sum;
}

// A forward pass: everything it reads and writes is in its context.
struct problem {
    void (*forward)(struct problem *problem);
    size_t N, I, O; // shapes, as each forward reads them
    float *x, *weight, *bias, *out;
    float *statistics; // mean and rstd, or log_sum
    const int32_t *ids;
    struct dropout dropout;
};

// d <w, out> / d input along a random direction, measured, against <gradient, direction>.
static void check_gradient(struct run *run, struct problem *problem, float *input, size_t n,
                           const float *w, size_t outputs, const float *gradient) {
    float *direction = run_random(run, n, 1), *saved = run_random(run, n, 1);
    double sums[2];
    memcpy(saved, input, n * sizeof *input);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++) {
            input[i] = (float)((double)saved[i] + (side ? STEP : -STEP) * (double)direction[i]);
        }
        problem->forward(problem);
        sums[side] = dot(w, problem->out, outputs);
    }
    memcpy(input, saved, n * sizeof *input);
    double measured = (sums[1] - sums[0]) / (2 * STEP), told = dot(gradient, direction, n);
    double scale = sqrt(dot(gradient, gradient, n));
    CHECK_CLOSE(told, measured, TOLERANCE * (scale + 0.1));
}

static void linear(struct problem *p) {
    reference_linear_forward(NULL, (act *)p->out, (act *)p->x, (act *)p->weight, (act *)p->bias,
                             p->N, p->I, p->O);
}

static void test_linear(void) {
    struct run run = run_start(1);
    size_t N = 5, I = 7, O = 6;
    struct problem p = {linear,
                        N,
                        I,
                        O,
                        run_random(&run, N * I, 1),
                        run_random(&run, O * I, 1),
                        run_random(&run, O, 1),
                        run_random(&run, N * O, 1),
                        NULL,
                        NULL,
                        NOTHING_DROPPED};
    float *w = run_random(&run, N * O, 1), *dx = run_random(&run, N * I, 1);
    float *dweight = run_memory(&run, O * I * sizeof *dweight);
    float *dbias = run_memory(&run, O * sizeof *dbias);
    reference_linear_backward_input(NULL, (act *)dx, (act *)w, (act *)p.weight, N, I, O, false);
    reference_linear_backward_weight(NULL, dweight, dbias, (act *)w, (act *)p.x, N, I, O, false);
    check_gradient(&run, &p, p.x, N * I, w, N * O, dx);
    check_gradient(&run, &p, p.weight, O * I, w, N * O, dweight);
    check_gradient(&run, &p, p.bias, O, w, N * O, dbias);
    run_end(&run);
}

static void layernorm(struct problem *p) {
    reference_layernorm_forward(NULL, (act *)p->out, p->statistics, p->statistics + p->N,
                                (act *)p->x, (act *)p->weight, (act *)p->bias, p->N, p->I, 1e-5f);
}

static void test_layernorm(void) {
    struct run run = run_start(2);
    size_t N = 4, C = 10;
    struct problem p = {layernorm,
                        N,
                        C,
                        0,
                        run_random(&run, N * C, 3),
                        run_random(&run, C, 1),
                        run_random(&run, C, 1),
                        run_random(&run, N * C, 1),
                        run_random(&run, 2 * N, 1),
                        NULL,
                        NOTHING_DROPPED};
    float *w = run_random(&run, N * C, 1), *dx = run_random(&run, N * C, 1);
    float *dgain = run_memory(&run, C * sizeof *dgain),
          *dbias = run_memory(&run, C * sizeof *dbias);
    layernorm(&p);
    reference_layernorm_backward(NULL, (act *)dx, dgain, dbias, (act *)w, (act *)p.x, p.statistics,
                                 p.statistics + N, (act *)p.weight, N, C, false, false);
    check_gradient(&run, &p, p.x, N * C, w, N * C, dx);
    check_gradient(&run, &p, p.weight, C, w, N * C, dgain);
    check_gradient(&run, &p, p.bias, C, w, N * C, dbias);
    run_end(&run);
}

static void gelu(struct problem *p) {
    reference_gelu_forward(NULL, (act *)p->out, (act *)p->x, p->N);
}

static void test_gelu(void) {
    struct run run = run_start(3);
    size_t n = 50;
    struct problem p = {gelu,
                        n,
                        0,
                        0,
                        run_random(&run, n, 3),
                        NULL,
                        NULL,
                        run_random(&run, n, 1),
                        NULL,
                        NULL,
                        NOTHING_DROPPED};
    float *w = run_random(&run, n, 1), *dx = run_random(&run, n, 1);
    reference_gelu_backward(NULL, (act *)dx, (act *)w, (act *)p.x, n, NULL);
    check_gradient(&run, &p, p.x, n, w, n, dx);
    run_end(&run);
}

enum { B = 2, T = 5, H = 2, D = 4 };

static void attention(struct problem *p) {
    reference_attention_forward(NULL, (act *)p->out, p->statistics, (act *)p->x, B, T, H, D,
                                p->N != 0, &p->dropout);
}

static void check_attention(bool causal, double dropout) {
    struct run run = run_start(4);
    size_t n = B * T * H * D;
    struct problem p = {attention,
                        causal,
                        0,
                        0,
                        run_random(&run, 3 * n, 1),
                        NULL,
                        NULL,
                        run_random(&run, n, 1),
                        run_random(&run, B * H * T, 1),
                        NULL,
                        case_dropout(dropout)};
    float *w = run_random(&run, n, 1), *dx = run_random(&run, 3 * n, 1);
    attention(&p);
    reference_attention_backward(NULL, (act *)dx, (act *)w, (act *)p.out, (act *)p.x, p.statistics,
                                 B, T, H, D, causal, &p.dropout);
    check_gradient(&run, &p, p.x, 3 * n, w, n, dx);
    run_end(&run);
}

static void test_attention(void) {
    check_attention(true, 0);
    check_attention(false, 0.3);
    check_attention(true, 0.5);
}

static void cross_entropy(struct problem *p) {
    reference_cross_entropy(NULL, p->out, NULL, (act *)p->x, p->ids, p->N, p->I, p->O, 0);
}

static void test_cross_entropy(void) {
    struct run run = run_start(5);
    size_t N = 6, V = 9, stride = 12;
    int32_t *targets = run_ids(&run, N, V);
    targets[2] = -1;
    struct problem p = {cross_entropy,
                        N,
                        V,
                        stride,
                        run_random(&run, N * stride, 2),
                        NULL,
                        NULL,
                        run_random(&run, N, 1),
                        NULL,
                        targets,
                        NOTHING_DROPPED};
    float *w = run_memory(&run, N * sizeof *w), *dx = run_random(&run, N * stride, 1);
    for (size_t i = 0; i < N; i++) {
        w[i] = 0.5f;
    }
    memcpy(dx, p.x, N * stride * sizeof *dx);
    reference_cross_entropy(NULL, p.out, NULL, (act *)dx, targets, N, V, stride, 0.5f);
    check_gradient(&run, &p, p.x, N * stride, w, N, dx);
    run_end(&run);
}

static void embedding(struct problem *p) {
    reference_embedding_forward(NULL, (act *)p->out, p->ids, (act *)p->weight, (act *)p->bias, p->N,
                                4, p->I, &p->dropout);
}

static void test_embedding(void) {
    struct run run = run_start(6);
    size_t N = 12, C = 5, V = 4;
    struct problem p = {embedding,
                        N,
                        C,
                        V,
                        NULL,
                        run_random(&run, V * C, 1),
                        run_random(&run, 4 * C, 1),
                        run_random(&run, N * C, 1),
                        NULL,
                        run_ids(&run, N, V),
                        case_dropout(0.25)};
    float *w = run_random(&run, N * C, 1);
    float *dtoken = run_memory(&run, V * C * sizeof *dtoken);
    float *dposition = run_memory(&run, 4 * C * sizeof *dposition);
    reference_embedding_backward(NULL, dtoken, dposition, (act *)w, p.ids, N, 4, C, V, &p.dropout);
    check_gradient(&run, &p, p.weight, V * C, w, N * C, dtoken);
    check_gradient(&run, &p, p.bias, 4 * C, w, N * C, dposition);
    run_end(&run);
}

int main(void) {
    RUN(test_linear);
    RUN(test_layernorm);
    RUN(test_gelu);
    RUN(test_attention);
    RUN(test_cross_entropy);
    RUN(test_embedding);
    return check_finish();
}
