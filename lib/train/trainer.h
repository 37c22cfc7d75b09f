// What the files of a running training share. Not for other rooms.
#ifndef DLT_TRAIN_TRAINER_H
#define DLT_TRAIN_TRAINER_H

#include "lib/base/log.h"
#include "lib/train/checkpoint.h"
#include "lib/train/evaluate.h"
#include "lib/train/sampler.h"
#include "lib/train/train.h"

struct trainer {
    const struct settings *settings;
    const struct invocation *invocation;
    const char *output; // path of the run log
    int64_t planned;    // training steps of the whole run

    bool has[SPLITS];
    struct token_file tokens[SPLITS];
    struct blocks blocks[SPLITS];
    struct sampler train, reward;
    int32_t *inputs, *targets;               // (B, T) the training batch
    int32_t *reward_inputs, *reward_targets; // (B, T)

    const struct ops *ops;
    device *dev;
    struct model_config config;
    struct tying begin; // what this process begins with: the start map's or the checkpoint's
    struct model *model;
    struct dialogue dialogue;

    struct record_writer *log; // NULL when it is finished
    struct record_builder record;
    bool log_is_stream;
    bool diverged; // the same command would come to the same end

    struct train_state state;
    bool saved;              // a checkpoint of this state is on disk
    int64_t checkpoint_step; // step of the last checkpoint
    int hold;                // on the checkpoint's file, so that no other run replaces it
    bool replaces;           // a checkpoint that was there at the start, of which nothing is kept

    // What only the talk and the timing records need
    struct progress progress;
    struct memory_peak peak;
    double started, seconds_before; // clock at this process's start; seconds of the earlier ones
    double step_seconds;            // spent in training steps since the episode's start
    int64_t step_tokens;            // targets trained on in that time
    double loss_sum;                // of the episode's steps in this process
    int64_t loss_count;
    double epsilon; // as the agent last told, below 0 if it does not
};

// texts.c
// Into t->tokens, t->blocks and t->state, of one vocabulary.
enum status trainer_open_texts(struct trainer *t, struct error *error);
// What the training text says of its vocabulary, into t->state.
void trainer_note_vocabulary(struct trainer *t);
// The samplers, and room for what they draw.
enum status trainer_open_batches(struct trainer *t, struct error *error);

// keep.c
bool trainer_has_checkpoint(const struct trainer *t);
// Whether the run log, where it ends now, stays as NAME.partial: to go on with, or to salvage what was
// recorded.
bool trainer_keeps_log(const struct trainer *t);
// Writes a checkpoint where one is wanted. `agent_lost`: it can no longer be asked to save itself.
enum status trainer_checkpoint(struct trainer *t, bool agent_lost, struct error *error);

// begin.c
// Opens the checkpoint that the run can go on from, or refuses. *done: the run is finished, and its
// log is there; the checkpoint is still open.
enum status trainer_find_checkpoint(const struct trainer *t, struct checkpoint *checkpoint,
                                    bool *done, struct error *error);
// STATUS_USAGE: the texts are not those of the checkpoint.
enum status trainer_compare_inputs(const struct trainer *t, const struct checkpoint *checkpoint,
                                   struct error *error);
// Network, agent, samplers and run log as the checkpoint has them; closes its file, not all of it.
enum status trainer_resume(struct trainer *t, const struct record_writer_options *options,
                           struct checkpoint *checkpoint, struct error *error);
// A new run log, and the first checkpoint where one is wanted.
enum status trainer_begin(struct trainer *t, const struct record_writer_options *options,
                          struct error *error);

// divergence.c: a failure that says where a number is no longer finite, and what to do. layer: the one
// visited, 0 for none.
// With the place in the network where that began.
enum status trainer_loss_diverged(struct trainer *t, int layer, double loss, struct error *error);
// With the layer whose gradient it is.
enum status trainer_gradient_diverged(struct trainer *t, int layer, double norm,
                                      struct error *error);
enum status trainer_reward_diverged(struct trainer *t, int layer, double loss, struct error *error);
enum status trainer_evaluation_diverged(struct trainer *t, enum split split, double loss,
                                        struct error *error);

// loop.c: trains until the end, a signal (*signal) or a failure.
enum status trainer_loop(struct trainer *t, int *signal, struct error *error);

// cost.c
double trainer_seconds(const struct trainer *t); // over all resumes
void trainer_note_memory(struct trainer *t);     // keeps the peak: after whatever takes memory

// run_log.c: one function per kind of record.
enum status run_log_begin(struct trainer *t, const struct model_memory *memory,
                          struct error *error);
enum status run_log_env(struct trainer *t, struct error *error);
enum status run_log_plan(struct trainer *t, struct error *error); // of a dry run
enum status run_log_visit(struct trainer *t, int layer, int source, bool changed,
                          const msgpack_object *info, struct error *error);
enum status run_log_step(struct trainer *t, double loss, double norm, struct error *error);
enum status run_log_reward(struct trainer *t, int layer, const struct agent_reward *reward,
                           struct error *error);
enum status run_log_evaluation(struct trainer *t, enum split split, const struct evaluation *result,
                               struct error *error);
enum status run_log_episode(struct trainer *t, struct error *error); // memory and timing
enum status run_log_final(struct trainer *t, struct error *error);

// plan.c
struct plan {
    int64_t episodes;
    double tokens;                        // targets to be trained on
    double training, rewards, evaluation; // floating-point operations (model_count_operations)
    double operations;                    // their sum
};
void trainer_plan(const struct trainer *t, struct plan *plan);
// With all layers independent.
void trainer_most_memory(const struct trainer *t, struct model_memory *memory);

// table.c: every setting, the parameters and the memory, as lines of text.
enum status trainer_table(const struct trainer *t, struct buffer *text, struct error *error);
#endif
