// dlt-cat: any file of ours as JSON lines, or whether it is whole.
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/program.h"
#include "lib/record/json.h"
#include "lib/record/record.h"

static bool check, salvage, binary;
static const char *kind;

static const struct option OPTIONS[] = {
    {.name = "check",
     .value = &check,
     .help = "say whether each FILE is whole, truncated or damaged"},
    {.name = "salvage", .value = &salvage, .help = "take a truncated or unfinished file as it is"},
    {.name = "binary", .value = &binary, .help = "print binary fields whole, in base64"},
    {.name = "kind",
     .letter = 'k',
     .type = OPTION_STRING,
     .value = &kind,
     .argument = "KIND",
     .help = "print the records of one kind only"},
    {0}};

static const struct program PROGRAM = {
    .name = "dlt-cat",
    .summary = "print a token file, run log, checkpoint or metrics as JSON lines, one a record",
    .usage = "[OPTION...] [FILE...]",
    .options = OPTIONS,
    .examples = "  dlt-cat run.msgpack.zst | jq -c 'select(.kind == \"eval\")'\n"
                "  dlt-cat --check *.msgpack.zst\n"
                "  dlt-cat --salvage run.msgpack.zst.partial | tail -n 1\n",
};

// `closed` is set where nobody reads any more, as `head` does once it has seen enough: no failure.
static enum status check_output(bool *closed, struct error *error) {
    if (!ferror(stdout)) {
        return STATUS_OK;
    }
    if (errno == EPIPE) {
        *closed = true;
        __fpurge(stdout);
        clearerr(stdout);
        return STATUS_OK;
    }
    return error_set(error, STATUS_FAILURE, "cannot write standard output: %s", strerror(errno));
}

static bool is_wanted(const char *record_kind) {
    return !kind || strcmp(kind, record_kind) == 0;
}

// The reader keeps the end record to itself once it has checked it.
static void print_end(const struct record_reader *reader) {
    char all[HASH_XXH64_TEXT], content[HASH_XXH64_TEXT];
    hash_xxh64_text(record_reader_digest(reader), all);
    hash_xxh64_text(record_reader_content_digest(reader), content);
    printf("{\"kind\":\"end\",\"records\":%" PRIu64 ",\"xxh64\":\"%s\",\"content_xxh64\":\"%s\"}\n",
           record_reader_count(reader), all, content);
}

static enum status print_records(struct record_reader *reader, bool follow, bool *closed,
                                 struct error *error) {
    struct record record;
    for (bool more = true; !*closed;) {
        enum status status = record_read(reader, &record, &more, error);
        if (status != STATUS_OK || !more) {
            return status;
        }
        if (is_wanted(record.kind)) {
            record_print_json(stdout, &record.map, binary);
            putchar('\n');
            if (follow) {
                fflush(stdout);
            }
            status = check_output(closed, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status open_reader(struct record_reader **reader, const char *path,
                               struct error *error) {
    enum status status = record_reader_open(reader, path, NULL, NULL,
                                            salvage ? RECORD_SALVAGE : RECORD_STRICT, error);
    char partial[4096];
    if (status == STATUS_FAILURE &&
        (size_t)snprintf(partial, sizeof partial, "%s.partial", path) < sizeof partial &&
        !file_exists(path) && file_exists(partial)) {
        return error_set(error, status, "cannot open '%s': unfinished; try --salvage '%s'", path,
                         partial);
    }
    return status;
}

static enum status print_file(const char *path, bool *closed, struct error *error) {
    struct record_reader *reader;
    enum status status = open_reader(&reader, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = print_records(reader, strcmp(path, "-") == 0, closed, error);
    if (status == STATUS_OK && !*closed) {
        if (!record_reader_complete(reader)) {
            log_warning("'%s': truncated after record %" PRIu64, record_reader_name(reader),
                        record_reader_count(reader) - 1);
        } else if (is_wanted("end")) {
            print_end(reader);
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

static enum status check_file(const char *path, struct error *error) {
    struct record_reader *reader;
    struct record record;
    enum status status = record_reader_open(&reader, path, NULL, NULL, RECORD_STRICT, error);
    for (bool more = status == STATUS_OK; status == STATUS_OK && more;) {
        status = record_read(reader, &record, &more, error);
    }
    if (status == STATUS_OK) {
        char digest[HASH_XXH64_TEXT];
        hash_xxh64_text(record_reader_content_digest(reader), digest);
        printf("%s: whole, %" PRIu64 " records, content %s\n", path, record_reader_count(reader),
               digest);
    } else {
        printf("%s: %s\n", path, reason_of(error, path));
    }
    record_reader_close(reader);
    return status;
}

// Goes on to the next file after a bad one.
static enum status check_files(const char *const *paths, size_t count, bool *closed,
                               struct error *error) {
    enum status worst = STATUS_OK;
    size_t bad = 0;
    for (size_t i = 0; i < count && !*closed; i++) {
        enum status status = check_file(paths[i], error);
        bad += status != STATUS_OK;
        worst = status > worst ? status : worst;
        status = check_output(closed, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return worst == STATUS_OK ? worst
                              : error_set(error, worst, "%zu of %zu files not whole", bad, count);
}

static enum status print_files(const char *const *paths, size_t count, bool *closed,
                               struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK && !*closed; i++) {
        status = print_file(paths[i], closed, error);
    }
    return status;
}

int main(int argc, char **argv) {
    static const char *const STANDARD_INPUT[] = {"-"};
    struct common_options common;
    struct operands operands;
    struct error error = {0};
    bool closed = false;
    program_start(&PROGRAM, argc, argv, &common, &operands);
    signal(SIGPIPE, SIG_IGN); // a closed pipe is seen when writing
    const char *const *paths = operands.count > 0 ? operands.words : STANDARD_INPUT;
    size_t count = operands.count > 0 ? operands.count : 1;
    enum status status = check ? check_files(paths, count, &closed, &error)
                               : print_files(paths, count, &closed, &error);
    if (status == STATUS_OK && !closed && fflush(stdout) != 0) {
        status = check_output(&closed, &error);
    }
    operands_free(&operands);
    return program_finish(status, &error);
}
