#include "lib/text/train.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/program.h"
#include "lib/text/alphabet.h"
#include "lib/text/unicode.h"
#include "lib/text/word_count.h"

// A pair of ids that are neighbours somewhere.
struct trained_pair {
    uint32_t left, right;
    int64_t count;  // occurrences, now
    uint32_t words; // + 1: the latest of its list of occurrences; 0: none
    bool raised;    // count went up in the merge being done
};

// A word that holds, or held, a pair.
struct occurrence {
    uint32_t word;
    uint32_t next; // + 1
};

struct candidate {
    int64_t count; // when it came into the heap; it may be lower by now
    uint32_t left, right, pair;
};

struct trained_word {
    size_t start; // of its ids in trainer.ids
    uint32_t length;
    int64_t count;
};

// Arrays that grow; each `..._count` elements of `..._capacity`.
struct trainer {
    uint32_t *ids;
    struct trained_word *words;
    size_t word_count;
    struct trained_pair *pairs;
    size_t pair_count, pair_capacity;
    uint32_t *table; // open hash table: index of the pair + 1; 0 is free
    size_t mask;
    struct occurrence *occurrences;
    size_t occurrence_count, occurrence_capacity;
    struct candidate *heap;
    size_t heap_count, heap_capacity;
    uint32_t *raised; // pairs
    size_t raised_count, raised_capacity;
    struct bpe_pair *merges; // (size) what an id is made of
    size_t *offsets;         // (size + 1) of an id's bytes in `bytes`
    struct buffer bytes;
    uint32_t count; // ids so far
};

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

// ---- The heap: the candidate to merge next on top ----------------------------------------------

static bool goes_before(const struct candidate *a, const struct candidate *b) {
    if (a->count != b->count) {
        return a->count > b->count;
    }
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static enum status heap_push(struct trainer *trainer, uint32_t pair, struct error *error) {
    enum status status = grow((void **)&trainer->heap, trainer->heap_count, &trainer->heap_capacity,
                              sizeof *trainer->heap, error);
    if (status != STATUS_OK) {
        return status;
    }
    const struct trained_pair *p = &trainer->pairs[pair];
    struct candidate new = {.count = p->count, .left = p->left, .right = p->right, .pair = pair};
    size_t at = trainer->heap_count++;
    while (at > 0 && goes_before(&new, &trainer->heap[(at - 1) / 2])) {
        trainer->heap[at] = trainer->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    trainer->heap[at] = new;
    return STATUS_OK;
}

// Puts `moved` where the top was.
static void heap_sift(struct trainer *trainer, struct candidate moved) {
    size_t at = 0;
    for (size_t child = 1; child < trainer->heap_count; child = 2 * at + 1) {
        child += child + 1 < trainer->heap_count &&
                 goes_before(&trainer->heap[child + 1], &trainer->heap[child]);
        if (!goes_before(&trainer->heap[child], &moved)) {
            break;
        }
        trainer->heap[at] = trainer->heap[child];
        at = child;
    }
    if (trainer->heap_count > 0) {
        trainer->heap[at] = moved;
    }
}

// Takes the best candidate off the heap, with counts brought up to date; false where none is left.
static bool heap_pop(struct trainer *trainer, struct candidate *best) {
    while (trainer->heap_count > 0) {
        struct candidate top = trainer->heap[0];
        int64_t count = trainer->pairs[top.pair].count;
        if (top.count == count && count > 0) {
            *best = top;
            trainer->heap_count--;
            heap_sift(trainer, trainer->heap[trainer->heap_count]);
            return true;
        }
        if (count > 0) {
            top.count = count;
            heap_sift(trainer, top);
        } else {
            trainer->heap_count--;
            heap_sift(trainer, trainer->heap[trainer->heap_count]);
        }
    }
    return false;
}

// ---- Pairs -------------------------------------------------------------------------------------

static size_t pair_place(const struct trainer *trainer, uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 32 | right;
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15u) >> 24) & trainer->mask;
    while (trainer->table[at]) {
        const struct trained_pair *pair = &trainer->pairs[trainer->table[at] - 1];
        if (pair->left == left && pair->right == right) {
            break;
        }
        at = (at + 1) & trainer->mask;
    }
    return at;
}

