// Arrays of numbers as a file holds them, whatever the byte order of this machine.
#ifndef DLT_RECORD_LITTLE_ENDIAN_H
#define DLT_RECORD_LITTLE_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

static inline void store_le(uint8_t *data, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; i++) {
        data[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline uint64_t load_le(const uint8_t *data, size_t width) {
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

#endif
