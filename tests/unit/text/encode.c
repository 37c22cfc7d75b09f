#include "lib/base/random.h"
#include "lib/text/pretokenize.h"
#include "tests/unit/text/support.h"

static void test_lowest_merge_first(void) {
    struct bpe_vocabulary v = small_vocabulary();
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, ""), "");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, " the"), "258");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "the"), "83 257");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "aaa"), "259 64");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "aab"), "259 65");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "ababab"), "262 261");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "x\n\n\ny"), "87 263 198 88");
    bpe_vocabulary_free(&v);
}

static void test_special(void) {
    struct bpe_vocabulary v = small_vocabulary();
    CHECK_IDS(encoded(&v, ENCODER_SPECIAL, "<|endoftext|>"), "266");
    CHECK_IDS(encoded(&v, ENCODER_SPECIAL, "\n\n<|endoftext|><|endoftext|> the"),
              "263 266 266 258");
    CHECK_IDS(encoded(&v, ENCODER_SPECIAL, "<|endof"), "27 91 68 77 67 78 69");
    CHECK_IDS(encoded(&v, ENCODER_ORDINARY, "<|endoftext|>"),
              "27 91 68 77 67 78 69 83 68 87 83 91 29");
    bpe_vocabulary_free(&v);
}

// The definition, word by word: merge the leftmost pair of the lowest merge.
static size_t merge_plainly(const struct bpe_vocabulary *v, const uint8_t *text, size_t length,
                            uint32_t *ids) {
    for (size_t i = 0; i < length; i++) {
        ids[i] = v->byte_ids[text[i]];
    }
    for (;;) {
        uint32_t best = UINT32_MAX;
        size_t place = 0;
        for (size_t i = 0; i + 1 < length; i++) {
            for (uint32_t m = 0; m + 257 < v->size && 256 + m < best; m++) {
                if (v->merges[m].left == ids[i] && v->merges[m].right == ids[i + 1]) {
                    best = 256 + m;
                    place = i;
                }
            }
        }
        if (best == UINT32_MAX) {
            return length;
        }
        ids[place] = best;
        memmove(ids + place + 1, ids + place + 2, (length - place - 2) * sizeof *ids);
        length--;
    }
}

// Short words are encoded in another way than long ones; both must be as the definition.
static size_t count_wrong_words(const struct bpe_vocabulary *v, const char *letters,
                                struct random_sequence *random, size_t rounds) {
    enum { LONGEST = 120 };
    struct bpe_workspace workspace = {0};
    struct error error = {0};
    size_t wrong = 0;
    for (size_t round = 0; round < rounds; round++) {
        uint8_t word[LONGEST];
        uint32_t want[LONGEST], got[LONGEST];
        size_t length = 1 + round % LONGEST, count = 0;
        for (size_t i = 0; i < length; i++) {
            word[i] = (uint8_t)letters[random_below(random, strlen(letters))];
        }
        size_t want_count = merge_plainly(v, word, length, want);
        CHECK(bpe_merge(v, &workspace, word, length, got, &count, &error) == STATUS_OK);
        wrong += count != want_count || memcmp(got, want, count * sizeof *got) != 0;
    }
    bpe_workspace_free(&workspace);
    return wrong;
}

static void test_words_of_every_length(void) {
    struct bpe_vocabulary v = small_vocabulary();
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 1});
    CHECK_INT(count_wrong_words(&v, "aaabb the", &random, 480), 0);
    bpe_vocabulary_free(&v);
}

// Any merges of tokens that are there, most of which no text would have taught: of many tokens the
// own bytes give other ids.
static struct bpe_vocabulary random_vocabulary(struct random_sequence *random) {
    enum { MERGES = 40, LETTERS = 3, TOKEN = 64 };
    char tokens[LETTERS + MERGES][TOKEN] = {"a", "b", "c"};
    struct buffer text = {0};
    struct bpe_vocabulary vocabulary;
    struct error error = {0};
    buffer_append(&text, "#version: 0.2\n", 14, &error);
    for (size_t count = LETTERS; count < LETTERS + MERGES;) {
        const char *left = tokens[random_below(random, count)];
        const char *right = tokens[random_below(random, count)];
        char line[2 * TOKEN + 2], token[TOKEN];
        if (strlen(left) + strlen(right) >= TOKEN / 2) {
            continue;
        }
        snprintf(token, TOKEN, "%s%s", left, right);
        bool fresh = true;
        for (size_t i = 0; i < count; i++) {
            fresh = fresh && strcmp(tokens[i], token) != 0;
        }
        if (fresh) {
            strcpy(tokens[count], token);
            int length = snprintf(line, sizeof line, "%s %s\n", left, right);
            buffer_append(&text, line, (size_t)length, &error);
            count++;
        }
    }
    CHECK(bpe_vocabulary_parse(&vocabulary, text.data, text.length, "random", &error) == STATUS_OK);
    buffer_free(&text);
    return vocabulary;
}

