#include "tests/fuzz/seal.h"

#include <string.h>
#include <zstd.h>

#include "lib/record/builder.h"
#include "lib/record/digest.h"

bool seal_next(const uint8_t *data, size_t size, size_t *at, struct record *record) {
    static msgpack_zone *zone;
    struct error error;
    size_t used = 0;
    zone = zone ? zone : msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    FUZZ_CHECK(zone);
    enum status status = record_message_parse(data + *at, size - *at, &used, record, zone, &error);
    *at += used;
    return status == STATUS_OK && used > 0;
}

static void append_end(const struct record_digest *digest, struct buffer *file) {
    struct record_builder r = {0};
    struct error error;
    char text[HASH_XXH64_TEXT];
    record_begin(&r, "end");
    record_put_int(&r, "records", (int64_t)digest->records);
    hash_xxh64_text(XXH64_digest(&digest->all), text);
    record_put_string(&r, "xxh64", text);
    hash_xxh64_text(XXH64_digest(&digest->content), text);
    record_put_string(&r, "content_xxh64", text);
    FUZZ_CHECK(record_message_append(file, &r, &error) == STATUS_OK);
    record_builder_free(&r);
}

bool seal_records(const uint8_t *data, size_t size, struct buffer *file) {
    struct record_digest digest;
    struct record record;
    struct error error;
    size_t at = 0, length = 0;
    record_digest_start(&digest);
    while (at < size && seal_next(data, size, &at, &record)) {
        if (strcmp(record.kind, "end") == 0) {
            break;
        }
        record_digest_add(&digest, data + length, at - length,
                          record_kind_is_volatile(record.kind));
        length = at;
    }
    if (at != size || length == 0) {
        return false;
    }
    FUZZ_CHECK(buffer_append(file, data, length, &error) == STATUS_OK);
    append_end(&digest, file);
    return true;
}

void seal_compress(const struct buffer *file, struct buffer *compressed) {
    static ZSTD_CCtx *compressor;
    struct error error;
    if (!compressor) {
        compressor = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_compressionLevel, 1);
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
    }
    size_t bound = ZSTD_compressBound(file->length);
    FUZZ_CHECK(buffer_reserve(compressed, bound, &error) == STATUS_OK);
    size_t length = ZSTD_compress2(compressor, compressed->data + compressed->length, bound,
                                   file->data, file->length);
    FUZZ_CHECK(!ZSTD_isError(length));
    compressed->length += length;
}

struct fuzz_file seal_open(const uint8_t *data, size_t size) {
    struct buffer sealed = {0};
    struct fuzz_file file = seal_records(data, size, &sealed)
                                ? fuzz_file_open(sealed.data, sealed.length)
                                : fuzz_file_open(data, size);
    buffer_free(&sealed);
    return file;
}
