#include "lib/train/blocks.h"

#include <assert.h>

#include "lib/base/random.h"

const struct mask_draw MASKS_OF_EVALUATION = {0};

// Tokens of text by which a block advances.
static size_t block_stride(const struct blocks *blocks) {
    return blocks->kind == BLOCKS_RELEASED ? blocks->context - 1 : blocks->context;
}

// Tokens of text behind the last input: its target.
static size_t block_successors(const struct blocks *blocks) {
    return blocks->kind == BLOCKS_STREAM && blocks->objective == OBJECTIVE_CAUSAL;
}

static enum status check_special_tokens(const struct blocks *blocks, struct error *error) {
    const struct token_file *tokens = blocks->tokens;
    if (blocks->kind == BLOCKS_RELEASED && tokens->vocabulary.end_of_text < 0) {
        return error_set(error, STATUS_USAGE,
                         "the vocabulary of '%s' has no end-of-text token; use --blocks stream",
                         tokens->name);
    }
    if (blocks->objective == OBJECTIVE_MLM && blocks->mask < 0) {
        return error_set(error, STATUS_USAGE,
                         "the vocabulary of '%s' has no token to mask others with", tokens->name);
    }
    return STATUS_OK;
}

enum status blocks_open(struct blocks *blocks, const struct token_file *tokens,
                        enum blocks_kind kind, enum objective objective, size_t context,
                        struct error *error) {
    assert(context >= (kind == BLOCKS_RELEASED ? 2 : 1));
    const struct token_vocabulary *vocabulary = &tokens->vocabulary;
    *blocks = (struct blocks){
        .tokens = tokens,
        .kind = kind,
        .objective = objective,
        .context = context,
        .mask = (int32_t)(vocabulary->mask >= 0 ? vocabulary->mask : vocabulary->end_of_text)};
    enum status status = check_special_tokens(blocks, error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t successors = block_successors(blocks);
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

// How many of n tokens are hidden.
static size_t masked_count(size_t n) {
    size_t count = (15 * n + 50) / 100;
    return count > 0 ? count : 1;
}

// What the network sees where `token` is hidden.
static int32_t hide(const struct blocks *blocks, struct random_sequence *sequence, int32_t token) {
    uint64_t tenth = random_below(sequence, 10);
    if (tenth < 8) {
        return blocks->mask;
    }
    return tenth == 8 ? (int32_t)random_below(sequence, blocks->tokens->vocabulary.size) : token;
}

// Hides some of n tokens, each choice equally likely: going through them, each is taken with the
// probability that leaves the rest equally likely (Knuth, volume 2, algorithm 3.4.2 S).
static void mask_tokens(const struct blocks *blocks, struct random_place place, size_t n,
                        int32_t *inputs, int32_t *targets) {
    struct random_sequence sequence;
    size_t wanted = masked_count(n);
    random_sequence_start(&sequence, place);
    for (size_t i = 0; i < n; i++) {
        bool taken = random_below(&sequence, n - i) < wanted;
        targets[i] = taken ? inputs[i] : -1;
        if (taken) {
            inputs[i] = hide(blocks, &sequence, inputs[i]);
            wanted--;
        }
    }
}

// The inputs of both objectives. Returns how many of them, from the first, are not text.
static size_t fill_inputs(const struct blocks *blocks, size_t block, int32_t *inputs) {
    size_t first = block * block_stride(blocks), added = blocks->kind == BLOCKS_RELEASED;
    if (added) {
        inputs[0] = (int32_t)blocks->tokens->vocabulary.end_of_text;
    }
    for (size_t t = added; t < blocks->context; t++) {
        inputs[t] = (int32_t)token_file_id(blocks->tokens, first + t - added);
    }
    return added;
}

void blocks_fill(const struct blocks *blocks, size_t block, const struct mask_draw *masks,
                 int32_t *inputs, int32_t *targets) {
    assert(block < blocks->count);
    size_t T = blocks->context, added = fill_inputs(blocks, block, inputs);
    if (blocks->objective == OBJECTIVE_MLM) {
        assert(masks->pass >> 32 == 0 && block <= UINT32_MAX);
        struct random_place place = {.seed = masks->seed,
                                     .step = masks->pass << 32 | block,
                                     .stream = RANDOM_MASK,
                                     .site = masks->site};
        targets[0] = -1;
        mask_tokens(blocks, place, T - added, inputs + added, targets + added);
        return;
    }
    for (size_t t = 0; t + 1 < T; t++) {
        targets[t] = inputs[t + 1];
    }
    targets[T - 1] = added ? inputs[0] : (int32_t)token_file_id(blocks->tokens, (block + 1) * T);
}

size_t blocks_text_targets(const struct blocks *blocks) {
    bool ends = blocks->kind == BLOCKS_RELEASED && blocks->objective == OBJECTIVE_CAUSAL;
    return ends ? blocks->context - 1 : blocks->context;
}

void blocks_measure(const struct blocks *blocks, size_t count, uint64_t *bytes, uint64_t *words) {
    assert(count <= blocks->count);
    if (blocks->objective == OBJECTIVE_MLM) {
        *bytes = *words = 0;
        return;
    }
    size_t first = block_successors(blocks);
    token_file_measure(blocks->tokens, first, first + count * block_stride(blocks), bytes, words);
}
