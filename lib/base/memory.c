#define _DEFAULT_SOURCE // sysconf
#include "lib/base/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ALIGNMENT = 64 };

enum status memory_allocate(void **pointer, size_t count, size_t size, const char *what,
                            struct error *error) {
    size_t bytes = 0;
    *pointer = NULL;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT) {
        return error_set(error, STATUS_FAILURE, "cannot allocate %zu x %zu bytes for %s", count,
                         size, what);
    }
    size_t rounded = (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    void *memory = aligned_alloc(ALIGNMENT, rounded);
    if (!memory) {
        return error_set(error, STATUS_FAILURE, "cannot allocate %zu bytes for %s", bytes, what);
    }
    memset(memory, 0, rounded);
    *pointer = memory;
    return STATUS_OK;
}

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

enum status buffer_reserve(struct buffer *buffer, size_t extra, struct error *error) {
    size_t needed = 0;
    if (__builtin_add_overflow(buffer->length, extra, &needed)) {
        return error_set(error, STATUS_FAILURE, "cannot allocate a buffer that large");
    }
    if (needed <= buffer->capacity) {
        return STATUS_OK;
    }
    size_t capacity = buffer->capacity + buffer->capacity / 2;
    capacity = capacity < needed ? needed : capacity;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        return error_set(error, STATUS_FAILURE, "cannot allocate %zu bytes for a buffer", capacity);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, const void *data, size_t length,
                          struct error *error) {
    enum status status = buffer_reserve(buffer, length, error);
    if (status == STATUS_OK && length > 0) {
        memcpy(buffer->data + buffer->length, data, length);
        buffer->length += length;
    }
    return status;
}

uint64_t memory_resident(void) {
    FILE *file = fopen("/proc/self/statm", "r"); // counted in pages
    if (!file) {
        return 0;
    }
    uint64_t all, resident;
    bool read = fscanf(file, "%" SCNu64 " %" SCNu64, &all, &resident) == 2;
    fclose(file);
    return read ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t memory_peak_resident(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss * 1024 : 0;
}
