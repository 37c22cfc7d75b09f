// Task "sample" of dlt-eval: a continuation, token by token.
#ifndef DLT_TRAIN_SAMPLE_H
#define DLT_TRAIN_SAMPLE_H

#include "lib/train/trained.h"

struct sample_options {
    double temperature; // logits are divided by it; 0: always the likeliest token
    int64_t top_k;      // only the K likeliest tokens; 0: all
    int64_t length;     // tokens at most
    int64_t seed;
};

typedef enum status sample_sink(void *context, uint32_t id, struct error *error);

// Hands each token to `sink` as it is drawn, up to the end-of-text token, which is not handed out.
// `end_of_text`: its id, or -1; it stands before the prompt where blocks were trained behind one, or
// where there is no prompt. What is longer than the context loses its beginning. STATUS_USAGE: no
// prompt and no end-of-text token either, or a network that does not predict next tokens.
enum status sample_continue(const struct trained *trained, const struct sample_options *options,
                            int64_t end_of_text, const uint32_t *prompt, size_t prompt_length,
                            sample_sink *sink, void *context, struct error *error);

#endif
