// Merging the byte pairs of one piece of text: always the pair whose merge has the lowest id, of
// equal ones the leftmost, until no pair of neighbours merges.
#include "lib/text/bpe.h"

#include <stdlib.h>
#include <string.h>

enum {
    SHORT_MAXIMUM = 48, // bytes up to which looking at all pairs is quicker than lists
    SHORT_AT_ONCE = 2,  // of them, which are looked at together
    PLACE_BITS = 6,     // of a place in a short piece
    LONG_ARRAYS = 5,
};

// ---- Short pieces ------------------------------------------------------------------------------

// What two neighbours merge into, and the place of the first: the lowest one is merged next.
static const int32_t NO_MERGE = INT32_MAX;

static int32_t candidate(uint32_t merged, size_t place) {
    return merged == BPE_NONE ? NO_MERGE : (int32_t)(merged << PLACE_BITS | place);
}

// Two at a time, which do not wait for each other. (Vectors would wait for the last numbers written.)
static int32_t lowest_of(const int32_t *candidates, size_t length) {
    int32_t lowest = NO_MERGE, other = NO_MERGE;
    for (size_t i = 0; i < length; i += 2) {
        lowest = candidates[i] < lowest ? candidates[i] : lowest;
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the length is even
        other = candidates[i + 1] < other ? candidates[i + 1] : other;
    }
    return lowest < other ? lowest : other;
}

// Ids stay at the place of their first byte; `alive` has a bit for each place that still has one.
static size_t merge_short(const struct bpe_vocabulary *vocabulary, const uint8_t *piece,
                          size_t length, uint32_t *ids) {
    int32_t candidates[SHORT_MAXIMUM];
    size_t rounded = (length + SHORT_AT_ONCE - 1) / SHORT_AT_ONCE * SHORT_AT_ONCE;
    for (size_t i = 0; i < rounded; i++) {
        candidates[i] = i + 1 < length
                            ? candidate(vocabulary->byte_pairs[piece[i] << 8 | piece[i + 1]], i)
                            : NO_MERGE;
    }
    for (size_t i = 0; i < length; i++) {
        ids[i] = vocabulary->byte_ids[piece[i]];
    }
    uint64_t alive = ((uint64_t)1 << length) - 1;
    int32_t lowest;
    while ((lowest = lowest_of(candidates, rounded)) != NO_MERGE) {
        size_t best = (size_t)lowest & ((1 << PLACE_BITS) - 1);
        uint32_t merged = (uint32_t)lowest >> PLACE_BITS;
        uint64_t behind = alive & (UINT64_MAX << best << 1);
        size_t gone = (size_t)__builtin_ctzll(behind);
        alive &= ~((uint64_t)1 << gone);
        behind &= behind - 1;
        ids[best] = merged;
        candidates[gone] = NO_MERGE;
        candidates[best] =
            behind
                ? candidate(bpe_pair_find(vocabulary, merged, ids[__builtin_ctzll(behind)]), best)
                : NO_MERGE;
        uint64_t before = alive & (((uint64_t)1 << best) - 1);
        if (before) {
            size_t previous = 63 - (size_t)__builtin_clzll(before);
            candidates[previous] =
                candidate(bpe_pair_find(vocabulary, ids[previous], merged), previous);
        }
    }
    size_t count = 0;
    for (; alive; alive &= alive - 1) {
        ids[count++] = ids[__builtin_ctzll(alive)];
    }
    return count;
}

// ---- Long pieces: a list of ids, and the places of each merge ------------------------------------
//
// An id lives at the place of its first byte. Each place whose id merges with the next one is in the
// list of that merge. What a merge forms can only be part of merges of higher ids, so the lists are
// emptied in ascending order, once; time is linear in the piece, and in the vocabulary's bits.

static const uint32_t NOWHERE = UINT32_MAX;

struct long_piece {
    const struct bpe_vocabulary *vocabulary;
    struct bpe_workspace *workspace; // its lists are empty before and after
    size_t length;
    uint32_t *ids, *merged, *previous, *next; // by place; next is `length` at the end
    uint32_t *before, *behind;                // neighbours in the list of merged[place], or NOWHERE
};

static void list_add(struct long_piece *piece, uint32_t place) {
    uint32_t id = piece->merged[place];
    uint32_t first = piece->workspace->first[id];
    piece->before[place] = NOWHERE;
    piece->behind[place] = first;
    if (first != NOWHERE) {
        piece->before[first] = place;
    }
    piece->workspace->first[id] = place;
    piece->workspace->filled[id / 64] |= (uint64_t)1 << id % 64;
}

