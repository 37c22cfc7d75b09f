// A folder for this test's files, whole files in memory, and a small file that has one of
// everything.
#ifndef DLT_TESTS_RECORD_FILES_H
#define DLT_TESTS_RECORD_FILES_H

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/record/record.h"
#include "tests/unit/check.h"

static char files_folder[64];

// A test that takes a minute of a processor reads something without end, and is ended.
__attribute__((unused)) static void files_limit_time(void) {
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = 60}}, NULL);
}

__attribute__((unused)) static void files_start(void) {
    files_limit_time();
    snprintf(files_folder, sizeof files_folder, "/tmp/dlt-unit-XXXXXX");
    if (!mkdtemp(files_folder)) {
        perror(files_folder);
        exit(1);
    }
}

// The path of a file in the folder; valid until the fourth call after this one.
__attribute__((unused)) static const char *files_path(const char *name) {
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", files_folder, name);
    return path;
}

__attribute__((unused)) static void files_finish(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", files_folder);
    if (system(command) != 0) {
        perror(files_folder);
    }
}

__attribute__((unused)) static struct buffer file_bytes(const char *path) {
    struct buffer buffer = {0};
    struct file_input input;
    struct error error = {0};
    CHECK_INT(file_input_open(&input, path, &error), STATUS_OK);
    CHECK_INT(file_input_read_all(&input, &buffer, 1 << 30, &error), STATUS_OK);
    file_input_close(&input);
    return buffer;
}

__attribute__((unused)) static void file_put(const char *path, const void *data, size_t length) {
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(data, 1, length, file) == length && fclose(file) == 0);
}

// What reading a whole file came to.
struct outcome {
    enum status status;
    uint64_t records, content;
    bool complete;
    struct error error;
};

__attribute__((unused)) static struct outcome file_read(const char *path, const char *content,
                                                        enum record_salvage salvage) {
    struct outcome outcome = {0};
    struct record_reader *reader;
    struct record record;
    outcome.status = record_reader_open(&reader, path, "file", content, salvage, &outcome.error);
    for (bool more = outcome.status == STATUS_OK; outcome.status == STATUS_OK && more;) {
        outcome.status = record_read(reader, &record, &more, &outcome.error);
        outcome.records += more;
    }
    if (outcome.status == STATUS_OK) {
        outcome.content = record_reader_content_digest(reader);
        outcome.complete = record_reader_complete(reader);
    }
    record_reader_close(reader);
    return outcome;
}

static const int FILES_ARRAY[] = {3, -1, 70000, INT_MIN, INT_MAX};
static const double FILES_REALS[] = {0.1, -1e300, 5e-324};

__attribute__((unused)) static void write_step(struct record_writer *writer,
                                               struct record_builder *r, int step) {
    struct error error = {0};
    record_begin(r, "step");
    record_put_int(r, "step", step);
    record_put_real(r, "loss", 1.0 / step);
    CHECK_INT(record_write(writer, r, &error), STATUS_OK);
}

__attribute__((unused)) static void write_everything(struct record_writer *writer,
                                                     struct record_builder *r) {
    struct error error = {0};
    record_begin(r, "everything");
    record_put_int(r, "small", 5);
    record_put_int(r, "least", INT64_MIN);
    record_put_int(r, "most", INT64_MAX);
    record_put_real(r, "real", 0.1);
    record_put_real(r, "nan", -(double)NAN);
    record_put_bool(r, "yes", true);
    record_put_bool(r, "no", false);
    record_put_string(r, "text", "gr\xc3\xbc\xc3\x9f dich");
    record_put_string(r, "nothing", NULL);
    record_put_binary(r, "binary", "\0\1\2\xff", 4);
    record_put_binary(r, "empty", NULL, 0);
    record_put_int_array(r, "ints", FILES_ARRAY, ARRAY_LENGTH(FILES_ARRAY));
    record_put_real_array(r, "reals", FILES_REALS, ARRAY_LENGTH(FILES_REALS));
    record_put_map(r, "map");
    record_put_int(r, "inside", 1);
    record_put_map(r, "deeper");
    record_put_string(r, "text", "here");
    record_end_map(r);
    record_end_map(r);
    record_put_int(r, "behind", 2);
    CHECK_INT(record_write(writer, r, &error), STATUS_OK);
}

// Five records before the end record.
__attribute__((unused)) static void write_small(const char *path) {
    struct error error = {0};
    struct record_writer *writer;
    struct record_builder r = {0};
    struct record_writer_options options = {.path = path, .content = "run"};
    CHECK_INT(record_writer_open(&writer, &options, &error), STATUS_OK);
    record_begin_header(&r, "run", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    char *command[] = {(char *)"unit", (char *)"--test"};
    CHECK_INT(record_write_env(writer, &r, 1, 2, command, &error), STATUS_OK);
    write_everything(writer, &r);
    write_step(writer, &r, 1);
    CHECK_INT(record_write_input(writer, &r, "train", "some/where/text", 12, "ab", &error),
              STATUS_OK);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
    record_builder_free(&r);
}

#endif
