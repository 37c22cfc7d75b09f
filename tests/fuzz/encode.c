// Any bytes as text. The first byte chooses the model and its options.
#include <string.h>

#include "lib/text/model.h"
#include "lib/text/pretokenize.h"
#include "tests/fuzz/fuzz.h"

static const char MERGES[] = "#version: 0.2\nĠ t\nh e\nĠt he\na a\naa aa\na b\nab ab\nĊ Ċ\n"
                             "aaaa aaaa\naaaaaaaa aaaaaaaa\nÃ ©\n";
static const char PIECES[] = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##a\n##b\nab\nabc\n##bcd\n.\n"
                             "日\né\n##é\ne\n1\n##1\n가\n##ᅡ\n";

static const struct text_model *choose_model(uint8_t options) {
    static struct text_model models[8];
    struct text_model *model = &models[options % 8];
    struct error error;
    model->kind = options & 1 ? TEXT_WORDPIECE : TEXT_BPE;
    model->special = options & 2;
    model->cased = options & 4;
    if (text_model_size(model) > 0) {
        return model;
    }
    if (model->kind == TEXT_BPE) {
        FUZZ_CHECK(bpe_vocabulary_parse(&model->bpe, (const uint8_t *)MERGES, sizeof MERGES - 1,
                                        "small", &error) == STATUS_OK);
    } else {
        FUZZ_CHECK(wordpiece_vocabulary_parse(&model->wordpiece, (const uint8_t *)PIECES,
                                              sizeof PIECES - 1, "small", &error) == STATUS_OK);
    }
    return model;
}

static struct token_list encode(const struct text_encoder *encoder, const uint8_t *text,
                                size_t length) {
    struct token_list list = {0};
    struct error error;
    FUZZ_CHECK(text_encoder_encode(encoder, text, length, &list, &error) == STATUS_OK);
    FUZZ_CHECK(list.count <= length);
    return list;
}

// Both sides of a safe cut by themselves give the ids of the whole.
static void check_cut(const struct text_model *model, const struct text_encoder *encoder,
                      const uint8_t *text, size_t length, const struct token_list *whole) {
    size_t seen = length / 2;
    size_t cut = model->kind == TEXT_BPE ? pretoken_safe_cut(text, seen, model->special)
                                         : wordpiece_safe_cut(text, seen);
    struct token_list left = encode(encoder, text, cut);
    struct token_list right = encode(encoder, text + cut, length - cut);
    FUZZ_CHECK(left.count + right.count == whole->count);
    FUZZ_CHECK(left.count == 0 || memcmp(left.ids, whole->ids, left.count * sizeof *left.ids) == 0);
    FUZZ_CHECK(right.count == 0 ||
               memcmp(right.ids, whole->ids + left.count, right.count * sizeof *right.ids) == 0);
    token_list_free(&left);
    token_list_free(&right);
}

static void check_decoded(const struct text_model *model, const uint8_t *text, size_t length,
                          const struct token_list *list) {
    struct buffer decoded = {0};
    struct error error;
    for (size_t i = 0; i < list->count; i++) {
        FUZZ_CHECK(list->ids[i] < text_model_size(model));
        FUZZ_CHECK(text_model_decode(model, list->ids[i], i == 0, &decoded, &error) == STATUS_OK);
    }
    if (model->kind == TEXT_BPE) {
        FUZZ_CHECK(decoded.length == length);
        FUZZ_CHECK(length == 0 || memcmp(decoded.data, text, length) == 0);
    }
    buffer_free(&decoded);
}

void fuzz_one(const uint8_t *data, size_t size) {
    if (size == 0) {
        return;
    }
    const struct text_model *model = choose_model(data[0]);
    struct text_encoder encoder;
    struct error error;
    // A copy of exactly this size, so that reading behind it is noticed.
    uint8_t *text = malloc(size);
    FUZZ_CHECK(text);
    memcpy(text, data + 1, size - 1);
    text = realloc(text, size > 1 ? size - 1 : 1);
    FUZZ_CHECK(text_encoder_create(&encoder, model, &error) == STATUS_OK);
    struct token_list list = encode(&encoder, text, size - 1);
    check_decoded(model, text, size - 1, &list);
    check_cut(model, &encoder, text, size - 1, &list);
    token_list_free(&list);
    text_encoder_free(&encoder);
    free(text);
}
