#include "lib/base/random.h"
#include "lib/text/bert_characters.h"
#include "lib/text/unicode.h"
#include "tests/unit/text/support.h"

// ---- The vocabulary ----------------------------------------------------------------------------

static void check_damaged(const char *text, const char *message) {
    struct wordpiece_vocabulary vocabulary;
    struct error error = {0};
    CHECK_INT(
        wordpiece_vocabulary_parse(&vocabulary, (const uint8_t *)text, strlen(text), "v", &error),
        STATUS_DAMAGED);
    CHECK_STRING(error.message, message);
}

static void test_damage_names_the_line(void) {
    check_damaged("", "it has no [UNK]");
    check_damaged("a\nb\n", "it has no [UNK]");
    check_damaged("[UNK]\na\nb", "line 3: cut short");
    check_damaged("[UNK]\na\n\nb\n", "line 3: no piece");
    check_damaged("[UNK]\na\nb\na\n", "line 4: duplicate of line 2");
    check_damaged("[UNK]\r\n", "line 1: invalid character");
    check_damaged("[UNK]\na\xFF\n", "line 2: invalid character");
    check_damaged("[UNK]\n\xE2\x80\n", "line 2: invalid character");
    check_damaged("#version: 0.2\nh e\n", "line 1: merges of byte pairs");
}

static void test_ids_and_specials(void) {
    struct wordpiece_vocabulary v = small_pieces();
    CHECK_INT(v.size, 19);
    CHECK_INT(v.specials[WORDPIECE_PAD], 0);
    CHECK_INT(v.specials[WORDPIECE_UNKNOWN], ID_UNKNOWN);
    CHECK_INT(v.specials[WORDPIECE_MASK], ID_MASK);
    size_t length;
    const uint8_t *bytes = wordpiece_bytes(&v, ID_AND_BCD, &length);
    CHECK(length == 5 && memcmp(bytes, "##bcd", 5) == 0);
    CHECK(wordpiece_continues(&v, ID_AND_BCD) && !wordpiece_continues(&v, ID_AB));
    CHECK_INT(wordpiece_special_at(&v, (const uint8_t *)"[MASK]x", 7, &length), ID_MASK);
    CHECK_INT(wordpiece_special_at(&v, (const uint8_t *)"[MASK", 5, &length), -1);
    wordpiece_vocabulary_free(&v);
}

// ---- Cutting -----------------------------------------------------------------------------------

static bool is_piece(const struct wordpiece_vocabulary *v, const char *text, uint32_t *id) {
    for (*id = 0; *id < v->size; ++*id) {
        size_t length;
        const uint8_t *bytes = wordpiece_bytes(v, *id, &length);
        if (length == strlen(text) && memcmp(bytes, text, length) == 0) {
            return true;
        }
    }
    return false;
}

// The definition: the longest piece that the rest of the word begins with, again and again.
static size_t cut_plainly(const struct wordpiece_vocabulary *v, const char *word, uint32_t *ids) {
    size_t length = strlen(word), count = 0;
    for (size_t from = 0; from < length;) {
        size_t to = length;
        char piece[64];
        do {
            snprintf(piece, sizeof piece, "%s%.*s", from ? "##" : "", (int)(to - from),
                     word + from);
        } while (!is_piece(v, piece, &ids[count]) && --to > from);
        if (to == from) {
            ids[0] = ID_UNKNOWN;
            return 1;
        }
        count++;
        from = to;
    }
    return count;
}

static void test_cutting(void) {
    struct wordpiece_vocabulary v = small_pieces();
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 1});
    size_t wrong = 0, known = 0;
    for (size_t i = 0; i < 20000; i++) {
        char word[24] = "";
        uint32_t want[24] = {0}, got[24];
        size_t length = 1 + i % 12;
        for (size_t k = 0; k < length; k++) {
            word[k] = "aaabbbcd1"[random_below(&random, 9)];
        }
        size_t count = cut_plainly(&v, word, want);
        wrong += wordpiece_cut(&v, (const uint8_t *)word, length, got) != count ||
                 memcmp(got, want, count * sizeof *got) != 0;
        known += want[0] != ID_UNKNOWN;
    }
    CHECK_INT(wrong, 0);
    CHECK(known > 1000);
    wordpiece_vocabulary_free(&v);
}

// ---- Text --------------------------------------------------------------------------------------

static const char *pieces_of(struct wordpiece_options options, const char *text) {
    struct wordpiece_vocabulary v = small_pieces();
    struct wordpiece_encoder *encoder;
    struct token_list list = {0};
    struct error error = {0};
    CHECK(wordpiece_encoder_create(&encoder, &v, options, &error) == STATUS_OK);
    CHECK(wordpiece_encoder_encode(encoder, (const uint8_t *)text, strlen(text), &list, &error) ==
          STATUS_OK);
    const char *ids = ids_text(&list);
    token_list_free(&list);
    wordpiece_encoder_free(encoder);
    wordpiece_vocabulary_free(&v);
    return ids;
}

