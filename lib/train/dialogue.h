// The trainer's conversation with its agent, so kept that a run can go on in the middle of it.
//
// An agent's state at any moment is its last saved blob and what was said since. The dialogue keeps
// both: an agent that died can no longer save itself, yet the checkpoint written then is whole.
#ifndef DLT_TRAIN_DIALOGUE_H
#define DLT_TRAIN_DIALOGUE_H

#include "lib/agent/agent.h"
#include "lib/base/memory.h"
#include "lib/train/settings.h"

// So much may have been said since the last save, checkpoint or not: what is remembered does not grow
// with the run, and a fresh agent is told it in a moment.
enum { DIALOGUE_EXCHANGES_MAX = 4096 };

// One visit, or the end of an episode (layer -1), as it was said after the last save.
struct exchange {
    int64_t episode;
    int layer, source;
    bool rewarded;
    struct agent_reward reward;
};

struct dialogue {
    struct agent *agent;
    struct agent_ready ready;
    int layers;
    bool keeps;                // a checkpoint will want what was said
    struct buffer blob;        // as last saved
    int map[TYING_LAYERS_MAX]; // the state vector at that moment
    struct exchange *exchanges;
    size_t count, capacity;
};

enum status dialogue_open(struct dialogue *dialogue, const struct settings *settings,
                          struct error *error);
void dialogue_close(struct dialogue *dialogue);
// As the functions of agent.h, and remembered.
enum status dialogue_ask(struct dialogue *dialogue, int64_t episode, int layer, const int *state,
                         int *source, msgpack_object *info, struct error *error);
enum status dialogue_reward(struct dialogue *dialogue, int64_t episode, int layer, const int *state,
                            const struct agent_reward *reward, struct error *error);
enum status dialogue_end_episode(struct dialogue *dialogue, int64_t episode, struct error *error);
// Saves the agent, whose state vector is now `map`, and forgets what was said before.
enum status dialogue_save(struct dialogue *dialogue, const int *map, struct error *error);
// Gives a fresh agent the blob and says again what was said since. STATUS_AGENT: it answers
// otherwise.
enum status dialogue_restore(struct dialogue *dialogue, struct error *error);
enum status dialogue_append(struct dialogue *dialogue, const struct exchange *exchange,
                            struct error *error);

#endif
