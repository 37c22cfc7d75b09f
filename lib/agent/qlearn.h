// The Q-learning policy's state, shared by what learns (qlearn.c) and what saves (qlearn_save.c).
#ifndef DLT_AGENT_QLEARN_H
#define DLT_AGENT_QLEARN_H

#include <stdbool.h>

#include "lib/agent/policies.h"
#include "lib/agent/qnetwork.h"

// In state s, layer i took an action, got a reward, and s' came of it.
struct transition {
    int layer, action;
    float reward; // after clipping
    int state[TYING_LAYERS_MAX], next[TYING_LAYERS_MAX];
};

struct policy {
    struct policy_options options;
    int layers;
    uint64_t seed;
    struct qnetwork network;
    float *target;             // a copy of the network's weights, NULL where the network is its own
    struct transition *replay; // a ring of options.replay transitions, NULL without
    int64_t remembered;        // transitions put into the ring, ever
    double epsilon;
    int64_t actions;           // taken
    bool is_pending;           // an action waits for its reward
    struct transition pending; // that action
    bool has_learned;          // a first update was made, of which the log is told
    float last_loss, last_reward;
};

// Bytes of the arrays that are saved, which hold all that is large.
size_t qlearn_block_bytes(const struct policy_options *options, int layers, int64_t remembered);
enum status qlearn_save(const struct policy *policy, struct buffer *blob, struct error *error);
// On failure the policy is as it was.
enum status qlearn_restore(struct policy *policy, const void *blob, size_t length,
                           struct error *error);

#endif
