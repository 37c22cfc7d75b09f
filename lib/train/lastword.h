// Task "lastword" of dlt-eval: LAMBADA's question (Paperno et al. 2016), each passage's last word
// from what stands before it.
#ifndef DLT_TRAIN_LASTWORD_H
#define DLT_TRAIN_LASTWORD_H

#include "lib/train/trained.h"

struct lastword_options {
    struct trained_choice network;
    const char *tokens; // path; a passage is a line of the text
    int64_t batch;      // passages at a time; 0: the blocks of a training step
};

struct lastword {
    uint64_t passages; // whose last word was asked for
    uint64_t skipped;  // that have none, nothing before it, or one longer than the context
    uint64_t correct;  // passages of which every token of the word was the first guess
    uint64_t tokens;   // of all these words
    double nll;        // sum of their cross-entropies, nats
    double accuracy;   // correct / passages
    double perplexity; // exp(nll / passages), so per word
};

// Where the last word of ids[from .. to) stands, without the white space behind it. False: there is
// no word.
bool lastword_find(const struct token_file *tokens, size_t from, size_t to, size_t *first,
                   size_t *end);
// Each token of a word is asked for behind the true ones before it. A passage longer than the
// context loses its beginning; where blocks were trained behind an end-of-text token, it begins with
// one. STATUS_DAMAGED: the tokens have no line ends, or no line can be asked. STATUS_USAGE: a
// network that does not predict next tokens.
enum status lastword_evaluate(const struct trained *trained, const struct token_file *tokens,
                              struct lastword *result, struct error *error);
// Evaluates and writes the metrics to `output`.
enum status lastword_measure(const struct lastword_options *chosen, const struct option *table,
                             const char *output, const struct invocation *invocation,
                             struct lastword *result, struct error *error);

#endif
