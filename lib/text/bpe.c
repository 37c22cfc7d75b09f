// Merging the byte pairs of one piece of text: always the pair whose merge has the lowest id, of
// equal ones the leftmost, until no pair of neighbours merges.
#include "lib/text/bpe.h"

#include <stdlib.h>
#include <string.h>

enum { SHORT_MAXIMUM = 48 }; // bytes up to which looking at all pairs beats a heap

// ids[i] and the id that ids[i], ids[i + 1] merge into, at the start: bytes.
static void start_pairs(const struct bpe_vocabulary *vocabulary, const uint8_t *piece,
                        size_t length, uint32_t *ids, uint32_t *merged) {
    for (size_t i = 0; i < length; i++) {
        ids[i] = vocabulary->byte_ids[piece[i]];
        merged[i] =
            i + 1 < length ? vocabulary->byte_pairs[piece[i] << 8 | piece[i + 1]] : BPE_NONE;
    }
}

static size_t merge_short(const struct bpe_vocabulary *vocabulary, const uint8_t *piece,
                          size_t length, uint32_t *ids) {
    uint32_t merged[SHORT_MAXIMUM];
    start_pairs(vocabulary, piece, length, ids, merged);
    for (;;) {
        size_t best = 0;
        for (size_t i = 1; i < length; i++) {
            best = merged[i] < merged[best] ? i : best;
        }
        if (merged[best] == BPE_NONE) {
            return length;
        }
        ids[best] = merged[best];
        length--;
        for (size_t i = best + 1; i < length; i++) {
            ids[i] = ids[i + 1];
            merged[i] = merged[i + 1];
        }
        merged[best] =
            best + 1 < length ? bpe_pair_find(vocabulary, ids[best], ids[best + 1]) : BPE_NONE;
        if (best > 0) {
            merged[best - 1] = bpe_pair_find(vocabulary, ids[best - 1], ids[best]);
        }
    }
}

// ---- Long pieces: a list of ids and a heap of pairs --------------------------------------------
//
// An id lives at the place of its first byte. The heap holds (merged id, place), smallest first;
// an entry whose pair is gone meanwhile is told by merged[place] being another by then.

struct long_piece {
    const struct bpe_vocabulary *vocabulary;
    uint32_t *ids, *merged, *previous, *next; // by place; next is `length` at the end
    uint64_t *heap;
    size_t heap_count;
    size_t length;
};

static void heap_push(struct long_piece *piece, uint64_t entry) {
    size_t at = piece->heap_count++;
    while (at > 0 && entry < piece->heap[(at - 1) / 2]) {
        piece->heap[at] = piece->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    piece->heap[at] = entry;
}

static uint64_t heap_pop(struct long_piece *piece) {
    uint64_t top = piece->heap[0];
    uint64_t entry = piece->heap[--piece->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < piece->heap_count; child = 2 * at + 1) {
        child += child + 1 < piece->heap_count && piece->heap[child + 1] < piece->heap[child];
        if (entry <= piece->heap[child]) {
            break;
        }
        piece->heap[at] = piece->heap[child];
        at = child;
    }
    piece->heap[at] = entry;
    return top;
}

// Looks up what the ids at `place` and behind it merge into.
static void find_pair(struct long_piece *piece, size_t place) {
    uint32_t next = piece->next[place];
    uint32_t merged = next < piece->length
                          ? bpe_pair_find(piece->vocabulary, piece->ids[place], piece->ids[next])
                          : BPE_NONE;
    piece->merged[place] = merged;
    if (merged != BPE_NONE) {
        heap_push(piece, (uint64_t)merged << 32 | place);
    }
}

static void merge_at(struct long_piece *piece, size_t place) {
    size_t gone = piece->next[place];
    piece->ids[place] = piece->merged[place];
    piece->merged[gone] = BPE_NONE;
    piece->next[place] = piece->next[gone];
    if (piece->next[gone] < piece->length) {
        piece->previous[piece->next[gone]] = (uint32_t)place;
    }
    find_pair(piece, place);
    if (place > 0) {
        find_pair(piece, piece->previous[place]);
    }
}

static size_t merge_long(struct long_piece *piece, const uint8_t *bytes) {
    start_pairs(piece->vocabulary, bytes, piece->length, piece->ids, piece->merged);
    for (size_t i = 0; i < piece->length; i++) {
        piece->previous[i] = (uint32_t)(i - 1);
        piece->next[i] = (uint32_t)(i + 1);
        if (piece->merged[i] != BPE_NONE) {
            heap_push(piece, (uint64_t)piece->merged[i] << 32 | i);
        }
    }
    while (piece->heap_count > 0) {
        uint64_t entry = heap_pop(piece);
        if (piece->merged[(uint32_t)entry] == entry >> 32) {
            merge_at(piece, (uint32_t)entry);
        }
    }
    size_t count = 0;
    for (size_t at = 0; at < piece->length; at = piece->next[at]) {
        piece->ids[count++] = piece->ids[at];
    }
    return count;
}

static enum status workspace_reserve(struct bpe_workspace *workspace, size_t length,
                                     struct error *error) {
    if (length >= UINT32_MAX) {
        return error_set(error, STATUS_FAILURE, "cannot tokenise a single word of %zu bytes",
                         length);
    }
    if (length <= workspace->capacity) {
        return STATUS_OK;
    }
    bpe_workspace_free(workspace);
    size_t capacity = length + length / 2;
    // A merge takes one entry off the heap and puts at most two on.
    workspace->heap = malloc(2 * capacity * sizeof *workspace->heap);
    workspace->nodes = malloc(3 * capacity * sizeof *workspace->nodes);
    if (!workspace->heap || !workspace->nodes) {
        bpe_workspace_free(workspace);
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for a word of %zu bytes",
                         length);
    }
    workspace->capacity = capacity;
    return STATUS_OK;
}

enum status bpe_merge(const struct bpe_vocabulary *vocabulary, struct bpe_workspace *workspace,
                      const uint8_t *piece, size_t length, uint32_t *ids, size_t *count,
                      struct error *error) {
    if (length <= SHORT_MAXIMUM) {
        *count = merge_short(vocabulary, piece, length, ids);
        return STATUS_OK;
    }
    enum status status = workspace_reserve(workspace, length, error);
    if (status == STATUS_OK) {
        size_t capacity = workspace->capacity;
        struct long_piece whole = {.vocabulary = vocabulary,
                                   .ids = ids,
                                   .merged = workspace->nodes,
                                   .previous = workspace->nodes + capacity,
                                   .next = workspace->nodes + 2 * capacity,
                                   .heap = workspace->heap,
                                   .length = length};
        *count = merge_long(&whole, piece);
    }
    return status;
}

void bpe_workspace_free(struct bpe_workspace *workspace) {
    free(workspace->heap);
    free(workspace->nodes);
    *workspace = (struct bpe_workspace){0};
}
