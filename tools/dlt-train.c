// dlt-train: trains a transformer whose layers share weights as an agent decides.
#include <stdio.h>

#include "lib/base/file.h"
#include "lib/base/file_names.h"
#include "lib/base/program.h"
#include "lib/train/train.h"

static const char EXAMPLES[] =
    "  dlt-train --train train.tokens.msgpack.zst --test test.tokens.msgpack.zst \\\n"
    "      --agent 'dlt-qagent --policy qlearn' --checkpoint run.checkpoint.msgpack.zst \\\n"
    "      -o run.run.msgpack.zst\n"
    "  dlt-tokenize encode --vocab v.bpe text | dlt-train --train - -o run.run.msgpack.zst\n"
    "  dlt-train --train train.tokens.msgpack.zst --layers 12 --width 256 --dry-run\n";

// What is written must be nothing that is read, nor one file; the checkpoint one to go on from.
static enum status check_files(const struct settings *settings, const char *output,
                               struct error *error) {
    const char *checkpoint = settings->checkpoint;
    if (checkpoint && output && file_names_same(checkpoint, output)) {
        return error_set(error, STATUS_USAGE, "--checkpoint and -o name one file, '%s'", output);
    }
    if (checkpoint && !file_is_replaced(checkpoint)) {
        return error_set(error, STATUS_USAGE, "option --checkpoint: '%s' is no regular file",
                         checkpoint);
    }
    struct file_names of_log = {.output = output}, of_checkpoint = {.output = checkpoint};
    enum status status = file_names_apart(checkpoint, output, "the checkpoint", error);
    if (status == STATUS_OK) {
        status = file_names_apart(output, checkpoint, "the run log", error);
    }
    if (status == STATUS_OK) {
        status = file_names_add(&of_log, settings->text, SPLITS, error);
    }
    return status == STATUS_OK ? file_names_add(&of_checkpoint, settings->text, SPLITS, error)
                               : status;
}

// What only a checkpoint gives a meaning to.
static enum status check_checkpoint(const struct settings *settings, struct error *error) {
    bool every = program_given("checkpoint-every") > 0;
    if (settings->checkpoint || !(settings->restart || every)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_USAGE, "--%s needs a --checkpoint FILE",
                     every ? "checkpoint-every" : "restart");
}

int main(int argc, char **argv) {
    struct settings settings;
    struct option options[SETTINGS_OPTIONS_MAX];
    settings_defaults(&settings);
    settings_describe(&settings, options);
    const struct program program = {
        .name = "dlt-train",
        .summary = "train a transformer whose layers share weights as an agent decides",
        .usage = "--train TOKENS [OPTION...] -o RUN",
        .options = options,
        .examples = EXAMPLES,
        .output = true,
        .threads = true,
    };
    struct common_options common;
    struct operands operands;
    struct error error = {0};
    program_start(&program, argc, argv, &common, &operands);
    enum status status = STATUS_OK;
    if (operands.count > 0) {
        status =
            error_set(&error, STATUS_USAGE,
                      "unexpected operand '%s': texts are given by --train, --valid and --test",
                      operands.words[0]);
    }
    operands_free(&operands);
    if (status == STATUS_OK) {
        status = settings_resolve(&settings, &error);
    }
    if (status == STATUS_OK) {
        status = check_checkpoint(&settings, &error);
    }
    if (status == STATUS_OK) {
        status = check_files(&settings, common.output, &error);
    }
    struct train_outcome outcome = {0};
    if (status == STATUS_OK) {
        const struct invocation invocation = {argc, argv, (int)common.threads};
        status = train_run(&settings, common.output, &invocation, &outcome, &error);
    }
    if (outcome.table.length > 0) { // of a dry run
        fwrite(outcome.table.data, 1, outcome.table.length, stdout);
    }
    buffer_free(&outcome.table);
    int exit_status = program_finish(status, &error);
    // Who reads 128 + signal relies on the checkpoint: a run that failed to write it has failed.
    return exit_status == STATUS_OK && outcome.signal ? 128 + outcome.signal : exit_status;
}
