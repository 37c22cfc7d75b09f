// Checkpoints: everything that a run needs to go on to the same bits.
//
// Records: header (the run's configuration), env, timing (what is volatile: where the run log is,
// the time spent), env (what the device chose), state, agent, exchange ..., tensor ..., end.
#ifndef DLT_TRAIN_CHECKPOINT_H
#define DLT_TRAIN_CHECKPOINT_H

#include "lib/train/dialogue.h"
#include "lib/train/state.h"

// How the program was called, for the records of kind env.
struct invocation {
    int argc;
    char **argv;
    int threads;
};

struct checkpoint_volatile {
    bool resumable;             // false: the run log is a stream, or the agent cannot save itself
    struct record_position run; // of the run log
    double seconds;             // spent so far
    struct memory_peak peak;    // so far
    int *hold;                  // to write: file_hold() of the checkpoint's path, or NULL
};

enum status checkpoint_write(const char *path, const struct settings *settings,
                             const struct invocation *invocation,
                             const struct checkpoint_volatile *changing,
                             const struct train_state *state, const struct dialogue *dialogue,
                             struct model *model, const struct ops *ops, device *dev,
                             struct error *error);

struct checkpoint {
    struct record_reader *reader;
    msgpack_zone zone; // holds the configuration
    msgpack_object config;
    struct checkpoint_volatile changing;
    struct train_state state;
    const char *choices;      // the device's, of ops.h; lives in the zone
    struct settings settings; // as far as the configuration has them; strings live in the zone
    struct tying tying;
    int64_t owner_steps[TYING_PARTS][TYING_LAYERS_MAX], outside_steps;
};

// Reads everything before the tensors; the agent's part only into a dialogue.
enum status checkpoint_open(struct checkpoint *checkpoint, const char *path, struct error *error);
// Reads the rest: the tensors into a model of the same configuration (whose tying state becomes the
// checkpoint's), what the agent needs into `dialogue` (NULL: skipped); checks the end of the file.
enum status checkpoint_load(struct checkpoint *checkpoint, struct model *model,
                            const struct ops *ops, device *dev, struct dialogue *dialogue,
                            struct error *error);
// Reads to the end: STATUS_DAMAGED if the file is not whole. What comes before the end was not checked
// by its digest until then.
enum status checkpoint_check_rest(struct checkpoint *checkpoint, struct error *error);
// After a failure, `status`: the file's own damage, if there is any, is what is to be told. A wrong bit
// in the configuration looks like another run, or like a network that has no room.
enum status checkpoint_blame(struct checkpoint *checkpoint, enum status status,
                             struct error *error);
void checkpoint_close(struct checkpoint *checkpoint);

#endif
