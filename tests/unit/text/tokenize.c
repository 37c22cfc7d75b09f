#define _GNU_SOURCE
#include "lib/text/tokenize.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/base/random.h"
#include "lib/text/unicode.h"
#include "tests/unit/text/support.h"

struct result {
    struct buffer ids;   // uint32_t
    struct buffer lines; // uint64_t
    uint64_t count, bytes, words, newlines;
};

static enum status collect(void *context, const struct token_part *part, struct error *error) {
    struct result *result = context;
    for (size_t i = 0; i < part->line_count; i++) {
        uint64_t end = result->count + part->line_ends[i];
        buffer_append(&result->lines, &end, sizeof end, error);
    }
    result->count += part->count;
    result->bytes += part->text_bytes;
    result->words += part->text_words;
    result->newlines += part->text_lines;
    for (size_t i = 0; i < part->count; i++) {
        uint32_t id = tokens_packed_id(part->ids, part->width, i);
        buffer_append(&result->ids, &id, sizeof id, error);
    }
    return STATUS_OK;
}

static struct result tokenize(const struct text_model *model, enum text_cut cut,
                              const char *const *paths, size_t count, int threads) {
    struct result result = {0};
    struct text_source source;
    struct error error = {0};
    CHECK(text_source_open(&source, paths, count, cut, &error) == STATUS_OK);
    CHECK(text_tokenize(model, &source, threads, collect, &result, &error) == STATUS_OK);
    CHECK_INT(source.done, count);
    text_source_close(&source);
    return result;
}

static void result_free(struct result *result) {
    buffer_free(&result->ids);
    buffer_free(&result->lines);
}

// Characters of every class and length, so that parts are cut in all places.
static uint8_t *hard_text(size_t length) {
    static const char *const BITS[] = {"a",
                                       "b",
                                       " ",
                                       " ",
                                       "\n",
                                       "'s",
                                       "'",
                                       "ll",
                                       "1",
                                       ".",
                                       "é",
                                       "\xE2\x80\x83",
                                       "語",
                                       "😀",
                                       "\xFF",
                                       "\xE2\x80",
                                       "<|",
                                       "<|endoftext|>",
                                       "endoftext|>",
                                       " the",
                                       "\r\n",
                                       "[MASK]",
                                       "[M",
                                       "日",
                                       "É"};
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 3});
    uint8_t *text = malloc(length);
    for (size_t at = 0; at < length;) {
        const char *bit = BITS[random_below(&random, ARRAY_LENGTH(BITS))];
        for (; *bit && at < length; bit++) {
            text[at++] = (uint8_t)*bit;
        }
    }
    return text;
}

static void write_text(char *path, const uint8_t *text, size_t length) {
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text, length) == (ssize_t)length);
    close(file);
}

// Parts are larger than 1 MiB only in this test: one text in one piece is what all must equal.
static void test_parts_and_threads(const struct text_model *model, enum text_cut cut) {
    enum { LENGTH = 3 * TEXT_PART + 12345, FIRST = TEXT_PART - 3 };
    uint8_t *text = hard_text(LENGTH);
    char whole[] = "/tmp/dlt-text-XXXXXX", first[] = "/tmp/dlt-text-XXXXXX",
         second[] = "/tmp/dlt-text-XXXXXX";
    write_text(whole, text, LENGTH);
    write_text(first, text, FIRST);
    write_text(second, text + FIRST, LENGTH - FIRST);

    struct text_encoder encoder;
    struct token_list want = {0};
    struct error error = {0};
    CHECK(text_encoder_create(&encoder, model, &error) == STATUS_OK);
    for (const uint8_t *at = text, *end = text + LENGTH; at < end;) {
        const uint8_t *next = cut == TEXT_CUT_LINES ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        next = next ? next + 1 : end;
        CHECK(text_encoder_encode(&encoder, at, (size_t)(next - at), &want, &error) == STATUS_OK);
        at = next;
    }
    for (int threads = 1; threads <= 3; threads++) {
        const char *paths[] = {first, second};
        struct result one = tokenize(model, cut, (const char *[]){whole}, 1, threads);
        struct result two = tokenize(model, cut, paths, 2, threads);
        CHECK(one.count == want.count &&
              memcmp(one.ids.data, want.ids, one.count * sizeof *want.ids) == 0);
        CHECK(two.count == want.count &&
              memcmp(two.ids.data, want.ids, two.count * sizeof *want.ids) == 0);
        CHECK_INT(one.bytes, LENGTH);
        CHECK(one.words == two.words && one.newlines == two.newlines);
        CHECK(one.lines.length == two.lines.length);
        CHECK_INT(one.lines.length / sizeof(uint64_t),
                  cut == TEXT_CUT_LINES ? one.newlines + (text[LENGTH - 1] != '\n') : 0);
        result_free(&one);
        result_free(&two);
    }
    token_list_free(&want);
    text_encoder_free(&encoder);
    unlink(whole);
    unlink(first);
    unlink(second);
    free(text);
}

