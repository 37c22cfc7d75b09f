// Evaluation sums, against the model asked token by token.
#include "lib/train/evaluate.h"

#include <stdlib.h>

#include "lib/base/math.h"
#include "tests/unit/check.h"

enum { V = 11, T = 4, COUNT = 23, BATCH = 2 };

static const struct ops *ops;
static device *dev;
static struct model *model;
static uint16_t ids[COUNT];
static struct token_file text;

static void open_model(void) {
    struct error error = {0};
    const int start[2] = {0, 1};
    const struct model_config config = {.arch = MODEL_GPT2,
                                        .layers = 2,
                                        .width = 8,
                                        .heads = 2,
                                        .context = T,
                                        .vocabulary = V,
                                        .batch = BATCH,
                                        .dropout = 0.5, // has to be off
                                        .tying = TYING_SHARED,
                                        .seed = 5};
    CHECK_INT(ops_cpu(&ops, &error), STATUS_OK);
    CHECK_INT(ops->open(&dev, &error), STATUS_OK);
    CHECK_INT(model_open(&model, ops, dev, &config, start, &error), STATUS_OK);
}

// Every token is two bytes long and one word.
static void open_text(void) {
    static uint16_t bytes[V];
    static uint8_t flags[V], words[V], newlines[V];
    static char name[] = "text";
    for (int i = 0; i < V; i++) {
        bytes[i] = i == V - 1 ? 0 : 2;
        flags[i] = TOKEN_STARTS_WITH_SPACE;
        words[i] = i == V - 1 ? 0 : 1;
    }
    for (int i = 0; i < COUNT; i++) {
        ids[i] = (uint16_t)(i * 7 % (V - 1));
    }
    text = (struct token_file){.vocabulary = {.size = V,
                                              .end_of_text = V - 1,
                                              .bytes = bytes,
                                              .flags = flags,
                                              .words = words,
                                              .newlines = newlines},
                               .ids = ids,
                               .width = 2,
                               .count = COUNT,
                               .name = name};
}

// The loss of the last of the given targets, behind the given inputs.
static double loss_of(const int32_t *inputs, int32_t target, size_t length) {
    struct error error = {0};
    int32_t padded[T] = {0}, targets[T];
    for (size_t t = 0; t < T; t++) {
        padded[t] = t < length ? inputs[t] : 0;
        targets[t] = t == length - 1 ? target : -1;
    }
    double sum = 0;
    int64_t count = 0;
    CHECK_INT(model_evaluate(model, padded, targets, 1, &sum, &count, NULL, NULL, &error),
              STATUS_OK);
    CHECK_INT(count, 1);
    return sum;
}

static void test_released(void) {
    struct error error = {0};
    struct blocks blocks;
    struct evaluation result;
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, T, &error), STATUS_OK);
    CHECK_INT(blocks.count, 7);
    CHECK_INT(evaluate_blocks(model, &blocks, BATCH, 0, &result, NULL, &error), STATUS_OK);
    double nll = 0, batch_losses[4] = {0};
    for (size_t b = 0; b < blocks.count; b++) {
        int32_t inputs[T], targets[T];
        blocks_fill(&blocks, b, inputs, targets);
        for (size_t t = 0; t < T; t++) {
            double loss = loss_of(inputs, targets[t], t + 1);
            nll += t < T - 1 ? loss : 0; // the last target is no text
            batch_losses[b / BATCH] += loss / (b == 6 ? T : T * BATCH);
        }
    }
    double mean = (batch_losses[0] + batch_losses[1] + batch_losses[2] + batch_losses[3]) / 4;
    CHECK_CLOSE(result.loss, mean, 1e-6);
    CHECK_CLOSE(result.perplexity, exp(mean), 1e-4);
    CHECK_CLOSE(result.nll, nll, 1e-5);
    CHECK_INT(result.tokens, 28);
    CHECK_INT(result.text_tokens, 21);
    CHECK_INT(result.text_bytes, 42);
    CHECK_INT(result.text_words, 21);
    CHECK_CLOSE(result.bits_per_byte, nll / log(2) / 42, 1e-6);
    CHECK_CLOSE(result.perplexity_per_word, exp(nll / 21), 1e-4);
    CHECK(result.full);
}

static void test_some_batches(void) {
    struct error error = {0};
    struct blocks blocks;
    struct evaluation result;
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, T, &error), STATUS_OK);
    CHECK_INT(evaluate_blocks(model, &blocks, BATCH, 2, &result, NULL, &error), STATUS_OK);
    CHECK(!result.full);
    CHECK_INT(result.blocks, 4);
    CHECK_INT(result.tokens, 16);
    CHECK_INT(result.text_bytes, 32);
    CHECK_INT(evaluate_blocks(model, &blocks, BATCH, 3, &result, NULL, &error), STATUS_OK);
    CHECK(result.full); // 5 blocks are 3 batches
}

static void test_windows(void) {
    struct error error = {0};
    struct evaluation result;
    enum { STRIDE = 2 };
    CHECK_INT(evaluate_windows(model, &text, BATCH, STRIDE, &result, &error), STATUS_OK);
    double nll = 0;
    for (int target = 1; target < COUNT;
         target++) { // each once, with T - STRIDE + 1 .. T of context
        int first = target <= T ? 0 : (target - T + STRIDE - 1) / STRIDE * STRIDE;
        int32_t inputs[T];
        for (int t = 0; t < target - first; t++) {
            inputs[t] = ids[first + t];
        }
        nll += loss_of(inputs, ids[target], (size_t)(target - first));
    }
    CHECK_INT(result.tokens, COUNT - 1);
    CHECK_CLOSE(result.nll, nll, 1e-5);
    CHECK_INT(result.text_bytes, 2 * (COUNT - 1));
    CHECK_CLOSE(result.bits_per_byte, nll / log(2) / (2 * (COUNT - 1)), 1e-6);
}

int main(void) {
    open_model();
    open_text();
    RUN(test_released);
    RUN(test_some_batches);
    RUN(test_windows);
    model_close(model);
    ops->close(dev);
    return check_finish();
}
