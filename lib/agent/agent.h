// The trainer's end of the agent protocol: a child process that decides which layers share weights.
//
// Every function that talks to the agent fails with STATUS_AGENT and one line that says why: it
// closed its pipe or exited (with which status), it was silent past the time limit, or its answer
// was no message, not the one expected, or out of range.
#ifndef DLT_AGENT_AGENT_H
#define DLT_AGENT_AGENT_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/tying/tying.h"

struct agent; // opaque

// What the agent said of itself in "ready".
struct agent_ready {
    int start[TYING_LAYERS_MAX]; // the map to begin with, checked
    bool wants_reward;
    bool wants_loss_before; // asks for the loss of the reward batch before the steps too ("delta")
    bool can_save;
    char policy[64]; // its name for the log, "" if it told none
};

struct agent_reward {
    double perplexity, loss, loss_before;
};

// Starts `command` with /bin/sh -c, the running program's own directory first in its PATH, and
// exchanges hello and ready. `config`: fields of the trainer's configuration as a msgpack map (may
// be NULL). timeout: seconds of silence allowed for each answer.
enum status agent_open(struct agent **agent, const char *command, double timeout, int layers,
                       uint64_t seed, const msgpack_object *config, struct agent_ready *ready,
                       struct error *error);
// Asks for layer i's source. *source is checked (0 .. i); *info is the agent's "info" map or nil,
// valid until the next call.
enum status agent_ask(struct agent *agent, int64_t episode, int layer, const int *state,
                      int *source, msgpack_object *info, struct error *error);
enum status agent_reward(struct agent *agent, int64_t episode, int layer, const int *state,
                         const struct agent_reward *reward, struct error *error);
enum status agent_end_episode(struct agent *agent, int64_t episode, struct error *error);
enum status agent_save(struct agent *agent, struct buffer *blob, struct error *error); // appends
enum status agent_restore(struct agent *agent, const void *blob, size_t length,
                          struct error *error);
// Says bye, waits for the child to end (kills it past the time limit), frees. NULL is fine.
void agent_close(struct agent *agent);

#endif
