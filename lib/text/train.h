// Training a byte-level BPE vocabulary.
//
// Starts from the single bytes. Again and again the pair of neighbouring ids that occurs most often
// in the text's pre-tokens becomes the next id; of pairs that occur equally often the one whose
// left id is smaller, then the one whose right id is smaller. Ends when the vocabulary has its
// size, or no pair is left. This is the rule of the `tokenizers` library's BpeTrainer with a
// byte-level alphabet.
#ifndef DLT_TEXT_TRAIN_H
#define DLT_TEXT_TRAIN_H

#include "lib/text/bpe.h"
#include "lib/text/source.h"

// Appends the vocabulary, in GPT-2's merges format, to `text`; `size` counts 256 bytes, merges and
// <|endoftext|>. *reached is the size that the text was enough for.
enum status bpe_train(struct text_source *source, uint32_t size, struct buffer *text,
                      uint32_t *reached, struct error *error);

#endif
