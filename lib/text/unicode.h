// Characters of UTF-8 text, and the three classes that GPT-2's pre-tokeniser tells apart: those of
// Unicode 16, as tiktoken 0.14 has them, whatever version the installed libraries know.
#ifndef DLT_TEXT_UNICODE_H
#define DLT_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum character_class {
    CHARACTER_OTHER,  // anything else, and every byte that is not part of valid UTF-8
    CHARACTER_LETTER, // general category L*
    CHARACTER_NUMBER, // general category N*
    CHARACTER_SPACE,  // property White_Space
};

// The code point that stands for a byte which is not part of valid UTF-8.
#define CHARACTER_INVALID UINT32_MAX

// Decodes the character at text[0], length > 0; returns its bytes, 1 to 4. Overlong forms,
// surrogates, values above U+10FFFF and sequences cut short are invalid, a byte at a time.
size_t character_decode(const uint8_t *text, size_t length, uint32_t *point);
// The other way: writes the 1 to 4 bytes of a valid code point, and returns how many.
size_t character_encode(uint32_t point, uint8_t bytes[static 4]);
// The start of the character that ends at text[end - 1], end > 0: what character_decode() would
// have found coming from the left.
size_t character_before(const uint8_t *text, size_t end);

// Also of CHARACTER_INVALID.
enum character_class character_classify(uint32_t point);

// Class of the character at text[0] and its bytes.
enum character_class character_read(const uint8_t *text, size_t length, size_t *bytes);

// White space among the bytes: what separates words where words are counted.
static inline bool byte_is_space(uint8_t byte) {
    return (byte == ' ') | ((uint8_t)(byte - '\t') <= '\r' - '\t'); // no branch: it vectorises
}

#endif
