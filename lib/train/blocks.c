#include "lib/train/blocks.h"

#include <assert.h>

// Tokens of text by which a block advances.
static size_t block_stride(const struct blocks *blocks) {
    return blocks->kind == BLOCKS_RELEASED ? blocks->context - 1 : blocks->context;
}

enum status blocks_open(struct blocks *blocks, const struct token_file *tokens,
                        enum blocks_kind kind, size_t context, struct error *error) {
    assert(context >= (kind == BLOCKS_RELEASED ? 2 : 1));
    *blocks = (struct blocks){.tokens = tokens, .kind = kind, .context = context};
    size_t successors = kind == BLOCKS_STREAM; // the last target stands behind the last input
    if (kind == BLOCKS_RELEASED && tokens->vocabulary.end_of_text < 0) {
        return error_set(error, STATUS_USAGE,
                         "the vocabulary of '%s' has no end-of-text token; use --blocks stream",
                         tokens->name);
    }
    blocks->count =
        tokens->count < successors ? 0 : (tokens->count - successors) / block_stride(blocks);
    if (blocks->count == 0) {
        return error_set(error, STATUS_USAGE,
                         "--context %zu is longer than the text '%s' of %zu tokens", context,
                         tokens->name, tokens->count);
    }
    if (blocks->count > UINT32_MAX) {
        return error_set(error, STATUS_FAILURE, "the text '%s' has more than 2^32 blocks",
                         tokens->name);
    }
    return STATUS_OK;
}

void blocks_fill(const struct blocks *blocks, size_t block, int32_t *inputs, int32_t *targets) {
    assert(block < blocks->count);
    const struct token_file *tokens = blocks->tokens;
    size_t T = blocks->context, first = block * block_stride(blocks);
    if (blocks->kind == BLOCKS_STREAM) {
        for (size_t t = 0; t < T; t++) {
            inputs[t] = (int32_t)token_file_id(tokens, first + t);
            targets[t] = (int32_t)token_file_id(tokens, first + t + 1);
        }
        return;
    }
    inputs[0] = targets[T - 1] = (int32_t)tokens->vocabulary.end_of_text;
    for (size_t t = 0; t + 1 < T; t++) {
        inputs[t + 1] = targets[t] = (int32_t)token_file_id(tokens, first + t);
    }
}

size_t blocks_text_targets(const struct blocks *blocks) {
    return blocks->kind == BLOCKS_RELEASED ? blocks->context - 1 : blocks->context;
}

void blocks_measure(const struct blocks *blocks, size_t count, uint64_t *bytes, uint64_t *words) {
    assert(count <= blocks->count);
    size_t first = blocks->kind == BLOCKS_STREAM;
    token_file_measure(blocks->tokens, first, first + count * block_stride(blocks), bytes, words);
}
