// The text generator: its entropy against the scorer's, its grammar, and what it promises a reader.
#include "lib/corpus/corpus.h"

#include <ctype.h>
#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/corpus/scorer.h"
#include "tests/unit/check.h"

static struct corpus_language *language;
static struct error error;

static const enum corpus_style STYLES[] = {CORPUS_WIKI, CORPUS_STORIES, CORPUS_PASSAGES,
                                           CORPUS_NEWS};
static const enum corpus_split SPLITS[] = {CORPUS_TRAIN, CORPUS_VALID, CORPUS_TEST};

static struct buffer generate(enum corpus_style style, enum corpus_split split, uint64_t seed,
                              size_t length, struct corpus_totals *totals) {
    struct corpus_generator *generator;
    struct buffer text = {0};
    CHECK(corpus_generator_create(&generator, language, style, split, seed, &error) == STATUS_OK);
    while (text.length < length) {
        if (totals) {
            CHECK(corpus_generate_line_measured(generator, &text, totals, &error) == STATUS_OK);
        } else {
            CHECK(corpus_generate_line(generator, &text, &error) == STATUS_OK);
        }
    }
    corpus_generator_free(generator);
    return text;
}

static size_t line_length(const struct buffer *text, size_t at) {
    const uint8_t *end = memchr(text->data + at, '\n', text->length - at);
    return (size_t)(end - text->data) - at + 1;
}

static enum status score(enum corpus_style style, const struct buffer *text,
                         struct corpus_totals *totals) {
    struct corpus_scorer *scorer;
    CHECK(corpus_scorer_create(&scorer, language, style, &error) == STATUS_OK);
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < text->length;) {
        size_t length = line_length(text, at);
        status = corpus_score_line(scorer, (const char *)text->data + at, length, totals, &error);
        at += length;
    }
    corpus_scorer_free(scorer);
    return status;
}

static void test_spellings_are_unique(void) {
    size_t words = corpus_language_words(language);
    CHECK(words > 8000 && words < LEXICON_WORDS);
    for (size_t w = 0; w < words; w++) {
        const char *text = corpus_language_spelling(language, w);
        CHECK(text[0] != '\0');
        CHECK(lexicon_find(language, text, strlen(text)) == (int32_t)w);
    }
}

static void test_scorer_finds_the_generators_bits(void) {
    for (size_t i = 0; i < (size_t)CORPUS_STYLES * CORPUS_SPLITS; i++) {
        enum corpus_style style = STYLES[i % CORPUS_STYLES];
        enum corpus_split split = SPLITS[i / CORPUS_STYLES];
        struct corpus_totals written = {0}, read = {0};
        uint64_t seed = 10 + (uint64_t)split;
        struct buffer text = generate(style, split, seed, 200000, &written);
        struct buffer same = generate(style, split, seed, 200000, NULL);
        CHECK(score(style, &text, &read) == STATUS_OK);
        CHECK_STRING(error.message, "");
        CHECK_CLOSE(read.bits / written.bits, 1, 1e-12);
        CHECK_INT(read.bytes, written.bytes);
        CHECK_INT(read.words, written.words);
        CHECK_INT(read.lines, written.lines);
        CHECK_INT(text.length, written.bytes);
        CHECK(same.length == text.length && memcmp(same.data, text.data, text.length) == 0);
        buffer_free(&text);
        buffer_free(&same);
    }
}

// The walk of a scorer over a text, word by word.
struct walk {
    struct state state;
    const struct buffer *text;
    size_t at;
    uint32_t word; // about to be taken
};

static bool walk_next(struct walk *walk) {
    const char *text = (const char *)walk->text->data;
    size_t at = walk->at + (walk->at < walk->text->length && text[walk->at] == ' ');
    if (at >= walk->text->length) {
        return false;
    }
    char folded[WORD_SPACE] = {0};
    size_t length = strcspn(text + at, " \n");
    length += length == 0;
    memcpy(folded, text + at, length);
    folded[0] = (char)tolower((unsigned char)folded[0]);
    walk->word = (uint32_t)lexicon_find(language, folded, length);
    walk->at = at + length;
    return true;
}

// If two rules could begin with one word, or a rule could never be chosen, the sum would differ.
static void test_probabilities_sum_to_one(void) {
    for (size_t i = 0; i < CORPUS_STYLES; i++) {
        enum corpus_style style = STYLES[i];
        struct buffer text = generate(style, CORPUS_VALID, 3, 60000, NULL);
        buffer_append(&text, "", 1, &error);
        text.length--;
        struct walk walk = {.text = &text};
        state_start(&walk.state, language, style);
        double bits = 0;
        for (unsigned n = 0; walk_next(&walk); n++) {
            if (n % 13 == 0) {
                CHECK_CLOSE(scorer_total(&walk.state), 1, 1e-9);
            }
            CHECK(scorer_accept(&walk.state, walk.word, CASE_ANY, &bits));
        }
        buffer_free(&text);
    }
}

