// From a token's bytes to its id.
#ifndef DLT_TEXT_TOKEN_TABLE_H
#define DLT_TEXT_TOKEN_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/base/status.h"
#include "lib/text/load.h"

// Tokens of up to 7 bytes stand in the key itself; a longer one is named there by its length and
// hash, and compared with its bytes in the arena, where all tokens' bytes stand.
enum { TOKEN_INLINE_BYTES = 7 };

struct token_slot {
    uint64_t key; // 0: free
    uint32_t id;
    uint32_t offset; // of the token's bytes in the arena
};

struct token_table {
    struct token_slot *slots;
    unsigned bits; // 2^bits slots
};

// Room for `count` tokens, at most 2^30.
enum status token_table_create(struct token_table *table, size_t count, struct error *error);
void token_table_free(struct token_table *table);

// What a token of 1 to 65535 bytes is looked up by; bytes[0 .. LOAD_READABLE) can be read.
static inline uint64_t token_key(const uint8_t *bytes, size_t length) {
    uint64_t hash, whole = 0;
    if (length <= LOAD_SHORT) {
        uint64_t second = load_second(bytes, length) * 0xD6E8FEB86659FD93u;
        whole = load_first(bytes, length);
        hash = (whole ^ second ^ second >> 32) * 0x9E3779B97F4A7C15u;
    } else {
        hash = XXH3_64bits(bytes, length);
    }
    uint64_t named = (uint64_t)0xFF << 56 | (uint64_t)length << 40 | hash >> 24;
    return length <= TOKEN_INLINE_BYTES ? (uint64_t)length << 56 | whole : named;
}

static inline size_t token_table_slot(const struct token_table *table, uint64_t key) {
    return (size_t)(key * 0x9E3779B97F4A7C15u >> (64 - table->bits));
}

// Starts to fetch what the next call for this key needs.
static inline void token_table_prefetch(const struct token_table *table, uint64_t key) {
    __builtin_prefetch(&table->slots[token_table_slot(table, key)]);
}

// The slot of the token, or the free one where it would be; `key` is its token_key().
static inline struct token_slot *token_table_find(const struct token_table *table,
                                                  const uint8_t *arena, uint64_t key,
                                                  const uint8_t *bytes, size_t length) {
    size_t mask = ((size_t)1 << table->bits) - 1, at = token_table_slot(table, key);
    for (; table->slots[at].key; at = (at + 1) & mask) {
        if (table->slots[at].key == key &&
            (length <= TOKEN_INLINE_BYTES ||
             memcmp(arena + table->slots[at].offset, bytes, length) == 0)) {
            break;
        }
    }
    return &table->slots[at];
}

#endif
