#include "lib/base/random.h"
#include "lib/text/unicode.h"
#include "tests/unit/text/support.h"

static void test_ids_in_order(void) {
    struct bpe_vocabulary vocabulary = small_vocabulary();
    CHECK_INT(vocabulary.size, 256 + 10 + 1);
    CHECK_INT(vocabulary.end_of_text, 266);
    CHECK_INT(vocabulary.byte_ids['!'], 0);
    CHECK_INT(vocabulary.byte_ids[0xFF], 187);
    CHECK_INT(vocabulary.byte_ids[0], 188);
    CHECK_INT(vocabulary.byte_ids[' '], 220);
    CHECK_INT(vocabulary.byte_ids[0xAD], 255);
    size_t length;
    const uint8_t *bytes = bpe_token_bytes(&vocabulary, 258, &length);
    CHECK(length == 4 && memcmp(bytes, " the", 4) == 0);
    bpe_vocabulary_free(&vocabulary);
}

static void check_damaged(const char *text, const char *message) {
    struct bpe_vocabulary vocabulary;
    struct error error = {0};
    CHECK_INT(bpe_vocabulary_parse(&vocabulary, (const uint8_t *)text, strlen(text), "v", &error),
              STATUS_DAMAGED);
    CHECK_STRING(error.message, message);
}

static void test_damage_names_the_line(void) {
    check_damaged("", "line 1: not '#version: 0.2'");
    check_damaged("#version: 0.3\n", "line 1: not '#version: 0.2'");
    check_damaged("#version: 0.21\n", "line 1");
    check_damaged("#version: 0.2", "line 1: cut short");
    check_damaged("#version: 0.2\na b\nab c", "line 3: cut short");
    check_damaged("#version: 0.2\na b\nbc d\n", "line 3: merge of a token that no line");
    check_damaged("#version: 0.2\na b\na b\n", "line 3: duplicate of line 2");
    check_damaged("#version: 0.2\na b\nb c\nab c\na bc\n", "line 5: duplicate of line 4");
    check_damaged("#version: 0.2\nab\n", "line 2: not two tokens");
    check_damaged("#version: 0.2\n a\n", "line 2: not two tokens");
    check_damaged("#version: 0.2\na b c\n", "line 2: invalid character");
    check_damaged("#version: 0.2\na b\r\n", "line 2: invalid character");
    check_damaged("#version: 0.2\n\n", "line 2: not two tokens");
    check_damaged("#version: 0.2\n日 b\n", "line 2: invalid character");
    check_damaged("#version: 0.2\na \xC4\n", "line 2: invalid character");
}

static void test_every_cut_is_noticed(void) {
    for (size_t length = 0; length < sizeof SMALL - 1; length++) {
        struct bpe_vocabulary vocabulary;
        struct error error = {0};
        enum status status =
            bpe_vocabulary_parse(&vocabulary, (const uint8_t *)SMALL, length, "v", &error);
        bool at_line_end = length > 0 && SMALL[length - 1] == '\n';
        CHECK_INT(status, at_line_end ? STATUS_OK : STATUS_DAMAGED);
        bpe_vocabulary_free(&vocabulary);
    }
}

// Tokens that double in length reach the limit before the memory of the machine.
static void test_tokens_too_long(void) {
    struct buffer text = {0};
    struct error error = {0};
    buffer_append(&text, "#version: 0.2\n", 14, &error);
    for (size_t length = 1; length <= 1 << 16; length *= 2) {
        buffer_reserve(&text, 2 * length + 2, &error);
        memset(text.data + text.length, 'a', 2 * length + 1);
        text.data[text.length + length] = ' ';
        text.data[text.length + 2 * length + 1] = '\n';
        text.length += 2 * length + 2;
    }
    struct bpe_vocabulary vocabulary;
    CHECK_INT(bpe_vocabulary_parse(&vocabulary, text.data, text.length, "v", &error),
              STATUS_DAMAGED);
    CHECK_STRING(error.message, "line 17: tokens too long");
    buffer_free(&text);
}

// Each token is the one before and one more character, white space of all kinds among them.
static struct bpe_vocabulary tokens_of_all_lengths(void) {
    enum { LONGEST = 300 };
    static const char *const LETTERS[] = {"a", "b", "Ġ", "Ċ", "ĉ", "č", "!"};
    char token[4 * LONGEST] = "a";
    struct buffer text = {0};
    struct bpe_vocabulary vocabulary;
    struct error error = {0};
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 7});
    buffer_append(&text, "#version: 0.2\n", 14, &error);
    for (size_t i = 1; i < LONGEST; i++) {
        const char *letter = LETTERS[random_below(&random, ARRAY_LENGTH(LETTERS))];
        char line[4 * LONGEST + 8];
        int length = snprintf(line, sizeof line, "%s %s\n", token, letter);
        buffer_append(&text, line, (size_t)length, &error);
        strcat(token, letter);
    }
    CHECK(bpe_vocabulary_parse(&vocabulary, text.data, text.length, "v", &error) == STATUS_OK);
    buffer_free(&text);
    return vocabulary;
}

static void test_facts_of_ids(void) {
    struct text_model model = {.kind = TEXT_BPE, .bpe = tokens_of_all_lengths()};
    struct token_vocabulary facts;
    struct error error = {0};
    size_t wrong = 0;
    CHECK(text_model_describe(&model, &facts, &error) == STATUS_OK);
    for (uint32_t id = 0; id < facts.size; id++) {
        size_t length, words = 0, newlines = 0;
        const uint8_t *bytes = bpe_token_bytes(&model.bpe, id, &length);
        for (size_t i = 0; i < length; i++) {
            words += i > 0 && byte_is_space(bytes[i - 1]) && !byte_is_space(bytes[i]);
            newlines += bytes[i] == '\n';
        }
        int flags = (byte_is_space(bytes[0]) ? TOKEN_STARTS_WITH_SPACE : 0) |
                    (byte_is_space(bytes[length - 1]) ? TOKEN_ENDS_WITH_SPACE : 0);
        wrong += facts.bytes[id] != length || facts.words[id] != words ||
                 facts.newlines[id] != newlines || facts.flags[id] != flags;
    }
    CHECK_INT(wrong, 0);
    token_vocabulary_free(&facts);
    bpe_vocabulary_free(&model.bpe);
}

int main(void) {
    RUN(test_ids_in_order);
    RUN(test_damage_names_the_line);
    RUN(test_every_cut_is_noticed);
    RUN(test_tokens_too_long);
    RUN(test_facts_of_ids);
    return check_finish();
}
