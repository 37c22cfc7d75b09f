// dlt-cat: any file of ours as JSON lines, or whether it is whole.
#define _GNU_SOURCE // fopencookie
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/file_names.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/record/json.h"
#include "lib/record/record.h"

static bool check, salvage, binary;
static const char *kinds;

static const struct option OPTIONS[] = {
    {.name = "check",
     .value = &check,
     .help = "say whether each FILE is whole, truncated or damaged"},
    {.name = "salvage", .value = &salvage, .help = "take a truncated or unfinished file as it is"},
    {.name = "binary", .value = &binary, .help = "print binary fields whole, in base64"},
    {.name = "kind",
     .letter = 'k',
     .type = OPTION_STRING,
     .value = &kinds,
     .argument = "KIND,...",
     .help = "print the records of these kinds only; if there are none, that is said, but is no "
             "failure"},
    {0}};

static const struct program PROGRAM = {
    .name = "dlt-cat",
    .summary = "print a token file, run log, checkpoint or metrics as JSON lines, one a record",
    .usage = "[OPTION...] [FILE...]",
    .options = OPTIONS,
    .examples = "  dlt-cat run.msgpack.zst | jq -c 'select(.kind == \"eval\")'\n"
                "  dlt-cat --kind visit,reward run.msgpack.zst\n"
                "  dlt-cat --check *.msgpack.zst\n"
                "  dlt-cat --salvage run.msgpack.zst.partial | tail -n 1\n",
    .output = true,
};

// ---- Where the lines go ------------------------------------------------------------------------

struct sink {
    struct file_output file;
    FILE *stream;       // into the file; flushed before anything is said, which may go the same way
    bool follow;        // flushed after each record
    enum status status; // of writing
    struct error *error; // its first failure
    bool closed; // nobody reads any more, as `head` does once it has seen enough: no failure
    bool found;  // a record of a kind that was asked for
};

// The way of the stream's bytes into the file; 0 tells stdio that it failed.
static ssize_t sink_write(void *cookie, const char *data, size_t length) {
    struct sink *sink = cookie;
    if (sink->status == STATUS_OK && !sink->closed) {
        enum status status = file_output_write(&sink->file, data, length, sink->error);
        sink->closed = status != STATUS_OK && errno == EPIPE;
        sink->status = sink->closed ? STATUS_OK : status;
    }
    return sink->status == STATUS_OK && !sink->closed ? (ssize_t)length : 0;
}

static bool sink_is_open(const struct sink *sink) {
    return sink->status == STATUS_OK && !sink->closed;
}

static enum status sink_open(struct sink *sink, const char *path, struct error *error) {
    *sink = (struct sink){.error = error};
    enum status status = file_output_open(&sink->file, path, false, error);
    if (status != STATUS_OK) {
        return status;
    }
    sink->stream = fopencookie(sink, "w", (cookie_io_functions_t){.write = sink_write});
    sink->follow = isatty(sink->file.descriptor);
    if (!sink->stream) {
        file_output_abandon(&sink->file, false);
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the output");
    }
    return STATUS_OK;
}

// With `whole`, a file that was written gets its name.
static enum status sink_close(struct sink *sink, bool whole) {
    fclose(sink->stream);
    if (sink_is_open(sink) && whole) {
        sink->status = file_output_commit(&sink->file, sink->error);
    }
    file_output_abandon(&sink->file, false);
    return sink->status;
}

// ---- Records -----------------------------------------------------------------------------------

static bool is_wanted(const char *record_kind) {
    return !kinds || list_has(kinds, record_kind);
}

// The reader keeps the end record to itself once it has checked it.
static void print_end(const struct record_reader *reader, FILE *out) {
    char all[HASH_XXH64_TEXT], content[HASH_XXH64_TEXT];
    hash_xxh64_text(record_reader_digest(reader), all);
    hash_xxh64_text(record_reader_content_digest(reader), content);
    fprintf(out,
            "{\"kind\":\"end\",\"records\":%" PRIu64
            ",\"xxh64\":\"%s\",\"content_xxh64\":\"%s\"}\n",
            record_reader_count(reader), all, content);
}

static enum status print_records(struct record_reader *reader, struct sink *sink,
                                 struct error *error) {
    struct record record;
    bool more = true;
    enum status status = STATUS_OK;
    while (sink_is_open(sink) && status == STATUS_OK && more) {
        status = record_read(reader, &record, &more, error);
        if (status == STATUS_OK && more && is_wanted(record.kind)) {
            sink->found = true;
            record_print_json(sink->stream, &record.map, binary);
            putc('\n', sink->stream);
            if (sink->follow) {
                fflush(sink->stream);
            }
        }
    }
    return status;
}

static enum status open_reader(struct record_reader **reader, const char *path,
                               struct error *error) {
    enum status status = record_reader_open(reader, path, NULL, NULL,
                                            salvage ? RECORD_SALVAGE : RECORD_STRICT, error);
    char *partial = NULL;
    if (status == STATUS_FAILURE && !file_exists(path) &&
        file_partial_name(&partial, path, error) == STATUS_OK && file_exists(partial)) {
        error_set(error, status, "cannot open '%s': unfinished; try --salvage '%s'", path, partial);
    }
    free(partial);
    return status;
}

