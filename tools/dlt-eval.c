// dlt-eval: measures the network of a checkpoint, or the unigram model of a text.
#include <inttypes.h>
#include <string.h>

#include "lib/base/file_names.h"
#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/text/id_writer.h"
#include "lib/train/lastword.h"
#include "lib/train/perplexity.h"
#include "lib/train/sample.h"
#include "lib/train/similarity.h"
#include "lib/train/unigram.h"

// Options that several commands take.
#define CHECKPOINT(v)                                                                              \
    {                                                                                              \
        .name = "checkpoint", .type = OPTION_STRING, .value = (void *)(v), .argument = "FILE",     \
        .help = "the network, as dlt-train left it", .outside = true                               \
    }
#define DEVICE(v)                                                                                  \
    {                                                                                              \
        .name = "device", .type = OPTION_CHOICE, .value = (v), .choices = DEVICE_NAMES,            \
        .help = "where to compute; auto: what was trained in bf16 on a GPU, if one can be used",   \
        .outside = true                                                                            \
    }
#define TOKENS(v, h)                                                                               \
    {                                                                                              \
        .name = "tokens", .type = OPTION_STRING, .value = (void *)(v), .argument = "TOKENS",       \
        .help = h, .outside = true                                                                 \
    }

// Every file that a command names but with -o is read.
static enum status check_files(const struct option *options, const char *output,
                               struct error *error) {
    struct file_names names = {.output = output};
    enum status status = STATUS_OK;
    for (const struct option *o = options; o->name && status == STATUS_OK; o++) {
        if (o->argument &&
            (strcmp(o->argument, "FILE") == 0 || strcmp(o->argument, "TOKENS") == 0)) {
            status = file_names_add(&names, o->value, 1, error);
        }
    }
    return status;
}

// Parses a command's options; none of the commands takes further words.
static enum status start(const struct program *program, const struct option *options, int argc,
                         char **argv, struct common_options *common, struct error *error) {
    struct program own = *program;
    struct operands operands;
    own.options = options;
    program_start(&own, argc, argv, common, &operands);
    enum status status = STATUS_OK;
    if (operands.count > 0) {
        status = error_set(error, STATUS_USAGE, "unexpected word '%s'", operands.words[0]);
    }
    operands_free(&operands);
    return status == STATUS_OK ? check_files(options, common->output, error) : status;
}

static int run_perplexity(const struct program *program, int argc, char **argv) {
    struct perplexity_options chosen = {0};
    const struct option options[] = {
        CHECKPOINT(&chosen.network.checkpoint),
        DEVICE(&chosen.network.device),
        TOKENS(&chosen.tokens, "the text; - for standard input"),
        {.name = "stride",
         .type = OPTION_SIZE,
         .value = &chosen.stride,
         .argument = "N",
         .maximum = 65536,
         .help = "overlapping windows that move on by N tokens, of which the last N count; 0: "
                 "blocks as in training"},
        {.name = "batch",
         .type = OPTION_SIZE,
         .value = &chosen.batch,
         .argument = "B",
         .maximum = 65536,
         .help = "blocks at a time; the loss is the mean over batches; 0: as in training"},
        {0}};
    struct common_options common;
    struct error error = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && (!chosen.network.checkpoint || !chosen.tokens)) {
        status = error_set(&error, STATUS_USAGE, "give --checkpoint FILE and --tokens TOKENS");
    }
    struct evaluation result = {0};
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, (int)common.threads};
        status = perplexity_measure(&chosen, options, common.output, &invocation, &result, &error);
    }
    if (status == STATUS_OK) {
        char text[400] = ""; // what masked tokens do not have
        if (result.text_bytes > 0) {
            snprintf(text, sizeof text, "bits per byte %.4f  perplexity per word %.2f  ",
                     result.bits_per_byte, result.perplexity_per_word);
        }
        log_line("perplexity %.4f  loss %.6f  %saccuracy %.4f  tokens %" PRIu64, result.perplexity,
                 result.loss, text, (double)result.correct / (double)result.tokens, result.tokens);
    }
    return program_finish(status, &error);
}

static int run_unigram(const struct program *program, int argc, char **argv) {
    struct unigram_options chosen = {0};
    const struct option options[] = {{.name = "train",
                                      .type = OPTION_STRING,
                                      .value = (void *)&chosen.train,
                                      .argument = "TOKENS",
                                      .help = "the text that is counted",
                                      .outside = true},
                                     TOKENS(&chosen.tokens, "the text that is measured"),
                                     {.name = "labels",
                                      .type = OPTION_STRING,
                                      .value = (void *)&chosen.labels,
                                      .argument = "LIST",
                                      .help = "names for reports: KEY=VALUE,...",
                                      .outside = true},
                                     {0}};
    struct common_options common;
    struct error error = {0};
    struct evaluation result = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && (!chosen.train || !chosen.tokens)) {
        status = error_set(&error, STATUS_USAGE, "give --train TOKENS and --tokens TOKENS");
    }
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, 1};
        status =
            unigram_write_metrics(&chosen, options, common.output, &invocation, &result, &error);
    }
    if (status == STATUS_OK) {
        log_line("unigram perplexity %.4f  bits per byte %.4f  perplexity per word %.2f  "
                 "tokens %" PRIu64,
                 result.perplexity, result.bits_per_byte, result.perplexity_per_word,
                 result.tokens);
    }
    return program_finish(status, &error);
}

