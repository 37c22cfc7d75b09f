#define _GNU_SOURCE
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/record/little_endian.h"
#include "lib/record/tokens.h"

// Ids and line ends grow in buffers, which `file` takes over at the end.
struct token_loader {
    struct token_file *file;
    struct record_reader *reader;
    struct buffer ids;  // of file->width, in this machine's byte order
    struct buffer ends; // uint64_t
    uint64_t text_tokens;
    bool has_vocabulary, has_lines, has_text;
};

static bool get_text(const msgpack_object *map, const char *key, char *text, size_t size) {
    const char *value;
    size_t length;
    if (!record_get_string(map, key, &value, &length) || length >= size ||
        memchr(value, '\0', length)) {
        return false;
    }
    memcpy(text, value, length);
    text[length] = '\0';
    return true;
}

static bool get_special(const msgpack_object *map, const char *key, uint32_t size, int64_t *id) {
    *id = -1;
    return !record_find(map, key) ||
           (record_get_int(map, key, id) && *id >= -1 && *id < (int64_t)size);
}

// Copies a binary array of `size` elements, `width` bytes each in the file.
static enum status load_facts(struct token_loader *loader, const msgpack_object *map,
                              const char *key, size_t width, void **facts, struct error *error) {
    size_t size = loader->file->vocabulary.size;
    const void *data;
    size_t length;
    if (!record_get_binary(map, key, &data, &length) || length != size * width) {
        return record_reader_damaged(loader->reader, error, "a vocabulary without %s of each id",
                                     key);
    }
    enum status status = memory_allocate(facts, size, width, "a vocabulary", error);
    for (size_t i = 0; status == STATUS_OK && i < size; i++) {
        if (width == 1) {
            ((uint8_t *)*facts)[i] = ((const uint8_t *)data)[i];
        } else {
            ((uint16_t *)*facts)[i] = (uint16_t)load_le((const uint8_t *)data + 2 * i, 2);
        }
    }
    return status;
}

static enum status load_vocabulary(struct token_loader *loader, const msgpack_object *map,
                                   struct error *error) {
    struct token_vocabulary *v = &loader->file->vocabulary;
    int64_t size;
    if (loader->has_vocabulary) {
        return record_reader_damaged(loader->reader, error, "a second vocabulary");
    }
    if (!get_text(map, "model", v->model, sizeof v->model) ||
        !get_text(map, "sha256", v->sha256, sizeof v->sha256) ||
        !record_get_int(map, "size", &size) || size < 1 || size > TOKEN_VOCABULARY_MAX) {
        return record_reader_damaged(loader->reader, error,
                                     "a vocabulary without a model, a size or a hash");
    }
    v->size = (uint32_t)size;
    if (!get_special(map, "end_of_text", v->size, &v->end_of_text) ||
        !get_special(map, "pad", v->size, &v->pad) ||
        !get_special(map, "unknown", v->size, &v->unknown) ||
        !get_special(map, "cls", v->size, &v->cls) || !get_special(map, "sep", v->size, &v->sep) ||
        !get_special(map, "mask", v->size, &v->mask)) {
        return record_reader_damaged(loader->reader, error, "a special id beyond the vocabulary");
    }
    loader->has_vocabulary = true;
    static const struct {
        const char *key;
        size_t width;
    } FACTS[] = {{"bytes", 2}, {"flags", 1}, {"words", 1}, {"newlines", 1}};
    void *facts[ARRAY_LENGTH(FACTS)] = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(FACTS) && status == STATUS_OK; i++) {
        status = load_facts(loader, map, FACTS[i].key, FACTS[i].width, &facts[i], error);
    }
    v->bytes = facts[0];
    v->flags = facts[1];
    v->words = facts[2];
    v->newlines = facts[3];
    return status;
}

// Room for so many bytes more. How much a file holds only its content tells, and a small one may hold
// more than this machine can: where it becomes much, what is available is looked at, since a system may
// promise memory that it has not.
static enum status reserve(struct token_loader *loader, struct buffer *buffer, size_t length,
                           struct error *error) {
    enum { MUCH = 64 << 20 };
    struct error why;
    bool grows = length > buffer->capacity - buffer->length;
    uint64_t available = grows && buffer->capacity >= MUCH ? memory_available("") : 0;
    if ((available == 0 || buffer->capacity / 2 + length <= available) &&
        buffer_reserve(buffer, length, &why) == STATUS_OK) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_FAILURE,
                     "cannot read tokens '%s': no memory is available for more than %zu MB of them",
                     record_reader_name(loader->reader), buffer->length / 1000000);
}

