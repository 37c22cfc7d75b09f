// The Q-network: state vector (L numbers as they are) -> Linear(L, H) -> ReLU ->
// Linear(H, L (L + 1) / 2), float32. The Q-values of layer i are the slice of i + 1 outputs that
// starts at i (i + 1) / 2, one per action 0 .. i.
//
// Every sum is one chain in ascending order, every operation one that IEEE 754 fixes: the same bits
// everywhere.
#ifndef DLT_AGENT_QNETWORK_H
#define DLT_AGENT_QNETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

struct qnetwork {
    int layers, hidden;                   // L, H
    size_t parameters;                    // all four tensors, one behind the other:
    float *weights;                       //   (H, L), (H), (L (L + 1) / 2, H), (L (L + 1) / 2)
    float *gradients, *moment1, *moment2; // as weights
    float *activations, *backward;        // (H) of the transition that is worked on
    int64_t updates;                      // AdamW steps taken
};

// PyTorch's default initialisation: each Linear's weights and biases uniform in +-1/sqrt(inputs).
enum status qnetwork_open(struct qnetwork *q, int layers, int hidden, uint64_t seed,
                          struct error *error);
void qnetwork_close(struct qnetwork *q);
// Where the four tensors begin within `weights` and its like.
struct qnetwork_layout {
    size_t weight1, bias1, weight2, bias2, end;
};
struct qnetwork_layout qnetwork_layout(int layers, int hidden);

// The i + 1 Q-values of layer i in `state`, by `weights`: the network's own or a copy of them.
void qnetwork_values(struct qnetwork *q, const float *weights, const int *state, int layer,
                     float *values);
float qnetwork_largest(const float *values, int layer, int *action); // the first of equals

// Adds the gradient of scale * (Q(state)[layer, action] - target)^2; returns the square, unscaled.
float qnetwork_accumulate(struct qnetwork *q, const int *state, int layer, int action, float target,
                          float scale);
// One AdamW step (betas 0.9 and 0.999, eps 1e-8) on all parameters; gradients are then zero.
void qnetwork_update(struct qnetwork *q, double lr, double weight_decay);

#endif
