// A file that was interrupted and gone on with is the file that was never interrupted.
#define _GNU_SOURCE
#include "tests/unit/record/files.h"

static const struct record_position NOWHERE;

// Steps 1 .. `until`, marking the position at `mark` (0: never).
static void write_steps(struct record_writer *writer, int from, int until, int mark,
                        struct record_position *position) {
    struct error error = {0};
    struct record_builder r = {0};
    for (int step = from; step <= until; step++) {
        write_step(writer, &r, step);
        record_begin(&r, "timing");
        record_put_real(&r, "seconds", step);
        CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
        if (step == mark) {
            CHECK_INT(record_position_mark(writer, position, &error), STATUS_OK);
        }
    }
    record_builder_free(&r);
}

static struct record_writer *start(const char *path) {
    struct error error = {0};
    struct record_builder r = {0};
    struct record_writer *writer;
    CHECK_INT(record_writer_open(&writer, &(struct record_writer_options){.path = path}, &error),
              STATUS_OK);
    record_begin_header(&r, "run", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_OK);
    record_builder_free(&r);
    return writer;
}

static enum status resume(const char *path, const struct record_position *position,
                          struct record_writer **writer, struct error *error) {
    struct record_writer_options options = {.path = path, .content = "run"};
    return record_writer_resume(writer, &options, position, error);
}

static void test_resume(void) {
    struct error error = {0};
    struct record_position position = NOWHERE;
    struct record_writer *writer = start(files_path("straight"));
    write_steps(writer, 1, 40, 0, NULL);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);

    writer = start(files_path("resumed"));
    write_steps(writer, 1, 25, 20, &position);
    record_writer_abandon(writer, true);
    CHECK(!file_exists(files_path("resumed")));
    CHECK_INT(position.records, 41);
    CHECK_INT(resume(files_path("resumed"), &position, &writer, &error), STATUS_OK);
    write_steps(writer, 21, 30, 30, &position);
    record_writer_abandon(writer, true);
    CHECK_INT(resume(files_path("resumed"), &position, &writer, &error), STATUS_OK);
    write_steps(writer, 31, 40, 0, NULL);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
    CHECK(!file_exists(files_path("resumed.partial")));

    struct outcome a = file_read(files_path("straight"), "run", RECORD_STRICT);
    struct outcome b = file_read(files_path("resumed"), "run", RECORD_STRICT);
    CHECK_INT(a.status, STATUS_OK);
    CHECK_INT(b.status, STATUS_OK);
    CHECK(a.records == b.records && a.content == b.content);
}

static void test_marked_at_once(void) {
    struct error error = {0};
    struct record_position position, again;
    struct record_writer *writer = start(files_path("once"));
    CHECK_INT(record_position_mark(writer, &position, &error), STATUS_OK);
    CHECK_INT(record_position_mark(writer, &again, &error), STATUS_OK);
    CHECK(position.offset == again.offset && position.offset > 0);
    record_writer_abandon(writer, true);
    CHECK_INT(resume(files_path("once"), &position, &writer, &error), STATUS_OK);
    CHECK_INT(record_position_mark(writer, &again, &error), STATUS_OK);
    CHECK(position.offset == again.offset && position.xxh64 == again.xxh64);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
}

static void test_refused(void) {
    struct error error = {0};
    struct record_position position = NOWHERE;
    struct record_writer *writer = start(files_path("refused"));
    write_steps(writer, 1, 25, 20, &position);
    record_writer_abandon(writer, true);
    struct buffer bytes = file_bytes(files_path("refused.partial"));

    struct record_position wrong = position;
    wrong.records++;
    CHECK_INT(resume(files_path("refused"), &wrong, &writer, &error), STATUS_DAMAGED);
    CHECK(!writer);
    wrong = position;
    wrong.xxh64 ^= 1;
    CHECK_INT(resume(files_path("refused"), &wrong, &writer, &error), STATUS_DAMAGED);
    wrong = position;
    wrong.content_xxh64 ^= 1;
    CHECK_INT(resume(files_path("refused"), &wrong, &writer, &error), STATUS_DAMAGED);
    for (int by = -1; by <= 1; by += 2) {
        wrong = position;
        wrong.offset += (uint64_t)by;
        CHECK_INT(resume(files_path("refused"), &wrong, &writer, &error), STATUS_DAMAGED);
    }
    // Nothing of this changed the file.
    struct buffer after = file_bytes(files_path("refused.partial"));
    CHECK(bytes.length == after.length && memcmp(bytes.data, after.data, after.length) == 0);
    buffer_free(&after);

    file_put(files_path("refused.partial"), bytes.data, (size_t)position.offset - 1);
    CHECK_INT(resume(files_path("refused"), &position, &writer, &error), STATUS_DAMAGED);
    bytes.data[position.offset / 2] ^= 4;
    file_put(files_path("refused.partial"), bytes.data, bytes.length);
    CHECK_INT(resume(files_path("refused"), &position, &writer, &error), STATUS_DAMAGED);
    buffer_free(&bytes);

    unlink(files_path("refused.partial"));
    CHECK_INT(resume(files_path("refused"), &position, &writer, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "No such file");
    CHECK(!file_exists(files_path("refused.partial")));
}

// A finished file is not there until it is whole, and an abandoned one leaves nothing.
static void test_abandoned(void) {
    struct record_writer *writer = start(files_path("gone"));
    CHECK(file_exists(files_path("gone.partial")));
    record_writer_abandon(writer, false);
    CHECK(!file_exists(files_path("gone")) && !file_exists(files_path("gone.partial")));
}

// What is being written can be read as far as it goes.
static void test_salvage(void) {
    struct error error = {0};
    struct record_position position;
    struct record_writer *writer = start(files_path("open"));
    write_steps(writer, 1, 5, 5, &position);
    struct outcome outcome = file_read(files_path("open.partial"), "run", RECORD_SALVAGE);
    CHECK_INT(outcome.status, STATUS_OK);
    CHECK_INT(outcome.records, 11);
    CHECK(!outcome.complete);
    CHECK_INT(record_writer_finish(writer, &error), STATUS_OK);
}

static void test_full_disk(void) {
    struct error error = {0};
    struct record_builder r = {0};
    struct record_writer *writer;
    CHECK_INT(
        record_writer_open(&writer, &(struct record_writer_options){.path = "/dev/full"}, &error),
        STATUS_OK);
    record_begin_header(&r, "run", "unit", NULL);
    CHECK_INT(record_write(writer, &r, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "No space left");
    CHECK_INT(record_writer_finish(writer, &error), STATUS_FAILURE);
    record_builder_free(&r);
}

int main(void) {
    files_start();
    RUN(test_resume);
    RUN(test_marked_at_once);
    RUN(test_refused);
    RUN(test_abandoned);
    RUN(test_salvage);
    RUN(test_full_disk);
    files_finish();
    return check_finish();
}