static int run_lastword(const struct program *program, int argc, char **argv) {
    struct lastword_options chosen = {0};
    const struct option options[] = {
        CHECKPOINT(&chosen.network.checkpoint),
        DEVICE(&chosen.network.device),
        TOKENS(&chosen.tokens, "the passages, one a line (dlt-tokenize encode --lines); - for "
                               "standard input"),
        {.name = "batch",
         .type = OPTION_SIZE,
         .value = &chosen.batch,
         .argument = "B",
         .maximum = 65536,
         .help = "passages at a time; 0: the blocks of a training step",
         .outside = true},
        {0}};
    struct common_options common;
    struct error error = {0};
    struct lastword result = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && (!chosen.network.checkpoint || !chosen.tokens)) {
        status = error_set(&error, STATUS_USAGE, "give --checkpoint FILE and --tokens TOKENS");
    }
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, (int)common.threads};
        status = lastword_measure(&chosen, options, common.output, &invocation, &result, &error);
    }
    if (status == STATUS_OK) {
        log_line("last word: accuracy %.4f  perplexity %.2f  passages %" PRIu64
                 "  skipped %" PRIu64,
                 result.accuracy, result.perplexity, result.passages, result.skipped);
    }
    return program_finish(status, &error);
}

static int run_similarity(const struct program *program, int argc, char **argv) {
    struct trained_choice network = {0};
    const struct option options[] = {CHECKPOINT(&network.checkpoint), DEVICE(&network.device), {0}};
    struct common_options common;
    struct error error = {0};
    struct similarity result = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && !network.checkpoint) {
        status = error_set(&error, STATUS_USAGE, "give --checkpoint FILE");
    }
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, (int)common.threads};
        status = similarity_measure(&network, options, common.output, &invocation, &result, &error);
    }
    if (status == STATUS_OK) {
        log_line("attention: layers %d  cosine %.4f   feed-forward: layers %d  cosine %.4f",
                 result.layers[TYING_ATTENTION], result.cosine[TYING_ATTENTION],
                 result.layers[TYING_FEEDFORWARD], result.cosine[TYING_FEEDFORWARD]);
        log_line("heads: the same %.4f  another %.4f", result.same_head, result.another_head);
    }
    return program_finish(status, &error);
}

// ---- Sampling -----------------------------------------------------------------------------------

// A network to sample from, and the words that it knows.
struct sampled {
    struct sample_options options;
    struct trained_choice network;
    const char *vocabulary_path, *prompt;
    int model; // enum text_model_kind
    bool cased;
    struct trained trained;
    struct text_model vocabulary;
    struct token_vocabulary facts;
    struct token_list ids; // of the prompt
};

static enum status open_vocabulary(struct sampled *s, struct error *error) {
    enum status status =
        text_model_read(&s->vocabulary, (enum text_model_kind)s->model, s->vocabulary_path, error);
    if (status != STATUS_OK) {
        return status;
    }
    s->vocabulary.special = true;
    s->vocabulary.cased = s->cased;
    status = text_model_describe(&s->vocabulary, &s->facts, error);
    return status == STATUS_OK
               ? trained_check_vocabulary(&s->trained, &s->facts,
                                          text_model_file(&s->vocabulary)->name, error)
               : status;
}

static enum status encode_prompt(struct sampled *s, struct error *error) {
    struct text_encoder encoder;
    if (*s->prompt) {
        text_model_warn_of_case(&s->vocabulary);
    }
    enum status status = text_encoder_create(&encoder, &s->vocabulary, error);
    if (status == STATUS_OK) {
        status = text_encoder_encode(&encoder, (const uint8_t *)s->prompt, strlen(s->prompt),
                                     &s->ids, error);
        text_encoder_free(&encoder);
    }
    return status;
}

static enum status write_token(void *writer, uint32_t id, struct error *error) {
    return id_writer_put(writer, id, error);
}

