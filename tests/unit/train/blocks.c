// Blocks and shuffled passes, by hand-made examples.
#include "lib/train/blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/train/sampler.h"
#include "tests/unit/check.h"

enum { END = 99 };

static uint16_t ids[1000];

// `count` tokens 0, 1, 2, ...
static struct token_file make_text(size_t count) {
    for (size_t i = 0; i < count; i++) {
        ids[i] = (uint16_t)i;
    }
    static char name[] = "text";
    return (struct token_file){.vocabulary = {.size = 1000, .end_of_text = END},
                               .ids = ids,
                               .width = 2,
                               .count = count,
                               .name = name};
}

static void expect(const int32_t *got, const int32_t *want, size_t count) {
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(got[i], want[i]);
    }
}

static void test_released_blocks(void) {
    struct token_file text =
        make_text(11); // blocks of 3 tokens: 0 1 2, 3 4 5, 6 7 8; 9, 10 dropped
    struct blocks blocks;
    struct error error = {0};
    int32_t inputs[4], targets[4];
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, OBJECTIVE_CAUSAL, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 3);
    CHECK_INT(blocks_text_targets(&blocks), 3);
    blocks_fill(&blocks, 0, NULL, inputs, targets);
    expect(inputs, (int32_t[]){END, 0, 1, 2}, 4);
    expect(targets, (int32_t[]){0, 1, 2, END}, 4);
    blocks_fill(&blocks, 2, NULL, inputs, targets);
    expect(inputs, (int32_t[]){END, 6, 7, 8}, 4);
    expect(targets, (int32_t[]){6, 7, 8, END}, 4);
}

static void test_stream_blocks(void) {
    struct token_file text = make_text(9); // the target of the last of 8 inputs is the 9th token
    struct blocks blocks;
    struct error error = {0};
    int32_t inputs[4], targets[4];
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 2);
    CHECK_INT(blocks_text_targets(&blocks), 4);
    blocks_fill(&blocks, 1, NULL, inputs, targets);
    expect(inputs, (int32_t[]){4, 5, 6, 7}, 4);
    expect(targets, (int32_t[]){5, 6, 7, 8}, 4);
    text = make_text(8);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 1);
}

static void test_text_too_short(void) {
    struct token_file text = make_text(4);
    struct blocks blocks;
    struct error error = {0};
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, OBJECTIVE_CAUSAL, 5, &error), STATUS_OK);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, OBJECTIVE_CAUSAL, 6, &error),
              STATUS_USAGE);
    CHECK_STRING(error.message, "--context 6 is longer than the text 'text' of 4 tokens");
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 4, &error),
              STATUS_USAGE);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 3, &error), STATUS_OK);
    text.vocabulary.end_of_text = -1;
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, OBJECTIVE_CAUSAL, 3, &error),
              STATUS_USAGE);
    CHECK_STRING(error.message, "--blocks stream");
}

// ---- Masked language modelling ------------------------------------------------------------------

enum { MASK = 77, LENGTH = 20, TAKEN = 3 }; // 15% of 20

static struct blocks open_masked(const struct token_file *text, enum blocks_kind kind, size_t T) {
    struct blocks blocks;
    struct error error = {0};
    CHECK_INT(blocks_open(&blocks, text, kind, OBJECTIVE_MLM, T, &error), STATUS_OK);
    return blocks;
}

static struct token_file make_maskable_text(size_t count) {
    struct token_file text = make_text(count);
    text.vocabulary.mask = MASK;
    return text;
}

// Every target is the token that stands there, and every input that is not the token has a target.
static void test_masked_blocks(void) {
    struct token_file text = make_maskable_text(200); // the last block needs no successor
    struct blocks blocks = open_masked(&text, BLOCKS_STREAM, LENGTH);
    CHECK_INT(blocks.count, 10);
    CHECK_INT(blocks_text_targets(&blocks), LENGTH);
    for (size_t b = 0; b < blocks.count; b++) {
        int32_t inputs[LENGTH], targets[LENGTH];
        int taken = 0;
        blocks_fill(&blocks, b, &MASKS_OF_EVALUATION, inputs, targets);
        for (size_t t = 0; t < LENGTH; t++) {
            int32_t token = (int32_t)(b * LENGTH + t);
            CHECK(targets[t] == -1 ? inputs[t] == token : targets[t] == token);
            taken += targets[t] >= 0;
        }
        CHECK_INT(taken, TAKEN);
    }
    uint64_t bytes = 1, words = 1;
    blocks_measure(&blocks, blocks.count, &bytes, &words);
    CHECK(bytes == 0 && words == 0);
}

