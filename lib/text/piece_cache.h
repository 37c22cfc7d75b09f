// Remembers the ids of the pieces of text seen: what most pieces go through, whatever the model.
//
// The memory is bounded whatever the text: two caches of fixed size, in which a new piece takes the
// place of an old one. What they hold never changes a result.
//
// Calling sequence: room in the list for as many ids as the text has bytes, and PIECE_IDS_EXTRA;
// then, as often as there are pieces, piece_cache_wait() or piece_cache_wait_at_end() for some of
// them, which starts to fetch their places in the cache, and piece_cache_encode() for these.
#ifndef DLT_TEXT_PIECE_CACHE_H
#define DLT_TEXT_PIECE_CACHE_H

#include <stdbool.h>
#include <string.h>

#include "lib/text/load.h"
#include "lib/text/token_list.h"

// Most pieces of real text are short and have few ids: two entries of the first cache fill one
// cache line. The second one takes longer pieces, and scripts that the vocabulary has few pieces
// for. Unused bytes of a key are 0, its last byte is the length; a length of 0 marks a free entry.
enum {
    PIECE_SHORT_BYTES = LOAD_SHORT,
    PIECE_SHORT_IDS = 3,
    PIECE_IDS_ELSEWHERE =
        4, // count of a piece whose ids, more than three, the second cache may have
    PIECE_SHORT_BUCKETS_LOG2 = 16,
    PIECE_LONG_BYTES = 63,
    PIECE_LONG_IDS = 15,
    PIECES_AT_ONCE = 128,             // that are worth waiting for together
    PIECE_IDS_EXTRA = PIECE_LONG_IDS, // a known piece is copied with that many too many
    PIECE_READABLE = LOAD_READABLE,   // bytes of the text that must be left for piece_cache_wait()
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

static inline void piece_fetch(const struct piece_cache *cache, struct waiting_piece *piece,
                               uint64_t low, uint64_t high) {
    piece->key[0] = low;
    piece->key[1] = high | (uint64_t)piece->length << 56;
    uint64_t hash = (low * 0x9E3779B97F4A7C15u) ^ (piece->key[1] * 0xD6E8FEB86659FD93u);
    piece->bucket = cache->short_entries + 2 * (hash >> (64 - PIECE_SHORT_BUCKETS_LOG2));
    __builtin_prefetch(piece->bucket);
}

// bytes[0 .. PIECE_READABLE) can be read.
static inline void piece_cache_wait(const struct piece_cache *cache, struct waiting_piece *piece,
                                    const uint8_t *bytes, size_t length) {
    piece->bytes = bytes;
    piece->length = length;
    piece->bucket = NULL;
    if (length <= PIECE_SHORT_BYTES) {
        piece_fetch(cache, piece, load_first(bytes, length), load_second(bytes, length));
    }
}

// The same near the end of the text.
static inline void piece_cache_wait_at_end(const struct piece_cache *cache,
                                           struct waiting_piece *piece, const uint8_t *bytes,
                                           size_t length) {
    piece->bytes = bytes;
    piece->length = length;
    piece->bucket = NULL;
    if (length <= PIECE_SHORT_BYTES) {
        uint8_t tail[PIECE_SHORT_BYTES + 1] = {0};
        memcpy(tail, bytes, length);
        piece_fetch(cache, piece, load_eight(tail), load_eight(tail + 8));
    }
}

// Remembers a piece of up to PIECE_SHORT_BYTES that was waited for, and its ids, at most
// PIECE_SHORT_IDS.
static inline void piece_cache_store(const struct waiting_piece *piece, const uint32_t *ids,
                                     size_t count) {
    struct piece_short_entry *bucket = piece->bucket;
    bucket[1] = bucket[0];
    bucket[0] =
        (struct piece_short_entry){.key = {piece->key[0], piece->key[1]}, .count = (uint32_t)count};
    memcpy(bucket[0].ids, ids, count * sizeof *ids);
}

// The way of pieces whose ids the first cache does not have.
enum status piece_cache_encode_other(const struct piece_cache *cache,
                                     const struct waiting_piece *piece, struct token_list *list,
                                     struct error *error);

// Whether the first cache has the ids of a piece: then they, and what is behind them, are copied,
// and *count is how many they are.
static inline bool piece_cache_copy(const struct waiting_piece *piece, uint32_t *ids,
                                    size_t *count) {
    const struct piece_short_entry *entry = piece->bucket;
    if (!entry) {
        return false;
    }
    // Which of the two it is cannot be foretold, that it is one of them can.
    entry += ((entry->key[0] ^ piece->key[0]) | (entry->key[1] ^ piece->key[1])) ? 1 : 0;
    memcpy(ids, (const uint8_t *)entry + offsetof(struct piece_short_entry, ids),
           (PIECE_SHORT_IDS + 1) * sizeof *ids);
    *count = entry->count;
    return entry->key[0] == piece->key[0] && entry->key[1] == piece->key[1] &&
           entry->count != PIECE_IDS_ELSEWHERE;
}

// Appends the ids of pieces that were waited for, one after the other.
static inline enum status piece_cache_encode(const struct piece_cache *cache,
                                             const struct waiting_piece *pieces, size_t count,
                                             struct token_list *list, struct error *error) {
    uint32_t *ids = list->ids + list->count;
    for (const struct waiting_piece *piece = pieces; piece < pieces + count; piece++) {
        size_t copied;
        if (piece_cache_copy(piece, ids, &copied)) {
            ids += copied;
            continue;
        }
        list->count = (size_t)(ids - list->ids);
        enum status status = piece_cache_encode_other(cache, piece, list, error);
        if (status != STATUS_OK) {
            return status;
        }
        ids = list->ids + list->count;
    }
    list->count = (size_t)(ids - list->ids);
    return STATUS_OK;
}

#endif
