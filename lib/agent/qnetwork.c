#include "lib/agent/qnetwork.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/agent/draws.h"
#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"

static const double BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

struct qnetwork_layout qnetwork_layout(int layers, int hidden) {
    size_t L = (size_t)layers, H = (size_t)hidden, outputs = L * (L + 1) / 2;
    struct qnetwork_layout layout = {.bias1 = H * L};
    layout.weight2 = layout.bias1 + H;
    layout.bias2 = layout.weight2 + outputs * H;
    layout.end = layout.bias2 + outputs;
    return layout;
}

static void fill_uniform(float *values, size_t count, int inputs, uint64_t seed,
                         enum draw_site site) {
    struct random_sequence sequence = draw_start(seed, site, 0);
    double bound = 1 / sqrt((double)inputs);
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)((2 * random_uniform(&sequence) - 1) * bound);
    }
}

enum status qnetwork_open(struct qnetwork *q, int layers, int hidden, uint64_t seed,
                          struct error *error) {
    struct qnetwork_layout at = qnetwork_layout(layers, hidden);
    *q = (struct qnetwork){.layers = layers, .hidden = hidden, .parameters = at.end};
    struct {
        float **pointer;
        size_t count;
    } arrays[] = {
        {&q->weights, at.end}, {&q->gradients, at.end},           {&q->moment1, at.end},
        {&q->moment2, at.end}, {&q->activations, (size_t)hidden}, {&q->backward, (size_t)hidden}};
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
        void *memory;
        enum status status =
            memory_allocate(&memory, arrays[i].count, sizeof(float), "the Q-network", error);
        if (status != STATUS_OK) {
            qnetwork_close(q);
            return status;
        }
        *arrays[i].pointer = memory;
    }
    fill_uniform(q->weights + at.weight1, at.bias1 - at.weight1, layers, seed, DRAW_WEIGHT1);
    fill_uniform(q->weights + at.bias1, at.weight2 - at.bias1, layers, seed, DRAW_BIAS1);
    fill_uniform(q->weights + at.weight2, at.bias2 - at.weight2, hidden, seed, DRAW_WEIGHT2);
    fill_uniform(q->weights + at.bias2, at.end - at.bias2, hidden, seed, DRAW_BIAS2);
    return STATUS_OK;
}

void qnetwork_close(struct qnetwork *q) {
    free(q->weights);
    free(q->gradients);
    free(q->moment1);
    free(q->moment2);
    free(q->activations);
    free(q->backward);
    *q = (struct qnetwork){0};
}

static float dot(const float *a, const float *b, int count) {
    float sum = 0;
    for (int k = 0; k < count; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

static size_t output_of(int layer, int action) {
    return (size_t)layer * ((size_t)layer + 1) / 2 + (size_t)action;
}

// Fills q->activations, after the ReLU.
static void hidden_forward(struct qnetwork *q, const float *weights, const int *state) {
    struct qnetwork_layout at = qnetwork_layout(q->layers, q->hidden);
    for (int h = 0; h < q->hidden; h++) {
        const float *row = weights + at.weight1 + (size_t)h * (size_t)q->layers;
        float sum = 0;
        for (int i = 0; i < q->layers; i++) {
            sum += row[i] * (float)state[i];
        }
        sum += weights[at.bias1 + (size_t)h];
        q->activations[h] = sum > 0 ? sum : 0;
    }
}

static float output_forward(const struct qnetwork *q, const float *weights, size_t output) {
    struct qnetwork_layout at = qnetwork_layout(q->layers, q->hidden);
    const float *row = weights + at.weight2 + output * (size_t)q->hidden;
    return dot(row, q->activations, q->hidden) + weights[at.bias2 + output];
}

void qnetwork_values(struct qnetwork *q, const float *weights, const int *state, int layer,
                     float *values) {
    hidden_forward(q, weights, state);
    for (int action = 0; action <= layer; action++) {
        values[action] = output_forward(q, weights, output_of(layer, action));
    }
}

float qnetwork_largest(const float *values, int layer, int *action) {
    *action = 0;
    for (int a = 1; a <= layer; a++) {
        if (values[a] > values[*action]) {
            *action = a;
        }
    }
    return values[*action];
}

float qnetwork_accumulate(struct qnetwork *q, const int *state, int layer, int action, float target,
                          float scale) {
    struct qnetwork_layout at = qnetwork_layout(q->layers, q->hidden);
    size_t output = output_of(layer, action), H = (size_t)q->hidden, L = (size_t)q->layers;
    hidden_forward(q, q->weights, state);
    float difference = output_forward(q, q->weights, output) - target;
    float gradient = scale * 2 * difference; // of the one output that matters
    const float *row = q->weights + at.weight2 + output * H;
    for (size_t h = 0; h < H; h++) {
        q->backward[h] = q->activations[h] > 0 ? gradient * row[h] : 0;
        q->gradients[at.weight2 + output * H + h] += gradient * q->activations[h];
    }
    q->gradients[at.bias2 + output] += gradient;
    for (size_t h = 0; h < H; h++) {
        float *to = q->gradients + at.weight1 + h * L;
        for (size_t i = 0; i < L; i++) {
            to[i] += q->backward[h] * (float)state[i];
        }
        q->gradients[at.bias1 + h] += q->backward[h];
    }
    return difference * difference;
}

void qnetwork_update(struct qnetwork *q, double lr, double weight_decay) {
    q->updates++;
    double correction1 = 1 - math_pow(BETA1, (double)q->updates);
    double correction2 = 1 - math_pow(BETA2, (double)q->updates);
    float keep = (float)(1 - lr * weight_decay), step = (float)(lr / correction1);
    float root = (float)sqrt(correction2), eps = (float)EPSILON;
    float beta2 = (float)BETA2, rest1 = (float)(1 - BETA1), rest2 = (float)(1 - BETA2);
    for (size_t i = 0; i < q->parameters; i++) {
        float g = q->gradients[i];
        float m = q->moment1[i] + rest1 * (g - q->moment1[i]);
        float v = beta2 * q->moment2[i] + rest2 * (g * g);
        q->moment1[i] = m;
        q->moment2[i] = v;
        q->weights[i] = keep * q->weights[i] - step * (m / (sqrtf(v) / root + eps));
        q->gradients[i] = 0;
    }
}
