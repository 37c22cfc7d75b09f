// The last word: where it stands, and what the network says of it, asked prefix by prefix.
#include "lib/train/lastword.h"

#include <math.h>

#include "lib/train/blocks.h"
#include "tests/unit/train/network.h"

// What the ids of the small vocabulary stand for.
enum { WORD, SPACE_WORD, GOES_ON, LINE_END, DOT, WORD_IN_SPACES, END_OF_TEXT = V - 1 };

static void describe(int id, uint8_t flags, uint8_t words) {
    text.vocabulary.bytes[id] = id == END_OF_TEXT ? 0 : 2;
    text.vocabulary.flags[id] = flags;
    text.vocabulary.words[id] = words;
    text.vocabulary.newlines[id] = id == LINE_END;
}

static void open_vocabulary(void) {
    const uint8_t both = TOKEN_STARTS_WITH_SPACE | TOKEN_ENDS_WITH_SPACE;
    open_text();
    for (int i = 0; i < V; i++) {
        describe(i, TOKEN_STARTS_WITH_SPACE, 1); // " word"
    }
    describe(WORD, 0, 0);
    describe(GOES_ON, 0, 0);
    describe(LINE_END, both, 0);
    describe(DOT, 0, 0);
    describe(WORD_IN_SPACES, both, 1);
    describe(END_OF_TEXT, TOKEN_ENDS_WITH_SPACE, 0);
}

static void set_text(const uint16_t *tokens, size_t count, uint64_t *ends, size_t lines) {
    for (size_t i = 0; i < count; i++) {
        ids[i] = tokens[i];
    }
    text.count = count;
    text.line_ends = ends;
    text.line_count = lines;
}

static void check_word(const uint16_t *tokens, size_t count, size_t first, size_t end) {
    size_t got_first, got_end;
    set_text(tokens, count, NULL, 0);
    CHECK(lastword_find(&text, 0, count, &got_first, &got_end));
    CHECK_INT(got_first, first);
    CHECK_INT(got_end, end);
}

static void test_find(void) {
    size_t first, end;
    check_word((const uint16_t[]){WORD, SPACE_WORD, GOES_ON, LINE_END}, 4, 1, 3);
    check_word((const uint16_t[]){WORD, SPACE_WORD, GOES_ON, DOT}, 4, 1, 4); // "a word.": one word
    check_word((const uint16_t[]){WORD, LINE_END, WORD, GOES_ON}, 4, 2, 4);  // behind white space
    check_word((const uint16_t[]){WORD, GOES_ON}, 2, 0, 2);
    check_word((const uint16_t[]){SPACE_WORD, WORD_IN_SPACES, LINE_END, LINE_END}, 4, 1, 2);
    check_word((const uint16_t[]){SPACE_WORD, END_OF_TEXT, WORD, GOES_ON}, 4, 2, 4);
    set_text((const uint16_t[]){LINE_END, LINE_END}, 2, NULL, 0);
    CHECK(!lastword_find(&text, 0, 2, &first, &end));
    CHECK(!lastword_find(&text, 1, 1, &first, &end));
}

// The cross-entropy of `target` behind the given tokens, and whether it is the first guess.
static double ask_one(const int32_t *tokens, int length, int32_t target, bool *right) {
    struct error error = {0};
    float logits[V];
    double sum = 0;
    int largest = 0;
    CHECK_INT(model_next_logits(model, tokens, length, logits, &error), STATUS_OK);
    for (int i = 0; i < V; i++) {
        sum += exp((double)logits[i]);
        largest = logits[i] > logits[largest] ? i : largest;
    }
    *right = largest == target;
    return log(sum) - (double)logits[target];
}

// Lines of T = 4: one token too long, one of one word, a blank one, one whose word is too long.
static const uint16_t PASSAGES[] = {
    WORD,       SPACE_WORD, 6,        7,       GOES_ON, LINE_END, // 5 tokens: the first is left out
    8,          9,          LINE_END,                             // 2
    WORD,       LINE_END, // nothing before it but the beginning
    LINE_END,             //
    SPACE_WORD, GOES_ON,    GOES_ON,  GOES_ON, GOES_ON, GOES_ON,  LINE_END};
