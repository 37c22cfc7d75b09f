// Any bytes as a file of records: as they are and salvaged, with the right end record, compressed,
// and written again.
#define _GNU_SOURCE // open_memstream
#include <string.h>
#include <utf8proc.h>

#include "lib/record/json.h"
#include "lib/record/parse.h"
#include "tests/fuzz/seal.h"

// What reading a file came to.
struct outcome {
    enum status status;
    uint64_t count;   // of records
    uint64_t objects; // hash of all of them
    bool complete;
};

// One line that holds nothing but text.
static void check_json(const msgpack_object *object) {
    static char *line;
    static size_t length;
    static FILE *out;
    out = out ? out : open_memstream(&line, &length);
    FUZZ_CHECK(out && fseek(out, 0, SEEK_SET) == 0);
    record_print_json(out, object, false);
    FUZZ_CHECK(fflush(out) == 0 && length > 0);
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)line + at,
                                                 (utf8proc_ssize_t)(length - at), &character);
        FUZZ_CHECK(used > 0 && character >= 0x20 && character != 0x7f);
        at += (size_t)used;
    }
}

// Adds what the record holds, in msgpack's shortest words, so that only its values count.
static void add_record(struct outcome *outcome, const struct record *record, struct buffer *again) {
    msgpack_sbuffer packed;
    msgpack_packer packer;
    struct error error;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    FUZZ_CHECK(msgpack_pack_object(&packer, record->map) == 0);
    outcome->objects = XXH64(packed.data, packed.size, outcome->objects);
    if (again) {
        FUZZ_CHECK(buffer_append(again, packed.data, packed.size, &error) == STATUS_OK);
    }
    msgpack_sbuffer_destroy(&packed);
    FUZZ_CHECK(record->number == outcome->count);
    outcome->count++;
}

static struct outcome read_file(const void *data, size_t size, enum record_salvage salvage,
                                struct buffer *again) {
    struct outcome outcome = {0};
    struct record_reader *reader = NULL;
    struct record record;
    struct error error = {0};
    struct fuzz_file file = fuzz_file_open(data, size);
    bool more = true;
    outcome.status = record_reader_open(&reader, file.path, "file", NULL, salvage, &error);
    if (outcome.status == STATUS_OK) {
        record_reader_limit(reader, 1 << 20);
    }
    while (outcome.status == STATUS_OK && more) {
        outcome.status = record_read(reader, &record, &more, &error);
        if (outcome.status == STATUS_OK && more) {
            check_json(&record.map);
            add_record(&outcome, &record, again);
        }
    }
    outcome.complete = outcome.status == STATUS_OK && record_reader_complete(reader);
    record_reader_close(reader);
    fuzz_file_close(&file);
    fuzz_check_outcome(outcome.status, &error, FUZZ_MAY(STATUS_DAMAGED));
    return outcome;
}

static void check_same(const struct outcome *a, const struct outcome *b) {
    FUZZ_CHECK(a->status == b->status && a->count == b->count && a->objects == b->objects);
}

// What was read can be written, and is then the same.
static void check_again(const struct outcome *outcome, const struct buffer *again) {
    struct buffer sealed = {0};
    FUZZ_CHECK(seal_records(again->data, again->length, &sealed));
    struct outcome second = read_file(sealed.data, sealed.length, RECORD_STRICT, NULL);
    check_same(outcome, &second);
    buffer_free(&sealed);
}

// The same however it is packed; and what is read of records without an end is the same too.
static void try_sealed(const uint8_t *data, size_t size, const struct buffer *sealed) {
    struct buffer compressed = {0}, again = {0};
    struct outcome plain = read_file(sealed->data, sealed->length, RECORD_STRICT, &again);
    FUZZ_CHECK(plain.status != STATUS_OK || plain.complete);
    if (fuzz_pick(4, data, size) == 0) {
        struct outcome salvaged = read_file(data, size, RECORD_SALVAGE, NULL);
        FUZZ_CHECK(salvaged.count == plain.count && salvaged.objects == plain.objects);
        seal_compress(sealed, &compressed);
        struct outcome unpacked =
            read_file(compressed.data, compressed.length, RECORD_STRICT, NULL);
        check_same(&plain, &unpacked);
        if (plain.status == STATUS_OK) {
            check_again(&plain, &again);
        }
    }
    buffer_free(&compressed);
    buffer_free(&again);
}

static void try_as_it_is(const uint8_t *data, size_t size) {
    struct outcome strict = read_file(data, size, RECORD_STRICT, NULL);
    struct outcome salvaged = read_file(data, size, RECORD_SALVAGE, NULL);
    FUZZ_CHECK(strict.status != STATUS_OK || (strict.complete && salvaged.complete));
    FUZZ_CHECK(strict.count == salvaged.count && strict.objects == salvaged.objects);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct buffer sealed = {0};
    if (seal_records(data, size, &sealed)) {
        try_sealed(data, size, &sealed);
    } else {
        try_as_it_is(data, size);
    }
    buffer_free(&sealed);
}
