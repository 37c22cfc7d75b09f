#include "lib/text/piece_cache.h"

#include "lib/base/hash.h"
#include "lib/text/pages.h"

enum { LONG_ENTRIES = 1 << 14 };

static const size_t SHORT_SIZE =
    ((size_t)1 << PIECE_SHORT_BUCKETS_LOG2) * 2 * sizeof(struct piece_short_entry);
static const size_t LONG_SIZE = LONG_ENTRIES * sizeof(struct piece_long_entry);

enum status piece_cache_create(struct piece_cache *cache, piece_encode *encode, void *context,
                               struct error *error) {
    *cache = (struct piece_cache){.encode = encode, .context = context};
    enum status status =
        pages_allocate((void **)&cache->short_entries, SHORT_SIZE, "the tokeniser", error);
    if (status == STATUS_OK) {
        status = pages_allocate((void **)&cache->long_entries, LONG_SIZE, "the tokeniser", error);
    }
    if (status != STATUS_OK) {
        piece_cache_free(cache);
    }
    return status;
}

void piece_cache_free(struct piece_cache *cache) {
    pages_free(cache->short_entries, SHORT_SIZE);
    pages_free(cache->long_entries, LONG_SIZE);
    *cache = (struct piece_cache){0};
}

static struct piece_long_entry *long_find(const struct piece_cache *cache, const uint8_t *piece,
                                          size_t length, uint8_t key[static PIECE_LONG_BYTES + 1]) {
    memset(key, 0, PIECE_LONG_BYTES + 1);
    memcpy(key, piece, length);
    key[PIECE_LONG_BYTES] = (uint8_t)length;
    return &cache->long_entries[XXH3_64bits(piece, length) & (LONG_ENTRIES - 1)];
}

static void long_store(struct piece_long_entry *entry,
                       const uint8_t key[static PIECE_LONG_BYTES + 1], const uint32_t *ids,
                       size_t count) {
    if (count <= PIECE_LONG_IDS) {
        memcpy(entry->key, key, PIECE_LONG_BYTES + 1);
        memcpy(entry->ids, ids, count * sizeof *ids);
        entry->count = (uint32_t)count;
    }
}

static enum status encode_long(const struct piece_cache *cache, const struct waiting_piece *piece,
                               struct token_list *list, struct error *error) {
    if (piece->length > PIECE_LONG_BYTES) {
        return cache->encode(cache->context, piece->bytes, piece->length, list, error);
    }
    uint8_t key[PIECE_LONG_BYTES + 1];
    struct piece_long_entry *entry = long_find(cache, piece->bytes, piece->length, key);
    if (memcmp(entry->key, key, sizeof key) == 0) {
        memcpy(list->ids + list->count, entry->ids, sizeof entry->ids);
        list->count += entry->count;
        return STATUS_OK;
    }
    size_t before = list->count;
    enum status status = cache->encode(cache->context, piece->bytes, piece->length, list, error);
    if (status == STATUS_OK) {
        long_store(entry, key, list->ids + before, list->count - before);
    }
    return status;
}

// A piece that the first cache does not know is known from now on; one of many ids goes to the
// second cache.
static enum status encode_missing(const struct piece_cache *cache,
                                  const struct waiting_piece *piece, struct token_list *list,
                                  struct error *error) {
    size_t before = list->count;
    enum status status = cache->encode(cache->context, piece->bytes, piece->length, list, error);
    if (status != STATUS_OK) {
        return status;
    }
    const uint32_t *ids = list->ids + before;
    size_t count = list->count - before;
    if (count <= PIECE_SHORT_IDS) {
        piece_cache_store(piece, ids, count);
    } else {
        uint8_t key[PIECE_LONG_BYTES + 1];
        long_store(long_find(cache, piece->bytes, piece->length, key), key, ids, count);
        piece_cache_store(piece, ids, 0);
        piece->bucket->count = PIECE_IDS_ELSEWHERE;
    }
    return STATUS_OK;
}

enum status piece_cache_encode_other(const struct piece_cache *cache,
                                     const struct waiting_piece *piece, struct token_list *list,
                                     struct error *error) {
    bool known = false;
    for (size_t way = 0; piece->bucket && way < 2; way++) {
        known |= piece->bucket[way].key[0] == piece->key[0] &&
                 piece->bucket[way].key[1] == piece->key[1];
    }
    return known || !piece->bucket ? encode_long(cache, piece, list, error)
                                   : encode_missing(cache, piece, list, error);
}
