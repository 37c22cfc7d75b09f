#define _GNU_SOURCE // memmem
#include "lib/text/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text/pages.h"
#include "lib/text/pretokenize_fast.h"

// Most pieces of real text are short and have few ids: two entries of the first cache fill one
// cache line. The second one takes longer pieces, and scripts that the vocabulary has few merges
// for. Unused bytes of a key are 0, its last byte is the length; a length of 0 marks a free entry.
enum {
    SHORT_BYTES = 15,
    SHORT_IDS = 3,
    IDS_ELSEWHERE = 4, // count of a piece whose ids, more than three, the second cache may have
    SHORT_BUCKETS_LOG2 = 15,
    SHORT_BUCKETS = 1 << SHORT_BUCKETS_LOG2,
    LONG_BYTES = 63,
    LONG_IDS = 15,
    LONG_ENTRIES = 1 << 14,
    PIECES_AT_ONCE = 32,
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

static const size_t SHORT_SIZE = (size_t)SHORT_BUCKETS * 2 * sizeof(struct short_entry);
static const size_t LONG_SIZE = LONG_ENTRIES * sizeof(struct long_entry);

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
    status = pages_allocate((void **)&made->short_entries, SHORT_SIZE, "the tokeniser", error);
    if (status == STATUS_OK) {
        status = pages_allocate((void **)&made->long_entries, LONG_SIZE, "the tokeniser", error);
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
        pages_free(encoder->short_entries, SHORT_SIZE);
        pages_free(encoder->long_entries, LONG_SIZE);
        bpe_workspace_free(&encoder->workspace);
        free(encoder);
    }
}

// ---- Pieces that are not in the first cache ----------------------------------------------------

static struct long_entry *long_find(const struct encoder *encoder, const uint8_t *piece,
                                    size_t length, uint8_t key[static LONG_BYTES + 1]) {
    memset(key, 0, LONG_BYTES + 1);
    memcpy(key, piece, length);
    key[LONG_BYTES] = (uint8_t)length;
    return &encoder->long_entries[XXH3_64bits(piece, length) & (LONG_ENTRIES - 1)];
}

static void long_store(struct long_entry *entry, const uint8_t key[static LONG_BYTES + 1],
                       const uint32_t *ids, size_t count) {
    if (count <= LONG_IDS) {
        memcpy(entry->key, key, LONG_BYTES + 1);
        memcpy(entry->ids, ids, count * sizeof *ids);
        entry->count = (uint32_t)count;
    }
}

static enum status merge_piece(struct encoder *encoder, const uint8_t *piece, size_t length,
                               struct token_list *list, struct error *error) {
    size_t count = 0;
    enum status status = bpe_merge(encoder->vocabulary, &encoder->workspace, piece, length,
                                   list->ids + list->count, &count, error);
    list->count += count;
    return status;
}

static enum status encode_long(struct encoder *encoder, const uint8_t *piece, size_t length,
                               struct token_list *list, struct error *error) {
    if (length > LONG_BYTES) {
        return merge_piece(encoder, piece, length, list, error);
    }
    uint8_t key[LONG_BYTES + 1];
    struct long_entry *entry = long_find(encoder, piece, length, key);
    if (memcmp(entry->key, key, sizeof key) == 0) {
        memcpy(list->ids + list->count, entry->ids, sizeof entry->ids);
        list->count += entry->count;
        return STATUS_OK;
    }
    size_t before = list->count;
    enum status status = merge_piece(encoder, piece, length, list, error);
    if (status == STATUS_OK) {
        long_store(entry, key, list->ids + before, list->count - before);
    }
    return status;
}

// ---- The way that most pieces go ---------------------------------------------------------------

// The first `length` bytes of a word of eight.
static inline uint64_t keep_bytes(uint64_t word, size_t length) {
    return length >= 8 ? word : word & (((uint64_t)1 << (8 * length)) - 1);
}

// A piece on its way: its place in the cache is fetched while the next ones are cut.
struct waiting_piece {
    uint64_t key[2];
    struct short_entry *bucket; // NULL: too long for the first cache
    const uint8_t *bytes;
    size_t length;
};

