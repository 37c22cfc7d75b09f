// A network of two layers and a text of a few words, for the tests of what is measured on them.
#ifndef DLT_TESTS_TRAIN_NETWORK_H
#define DLT_TESTS_TRAIN_NETWORK_H

#include "lib/model/model.h"
#include "lib/record/tokens.h"
#include "tests/unit/check.h"

enum { V = 11, T = 4, COUNT = 23, BATCH = 2 };

static const struct ops *ops;
static device *dev;
static struct model *model;
__attribute__((unused)) static uint16_t ids[COUNT];
__attribute__((unused)) static struct token_file text;

__attribute__((unused)) static void open_model(void) {
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
__attribute__((unused)) static void open_text(void) {
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
__attribute__((unused)) static double loss_of(const int32_t *inputs, int32_t target,
                                              size_t length) {
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

#endif
