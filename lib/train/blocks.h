// Blocks: a text cut into inputs and targets of T tokens, T the context.
//
//   released   T - 1 tokens of text each, the remainder dropped, as the released code has it:
//              input  [<|endoftext|>] + tokens,  target  tokens + [<|endoftext|>]
//   stream     input  tokens b T .. b T + T - 1,  target  the same shifted by one
//
// Masked language modelling (Devlin et al. 2019) has the same inputs, and the same tokens again,
// not shifted, as its targets. Of a block's tokens of text 15% count, at least one, and are hidden
// from the network: 80% of them behind the vocabulary's mask token, or <|endoftext|> where it has
// none, as byte-level BPE; 10% behind a random token; 10% stay as they are.
#ifndef DLT_TRAIN_BLOCKS_H
#define DLT_TRAIN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"
#include "lib/record/tokens.h"

enum blocks_kind { BLOCKS_RELEASED, BLOCKS_STREAM };
enum objective { OBJECTIVE_CAUSAL, OBJECTIVE_MLM };

struct blocks {
    const struct token_file *tokens; // not owned
    enum blocks_kind kind;
    enum objective objective;
    size_t context; // T
    size_t count;   // of blocks, at least 1
    int32_t mask;   // with OBJECTIVE_MLM: the token that hides others
};

// Which masks a block gets: with its number, all that they depend on.
struct mask_draw {
    uint64_t seed;
    uint8_t site;  // what the block is drawn for: enum random_stream of its sampler, or 0
    uint64_t pass; // over the text, below 2^32
};
// Those of evaluation: the same at every evaluation of a text, whatever a run's seed.
extern const struct mask_draw MASKS_OF_EVALUATION;

// STATUS_USAGE: the text is shorter than one block, or has no end-of-text token to put between, or
// none to hide tokens.
enum status blocks_open(struct blocks *blocks, const struct token_file *tokens,
                        enum blocks_kind kind, enum objective objective, size_t context,
                        struct error *error);
// inputs, targets: (T). Targets that do not count are -1.
void blocks_fill(const struct blocks *blocks, size_t block, const struct mask_draw *masks,
                 int32_t *inputs, int32_t *targets);
// How many of a block's T targets, from the first, stand in the text, or can.
size_t blocks_text_targets(const struct blocks *blocks);
// Bytes and words of the targets of the first `count` blocks; 0 with OBJECTIVE_MLM, where they are
// no running text.
void blocks_measure(const struct blocks *blocks, size_t count, uint64_t *bytes, uint64_t *words);

#endif