static inline void wait_for(struct encoder *encoder, struct waiting_piece *piece, uint64_t low,
                            uint64_t high) {
    piece->key[0] = low;
    piece->key[1] = high | (uint64_t)piece->length << 56;
    uint64_t hash = (low ^ (piece->key[1] << 29 | piece->key[1] >> 35)) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
    piece->bucket = encoder->short_entries + 2 * (hash >> (64 - SHORT_BUCKETS_LOG2));
    __builtin_prefetch(piece->bucket);
}

// Cuts up to PIECES_AT_ONCE pieces from the text; *at goes behind them.
static inline size_t cut_pieces(struct encoder *encoder, const uint8_t *text, size_t length,
                                size_t *at, struct waiting_piece pieces[static PIECES_AT_ONCE]) {
    size_t count = 0;
    size_t from = *at;
    for (; count < PIECES_AT_ONCE && length - from >= PRETOKEN_READABLE; count++) {
        struct waiting_piece *piece = &pieces[count];
        const uint8_t *bytes = text + from;
        piece->bytes = bytes;
        piece->length = pretoken_length_fast(bytes, length - from);
        piece->bucket = NULL;
        if (piece->length <= 8) {
            wait_for(encoder, piece, keep_bytes(load_little_endian(bytes), piece->length), 0);
        } else if (piece->length <= SHORT_BYTES) {
            wait_for(encoder, piece, load_little_endian(bytes),
                     keep_bytes(load_little_endian(bytes + 8), piece->length - 8));
        }
        from += piece->length;
    }
    for (; count < PIECES_AT_ONCE && length - from < PRETOKEN_READABLE && from < length; count++) {
        struct waiting_piece *piece = &pieces[count];
        piece->bytes = text + from;
        piece->length = pretoken_length(text + from, length - from);
        piece->bucket = NULL;
        if (piece->length <= SHORT_BYTES) {
            uint8_t tail[SHORT_BYTES + 1] = {0};
            memcpy(tail, piece->bytes, piece->length);
            wait_for(encoder, piece, load_little_endian(tail), load_little_endian(tail + 8));
        }
        from += piece->length;
    }
    *at = from;
    return count;
}

// A piece that the first cache does not know is merged at once, and known from now on; one of many
// ids goes to the second cache.
static enum status encode_missing(struct encoder *encoder, const struct waiting_piece *piece,
                                  struct token_list *list, struct error *error) {
    size_t before = list->count;
    enum status status = merge_piece(encoder, piece->bytes, piece->length, list, error);
    if (status != STATUS_OK) {
        return status;
    }
    const uint32_t *ids = list->ids + before;
    size_t count = list->count - before;
    struct short_entry *bucket = piece->bucket;
    bucket[1] = bucket[0];
    bucket[0] = (struct short_entry){.key = {piece->key[0], piece->key[1]}, .count = IDS_ELSEWHERE};
    if (count <= SHORT_IDS) {
        memcpy(bucket[0].ids, ids, count * sizeof *ids);
        bucket[0].count = (uint32_t)count;
    } else {
        uint8_t key[LONG_BYTES + 1];
        long_store(long_find(encoder, piece->bytes, piece->length, key), key, ids, count);
    }
    return STATUS_OK;
}

static inline enum status encode_piece(struct encoder *encoder, const struct waiting_piece *piece,
                                       struct token_list *list, struct error *error) {
    struct short_entry *bucket = piece->bucket;
    if (!bucket) {
        return encode_long(encoder, piece->bytes, piece->length, list, error);
    }
    for (size_t way = 0; way < 2; way++) {
        if (bucket[way].key[0] == piece->key[0] && bucket[way].key[1] == piece->key[1]) {
            if (bucket[way].count == IDS_ELSEWHERE) {
                return encode_long(encoder, piece->bytes, piece->length, list, error);
            }
            memcpy(list->ids + list->count, bucket[way].ids, sizeof bucket[way].ids);
            list->count += bucket[way].count;
            return STATUS_OK;
        }
    }
    return encode_missing(encoder, piece, list, error);
}

// Text without special tokens. Every piece gives at most as many ids as it has bytes.
static enum status encode_ordinary(struct encoder *encoder, const uint8_t *text, size_t length,
                                   struct token_list *list, struct error *error) {
    struct waiting_piece pieces[PIECES_AT_ONCE];
    enum status status = token_list_reserve(list, length, error);
    for (size_t at = 0; status == STATUS_OK && at < length;) {
        size_t count = cut_pieces(encoder, text, length, &at, pieces);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = encode_piece(encoder, &pieces[i], list, error);
        }
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
