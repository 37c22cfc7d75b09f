// Sampling, against the network's own logits.
#include "lib/train/sample.h"

#include <math.h>

#include "lib/train/blocks.h"
#include "tests/unit/train/network.h"

enum { MOST = 40, NONE = -1, END_OF_TEXT = V - 1 };

struct drawn {
    uint32_t ids[MOST];
    int count;
};

static enum status keep(void *context, uint32_t id, struct error *error) {
    struct drawn *drawn = context;
    (void)error;
    if (CHECK(drawn->count < MOST && id < V)) {
        drawn->ids[drawn->count++] = id;
    }
    return STATUS_OK;
}

static void sample(enum blocks_kind blocks, const struct sample_options *options,
                   int64_t end_of_text, const uint32_t *prompt, size_t length,
                   struct drawn *drawn) {
    struct error error = {0};
    struct trained trained = {.ops = ops, .dev = dev, .model = model};
    trained.checkpoint.settings.blocks = (int)blocks;
    *drawn = (struct drawn){0};
    CHECK_INT(sample_continue(&trained, options, end_of_text, prompt, length, keep, drawn, &error),
              STATUS_OK);
}

static void logits_of(const int32_t *tokens, int length, float logits[V]) {
    struct error error = {0};
    CHECK_INT(model_next_logits(model, tokens, length, logits, &error), STATUS_OK);
}

static int32_t largest(const float logits[V]) {
    int32_t best = 0;
    for (int32_t i = 1; i < V; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}

// The likeliest token each time, of a window that slides.
static void check_greedy(enum blocks_kind blocks, const uint32_t *prompt, size_t length) {
    const struct sample_options options = {.temperature = 0, .length = 12};
    int32_t all[MOST], window[T];
    struct drawn drawn;
    bool leads = blocks == BLOCKS_RELEASED;
    int count = 0, room = leads ? T - 2 : T;
    for (size_t i = 0; i < length; i++) {
        all[count++] = (int32_t)prompt[i];
    }
    sample(blocks, &options, leads ? END_OF_TEXT : NONE, prompt, length, &drawn);
    CHECK(drawn.count > 0);
    for (int i = 0; i < drawn.count; i++) {
        float logits[V];
        int shown = count < room ? count : room, at = 0;
        if (leads) {
            window[at++] = END_OF_TEXT;
        }
        for (int k = count - shown; k < count; k++) {
            window[at++] = all[k];
        }
        logits_of(window, at, logits);
        CHECK_INT(drawn.ids[i], largest(logits));
        all[count++] = (int32_t)drawn.ids[i];
    }
}

static void test_greedy(void) {
    const uint32_t prompt[] = {3, 1, 4, 1, 5, 9, 2, 6};
    for (size_t length = 1; length <= 8; length++) {
        check_greedy(BLOCKS_STREAM, prompt, length);
        check_greedy(BLOCKS_RELEASED, prompt, length);
    }
    check_greedy(BLOCKS_RELEASED, NULL, 0);
}

// 4000 seeds draw as often as the softmax says, within five standard deviations.
static void check_frequencies(double temperature, int64_t top_k) {
    enum { DRAWS = 4000 };
    const uint32_t prompt[] = {7, 2};
    float logits[V];
    double weights[V], total = 0;
    int counts[V] = {0};
    logits_of((const int32_t[]){7, 2}, 2, logits);
    for (int i = 0; i < V; i++) {
        int before = 0; // tokens that are likelier
        for (int k = 0; k < V; k++) {
            before += logits[k] > logits[i] || (logits[k] == logits[i] && k < i);
        }
        weights[i] = top_k > 0 && before >= top_k ? 0 : exp((double)logits[i] / temperature);
        total += weights[i];
    }
    for (int64_t seed = 0; seed < DRAWS; seed++) {
        const struct sample_options options = {
            .temperature = temperature, .top_k = top_k, .length = 1, .seed = seed};
        struct drawn drawn;
        sample(BLOCKS_STREAM, &options, NONE, prompt, 2, &drawn);
        counts[drawn.ids[0]]++;
    }
    for (int i = 0; i < V; i++) {
        double p = weights[i] / total;
        CHECK(fabs(counts[i] - DRAWS * p) <= 5 * sqrt(DRAWS * p * (1 - p)));
    }
}

static void test_frequencies(void) {
    check_frequencies(1, 0);
    check_frequencies(0.05, 0);
    check_frequencies(0.05, 3);
    check_frequencies(1, 1);
    check_frequencies(1, V + 5);
}

static void test_seeds(void) {
    struct drawn one, two, other;
    struct sample_options options = {.temperature = 1, .length = 30, .seed = 1};
    sample(BLOCKS_STREAM, &options, NONE, (const uint32_t[]){1}, 1, &one);
    sample(BLOCKS_STREAM, &options, NONE, (const uint32_t[]){1}, 1, &two);
    options.seed = 2;
    sample(BLOCKS_STREAM, &options, NONE, (const uint32_t[]){1}, 1, &other);
    CHECK_INT(one.count, 30);
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    CHECK(memcmp(&one, &other, sizeof one) != 0);
}

// The end-of-text token ends the text and is not handed out.
static void test_end(void) {
    struct drawn all, some;
    const struct sample_options options = {.temperature = 1, .length = 30, .seed = 4};
    sample(BLOCKS_STREAM, &options, NONE, (const uint32_t[]){1}, 1, &all);
    int64_t end = all.ids[9];
    int first = 0;
    while (all.ids[first] != end) {
        first++;
    }
    sample(BLOCKS_STREAM, &options, end, (const uint32_t[]){1}, 1, &some);
    CHECK_INT(some.count, first);
    CHECK(memcmp(all.ids, some.ids, (size_t)first * sizeof *some.ids) == 0);
}

static void test_nothing_to_begin_with(void) {
    struct error error = {0};
    struct drawn drawn = {0};
    const struct sample_options options = {.temperature = 1, .length = 1};
    struct trained trained = {.ops = ops, .dev = dev, .model = model};
    CHECK_INT(sample_continue(&trained, &options, NONE, NULL, 0, keep, &drawn, &error),
              STATUS_USAGE);
    CHECK_STRING(error.message, "--prompt");
}

int main(void) {
    open_model();
    RUN(test_greedy);
    RUN(test_frequencies);
    RUN(test_seeds);
    RUN(test_end);
    RUN(test_nothing_to_begin_with);
    model_close(model);
    ops->close(dev);
    return check_finish();
}