static uint64_t line_ends[] = {6, 9, 11, 12, 19};

static void compare(enum blocks_kind blocks, size_t skipped, const int32_t (*prefixes)[T],
                    const int *lengths, const int32_t *targets, int count, uint64_t passages) {
    struct error error = {0};
    struct trained trained = {.ops = ops, .dev = dev, .model = model};
    struct lastword result;
    double nll = 0;
    trained.checkpoint.settings.blocks = (int)blocks;
    set_text(PASSAGES, sizeof PASSAGES / sizeof *PASSAGES, line_ends, 5);
    CHECK_INT(lastword_evaluate(&trained, &text, &result, &error), STATUS_OK);
    for (int i = 0; i < count; i++) {
        bool right;
        nll += ask_one(prefixes[i], lengths[i], targets[i], &right);
    }
    CHECK_INT(result.passages, passages);
    CHECK_INT(result.skipped, skipped);
    CHECK_INT(result.tokens, count);
    CHECK_CLOSE(result.nll, nll, 1e-5);
    CHECK_CLOSE(result.perplexity, exp(nll / (double)passages), 1e-4);
}

static void test_stream(void) {
    const int32_t prefixes[][T] = {{WORD, SPACE_WORD, 6}, {WORD, SPACE_WORD, 6, 7}, {8}};
    compare(BLOCKS_STREAM, 3, prefixes, (const int[]){3, 4, 1}, (const int32_t[]){7, GOES_ON, 9}, 3,
            2);
}

// The end-of-text token takes the place of a token of text, and the last target is not used.
static void test_released(void) {
    const int32_t E = END_OF_TEXT;
    const int32_t prefixes[][T] = {{E, 6}, {E, 6, 7}, {E, 8}, {E}};
    compare(BLOCKS_RELEASED, 2, prefixes, (const int[]){2, 3, 2, 1},
            (const int32_t[]){7, GOES_ON, 9, WORD}, 4, 3);
}

// Every token of the word has to be the first guess: asked for what the network says, it is right.
static void test_accuracy(void) {
    struct error error = {0};
    struct trained trained = {.ops = ops, .dev = dev, .model = model};
    struct lastword result;
    uint16_t passage[] = {8, SPACE_WORD, GOES_ON};
    uint64_t ends[] = {3};
    trained.checkpoint.settings.blocks = BLOCKS_STREAM;
    int said = 0;
    for (int word = 0; word < V - 1; word++) {
        bool first, second;
        open_vocabulary();
        passage[1] = (uint16_t)(word == GOES_ON ? SPACE_WORD : word);
        describe(passage[1], TOKEN_STARTS_WITH_SPACE, 1);
        ask_one((const int32_t[]){8}, 1, passage[1], &first);
        ask_one((const int32_t[]){8, passage[1]}, 2, GOES_ON, &second);
        set_text(passage, 3, ends, 1);
        CHECK_INT(lastword_evaluate(&trained, &text, &result, &error), STATUS_OK);
        CHECK_INT(result.tokens, 2);
        CHECK_INT(result.correct, first && second);
        CHECK(result.accuracy == (double)result.correct);
        said += first;
    }
    CHECK(said >= 1); // so that both outcomes were met
}

static void test_refusals(void) {
    struct error error = {0};
    struct trained trained = {.ops = ops, .dev = dev, .model = model};
    struct lastword result;
    open_vocabulary();
    set_text(PASSAGES, 6, NULL, 0);
    CHECK_INT(lastword_evaluate(&trained, &text, &result, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "--lines");
    set_text((const uint16_t[]){LINE_END}, 1, (uint64_t[]){1}, 1);
    CHECK_INT(lastword_evaluate(&trained, &text, &result, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "no line of 'text'");
}

int main(void) {
    open_model();
    open_vocabulary();
    RUN(test_find);
    RUN(test_stream);
    RUN(test_released);
    RUN(test_accuracy);
    RUN(test_refusals);
    model_close(model);
    ops->close(dev);
    return check_finish();
}
