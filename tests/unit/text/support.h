// A small vocabulary, and texts encoded with it in one call.
#ifndef DLT_TESTS_TEXT_SUPPORT_H
#define DLT_TESTS_TEXT_SUPPORT_H

#include <stdlib.h>
#include <string.h>

#include "lib/text/model.h"
#include "tests/unit/check.h"

// Ids 256 to 265: "Ġt", "he", "Ġthe", "aa", "aaaa", "ab", "abab", "\n\n", and "a" 8 and 16 times.
static const char SMALL[] = "#version: 0.2\n"
                            "Ġ t\nh e\nĠt he\na a\naa aa\na b\nab ab\nĊ Ċ\n"
                            "aaaa aaaa\naaaaaaaa aaaaaaaa\n";

__attribute__((unused)) static struct bpe_vocabulary small_vocabulary(void) {
    struct bpe_vocabulary vocabulary;
    struct error error = {0};
    CHECK(bpe_vocabulary_parse(&vocabulary, (const uint8_t *)SMALL, sizeof SMALL - 1, "small",
                               &error) == STATUS_OK);
    return vocabulary;
}

// Ids from 0 on.
static const char PIECES[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n"
                             "a\n##a\n##b\nab\nabc\n##bcd\n.\n'\n日\né\n##é\n|\n1\n##1\n";
enum { ID_UNKNOWN = 1, ID_MASK = 4, ID_A, ID_AND_A, ID_AND_B, ID_AB, ID_ABC, ID_AND_BCD, ID_DOT };

__attribute__((unused)) static struct wordpiece_vocabulary small_pieces(void) {
    struct wordpiece_vocabulary vocabulary;
    struct error error = {0};
    CHECK(wordpiece_vocabulary_parse(&vocabulary, (const uint8_t *)PIECES, sizeof PIECES - 1,
                                     "small", &error) == STATUS_OK);
    return vocabulary;
}

// Ids as decimal numbers; the result is static.
__attribute__((unused)) static const char *ids_text(const struct token_list *list) {
    static char ids[4096];
    ids[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        size_t used = strlen(ids);
        snprintf(ids + used, sizeof ids - used, "%s%u", i ? " " : "", list->ids[i]);
    }
    return ids;
}

// The ids of a text as decimal numbers; the result is static.
__attribute__((unused)) static const char *encoded(const struct bpe_vocabulary *vocabulary,
                                                   enum encoder_special special, const char *text) {
    struct encoder *encoder;
    struct token_list list = {0};
    struct error error = {0};
    CHECK(encoder_create(&encoder, vocabulary, special, &error) == STATUS_OK);
    CHECK(encoder_encode(encoder, (const uint8_t *)text, strlen(text), &list, &error) == STATUS_OK);
    const char *ids = ids_text(&list);
    token_list_free(&list);
    encoder_free(encoder);
    return ids;
}

#define CHECK_IDS(got, want)                                                                       \
    (void)(strcmp((got), (want)) == 0 ||                                                           \
           check_report(__FILE__, __LINE__, "ids are %s, not %s", (got), (want)))

#endif
