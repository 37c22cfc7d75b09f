#define _GNU_SOURCE // memmem
#include "lib/text/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text/pretokenize.h"

// Most pieces of real text are short and have few ids: two entries of the first cache fill one
// cache line. The second one takes longer pieces, and scripts that the vocabulary has few merges
// for. Unused bytes of a key are 0, its last byte is the length; a length of 0 marks a free entry.
enum {
    SHORT_BYTES = 15,
    SHORT_IDS = 3,
    SHORT_BUCKETS = 1 << 15,
    LONG_BYTES = 63,
    LONG_IDS = 15,
    LONG_ENTRIES = 1 << 14,
};

struct short_entry {
    uint64_t key[2];
    uint32_t ids[SHORT_IDS];
    uint32_t count;
};

struct long_entry {
    uint8_t key[LONG_BYTES + 1];
    uint32_t ids[LONG_IDS];
    uint32_t count;
};

struct encoder {
    const struct bpe_vocabulary *vocabulary;
    enum encoder_special special;
    struct short_entry *short_entries; // (SHORT_BUCKETS, 2)
    struct long_entry *long_entries;   // (LONG_ENTRIES)
    struct bpe_workspace workspace;
};

void token_list_free(struct token_list *list) {
    free(list->ids);
    *list = (struct token_list){0};
}

// Room for `extra` more ids and for the few that a cached piece is copied with too many.
static enum status token_list_reserve(struct token_list *list, size_t extra, struct error *error) {
    size_t needed = list->count + extra + LONG_IDS;
    if (needed <= list->capacity) {
        return STATUS_OK;
    }
    size_t capacity = needed + list->capacity / 2;
    uint32_t *ids =
        capacity <= SIZE_MAX / sizeof *ids ? realloc(list->ids, capacity * sizeof *ids) : NULL;
    if (!ids) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for %zu tokens", capacity);
    }
    list->ids = ids;
    list->capacity = capacity;
    return STATUS_OK;
}

enum status encoder_create(struct encoder **encoder, const struct bpe_vocabulary *vocabulary,
                           enum encoder_special special, struct error *error) {
    void *memory = NULL;
    *encoder = NULL;
    enum status status = memory_allocate(&memory, 1, sizeof **encoder, "the tokeniser", error);
    if (status != STATUS_OK) {
        return status;
    }
    struct encoder *made = memory;
    made->vocabulary = vocabulary;
    made->special = special;
    status = memory_allocate((void **)&made->short_entries, (size_t)SHORT_BUCKETS * 2,
                             sizeof *made->short_entries, "the tokeniser", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&made->long_entries, LONG_ENTRIES,
                                 sizeof *made->long_entries, "the tokeniser", error);
    }
    if (status != STATUS_OK) {
        encoder_free(made);
        return status;
    }
    *encoder = made;
    return STATUS_OK;
}

void encoder_free(struct encoder *encoder) {
    if (encoder) {
        free(encoder->short_entries);
        free(encoder->long_entries);
        bpe_workspace_free(&encoder->workspace);
        free(encoder);
    }
}

// ---- Pieces that are not in the first cache
// -------------------------------------------------------

static struct long_entry *long_find(const struct encoder *encoder, const uint8_t *piece,
                                    size_t length, uint8_t key[static LONG_BYTES + 1]) {
    memset(key, 0, LONG_BYTES + 1);
    memcpy(key, piece, length);
    key[LONG_BYTES] = (uint8_t)length;
    return &encoder->long_entries[XXH3_64bits(piece, length) & (LONG_ENTRIES - 1)];
}

static enum status encode_long(struct encoder *encoder, const uint8_t *piece, size_t length,
                               struct token_list *list, struct error *error) {
    struct long_entry *entry = NULL;
    uint8_t key[LONG_BYTES + 1];
    uint32_t *ids = list->ids + list->count;
    if (length <= LONG_BYTES) {
        entry = long_find(encoder, piece, length, key);
        if (memcmp(entry->key, key, sizeof key) == 0) {
            memcpy(ids, entry->ids, sizeof entry->ids);
            list->count += entry->count;
            return STATUS_OK;
        }
    }
    size_t count;
    enum status status =
        bpe_merge(encoder->vocabulary, &encoder->workspace, piece, length, ids, &count, error);
    if (status != STATUS_OK) {
        return status;
    }
    list->count += count;
    if (entry && count <= LONG_IDS && (length > SHORT_BYTES || count > SHORT_IDS)) {
        memcpy(entry->key, key, sizeof key);
        memcpy(entry->ids, ids, count * sizeof *ids);
        entry->count = (uint32_t)count;
    }
    return STATUS_OK;
}

