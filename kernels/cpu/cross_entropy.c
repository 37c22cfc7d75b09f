#include "kernels/cpu/cpu.h"
#include "kernels/cpu/vector_math.h"
#include "lib/base/math.h"

static float row_max(const float *logits, size_t V) {
    vec16 largest = vec16_set(-INFINITY);
    for (size_t j = 0; j < V; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            largest.part[p] = vec_max(vec16_load_part(logits, V, j, p, -INFINITY), largest.part[p]);
        }
    }
    return vec16_max(largest);
}

// Sum of exp(logit - largest); with `keep` the exponentials replace the logits.
static float row_exponentials(float *logits, size_t V, float largest, bool keep) {
    vec16 sum = vec16_set(0);
    for (size_t j = 0; j < V; j += 16) {
        UNROLL for (int p = 0; p < PARTS; p++) {
            vec e = vec_exp(vec16_load_part(logits, V, j, p, -INFINITY) - vec_set(largest));
            sum.part[p] += e;
            size_t at = j + (size_t)p * LANES;
            if (keep && at < V) {
                vec_store_part(logits + at, V - at, e);
            }
        }
    }
    return vec16_sum(sum);
}

// Whether the target is the largest logit, the lowest index of equals.
static bool row_is_correct(const float *logits, size_t target, float largest) {
    if (logits[target] != largest) {
        return false;
    }
    for (size_t v = 0; v < target; v++) {
        if (logits[v] == largest) {
            return false;
        }
    }
    return true;
}

static void row_cross_entropy(float *loss, int32_t *correct, float *logits, size_t target, size_t V,
                              float gradient_scale) {
    float largest = row_max(logits, V), logit = logits[target];
    if (correct) {
        *correct = row_is_correct(logits, target, largest);
    }
    float sum = row_exponentials(logits, V, largest, gradient_scale != 0);
    double log_sum = (double)largest + math_log((double)sum);
    *loss = (float)math_canonical(log_sum - (double)logit);
    if (gradient_scale != 0) {
        float factor = gradient_scale / sum;
        for (size_t v = 0; v < V; v++) {
            logits[v] *= factor;
        }
        logits[target] -= gradient_scale;
    }
}

void CPU(cross_entropy)(device *dev, float *losses, int32_t *correct, act *logits,
                        const int32_t *targets, size_t N, size_t V, size_t stride,
                        float gradient_scale) {
    (void)dev;
    assert(V > 0 && V <= stride);
#pragma omp parallel for schedule(static) if (N * V >= PARALLEL_ELEMENTS)
    for (size_t n = 0; n < N; n++) {
        float *row = act_floats(logits) + n * stride;
        size_t used = 0; // columns that hold a gradient
        losses[n] = 0;
        if (correct) {
            correct[n] = 0;
        }
        if (targets[n] >= 0) {
            assert((size_t)targets[n] < V);
            row_cross_entropy(losses + n, correct ? correct + n : NULL, row, (size_t)targets[n], V,
                              gradient_scale);
            used = V;
        }
        if (gradient_scale != 0) {
            memset(row + used, 0, (stride - used) * sizeof *row);
        }
    }
}