static void test_masked_released_blocks(void) {
    struct token_file text = make_text(19);
    text.vocabulary.mask = -1; // as in byte-level BPE
    struct blocks blocks = open_masked(&text, BLOCKS_RELEASED, LENGTH);
    CHECK_INT(blocks.count, 1);
    CHECK_INT(blocks.mask, END);
    for (uint64_t pass = 0; pass < 50; pass++) {
        const struct mask_draw masks = {1, 2, pass};
        int32_t inputs[LENGTH], targets[LENGTH];
        blocks_fill(&blocks, 0, &masks, inputs, targets);
        CHECK(inputs[0] == END && targets[0] == -1);
        for (size_t t = 1; t < LENGTH; t++) {
            CHECK(targets[t] == -1 ? inputs[t] == (int32_t)t - 1 : targets[t] == (int32_t)t - 1);
        }
    }
    text.vocabulary.end_of_text = -1;
    struct error error = {0};
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_MLM, 4, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "no token to mask others with");
}

// In the long run each position is taken as often as any other, and 80%, 10% and 10% of those taken
// are masked, random and kept. Five standard deviations.
static void test_masking_rates(void) {
    enum { PASSES = 20000 };
    struct token_file text = make_maskable_text(LENGTH);
    struct blocks blocks = open_masked(&text, BLOCKS_STREAM, LENGTH);
    double taken[LENGTH] = {0}, masked = 0, kept = 0;
    for (uint64_t pass = 0; pass < PASSES; pass++) {
        const struct mask_draw masks = {7, 1, pass};
        int32_t inputs[LENGTH], targets[LENGTH];
        blocks_fill(&blocks, 0, &masks, inputs, targets);
        for (size_t t = 0; t < LENGTH; t++) {
            taken[t] += targets[t] >= 0;
            masked += targets[t] >= 0 && inputs[t] == MASK;
            kept += targets[t] >= 0 && inputs[t] == targets[t];
        }
    }
    double n = (double)PASSES * TAKEN;
    for (size_t t = 0; t < LENGTH; t++) {
        CHECK_CLOSE(taken[t] / PASSES, 0.15, 5 * sqrt(0.15 * 0.85 / PASSES));
    }
    CHECK_CLOSE(masked / n, 0.8 + 0.1 / 1000, 5 * sqrt(0.8 * 0.2 / n));
    CHECK_CLOSE(kept / n, 0.1 + 0.1 / 1000, 5 * sqrt(0.1 * 0.9 / n));
}

// Masks are a function of seed, site, pass and block, and differ where one of these does.
static void test_mask_keys(void) {
    struct token_file text = make_maskable_text(200);
    struct blocks blocks = open_masked(&text, BLOCKS_STREAM, 100);
    static const struct mask_draw KEYS[] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    int32_t first[2][100], again[2][100];
    blocks_fill(&blocks, 0, &KEYS[0], first[0], first[1]);
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        blocks_fill(&blocks, 0, &KEYS[i], again[0], again[1]);
        CHECK_INT(memcmp(first, again, sizeof first) == 0, i == 0);
    }
    blocks_fill(&blocks, 1, &KEYS[0], again[0], again[1]);
    bool same = true;
    for (size_t t = 0; t < 100; t++) {
        same = same && (first[1][t] < 0) == (again[1][t] < 0);
    }
    CHECK(!same);
}

// A block shorter than seven tokens still has one to guess.
static void test_short_masked_blocks(void) {
    struct token_file text = make_maskable_text(4);
    for (size_t T = 1; T <= 4; T++) {
        struct blocks blocks = open_masked(&text, BLOCKS_STREAM, T);
        int32_t inputs[4], targets[4];
        int taken = 0;
        blocks_fill(&blocks, 0, &MASKS_OF_EVALUATION, inputs, targets);
        for (size_t t = 0; t < T; t++) {
            taken += targets[t] >= 0;
        }
        CHECK_INT(taken, 1);
    }
}

// ---- Samplers -----------------------------------------------------------------------------------

// Every visit of a block has masks of its own, and a sampler that goes on from its place has the
// same.
static void test_masks_of_a_sampler(void) {
    struct token_file text = make_maskable_text(100);
    struct blocks blocks = open_masked(&text, BLOCKS_STREAM, 50);
    struct sampler sampler;
    struct error error = {0};
    int32_t inputs[3][100], targets[3][100];
    CHECK_INT(sampler_open(&sampler, &blocks, 2, 7, RANDOM_SHUFFLE, &error), STATUS_OK);
    sampler_next(&sampler, inputs[0], targets[0]);
    sampler_next(&sampler, inputs[1], targets[1]);
    CHECK(memcmp(targets[0], targets[1], sizeof targets[0]) != 0);
    CHECK_INT(sampler_restore(&sampler, 1, 2, &error), STATUS_OK);
    sampler_next(&sampler, inputs[2], targets[2]);
    CHECK(memcmp(inputs[1], inputs[2], sizeof inputs[1]) == 0);
    CHECK(memcmp(targets[1], targets[2], sizeof targets[1]) == 0);
    sampler_close(&sampler);
}

