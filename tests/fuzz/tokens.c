// Any bytes as a token file: read as the trainer does, and decoded.
#include <string.h>

#include "lib/text/decode_file.h"
#include "tests/fuzz/fuzz.h"

static const char MERGES[] = "#version: 0.2\nĠ t\nh e\nĠt he\n";

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = fuzz_file_open(data, size);
    struct token_file tokens;
    struct error error = {0};
    enum status status = token_file_read(&tokens, file.path, &error);
    if (status == STATUS_OK) {
        uint64_t bytes, words;
        token_file_measure(&tokens, 0, tokens.count, &bytes, &words);
        token_file_free(&tokens);
    }
    FUZZ_CHECK(status == STATUS_OK || (status == STATUS_DAMAGED && error.message[0]));
    FUZZ_CHECK(!strchr(error.message, '\n'));

    struct text_model model = {.kind = TEXT_BPE};
    FUZZ_CHECK(bpe_vocabulary_parse(&model.bpe, (const uint8_t *)MERGES, sizeof MERGES - 1, "small",
                                    &error) == STATUS_OK);
    // The digest that the inputs to begin with name: else nothing would get behind the vocabulary.
    hash_sha256(MERGES, sizeof MERGES - 1, model.bpe.file.sha256);
    status = decode_tokens(&model, file.path, "/dev/null", 1, &error);
    FUZZ_CHECK(status == STATUS_OK || status == STATUS_DAMAGED);
    text_model_free(&model);
    fuzz_file_close(&file);
}
