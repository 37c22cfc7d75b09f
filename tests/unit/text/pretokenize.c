#include "lib/text/pretokenize.h"

#include "lib/base/hash.h"
#include "lib/base/random.h"
#include "lib/text/pretoken_scan.h"
#include "lib/text/unicode.h"
#include "tests/unit/check.h"

// The pieces of a text with '|' between them; the result is static.
static const char *pieces(const char *text) {
    static char cut[1024];
    size_t length = strlen(text), used = 0;
    for (size_t at = 0; at < length;) {
        size_t piece = pretoken_length((const uint8_t *)text + at, length - at);
        used += (size_t)snprintf(cut + used, sizeof cut - used, "%s%.*s", at ? "|" : "", (int)piece,
                                 text + at);
        at += piece;
    }
    return cut;
}

#define CHECK_PIECES(text, want)                                                                   \
    (void)(strcmp(pieces(text), want) == 0 ||                                                      \
           check_report(__FILE__, __LINE__, "pieces are '%s', not '%s'", pieces(text), want))

static void test_words_and_numbers(void) {
    CHECK_PIECES("Hello world", "Hello| world");
    CHECK_PIECES("a1b22 33", "a|1|b|22| 33");
    CHECK_PIECES("über слово²½x", "über| слово|²½|x");
    CHECK_PIECES("3.14, (ok)", "3|.|14|,| (|ok|)");
}

static void test_contractions(void) {
    CHECK_PIECES("don't we'll I'd", "don|'t| we|'ll| I|'d");
    CHECK_PIECES("DON'T 'Re", "DON|'|T| '|Re");
    CHECK_PIECES("''s x's", "''|s| x|'s");
    CHECK_PIECES("'llama're", "'ll|ama|'re");
    CHECK_PIECES("'", "'");
}

static void test_white_space(void) {
    CHECK_PIECES("a  b", "a| | b");
    CHECK_PIECES("a   ", "a|   ");
    CHECK_PIECES("a\n\n b", "a|\n\n| b");
    CHECK_PIECES("a\n\nb", "a|\n|\n|b");
    CHECK_PIECES("a\r\nb", "a|\r|\n|b");
    CHECK_PIECES("a\xC2\xA0\xE3\x80\x80"
                 "b",
                 "a|\xC2\xA0|\xE3\x80\x80|b");
}

static void test_invalid_bytes_are_symbols(void) {
    CHECK_PIECES("a\xFF\xC3 \xE2\x80", "a|\xFF\xC3| \xE2\x80");
    CHECK_PIECES("\xED\xA0\x80x", "\xED\xA0\x80|x");
    CHECK_PIECES("\xC0\x80\xF4\x90\x80\x80", "\xC0\x80\xF4\x90\x80\x80");
}

static void test_classes_of_characters(void) {
    CHECK_INT(character_classify(0x1680), CHARACTER_SPACE);
    CHECK_INT(character_classify(0x200B), CHARACTER_OTHER);
    CHECK_INT(character_classify(0x1C), CHARACTER_OTHER);
    CHECK_INT(character_classify(0x2167), CHARACTER_NUMBER);
    CHECK_INT(character_classify(0x0301), CHARACTER_OTHER);
    // New in Unicode 16, and in 17.
    CHECK_INT(character_classify(0x16100), CHARACTER_LETTER);
    CHECK_INT(character_classify(0x10D40), CHARACTER_NUMBER);
    CHECK_INT(character_classify(0x323B0), CHARACTER_OTHER);
    CHECK_INT(character_classify(CHARACTER_INVALID), CHARACTER_OTHER);
}

// A byte each: SHA-256 of what tiktoken 0.14 says.
static void test_class_of_every_code_point(void) {
    static uint8_t classes[0x110000];
    for (uint32_t point = 0; point < 0x110000; point++) {
        classes[point] = (uint8_t)character_classify(point);
    }
    char digest[HASH_SHA256_TEXT];
    hash_sha256(classes, sizeof classes, digest);
    CHECK_STRING(digest, "ba830e7f669dd0fcc40141409e2c8be621eead74b1d0d659dc89185f117d69c8");
    CHECK_INT(character_classify(0x110000), CHARACTER_OTHER);
}

