// Pairs of neighbouring ids in words: how often each occurs, in which words, and which is the most frequent.
#ifndef DLT_TEXT_PAIR_COUNTS_H
#define DLT_TEXT_PAIR_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

struct counted_pair;
struct pair_candidate;

// A word that holds, or held, a pair.
struct pair_occurrence {
    uint32_t word;
    uint32_t next; // + 1; 0: none
};

// Arrays that grow; each `..._count` elements of `..._capacity`.
struct pair_counts {
    struct counted_pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *table; // open hash table: index of the pair + 1; 0 is free
    size_t mask;
    struct pair_occurrence *occurrences;
    size_t occurrence_count, occurrence_capacity;
    struct pair_candidate *heap;
    size_t heap_count, heap_capacity;
    uint32_t *raised; // pairs whose count went up since pair_counts_settle()
    size_t raised_count, raised_capacity;
};
enum status pair_counts_create(struct pair_counts *counts, struct error *error);
void pair_counts_free(struct pair_counts *counts); // also where creating failed

// `word`, which counts `times`, has the pair once more, or, of a pair that is known, once less. A pair is
// raised before one pair_counts_settle() only: a merge brings no pairs but those of the new id.
enum status pair_counts_raise(struct pair_counts *counts, uint32_t left, uint32_t right,
                              uint32_t word, int64_t times, struct error *error);
void pair_counts_lower(struct pair_counts *counts, uint32_t left, uint32_t right, int64_t times);
// What was raised can be taken from now on.
enum status pair_counts_settle(struct pair_counts *counts, struct error *error);

// The most frequent pair, of equals that of the lowest ids. A word whose raises of it came one after the
// other is once among the occurrences.
struct frequent_pair {
    uint32_t left, right;
    uint32_t words; // + 1: the latest of the list of its occurrences; 0: none
};
// Takes it out, for good. False where no pair is left.
bool pair_counts_take(struct pair_counts *counts, struct frequent_pair *pair);

#endif
