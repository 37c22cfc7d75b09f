// Remembers the ids of the pieces of text seen: what most pieces go through, whatever the model.
//
// The memory is bounded whatever the text: two caches of fixed size, in which a new piece takes the
// place of an old one. What they hold never changes a result.
//
// Calling sequence: room in the list for as many ids as the text has bytes, and PIECE_IDS_EXTRA;
// then, as often as there are pieces, piece_cache_wait() or piece_cache_wait_at_end() for some of
// them, which starts to fetch their places in the cache, and piece_cache_encode() for each in turn.
#ifndef DLT_TEXT_PIECE_CACHE_H
#define DLT_TEXT_PIECE_CACHE_H

#include <stdbool.h>
#include <string.h>

#include "lib/text/token_list.h"

// Most pieces of real text are short and have few ids: two entries of the first cache fill one
// cache line. The second one takes longer pieces, and scripts that the vocabulary has few pieces
// for. Unused bytes of a key are 0, its last byte is the length; a length of 0 marks a free entry.
enum {
    PIECE_SHORT_BYTES = 15,
    PIECE_SHORT_IDS = 3,
    PIECE_IDS_ELSEWHERE =
        4, // count of a piece whose ids, more than three, the second cache may have
    PIECE_SHORT_BUCKETS_LOG2 = 15,
    PIECE_LONG_BYTES = 63,
    PIECE_LONG_IDS = 15,
    PIECES_AT_ONCE = 128,             // that are worth waiting for together
    PIECE_IDS_EXTRA = PIECE_LONG_IDS, // a known piece is copied with that many too many
    PIECE_READABLE = 16,              // bytes of the text that must be left for piece_cache_wait()
};

struct piece_short_entry {
    uint64_t key[2];
    uint32_t ids[PIECE_SHORT_IDS];
    uint32_t count;
};

struct piece_long_entry {
    uint8_t key[PIECE_LONG_BYTES + 1];
    uint32_t ids[PIECE_LONG_IDS];
    uint32_t count;
};

// Appends the ids of a piece, at most as many as it has bytes, to a list that has room for them.
typedef enum status piece_encode(void *context, const uint8_t *piece, size_t length,
                                 struct token_list *list, struct error *error);

struct piece_cache {
    struct piece_short_entry *short_entries; // (1 << PIECE_SHORT_BUCKETS_LOG2, 2)
    struct piece_long_entry *long_entries;
    piece_encode *encode; // for pieces that are not known
    void *context;
};

enum status piece_cache_create(struct piece_cache *cache, piece_encode *encode, void *context,
                               struct error *error);
void piece_cache_free(struct piece_cache *cache);

// A piece on its way.
struct waiting_piece {
    uint64_t key[2];
    struct piece_short_entry *bucket; // NULL: too long for the first cache
    const uint8_t *bytes;
    size_t length;
};

static inline uint64_t load_little_endian(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

// The first `length` bytes of a word of eight.
static inline uint64_t piece_keep_bytes(uint64_t word, size_t length) {
    return length >= 8 ? word : word & (((uint64_t)1 << (8 * length)) - 1);
}

static inline void piece_fetch(const struct piece_cache *cache, struct waiting_piece *piece,
                               uint64_t low, uint64_t high) {
    piece->key[0] = low;
    piece->key[1] = high | (uint64_t)piece->length << 56;
    uint64_t hash = (low ^ (piece->key[1] << 29 | piece->key[1] >> 35)) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ hash >> 32) * 0xD6E8FEB86659FD93u;
    piece->bucket = cache->short_entries + 2 * (hash >> (64 - PIECE_SHORT_BUCKETS_LOG2));
    __builtin_prefetch(piece->bucket);
}

// bytes[0 .. PIECE_READABLE) can be read.
static inline void piece_cache_wait(const struct piece_cache *cache, struct waiting_piece *piece,
                                    const uint8_t *bytes, size_t length) {
    *piece = (struct waiting_piece){.bytes = bytes, .length = length};
    if (length <= 8) {
        piece_fetch(cache, piece, piece_keep_bytes(load_little_endian(bytes), length), 0);
    } else if (length <= PIECE_SHORT_BYTES) {
        piece_fetch(cache, piece, load_little_endian(bytes),
                    piece_keep_bytes(load_little_endian(bytes + 8), length - 8));
    }
}

// The same near the end of the text.
static inline void piece_cache_wait_at_end(const struct piece_cache *cache,
                                           struct waiting_piece *piece, const uint8_t *bytes,
                                           size_t length) {
    *piece = (struct waiting_piece){.bytes = bytes, .length = length};
    if (length <= PIECE_SHORT_BYTES) {
        uint8_t tail[PIECE_SHORT_BYTES + 1] = {0};
        memcpy(tail, bytes, length);
        piece_fetch(cache, piece, load_little_endian(tail), load_little_endian(tail + 8));
    }
}

// The ways of pieces that the first cache does not know, and of those that it has no room for.
enum status piece_cache_encode_missing(const struct piece_cache *cache,
                                       const struct waiting_piece *piece, struct token_list *list,
                                       struct error *error);
enum status piece_cache_encode_long(const struct piece_cache *cache,
                                    const struct waiting_piece *piece, struct token_list *list,
                                    struct error *error);

static inline enum status piece_cache_encode(const struct piece_cache *cache,
                                             const struct waiting_piece *piece,
                                             struct token_list *list, struct error *error) {
    struct piece_short_entry *entry = piece->bucket;
    if (!entry) {
        return piece_cache_encode_long(cache, piece, list, error);
    }
    // Which of the two it is cannot be foretold, that it is one of them can.
    entry += (entry->key[0] ^ piece->key[0]) | (entry->key[1] ^ piece->key[1]) ? 1 : 0;
    if (entry->key[0] == piece->key[0] && entry->key[1] == piece->key[1]) {
        if (entry->count == PIECE_IDS_ELSEWHERE) {
            return piece_cache_encode_long(cache, piece, list, error);
        }
        memcpy(list->ids + list->count, entry->ids, sizeof entry->ids);
        list->count += entry->count;
        return STATUS_OK;
    }
    return piece_cache_encode_missing(cache, piece, list, error);
}

#endif