static void test_decode_every_code_point(void) {
    size_t wrong = 0;
    for (uint32_t point = 0x80; point < 0x110000; point++) {
        bool surrogate = point >= 0xD800 && point < 0xE000;
        size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
        uint8_t text[4];
        for (size_t i = bytes; i-- > 1;) {
            text[i] = (uint8_t)(0x80 | (point >> (6 * (bytes - 1 - i)) & 0x3F));
        }
        text[0] = (uint8_t)(0xF00u >> bytes | point >> (6 * (bytes - 1)));
        uint32_t got;
        wrong += character_decode(text, bytes, &got) != (surrogate ? 1 : bytes);
        wrong += got != (surrogate ? CHARACTER_INVALID : point);
        wrong += character_decode(text, bytes - 1, &got) != 1 || got != CHARACTER_INVALID;
        wrong += !surrogate && character_before(text, bytes) != 0;
    }
    CHECK_INT(wrong, 0);
}

static size_t cut(const char *text, bool special) {
    return pretoken_safe_cut((const uint8_t *)text, strlen(text), special);
}

static void test_safe_cuts(void) {
    CHECK_INT(cut("hello world", false), 5);
    CHECK_INT(cut("hello", false), 0);
    CHECK_INT(cut("a     ", false), 1);
    CHECK_INT(cut("don't", false), 3); // before the apostrophe, not behind it
    CHECK_INT(cut("x<|endoftext", true), 1);
    CHECK_INT(cut("x<|endoftext|>y", true), 14);
    CHECK_INT(cut("日本語 \xE2\x80", false), 9); // the last bytes may become a space
}

// Fills the text with characters of every class and length, whole and cut.
static void fill_with_characters(uint8_t *text, size_t length, struct random_sequence *random) {
    static const char *const BITS[] = {"a",
                                       "B",
                                       " ",
                                       " ",
                                       "\n",
                                       "'s",
                                       "'",
                                       "'ve",
                                       "l",
                                       "1",
                                       "2",
                                       "\xC3",
                                       "\xA9",
                                       "\xC3\xA9",
                                       "\xE6\x97\xA5",
                                       "\xE3\x80\x80",
                                       "\xC2\xA0",
                                       "'",
                                       "\xF0\x9F\x98\x80",
                                       "\x1C",
                                       "\xF0\x9D\x9F\x98",
                                       ".",
                                       "-",
                                       "\t"};
    for (size_t at = 0; at < length;) {
        const char *bits = BITS[random_below(random, sizeof BITS / sizeof *BITS)];
        for (size_t i = 0; bits[i] && at < length; i++) {
            text[at++] = (uint8_t)bits[i];
        }
    }
}

// Texts of every length up to some blocks, so that every character and every contraction stands
// across their borders somewhere.
static void test_scan_cuts_as_the_definition(void) {
    enum { LONGEST = 5 * PRETOKEN_BLOCK / 2, ROUNDS = 400 };
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 3});
    size_t wrong = 0;
    for (size_t length = 1; length <= LONGEST; length++) {
        for (size_t round = 0; round < ROUNDS; round++) {
            uint8_t text[LONGEST];
            struct pretoken_scan scan;
            fill_with_characters(text, length, &random);
            pretoken_scan_start(&scan, text, length);
            size_t next = pretoken_length(text, length);
            while (scan.told < length) {
                size_t block = scan.told;
                uint64_t starts = pretoken_scan_next(&scan), want = 0;
                for (; next < scan.told; next += pretoken_length(text + next, length - next)) {
                    want |= (uint64_t)1 << (next - block);
                }
                wrong += starts != want;
            }
        }
    }
    CHECK_INT(wrong, 0);
}

static void test_blocks_are_marked_alike(void) {
    pretoken_mark *marks[PRETOKEN_MARKS];
    size_t count = pretoken_marks(marks), wrong = 0;
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 4});
    for (size_t round = 0; round < 4000; round++) {
        uint8_t bytes[PRETOKEN_BLOCK];
        for (size_t i = 0; i < PRETOKEN_BLOCK; i++) {
            bytes[i] =
                (uint8_t)(round < 4 ? PRETOKEN_BLOCK * round + i : random_below(&random, 256));
        }
        struct pretoken_block plain, quick;
        uint64_t plain_beyond, quick_beyond;
        marks[count - 1](bytes, &plain, &plain_beyond);
        for (size_t i = 0; i < count; i++) {
            marks[i](bytes, &quick, &quick_beyond);
            wrong += memcmp(&quick, &plain, sizeof quick) != 0 || quick_beyond != plain_beyond;
        }
    }
    CHECK_INT(wrong, 0);
}

int main(void) {
    RUN(test_scan_cuts_as_the_definition);
    RUN(test_blocks_are_marked_alike);
    RUN(test_words_and_numbers);
    RUN(test_contractions);
    RUN(test_white_space);
    RUN(test_invalid_bytes_are_symbols);
    RUN(test_classes_of_characters);
    RUN(test_class_of_every_code_point);
    RUN(test_decode_every_code_point);
    RUN(test_safe_cuts);
    return check_finish();
}
