// What dlt-eval does with a checkpoint: open its network, measure it, write a metrics file.
#ifndef DLT_TRAIN_METRICS_H
#define DLT_TRAIN_METRICS_H

#include "lib/train/checkpoint.h"
#include "lib/train/evaluate.h"

// A network as a checkpoint holds it.
struct trained {
    struct checkpoint checkpoint;
    const struct ops *ops;
    device *dev;
    struct model *model;
};

// `batch`: blocks that are evaluated at a time; 0: as in training.
enum status trained_open(struct trained *trained, const char *path, int64_t batch,
                         struct error *error);
void trained_close(struct trained *trained);

struct perplexity_options {
    const char *checkpoint, *tokens; // paths
    int64_t stride;                  // 0: blocks as in training; else windows that overlap
    int64_t batch;
};

// Task "perplexity": evaluates and writes the metrics to `output`; *result for telling the user.
enum status metrics_perplexity(const struct perplexity_options *options, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct evaluation *result, struct error *error);

#endif