static void test_vocabularies_of_all_kinds(void) {
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 5});
    size_t wrong = 0, unstable = 0, stable = 0;
    for (size_t round = 0; round < 60; round++) {
        struct bpe_vocabulary v = random_vocabulary(&random);
        for (uint32_t id = BPE_BYTES; id < v.end_of_text; id++) {
            uint32_t ids[64];
            size_t length;
            const uint8_t *bytes = bpe_token_bytes(&v, id, &length);
            bool whole = merge_plainly(&v, bytes, length, ids) == 1;
            wrong += whole != bpe_is_stable(&v, id);
            stable += whole;
            unstable += !whole;
        }
        wrong += count_wrong_words(&v, "aabc", &random, 480);
        bpe_vocabulary_free(&v);
    }
    CHECK_INT(wrong, 0);
    CHECK(stable > 100 && unstable > 100);
}

// What the caches hold and forget never shows: every piece by itself gives the same ids as all of
// them in one text, many more than there is room for.
static void test_caches_change_nothing(void) {
    enum { BYTES = 1 << 21, WORD = 80 };
    struct bpe_vocabulary v = small_vocabulary();
    struct bpe_workspace workspace = {0};
    struct encoder *encoder;
    struct token_list list = {0};
    struct error error = {0};
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 2});
    uint8_t *text = malloc(BYTES);
    for (size_t i = 0; i < BYTES; i++) {
        text[i] = (uint8_t) "aaabb thx1. \n\xC3\xA9"[random_below(&random, 15)];
    }
    CHECK(encoder_create(&encoder, &v, ENCODER_ORDINARY, &error) == STATUS_OK);
    CHECK(encoder_encode(encoder, text, BYTES, &list, &error) == STATUS_OK);
    size_t wrong = 0, at_id = 0;
    for (size_t at = 0; at < BYTES;) {
        uint32_t ids[4096];
        size_t length = pretoken_length(text + at, BYTES - at), count = 0;
        CHECK(bpe_merge(&v, &workspace, text + at, length, ids, &count, &error) == STATUS_OK);
        wrong += memcmp(ids, list.ids + at_id, count * sizeof *ids) != 0;
        at += length;
        at_id += count;
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(at_id, list.count);
    token_list_free(&list);
    encoder_free(encoder);
    bpe_workspace_free(&workspace);
    bpe_vocabulary_free(&v);
    free(text);
}

// Words alike in their first bytes, of every length, each a text of its own: none is taken for
// another one, wherever it ends.
static void test_words_alike(void) {
    enum { LONGEST = 80 };
    struct bpe_vocabulary v = small_vocabulary();
    struct bpe_workspace workspace = {0};
    struct encoder *encoder;
    struct token_list list = {0};
    struct error error = {0};
    size_t wrong = 0;
    CHECK(encoder_create(&encoder, &v, ENCODER_ORDINARY, &error) == STATUS_OK);
    for (size_t i = 0; i < 3 * LONGEST * 26; i++) {
        uint8_t word[LONGEST];
        uint32_t ids[LONGEST];
        size_t length = 1 + i / 26 % LONGEST, count = 0;
        memset(word, 'a', length);
        word[length - 1] = (uint8_t)('a' + i % 26);
        list.count = 0;
        CHECK(encoder_encode(encoder, word, length, &list, &error) == STATUS_OK);
        CHECK(bpe_merge(&v, &workspace, word, length, ids, &count, &error) == STATUS_OK);
        wrong += count != list.count || memcmp(ids, list.ids, count * sizeof *ids) != 0;
    }
    CHECK_INT(wrong, 0);
    token_list_free(&list);
    encoder_free(encoder);
    bpe_workspace_free(&workspace);
    bpe_vocabulary_free(&v);
}

int main(void) {
    RUN(test_lowest_merge_first);
    RUN(test_special);
    RUN(test_words_of_every_length);
    RUN(test_vocabularies_of_all_kinds);
    RUN(test_caches_change_nothing);
    RUN(test_words_alike);
    return check_finish();
}
