#include "lib/text/bert_characters.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/text/bert_characters_table.h"
#include "lib/text/unicode.h"

// Bisects a table whose rows begin with the first code point that they are for, in ascending
// order: the last row at or before the point, or the first one.
static size_t find_row(const void *rows, size_t count, size_t width, uint32_t point) {
    size_t below = 0, above = count;
    while (above - below > 1) {
        size_t middle = (below + above) / 2;
        uint32_t first;
        memcpy(&first, (const uint8_t *)rows + middle * width, sizeof first);
        *(first <= point ? &below : &above) = middle;
    }
    return below;
}
#define FIND_ROW(table, point) find_row((table), ARRAY_LENGTH(table), sizeof(table)[0], (point))

struct bert_character bert_character_find(uint32_t point) {
    if (point == CHARACTER_INVALID) {
        return (struct bert_character){.class = BERT_DROPPED};
    }
    size_t at = FIND_ROW(CLASSES, point);
    if (point > CLASSES[at].last) {
        return (struct bert_character){.class = BERT_OTHER};
    }
    return (struct bert_character){CLASSES[at].class, CLASSES[at].combining};
}

enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_LAST = 0xD7A3,
    HANGUL_LEADS = 0x1100,
    HANGUL_VOWELS = 0x1161,
    HANGUL_TAILS = 0x11A7, // the first of which is none
    HANGUL_VOWEL_COUNT = 21,
    HANGUL_TAIL_COUNT = 28,
};

static size_t fold_hangul(uint32_t point, uint32_t folded[static BERT_FOLDED]) {
    uint32_t syllable = point - HANGUL_FIRST, tail = syllable % HANGUL_TAIL_COUNT;
    folded[0] = HANGUL_LEADS + syllable / (HANGUL_VOWEL_COUNT * HANGUL_TAIL_COUNT);
    folded[1] = HANGUL_VOWELS + syllable / HANGUL_TAIL_COUNT % HANGUL_VOWEL_COUNT;
    folded[2] = HANGUL_TAILS + tail;
    return tail > 0 ? 3 : 2;
}

// One of the ideographs that stand for another one; 0 in the list: for itself.
static uint32_t fold_ideograph(uint32_t point, const uint32_t *list, size_t at) {
    return list[at] ? list[at] : point;
}

static uint32_t fold_one(uint32_t point) {
    if (point - IDEOGRAPHS_FIRST < ARRAY_LENGTH(IDEOGRAPHS)) {
        return fold_ideograph(point, IDEOGRAPHS, point - IDEOGRAPHS_FIRST);
    }
    if (point - MORE_IDEOGRAPHS_FIRST < ARRAY_LENGTH(MORE_IDEOGRAPHS)) {
        return fold_ideograph(point, MORE_IDEOGRAPHS, point - MORE_IDEOGRAPHS_FIRST);
    }
    size_t at = FIND_ROW(FOLDS, point);
    uint32_t from = point - FOLDS[at].first, step = FOLDS[at].step;
    if (point < FOLDS[at].first || point > FOLDS[at].last || from % step != 0) {
        return point;
    }
    return FOLDS[at].target + from / step * FOLDS[at].target_step;
}

size_t bert_character_fold(uint32_t point, uint32_t folded[static BERT_FOLDED]) {
    if (point >= HANGUL_FIRST && point <= HANGUL_LAST) {
        return fold_hangul(point, folded);
    }
    size_t at = FIND_ROW(SEQUENCES, point), count = 1;
    if (SEQUENCES[at].first != point) {
        folded[0] = fold_one(point);
        return count;
    }
    memcpy(folded, SEQUENCES[at].targets, sizeof SEQUENCES[at].targets);
    while (count < BERT_FOLDED && folded[count]) {
        count++;
    }
    return count;
}
