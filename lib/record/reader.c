#include "lib/record/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/record/parse.h"
#include "lib/record/scan.h"
#include "lib/record/source.h"

// Invariants: buffer[start .. length) is uncompressed and not handed out yet; `current` is
// buffer[start .. start + held) while held > 0. `digest` covers every record read but the end
// record.
struct record_reader {
    struct record_source source;
    const char *what;
    enum record_salvage salvage;
    size_t limit;
    struct buffer buffer;
    size_t start, held;
    msgpack_zone zone;
    struct record current;
    bool peeked;   // `current` was read (at opening) and is still to be handed out
    bool ended;    // the end was reached, with or without an end record
    bool complete; // with
    struct record_digest digest;
    char sha256[HASH_SHA256_TEXT];
};

__attribute__((format(printf, 3, 4))) static enum status
damaged(const struct record_reader *reader, struct error *error, const char *format, ...) {
    char problem[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    return error_set(error, STATUS_DAMAGED, "cannot read %s%s'%s': %s",
                     reader->what ? reader->what : "", reader->what ? " " : "",
                     reader->source.input.name, problem);
}

static enum status damaged_here(const struct record_reader *reader, struct error *error,
                                const char *why) {
    return damaged(reader, error, "damaged at record %llu: %s",
                   (unsigned long long)reader->digest.records, why);
}

static enum status truncated(struct record_reader *reader, struct error *error) {
    if (reader->digest.records == 0) {
        return reader->source.input.bytes == 0
                   ? damaged(reader, error, "truncated: it is empty")
                   : damaged(reader, error, "truncated before the end of its header");
    }
    if (reader->salvage == RECORD_SALVAGE) {
        reader->ended = true;
        return STATUS_OK;
    }
    return damaged(reader, error, "truncated after record %llu",
                   (unsigned long long)reader->digest.records - 1);
}

// Puts the next record's bytes at buffer[start .. start + held); held stays 0 where there is none
// and the file may end so (salvage).
static enum status fetch(struct record_reader *reader, struct error *error) {
    struct record_scan scan = {0};
    reader->start += reader->held;
    reader->held = 0;
    for (;;) {
        enum scan_result result = record_scan(&scan, reader->buffer.data + reader->start,
                                              reader->buffer.length - reader->start, reader->limit);
        if (result == SCAN_WHOLE) {
            reader->held = scan.at;
            return STATUS_OK;
        }
        if (result == SCAN_BAD) {
            return damaged_here(reader, error, scan.problem);
        }
        switch (reader->source.state) {
        case SOURCE_OPEN:
            break;
        case SOURCE_END:
        case SOURCE_CUT:
            return truncated(reader, error);
        case SOURCE_FOREIGN:
            return damaged(reader, error, "not a file of this program (neither zstd nor msgpack)");
        case SOURCE_DAMAGED:
            return damaged_here(reader, error, "zstd finds an error");
        case SOURCE_WIDE:
            return damaged(reader, error,
                           "compressed with a window of more than 128 MiB; compress it anew, with "
                           "zstd --long=27 at most");
        }
        if (reader->start > 0) {
            reader->buffer.length -= reader->start;
            memmove(reader->buffer.data, reader->buffer.data + reader->start,
                    reader->buffer.length);
            reader->start = 0;
        }
        enum status status = record_source_read(&reader->source, &reader->buffer, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

static bool digest_equals(const msgpack_object *map, const char *key, const XXH64_state_t *state) {
    char text[HASH_XXH64_TEXT];
    hash_xxh64_text(XXH64_digest(state), text);
    return record_equals(map, key, text);
}

// Nothing may follow the end record, and the last frame's own checksum has still to be read.
static enum status drain(struct record_reader *reader, struct error *error) {
    enum status status = STATUS_OK;
    reader->buffer.length -= reader->start + reader->held;
    while (status == STATUS_OK && reader->buffer.length == 0 &&
           reader->source.state == SOURCE_OPEN) {
        status = record_source_read(&reader->source, &reader->buffer, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (reader->source.state == SOURCE_CUT) {
        return damaged(reader, error, "truncated within its end record");
    }
    if (reader->buffer.length > 0 || reader->source.state != SOURCE_END) {
        return damaged(reader, error, "damaged: something follows the end record");
    }
    return STATUS_OK;
}

static enum status check_end(struct record_reader *reader, struct error *error) {
    const msgpack_object *map = &reader->current.map;
    int64_t records;
    if (!record_get_int(map, "records", &records) || (uint64_t)records != reader->digest.records) {
        return damaged(reader, error, "damaged: %llu records, not as many as the end record says",
                       (unsigned long long)reader->digest.records);
    }
    if (!digest_equals(map, "xxh64", &reader->digest.all) ||
        !digest_equals(map, "content_xxh64", &reader->digest.content)) {
        return damaged(reader, error, "damaged: the digest is not the end record's");
    }
    enum status status = drain(reader, error);
    if (status != STATUS_OK) {
        return status;
    }
    reader->ended = true;
    reader->complete = true;
    reader->held = 0;
    return STATUS_OK;
}

// Reads the next record into `current`; `ended` is set where there is none.
static enum status advance(struct record_reader *reader, struct error *error) {
    enum status status = fetch(reader, error);
    if (status != STATUS_OK || reader->ended) {
        return status;
    }
    const uint8_t *data = reader->buffer.data + reader->start;
    const char *problem;
    status = record_parse(data, reader->held, &reader->zone, &reader->current, &problem, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (problem) {
        return damaged_here(reader, error, problem);
    }
    bool first = reader->digest.records == 0;
    if (first != (strcmp(reader->current.kind, "header") == 0)) {
        return first ? damaged(reader, error, "not a file of this program (no header)")
                     : damaged_here(reader, error, "a second header");
    }
    reader->current.number = reader->digest.records;
    if (strcmp(reader->current.kind, "end") == 0) {
        return check_end(reader, error);
    }
    record_digest_add(&reader->digest, data, reader->held,
                      record_kind_is_volatile(reader->current.kind));
    return STATUS_OK;
}

// What a file can hold, how messages call it, and the bytes of its largest record.
static const struct content {
    const char *content, *name;
    size_t limit;
} CONTENTS[] = {{"run", "a run log", RECORD_LIMIT_USUAL},
                {"tokens", "a token file", RECORD_LIMIT_TOKENS},
                {"checkpoint", "a checkpoint", RECORD_LIMIT},
                {"metrics", "a file of metrics", RECORD_LIMIT_USUAL}};

static const struct content *find_content(const char *content) {
    for (size_t i = 0; i < ARRAY_LENGTH(CONTENTS); i++) {
        if (strcmp(CONTENTS[i].content, content) == 0) {
            return &CONTENTS[i];
        }
    }
    return NULL;
}

// What the header says that the file holds, cut to a size for messages.
static bool get_content(const struct record_reader *reader, char found[static 64]) {
    const char *text;
    size_t length;
    bool told = record_get_string(&reader->current.map, "content", &text, &length);
    snprintf(found, 64, "%.*s", told ? (int)(length < 60 ? length : 60) : 0, told ? text : "");
    return told;
}

enum status record_reader_refuse(struct record_reader *reader, const char *wanted,
                                 struct error *error) {
    char found[64];
    get_content(reader, found);
    const struct content *is = find_content(found);
    return damaged(reader, error, "is %s%s%s, not %s", is ? is->name : "'", is ? "" : found,
                   is ? "" : "'", wanted);
}

static enum status check_content(struct record_reader *reader, const char *content,
                                 struct error *error) {
    char found[64];
    if (!get_content(reader, found)) {
        return damaged(reader, error, "damaged: its header does not say what it holds");
    }
    if (!content || record_equals(&reader->current.map, "content", content)) {
        const struct content *is = find_content(found);
        reader->limit = is ? is->limit : RECORD_LIMIT_USUAL;
        return STATUS_OK;
    }
    const struct content *wanted = find_content(content);
    return record_reader_refuse(reader, wanted ? wanted->name : content, error);
}

static enum status check_header(struct record_reader *reader, const char *content,
                                struct error *error) {
    const msgpack_object *map = &reader->current.map;
    int64_t version;
    if (!record_equals(map, "format", "dlt") || !record_get_int(map, "version", &version)) {
        return damaged(reader, error, "not a file of this program (another header)");
    }
    if (version > RECORD_VERSION) {
        return damaged(reader, error, "needs format version %lld; this program reads %d",
                       (long long)version, RECORD_VERSION);
    }
    if (version < 1) {
        return damaged(reader, error, "damaged: format version %lld", (long long)version);
    }
    return check_content(reader, content, error);
}

static enum status reader_open(struct record_reader **opened, const char *path, const char *what,
                               const char *content, enum record_salvage salvage, uint64_t bytes,
                               struct error *error) {
    *opened = NULL;
    struct record_reader *reader = calloc(1, sizeof *reader);
    if (!reader || !msgpack_zone_init(&reader->zone, MSGPACK_ZONE_CHUNK_SIZE)) {
        free(reader);
        return error_set(error, STATUS_FAILURE, "cannot allocate a reader");
    }
    reader->what = what;
    reader->salvage = salvage;
    reader->limit = RECORD_LIMIT_USUAL; // until the header tells what it is of
    record_digest_start(&reader->digest);
    enum status status = record_source_open(&reader->source, path, bytes, error);
    if (status == STATUS_OK) {
        status = buffer_reserve(&reader->buffer, 1, error); // never NULL: places in it are told
    }
    if (status == STATUS_OK) {
        status = advance(reader, error);
    }
    if (status == STATUS_OK) {
        status = check_header(reader, content, error);
    }
    if (status != STATUS_OK) {
        record_reader_close(reader);
        return status;
    }
    reader->peeked = true;
    *opened = reader;
    return STATUS_OK;
}

enum status record_reader_open(struct record_reader **reader, const char *path, const char *what,
                               const char *content, enum record_salvage salvage,
                               struct error *error) {
    return reader_open(reader, path, what, content, salvage, UINT64_MAX, error);
}

enum status record_read(struct record_reader *reader, struct record *record, bool *more,
                        struct error *error) {
    *more = false;
    if (!reader->peeked && !reader->ended) {
        enum status status = advance(reader, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (reader->ended) {
            struct sha256_ctx sha256 = reader->source.input.sha256;
            hash_sha256_finish(&sha256, reader->sha256);
        }
    }
    reader->peeked = false;
    if (!reader->ended) {
        *record = reader->current;
        *more = true;
    }
    return STATUS_OK;
}

void record_reader_limit(struct record_reader *reader, size_t limit) {
    reader->limit = limit;
}

bool record_reader_complete(const struct record_reader *reader) {
    return reader->complete;
}

uint64_t record_reader_content_digest(const struct record_reader *reader) {
    return XXH64_digest(&reader->digest.content);
}

uint64_t record_reader_digest(const struct record_reader *reader) {
    return XXH64_digest(&reader->digest.all);
}

uint64_t record_reader_count(const struct record_reader *reader) {
    return reader->digest.records;
}

void record_reader_input(struct record_reader *reader, char sha256[static HASH_SHA256_TEXT],
                         uint64_t *bytes) {
    memcpy(sha256, reader->sha256, HASH_SHA256_TEXT);
    *bytes = reader->source.input.bytes;
}

const char *record_reader_name(const struct record_reader *reader) {
    return reader->source.input.name;
}

void record_reader_close(struct record_reader *reader) {
    if (reader) {
        record_source_close(&reader->source);
        msgpack_zone_destroy(&reader->zone);
        buffer_free(&reader->buffer);
        free(reader);
    }
}

enum status record_reader_damaged(struct record_reader *reader, struct error *error,
                                  const char *format, ...) {
    char problem[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, sizeof problem, format, arguments);
    va_end(arguments);
    return damaged(reader, error, "record %llu: %s", (unsigned long long)reader->current.number,
                   problem);
}

enum status record_reader_verify_prefix(const char *path, const char *content,
                                        const struct record_position *position,
                                        struct record_digest *digest, struct error *error) {
    struct record_reader *reader;
    struct record record;
    enum status status = reader_open(&reader, path, "unfinished file", content, RECORD_SALVAGE,
                                     position->offset, error);
    for (bool more = status == STATUS_OK; status == STATUS_OK && more;) {
        status = record_read(reader, &record, &more, error);
    }
    // All of the prefix was used, ending between two frames and between two records.
    if (status == STATUS_OK && (reader->complete || reader->source.state != SOURCE_END ||
                                reader->source.input.bytes != position->offset ||
                                reader->start + reader->held != reader->buffer.length ||
                                reader->digest.records != position->records ||
                                XXH64_digest(&reader->digest.all) != position->xxh64 ||
                                XXH64_digest(&reader->digest.content) != position->content_xxh64)) {
        status = damaged(reader, error, "not what was written when the position was marked");
    }
    if (status == STATUS_OK) {
        *digest = reader->digest;
    }
    record_reader_close(reader);
    return status;
}
