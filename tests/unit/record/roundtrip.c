// What is written is what is read, through a file and through a pipe.
#define _GNU_SOURCE
#include <fcntl.h>

#include "lib/base/math.h"
#include "tests/unit/record/files.h"

static void test_every_type(void) {
    write_small(files_path("all"));
    struct error error = {0};
    struct record_reader *reader;
    struct record record;
    bool more;
    CHECK_INT(record_reader_open(&reader, files_path("all"), "file", "run", RECORD_STRICT, &error),
              0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
        CHECK(more);
    }
    const msgpack_object *map = &record.map, *inside;
    int64_t integer = 0;
    double real = 0;
    bool flag = false;
    const char *text = NULL;
    const void *data = NULL;
    size_t length = 0;
    int ints[3];
    CHECK_STRING(record.kind, "everything");
    CHECK_INT(record.number, 2);
    CHECK(record_get_int(map, "small", &integer) && integer == 5);
    CHECK(record_get_int(map, "least", &integer) && integer == INT64_MIN);
    CHECK(record_get_int(map, "most", &integer) && integer == INT64_MAX);
    CHECK(record_get_count(map, "small", &integer) && integer == 5);
    CHECK(record_get_real(map, "real", &real) && real == 0.1);
    CHECK(record_get_real(map, "small", &real) && real == 5.0);
    CHECK(record_get_real(map, "least", &real) && real == -0x1p63);
    CHECK(record_get_real(map, "nan", &real) && real != real && !signbit(real));
    CHECK(record_get_bool(map, "yes", &flag) && flag);
    CHECK(record_get_bool(map, "no", &flag) && !flag);
    CHECK(record_get_string(map, "text", &text, &length) && length == 11);
    CHECK(record_equals(map, "text", "gr\xc3\xbc\xc3\x9f dich"));
    CHECK(record_find(map, "nothing")->type == MSGPACK_OBJECT_NIL);
    CHECK(record_get_binary(map, "binary", &data, &length) && length == 4 &&
          memcmp(data, "\0\1\2\xff", 4) == 0);
    CHECK(record_get_binary(map, "empty", &data, &length) && length == 0);
    CHECK(record_get_int_array(map, "ints", ints, 3, &length));
    CHECK(length == 5 && ints[0] == 3 && ints[1] == -1 && ints[2] == 70000);
    inside = record_find(map, "map");
    CHECK(record_get_int(inside, "inside", &integer) && integer == 1);
    CHECK(record_equals(record_find(inside, "deeper"), "text", "here"));
    CHECK(record_get_int(map, "behind", &integer) && integer == 2);
    // Missing, or of another type.
    CHECK(!record_get_int(map, "absent", &integer));
    CHECK(!record_get_int(map, "real", &integer));
    // No counts: of below nothing, or so many that the next would be none.
    CHECK(!record_get_count(map, "least", &integer));
    CHECK(!record_get_count(map, "most", &integer));
    CHECK(!record_get_real(map, "text", &real));
    CHECK(!record_get_int_array(map, "reals", ints, 3, &length));
    CHECK(!record_get_string(map, "binary", &text, &length));
    CHECK(!record_equals(map, "text", "gr"));
    record_reader_close(reader);
}

static void test_whole_file(void) {
    struct outcome outcome = file_read(files_path("all"), NULL, RECORD_STRICT);
    CHECK_INT(outcome.status, STATUS_OK);
    CHECK_INT(outcome.records, 5);
    CHECK(outcome.complete);
}

// The digest leaves out what is volatile, and nothing else.
static void test_content_digest(void) {
    struct error error = {0};
    struct record_builder r = {0};
    uint64_t digests[3];
    for (int i = 0; i < 3; i++) {
        struct record_writer *writer;
        struct record_writer_options options = {.path = files_path("digest")};
        CHECK_INT(record_writer_open(&writer, &options, &error), STATUS_OK);
        record_begin_header(&r, "run", "unit", NULL);
        CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
        record_begin(&r, i == 2 ? "note" : "timing");
        record_put_int(&r, "seconds", i);
        CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
        CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
        digests[i] = file_read(files_path("digest"), NULL, RECORD_STRICT).content;
    }
    CHECK(digests[0] == digests[1]);
    CHECK(digests[0] != digests[2]);
    record_builder_free(&r);
}

