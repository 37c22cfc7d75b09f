#include <stdlib.h>

#include "lib/record/tokens.h"

enum { IDS_PER_RECORD = 1 << 20, LINES_PER_RECORD = 1 << 17 };

enum status tokens_write_vocabulary(struct record_writer *writer, struct record_builder *r,
                                    const struct token_vocabulary *vocabulary,
                                    struct error *error) {
    const struct {
        const char *key;
        int64_t id;
    } special[] = {{"end_of_text", vocabulary->end_of_text},
                   {"pad", vocabulary->pad},
                   {"unknown", vocabulary->unknown},
                   {"cls", vocabulary->cls},
                   {"sep", vocabulary->sep},
                   {"mask", vocabulary->mask}};
    size_t size = vocabulary->size;
    uint8_t *bytes;
    enum status status = memory_allocate((void **)&bytes, size, 2, "a vocabulary", error);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < size; i++) {
        store_le(bytes + 2 * i, vocabulary->bytes[i], 2);
    }
    record_begin(r, "vocabulary");
    record_put_string(r, "model", vocabulary->model);
    record_put_int(r, "size", vocabulary->size);
    record_put_string(r, "sha256", vocabulary->sha256);
    for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
        record_put_int(r, special[i].key, special[i].id);
    }
    record_put_binary(r, "bytes", bytes, 2 * size);
    record_put_binary(r, "flags", vocabulary->flags, size);
    record_put_binary(r, "words", vocabulary->words, size);
    record_put_binary(r, "newlines", vocabulary->newlines, size);
    free(bytes);
    return record_write(writer, r, error);
}

size_t tokens_width(uint32_t vocabulary_size) {
    return vocabulary_size <= 1U << 16 ? 2 : 4;
}

void tokens_pack(uint8_t *packed, size_t width, const uint32_t *ids, size_t count) {
    if (width == 4) {
        for (size_t i = 0; i < count; i++) {
            store_le(packed + 4 * i, ids[i], 4);
        }
        return;
    }
    uint16_t *pairs = (uint16_t *)(void *)packed;
#pragma omp simd
    for (size_t i = 0; i < count; i++) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        pairs[i] = (uint16_t)ids[i];
#else
        pairs[i] = __builtin_bswap16((uint16_t)ids[i]);
#endif
    }
}

enum status tokens_write_ids(struct record_writer *writer, struct record_builder *r, size_t width,
                             const uint8_t *packed, size_t count, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < count; at += IDS_PER_RECORD) {
        size_t part = count - at < IDS_PER_RECORD ? count - at : IDS_PER_RECORD;
        record_begin(r, "tokens");
        record_put_int(r, "width", (int64_t)width);
        record_put_binary(r, "data", packed + width * at, width * part);
        status = record_write(writer, r, error);
    }
    return status;
}

enum status tokens_write_lines(struct record_writer *writer, struct record_builder *r,
                               const uint64_t *ends, size_t count, struct error *error) {
    size_t most = count < LINES_PER_RECORD ? count : LINES_PER_RECORD;
    uint8_t *data;
    enum status status = memory_allocate((void **)&data, most, 8, "line ends", error);
    for (size_t at = 0; status == STATUS_OK && at < count;) {
        size_t part = count - at < most ? count - at : most;
        for (size_t i = 0; i < part; i++) {
            store_le(data + 8 * i, ends[at + i], 8);
        }
        record_begin(r, "lines");
        record_put_binary(r, "ends", data, 8 * part);
        status = record_write(writer, r, error);
        at += part;
    }
    free(data);
    return status;
}

enum status tokens_write_text(struct record_writer *writer, struct record_builder *r,
                              uint64_t bytes, uint64_t words, uint64_t lines, uint64_t tokens,
                              struct error *error) {
    record_begin(r, "text");
    record_put_int(r, "bytes", (int64_t)bytes);
    record_put_int(r, "words", (int64_t)words);
    record_put_int(r, "lines", (int64_t)lines);
    record_put_int(r, "tokens", (int64_t)tokens);
    return record_write(writer, r, error);
}