static enum status encode_missing(struct encoder *encoder, struct short_entry *bucket,
                                  const uint64_t key[static 2], const uint8_t *piece, size_t length,
                                  struct token_list *list, struct error *error) {
    size_t before = list->count;
    enum status status = encode_long(encoder, piece, length, list, error);
    size_t count = list->count - before;
    if (status == STATUS_OK && count <= SHORT_IDS) {
        bucket[1] = bucket[0];
        bucket[0] = (struct short_entry){.key = {key[0], key[1]}, .count = (uint32_t)count};
        memcpy(bucket[0].ids, list->ids + before, count * sizeof *list->ids);
    }
    return status;
}

// ---- The way that most pieces go
// ------------------------------------------------------------------

static inline uint64_t load_little_endian(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

// 1 <= length <= SHORT_BYTES
static inline enum status encode_short(struct encoder *encoder, uint64_t low, uint64_t high,
                                       const uint8_t *piece, size_t length, struct token_list *list,
                                       struct error *error) {
    const uint64_t key[2] = {low, high | (uint64_t)length << 56};
    uint64_t hash = (key[0] ^ (key[1] << 29 | key[1] >> 35)) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
    struct short_entry *bucket = encoder->short_entries + 2 * (hash >> 49);
    for (size_t way = 0; way < 2; way++) {
        if (bucket[way].key[0] == key[0] && bucket[way].key[1] == key[1]) {
            memcpy(list->ids + list->count, bucket[way].ids, sizeof bucket[way].ids);
            list->count += bucket[way].count;
            return STATUS_OK;
        }
    }
    return encode_missing(encoder, bucket, key, piece, length, list, error);
}

// The first `length` bytes of a word of eight.
static inline uint64_t keep_bytes(uint64_t word, size_t length) {
    return length >= 8 ? word : word & (((uint64_t)1 << (8 * length)) - 1);
}

// Marks the bytes that are ASCII letters in their highest bits.
static inline uint64_t mark_letters(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u, low = 0x7F * ones;
    uint64_t lower = (word | 0x20 * ones) & low;
    uint64_t from_a = lower + (0x80 - 'a') * ones;
    uint64_t behind_z = lower + (0x80 - 'z' - 1) * ones;
    return from_a & ~behind_z & ~word & ~low;
}

// Bytes of the piece at text[0], with at least 16 bytes to read. Eight bytes at once find the end
// of ASCII words of up to seven letters; the rest is the general case.
static inline size_t next_piece(const uint8_t *text, size_t length) {
    size_t blank = text[0] == ' ';
    uint64_t others = ~mark_letters(load_little_endian(text + blank)) & 0x8080808080808080u;
    if (others) {
        size_t letters = (size_t)__builtin_ctzll(others) / 8;
        if (letters > 0 && text[blank + letters] < 0x80) {
            return blank + letters;
        }
    }
    return pretoken_length(text, length);
}

// Text without special tokens. Every piece gives at most as many ids as it has bytes.
static enum status encode_ordinary(struct encoder *encoder, const uint8_t *text, size_t length,
                                   struct token_list *list, struct error *error) {
    enum status status = token_list_reserve(list, length, error);
    size_t at = 0;
    while (status == STATUS_OK && length - at >= 2 * sizeof(uint64_t)) {
        size_t bytes = next_piece(text + at, length - at);
        if (bytes <= SHORT_BYTES) {
            uint64_t low = keep_bytes(load_little_endian(text + at), bytes);
            uint64_t high =
                bytes > 8 ? keep_bytes(load_little_endian(text + at + 8), bytes - 8) : 0;
            status = encode_short(encoder, low, high, text + at, bytes, list, error);
        } else {
            status = encode_long(encoder, text + at, bytes, list, error);
        }
        at += bytes;
    }
    while (status == STATUS_OK && at < length) {
        uint8_t tail[2 * sizeof(uint64_t)] = {0};
        size_t bytes = pretoken_length(text + at, length - at);
        memcpy(tail, text + at, bytes);
        status = encode_short(encoder, load_little_endian(tail), load_little_endian(tail + 8),
                              text + at, bytes, list, error);
        at += bytes;
    }
    return status;
}

enum status encoder_encode(struct encoder *encoder, const uint8_t *text, size_t length,
                           struct token_list *list, struct error *error) {
    const uint8_t *end = text + length;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && encoder->special == ENCODER_SPECIAL) {
        const uint8_t *found = memmem(text, (size_t)(end - text), END_OF_TEXT, END_OF_TEXT_LENGTH);
        if (!found) {
            break;
        }
        status = encode_ordinary(encoder, text, (size_t)(found - text), list, error);
        if (status == STATUS_OK) {
            list->ids[list->count++] = encoder->vocabulary->end_of_text;
        }
        text = found + END_OF_TEXT_LENGTH;
    }
    return status == STATUS_OK ? encode_ordinary(encoder, text, (size_t)(end - text), list, error)
                               : status;
}
