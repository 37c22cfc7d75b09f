#include "lib/text/pretokenize.h"

#include <string.h>

#include "lib/text/unicode.h"

#define O CHARACTER_OTHER
#define L CHARACTER_LETTER
#define N CHARACTER_NUMBER
#define S CHARACTER_SPACE
#define H PRETOKEN_HIGH
const uint8_t PRETOKEN_CLASSES[256] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H,
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H};
#undef O
#undef L
#undef N
#undef S
#undef H

static enum character_class class_at(const uint8_t *text, size_t length, size_t *bytes) {
    if (text[0] < 0x80) {
        *bytes = 1;
        return PRETOKEN_CLASSES[text[0]];
    }
    return character_read(text, length, bytes);
}

// End of the run of characters of one class from `at`; *last is where its last character starts.
static size_t run_end(const uint8_t *text, size_t length, size_t at, enum character_class class,
                      size_t *last) {
    *last = at;
    while (at < length) {
        size_t bytes;
        if (class_at(text + at, length - at, &bytes) != class) {
            break;
        }
        *last = at;
        at += bytes;
    }
    return at;
}

size_t pretoken_contraction(const uint8_t *text, size_t length) {
    if (length >= 3 && (memcmp(text + 1, "re", 2) == 0 || memcmp(text + 1, "ve", 2) == 0 ||
                        memcmp(text + 1, "ll", 2) == 0)) {
        return 3;
    }
    return length >= 2 && memchr("stmd", text[1], 4) ? 2 : 0;
}

// White space before a character that is none leaves that character its last blank: \s+(?!\S).
static size_t space_length(const uint8_t *text, size_t length) {
    size_t last;
    size_t end = run_end(text, length, 0, CHARACTER_SPACE, &last);
    return end == length || last == 0 ? end : last;
}

size_t pretoken_length(const uint8_t *text, size_t length) {
    size_t bytes, last;
    if (text[0] == '\'') {
        size_t contraction = pretoken_contraction(text, length);
        if (contraction > 0) {
            return contraction;
        }
    }
    if (text[0] == ' ' && length > 1) {
        enum character_class class = class_at(text + 1, length - 1, &bytes);
        if (class != CHARACTER_SPACE) {
            return run_end(text, length, 1 + bytes, class, &last);
        }
    }
    enum character_class class = class_at(text, length, &bytes);
    if (class == CHARACTER_SPACE) {
        return space_length(text, length);
    }
    return run_end(text, length, bytes, class, &last);
}

// Whether text[0..at) ends inside an END_OF_TEXT, so far as text[0..length) tells.
static bool inside_special(const uint8_t *text, size_t length, size_t at) {
    for (size_t back = 1; back < END_OF_TEXT_LENGTH && back <= at; back++) {
        size_t seen = length - at + back < END_OF_TEXT_LENGTH ? length - at + back
                                                              : (size_t)END_OF_TEXT_LENGTH;
        if (memcmp(text + at - back, END_OF_TEXT, seen) == 0) {
            return true;
        }
    }
    return false;
}

// Two neighbouring characters of one piece are of one class, or a blank and what follows it, or an
// apostrophe and a letter. Behind white space the lookahead would have to be known: no cut there.
size_t pretoken_safe_cut(const uint8_t *text, size_t length, bool special) {
    if (length == 0) {
        return 0;
    }
    // The last character may go on behind text[length): it is not relied on.
    size_t right = character_before(text, length);
    for (size_t back = 0; back < 3 && right > 0 && text[right] >= 0x80; back++) {
        right = character_before(text, right);
    }
    size_t bytes;
    enum character_class right_class = class_at(text + right, length - right, &bytes);
    while (right > 0) {
        size_t left = character_before(text, right);
        enum character_class left_class = class_at(text + left, right - left, &bytes);
        if (left_class != right_class && left_class != CHARACTER_SPACE &&
            !(text[left] == '\'' && right_class == CHARACTER_LETTER) &&
            !(special && inside_special(text, length, right))) {
            return right;
        }
        right = left;
        right_class = left_class;
    }
    return 0;
}