static enum status table_grow(struct trainer *trainer, struct error *error) {
    size_t slots = trainer->table ? 2 * (trainer->mask + 1) : 1 << 16;
    uint32_t *table = NULL;
    enum status status = memory_allocate((void **)&table, slots, sizeof *table, "pairs", error);
    if (status != STATUS_OK) {
        return status;
    }
    free(trainer->table);
    trainer->table = table;
    trainer->mask = slots - 1;
    for (size_t i = 0; i < trainer->pair_count; i++) {
        const struct trained_pair *pair = &trainer->pairs[i];
        table[pair_place(trainer, pair->left, pair->right)] = (uint32_t)(i + 1);
    }
    return STATUS_OK;
}

static enum status pair_add(struct trainer *trainer, uint32_t left, uint32_t right, uint32_t *index,
                            struct error *error) {
    enum status status = grow((void **)&trainer->pairs, trainer->pair_count,
                              &trainer->pair_capacity, sizeof *trainer->pairs, error);
    if (status == STATUS_OK && 2 * trainer->pair_count >= trainer->mask) {
        status = table_grow(trainer, error);
    }
    if (status == STATUS_OK) {
        trainer->pairs[trainer->pair_count] = (struct trained_pair){.left = left, .right = right};
        *index = (uint32_t)trainer->pair_count++;
        trainer->table[pair_place(trainer, left, right)] = *index + 1;
    }
    return status;
}

// `word` has the pair once more.
static enum status pair_raise(struct trainer *trainer, uint32_t left, uint32_t right, uint32_t word,
                              struct error *error) {
    uint32_t index = trainer->table[pair_place(trainer, left, right)] - 1;
    enum status status = STATUS_OK;
    if (index == BPE_NONE) {
        status = pair_add(trainer, left, right, &index, error);
    }
    if (status == STATUS_OK) {
        status = grow((void **)&trainer->occurrences, trainer->occurrence_count,
                      &trainer->occurrence_capacity, sizeof *trainer->occurrences, error);
    }
    if (status == STATUS_OK) {
        status = grow((void **)&trainer->raised, trainer->raised_count, &trainer->raised_capacity,
                      sizeof *trainer->raised, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct trained_pair *pair = &trainer->pairs[index];
    pair->count += trainer->words[word].count;
    if (pair->words == 0 || trainer->occurrences[pair->words - 1].word != word) {
        trainer->occurrences[trainer->occurrence_count] = (struct occurrence){word, pair->words};
        pair->words = (uint32_t)++trainer->occurrence_count;
    }
    if (!pair->raised) {
        pair->raised = true;
        trainer->raised[trainer->raised_count++] = index;
    }
    return STATUS_OK;
}

// `word` has the pair, which is known, once less.
static void pair_lower(struct trainer *trainer, uint32_t left, uint32_t right, uint32_t word) {
    uint32_t index = trainer->table[pair_place(trainer, left, right)] - 1;
    trainer->pairs[index].count -= trainer->words[word].count;
}

static enum status push_raised(struct trainer *trainer, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < trainer->raised_count; i++) {
        trainer->pairs[trainer->raised[i]].raised = false;
        status = heap_push(trainer, trainer->raised[i], error);
    }
    trainer->raised_count = 0;
    return status;
}

// ---- Training ----------------------------------------------------------------------------------

static enum status allocate(struct trainer *trainer, const struct word_counts *counts,
                            uint32_t size, const struct alphabet *alphabet, struct error *error) {
    enum status status = memory_allocate((void **)&trainer->ids, counts->bytes.length,
                                         sizeof *trainer->ids, "words to train on", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&trainer->words, counts->count, sizeof *trainer->words,
                                 "words to train on", error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&trainer->merges, size, sizeof *trainer->merges,
                                 "the vocabulary", error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&trainer->offsets, (size_t)size + 1,
                                 sizeof *trainer->offsets, "the vocabulary", error);
    }
    if (status == STATUS_OK) {
        status = table_grow(trainer, error);
    }
    if (status == STATUS_OK) {
        status = buffer_append(&trainer->bytes, alphabet->byte_of_id, BPE_BYTES, error);
    }
    return status;
}

