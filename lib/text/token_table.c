#include "lib/text/token_table.h"

#include <string.h>

#include "lib/base/hash.h"
#include "lib/text/pages.h"

enum { INLINE_BYTES = 7, SLOTS_LEAST = 1024 };

static uint64_t token_key(const uint8_t *bytes, size_t length) {
    if (length > INLINE_BYTES) {
        return (uint64_t)0xFF << 56 | (uint64_t)length << 40 | XXH3_64bits(bytes, length) >> 24;
    }
    uint64_t key = (uint64_t)length << 56;
    for (size_t i = 0; i < length; i++) {
        key |= (uint64_t)bytes[i] << (8 * i);
    }
    return key;
}

static size_t first_slot(const struct token_table *table, uint64_t key) {
    uint64_t hash = key * 0x9E3779B97F4A7C15u;
    return (size_t)((hash ^ hash >> 32) * 0xD6E8FEB86659FD93u >> 32) & table->mask;
}

enum status token_table_create(struct token_table *table, size_t count, struct error *error) {
    size_t slots = SLOTS_LEAST;
    while (slots < 2 * count) {
        slots *= 2;
    }
    table->mask = slots - 1;
    return pages_allocate((void **)&table->slots, slots * sizeof *table->slots, "a table of tokens",
                          error);
}

void token_table_free(struct token_table *table) {
    pages_free(table->slots, (table->mask + 1) * sizeof *table->slots);
    *table = (struct token_table){0};
}

uint32_t token_table_find(const struct token_table *table, const uint8_t *arena,
                          const uint8_t *bytes, size_t length) {
    uint64_t key = token_key(bytes, length);
    for (size_t at = first_slot(table, key); table->slots[at].key; at = (at + 1) & table->mask) {
        const struct token_slot *slot = &table->slots[at];
        if (slot->key == key &&
            (length <= INLINE_BYTES || memcmp(arena + slot->offset, bytes, length) == 0)) {
            return slot->id;
        }
    }
    return TOKEN_NONE;
}

void token_table_add(struct token_table *table, const uint8_t *arena, uint32_t offset,
                     size_t length, uint32_t id) {
    uint64_t key = token_key(arena + offset, length);
    size_t at = first_slot(table, key);
    while (table->slots[at].key) {
        at = (at + 1) & table->mask;
    }
    table->slots[at] = (struct token_slot){.key = key, .id = id, .offset = offset};
}
