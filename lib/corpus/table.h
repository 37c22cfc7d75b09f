// Discrete distributions whose probabilities are whole multiples of 2^-32.
#ifndef DLT_CORPUS_TABLE_H
#define DLT_CORPUS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Few, since what the many tables of a language cost is their place in the cache.
enum { TABLE_GUIDE_BITS = 7 };

// Item i is drawn for last[i - 1] < u <= last[i], u uniform over 32 bits.
struct table {
    uint32_t *last; // (count), owned by whoever allocated it
    uint16_t count;
    uint16_t
        guide[(1 << TABLE_GUIDE_BITS) + 1]; // first item that a draw with these top bits can be
};

// Scales `weights` (each at least 1, their sum below 2^32) to 2^32. Every item keeps a share.
void table_build(struct table *table, uint32_t *last, const uint32_t *weights, size_t count);

static inline size_t table_draw(const struct table *table, uint32_t u) {
    uint32_t bucket = u >> (32 - TABLE_GUIDE_BITS);
    size_t item = table->guide[bucket], end = table->guide[bucket + 1];
    while (item < end) { // the item is in item .. end
        size_t middle = (item + end) / 2;
        bool beyond = u > table->last[middle];
        item = beyond ? middle + 1 : item;
        end = beyond ? end : middle;
    }
    return item;
}

// How many of the 2^32 draws give `item`.
static inline uint64_t table_mass(const struct table *table, size_t item) {
    return item ? (uint64_t)table->last[item] - table->last[item - 1]
                : (uint64_t)table->last[0] + 1;
}

#endif
