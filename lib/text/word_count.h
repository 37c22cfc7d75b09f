// How often each pre-token occurs in a text.
#ifndef DLT_TEXT_WORD_COUNT_H
#define DLT_TEXT_WORD_COUNT_H

#include "lib/text/source.h"

struct counted_word {
    size_t offset; // of its bytes in word_counts.bytes
    uint32_t length;
    uint32_t hash;
    uint64_t count;
};

struct word_counts {
    struct counted_word *words; // in the order of their first occurrence
    size_t count, capacity;
    struct buffer bytes;
    uint32_t *table; // open hash table: index of the word + 1; 0 is free
    size_t mask;
};

// Counts the pre-tokens of the whole source. The counts are to be freed, also on failure.
enum status word_counts_read(struct word_counts *counts, struct text_source *source,
                             struct error *error);
void word_counts_free(struct word_counts *counts);

#endif
