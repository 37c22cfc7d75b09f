#include "lib/text/unicode.h"

#include <utf8proc.h>

#include "lib/base/memory.h"

static bool is_continuation(uint8_t byte) {
    return (byte & 0xC0) == 0x80;
}

size_t character_decode(const uint8_t *text, size_t length, uint32_t *point) {
    uint8_t lead = text[0];
    if (lead < 0x80) {
        *point = lead;
        return 1;
    }
    size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    *point = CHARACTER_INVALID;
    if (lead < 0xC2 || lead > 0xF4 || length < bytes) {
        return 1;
    }
    uint32_t value = lead & (0xFFu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if (!is_continuation(text[i])) {
            return 1;
        }
        value = value << 6 | (text[i] & 0x3F);
    }
    static const uint32_t LEAST[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < LEAST[bytes] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        return 1;
    }
    *point = value;
    return bytes;
}

size_t character_encode(uint32_t point, uint8_t bytes[static 4]) {
    if (point < 0x80) {
        bytes[0] = (uint8_t)point;
        return 1;
    }
    size_t count = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--, point >>= 6) {
        bytes[i] = (uint8_t)(0x80 | (point & 0x3F));
    }
    bytes[0] = (uint8_t)((0xF00u >> count & 0xF0) | point);
    return count;
}

size_t character_before(const uint8_t *text, size_t end) {
    // A valid character that ends here starts at the nearest byte that is no continuation.
    for (size_t back = 1; back <= 4 && back <= end; back++) {
        if (!is_continuation(text[end - back])) {
            uint32_t point;
            return character_decode(text + end - back, back, &point) == back ? end - back : end - 1;
        }
    }
    return end - 1;
}

// Letters and numbers of Unicode 15.1 and 16.0, so that the ids do not depend on the Unicode
// version of the utf8proc at hand (2.8 knows 15.0): whatever it calls unassigned is looked up here.
static const struct {
    uint32_t first, last;
    enum character_class class;
} LATER[] = {
    {0x01C89, 0x01C8A, CHARACTER_LETTER}, {0x0A7CB, 0x0A7CD, CHARACTER_LETTER},
    {0x0A7DA, 0x0A7DC, CHARACTER_LETTER}, {0x105C0, 0x105F3, CHARACTER_LETTER},
    {0x10D40, 0x10D49, CHARACTER_NUMBER}, {0x10D4A, 0x10D65, CHARACTER_LETTER},
    {0x10D6F, 0x10D85, CHARACTER_LETTER}, {0x10EC2, 0x10EC4, CHARACTER_LETTER},
    {0x11380, 0x11389, CHARACTER_LETTER}, {0x1138B, 0x1138B, CHARACTER_LETTER},
    {0x1138E, 0x1138E, CHARACTER_LETTER}, {0x11390, 0x113B5, CHARACTER_LETTER},
    {0x113B7, 0x113B7, CHARACTER_LETTER}, {0x113D1, 0x113D1, CHARACTER_LETTER},
    {0x113D3, 0x113D3, CHARACTER_LETTER}, {0x116D0, 0x116E3, CHARACTER_NUMBER},
    {0x11BC0, 0x11BE0, CHARACTER_LETTER}, {0x11BF0, 0x11BF9, CHARACTER_NUMBER},
    {0x13460, 0x143FA, CHARACTER_LETTER}, {0x16100, 0x1611D, CHARACTER_LETTER},
    {0x16130, 0x16139, CHARACTER_NUMBER}, {0x16D40, 0x16D6C, CHARACTER_LETTER},
    {0x16D70, 0x16D79, CHARACTER_NUMBER}, {0x18CFF, 0x18CFF, CHARACTER_LETTER},
    {0x1CCF0, 0x1CCF9, CHARACTER_NUMBER}, {0x1E5D0, 0x1E5ED, CHARACTER_LETTER},
    {0x1E5F0, 0x1E5F0, CHARACTER_LETTER}, {0x1E5F1, 0x1E5FA, CHARACTER_NUMBER},
    {0x2EBF0, 0x2EE5D, CHARACTER_LETTER},
};

static enum character_class classify_unassigned(uint32_t point) {
    for (size_t i = 0; i < ARRAY_LENGTH(LATER); i++) {
        if (point <= LATER[i].last) {
            return point >= LATER[i].first ? LATER[i].class : CHARACTER_OTHER;
        }
    }
    return CHARACTER_OTHER;
}

// White_Space among the separators (Z*) and controls: all but U+200B, which is Cf anyway.
static bool is_control_space(uint32_t point) {
    return (point >= '\t' && point <= '\r') || point == 0x85;
}

enum character_class character_classify(uint32_t point) {
    if (point == CHARACTER_INVALID) {
        return CHARACTER_OTHER;
    }
    switch (utf8proc_category((utf8proc_int32_t)point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return CHARACTER_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return CHARACTER_NUMBER;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return CHARACTER_SPACE;
    case UTF8PROC_CATEGORY_CC:
        return is_control_space(point) ? CHARACTER_SPACE : CHARACTER_OTHER;
    case UTF8PROC_CATEGORY_CN:
        return classify_unassigned(point);
    default:
        return CHARACTER_OTHER;
    }
}

enum character_class character_read(const uint8_t *text, size_t length, size_t *bytes) {
    uint32_t point;
    *bytes = character_decode(text, length, &point);
    return character_classify(point);
}
