// Any bytes as a token file: read as the trainer does, and decoded.
#include <string.h>

#include "lib/text/decode_file.h"
#include "tests/fuzz/seal.h"

static const char MERGES[] = "#version: 0.2\nĠ t\nh e\nĠt he\n";

static const struct text_model *model(void) {
    static struct text_model small = {.kind = TEXT_BPE};
    struct error error;
    if (!small.bpe.size) {
        FUZZ_CHECK(bpe_vocabulary_parse(&small.bpe, (const uint8_t *)MERGES, sizeof MERGES - 1,
                                        "small", &error) == STATUS_OK);
        // The digest that the inputs to begin with name: else nothing would get behind the vocabulary.
        hash_sha256(MERGES, sizeof MERGES - 1, small.bpe.file.sha256);
    }
    return &small;
}

// Every id is one, every line ends among them, and the measures of neighbours add up.
static void check_tokens(const struct token_file *tokens) {
    uint64_t bytes[3], words[3];
    size_t half = tokens->count / 2;
    FUZZ_CHECK(tokens->count > 0);
    for (size_t i = 0; i < tokens->count; i++) {
        FUZZ_CHECK(token_file_id(tokens, i) < tokens->vocabulary.size);
    }
    for (size_t i = 0; i < tokens->line_count; i++) {
        FUZZ_CHECK(tokens->line_ends[i] <= tokens->count);
        FUZZ_CHECK(i == 0 || tokens->line_ends[i - 1] <= tokens->line_ends[i]);
    }
    token_file_measure(tokens, 0, half, &bytes[0], &words[0]);
    token_file_measure(tokens, half, tokens->count, &bytes[1], &words[1]);
    token_file_measure(tokens, 0, tokens->count, &bytes[2], &words[2]);
    FUZZ_CHECK(bytes[0] + bytes[1] == bytes[2] && words[0] + words[1] == words[2]);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = seal_open(data, size);
    struct token_file tokens;
    struct error error = {0};
    enum status status = token_file_read(&tokens, file.path, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    if (status == STATUS_OK) {
        check_tokens(&tokens);
        token_file_free(&tokens);
    }
    if (fuzz_pick(8, data, size) == 0) { // it starts a thread
        status = decode_tokens(model(), file.path, "/dev/null", 1, &error);
        fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    }
    fuzz_file_close(&file);
}
