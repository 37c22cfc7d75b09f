#include "lib/record/source.h"

#include <stdlib.h>
#include <string.h>
#include <zstd_errors.h>

enum {
    CHUNK = 1 << 16,
    WINDOW_LOG = 27, // what `zstd -d` accepts too: 128 MiB
};

enum status record_source_open(struct record_source *source, const char *path, uint64_t limit,
                               struct error *error) {
    *source = (struct record_source){.limit = limit};
    enum status status = file_input_open(&source->input, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    source->chunk = malloc(CHUNK);
    if (!source->chunk) {
        record_source_close(source);
        return error_set(error, STATUS_FAILURE, "cannot allocate memory to read '%s'", path);
    }
    return STATUS_OK;
}

void record_source_close(struct record_source *source) {
    ZSTD_freeDCtx(source->decompressor);
    free(source->chunk);
    file_input_close(&source->input);
    *source = (struct record_source){.input.descriptor = -1};
}

// Refills the chunk once it is used up.
static enum status refill(struct record_source *source, struct error *error) {
    uint64_t left = source->limit - source->input.bytes;
    source->at = 0;
    return file_input_read(&source->input, source->chunk, left < CHUNK ? (size_t)left : CHUNK,
                           &source->length, error);
}

static enum status start_decompressing(struct record_source *source, struct error *error) {
    source->type = SOURCE_ZSTD;
    source->decompressor = ZSTD_createDCtx();
    if (!source->decompressor || ZSTD_isError(ZSTD_DCtx_setParameter(
                                     source->decompressor, ZSTD_d_windowLogMax, WINDOW_LOG))) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory to read '%s'",
                         source->input.name);
    }
    return STATUS_OK;
}

// Of a zstd frame or a skippable one the first byte tells, and a msgpack map begins otherwise.
static enum status detect(struct record_source *source, struct error *error) {
    uint8_t first = source->chunk[0];
    if (first == 0x28 || (first & 0xf0) == 0x50) {
        return start_decompressing(source, error);
    }
    if ((first & 0xf0) == 0x80 || first == 0xde || first == 0xdf) {
        source->type = SOURCE_PLAIN;
    } else {
        source->state = SOURCE_FOREIGN;
    }
    return STATUS_OK;
}

// One step of the decompressor. An empty input must not reach it between frames: it would take that
// for the start of one.
static size_t decompress(struct record_source *source, uint8_t *data, size_t capacity) {
    ZSTD_inBuffer in = {source->chunk + source->at, source->length - source->at, 0};
    ZSTD_outBuffer out = {data, capacity, 0};
    size_t result = ZSTD_decompressStream(source->decompressor, &out, &in);
    if (ZSTD_isError(result)) {
        bool no_frame = source->input.bytes == source->length && source->at == 0 &&
                        ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown;
        bool wide = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge;
        source->state = no_frame ? SOURCE_FOREIGN : wide ? SOURCE_WIDE : SOURCE_DAMAGED;
        return out.pos;
    }
    source->at += in.pos;
    source->in_frame = result != 0;
    source->held_back = result != 0 && out.pos == out.size;
    return out.pos;
}

static size_t copy(struct record_source *source, uint8_t *data, size_t capacity) {
    size_t length = source->length - source->at;
    length = length < capacity ? length : capacity;
    memcpy(data, source->chunk + source->at, length);
    source->at += length;
    return length;
}

enum status record_source_read(struct record_source *source, struct buffer *buffer,
                               struct error *error) {
    enum status status = buffer_reserve(buffer, CHUNK, error);
    size_t got = 0;
    while (status == STATUS_OK && got == 0 && source->state == SOURCE_OPEN) {
        if (source->at == source->length && !source->held_back) {
            status = refill(source, error);
            if (status == STATUS_OK && source->length == 0) {
                source->state = source->in_frame ? SOURCE_CUT : SOURCE_END;
            } else if (status == STATUS_OK && source->type == SOURCE_UNKNOWN) {
                status = detect(source, error);
            }
            continue;
        }
        uint8_t *free_space = buffer->data + buffer->length;
        size_t capacity = buffer->capacity - buffer->length;
        got = source->type == SOURCE_ZSTD ? decompress(source, free_space, capacity)
                                          : copy(source, free_space, capacity);
        buffer->length += got;
    }
    return status;
}
