// dlt-tokenize: text to tokens and back, and the vocabulary from text.
#include <string.h>

#include "lib/base/file_names.h"
#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/text/decode_file.h"
#include "lib/text/encode_file.h"
#include "lib/text/train.h"

static const char SUMMARY[] = "GPT-2's byte-level byte-pair encoding, and BERT's WordPiece";

static struct {
    int64_t size;
    const char *vocabulary;
    int model; // enum text_model_kind
    bool cased, special, lines, ids;
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
        .outside = true,                                                                           \
        .help = "vocabulary: GPT-2's merges (vocab.bpe), or BERT's pieces (vocab.txt)"             \
    }

// A token file of BPE does not name these two in its configuration.
#define MODEL_OPTION(is_outside)                                                                   \
    {                                                                                              \
        .name = "model", .type = OPTION_CHOICE, .value = &settings.model, .choices = MODELS,       \
        .outside = (is_outside), .help = "what the vocabulary is for"                              \
    }
#define CASED_OPTION(is_outside)                                                                   \
    {                                                                                              \
        .name = "cased", .value = &settings.cased, .outside = (is_outside),                        \
        .help = "wordpiece: keep capitals and accents, as BERT's cased vocabulary wants it"        \
    }
static const char *const MODELS[] = {[TEXT_BPE] = "bpe", [TEXT_WORDPIECE] = "wordpiece", NULL};
static const struct option WORDPIECE_CONFIGURATION[] = {
    MODEL_OPTION(false), CASED_OPTION(false), {0}};

static const struct option ENCODE_OPTIONS[] = {
    VOCABULARY_OPTION,
    MODEL_OPTION(true),
    CASED_OPTION(true),
    {.name = "special",
     .value = &settings.special,
     .help = "take <|endoftext|> in the text (wordpiece: [CLS], [SEP], [MASK], [PAD], [UNK]) for "
             "the token; else it is text like any other"},
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
    MODEL_OPTION(true),
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
               .output = true},
    [ENCODE] = {.name = "dlt-tokenize encode",
                .summary = "text to tokens; several texts are read as one",
                .usage = "--vocab FILE [OPTION...] [TEXT...]",
                .options = ENCODE_OPTIONS,
                .examples = "  dlt-tokenize encode --vocab vocab.bpe -o train.tokens.msgpack.zst "
                            "train.txt\n"
                            "  echo 'Hello world' | dlt-tokenize encode --vocab vocab.bpe --ids\n"
                            "  dlt-tokenize encode --model wordpiece --vocab vocab.txt --ids "
                            "train.txt\n",
                .output = true,
                .threads = true,
                .own_threads = true},
    [DECODE] = {.name = "dlt-tokenize decode",
                .summary =
                    "tokens to their text: byte for byte, or with wordpiece its words with a blank "
                    "between",
                .usage = "--vocab FILE [OPTION...] [TOKENS]",
                .options = DECODE_OPTIONS,
                .examples = "  dlt-tokenize decode --vocab vocab.bpe train.tokens.msgpack.zst\n"
                            "  echo 15496 995 | dlt-tokenize decode --vocab vocab.bpe --ids\n",
                .output = true,
                .threads = true,
                .own_threads = true},
    {0}};

