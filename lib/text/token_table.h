// From a token's bytes to its id.
#ifndef DLT_TEXT_TOKEN_TABLE_H
#define DLT_TEXT_TOKEN_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

#define TOKEN_NONE UINT32_MAX

// Tokens of up to 7 bytes stand in the key itself; a longer one is named there by its length and
// hash, and compared with its bytes in the arena.
struct token_slot {
    uint64_t key; // 0: free
    uint32_t id;
    uint32_t offset; // of the token's bytes in the arena
};

struct token_table {
    struct token_slot *slots;
    size_t mask;
};

// Room for `count` tokens, at most 2^31.
enum status token_table_create(struct token_table *table, size_t count, struct error *error);
void token_table_free(struct token_table *table);
// Id of the token, or TOKEN_NONE; 1 <= length <= 65535. `arena` is where all tokens' bytes stand.
uint32_t token_table_find(const struct token_table *table, const uint8_t *arena,
                          const uint8_t *bytes, size_t length);
// Adds a token that is not in the table; its bytes stand at arena[offset].
void token_table_add(struct token_table *table, const uint8_t *arena, uint32_t offset,
                     size_t length, uint32_t id);

#endif