static void test_bpe(void) {
    struct text_model model = {.kind = TEXT_BPE, .bpe = small_vocabulary()};
    test_parts_and_threads(&model, text_model_cut(&model));
    test_parts_and_threads(&model, TEXT_CUT_LINES);
    model.special = true;
    test_parts_and_threads(&model, text_model_cut(&model));
    text_model_free(&model);
}

static void test_wordpiece(void) {
    struct text_model model = {.kind = TEXT_WORDPIECE, .wordpiece = small_pieces()};
    for (int options = 0; options < 4; options++) {
        model.special = options & 1;
        model.cased = options & 2;
        test_parts_and_threads(&model, text_model_cut(&model));
    }
    test_parts_and_threads(&model, TEXT_CUT_LINES);
    text_model_free(&model);
}

static void test_missing_file(void) {
    struct bpe_vocabulary v = small_vocabulary();
    struct text_source source;
    struct result result = {0};
    struct error error = {0};
    const char *paths[] = {"/nonexistent/text"};
    CHECK(text_source_open(&source, paths, 1, TEXT_CUT_WORDS, &error) == STATUS_OK);
    struct text_model model = {.bpe = v};
    CHECK_INT(text_tokenize(&model, &source, 3, collect, &result, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "/nonexistent/text");
    text_source_close(&source);
    bpe_vocabulary_free(&v);
}

static void check_counts(const struct text_part *part, uint64_t words, uint64_t lines) {
    for (int plainly = 0; plainly < 2; plainly++) {
        struct text_counts counts = text_count(part, plainly);
        CHECK_INT(counts.words, words);
        CHECK_INT(counts.lines, lines);
    }
}

static void test_counts_of_words(void) {
    struct text_part part = {.after_space = true};
    struct error error = {0};
    check_counts(&part, 0, 0);
    CHECK(buffer_append(&part.text, "one two\n\n three", 15, &error) == STATUS_OK);
    check_counts(&part, 3, 2);
    part.after_space = false;
    check_counts(&part, 2, 2);
    for (size_t i = 0; i < 1000; i++) {
        buffer_append(&part.text, " a\n", 3, &error);
    }
    check_counts(&part, 1002, 1002);
    buffer_free(&part.text);
}

// Texts of every length, in which all kinds of bytes meet.
static void test_counts_of_all_lengths(void) {
    enum { LONGEST = 700 };
    struct text_part part = {.after_space = true};
    struct error error = {0};
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 6});
    uint64_t words = 0, lines = 0;
    uint8_t before = ' ';
    while (part.text.length < LONGEST) {
        uint8_t byte = (uint8_t) "ab \t\n\v\f\r!\b\x0E\xA0\x85\x89"[random_below(&random, 14)];
        CHECK(buffer_append(&part.text, &byte, 1, &error) == STATUS_OK);
        words += byte_is_space(before) && !byte_is_space(byte);
        lines += byte == '\n';
        check_counts(&part, words, lines);
        before = byte;
    }
    buffer_free(&part.text);
}

int main(void) {
    RUN(test_bpe);
    RUN(test_wordpiece);
    RUN(test_missing_file);
    RUN(test_counts_of_words);
    RUN(test_counts_of_all_lengths);
    return check_finish();
}
