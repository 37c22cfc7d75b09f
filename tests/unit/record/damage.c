// Whatever happened to a file: the same content, or STATUS_DAMAGED. Never a crash, never a wrong
// answer, and no more memory than the file deserves.
#define _GNU_SOURCE
#include <zstd.h>

#include "tests/unit/record/files.h"

static struct buffer compressed, plain;
static struct outcome whole;

static void prepare(void) {
    write_small(files_path("small"));
    whole = file_read(files_path("small"), NULL, RECORD_STRICT);
    compressed = file_bytes(files_path("small"));
    struct error error = {0};
    CHECK_INT(buffer_reserve(&plain, 1 << 20, &error), STATUS_OK);
    plain.length = ZSTD_decompress(plain.data, plain.capacity, compressed.data, compressed.length);
    CHECK(!ZSTD_isError(plain.length));
}

static void check_truncations(const struct buffer *bytes) {
    uint64_t most = 0;
    for (size_t length = 0; length < bytes->length; length++) {
        file_put(files_path("cut"), bytes->data, length);
        struct outcome strict = file_read(files_path("cut"), NULL, RECORD_STRICT);
        struct outcome salvaged = file_read(files_path("cut"), NULL, RECORD_SALVAGE);
        CHECK_INT(strict.status, STATUS_DAMAGED);
        CHECK_STRING(strict.error.message, "truncated");
        // The last bytes hold only the end record and checksum.
        CHECK(salvaged.status == STATUS_DAMAGED || !salvaged.complete);
        CHECK(strict.records == salvaged.records && salvaged.records <= whole.records);
        CHECK(salvaged.records >= most);
        most = salvaged.records;
    }
    CHECK_INT(most, whole.records);
}

static void test_truncated_compressed(void) {
    check_truncations(&compressed);
}

static void test_truncated_plain(void) {
    check_truncations(&plain);
}

static void check_flips(struct buffer *bytes) {
    size_t unnoticed = 0;
    for (size_t i = 0; i < bytes->length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes->data[i] ^= (uint8_t)(1 << bit);
            file_put(files_path("flip"), bytes->data, bytes->length);
            bytes->data[i] ^= (uint8_t)(1 << bit);
            struct outcome outcome = file_read(files_path("flip"), NULL, RECORD_STRICT);
            if (outcome.status == STATUS_OK) {
                unnoticed++;
                CHECK(outcome.complete && outcome.content == whole.content &&
                      outcome.records == whole.records);
            } else {
                CHECK_INT(outcome.status, STATUS_DAMAGED);
            }
        }
    }
    CHECK(unnoticed < 32); // the window size, and bits that zstd does not use
}

static void test_flipped_compressed(void) {
    check_flips(&compressed);
}

static void test_flipped_plain(void) {
    check_flips(&plain);
}

static void test_plain_is_read(void) {
    file_put(files_path("plain"), plain.data, plain.length);
    struct outcome outcome = file_read(files_path("plain"), "run", RECORD_STRICT);
    CHECK_INT(outcome.status, STATUS_OK);
    CHECK(outcome.complete && outcome.content == whole.content);
}

static void expect(const void *data, size_t length, const char *content, const char *text) {
    file_put(files_path("bad"), data, length);
    struct outcome outcome = file_read(files_path("bad"), content, RECORD_STRICT);
    CHECK_INT(outcome.status, STATUS_DAMAGED);
    CHECK_STRING(outcome.error.message, text);
}

static void test_foreign(void) {
    expect("", 0, NULL, "empty");
    expect("Hello, world\n", 13, NULL, "not a file of this program");
    expect("(zstd begins with a bracket too", 31, NULL, "not a file of this program");
    expect("\x81\xa4kind\xa5hello", 12, NULL, "no header");
    expect("\x82\xa4kind\xa6header\xa6"
           "format\xa3zip",
           24, NULL, "another header");
    expect("\x81\xa4name\xa3you", 10, NULL, "no kind");
    expect("\x81\x01\x02", 3, NULL, "no kind");
    expect("\x81\xa4kind\xd9\x20"
           "pppppppppppppppppppppppppppppppp",
           40, NULL, "kind too long");
}

static void test_header(void) {
    static const char NEWER[] = "\x84\xa4kind\xa6header\xa6"
                                "format\xa3"
                                "dlt\xa7version\x02\xa7"
                                "content\xa3run";
    expect(NEWER, sizeof NEWER - 1, NULL, "needs format version 2; this program reads 1");
    file_put(files_path("plain"), plain.data, plain.length);
    struct outcome outcome = file_read(files_path("plain"), "tokens", RECORD_STRICT);
    CHECK_INT(outcome.status, STATUS_DAMAGED);
    CHECK_STRING(outcome.error.message, "is a run log, not a token file");
}