// Each record can be read as soon as it was written. (A test that fails here waits for ever: see
// the alarm in main.)
static void test_stream(void) {
    struct error error = {0};
    struct record_builder r = {0};
    int ends[2];
    char in[32], out[32];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    snprintf(in, sizeof in, "/dev/fd/%d", ends[0]);
    snprintf(out, sizeof out, "/dev/fd/%d", ends[1]);
    struct record_writer *writer;
    struct record_writer_options options = {.path = out};
    CHECK_INT(record_writer_open(&writer, &options, &error), STATUS_OK);
    CHECK(record_writer_is_stream(writer));
    close(ends[1]);
    record_begin_header(&r, "run", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    struct record_reader *reader;
    struct record record;
    bool more;
    CHECK_INT(record_reader_open(&reader, in, "file", "run", RECORD_STRICT, &error), STATUS_OK);
    close(ends[0]);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    for (int step = 1; step < 50; step++) {
        int64_t read = 0;
        struct record_position position;
        write_step(writer, &r, step);
        if (step % 10 == 0) {
            CHECK_INT(record_position_mark(writer, &position, &error), STATUS_OK);
        }
        CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
        CHECK(more && record_get_int(&record.map, "step", &read) && read == step);
    }
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    CHECK(!more && record_reader_complete(reader));
    record_reader_close(reader);
    record_builder_free(&r);
}

// Larger than every buffer on the way.
static void test_large_record(void) {
    enum { LENGTH = 3000001 };
    struct error error = {0};
    struct record_builder r = {0};
    struct record_writer *writer;
    struct record_writer_options options = {.path = files_path("large")};
    uint8_t *data = malloc(LENGTH);
    for (uint32_t i = 0; i < LENGTH; i++) {
        data[i] = (uint8_t)(i * 2654435761U >> 24);
    }
    CHECK_INT(record_writer_open(&writer, &options, &error), STATUS_OK);
    record_begin_header(&r, "checkpoint", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    record_begin(&r, "tensor");
    record_put_binary(&r, "data", data, LENGTH);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
    struct record_reader *reader;
    struct record record;
    bool more;
    const void *read;
    size_t length;
    CHECK_INT(record_reader_open(&reader, files_path("large"), "checkpoint", "checkpoint",
                                 RECORD_STRICT, &error),
              STATUS_OK);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    CHECK(record_get_binary(&record.map, "data", &read, &length) && length == LENGTH &&
          memcmp(read, data, LENGTH) == 0);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    CHECK(!more);
    record_reader_close(reader);
    CHECK_INT(
        record_reader_open(&reader, files_path("large"), "checkpoint", NULL, RECORD_STRICT, &error),
        STATUS_OK);
    record_reader_limit(reader, LENGTH);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_OK);
    CHECK_INT(record_read(reader, &record, &more, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "larger than the limit");
    record_reader_close(reader);
    record_builder_free(&r);
    free(data);
}

static void test_builder_mistakes(void) {
    struct error error = {0};
    struct record_builder r = {0};
    struct buffer buffer = {0};
    record_begin(&r, "open");
    record_put_map(&r, "map");
    CHECK_INT(record_message_append(&buffer, &r, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "left open");
    record_begin(&r, "deep");
    for (int i = 0; i < RECORD_NESTING; i++) {
        record_put_map(&r, "map");
    }
    CHECK_INT(record_message_append(&buffer, &r, &error), STATUS_FAILURE);
    record_begin(&r, "many");
    for (int i = 0; i < 70000; i++) {
        record_put_int(&r, "i", i);
    }
    CHECK_INT(record_message_append(&buffer, &r, &error), STATUS_FAILURE);
    CHECK_INT(buffer.length, 0);
    record_begin(&r, "good"); // none of it lasts
    CHECK_INT(record_message_append(&buffer, &r, &error), STATUS_OK);
    CHECK(buffer.length > 0);
    buffer_free(&buffer);
    record_builder_free(&r);
}

static void test_options(void) {
    static const char *const CHOICES[] = {"a", "b", NULL};
    bool flag = true;
    int64_t integer = 7;
    double real = 0.5;
    const char *string = NULL;
    int choice = 1;
    const struct option first[] = {
        {.name = "flag", .value = &flag},
        {.name = "threads", .type = OPTION_INTEGER, .value = &integer, .outside = true},
        {.name = "layers", .type = OPTION_INTEGER, .value = &integer},
        {0}};
    const struct option second[] = {
        {.name = "lr", .type = OPTION_REAL, .value = &real},
        {.name = "agent", .type = OPTION_STRING, .value = &string},
        {.name = "arch", .type = OPTION_CHOICE, .value = &choice, .choices = CHOICES},
        {0}};
    struct error error = {0};
    struct record_builder r = {0};
    struct buffer buffer = {0};
    record_begin_header(&r, "run", "unit", (const struct option *const[]){first, second, NULL});
    CHECK_INT(record_message_append(&buffer, &r, &error), STATUS_OK);
    msgpack_zone zone;
    struct record record;
    size_t used;
    msgpack_zone_init(&zone, 8192);
    CHECK_INT(record_message_parse(buffer.data, buffer.length, &used, &record, &zone, &error), 0);
    const msgpack_object *config = record_find(&record.map, "config");
    bool read_flag = false;
    CHECK_INT(config->via.map.size, 5);
    CHECK(record_get_bool(config, "flag", &read_flag) && read_flag);
    CHECK(record_get_int(config, "layers", &integer) && integer == 7);
    CHECK(record_get_real(config, "lr", &real) && real == 0.5);
    CHECK(record_find(config, "agent")->type == MSGPACK_OBJECT_NIL);
    CHECK(record_equals(config, "arch", "b"));
    CHECK(!record_find(config, "threads"));
    msgpack_zone_destroy(&zone);
    buffer_free(&buffer);
    record_builder_free(&r);
}

int main(void) {
    files_start();
    RUN(test_every_type);
    RUN(test_whole_file);
    RUN(test_content_digest);
    RUN(test_stream);
    RUN(test_large_record);
    RUN(test_builder_mistakes);
    RUN(test_options);
    files_finish();
    return check_finish();
}