// The blocks of one pass, by their first token; stream blocks of one token: block b starts with b.
static size_t draw_pass(struct sampler *sampler, int32_t *drawn) {
    size_t count = 0, total = sampler->blocks->count;
    while (count < total) {
        int32_t inputs[8], targets[8];
        int taken = sampler_next(sampler, inputs, targets);
        CHECK(taken > 0 && count + (size_t)taken <= total);
        for (int b = 0; b < taken; b++) {
            drawn[count++] = inputs[b];
        }
    }
    return count;
}

static bool is_permutation(const int32_t *drawn, size_t count) {
    bool seen[1000] = {false};
    for (size_t i = 0; i < count; i++) {
        if (drawn[i] < 0 || (size_t)drawn[i] >= count || seen[drawn[i]]) {
            return false;
        }
        seen[drawn[i]] = true;
    }
    return true;
}

static void test_passes_are_permutations(void) {
    struct token_file text = make_text(60); // 59 blocks: the last batch of a pass is smaller
    struct blocks blocks;
    struct sampler sampler;
    struct error error = {0};
    int32_t first[64], second[64], again[64];
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 1, &error), STATUS_OK);
    CHECK_INT(sampler_open(&sampler, &blocks, 8, 7, RANDOM_SHUFFLE, &error), STATUS_OK);
    draw_pass(&sampler, first);
    CHECK(is_permutation(first, blocks.count));
    CHECK_INT(sampler.pass, 1);
    draw_pass(&sampler, second);
    CHECK(is_permutation(second, blocks.count));
    CHECK_INT(sampler.pass, 2);
    CHECK(memcmp(first, second, blocks.count * sizeof *first) != 0);
    sampler_close(&sampler);
    // A pass depends on its number alone, not on what was drawn before it.
    CHECK_INT(sampler_open(&sampler, &blocks, 8, 7, RANDOM_SHUFFLE, &error), STATUS_OK);
    int32_t inputs[8], targets[8];
    sampler_next(&sampler, inputs, targets);
    sampler_begin_pass(&sampler);
    draw_pass(&sampler, again);
    CHECK(memcmp(second, again, blocks.count * sizeof *first) == 0);
    sampler_close(&sampler);
}

static void test_sampler_restored(void) {
    struct token_file text = make_text(100);
    struct blocks blocks;
    struct sampler one, other;
    struct error error = {0};
    int32_t want[8], got[8], targets[8];
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 1, &error), STATUS_OK);
    CHECK_INT(sampler_open(&one, &blocks, 8, 1, RANDOM_REWARD, &error), STATUS_OK);
    CHECK_INT(sampler_open(&other, &blocks, 8, 1, RANDOM_REWARD, &error), STATUS_OK);
    for (int i = 0; i < 17; i++) {
        sampler_next(&one, want, targets);
    }
    CHECK_INT(sampler_restore(&other, one.pass, one.position, &error), STATUS_OK);
    CHECK_INT(sampler_next(&one, want, targets), sampler_next(&other, got, targets));
    CHECK(memcmp(want, got, sizeof want) == 0);
    CHECK_INT(sampler_restore(&other, 1, blocks.count + 1, &error), STATUS_DAMAGED);
    CHECK_INT(sampler_restore(&other, 0, 1, &error), STATUS_DAMAGED);
    CHECK_INT(sampler_restore(&other, UINT64_C(1) << 32, 0, &error), STATUS_DAMAGED);
    CHECK_INT(sampler_restore(&other, UINT32_MAX, 0, &error), STATUS_DAMAGED); // no pass comes after it
    sampler_close(&one);
    sampler_close(&other);
}

// Every block comes first about equally often.
static void test_shuffle_is_uniform(void) {
    struct token_file text = make_text(6);
    struct blocks blocks;
    struct sampler sampler;
    struct error error = {0};
    int counts[5] = {0};
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, 1, &error), STATUS_OK);
    CHECK_INT(sampler_open(&sampler, &blocks, 1, 3, RANDOM_SHUFFLE, &error), STATUS_OK);
    for (int i = 0; i < 5000; i++) {
        int32_t input, target;
        sampler_begin_pass(&sampler);
        sampler_next(&sampler, &input, &target);
        counts[input]++;
    }
    for (int i = 0; i < 5; i++) {
        CHECK_CLOSE(counts[i], 1000, 120); // 4 standard deviations
    }
    sampler_close(&sampler);
}

int main(void) {
    RUN(test_released_blocks);
    RUN(test_stream_blocks);
    RUN(test_text_too_short);
    RUN(test_masked_blocks);
    RUN(test_masked_released_blocks);
    RUN(test_masking_rates);
    RUN(test_mask_keys);
    RUN(test_short_masked_blocks);
    RUN(test_masks_of_a_sampler);
    RUN(test_passes_are_permutations);
    RUN(test_sampler_restored);
    RUN(test_shuffle_is_uniform);
    return check_finish();
}
