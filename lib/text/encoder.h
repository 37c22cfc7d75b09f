// Text to the ids of GPT-2's byte-level BPE: pre-tokenises, and merges the pieces that the cache does
// not know. One encoder per thread.
#ifndef DLT_TEXT_ENCODER_H
#define DLT_TEXT_ENCODER_H

#include "lib/text/bpe.h"
#include "lib/text/token_list.h"

struct encoder; // opaque

enum encoder_special {
    ENCODER_ORDINARY, // "<|endoftext|>" is text like any other
    ENCODER_SPECIAL,  // it is the token
};

enum status encoder_create(struct encoder **encoder, const struct bpe_vocabulary *vocabulary,
                           enum encoder_special special, struct error *error);
void encoder_free(struct encoder *encoder);

// Appends the ids of one whole text.
enum status encoder_encode(struct encoder *encoder, const uint8_t *text, size_t length,
                           struct token_list *list, struct error *error);

#endif
