#include "lib/text/word_count.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/program.h"
#include "lib/text/pretokenize.h"

enum { TABLE_START = 1 << 16 };

static enum status grow(struct word_counts *counts, struct error *error) {
    size_t slots = counts->table ? 2 * (counts->mask + 1) : TABLE_START;
    uint32_t *table = NULL;
    enum status status =
        memory_allocate((void **)&table, slots, sizeof *table, "counts of words", error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t capacity = slots / 2;
    struct counted_word *words = realloc(counts->words, capacity * sizeof *words);
    if (!words || slots > UINT32_MAX) {
        free(table);
        counts->words = words ? words : counts->words;
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for %zu words", capacity);
    }
    for (size_t i = 0; i < counts->count; i++) {
        size_t at = words[i].hash & (slots - 1);
        while (table[at]) {
            at = (at + 1) & (slots - 1);
        }
        table[at] = (uint32_t)(i + 1);
    }
    free(counts->table);
    counts->table = table;
    counts->mask = slots - 1;
    counts->words = words;
    counts->capacity = capacity;
    return STATUS_OK;
}

static enum status count_word(struct word_counts *counts, const uint8_t *bytes, size_t length,
                              struct error *error) {
    uint32_t hash = (uint32_t)XXH3_64bits(bytes, length);
    size_t at = hash & counts->mask;
    for (; counts->table[at]; at = (at + 1) & counts->mask) {
        struct counted_word *word = &counts->words[counts->table[at] - 1];
        if (word->hash == hash && word->length == length &&
            memcmp(counts->bytes.data + word->offset, bytes, length) == 0) {
            word->count++;
            return STATUS_OK;
        }
    }
    if (length > UINT32_MAX) {
        return error_set(error, STATUS_FAILURE, "cannot count a word of %zu bytes", length);
    }
    counts->words[counts->count] = (struct counted_word){
        .offset = counts->bytes.length, .length = (uint32_t)length, .hash = hash, .count = 1};
    counts->table[at] = (uint32_t)++counts->count;
    enum status status = buffer_append(&counts->bytes, bytes, length, error);
    return status == STATUS_OK && counts->count == counts->capacity ? grow(counts, error) : status;
}

static enum status count_part(struct word_counts *counts, const struct buffer *text,
                              struct error *error) {
    enum status status = STATUS_OK;
    for (size_t at = 0; status == STATUS_OK && at < text->length;) {
        size_t length = pretoken_length(text->data + at, text->length - at);
        status = count_word(counts, text->data + at, length, error);
        at += length;
    }
    return status;
}

enum status word_counts_read(struct word_counts *counts, struct text_source *source,
                             struct error *error) {
    struct text_part part = {0};
    *counts = (struct word_counts){0};
    enum status status = grow(counts, error);
    while (status == STATUS_OK) {
        status = text_source_read(source, &part, error);
        if (status == STATUS_OK) {
            status = interrupt_check(error);
        }
        if (status != STATUS_OK || part.text.length == 0) {
            break;
        }
        status = count_part(counts, &part.text, error);
    }
    buffer_free(&part.text);
    return status;
}

void word_counts_free(struct word_counts *counts) {
    free(counts->words);
    free(counts->table);
    buffer_free(&counts->bytes);
    *counts = (struct word_counts){0};
}
