// Where the next word comes from: the distribution over the words of a terminal.
//
// Both sides use it: the generator draws from a source, the scorer asks it for a word's mass.
#ifndef DLT_CORPUS_SOURCE_H
#define DLT_CORPUS_SOURCE_H

#include "lib/corpus/state.h"

enum { SOURCE_BITS = 32 + MIX_BITS };

// A table of lexemes, taken with `table_share` of MIX_SHARES, and beside it lexemes recalled from
// the text, each with its own share.
struct source {
    const struct table *table; // NULL where table_share is 0
    const uint16_t *lexeme;    // (recalled)
    const uint16_t *share;     // (recalled)
    uint32_t first;            // the word of lexeme 0
    uint16_t table_share;
    uint16_t recalled;
    uint16_t own[ENTITIES + 1]; // what `lexeme` may point to
    uint16_t own_share[1];      // and `share`
};

void source_find(struct source *source, const struct state *state, enum symbol terminal);

// Whether there is a choice between table and recalled words, and one within the table.
static inline bool source_is_mixed(const struct source *source) {
    return source->recalled > 0 && source->table_share > 0;
}
static inline bool source_is_wide(const struct source *source) {
    return source->table_share > 0 && source->table->count > 1;
}

// `mix` and `u` are uniform over 32 bits, or 0 where there is no choice.
static inline uint32_t source_draw(const struct source *source, uint32_t mix, uint32_t u) {
    uint32_t share = mix >> (32 - MIX_BITS);
    if (share < source->table_share) {
        return source->first + (uint32_t)table_draw(source->table, u);
    }
    share -= source->table_share;
    unsigned i = 0;
    while (share >= source->share[i]) {
        share -= source->share[i++];
    }
    return source->first + source->lexeme[i];
}

// How many of 2^SOURCE_BITS draws give the word, which must be of a category of the terminal.
uint64_t source_mass(const struct source *source, uint32_t word);

// -log2(mass / 2^bits).
double source_information(uint64_t mass, int bits);

#endif
