// Evaluation of a network on a text: dropout off, blocks in their order.
#ifndef DLT_TRAIN_EVALUATE_H
#define DLT_TRAIN_EVALUATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/model/model.h"
#include "lib/record/record.h"
#include "lib/train/blocks.h"

struct evaluation {
    double loss; // mean over batches of the batch's mean cross-entropy, as published figures are
    double perplexity; // exp(loss)
    uint64_t blocks, batches;
    uint64_t tokens;  // targets counted in the loss
    uint64_t correct; // of these, the model's first guess
    bool full;        // the whole text
    // Of the targets that stand in the text (not the end-of-text tokens that blocks add):
    double nll; // sum of cross-entropies, nats
    uint64_t text_tokens, text_bytes, text_words;
    double bits_per_byte, perplexity_per_word; // 0 where the text has no bytes or words
};

// Evaluates up to `batches` batches of `batch` blocks (0: all). *stopped: a signal came, and there
// is no result; NULL: signals are not looked at.
enum status evaluate_blocks(struct model *model, const struct blocks *blocks, size_t batch,
                            uint64_t batches, struct evaluation *result, bool *stopped,
                            struct error *error);
// Windows that overlap: each moves on by `stride` tokens and only its last `stride` targets count (all
// of the first window's), so that every counted token has context. `kind`: the blocks that the network
// was trained on. Where these are released, a window begins with the end-of-text token too, and its last
// position, where every block of training ends, predicts nothing.
enum status evaluate_windows(struct model *model, const struct token_file *tokens,
                             enum blocks_kind kind, size_t batch, size_t stride,
                             struct evaluation *result, struct error *error);
// Tokens that a window predicts, at most: the longest stride.
size_t evaluate_window_room(enum blocks_kind kind, size_t T);

// Sets the perplexities and the bits per byte from loss, nll and the text's measures.
void evaluation_derive(struct evaluation *result);
// The fields of `result` but its loss's split, into the open record.
void evaluation_put(const struct evaluation *result, struct record_builder *r);

#endif
