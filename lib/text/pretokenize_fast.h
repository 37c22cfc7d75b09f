// The pre-tokeniser's quick way for what most text is made of: ASCII words, and single ASCII marks
// and digits. Everything else goes to pretoken_length().
#ifndef DLT_TEXT_PRETOKENIZE_FAST_H
#define DLT_TEXT_PRETOKENIZE_FAST_H

#include "lib/text/piece_cache.h"
#include "lib/text/pretokenize.h"
#include "lib/text/unicode.h"

enum { PRETOKEN_READABLE = 24 }; // bytes of the text that must be left

// Marks the bytes that are not ASCII letters in their highest bits.
static inline uint64_t mark_others(uint64_t word) {
    const uint64_t ones = 0x0101010101010101u, low = 0x7F * ones;
    uint64_t lower = (word | 0x20 * ones) & low;
    uint64_t from_a = lower + (0x80 - 'a') * ones;
    uint64_t behind_z = lower + (0x80 - 'z' - 1) * ones;
    return ~(from_a & ~behind_z & ~word) & ~low;
}

// Letters at the start of the text, 16 if there are more.
static inline size_t count_letters(const uint8_t *text) {
    uint64_t others = mark_others(load_little_endian(text));
    if (others) {
        return (size_t)__builtin_ctzll(others) / 8;
    }
    others = mark_others(load_little_endian(text + 8));
    return others ? 8 + (size_t)__builtin_ctzll(others) / 8 : 16;
}

// As pretoken_length(), for length >= PRETOKEN_READABLE.
static inline size_t pretoken_length_fast(const uint8_t *text, size_t length) {
    size_t blank = text[0] == ' ';
    size_t letters = count_letters(text + blank);
    uint8_t next = text[blank + letters];
    if (letters > 0) {
        return letters < 16 && next < 0x80 ? blank + letters : pretoken_length(text, length);
    }
    uint8_t class = PRETOKEN_CLASSES[next];
    uint8_t behind = PRETOKEN_CLASSES[text[blank + 1]];
    bool mark = class == CHARACTER_OTHER || class == CHARACTER_NUMBER;
    bool alone = behind != class && behind != PRETOKEN_HIGH && text[0] != '\'';
    return mark && alone ? blank + 1 : pretoken_length(text, length);
}

#endif
