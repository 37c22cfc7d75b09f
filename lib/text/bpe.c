// Merging the byte pairs of one piece of text: always the pair whose merge has the lowest id, of
// equal ones the leftmost, until no pair of neighbours merges.
#include "lib/text/bpe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_MAXIMUM = 48, // bytes up to which looking for tokens is quicker than merging
    LONG_ARRAYS = 5,
};

// ---- Short pieces: tokens that fit each other --------------------------------------------------
//
// Merging on one side of a border between two ids of the result goes on as if the other side were
// not there: nothing was merged across it. So every id of a result is what its own bytes give (it
// is stable), every two neighbours are what their bytes give, and ids of which that holds are the
// result. A place in the piece is behind at most one sequence of such ids: the result of what is
// before it. So it is enough to look for a sequence that reaches the end, the longest token first.

// The ids at the border are taken apart again, the later one first, of equal ones the right one,
// and looked at: would they merge before they became part of what was taken apart?
bool bpe_border_holds(const struct bpe_vocabulary *vocabulary, uint32_t left, uint32_t right,
                      uint32_t limit) {
    while (bpe_pair_find(vocabulary, left, right) >= limit) {
        if (left < BPE_BYTES && right < BPE_BYTES) {
            return true;
        }
        // No branch: which one is the later cannot be foretold.
        bool is_left = left > right;
        uint32_t later = is_left ? left : right;
        struct bpe_pair parts = vocabulary->merges[later - BPE_BYTES];
        limit = later + !is_left; // the same merge at the border is further left than one behind it
        left = is_left ? parts.right : left;
        right = is_left ? right : parts.left;
    }
    return false;
}

// A bit for each length that a stable token at the start of the text may have. Starts to fetch what
// finding them needs.
static uint64_t possible_lengths(const struct bpe_vocabulary *vocabulary, const uint8_t *text,
                                 size_t length) {
    uint64_t lengths = 0xE;
    if (length >= 4) {
        lengths |= *bpe_lengths(vocabulary, text);
    }
    lengths &= ((uint64_t)2 << length) - 1;
    for (uint64_t left = lengths; left; left &= left - 1) {
        size_t bytes = (size_t)__builtin_ctzll(left);
        token_table_prefetch(&vocabulary->tokens, token_key(text, bytes));
    }
    return lengths;
}

// The id of a stable token that fits behind `before`, or BPE_NONE.
static uint32_t find_fitting(const struct bpe_vocabulary *vocabulary, uint32_t before,
                             const uint8_t *bytes, size_t length) {
    const struct token_slot *slot = token_table_find(&vocabulary->tokens, vocabulary->bytes,
                                                     token_key(bytes, length), bytes, length);
    bool fits = slot->key && bpe_is_stable(vocabulary, slot->id) &&
                (before == BPE_NONE || bpe_border_holds(vocabulary, before, slot->id, BPE_NONE));
    return fits ? slot->id : BPE_NONE;
}

static size_t fit_short(const struct bpe_vocabulary *vocabulary, const uint8_t *piece,
                        size_t length, uint32_t *ids) {
    uint8_t starts[SHORT_MAXIMUM];   // of the ids so far
    uint64_t shorter[SHORT_MAXIMUM]; // lengths that are left to try in their place
    uint64_t open = UINT64_MAX;      // a bit for each place that is not known as a dead end
    size_t count = 0, at = 0;
    uint64_t lengths = possible_lengths(vocabulary, piece, length);
    while (at < length) {
        lengths &= open >> at;
        if (lengths == 0) {
            open &= ~((uint64_t)1 << at);
            assert(count > 0);
            at = starts[--count];
            lengths = shorter[count];
            continue;
        }
        size_t longest = 63 - (size_t)__builtin_clzll(lengths);
        lengths ^= (uint64_t)1 << longest;
        uint32_t id =
            find_fitting(vocabulary, count > 0 ? ids[count - 1] : BPE_NONE, piece + at, longest);
        if (id != BPE_NONE) {
            ids[count] = id;
            starts[count] = (uint8_t)at;
            shorter[count++] = lengths;
            at += longest;
            lengths = possible_lengths(vocabulary, piece + at, length - at);
        }
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
        *count = fit_short(vocabulary, piece, length, ids);
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
