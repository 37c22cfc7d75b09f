// Blocks: a text cut into inputs and targets of T tokens, T the context.
//
//   released   T - 1 tokens of text each, the remainder dropped, as the released code has it:
//              input  [<|endoftext|>] + tokens,  target  tokens + [<|endoftext|>]
//   stream     input  tokens b T .. b T + T - 1,  target  the same shifted by one
#ifndef DLT_TRAIN_BLOCKS_H
#define DLT_TRAIN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/record/tokens.h"

enum blocks_kind { BLOCKS_RELEASED, BLOCKS_STREAM };

struct blocks {
    const struct token_file *tokens; // not owned
    enum blocks_kind kind;
    size_t context; // T
    size_t count;   // of blocks, at least 1
};

// STATUS_USAGE: the text is shorter than one block, or has no end-of-text token to put between.
enum status blocks_open(struct blocks *blocks, const struct token_file *tokens,
                        enum blocks_kind kind, size_t context, struct error *error);
// inputs, targets: (T)
void blocks_fill(const struct blocks *blocks, size_t block, int32_t *inputs, int32_t *targets);
// How many of a block's T targets, from the first, stand in the text.
size_t blocks_text_targets(const struct blocks *blocks);
// Bytes and words of the targets of the first `count` blocks.
void blocks_measure(const struct blocks *blocks, size_t count, uint64_t *bytes, uint64_t *words);

#endif