static void test_trailing(void) {
    struct error error = {0};
    struct buffer twice = {0};
    const struct buffer *const each[] = {&compressed, &plain};
    for (int i = 0; i < 2; i++) {
        twice.length = 0;
        CHECK_INT(buffer_append(&twice, each[i]->data, each[i]->length, &error), STATUS_OK);
        CHECK_INT(buffer_append(&twice, each[i]->data, each[i]->length, &error), STATUS_OK);
        expect(twice.data, twice.length, NULL, "follows the end record");
        twice.length = each[i]->length + 1;
        file_put(files_path("tail"), twice.data, twice.length);
        CHECK_INT(file_read(files_path("tail"), NULL, RECORD_STRICT).status, STATUS_DAMAGED);
    }
    buffer_free(&twice);
}

// A whole header, then a record that claims the world.
static void test_hostile_lengths(void) {
    static const char HEADER[] = "\x84\xa4kind\xa6header\xa6"
                                 "format\xa3"
                                 "dlt\xa7version\x01\xa7"
                                 "content\xa3run";
    static const char *const CLAIMS[] = {
        "\x81\xa1"
        "a\xdd\xff\xff\xff\xff", // array
        "\x81\xa1"
        "a\xdf\xff\xff\xff\xff", // map
        "\x81\xa1"
        "a\xc6\xff\xff\xff\xff", // binary
        "\x81\xa1"
        "a\xdb\xff\xff\xff\xff", // string
        "\x81\xa1"
        "a\xc9\xff\xff\xff\xff\x01", // extension
        "\xdf\xff\xff\xff\xff",
        "\x81\xa1"
        "a\xc6\x03\xff\x00\x00", // within the limit, but not there
        "\x81\xa1"
        "a\xdd\x00\x0f\xff\xf0",
    };
    uint64_t before = memory_peak_resident();
    for (size_t i = 0; i < ARRAY_LENGTH(CLAIMS); i++) {
        char bytes[128];
        // Lengths may hold NULs: the last two claims are 7 bytes behind their 3.
        size_t claim = i < 6 ? strlen(CLAIMS[i]) : 8;
        memcpy(bytes, HEADER, sizeof HEADER - 1);
        memcpy(bytes + sizeof HEADER - 1, CLAIMS[i], claim);
        expect(bytes, sizeof HEADER - 1 + claim, NULL, i < 6 ? "damaged at record 1" : "truncated");
    }
    CHECK(memory_peak_resident() - before < 16 << 20);
}

// A record that one kind of file may hold is too large for another.
static void test_limits(void) {
    static const struct {
        const char *content;
        const char *claim; // of a binary field's length
        const char *message;
    } CASES[] = {{"run", "\x04\x10", "larger than the limit"},
                 {"plan", "\x04\x10", "larger than the limit"},
                 {"metrics", "\x04\x10", "larger than the limit"},
                 {"tokens", "\x04\x10", "truncated"},
                 {"tokens", "\x08\x10", "larger than the limit"},
                 {"checkpoint", "\x3f\xf0", "truncated"},
                 {"checkpoint", "\x40\x10", "larger than the limit"}};
    for (size_t i = 0; i < ARRAY_LENGTH(CASES); i++) {
        char bytes[128];
        int length =
            snprintf(bytes, sizeof bytes,
                     "\x84\xa4kind\xa6header\xa6"
                     "format\xa3"
                     "dlt\xa7version\x01\xa7"
                     "content%c%s\x81\xa1"
                     "a\xc6%.2s",
                     (char)(0xa0 + strlen(CASES[i].content)), CASES[i].content, CASES[i].claim);
        memcpy(bytes + length, "\xff\xff", 2);
        expect(bytes, (size_t)length + 2, NULL, CASES[i].message);
    }
}

static void test_nesting(void) {
    uint8_t bytes[2000];
    memcpy(bytes, "\x81\xa1", 3);
    bytes[2] = 'a';
    memset(bytes + 3, 0x91, sizeof bytes - 3);
    expect(bytes, sizeof bytes, NULL, "nested too deeply");
}

int main(void) {
    files_start();
    RUN(prepare);
    RUN(test_plain_is_read);
    RUN(test_truncated_compressed);
    RUN(test_truncated_plain);
    RUN(test_flipped_compressed);
    RUN(test_flipped_plain);
    RUN(test_foreign);
    RUN(test_header);
    RUN(test_trailing);
    RUN(test_hostile_lengths);
    RUN(test_limits);
    RUN(test_nesting);
    buffer_free(&compressed);
    buffer_free(&plain);
    files_finish();
    return check_finish();
}
