// How GPT-2's merges file spells bytes: each as one printable character.
#ifndef DLT_TEXT_ALPHABET_H
#define DLT_TEXT_ALPHABET_H

#include <stddef.h>
#include <stdint.h>

enum {
    ALPHABET_BYTES = 256,
    ALPHABET_END = 0x144,      // code points that spell bytes are below
    ALPHABET_WRITTEN_AHEAD = 8 // bytes behind what was read that alphabet_read() may overwrite
};

// A byte that is a printable character of Latin-1 is spelled as that one, the other 68 are U+0100
// and up. The ids of the bytes are in the order of the former, then of the latter.
struct alphabet {
    uint8_t byte_of_id[ALPHABET_BYTES];
    uint16_t spelling[ALPHABET_BYTES];    // code point by byte
    uint16_t bytes_spelled[ALPHABET_END]; // byte + 1 by code point, or 0
};
void alphabet_fill(struct alphabet *alphabet);

// Reads characters from *text up to `end` or up to one that spells no byte, and leaves *text there.
// Returns how many, and what they spell in `bytes`, which has room for all and some more.
size_t alphabet_read(const struct alphabet *alphabet, const uint8_t **text, const uint8_t *end,
                     uint8_t *bytes);

#endif