static void test_words(void) {
    const struct wordpiece_options plain = {0}, cased = {.cased = true},
                                   special = {.special = true};
    CHECK_IDS(pieces_of(plain, ""), "");
    CHECK_IDS(pieces_of(plain, " \t\r\n \xC2\xA0\xE2\x80\xA8"), "");
    CHECK_IDS(pieces_of(plain, "abc.ab"), "9 11 8");
    CHECK_IDS(pieces_of(plain, "ABC \xC3\x81"
                               "b\xCC\x81"),
              "9 8"); // accents, capitals
    CHECK_IDS(pieces_of(cased, "ABC ab"), "1 8");
    CHECK_IDS(pieces_of(cased, "\xC3\xA9"
                               "a\xC3\xA9"),
              "14 6 15");
    CHECK_IDS(pieces_of(cased, "e\xCC\x81"), "1"); // not composed
    CHECK_IDS(pieces_of(plain, "a\xE6\x97\xA5"
                               "ab"),
              "5 13 8"); // an ideograph is a word
    CHECK_IDS(pieces_of(plain, "a\xFF"
                               "b a\xE2\x80 a\x01"
                               "b\x7F"),
              "8 5 8"); // as if not there
    CHECK_IDS(pieces_of(plain, "[MASK]"), "1 1 1");
    CHECK_IDS(pieces_of(special, "a[MASK]ab [mask"), "5 4 8 1 1");
}

static void test_words_too_long(void) {
    const struct wordpiece_options plain = {0};
    char text[256] = "a";
    for (size_t i = 1; i < 100; i++) {
        text[i] = '1';
    }
    CHECK(strlen(pieces_of(plain, text)) == strlen("5") + 99 * strlen(" 18"));
    strcat(text, "1");
    CHECK_IDS(pieces_of(plain, text), "1");
    strcat(text, "\xCC\x81 a.");
    CHECK_IDS(pieces_of(plain, text), "1 5 11");
}

// What is behind the cut changes nothing before it, nor the other way round.
static void test_safe_cut(void) {
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"ab cd", 5), 3);
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"ab ", 3), 3);
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"ab[MA", 5), 0);
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"a\xE6\x97\xA5", 4), 4);
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"a\n\xE6\x97", 4), 2);
    CHECK_INT(wordpiece_safe_cut((const uint8_t *)"", 0), 0);
}

// ---- Characters --------------------------------------------------------------------------------

static void test_characters(void) {
    uint32_t folded[BERT_FOLDED];
    CHECK_INT(bert_character_find('a').class, BERT_OTHER);
    CHECK_INT(bert_character_find(0xFFFD).class, BERT_DROPPED);
    CHECK_INT(bert_character_find(CHARACTER_INVALID).class, BERT_DROPPED);
    CHECK_INT(bert_character_find(0x10FFFF).class, BERT_OTHER);
    CHECK_INT(bert_character_find(0x3000).class, BERT_SPACE);
    CHECK_INT(bert_character_find(0x2B920).class, BERT_IDEOGRAPH);
    CHECK(bert_character_fold(0xC5, folded) == 1 && folded[0] == 'a');
    CHECK(bert_character_fold(0x10FFFF, folded) == 1 && folded[0] == 0x10FFFF);
    CHECK(bert_character_fold(0xD55C, folded) == 3 && folded[0] == 0x1112 && folded[2] == 0x11AB);
    CHECK(bert_character_fold(0xAC00, folded) == 2 && folded[1] == 0x1161);
    CHECK(bert_character_fold(0xF900, folded) == 1 && folded[0] == 0x8C48);
    CHECK(bert_character_fold(0x1D160, folded) == 3 && folded[0] == 0x1D158);
}

static void test_utf8_both_ways(void) {
    size_t wrong = 0;
    for (uint32_t point = 0; point < 0x110000; point += point < 0x3000 ? 1 : 37) {
        uint8_t bytes[4];
        uint32_t got;
        if (point < 0xD800 || point >= 0xE000) {
            size_t length = character_encode(point, bytes);
            wrong += character_decode(bytes, length, &got) != length || got != point;
        }
    }
    CHECK_INT(wrong, 0);
}

int main(void) {
    RUN(test_damage_names_the_line);
    RUN(test_ids_and_specials);
    RUN(test_cutting);
    RUN(test_words);
    RUN(test_words_too_long);
    RUN(test_safe_cut);
    RUN(test_characters);
    RUN(test_utf8_both_ways);
    return check_finish();
}