static enum status print_file(const char *path, struct sink *sink, struct error *error) {
    struct record_reader *reader;
    enum status status = open_reader(&reader, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    sink->follow |= strcmp(path, "-") == 0;
    status = print_records(reader, sink, error);
    if (status == STATUS_OK && sink_is_open(sink)) {
        if (!record_reader_complete(reader)) {
            fflush(sink->stream);
            log_warning("'%s': truncated after record %" PRIu64, record_reader_name(reader),
                        record_reader_count(reader) - 1);
        } else if (is_wanted("end")) {
            sink->found = true;
            print_end(reader, sink->stream);
        }
    }
    record_reader_close(reader);
    return status;
}

// What stands behind "cannot read 'PATH': " or "cannot open 'PATH': ". Counted, not searched for,
// since a path may hold anything.
static const char *reason_of(const struct error *error, const char *path) {
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    size_t prefix = strlen("cannot read '") + strlen(name) + strlen("': ");
    bool there =
        strlen(error->message) > prefix && strncmp(error->message + prefix - 3, "': ", 3) == 0;
    return error->message + (there ? prefix : 0);
}

static enum status check_file(const char *path, struct sink *sink, struct error *error) {
    struct record_reader *reader;
    struct record record;
    enum status status = record_reader_open(&reader, path, NULL, NULL, RECORD_STRICT, error);
    for (bool more = status == STATUS_OK; status == STATUS_OK && more;) {
        status = record_read(reader, &record, &more, error);
    }
    if (status == STATUS_OK) {
        char digest[HASH_XXH64_TEXT];
        hash_xxh64_text(record_reader_content_digest(reader), digest);
        fprintf(sink->stream, "%s: whole, %" PRIu64 " records, content %s\n", path,
                record_reader_count(reader), digest);
    } else {
        fprintf(sink->stream, "%s: %s\n", path, reason_of(error, path));
    }
    record_reader_close(reader);
    return status;
}

// ---- Files: after a bad one, the others; the worst status tells ----------------------------------

static enum status check_files(const char *const *paths, size_t count, struct sink *sink) {
    enum status worst = STATUS_OK;
    struct error error;
    size_t bad = 0;
    for (size_t i = 0; i < count && sink_is_open(sink); i++) {
        enum status status = check_file(paths[i], sink, &error);
        bad += status != STATUS_OK;
        worst = status > worst ? status : worst;
    }
    if (bad > 0 && sink_is_open(sink)) {
        fflush(sink->stream);
        log_failure("%zu of %zu files not whole", bad, count);
    }
    return worst;
}

static enum status print_files(const char *const *paths, size_t count, struct sink *sink) {
    enum status worst = STATUS_OK;
    struct error error;
    for (size_t i = 0; i < count && sink_is_open(sink); i++) {
        enum status status = print_file(paths[i], sink, &error);
        if (status != STATUS_OK) {
            fflush(sink->stream);
            log_failure("%s", error.message);
        }
        worst = status > worst ? status : worst;
    }
    if (kinds && worst == STATUS_OK && !sink->found && sink_is_open(sink)) {
        log_warning("no record of kind '%s'", kinds);
    }
    return worst;
}

static enum status check_words(const char *output, const char *const *paths, size_t count,
                               struct error *error) {
    if (program_given("kind") > 1) {
        return error_set(error, STATUS_USAGE, "--kind is given twice; list the kinds: --kind A,B");
    }
    if (check && (kinds || binary || salvage)) {
        return error_set(error, STATUS_USAGE, "--check prints no records: it does not use --%s",
                         kinds    ? "kind"
                         : binary ? "binary"
                                  : "salvage");
    }
    struct file_names names = {.output = output};
    return file_names_add(&names, paths, count, error);
}

int main(int argc, char **argv) {
    static const char *const STANDARD_INPUT[] = {"-"};
    struct common_options common;
    struct operands operands;
    struct sink sink;
    struct error error = {0};
    program_start(&PROGRAM, argc, argv, &common, &operands);
    signal(SIGPIPE, SIG_IGN); // a closed pipe is seen when writing
    const char *const *paths = operands.count > 0 ? operands.words : STANDARD_INPUT;
    size_t count = operands.count > 0 ? operands.count : 1;
    enum status of_files = STATUS_OK;
    enum status status = check_words(common.output, paths, count, &error);
    if (status == STATUS_OK) {
        status = sink_open(&sink, common.output, &error);
    }
    if (status == STATUS_OK) {
        of_files = check ? check_files(paths, count, &sink) : print_files(paths, count, &sink);
        status = sink_close(&sink, check || of_files == STATUS_OK); // a report is whole either way
    }
    operands_free(&operands);
    int exit_status = program_finish(status, &error);
    return exit_status == STATUS_OK ? (int)of_files : exit_status;
}
