#include "lib/text/pair_counts.h"

#include <stdlib.h>

#include "lib/base/memory.h"

struct counted_pair {
    uint32_t left, right;
    int64_t count;  // occurrences, now
    uint32_t words; // + 1: the latest of its list of occurrences; 0: none
    bool raised;    // count went up since pair_counts_settle()
};

struct pair_candidate {
    int64_t count; // when it came into the heap; it may be lower by now
    uint32_t left, right, pair;
};

void pair_counts_free(struct pair_counts *counts) {
    free(counts->pairs);
    free(counts->table);
    free(counts->occurrences);
    free(counts->heap);
    free(counts->raised);
    *counts = (struct pair_counts){0};
}

// Room for one more element.
static enum status grow(void **array, size_t count, size_t *capacity, size_t size,
                        struct error *error) {
    if (count < *capacity) {
        return STATUS_OK;
    }
    size_t larger = *capacity + *capacity / 2 + 1024;
    void *moved = larger < UINT32_MAX ? realloc(*array, larger * size) : NULL;
    if (!moved) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for %zu pairs", larger);
    }
    *array = moved;
    *capacity = larger;
    return STATUS_OK;
}

// ---- The heap: the most frequent pair on top ----------------------------------------------------

static bool goes_before(const struct pair_candidate *a, const struct pair_candidate *b) {
    if (a->count != b->count) {
        return a->count > b->count;
    }
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static enum status heap_push(struct pair_counts *counts, uint32_t pair, struct error *error) {
    enum status status = grow((void **)&counts->heap, counts->heap_count, &counts->heap_capacity,
                              sizeof *counts->heap, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct counted_pair *p = &counts->pairs[pair];
    struct pair_candidate new = {
        .count = p->count, .left = p->left, .right = p->right, .pair = pair};
    size_t at = counts->heap_count++;
    while (at > 0 && goes_before(&new, &counts->heap[(at - 1) / 2])) {
        counts->heap[at] = counts->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    counts->heap[at] = new;
    return STATUS_OK;
}

// Puts `moved` where the top was.
static void heap_sift(struct pair_counts *counts, struct pair_candidate moved) {
    size_t at = 0;
    for (size_t child = 1; child < counts->heap_count; child = 2 * at + 1) {
        child += child + 1 < counts->heap_count &&
                 goes_before(&counts->heap[child + 1], &counts->heap[child]);
        if (!goes_before(&counts->heap[child], &moved)) {
            break;
        }
        counts->heap[at] = counts->heap[child];
        at = child;
    }
    if (counts->heap_count > 0) {
        counts->heap[at] = moved;
    }
}

// Counts in the heap are brought up to date as they come up.
bool pair_counts_take(struct pair_counts *counts, struct frequent_pair *pair) {
    while (counts->heap_count > 0) {
        struct pair_candidate top = counts->heap[0];
        int64_t count = counts->pairs[top.pair].count;
        if (top.count == count && count > 0) {
            *pair = (struct frequent_pair){top.left, top.right, counts->pairs[top.pair].words};
            counts->heap_count--;
            heap_sift(counts, counts->heap[counts->heap_count]);
            return true;
        }
        if (count > 0) {
            top.count = count;
            heap_sift(counts, top);
        } else {
            counts->heap_count--;
            heap_sift(counts, counts->heap[counts->heap_count]);
        }
    }
    return false;
}

// ---- Pairs -------------------------------------------------------------------------------------

static size_t pair_place(const struct pair_counts *counts, uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 32 | right;
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> 24) & counts->mask;
    while (counts->table[at]) {
        const struct counted_pair *pair = &counts->pairs[counts->table[at] - 1];
        if (pair->left == left && pair->right == right) {
            break;
        }
        at = (at + 1) & counts->mask;
    }
    return at;
}

static enum status table_grow(struct pair_counts *counts, struct error *error) {
    size_t slots = counts->table ? 2 * (counts->mask + 1) : 1 << 16;
    uint32_t *table = NULL;
    enum status status = memory_allocate((void **)&table, slots, sizeof *table, "pairs", error);
    if (status != STATUS_OK) {
        return status;
    }
    free(counts->table);
    counts->table = table;
    counts->mask = slots - 1;
    for (size_t i = 0; i < counts->pair_count; i++) {
        const struct counted_pair *pair = &counts->pairs[i];
        table[pair_place(counts, pair->left, pair->right)] = (uint32_t)(i + 1);
    }
    return STATUS_OK;
}

enum status pair_counts_create(struct pair_counts *counts, struct error *error) {
    *counts = (struct pair_counts){0};
    return table_grow(counts, error);
}

static enum status pair_add(struct pair_counts *counts, uint32_t left, uint32_t right,
                            uint32_t *index, struct error *error) {
    enum status status = grow((void **)&counts->pairs, counts->pair_count, &counts->pair_capacity,
                              sizeof *counts->pairs, error);
    if (status == STATUS_OK && 2 * counts->pair_count >= counts->mask) {
        status = table_grow(counts, error);
    }
    if (status == STATUS_OK) {
        counts->pairs[counts->pair_count] = (struct counted_pair){.left = left, .right = right};
        *index = (uint32_t)counts->pair_count++;
        counts->table[pair_place(counts, left, right)] = *index + 1;
    }
    return status;
}

enum status pair_counts_raise(struct pair_counts *counts, uint32_t left, uint32_t right,
                              uint32_t word, int64_t times, struct error *error) {
    uint32_t index = counts->table[pair_place(counts, left, right)] - 1;
    enum status status = STATUS_OK;
    if (index == UINT32_MAX) {
        status = pair_add(counts, left, right, &index, error);
    }
    if (status == STATUS_OK) {
        status = grow((void **)&counts->occurrences, counts->occurrence_count,
                      &counts->occurrence_capacity, sizeof *counts->occurrences, error);
    }
    if (status == STATUS_OK) {
        status = grow((void **)&counts->raised, counts->raised_count, &counts->raised_capacity,
                      sizeof *counts->raised, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct counted_pair *pair = &counts->pairs[index];
    pair->count += times;
    if (pair->words == 0 || counts->occurrences[pair->words - 1].word != word) {
        counts->occurrences[counts->occurrence_count] = (struct pair_occurrence){word, pair->words};
        pair->words = (uint32_t)++counts->occurrence_count;
    }
    if (!pair->raised) {
        pair->raised = true;
        counts->raised[counts->raised_count++] = index;
    }
    return STATUS_OK;
}

void pair_counts_lower(struct pair_counts *counts, uint32_t left, uint32_t right, int64_t times) {
    uint32_t index = counts->table[pair_place(counts, left, right)] - 1;
    counts->pairs[index].count -= times;
}

enum status pair_counts_settle(struct pair_counts *counts, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < counts->raised_count; i++) {
        counts->pairs[counts->raised[i]].raised = false;
        status = heap_push(counts, counts->raised[i], error);
    }
    counts->raised_count = 0;
    return status;
}
