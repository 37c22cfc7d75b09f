// Bytes of text as numbers: the first byte is the lowest one, whatever the machine.
#ifndef DLT_TEXT_LOAD_H
#define DLT_TEXT_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t load_eight(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

// Up to 15 bytes as two numbers, of what is 0 behind them; bytes[0 .. LOAD_READABLE) can be read.
enum { LOAD_SHORT = 15, LOAD_READABLE = 16 };
extern const uint64_t LOAD_MASKS[LOAD_SHORT + 1][2];

static inline uint64_t load_first(const uint8_t *bytes, size_t length) {
    return load_eight(bytes) & LOAD_MASKS[length][0];
}
static inline uint64_t load_second(const uint8_t *bytes, size_t length) {
    return load_eight(bytes + 8) & LOAD_MASKS[length][1];
}

// Marks the bytes from `first` to `last`, both ASCII, in their highest bits.
static inline uint64_t mark_within(uint64_t bytes, uint8_t first, uint8_t last) {
    const uint64_t ones = 0x0101010101010101u, highest = 0x80 * ones;
    uint64_t low = bytes & ~highest;
    uint64_t from_first = low + (uint64_t)(0x80 - first) * ones;
    uint64_t behind_last = low + (uint64_t)(0x7F - last) * ones;
    return from_first & ~behind_last & ~bytes & highest;
}

// How many bytes are marked.
static inline unsigned count_marks(uint64_t marks) {
    return (unsigned)((marks >> 7) * 0x0101010101010101u >> 56);
}

#endif
