// The unigram model of tokens: what is known of a text without any context. The bar that a language
// model has to clear before its perplexity means anything.
#ifndef DLT_TRAIN_UNIGRAM_H
#define DLT_TRAIN_UNIGRAM_H

#include "lib/base/options.h"
#include "lib/train/checkpoint.h"
#include "lib/train/evaluate.h"

struct unigram_options {
    const char *train, *tokens; // paths
    const char *labels;         // "KEY=VALUE,...", for reports
};

// p(token) = (count in the training text + 1) / (its tokens + V), on every token of the other text:
// only the fields loss, perplexity, tokens, nll, text_* and what follows from them are set.
// STATUS_DAMAGED if the vocabularies differ.
enum status unigram_evaluate(const struct token_file *train, const struct token_file *tokens,
                             struct evaluation *result, struct error *error);

// Task "unigram" of dlt-eval: evaluates and writes the metrics to `output`.
enum status unigram_write_metrics(const struct unigram_options *chosen, const struct option *table,
                                  const char *output, const struct invocation *invocation,
                                  struct evaluation *result, struct error *error);

#endif
