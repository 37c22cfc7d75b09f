// A network as a checkpoint holds it: what every task of dlt-eval begins with.
#ifndef DLT_TRAIN_TRAINED_H
#define DLT_TRAIN_TRAINED_H

#include "lib/record/tokens.h"
#include "lib/train/checkpoint.h"

struct trained_choice {
    const char *checkpoint; // path
    int device; // enum device_choice; by itself what was trained in fp32 is measured on the CPU, and
                // what was in bf16 as it was trained, where there is a GPU
};

struct trained {
    struct checkpoint checkpoint;
    const struct ops *ops;
    device *dev;
    struct model *model;
};

// `batch`: blocks that are evaluated at a time; 0: as in training.
enum status trained_open(struct trained *trained, const struct trained_choice *choice,
                         int64_t batch, struct error *error);
void trained_close(struct trained *trained);
// The network, and a text of its vocabulary: both or none.
enum status trained_open_with_text(struct trained *trained, struct token_file *tokens,
                                   const struct trained_choice *choice, const char *tokens_path,
                                   int64_t batch, struct error *error);
// STATUS_DAMAGED: what is named `name` has another vocabulary than the network.
enum status trained_check_vocabulary(const struct trained *trained,
                                     const struct token_vocabulary *vocabulary, const char *name,
                                     struct error *error);
// STATUS_FAILURE: what was measured, as "loss", is not finite, since the network's weights are not.
enum status trained_require_finite(const struct trained *trained, const char *what, double value,
                                   struct error *error);
// STATUS_USAGE: the network fills in masked tokens, and `task` wants one that tells the next.
enum status trained_require_causal(const struct trained *trained, const char *task,
                                   struct error *error);

#endif
