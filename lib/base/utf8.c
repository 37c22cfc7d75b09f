#include "lib/base/utf8.h"

#include <stdint.h>
#include <string.h>

// Unicode 15, table 3-7.
size_t utf8_length(const char *bytes, size_t left) {
    const unsigned char *s = (const unsigned char *)bytes;
    if (s[0] < 0x80) {
        return 1;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < length) {
        return 0;
    }
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

static uint32_t decode(const unsigned char *s, size_t length) {
    uint32_t point = length == 1 ? s[0] : s[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        point = point << 6 | (s[i] & 0x3f);
    }
    return point;
}

// What a terminal obeys instead of showing it.
static bool is_control(uint32_t point) {
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

size_t utf8_count_strays(const char *text, size_t length) {
    size_t strays = 0;
    for (size_t at = 0, step; at < length; at += step) {
        step = utf8_length(text + at, length - at);
        strays += step == 0;
        step = step > 0 ? step : 1;
    }
    return strays;
}

size_t utf8_character(const char *bytes, size_t length, bool *printable) {
    const unsigned char *s = (const unsigned char *)bytes;
    size_t valid = utf8_length(bytes, length);
    uint32_t point = decode(s, valid > 0 ? valid : 1);
    *printable = valid > 0 && !is_control(point) && point != 0xfffe && point != 0xffff;
    return valid > 0 ? valid : 1;
}

void utf8_make_printable(char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        bool printable;
        size_t length = utf8_character(text, left, &printable);
        if (!printable) {
            memset(text, '?', length);
        }
        text += length;
        left -= length;
    }
}
