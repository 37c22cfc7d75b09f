// Blocks and shuffled passes, by hand-made examples.
#include "lib/train/blocks.h"

#include <stdlib.h>

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
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 3);
    CHECK_INT(blocks_text_targets(&blocks), 3);
    blocks_fill(&blocks, 0, inputs, targets);
    expect(inputs, (int32_t[]){END, 0, 1, 2}, 4);
    expect(targets, (int32_t[]){0, 1, 2, END}, 4);
    blocks_fill(&blocks, 2, inputs, targets);
    expect(inputs, (int32_t[]){END, 6, 7, 8}, 4);
    expect(targets, (int32_t[]){6, 7, 8, END}, 4);
}

static void test_stream_blocks(void) {
    struct token_file text = make_text(9); // the target of the last of 8 inputs is the 9th token
    struct blocks blocks;
    struct error error = {0};
    int32_t inputs[4], targets[4];
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 2);
    CHECK_INT(blocks_text_targets(&blocks), 4);
    blocks_fill(&blocks, 1, inputs, targets);
    expect(inputs, (int32_t[]){4, 5, 6, 7}, 4);
    expect(targets, (int32_t[]){5, 6, 7, 8}, 4);
    text = make_text(8);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 4, &error), STATUS_OK);
    CHECK_INT(blocks.count, 1);
}

static void test_text_too_short(void) {
    struct token_file text = make_text(4);
    struct blocks blocks;
    struct error error = {0};
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, 5, &error), STATUS_OK);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, 6, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "--context 6 is longer than the text 'text' of 4 tokens");
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 4, &error), STATUS_USAGE);
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 3, &error), STATUS_OK);
    text.vocabulary.end_of_text = -1;
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, 3, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "--blocks stream");
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
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 1, &error), STATUS_OK);
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
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 1, &error), STATUS_OK);
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
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, 1, &error), STATUS_OK);
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
    RUN(test_passes_are_permutations);
    RUN(test_sampler_restored);
    RUN(test_shuffle_is_uniform);
    return check_finish();
}
