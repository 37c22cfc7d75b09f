// The Q-network against PyTorch's numbers, its initialisation, its slices.

#include "lib/agent/qnetwork.h"
#include "tests/unit/agent/qnetwork_numbers.h"
#include "tests/unit/check.h"

#include <stdlib.h>

enum { L = REFERENCE_LAYERS };

static struct error error;

// The formulas of the script.
static void transition(int n, int *layer, int *action, float *reward, int *state, int *next) {
    *layer = 1 + n % (L - 1);
    *action = (n * 5 + n / 7) % (*layer + 1);
    *reward = -10.0F + (float)(n * 13 % 29) / 2;
    for (int i = 0; i < L; i++) {
        state[i] = next[i] = (n * 3 + i * 5 + i * n) % (i + 1);
    }
    next[*layer] = *action;
}

static float learn(struct qnetwork *q, const float *judge, int n, float scale) {
    int layer, action, best, state[L], next[L];
    float reward, values[L];
    transition(n, &layer, &action, &reward, state, next);
    qnetwork_values(q, judge, next, layer, values);
    float target = reward + 0.99F * qnetwork_largest(values, layer, &best);
    return qnetwork_accumulate(q, state, layer, action, target, scale);
}

// Rounding differs in the order of PyTorch's sums; a slip in a formula would show in the first
// digits.
static void test_as_pytorch(void) {
    struct qnetwork q;
    CHECK_INT(qnetwork_open(&q, L, REFERENCE_HIDDEN, 1, &error), STATUS_OK);
    CHECK_INT(q.parameters, REFERENCE_PARAMETERS);
    float *judge = q.weights, largest = 0;
    float *copy = malloc(q.parameters * sizeof *copy);
    for (size_t k = 0; k < q.parameters; k++) {
        q.weights[k] = (float)((int)(k * 37 % 101) - 50) / 256;
    }
    for (int n = 0; n < REFERENCE_STEPS + REFERENCE_BATCHED; n++) {
        float loss = 0;
        if (n == REFERENCE_STEPS) {
            memcpy(copy, q.weights, q.parameters * sizeof *copy);
            judge = copy;
        }
        if (n < REFERENCE_STEPS) {
            loss = learn(&q, judge, n, 1);
        } else {
            for (int b = 0; b < REFERENCE_BATCH; b++) {
                loss += learn(&q, judge, n * REFERENCE_BATCH + b, 1.0F / REFERENCE_BATCH) /
                        REFERENCE_BATCH;
            }
        }
        qnetwork_update(&q, 1e-3, 0.01);
        CHECK_CLOSE(loss, reference_losses[n], 1e-5 * (1 + fabs((double)reference_losses[n])));
    }
    for (size_t k = 0; k < q.parameters; k++) {
        float off = fabsf(q.weights[k] - reference_weights[k]);
        largest = off > largest ? off : largest;
    }
    printf("# weights after %d updates are within %.2g of PyTorch's\n",
           REFERENCE_STEPS + REFERENCE_BATCHED, (double)largest);
    CHECK_CLOSE(largest, 0, 5e-7);
    free(copy);
    qnetwork_close(&q);
}

static void check_uniform(const float *values, size_t count, double bound) {
    double sum = 0, squares = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double v = (double)values[i];
        sum += v;
        squares += v * v;
        largest = fabs(v) > largest ? fabs(v) : largest;
    }
    double n = (double)count, deviation = bound / sqrt(3);
    CHECK(largest <= bound && largest > bound * (1 - 20 / n));
    CHECK_CLOSE(sum / n, 0, 5 * deviation / sqrt(n));
    CHECK_CLOSE(sqrt(squares / n), deviation, 5 * deviation / sqrt(n));
}

static void test_initialisation(void) {
    struct qnetwork q, same, other;
    CHECK_INT(qnetwork_open(&q, 48, 128, 5, &error), STATUS_OK);
    CHECK_INT(qnetwork_open(&same, 48, 128, 5, &error), STATUS_OK);
    CHECK_INT(qnetwork_open(&other, 48, 128, 6, &error), STATUS_OK);
    struct qnetwork_layout at = qnetwork_layout(48, 128);
    CHECK_INT(at.end, 48 * 128 + 128 + 128 * 1176 + 1176);
    check_uniform(q.weights + at.weight1, at.bias1 - at.weight1, 1 / sqrt(48));
    check_uniform(q.weights + at.bias1, at.weight2 - at.bias1, 1 / sqrt(48));
    check_uniform(q.weights + at.weight2, at.bias2 - at.weight2, 1 / sqrt(128));
    check_uniform(q.weights + at.bias2, at.end - at.bias2, 1 / sqrt(128));
    CHECK(memcmp(q.weights, same.weights, q.parameters * sizeof(float)) == 0);
    CHECK(memcmp(q.weights, other.weights, q.parameters * sizeof(float)) != 0);
    qnetwork_close(&q);
    qnetwork_close(&same);
    qnetwork_close(&other);
}

// The slices of all layers lie side by side and cover the outputs: with zero weights, output o
// answers its bias alone.
static void test_slices(void) {
    struct qnetwork q;
    CHECK_INT(qnetwork_open(&q, 5, 4, 1, &error), STATUS_OK);
    struct qnetwork_layout at = qnetwork_layout(5, 4);
    memset(q.weights, 0, q.parameters * sizeof(float));
    for (size_t o = 0; o < 15; o++) {
        q.weights[at.bias2 + o] = (float)o;
    }
    int output = 0, best;
    for (int layer = 0; layer < 5; layer++) {
        float values[5];
        qnetwork_values(&q, q.weights, (int[5]){0}, layer, values);
        for (int action = 0; action <= layer; action++) {
            CHECK_INT(values[action], output++);
        }
        CHECK_INT(qnetwork_largest(values, layer, &best), output - 1);
        CHECK_INT(best, layer);
    }
    qnetwork_largest((float[]){1, 3, 3, 2}, 3, &best);
    CHECK_INT(best, 1); // the first of equals
    qnetwork_close(&q);
}

// The gradient against a difference quotient, at every parameter.
static void test_gradient(void) {
    struct qnetwork q;
    CHECK_INT(qnetwork_open(&q, 4, 6, 3, &error), STATUS_OK);
    int state[4] = {0, 1, 0, 2};
    float *gradients = malloc(q.parameters * sizeof *gradients);
    qnetwork_accumulate(&q, state, 3, 1, -2, 0.5F);
    memcpy(gradients, q.gradients, q.parameters * sizeof *gradients);
    for (size_t k = 0; k < q.parameters; k++) {
        float kept = q.weights[k], h = 1e-2F;
        q.weights[k] = kept + h;
        double above = (double)qnetwork_accumulate(&q, state, 3, 1, -2, 0);
        q.weights[k] = kept - h;
        double below = (double)qnetwork_accumulate(&q, state, 3, 1, -2, 0);
        q.weights[k] = kept;
        CHECK_CLOSE(gradients[k], 0.5 * (above - below) / (2 * (double)h), 2e-3);
    }
    free(gradients);
    qnetwork_close(&q);
}

int main(void) {
    RUN(test_as_pytorch);
    RUN(test_initialisation);
    RUN(test_slices);
    RUN(test_gradient);
    return check_finish();
}