static void start_words(struct trainer *trainer, const struct word_counts *counts,
                        const struct alphabet *alphabet) {
    uint32_t id_of_byte[BPE_BYTES];
    for (uint32_t id = 0; id < BPE_BYTES; id++) {
        id_of_byte[alphabet->byte_of_id[id]] = id;
        trainer->offsets[id + 1] = id + 1;
    }
    trainer->count = BPE_BYTES;
    for (size_t i = 0; i < counts->bytes.length; i++) {
        trainer->ids[i] = id_of_byte[counts->bytes.data[i]];
    }
    for (size_t i = 0; i < counts->count; i++) {
        const struct counted_word *word = &counts->words[i];
        trainer->words[i] = (struct trained_word){
            .start = word->offset, .length = word->length, .count = (int64_t)word->count};
    }
    trainer->word_count = counts->count;
}

static enum status count_pairs(struct trainer *trainer, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t w = 0; status == STATUS_OK && w < trainer->word_count; w++) {
        const uint32_t *ids = trainer->ids + trainer->words[w].start;
        for (size_t i = 1; status == STATUS_OK && i < trainer->words[w].length; i++) {
            status = pair_raise(trainer, ids[i - 1], ids[i], (uint32_t)w, error);
        }
        status = status == STATUS_OK ? interrupt_check(error) : status;
    }
    return status == STATUS_OK ? push_raised(trainer, error) : status;
}

// Merges left and right into `new` from the left, and keeps the counts of all other pairs right.
static enum status merge_in_word(struct trainer *trainer, uint32_t w, uint32_t left, uint32_t right,
                                 uint32_t new, struct error *error) {
    struct trained_word *word = &trainer->words[w];
    uint32_t *ids = trainer->ids + word->start;
    uint32_t length = word->length, out = 0;
    enum status status = STATUS_OK;
    for (uint32_t in = 0; status == STATUS_OK && in < length;) {
        if (in + 1 == length || ids[in] != left || ids[in + 1] != right) {
            ids[out++] = ids[in++];
            continue;
        }
        if (out > 0) {
            pair_lower(trainer, ids[out - 1], left, w);
            status = pair_raise(trainer, ids[out - 1], new, w, error);
        }
        if (in + 2 < length && status == STATUS_OK) {
            pair_lower(trainer, right, ids[in + 2], w);
            status = pair_raise(trainer, new, ids[in + 2], w, error);
        }
        ids[out++] = new;
        in += 2;
    }
    word->length = out;
    return status;
}

static size_t token_length(const struct trainer *trainer, uint32_t id) {
    return trainer->offsets[id + 1] - trainer->offsets[id];
}

// Appends an id's bytes, for which there is room.
static void append_token(struct trainer *trainer, uint32_t id) {
    size_t length = token_length(trainer, id);
    memcpy(trainer->bytes.data + trainer->bytes.length, trainer->bytes.data + trainer->offsets[id],
           length);
    trainer->bytes.length += length;
}

static enum status merge_pair(struct trainer *trainer, const struct candidate *best,
                              struct error *error) {
    uint32_t new = trainer->count++;
    trainer->merges[new] = (struct bpe_pair){best->left, best->right};
    enum status status = buffer_reserve(
        &trainer->bytes, token_length(trainer, best->left) + token_length(trainer, best->right),
        error);
    if (status == STATUS_OK) {
        append_token(trainer, best->left);
        append_token(trainer, best->right);
        trainer->offsets[new + 1] = trainer->bytes.length;
    }
    uint32_t at = trainer->pairs[best->pair].words;
    while (status == STATUS_OK && at > 0) {
        struct occurrence occurrence = trainer->occurrences[at - 1];
        status = merge_in_word(trainer, occurrence.word, best->left, best->right, new, error);
        at = occurrence.next;
    }
    return status == STATUS_OK ? push_raised(trainer, error) : status;
}

