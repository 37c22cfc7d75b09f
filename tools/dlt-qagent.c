// dlt-qagent: decides which layers share weights, over the agent protocol.
#include <stdlib.h>
#include <unistd.h>

#include "lib/agent/policy.h"
#include "lib/base/program.h"

static const char *policy = "qlearn";
static int64_t seed = -1;
static struct policy_options settings; // POLICY_DEFAULTS until the command line changes them

static const char *const STARTS[] = {"tied", "independent", NULL};
static const char *const REWARDS[] = {"ppl", "logppl", "delta", "constant", NULL};

static const struct option OPTIONS[] = {
    {.name = "policy",
     .type = OPTION_STRING,
     .value = &policy,
     .argument = "NAME",
     .help = "qlearn, random, greedy (qlearn with epsilon 1, 0), round-robin, fixed:independent, "
             "fixed:all, fixed:half, fixed:sequence:M, fixed:cycle:M, fixed:cycle-rev:M, or a map "
             "like map:0,0,2",
     .group = "Policy"},
    {.name = "seed",
     .type = OPTION_INTEGER,
     .value = &seed,
     .argument = "N",
     .help = "seed of the random numbers; -1: the trainer's",
     .minimum = -1,
     .maximum = 0x1p53},
    {.name = "start",
     .type = OPTION_CHOICE,
     .value = &settings.start,
     .choices = STARTS,
     .help = "the map that qlearn, random, greedy and round-robin begin with: every layer tied to "
             "layer 0, or each independent"},
    {.name = "epsilon",
     .type = OPTION_REAL,
     .value = &settings.epsilon,
     .argument = "P",
     .help = "probability of a random action at the start (qlearn only)",
     .group = "Q-learning (qlearn, random, greedy)",
     .minimum = 0,
     .maximum = 1},
    {.name = "epsilon-decay",
     .type = OPTION_REAL,
     .value = &settings.epsilon_decay,
     .argument = "X",
     .help = "factor on epsilon after each episode",
     .minimum = 0,
     .maximum = 1},
    {.name = "epsilon-floor",
     .type = OPTION_REAL,
     .value = &settings.epsilon_floor,
     .argument = "P",
     .help = "epsilon never falls below (qlearn only)",
     .minimum = 0,
     .maximum = 1},
    {.name = "gamma",
     .type = OPTION_REAL,
     .value = &settings.gamma,
     .argument = "X",
     .help = "discount of later rewards",
     .minimum = 0,
     .maximum = 1},
    {.name = "q-lr",
     .type = OPTION_REAL,
     .value = &settings.q_lr,
     .argument = "X",
     .help = "learning rate of the Q-network",
     .minimum = 0,
     .maximum = 1000},
    {.name = "hidden",
     .type = OPTION_SIZE,
     .value = &settings.hidden,
     .argument = "N",
     .help = "hidden units of the Q-network",
     .minimum = 1,
     .maximum = 65536},
    {.name = "reward",
     .type = OPTION_CHOICE,
     .value = &settings.reward,
     .choices = REWARDS,
     .help = "minus the perplexity, minus its logarithm, the fall of the loss over a visit's "
             "training, or a constant"},
    {.name = "reward-clip",
     .type = OPTION_REAL,
     .value = &settings.reward_clip,
     .argument = "X",
     .help = "rewards are clipped to -X .. X; 0: not at all",
     .minimum = 0,
     .maximum = 1e30},
    {.name = "replay",
     .type = OPTION_SIZE,
     .value = &settings.replay,
     .argument = "N",
     .help = "transitions to remember and learn from, 32 at a time; 0: learn from the last one",
     .minimum = 0,
     .maximum = 100000},
    {.name = "target-every",
     .type = OPTION_SIZE,
     .value = &settings.target_every,
     .argument = "N",
     .help = "updates between copies into a target network; 0: there is none",
     .minimum = 0,
     .maximum = 1e9},
    {0}};

// Without -o: what it writes are answers, and who asks reads them from standard output.
static const struct program PROGRAM = {
    .name = "dlt-qagent",
    .summary = "decide which layers share weights: an agent that dlt-train starts and asks",
    .usage = "[OPTION...]",
    .options = OPTIONS,
    .examples =
        "  dlt-train --train train.tokens --agent 'dlt-qagent --policy qlearn --seed 1'\n"
        "  dlt-train --train train.tokens --agent 'dlt-qagent --policy fixed:cycle:6'\n"
        "  dlt-train --train train.tokens --agent 'dlt-qagent --reward delta --replay 1k'\n",
};

// What the policy does not use would be recorded as if it had mattered.
static enum status check_options(struct error *error) {
    enum status status = policy_check(policy, error);
    for (const struct option *o = OPTIONS; status == STATUS_OK && o->name; o++) {
        bool of_all = o->value == &policy || o->value == &seed;
        if (!of_all && program_given(o->name) > 0 && !policy_uses(policy, o->name)) {
            status = error_set(error, STATUS_USAGE, "the policy '%s' does not use --%s", policy,
                               o->name);
        }
    }
    if (status == STATUS_OK && settings.epsilon < settings.epsilon_floor) {
        status = error_set(error, STATUS_USAGE,
                           "--epsilon %g is below --epsilon-floor %g, to which it would rise",
                           settings.epsilon, settings.epsilon_floor);
    }
    return status;
}

int main(int argc, char **argv) {
    struct common_options common;
    struct operands operands;
    struct error error = {0};
    settings = POLICY_DEFAULTS;
    program_start(&PROGRAM, argc, argv, &common, &operands);
    enum status status = check_options(&error);
    if (status == STATUS_OK && operands.count > 0) {
        status = error_set(&error, STATUS_USAGE, "unexpected operand '%s'", operands.words[0]);
    } else if (status == STATUS_OK && (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))) {
        status = error_set(&error, STATUS_USAGE,
                           "speaks with a trainer, not with a terminal; run dlt-train --agent "
                           "'dlt-qagent ...'");
    }
    if (status == STATUS_OK) {
        status = policy_serve(STDIN_FILENO, STDOUT_FILENO, policy, &settings, seed, &error);
    }
    operands_free(&operands);
    return program_finish(status, &error);
}
