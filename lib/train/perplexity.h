// Task "perplexity" of dlt-eval: how well a network predicts a text.
#ifndef DLT_TRAIN_PERPLEXITY_H
#define DLT_TRAIN_PERPLEXITY_H

#include "lib/train/evaluate.h"
#include "lib/train/trained.h"

struct perplexity_options {
    struct trained_choice network;
    const char *tokens; // path
    int64_t stride;     // 0: blocks as in training; else windows that overlap
    int64_t batch;
};

// Evaluates and writes the metrics to `output`; *result for telling the user.
enum status perplexity_measure(const struct perplexity_options *chosen, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct evaluation *result, struct error *error);

#endif
