// Messages over a pipe, which arrive in pieces and from any program.
#define _GNU_SOURCE
#include "lib/record/scan.h"
#include "tests/unit/record/files.h"

static msgpack_zone zone;
static struct buffer stream;

static void test_pieces(void) {
    struct error error = {0};
    struct record_builder r = {0};
    record_begin(&r, "ask");
    record_put_int_array(&r, "state", (const int[]){0, 0, 2, 1000}, 4);
    CHECK_INT(record_message_append(&stream, &r, &error), STATUS_OK);
    size_t first = stream.length;
    record_begin(&r, "bye");
    CHECK_INT(record_message_append(&stream, &r, &error), STATUS_OK);
    record_builder_free(&r);

    struct record record;
    size_t used = 1;
    for (size_t length = 0; length < first; length++) {
        CHECK_INT(record_message_parse(stream.data, length, &used, &record, &zone, &error), 0);
        CHECK_INT(used, 0);
    }
    CHECK_INT(record_message_parse(stream.data, stream.length, &used, &record, &zone, &error), 0);
    CHECK_INT(used, first);
    CHECK_STRING(record.kind, "ask");
    int state[4] = {0};
    size_t count = 0;
    CHECK(record_get_int_array(&record.map, "state", state, 4, &count));
    CHECK(count == 4 && state[3] == 1000);
    CHECK_INT(record_message_parse(stream.data + first, stream.length - first, &used, &record,
                                   &zone, &error),
              STATUS_OK);
    CHECK_INT(used, stream.length - first);
    CHECK_STRING(record.kind, "bye");
}

// Byte by byte, each looked at once: 300,000 values are no more work than that.
static void test_parsing_on(void) {
    enum { VALUES = 300000 };
    struct error error = {0};
    struct record_builder r = {0};
    struct buffer long_stream = {0};
    int *values = calloc(VALUES, sizeof *values);
    CHECK_INT(buffer_append(&long_stream, stream.data, stream.length, &error), STATUS_OK);
    record_begin(&r, "many");
    record_put_int_array(&r, "values", values, VALUES);
    CHECK_INT(record_message_append(&long_stream, &r, &error), STATUS_OK);
    record_builder_free(&r);

    static const char *const KINDS[] = {"ask", "bye", "many"};
    struct record_scan scan = {0};
    struct record record;
    size_t from = 0, messages = 0;
    for (size_t end = 1; end <= long_stream.length; end++) {
        size_t used = 1;
        CHECK_INT(record_message_parse_on(&scan, long_stream.data + from, end - from, &used,
                                          &record, &zone, &error),
                  STATUS_OK);
        from += used;
        if (used > 0 && CHECK(messages < 3 && from == end)) {
            CHECK_STRING(record.kind, KINDS[messages++]);
        }
    }
    CHECK_INT(messages, 3);
    buffer_free(&long_stream);
    free(values);
}

static void expect_bad(const char *bytes, size_t length, const char *text) {
    struct error error = {0};
    struct record record;
    size_t used = 1;
    CHECK_INT(record_message_parse((const uint8_t *)bytes, length, &used, &record, &zone, &error),
              STATUS_DAMAGED);
    CHECK_INT(used, 0);
    CHECK_STRING(error.message, text);
}

static void test_nonsense(void) {
    expect_bad("Traceback", 9, "not a msgpack map");
    expect_bad("\x91\x01", 2, "not a msgpack map");
    expect_bad("\x81\xc1\x01", 3, "not msgpack");
    expect_bad("\x80", 1, "no kind");
    expect_bad("\x81\xa4kind\x07", 7, "no kind");
    expect_bad("\xdf\xff\xff\xff\xff", 5, "too many values");
    expect_bad("\x81\xa1"
               "b\xc6\xff\xff\xff\xff",
               8, "larger than the limit");
}

// Every string of up to three bytes gets an answer.
static void test_short_strings(void) {
    uint8_t bytes[3];
    size_t whole = 0;
    for (unsigned i = 0; i < 1U << 24; i += i < 0x800000 ? 4099 : 61) {
        struct error error = {0};
        struct record record;
        size_t used = 0;
        bytes[0] = (uint8_t)(i >> 16);
        bytes[1] = (uint8_t)(i >> 8);
        bytes[2] = (uint8_t)i;
        enum status status =
            record_message_parse(bytes, sizeof bytes, &used, &record, &zone, &error);
        CHECK(status == STATUS_OK || status == STATUS_DAMAGED);
        whole += used > 0;
    }
    CHECK_INT(whole, 0); // too short for a kind
}

// An object is packed again as it came.
static void test_passed_on(void) {
    struct error error = {0};
    struct record_builder r = {0};
    struct buffer copy = {0};
    struct record record;
    size_t used;
    CHECK_INT(record_message_parse(stream.data, stream.length, &used, &record, &zone, &error), 0);
    record_begin(&r, "visit");
    record_put_object(&r, "info", &record.map);
    CHECK_INT(record_message_append(&copy, &r, &error), STATUS_OK);
    CHECK_INT(record_message_parse(copy.data, copy.length, &used, &record, &zone, &error), 0);
    CHECK(record_equals(record_find(&record.map, "info"), "kind", "ask"));
    buffer_free(&copy);
    record_builder_free(&r);
}

// Any reader takes a str for UTF-8: what is none is escaped, wherever it stands.
static void test_text(void) {
    struct error error = {0};
    struct record_builder r = {0};
    struct buffer bytes = {0}, again = {0};
    struct record record;
    size_t used;
    record_begin(&r, "text");
    record_put_string(&r, "valid", "h\xc3\xa9\\xe9");
    record_put_string(&r, "name", "\xffh\xe9\xc3\xa9");
    CHECK_INT(record_message_append(&bytes, &r, &error), STATUS_OK);
    CHECK_INT(record_message_parse(bytes.data, bytes.length, &used, &record, &zone, &error), 0);
    CHECK(record_equals(&record.map, "valid", "h\xc3\xa9\\xe9"));
    CHECK(record_equals(&record.map, "name", "\\xffh\\xe9\xc3\xa9"));
    msgpack_object odd = {.type = MSGPACK_OBJECT_STR, .via.str = {.ptr = "\xc3", .size = 1}};
    msgpack_object_kv entry = {.key = odd, .val = odd};
    msgpack_object map = {.type = MSGPACK_OBJECT_MAP, .via.map = {.size = 1, .ptr = &entry}};
    msgpack_object array = {.type = MSGPACK_OBJECT_ARRAY, .via.array = {.size = 1, .ptr = &map}};
    record_begin(&r, "text");
    record_put_object(&r, "info", &array);
    CHECK_INT(record_message_append(&again, &r, &error), STATUS_OK);
    CHECK_INT(record_message_parse(again.data, again.length, &used, &record, &zone, &error), 0);
    const msgpack_object *info = record_find(&record.map, "info");
    CHECK(info->via.array.size == 1 && record_equals(info->via.array.ptr, "\\xc3", "\\xc3"));
    buffer_free(&bytes);
    buffer_free(&again);
    record_builder_free(&r);
}

int main(void) {
    files_limit_time();
    msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE);
    RUN(test_pieces);
    RUN(test_parsing_on);
    RUN(test_nonsense);
    RUN(test_short_strings);
    RUN(test_passed_on);
    RUN(test_text);
    msgpack_zone_destroy(&zone);
    buffer_free(&stream);
    return check_finish();
}
