// A struct dropout, ready to draw from: derived alike on every device, and plain enough to be a
// kernel's argument. C and C++.
#ifndef DLT_KERNELS_DROPOUT_H
#define DLT_KERNELS_DROPOUT_H

#include <assert.h>

#include "kernels/ops.h"

struct dropout_plan {
    uint32_t threshold; // 0: nothing is dropped and nothing is drawn
    float scale;
    uint32_t counter[4], key[2];
};

static inline struct dropout_plan dropout_plan(const struct dropout *dropout) {
    struct dropout_plan plan;
    plan.threshold = dropout_threshold(dropout->p);
    plan.scale = (float)(65536 / (65536 - (double)plan.threshold));
    assert(plan.threshold < 65536);
    random_counter(&dropout->place, 0, plan.counter, plan.key);
    return plan;
}

#endif