// How many words begin, and how many lines end, inside what two ids stand for.
static void count_inside(const struct trainer *trainer, uint32_t left, uint32_t right,
                         size_t *words, size_t *newlines) {
    const uint32_t ids[] = {left, right};
    bool behind_space = false;
    *words = *newlines = 0;
    for (size_t k = 0; k < ARRAY_LENGTH(ids); k++) {
        for (size_t i = trainer->offsets[ids[k]]; i < trainer->offsets[ids[k] + 1]; i++) {
            bool space = byte_is_space(trainer->bytes.data[i]);
            *words += behind_space && !space;
            *newlines += trainer->bytes.data[i] == '\n';
            behind_space = space;
        }
    }
}

// No longer than tokens may be, and no more in it than a file of tokens can tell (text_model_describe).
static bool can_be_token(const struct trainer *trainer, uint32_t left, uint32_t right) {
    size_t length = token_length(trainer, left) + token_length(trainer, right), words, newlines;
    if (length <= UINT8_MAX || length > BPE_TOKEN_MAXIMUM) {
        return length <= BPE_TOKEN_MAXIMUM;
    }
    count_inside(trainer, left, right, &words, &newlines);
    return words <= UINT8_MAX && newlines <= UINT8_MAX;
}

static enum status train(struct trainer *trainer, uint32_t size, struct error *error) {
    struct candidate best;
    enum status status = count_pairs(trainer, error);
    while (status == STATUS_OK && trainer->count + 1 < size && heap_pop(trainer, &best)) {
        if (can_be_token(trainer, best.left, best.right)) {
            status = merge_pair(trainer, &best, error);
        }
        status = status == STATUS_OK ? interrupt_check(error) : status;
    }
    return status;
}

static void trainer_free(struct trainer *trainer) {
    free(trainer->ids);
    free(trainer->words);
    free(trainer->pairs);
    free(trainer->table);
    free(trainer->occurrences);
    free(trainer->heap);
    free(trainer->raised);
    free(trainer->merges);
    free(trainer->offsets);
    buffer_free(&trainer->bytes);
}

// ---- Writing -----------------------------------------------------------------------------------

static enum status spell(const struct trainer *trainer, const struct alphabet *alphabet,
                         uint32_t id, struct buffer *text, struct error *error) {
    size_t length = token_length(trainer, id);
    const uint8_t *bytes = trainer->bytes.data + trainer->offsets[id];
    enum status status = buffer_reserve(text, 2 * length + 1, error);
    for (size_t i = 0; status == STATUS_OK && i < length; i++) {
        uint16_t point = alphabet->spelling[bytes[i]];
        if (point >= 0x80) {
            text->data[text->length++] = (uint8_t)(0xC0 | point >> 6);
        }
        text->data[text->length++] = (uint8_t)(point >= 0x80 ? 0x80 | (point & 0x3F) : point);
    }
    return status;
}

static enum status write_vocabulary(const struct trainer *trainer, const struct alphabet *alphabet,
                                    struct buffer *text, struct error *error) {
    static const char VERSION[] = "#version: 0.2\n";
    enum status status = buffer_append(text, VERSION, sizeof VERSION - 1, error);
    for (uint32_t id = BPE_BYTES; status == STATUS_OK && id < trainer->count; id++) {
        status = spell(trainer, alphabet, trainer->merges[id].left, text, error);
        if (status == STATUS_OK) {
            text->data[text->length++] = ' ';
            status = spell(trainer, alphabet, trainer->merges[id].right, text, error);
        }
        if (status == STATUS_OK) {
            text->data[text->length++] = '\n';
        }
    }
    return status;
}

enum status bpe_train(struct text_source *source, uint32_t size, struct buffer *text,
                      uint32_t *reached, struct error *error) {
    struct word_counts counts;
    struct trainer trainer = {0};
    struct alphabet alphabet;
    alphabet_fill(&alphabet);
    enum status status = word_counts_read(&counts, source, error);
    if (status == STATUS_OK) {
        status = allocate(&trainer, &counts, size, &alphabet, error);
    }
    if (status == STATUS_OK) {
        start_words(&trainer, &counts, &alphabet);
    }
    word_counts_free(&counts);
    if (status == STATUS_OK) {
        status = train(&trainer, size, error);
    }
    if (status == STATUS_OK) {
        status = write_vocabulary(&trainer, &alphabet, text, error);
        *reached = trainer.count + 1;
    }
    trainer_free(&trainer);
    return status;
}
