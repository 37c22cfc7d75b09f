// The policy of dynamic layer tying: Q-learning, one transition an update, without replay memory or
// target network unless asked for, epsilon-greedy. What the released code does is kept where it is
// no accident of its framework: the target maximises over the same layer's actions in s', not over
// those of the layer whose turn is next, and the reward is clipped before it is used.
//
// With --replay, an update is the mean over REPLAY_BATCH transitions drawn with replacement from
// those remembered, or as many as there are; with --target-every N, the maximum is taken by a copy
// of the network that is renewed every N updates.

#include "lib/agent/qlearn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/agent/channel.h"
#include "lib/agent/draws.h"
#include "lib/base/memory.h"

enum { REPLAY_BATCH = 32 };

static const double WEIGHT_DECAY = 0.01;
static const double CONSTANT_REWARD = -10; // where the released code's reward stays, and stays long

const struct policy_options POLICY_DEFAULTS = {
    .epsilon = 1.0,
    .epsilon_decay = 0.95,
    .epsilon_floor = 0.01,
    .gamma = 0.99,
    .q_lr = 1e-3,
    .hidden = 128,
    .reward = POLICY_REWARD_PPL,
    .reward_clip = 10,
};

// ---- Opening and closing ---------------------------------------------------------------------

static void qlearn_close(struct policy *policy) {
    if (policy) {
        qnetwork_close(&policy->network);
        free(policy->target);
        free(policy->replay);
        free(policy);
    }
}

static enum status allocate(struct policy *p, struct error *error) {
    void *memory;
    enum status status =
        qnetwork_open(&p->network, p->layers, (int)p->options.hidden, p->seed, error);
    if (status == STATUS_OK && p->options.target_every > 0) {
        status = memory_allocate(&memory, p->network.parameters, sizeof *p->target,
                                 "the target network", error);
        p->target = memory;
    }
    if (status == STATUS_OK && p->options.replay > 0) {
        status = memory_allocate(&memory, (size_t)p->options.replay, sizeof *p->replay,
                                 "the replay memory", error);
        p->replay = memory;
    }
    if (status == STATUS_OK && p->target) {
        memcpy(p->target, p->network.weights, p->network.parameters * sizeof *p->target);
    }
    return status;
}

// What could not be saved would make a run that cannot go on: better not to begin.
static enum status check_size(const struct policy_options *options, int layers,
                              struct error *error) {
    size_t bytes = qlearn_block_bytes(options, layers, options->replay);
    size_t limit = CHANNEL_BLOB_LIMIT - (1 << 16); // less the fields around the arrays
    return bytes <= limit ? STATUS_OK
                          : error_set(error, STATUS_USAGE,
                                      "%lld hidden units and %lld transitions for %d layers are "
                                      "%zu MiB, too much to be saved",
                                      (long long)options->hidden, (long long)options->replay,
                                      layers, bytes >> 20);
}

