#include "lib/text/alphabet.h"

#include <stdbool.h>
#include <string.h>

#include "lib/text/load.h"

static bool is_printable(uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
}

static void fill(struct alphabet *alphabet, uint32_t id, uint32_t byte, uint32_t point) {
    alphabet->byte_of_id[id] = (uint8_t)byte;
    alphabet->spelling[byte] = (uint16_t)point;
    alphabet->bytes_spelled[point] = (uint16_t)(byte + 1);
}

void alphabet_fill(struct alphabet *alphabet) {
    uint32_t id = 0;
    *alphabet = (struct alphabet){0};
    for (uint32_t byte = 0; byte < ALPHABET_BYTES; byte++) {
        if (is_printable(byte)) {
            fill(alphabet, id++, byte, byte);
        }
    }
    for (uint32_t byte = 0, shifted = 0x100; byte < ALPHABET_BYTES; byte++) {
        if (!is_printable(byte)) {
            fill(alphabet, id++, byte, shifted++);
        }
    }
}

// Reads one character of one or two bytes of UTF-8; all that spell bytes are such.
static bool read_character(const struct alphabet *alphabet, const uint8_t **text,
                           const uint8_t *end, uint8_t *byte) {
    const uint8_t *at = *text;
    uint32_t point = *at++;
    if (point >= 0x80) {
        bool two = (point & 0xE0) == 0xC0 && point >= 0xC2 && at < end && (*at & 0xC0) == 0x80;
        point = two ? (point & 0x1F) << 6 | (*at++ & 0x3F) : ALPHABET_END;
    }
    if (point >= ALPHABET_END || alphabet->bytes_spelled[point] == 0) {
        return false;
    }
    *byte = (uint8_t)(alphabet->bytes_spelled[point] - 1);
    *text = at;
    return true;
}

size_t alphabet_read(const struct alphabet *alphabet, const uint8_t **text, const uint8_t *end,
                     uint8_t *bytes) {
    uint8_t *out = bytes;
    while (*text < end) {
        // Most spell themselves.
        if (end - *text >= ALPHABET_WRITTEN_AHEAD) {
            uint64_t others = ~mark_within(load_eight(*text), '!', '~') & 0x8080808080808080u;
            size_t plain = others ? (size_t)__builtin_ctzll(others) / 8 : 8;
            memcpy(out, *text, ALPHABET_WRITTEN_AHEAD);
            out += plain;
            *text += plain;
            if (!others) {
                continue;
            }
        }
        if (!read_character(alphabet, text, end, out)) {
            break;
        }
        out++;
    }
    return (size_t)(out - bytes);
}
