// Any bytes as a vocabulary, of either kind; what is taken for one must work.
#include <string.h>

#include "lib/text/model.h"
#include "tests/fuzz/fuzz.h"

static const char TEXT[] =
    "the cat the  dog 123 aaa\n\xC3\xA9\xFF\xE6\x97\xA5 [MASK]<|endoftext|> unaffable.";

static void try_encoding(const struct text_model *model) {
    struct text_encoder encoder;
    struct token_list list = {0};
    struct buffer text = {0};
    struct error error;
    FUZZ_CHECK(text_encoder_create(&encoder, model, &error) == STATUS_OK);
    FUZZ_CHECK(text_encoder_encode(&encoder, (const uint8_t *)TEXT, sizeof TEXT - 1, &list,
                                   &error) == STATUS_OK);
    for (size_t i = 0; i < list.count; i++) {
        FUZZ_CHECK(list.ids[i] < text_model_size(model));
        FUZZ_CHECK(text_model_decode(model, list.ids[i], i == 0, &text, &error) == STATUS_OK);
    }
    FUZZ_CHECK(model->kind == TEXT_WORDPIECE ||
               (text.length == sizeof TEXT - 1 && memcmp(text.data, TEXT, text.length) == 0));
    struct token_vocabulary facts;
    FUZZ_CHECK(text_model_describe(model, &facts, &error) == STATUS_OK);
    token_vocabulary_free(&facts);
    buffer_free(&text);
    token_list_free(&list);
    text_encoder_free(&encoder);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = fuzz_file_open(data, size);
    for (enum text_model_kind kind = TEXT_BPE; kind <= TEXT_WORDPIECE; kind++) {
        struct text_model model;
        struct error error = {0};
        enum status status = text_model_read(&model, kind, file.path, &error);
        if (status == STATUS_OK) {
            try_encoding(&model);
            text_model_free(&model);
        }
        fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    }
    fuzz_file_close(&file);
}