static enum status load_ids(struct token_loader *loader, const msgpack_object *map,
                            struct error *error) {
    struct token_file *file = loader->file;
    int64_t width;
    const void *data;
    size_t length;
    if (!loader->has_vocabulary) {
        return record_reader_damaged(loader->reader, error, "tokens before the vocabulary");
    }
    if (!record_get_int(map, "width", &width) || (width != 2 && width != 4) ||
        !record_get_binary(map, "data", &data, &length) || length % (size_t)width != 0 ||
        (file->width != 0 && file->width != width)) {
        return record_reader_damaged(loader->reader, error, "tokens of no width, or of two");
    }
    file->width = (int)width;
    if (length == 0) { // and perhaps no ids yet to point behind
        return STATUS_OK;
    }
    enum status status = reserve(loader, &loader->ids, length, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint8_t *out = loader->ids.data + loader->ids.length;
    uint32_t size = file->vocabulary.size, largest = 0;
    size_t count = length / (size_t)width;
    for (size_t i = 0; i < count; i++) {
        uint32_t id = (uint32_t)(width == 2 ? load_le((const uint8_t *)data + 2 * i, 2)
                                            : load_le((const uint8_t *)data + 4 * i, 4));
        largest = id > largest ? id : largest;
        if (width == 2) {
            ((uint16_t *)(void *)out)[i] = (uint16_t)id;
        } else {
            ((uint32_t *)(void *)out)[i] = id;
        }
    }
    if (largest >= size) {
        return record_reader_damaged(loader->reader, error,
                                     "id %" PRIu32 " is beyond the vocabulary of %" PRIu32, largest,
                                     size);
    }
    loader->ids.length += length;
    file->count += count;
    return STATUS_OK;
}

static enum status load_lines(struct token_loader *loader, const msgpack_object *map,
                              struct error *error) {
    const void *data;
    size_t length;
    if (!record_get_binary(map, "ends", &data, &length) || length % 8 != 0) {
        return record_reader_damaged(loader->reader, error, "no line ends");
    }
    loader->has_lines = true;
    enum status status = reserve(loader, &loader->ends, length, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t *ends = (uint64_t *)(void *)loader->ends.data;
    for (size_t i = 0; i < length / 8; i++) {
        size_t line = loader->file->line_count++;
        ends[line] = load_le((const uint8_t *)data + 8 * i, 8);
        if (line > 0 && ends[line] < ends[line - 1]) {
            return record_reader_damaged(loader->reader, error, "line ends out of order");
        }
    }
    loader->ends.length += length;
    return STATUS_OK;
}

static bool get_count(const msgpack_object *map, const char *key, uint64_t *count) {
    int64_t value = 0;
    bool found = record_get_count(map, key, &value);
    *count = (uint64_t)value;
    return found;
}

static enum status load_text(struct token_loader *loader, const msgpack_object *map,
                             struct error *error) {
    struct token_file *file = loader->file;
    if (loader->has_text || !get_count(map, "bytes", &file->text_bytes) ||
        !get_count(map, "words", &file->text_words) ||
        !get_count(map, "lines", &file->text_lines) ||
        !get_count(map, "tokens", &loader->text_tokens)) {
        return record_reader_damaged(loader->reader, error, "counts of no text, or of a second");
    }
    loader->has_text = true;
    return STATUS_OK;
}

static enum status load_record(struct token_loader *loader, const struct record *record,
                               struct error *error) {
    if (strcmp(record->kind, "vocabulary") == 0) {
        return load_vocabulary(loader, &record->map, error);
    }
    if (strcmp(record->kind, "tokens") == 0) {
        return load_ids(loader, &record->map, error);
    }
    if (strcmp(record->kind, "lines") == 0) {
        return load_lines(loader, &record->map, error);
    }
    if (strcmp(record->kind, "text") == 0) {
        return load_text(loader, &record->map, error);
    }
    return STATUS_OK;
}

// What only the whole file can tell.
static enum status check_whole(const struct token_loader *loader, struct error *error) {
    const struct token_file *file = loader->file;
    const char *problem = NULL;
    if (!loader->has_vocabulary || !loader->has_text) {
        problem = "no vocabulary, or no counts of the text";
    } else if (file->count == 0) {
        problem = "no tokens";
    } else if (file->count != loader->text_tokens) {
        problem = "not as many tokens as it says";
    } else if (loader->has_lines && file->line_count != file->text_lines &&
               file->line_count != file->text_lines + 1) {
        problem = "not as many lines as it says";
    } else if (file->line_count > 0 &&
               ((const uint64_t *)(const void *)loader->ends.data)[file->line_count - 1] >
                   file->count) {
        problem = "a line ends behind the last token";
    }
    return problem ? error_set(error, STATUS_DAMAGED, "cannot read tokens '%s': %s",
                               record_reader_name(loader->reader), problem)
                   : STATUS_OK;
}

static enum status load(struct token_loader *loader, struct error *error) {
    struct record record;
    bool more = true;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && more) {
        status = record_read(loader->reader, &record, &more, error);
        if (status == STATUS_OK && more) {
            status = load_record(loader, &record, error);
        }
    }
    return status == STATUS_OK ? check_whole(loader, error) : status;
}

enum status token_file_read(struct token_file *file, const char *path, struct error *error) {
    *file = (struct token_file){0};
    struct token_loader loader = {.file = file};
    enum status status =
        record_reader_open(&loader.reader, path, "tokens", "tokens", RECORD_STRICT, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = load(&loader, error);
    if (status == STATUS_OK) {
        file->name = strdup(file_base_name(record_reader_name(loader.reader)));
        if (!file->name) {
            status = error_set(error, STATUS_FAILURE, "cannot allocate a file name");
        }
    }
    if (status == STATUS_OK) {
        file->ids = loader.ids.data;
        file->line_ends = (uint64_t *)(void *)loader.ends.data;
        file->content_digest = record_reader_content_digest(loader.reader);
        record_reader_input(loader.reader, file->sha256, &file->file_bytes);
    } else {
        buffer_free(&loader.ids);
        buffer_free(&loader.ends);
        token_file_free(file);
    }
    record_reader_close(loader.reader);
    return status;
}
