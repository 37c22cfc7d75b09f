// The numbers of one owner's AdamW step, as float: derived alike on every device. C and C++.
#ifndef DLT_KERNELS_ADAMW_H
#define DLT_KERNELS_ADAMW_H

#include <assert.h>
#include <math.h>

#include "kernels/ops.h"
#include "lib/base/math.h"

//     m += (1 - beta1) (g - m);  v = beta2 v + (1 - beta2) g^2
//     w = decay w - step_size m / (root_scale sqrt(v) + eps)
// with step_size = lr / (1 - beta1^step) and root_scale = 1 / sqrt(1 - beta2^step).
struct adamw_coefficients {
    float clip, gain1, beta2, gain2, decay, step_size, root_scale, eps;
};

// 1 - beta^step
static inline double adamw_bias_correction(double beta, int64_t step) {
    assert(step > 0 && beta >= 0 && beta < 1);
    return beta > 0 ? 1 - math_pow(beta, (double)step) : 1;
}

static inline struct adamw_coefficients adamw_coefficients(const struct adamw_options *options,
                                                           int64_t step) {
    double correction1 = adamw_bias_correction(options->beta1, step);
    double correction2 = adamw_bias_correction(options->beta2, step);
    struct adamw_coefficients k;
    k.clip = options->clip_factor;
    k.gain1 = (float)(1 - options->beta1);
    k.beta2 = (float)options->beta2;
    k.gain2 = (float)(1 - options->beta2);
    k.decay = (float)(1 - options->lr * options->weight_decay);
    k.step_size = (float)(options->lr / correction1);
    k.root_scale = (float)(1 / sqrt(correction2));
    k.eps = (float)options->eps;
    return k;
}

#endif