static enum status write_sample(const struct sampled *s, const char *path, struct error *error) {
    struct id_writer writer;
    enum status status = id_writer_open(&writer, &s->vocabulary, path, s->ids.count == 0, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = sample_continue(&s->trained, &s->options, s->facts.end_of_text, s->ids.ids,
                             s->ids.count, write_token, &writer, error);
    return id_writer_close(&writer, status, error);
}

static enum status sample(struct sampled *s, const char *output, struct error *error) {
    enum status status = trained_open(&s->trained, &s->network, 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = open_vocabulary(s, error);
    if (status == STATUS_OK) {
        status = encode_prompt(s, error);
    }
    if (status == STATUS_OK) {
        status = write_sample(s, output, error);
    }
    token_list_free(&s->ids);
    token_vocabulary_free(&s->facts);
    text_model_free(&s->vocabulary);
    trained_close(&s->trained);
    return status;
}

static int run_sample(const struct program *program, int argc, char **argv) {
    static const char *const MODELS[] = {"bpe", "wordpiece", NULL};
    struct sampled s = {.options = {.temperature = 1, .length = 100, .seed = 1}, .prompt = ""};
    const struct option options[] = {
        CHECKPOINT(&s.network.checkpoint),
        DEVICE(&s.network.device),
        {.name = "vocab",
         .type = OPTION_STRING,
         .value = (void *)&s.vocabulary_path,
         .argument = "FILE",
         .help = "the vocabulary that its texts were encoded with"},
        {.name = "model",
         .type = OPTION_CHOICE,
         .value = &s.model,
         .choices = MODELS,
         .help = "what kind of vocabulary it is"},
        {.name = "cased",
         .type = OPTION_FLAG,
         .value = &s.cased,
         .help = "wordpiece: the prompt keeps its accents and capitals"},
        {.name = "prompt",
         .type = OPTION_STRING,
         .value = (void *)&s.prompt,
         .argument = "TEXT",
         .help = "what is continued"},
        {.name = "length",
         .letter = 'n',
         .type = OPTION_SIZE,
         .value = &s.options.length,
         .argument = "N",
         .minimum = 1,
         .maximum = 1e9,
         .help = "tokens at most; the end-of-text token ends it too"},
        {.name = "temperature",
         .type = OPTION_REAL,
         .value = &s.options.temperature,
         .argument = "X",
         .maximum = 1e6,
         .help = "logits are divided by it; 0: always the likeliest token"},
        {.name = "top-k",
         .type = OPTION_SIZE,
         .value = &s.options.top_k,
         .argument = "K",
         .maximum = 1e9,
         .help = "only the K likeliest tokens; 0: all"},
        {.name = "seed",
         .type = OPTION_INTEGER,
         .value = &s.options.seed,
         .argument = "S",
         .maximum = 2147483647,
         .help = "seed of the drawing"},
        {0}};
    struct common_options common;
    struct error error = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && (!s.network.checkpoint || !s.vocabulary_path)) {
        status = error_set(&error, STATUS_USAGE, "give --checkpoint FILE and --vocab FILE");
    }
    if (status == STATUS_OK && s.cased && s.model != TEXT_WORDPIECE) {
        status = error_set(&error, STATUS_USAGE, "--cased is for --model wordpiece");
    }
    if (status == STATUS_OK) {
        status = sample(&s, common.output, &error);
    }
    return program_finish(status, &error);
}

int main(int argc, char **argv) {
    static const struct program PROGRAMS[] = {
        {.name = "dlt-eval perplexity",
         .summary = "perplexity, bits per byte and accuracy on a text",
         .usage = "--checkpoint FILE --tokens TOKENS [OPTION...]",
         .examples = "  dlt-eval perplexity --checkpoint run.checkpoint.msgpack.zst \\\n"
                     "      --tokens test.tokens.msgpack.zst -o test.metrics.msgpack.zst\n",
         .output = true,
         .threads = true},
        {.name = "dlt-eval unigram",
         .summary = "the same of the unigram model: what is known of a text without context",
         .usage = "--train TOKENS --tokens TOKENS [OPTION...]",
         .examples = "  dlt-eval unigram --train train.tokens.msgpack.zst \\\n"
                     "      --tokens test.tokens.msgpack.zst -o unigram.metrics.msgpack.zst\n",
         .output = true},
        {.name = "dlt-eval lastword",
         .summary = "how often, and how surely, each line's last word is predicted (LAMBADA)",
         .usage = "--checkpoint FILE --tokens TOKENS [OPTION...]",
         .examples =
             "  dlt-tokenize encode --lines --vocab v.bpe lambada_test.txt |\n"
             "      dlt-eval lastword --checkpoint run.checkpoint.msgpack.zst --tokens - \\\n"
             "      -o lastword.metrics.msgpack.zst\n",
         .output = true,
         .threads = true},
        {.name = "dlt-eval similarity",
         .summary = "cosine similarity of independent layers' weights, and of heads by index",
         .usage = "--checkpoint FILE [OPTION...]",
         .examples = "  dlt-eval similarity --checkpoint run.checkpoint.msgpack.zst \\\n"
                     "      -o similarity.metrics.msgpack.zst\n",
         .output = true,
         .threads = true},
        {.name = "dlt-eval sample",
         .summary = "a continuation of a prompt, as text",
         .usage = "--checkpoint FILE --vocab FILE [OPTION...]",
         .examples = "  dlt-eval sample --checkpoint run.checkpoint.msgpack.zst --vocab v.bpe \\\n"
                     "      --prompt 'The river' --temperature 0.8 --top-k 40\n",
         .output = true,
         .threads = true},
        {0}};
    static int (*const COMMANDS[])(const struct program *, int, char **) = {
        run_perplexity, run_unigram, run_lastword, run_similarity, run_sample};
    const struct program *program =
        program_select(PROGRAMS, "measure a network, or a text", argc, argv);
    return COMMANDS[program - PROGRAMS](program, argc - 1, argv + 1);
}
