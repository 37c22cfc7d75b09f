// Any bytes as decimal ids to be decoded.
#include "lib/text/decode_file.h"
#include "tests/fuzz/fuzz.h"

static const char MERGES[] = "#version: 0.2\nĠ t\nh e\nĠt he\n";
static const char PIECES[] = "[UNK]\na\n##a\n.\n";

static const struct text_model *models(void) {
    static struct text_model small[2] = {{.kind = TEXT_BPE}, {.kind = TEXT_WORDPIECE}};
    struct error error;
    if (!small[0].bpe.size) {
        FUZZ_CHECK(bpe_vocabulary_parse(&small[0].bpe, (const uint8_t *)MERGES, sizeof MERGES - 1,
                                        "small", &error) == STATUS_OK);
        FUZZ_CHECK(wordpiece_vocabulary_parse(&small[1].wordpiece, (const uint8_t *)PIECES,
                                              sizeof PIECES - 1, "small", &error) == STATUS_OK);
    }
    return small;
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = fuzz_file_open(data, size);
    for (size_t i = 0; i < 2; i++) {
        struct error error = {0};
        enum status status = decode_ids(&models()[i], file.path, "/dev/null", 1, &error);
        fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    }
    fuzz_file_close(&file);
}
