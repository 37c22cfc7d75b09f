// Text to the ids of BERT's tokeniser: cleans it, takes off accents and capitals, cuts it into words
// and these into pieces. As the tokenizers library's BertWordPieceTokenizer without the template
// ([CLS] before and [SEP] behind a text), its special pieces taken for text unless asked to.
// Bytes that are not UTF-8 are left out, as the library leaves out the U+FFFD of a lossy decoding.
// One encoder per thread.
#ifndef DLT_TEXT_WORDPIECE_ENCODER_H
#define DLT_TEXT_WORDPIECE_ENCODER_H

#include "lib/text/token_list.h"
#include "lib/text/wordpiece.h"

struct wordpiece_encoder; // opaque

struct wordpiece_options {
    bool cased;   // keeps accents and capitals
    bool special; // "[MASK]" and the like in the text are those pieces
};

enum status wordpiece_encoder_create(struct wordpiece_encoder **encoder,
                                     const struct wordpiece_vocabulary *vocabulary,
                                     struct wordpiece_options options, struct error *error);
void wordpiece_encoder_free(struct wordpiece_encoder *encoder);

// Appends the ids of one whole text.
enum status wordpiece_encoder_encode(struct wordpiece_encoder *encoder, const uint8_t *text,
                                     size_t length, struct token_list *list, struct error *error);

// The last place in (0, length] behind which a new word starts whatever follows text[length), and
// which is not inside a special piece; 0 if there is none.
size_t wordpiece_safe_cut(const uint8_t *text, size_t length);

#endif