static int compare_counts(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

// Rank 20 to rank 2000: the slope of log frequency is near -1.
static void test_frequencies_follow_zipf(void) {
    size_t words = corpus_language_words(language);
    for (size_t i = 0; i < CORPUS_STYLES; i++) {
        enum corpus_style style = STYLES[i];
        struct corpus_totals totals = {.count = calloc(words, sizeof(uint64_t))};
        struct buffer text = generate(style, CORPUS_TRAIN, 4, 1500000, NULL);
        CHECK(score(style, &text, &totals) == STATUS_OK);
        qsort(totals.count, words, sizeof *totals.count, compare_counts);
        double fall = math_log((double)totals.count[19] / (double)totals.count[1999]);
        CHECK_CLOSE(fall / math_log(100), 1, 0.3);
        free(totals.count);
        buffer_free(&text);
    }
}

static bool is_noun(uint8_t category) {
    return category == NOUN_SINGULAR || category == NOUN_PLURAL;
}

// "the NOUN of the NOUN VERB": the verb agrees with the first.
static void test_agreement_over_a_phrase(void) {
    struct buffer text = generate(CORPUS_NEWS, CORPUS_TRAIN, 5, 2000000, NULL);
    buffer_append(&text, "", 1, &error);
    text.length--;
    struct walk walk = {.text = &text};
    uint8_t last[6] = {0};
    unsigned apart = 0, wrong = 0;
    while (walk_next(&walk)) {
        memmove(last, last + 1, 5);
        last[5] = language->words[walk.word].category;
        bool pattern = last[0] == THE && is_noun(last[1]) && last[2] == OF && is_noun(last[4]);
        bool singular = last[5] == TRANSITIVE_S || last[5] == INTRANSITIVE_S;
        bool plural = last[5] == TRANSITIVE_BASE || last[5] == INTRANSITIVE_BASE;
        if (pattern && last[1] != last[4] && (singular || plural)) {
            apart++;
            wrong += singular != (last[1] == NOUN_SINGULAR);
        }
    }
    CHECK(apart > 30);
    CHECK_INT(wrong, 0);
    buffer_free(&text);
}

// Occurrences of the line's last word before it, as a whole word.
static unsigned earlier_mentions(const char *line, size_t length) {
    size_t start = length - 1;
    while (start > 0 && line[start - 1] != ' ') {
        start--;
    }
    size_t word = length - 1 - start;
    unsigned mentions = 0;
    for (size_t at = 0; at + word < start; at++) {
        bool whole = (at == 0 || line[at - 1] == ' ') && line[at + word] == ' ';
        mentions += whole && memcmp(line + at, line + start, word) == 0;
    }
    return mentions;
}

static void test_passages_end_with_a_word_to_recall(void) {
    struct buffer text = generate(CORPUS_PASSAGES, CORPUS_TEST, 6, 500000, NULL);
    struct corpus_totals totals = {0};
    for (size_t at = 0; at < text.length; at += line_length(&text, at)) {
        CHECK(earlier_mentions((const char *)text.data + at, line_length(&text, at)) >= 2);
    }
    CHECK(score(CORPUS_PASSAGES, &text, &totals) == STATUS_OK);
    CHECK(totals.last_word_bits / (double)totals.lines < 0.6);
    CHECK(totals.bytes / totals.lines > 150 && totals.bytes / totals.lines < 600);
    buffer_free(&text);
}

static int compare_lines(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Lines of 40 bytes or more that two of the splits share.
static void test_splits_share_no_lines(void) {
    static char *lines[20000];
    size_t count = 0, shared = 0;
    struct buffer texts[CORPUS_SPLITS];
    for (int split = 0; split < CORPUS_SPLITS; split++) {
        texts[split] = generate(CORPUS_NEWS, SPLITS[split], 7, 200000, NULL);
        for (size_t at = 0; at < texts[split].length;) {
            size_t length = line_length(&texts[split], at);
            texts[split].data[at + length - 1] = '\0';
            if (length >= 40 && count < ARRAY_LENGTH(lines)) {
                lines[count++] = (char *)texts[split].data + at;
            }
            at += length;
        }
    }
    qsort(lines, count, sizeof *lines, compare_lines);
    for (size_t i = 1; i < count; i++) {
        shared += strcmp(lines[i - 1], lines[i]) == 0;
    }
    CHECK(count > 3000);
    CHECK_INT(shared, 0);
    for (int split = 0; split < CORPUS_SPLITS; split++) {
        buffer_free(&texts[split]);
    }
}

static void test_languages_differ(void) {
    struct corpus_language *other;
    CHECK(corpus_language_create(&other, 2, &error) == STATUS_OK);
    unsigned same = 0, noun = language->first[NOUN_SINGULAR];
    for (unsigned i = 0; i < 100; i++) {
        same += strcmp(language->words[noun + i].text, other->words[noun + i].text) == 0;
    }
    CHECK(same < 3);
    corpus_language_free(other);
}

// Text of no language, and damaged text, is refused or scored, never more than that.
static void test_scorer_refuses_other_text(void) {
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = 8});
    unsigned refused = 0;
    for (unsigned n = 0; n < 300; n++) {
        enum corpus_style style = STYLES[n % CORPUS_STYLES];
        struct buffer text = generate(style, CORPUS_TRAIN, n, 1000, NULL);
        size_t at = (size_t)random_below(&random, text.length - 1);
        uint8_t byte = (uint8_t)(1 + random_below(&random, 255));
        bool changed = text.data[at] != byte;
        text.data[at] = byte;
        struct corpus_totals totals = {0};
        enum status status = score(style, &text, &totals);
        CHECK(status == STATUS_OK || (status == STATUS_DAMAGED && changed));
        refused += status == STATUS_DAMAGED;
        buffer_free(&text);
    }
    CHECK(refused > 250);
}

int main(void) {
    if (corpus_language_create(&language, 1, &error) != STATUS_OK) {
        printf("Bail out! %s\n", error.message);
        return 1;
    }
    RUN(test_spellings_are_unique);
    RUN(test_scorer_finds_the_generators_bits);
    RUN(test_probabilities_sum_to_one);
    RUN(test_frequencies_follow_zipf);
    RUN(test_agreement_over_a_phrase);
    RUN(test_passages_end_with_a_word_to_recall);
    RUN(test_splits_share_no_lines);
    RUN(test_languages_differ);
    RUN(test_scorer_refuses_other_text);
    corpus_language_free(language);
    return check_finish();
}
