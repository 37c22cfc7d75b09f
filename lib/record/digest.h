// The two running digests that writer and reader keep alike (FORMAT.md, kind "end").
#ifndef DLT_RECORD_DIGEST_H
#define DLT_RECORD_DIGEST_H

#include <stdbool.h>
#include <stdint.h>
#define XXH_STATIC_LINKING_ONLY // the states themselves, so that a position can copy them
#include <xxhash.h>

struct record_digest {
    uint64_t records;
    XXH64_state_t all, content;
};

static inline void record_digest_start(struct record_digest *digest) {
    digest->records = 0;
    XXH64_reset(&digest->all, 0);
    XXH64_reset(&digest->content, 0);
}

static inline void record_digest_add(struct record_digest *digest, const void *data, size_t length,
                                     bool is_volatile) {
    digest->records++;
    XXH64_update(&digest->all, data, length);
    if (!is_volatile) {
        XXH64_update(&digest->content, data, length);
    }
}

// Kinds that tell how, where and when a file was made, and from which files: none of it is the
// result. An input's SHA-256 covers that file's own volatile records.
bool record_kind_is_volatile(const char *kind);

#endif