static enum status train(const struct common_options *common, const struct operands *texts,
                         struct error *error) {
    struct text_source source;
    struct buffer text = {0};
    uint32_t reached = 0;
    struct file_output output; // found to be one before the work
    enum status status = file_output_open(&output, common->output, false, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = text_source_open(&source, texts->words, texts->count, TEXT_CUT_WORDS, error);
    if (status == STATUS_OK) {
        status = bpe_train(&source, (uint32_t)settings.size, &text, &reached, error);
    }
    text_source_close(&source);
    if (status == STATUS_OK) {
        status = file_output_write(&output, text.data, text.length, error);
    }
    if (status == STATUS_OK) {
        status = file_output_commit(&output, error);
    }
    if (status != STATUS_OK) {
        file_output_abandon(&output, false);
    }
    if (status == STATUS_OK && reached < settings.size) {
        log_warning("the text is enough for a vocabulary of %u only", reached);
    }
    buffer_free(&text);
    return status;
}

static enum status encode_with(const struct text_model *model, const struct common_options *common,
                               const struct operands *texts, int argc, char **argv,
                               struct error *error) {
    struct text_source source;
    const struct option *const options[] = {
        ENCODE_OPTIONS, model->kind == TEXT_WORDPIECE ? WORDPIECE_CONFIGURATION : NULL, NULL};
    enum status status =
        text_source_open(&source, texts->words, texts->count,
                         settings.lines ? TEXT_CUT_LINES : text_model_cut(model), error);
    if (status == STATUS_OK) {
        struct encode_job job = {.model = model,
                                 .source = &source,
                                 .threads = (int)common->threads,
                                 .output = common->output,
                                 .program = "dlt-tokenize encode",
                                 .options = options,
                                 .argc = argc,
                                 .argv = argv};
        status = settings.ids ? encode_to_ids(&job, error) : encode_to_tokens(&job, error);
    }
    if (status == STATUS_OK && text_source_bytes(&source) == 0) {
        log_warning("the text is empty: no tokens");
    }
    text_source_close(&source);
    return status;
}

static enum status encode(const struct common_options *common, const struct operands *texts,
                          int argc, char **argv, struct error *error) {
    if (settings.cased && settings.model != TEXT_WORDPIECE) {
        return error_set(error, STATUS_USAGE, "--cased is for --model wordpiece");
    }
    struct text_model model;
    enum status status =
        text_model_read(&model, (enum text_model_kind)settings.model, settings.vocabulary, error);
    if (status == STATUS_OK) {
        model.special = settings.special;
        model.cased = settings.cased;
        text_model_warn_of_case(&model);
        status = encode_with(&model, common, texts, argc, argv, error);
        text_model_free(&model);
    }
    return status;
}

static enum status decode(const struct common_options *common, const struct operands *tokens,
                          struct error *error) {
    if (tokens->count > 1) {
        return error_set(error, STATUS_USAGE, "one file of tokens, please, not %zu", tokens->count);
    }
    struct text_model model;
    enum status status =
        text_model_read(&model, (enum text_model_kind)settings.model, settings.vocabulary, error);
    if (status == STATUS_OK) {
        const char *path = tokens->count > 0 ? tokens->words[0] : "-";
        status = settings.ids
                     ? decode_ids(&model, path, common->output, (int)common->threads, error)
                     : decode_tokens(&model, path, common->output, (int)common->threads, error);
        text_model_free(&model);
    }
    return status;
}

// Without a name, standard input is read.
static enum status check_files(const struct common_options *common, const struct operands *operands,
                               struct error *error) {
    static const char *const STANDARD_INPUT[] = {"-"};
    struct file_names names = {.output = common->output};
    enum status status = file_names_add(&names, &settings.vocabulary, 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    return operands->count > 0 ? file_names_add(&names, operands->words, operands->count, error)
                               : file_names_add(&names, STANDARD_INPUT, 1, error);
}

int main(int argc, char **argv) {
    const struct program *program = program_select(PROGRAMS, SUMMARY, argc, argv);
    struct common_options common;
    struct operands operands;
    program_start(program, argc - 1, argv + 1, &common, &operands);
    struct error error = {0};
    enum status status = program != &PROGRAMS[TRAIN] && !settings.vocabulary
                             ? error_set(&error, STATUS_USAGE, "no vocabulary given (--vocab FILE)")
                             : check_files(&common, &operands, &error);
    interrupt_install();
    if (status == STATUS_OK && program == &PROGRAMS[TRAIN]) {
        status = train(&common, &operands, &error);
    } else if (status == STATUS_OK && program == &PROGRAMS[ENCODE]) {
        status = encode(&common, &operands, argc, argv, &error);
    } else if (status == STATUS_OK) {
        status = decode(&common, &operands, &error);
    }
    operands_free(&operands);
    return program_finish(status, &error);
}
