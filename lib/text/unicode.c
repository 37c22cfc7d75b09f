#include "lib/text/unicode.h"

#include "lib/base/memory.h"
#include "lib/text/unicode_table.h"

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

// The table's, and no library's that happens to be installed: a later Unicode has more letters, and
// token ids would be others.
enum character_class character_classify(uint32_t point) {
    size_t page = point / PAGE_POINTS, at = point % PAGE_POINTS;
    if (page >= ARRAY_LENGTH(PAGES)) { // CHARACTER_INVALID, too
        return CHARACTER_OTHER;
    }
    uint32_t word = CLASSES[(PAGES[page] * PAGE_POINTS + at) / WORD_POINTS];
    return word >> 2 * (at % WORD_POINTS) & 3;
}

enum character_class character_read(const uint8_t *text, size_t length, size_t *bytes) {
    uint32_t point;
    *bytes = character_decode(text, length, &point);
    return character_classify(point);
}
