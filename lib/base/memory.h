// Memory: allocation that fails with a status, and a growable byte buffer.
#ifndef DLT_BASE_MEMORY_H
#define DLT_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

// `count` zeroed elements of `size` bytes, aligned to 64 bytes; free() releases them. Never NULL on
// success, also for count 0. Fails with STATUS_FAILURE ("cannot allocate N bytes for WHAT").
enum status memory_allocate(void **pointer, size_t count, size_t size, const char *what,
                            struct error *error);

struct buffer {
    uint8_t *data;   // owned; NULL while empty
    size_t length;   // bytes in use
    size_t capacity; // bytes allocated
};

void buffer_free(struct buffer *buffer);
// Makes room for `extra` more bytes behind `length`.
enum status buffer_reserve(struct buffer *buffer, size_t extra, struct error *error);
enum status buffer_append(struct buffer *buffer, const void *data, size_t length,
                          struct error *error);

// Resident set of this process in bytes, now and at its peak; 0 where the system does not say.
uint64_t memory_resident(void);
uint64_t memory_peak_resident(void);
// Bytes that this process can still take: the least of what the system has without swapping, of what
// is left to its control groups (of either version), and of its own limits. 0: not known; 1: none.
// `root` is where /proc and /sys are found: "".
uint64_t memory_available(const char *root);

#endif
