// dlt-tokenize: text to tokens and back, and the vocabulary from text.
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/text/decode_file.h"
#include "lib/text/encode_file.h"
#include "lib/text/train.h"

static const char SUMMARY[] = "GPT-2's byte-level byte-pair encoding";

static struct {
    int64_t size;
    const char *vocabulary;
    bool special, lines, ids;
} settings = {.size = 8192};

static const struct option TRAIN_OPTIONS[] = {
    {.name = "size",
     .type = OPTION_SIZE,
     .value = &settings.size,
     .argument = "V",
     .minimum = BPE_BYTES + 1,
     .maximum = BPE_SIZE_MAXIMUM,
     .help = "ids of the vocabulary: 256 bytes, merges and <|endoftext|>"},
    {0}};

#define VOCABULARY_OPTION                                                                          \
    {                                                                                              \
        .name = "vocab", .type = OPTION_STRING, .value = &settings.vocabulary, .argument = "FILE", \
        .outside = true, .help = "vocabulary in GPT-2's merges format (vocab.bpe)"                 \
    }

static const struct option ENCODE_OPTIONS[] = {
    VOCABULARY_OPTION,
    {.name = "special",
     .value = &settings.special,
     .help = "take <|endoftext|> in the text for the token; else it is text like any other"},
    {.name = "lines",
     .value = &settings.lines,
     .help = "tokenise each line, with its line end, by itself, so that no token spans two lines, "
             "and record where the lines end"},
    {.name = "ids",
     .value = &settings.ids,
     .outside = true,
     .help = "print one decimal id a line instead of a token file"},
    {0}};

static const struct option DECODE_OPTIONS[] = {
    VOCABULARY_OPTION,
    {.name = "ids", .value = &settings.ids, .outside = true, .help = "read decimal ids"},
    {0}};

enum command { TRAIN, ENCODE, DECODE };

static const struct program PROGRAMS[] = {
    [TRAIN] = {.name = "dlt-tokenize train",
               .summary = "learn a vocabulary: the merges of the pairs that are most frequent",
               .usage = "[OPTION...] [TEXT...]",
               .options = TRAIN_OPTIONS,
               .examples = "  dlt-corpus --style wiki --bytes 2M | dlt-tokenize train --size 1024 "
                           "-o vocab.bpe -\n",
               .output = true,
               .threads = true},
    [ENCODE] = {.name = "dlt-tokenize encode",
                .summary = "text to tokens; several texts are read as one",
                .usage = "--vocab FILE [OPTION...] [TEXT...]",
                .options = ENCODE_OPTIONS,
                .examples = "  dlt-tokenize encode --vocab vocab.bpe -o train.tokens.msgpack.zst "
                            "train.txt\n"
                            "  echo 'Hello world' | dlt-tokenize encode --vocab vocab.bpe --ids\n",
                .output = true,
                .threads = true},
    [DECODE] = {.name = "dlt-tokenize decode",
                .summary = "tokens to the text that they are of, byte for byte",
                .usage = "--vocab FILE [OPTION...] [TOKENS]",
                .options = DECODE_OPTIONS,
                .examples = "  dlt-tokenize decode --vocab vocab.bpe train.tokens.msgpack.zst\n"
                            "  echo 15496 995 | dlt-tokenize decode --vocab vocab.bpe --ids\n",
                .output = true,
                .threads = true},
    {0}};

static enum status train(const struct common_options *common, const struct operands *texts,
                         struct error *error) {
    struct text_source source;
    struct buffer text = {0};
    uint32_t reached = 0;
    enum status status =
        text_source_open(&source, texts->words, texts->count, TEXT_CUT_WORDS, error);
    if (status == STATUS_OK) {
        status = bpe_train(&source, (uint32_t)settings.size, &text, &reached, error);
    }
    text_source_close(&source);
    struct file_output output;
    if (status == STATUS_OK) {
        status = file_output_open(&output, common->output, false, error);
        if (status == STATUS_OK) {
            status = file_output_write(&output, text.data, text.length, error);
            if (status == STATUS_OK) {
                status = file_output_commit(&output, error);
            }
            if (status != STATUS_OK) {
                file_output_abandon(&output, false);
            }
        }
    }
    if (status == STATUS_OK && reached < settings.size) {
        log_warning("the text is enough for a vocabulary of %u only", reached);
    }
    buffer_free(&text);
    return status;
}

static enum status encode(const struct common_options *common, const struct operands *texts,
                          int argc, char **argv, struct error *error) {
    struct bpe_vocabulary vocabulary;
    enum status status = bpe_vocabulary_read(&vocabulary, settings.vocabulary, error);
    if (status != STATUS_OK) {
        return status;
    }
    enum text_cut cut = settings.lines     ? TEXT_CUT_LINES
                        : settings.special ? TEXT_CUT_SPECIAL
                                           : TEXT_CUT_WORDS;
    struct text_source source;
    const struct option *const options[] = {ENCODE_OPTIONS, NULL};
    status = text_source_open(&source, texts->words, texts->count, cut, error);
    if (status == STATUS_OK) {
        struct encode_job job = {.vocabulary = &vocabulary,
                                 .special = settings.special ? ENCODER_SPECIAL : ENCODER_ORDINARY,
                                 .source = &source,
                                 .threads = (int)common->threads,
                                 .output = common->output,
                                 .program = "dlt-tokenize encode",
                                 .options = options,
                                 .argc = argc,
                                 .argv = argv};
        status = settings.ids ? encode_to_ids(&job, error) : encode_to_tokens(&job, error);
    }
    text_source_close(&source);
    bpe_vocabulary_free(&vocabulary);
    return status;
}

static enum status decode(const struct common_options *common, const struct operands *tokens,
                          struct error *error) {
    if (tokens->count > 1) {
        return error_set(error, STATUS_USAGE, "one file of tokens, please, not %zu", tokens->count);
    }
    struct bpe_vocabulary vocabulary;
    enum status status = bpe_vocabulary_read(&vocabulary, settings.vocabulary, error);
    if (status != STATUS_OK) {
        return status;
    }
    const char *path = tokens->count > 0 ? tokens->words[0] : "-";
    status = settings.ids ? decode_ids(&vocabulary, path, common->output, error)
                          : decode_tokens(&vocabulary, path, common->output, error);
    bpe_vocabulary_free(&vocabulary);
    return status;
}

int main(int argc, char **argv) {
    const struct program *program = program_select(PROGRAMS, SUMMARY, argc, argv);
    struct common_options common;
    struct operands operands;
    program_start(program, argc - 1, argv + 1, &common, &operands);
    struct error error = {0};
    enum status status = STATUS_OK;
    if (program != &PROGRAMS[TRAIN] && !settings.vocabulary) {
        status = error_set(&error, STATUS_USAGE, "no vocabulary given (--vocab FILE)");
    } else if (program == &PROGRAMS[TRAIN]) {
        status = train(&common, &operands, &error);
    } else if (program == &PROGRAMS[ENCODE]) {
        status = encode(&common, &operands, argc, argv, &error);
    } else {
        status = decode(&common, &operands, &error);
    }
    operands_free(&operands);
    return program_finish(status, &error);
}