// Takes a place out of its list, if it is in one.
static void list_remove(struct long_piece *piece, uint32_t place) {
    uint32_t id = piece->merged[place];
    if (id == BPE_NONE) {
        return;
    }
    uint32_t before = piece->before[place], behind = piece->behind[place];
    if (before == NOWHERE) {
        piece->workspace->first[id] = behind;
    } else {
        piece->behind[before] = behind;
    }
    if (behind != NOWHERE) {
        piece->before[behind] = before;
    }
    piece->merged[place] = BPE_NONE;
}

// Looks up what the ids at `place` and behind it merge into.
static void find_pair(struct long_piece *piece, uint32_t place) {
    uint32_t next = piece->next[place];
    if (next < piece->length) {
        piece->merged[place] =
            bpe_pair_find(piece->vocabulary, piece->ids[place], piece->ids[next]);
        if (piece->merged[place] != BPE_NONE) {
            list_add(piece, place);
        }
    }
}

static void merge_at(struct long_piece *piece, uint32_t place) {
    uint32_t merged = piece->merged[place], gone = piece->next[place];
    list_remove(piece, place);
    list_remove(piece, gone);
    piece->ids[place] = merged;
    piece->next[place] = piece->next[gone];
    if (piece->next[gone] < piece->length) {
        piece->previous[piece->next[gone]] = place;
    }
    find_pair(piece, place);
    if (place > 0) {
        list_remove(piece, piece->previous[place]);
        find_pair(piece, piece->previous[place]);
    }
}

// Two places of one list overlap only in a run of one id: such a run is merged from its left.
static void merge_run(struct long_piece *piece, uint32_t place) {
    uint32_t merged = piece->merged[place], id = piece->ids[place];
    if (id == piece->ids[piece->next[place]]) {
        while (place > 0 && piece->ids[piece->previous[place]] == id) {
            place = piece->previous[place];
        }
    }
    while (place < piece->length && piece->merged[place] == merged) {
        merge_at(piece, place);
        place = piece->next[place];
    }
}

static size_t merge_long(struct long_piece *piece, const uint8_t *bytes) {
    for (uint32_t i = (uint32_t)piece->length; i-- > 0;) {
        piece->ids[i] = piece->vocabulary->byte_ids[bytes[i]];
        piece->merged[i] = BPE_NONE;
        piece->previous[i] = i - 1;
        piece->next[i] = i + 1;
        find_pair(piece, i);
    }
    struct bpe_workspace *workspace = piece->workspace;
    for (size_t word = 0; word <= piece->vocabulary->size / 64; word++) {
        while (workspace->filled[word]) {
            size_t id = 64 * word + (size_t)__builtin_ctzll(workspace->filled[word]);
            while (workspace->first[id] != NOWHERE) {
                merge_run(piece, workspace->first[id]);
            }
            workspace->filled[word] &= ~((uint64_t)1 << id % 64);
        }
    }
    size_t count = 0;
    for (size_t at = 0; at < piece->length; at = piece->next[at]) {
        piece->ids[count++] = piece->ids[at];
    }
    return count;
}

static enum status workspace_reserve(struct bpe_workspace *workspace,
                                     const struct bpe_vocabulary *vocabulary, size_t length,
                                     struct error *error) {
    if (length >= UINT32_MAX) {
        return error_set(error, STATUS_FAILURE, "cannot tokenise a single word of %zu bytes",
                         length);
    }
    if (length <= workspace->capacity) {
        return STATUS_OK;
    }
    bpe_workspace_free(workspace);
    size_t capacity = length + length / 2, size = vocabulary->size;
    workspace->first = malloc(size * sizeof *workspace->first);
    workspace->filled = calloc(size / 64 + 1, sizeof *workspace->filled);
    workspace->places = malloc(LONG_ARRAYS * capacity * sizeof *workspace->places);
    if (!workspace->first || !workspace->filled || !workspace->places) {
        bpe_workspace_free(workspace);
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for a word of %zu bytes",
                         length);
    }
    memset(workspace->first, 0xFF, size * sizeof *workspace->first); // NOWHERE
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
    enum status status = workspace_reserve(workspace, vocabulary, length, error);
    if (status == STATUS_OK) {
        size_t capacity = workspace->capacity;
        struct long_piece whole = {.vocabulary = vocabulary,
                                   .workspace = workspace,
                                   .length = length,
                                   .ids = ids,
                                   .merged = workspace->places,
                                   .previous = workspace->places + capacity,
                                   .next = workspace->places + 2 * capacity,
                                   .before = workspace->places + 3 * capacity,
                                   .behind = workspace->places + 4 * capacity};
        *count = merge_long(&whole, piece);
    }
    return status;
}

void bpe_workspace_free(struct bpe_workspace *workspace) {
    free(workspace->first);
    free(workspace->filled);
    free(workspace->places);
    *workspace = (struct bpe_workspace){0};
}
