// A training run: texts and an agent in, run log and checkpoint out.
//
//     for episode = 1 .. E
//         for layer i = 1 .. L-1                        (a visit; one without choice where L = 1)
//             ask the agent for the source of layer i, re-tie
//             k training steps
//             reward: the loss of a freshly drawn training batch, dropout off
//         evaluate; tell the agent that the episode ended
//
// A run can be left between any two visits, and goes on from its checkpoint to the same bits.
#ifndef DLT_TRAIN_TRAIN_H
#define DLT_TRAIN_TRAIN_H

#include <stdbool.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/checkpoint.h"
#include "lib/train/settings.h"

struct train_outcome {
    int signal;          // that ended the run, or 0
    struct buffer table; // with --dry-run: settings, plan, parameters and memory, as lines of text
};

// `settings` must be resolved; a device and a precision left to the machine are chosen here. `output`: the run log, NULL or "-" for standard output; of a dry run
// nothing is written but to "-", a file of content "plan".
enum status train_run(struct settings *settings, const char *output,
                      const struct invocation *invocation, struct train_outcome *outcome,
                      struct error *error);

#endif
