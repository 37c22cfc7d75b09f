// Text to ids: pre-tokenises, and remembers the ids of the pieces seen.
//
// The memory is bounded whatever the text: two caches of fixed size, in which a new piece takes the
// place of an old one. What they hold never changes a result. One encoder per thread.
#ifndef DLT_TEXT_ENCODER_H
#define DLT_TEXT_ENCODER_H

#include "lib/text/bpe.h"

struct encoder; // opaque

enum encoder_special {
    ENCODER_ORDINARY, // "<|endoftext|>" is text like any other
    ENCODER_SPECIAL,  // it is the token
};

// A list of ids that grows; start with zeros.
struct token_list {
    uint32_t *ids;
    size_t count, capacity;
};
void token_list_free(struct token_list *list);

enum status encoder_create(struct encoder **encoder, const struct bpe_vocabulary *vocabulary,
                           enum encoder_special special, struct error *error);
void encoder_free(struct encoder *encoder);

// Appends the ids of one whole text.
enum status encoder_encode(struct encoder *encoder, const uint8_t *text, size_t length,
                           struct token_list *list, struct error *error);

#endif
