// dlt-eval: measures the network of a checkpoint, or the unigram model of a text.
#include <inttypes.h>

#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/train/metrics.h"
#include "lib/train/unigram.h"

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
    return status;
}

static int run_perplexity(const struct program *program, int argc, char **argv) {
    struct perplexity_options chosen = {0};
    const struct option options[] = {
        {.name = "checkpoint",
         .type = OPTION_STRING,
         .value = (void *)&chosen.checkpoint,
         .argument = "FILE",
         .help = "the network, as dlt-train left it",
         .outside = true},
        {.name = "tokens",
         .type = OPTION_STRING,
         .value = (void *)&chosen.tokens,
         .argument = "TOKENS",
         .help = "the text; - for standard input",
         .outside = true},
        {.name = "stride",
         .type = OPTION_INTEGER,
         .value = &chosen.stride,
         .argument = "N",
         .maximum = 65536,
         .help = "overlapping windows that move on by N tokens, of which the last N count; 0: "
                 "blocks as in training"},
        {.name = "batch",
         .type = OPTION_INTEGER,
         .value = &chosen.batch,
         .argument = "B",
         .maximum = 65536,
         .help = "blocks at a time; the loss is the mean over batches; 0: as in training"},
        {0}};
    struct common_options common;
    struct error error = {0};
    enum status status = start(program, options, argc, argv, &common, &error);
    if (status == STATUS_OK && (!chosen.checkpoint || !chosen.tokens)) {
        status = error_set(&error, STATUS_USAGE, "give --checkpoint FILE and --tokens TOKENS");
    }
    struct evaluation result = {0};
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, (int)common.threads};
        status = metrics_perplexity(&chosen, options, common.output, &invocation, &result, &error);
    }
    if (status == STATUS_OK) {
        log_line("perplexity %.4f  loss %.6f  bits per byte %.4f  perplexity per word %.2f  "
                 "accuracy %.4f  tokens %" PRIu64,
                 result.perplexity, result.loss, result.bits_per_byte, result.perplexity_per_word,
                 (double)result.correct / (double)result.tokens, result.tokens);
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
                                     {.name = "tokens",
                                      .type = OPTION_STRING,
                                      .value = (void *)&chosen.tokens,
                                      .argument = "TOKENS",
                                      .help = "the text that is measured",
                                      .outside = true},
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
        {0}};
    const struct program *program =
        program_select(PROGRAMS, "measure a network, or a text", argc, argv);
    return program == &PROGRAMS[0] ? run_perplexity(program, argc - 1, argv + 1)
                                   : run_unigram(program, argc - 1, argv + 1);
}
