// Any bytes as decimal ids to be decoded.
#include <string.h>

#include "lib/text/decode_file.h"
#include "tests/fuzz/fuzz.h"

static const char MERGES[] = "#version: 0.2\nĠ t\nh e\nĠt he\n";
static const char PIECES[] = "[UNK]\na\n##a\n.\n";

void fuzz_one(const uint8_t *data, size_t size) {
    struct text_model models[2] = {{.kind = TEXT_BPE}, {.kind = TEXT_WORDPIECE}};
    struct error error = {0};
    FUZZ_CHECK(bpe_vocabulary_parse(&models[0].bpe, (const uint8_t *)MERGES, sizeof MERGES - 1,
                                    "small", &error) == STATUS_OK);
    FUZZ_CHECK(wordpiece_vocabulary_parse(&models[1].wordpiece, (const uint8_t *)PIECES,
                                          sizeof PIECES - 1, "small", &error) == STATUS_OK);
    struct fuzz_file file = fuzz_file_open(data, size);
    for (size_t i = 0; i < ARRAY_LENGTH(models); i++) {
        enum status status = decode_ids(&models[i], file.path, "/dev/null", 1, &error);
        FUZZ_CHECK(status == STATUS_OK || (status == STATUS_DAMAGED && error.message[0]));
        FUZZ_CHECK(!strchr(error.message, '\n'));
        text_model_free(&models[i]);
    }
    fuzz_file_close(&file);
}