static enum status open_with(struct policy **policy, const struct policy_options *options,
                             int layers, uint64_t seed, int *start, struct error *error) {
    void *memory;
    enum status status = check_size(options, layers, error);
    if (status == STATUS_OK) {
        status = memory_allocate(&memory, 1, sizeof **policy, "a policy", error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *policy = memory;
    **policy = (struct policy){
        .options = *options, .layers = layers, .seed = seed, .epsilon = options->epsilon};
    status = allocate(*policy, error);
    if (status != STATUS_OK) {
        qlearn_close(*policy);
        *policy = NULL;
        return status;
    }
    policy_fill_start(options, layers, start);
    return STATUS_OK;
}

static enum status qlearn_open(struct policy **policy, const char *argument,
                               const struct policy_options *options, int layers, uint64_t seed,
                               int *start, struct error *error) {
    (void)argument;
    return open_with(policy, options, layers, seed, start, error);
}

static struct policy_options with_epsilon(const struct policy_options *options, double epsilon) {
    struct policy_options changed = *options;
    changed.epsilon = epsilon;
    changed.epsilon_decay = 1;
    changed.epsilon_floor = 0;
    return changed;
}

static enum status random_open(struct policy **policy, const char *argument,
                               const struct policy_options *options, int layers, uint64_t seed,
                               int *start, struct error *error) {
    struct policy_options changed = with_epsilon(options, 1);
    (void)argument;
    return open_with(policy, &changed, layers, seed, start, error);
}

static enum status greedy_open(struct policy **policy, const char *argument,
                               const struct policy_options *options, int layers, uint64_t seed,
                               int *start, struct error *error) {
    struct policy_options changed = with_epsilon(options, 0);
    (void)argument;
    return open_with(policy, &changed, layers, seed, start, error);
}

// ---- Acting ----------------------------------------------------------------------------------

static int qlearn_act(struct policy *p, int layer, const int *state, struct record_builder *info) {
    float values[TYING_LAYERS_MAX];
    int action;
    struct random_sequence draw = draw_start(p->seed, DRAW_EXPLORE, p->actions++);
    bool explores = random_uniform(&draw) < p->epsilon;
    qnetwork_values(&p->network, p->network.weights, state, layer, values);
    qnetwork_largest(values, layer, &action);
    if (explores) {
        action = (int)random_below(&draw, (uint64_t)layer + 1);
    }
    p->is_pending = true;
    p->pending.layer = layer;
    p->pending.action = action;
    memcpy(p->pending.state, state, (size_t)p->layers * sizeof *state);
    record_put_real(info, "epsilon", p->epsilon);
    record_put_bool(info, "random", explores);
    record_put_real(info, "q", (double)values[action]);
    if (p->has_learned) { // by the visit before
        record_put_real(info, "q_loss", (double)p->last_loss);
        record_put_real(info, "reward", (double)p->last_reward);
    }
    return action;
}

static void qlearn_end_episode(struct policy *p) {
    double decayed = p->epsilon * p->options.epsilon_decay;
    p->epsilon = decayed > p->options.epsilon_floor ? decayed : p->options.epsilon_floor;
}

// ---- Learning --------------------------------------------------------------------------------

static float clipped_reward(const struct policy_options *o, const struct agent_reward *reward) {
    double value = CONSTANT_REWARD;
    switch (o->reward) {
    case POLICY_REWARD_PPL:
        value = -reward->perplexity;
        break;
    case POLICY_REWARD_LOGPPL:
        value = -reward->loss;
        break;
    case POLICY_REWARD_DELTA:
        value = reward->loss_before - reward->loss;
        break;
    default: // the constant is what clipping leaves of a bad reward
        value = o->reward_clip > 0 ? -o->reward_clip : CONSTANT_REWARD;
        break;
    }
    if (o->reward_clip > 0 && !isnan(value)) {
        value = fmin(fmax(value, -o->reward_clip), o->reward_clip);
    }
    return (float)value;
}

static float accumulate(struct policy *p, const struct transition *t, float scale) {
    float values[TYING_LAYERS_MAX];
    int best;
    qnetwork_values(&p->network, p->target ? p->target : p->network.weights, t->next, t->layer,
                    values);
    float target = t->reward + (float)p->options.gamma * qnetwork_largest(values, t->layer, &best);
    return qnetwork_accumulate(&p->network, t->state, t->layer, t->action, target, scale);
}

static float accumulate_replayed(struct policy *p) {
    int64_t stored = p->remembered < p->options.replay ? p->remembered : p->options.replay;
    int64_t batch = stored < REPLAY_BATCH ? stored : REPLAY_BATCH;
    struct random_sequence draw = draw_start(p->seed, DRAW_REPLAY, p->network.updates);
    float loss = 0;
    for (int64_t n = 0; n < batch; n++) {
        const struct transition *t = &p->replay[random_below(&draw, (uint64_t)stored)];
        loss += accumulate(p, t, 1.0F / (float)batch);
    }
    return loss / (float)batch;
}

static void learn(struct policy *p, const struct transition *t) {
    if (p->replay) {
        p->replay[p->remembered++ % p->options.replay] = *t;
        p->last_loss = accumulate_replayed(p);
    } else {
        p->last_loss = accumulate(p, t, 1);
    }
    qnetwork_update(&p->network, p->options.q_lr, WEIGHT_DECAY);
    if (p->target && p->network.updates % p->options.target_every == 0) {
        memcpy(p->target, p->network.weights, p->network.parameters * sizeof *p->target);
    }
    p->last_reward = t->reward;
    p->has_learned = true;
}

// A reward that is no finite number, as of training that diverged, teaches nothing.
static void qlearn_reward(struct policy *p, int layer, const int *state,
                          const struct agent_reward *reward) {
    float value = clipped_reward(&p->options, reward);
    if (p->is_pending && p->pending.layer == layer && isfinite(value)) {
        p->pending.reward = value;
        memcpy(p->pending.next, state, (size_t)p->layers * sizeof *state);
        learn(p, &p->pending);
    }
    p->is_pending = false;
}

// ---- The three policies ----------------------------------------------------------------------

// A decay means nothing where epsilon is 1 or 0 throughout, but the runs of experiments.tsv give it to
// all three, and their logs tell so.
#define LEARNING "start,epsilon-decay,gamma,q-lr,hidden,reward,reward-clip,replay,target-every"

const struct policy_type POLICY_QLEARN = {
    .name = "qlearn",
    .help = "Q-learning, the method's own",
    .options = LEARNING ",epsilon,epsilon-floor",
    .open = qlearn_open,
    .act = qlearn_act,
    .reward = qlearn_reward,
    .end_episode = qlearn_end_episode,
    .save = qlearn_save,
    .restore = qlearn_restore,
    .close = qlearn_close,
};

const struct policy_type POLICY_RANDOM = {
    .name = "random",
    .help = "qlearn with epsilon 1 throughout",
    .options = LEARNING,
    .open = random_open,
    .act = qlearn_act,
    .reward = qlearn_reward,
    .end_episode = qlearn_end_episode,
    .save = qlearn_save,
    .restore = qlearn_restore,
    .close = qlearn_close,
};

const struct policy_type POLICY_GREEDY = {
    .name = "greedy",
    .help = "qlearn with epsilon 0 throughout",
    .options = LEARNING,
    .open = greedy_open,
    .act = qlearn_act,
    .reward = qlearn_reward,
    .end_episode = qlearn_end_episode,
    .save = qlearn_save,
    .restore = qlearn_restore,
    .close = qlearn_close,
};
