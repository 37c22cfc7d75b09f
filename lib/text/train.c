#include "lib/text/train.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/program.h"
#include "lib/text/alphabet.h"
#include "lib/text/pair_counts.h"
#include "lib/text/unicode.h"
#include "lib/text/word_count.h"

struct trained_word {
    size_t start; // of its ids in trainer.ids
    uint32_t length;
    int64_t count;
};

struct trainer {
    uint32_t *ids;
    struct trained_word *words;
    size_t word_count;
    struct pair_counts pairs;
    struct bpe_pair *merges; // (size) what an id is made of
    size_t *offsets;         // (size + 1) of an id's bytes in `bytes`
    struct buffer bytes;
    uint32_t count; // ids so far
};

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
        status = pair_counts_create(&trainer->pairs, error);
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
            status = pair_counts_raise(&trainer->pairs, ids[i - 1], ids[i], (uint32_t)w,
                                       trainer->words[w].count, error);
        }
        status = status == STATUS_OK ? interrupt_check(error) : status;
    }
    return status == STATUS_OK ? pair_counts_settle(&trainer->pairs, error) : status;
}

// Merges left and right into `new` from the left, and keeps the counts of all other pairs right.
static enum status merge_in_word(struct trainer *trainer, uint32_t w, uint32_t left, uint32_t right,
                                 uint32_t new, struct error *error) {
    struct trained_word *word = &trainer->words[w];
    struct pair_counts *pairs = &trainer->pairs;
    uint32_t *ids = trainer->ids + word->start;
    uint32_t length = word->length, out = 0;
    enum status status = STATUS_OK;
    for (uint32_t in = 0; status == STATUS_OK && in < length;) {
        if (in + 1 == length || ids[in] != left || ids[in + 1] != right) {
            ids[out++] = ids[in++];
            continue;
        }
        if (out > 0) {
            pair_counts_lower(pairs, ids[out - 1], left, word->count);
            status = pair_counts_raise(pairs, ids[out - 1], new, w, word->count, error);
        }
        if (in + 2 < length && status == STATUS_OK) {
            pair_counts_lower(pairs, right, ids[in + 2], word->count);
            status = pair_counts_raise(pairs, new, ids[in + 2], w, word->count, error);
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

static enum status merge_pair(struct trainer *trainer, const struct frequent_pair *best,
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
    uint32_t at = best->words;
    while (status == STATUS_OK && at > 0) {
        struct pair_occurrence occurrence = trainer->pairs.occurrences[at - 1];
        status = merge_in_word(trainer, occurrence.word, best->left, best->right, new, error);
        at = occurrence.next;
    }
    return status == STATUS_OK ? pair_counts_settle(&trainer->pairs, error) : status;
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
    struct frequent_pair best;
    enum status status = count_pairs(trainer, error);
    while (status == STATUS_OK && trainer->count + 1 < size &&
           pair_counts_take(&trainer->pairs, &best)) {
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
    pair_counts_free(&trainer->pairs);
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
