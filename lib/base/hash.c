#include "lib/base/hash.h"

#include <stdio.h>

void hash_sha256_finish(struct sha256_ctx *state, char text[static HASH_SHA256_TEXT]) {
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(state, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
}

void hash_sha256(const void *data, size_t length, char text[static HASH_SHA256_TEXT]) {
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, length, data);
    hash_sha256_finish(&state, text);
}

void hash_xxh64_text(uint64_t value, char text[static HASH_XXH64_TEXT]) {
    snprintf(text, HASH_XXH64_TEXT, "%016llx", (unsigned long long)value);
}
