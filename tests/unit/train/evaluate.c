// Evaluation sums, against the model asked token by token.
#include "lib/train/evaluate.h"

#include <stdlib.h>

#include "lib/base/math.h"
#include "tests/unit/train/network.h"

static void test_released(void) {
    struct error error = {0};
    struct blocks blocks;
    struct evaluation result;
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_RELEASED, OBJECTIVE_CAUSAL, T, &error), STATUS_OK);
    CHECK_INT(blocks.count, 7);
    CHECK_INT(evaluate_blocks(model, &blocks, BATCH, 0, &result, NULL, &error), STATUS_OK);
    double nll = 0, batch_losses[4] = {0};
    for (size_t b = 0; b < blocks.count; b++) {
        int32_t inputs[T], targets[T];
        blocks_fill(&blocks, b, NULL, inputs, targets);
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
    CHECK_INT(blocks_open(&blocks, &text, BLOCKS_STREAM, OBJECTIVE_CAUSAL, T, &error), STATUS_OK);
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
    CHECK_INT(evaluate_windows(model, &text, BLOCKS_STREAM, BATCH, STRIDE, &result, &error),
              STATUS_OK);
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

// Behind the end-of-text token, and nothing asked at the last position.
static void test_released_windows(void) {
    struct error error = {0};
    struct evaluation result;
    enum { ROOM = T - 1, STRIDE = 2 };
    CHECK_INT(evaluate_window_room(BLOCKS_RELEASED, T), ROOM);
    CHECK_INT(evaluate_windows(model, &text, BLOCKS_RELEASED, BATCH, STRIDE, &result, &error),
              STATUS_OK);
    double nll = 0;
    for (int target = 0; target < COUNT; target++) {
        int first = target < ROOM ? 0 : (target + 1 - ROOM + STRIDE - 1) / STRIDE * STRIDE;
        int32_t inputs[T] = {(int32_t)text.vocabulary.end_of_text};
        for (int t = 1; t <= target - first; t++) {
            inputs[t] = ids[first + t - 1];
        }
        nll += loss_of(inputs, ids[target], (size_t)(target - first) + 1);
    }
    CHECK_INT(result.tokens, COUNT);
    CHECK_CLOSE(result.nll, nll, 1e-5);
    CHECK_INT(result.text_bytes, 2 * COUNT);
}

int main(void) {
    open_model();
    open_text();
    RUN(test_released);
    RUN(test_some_batches);
    RUN(test_windows);
    RUN(test_released_windows);
    model_close(model);
    ops->close(dev);
    return check_finish();
}
