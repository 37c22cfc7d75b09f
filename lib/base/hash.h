// Hashes: SHA-256 names inputs, XXH64 (seed 0) guards records and is the digest of a result.
#ifndef DLT_BASE_HASH_H
#define DLT_BASE_HASH_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

enum { HASH_SHA256_TEXT = 65, HASH_XXH64_TEXT = 17 }; // hexadecimal digits and the final NUL

// The 64 lower-case hexadecimal digits of the digest; ends the running hash.
void hash_sha256_finish(struct sha256_ctx *state, char text[static HASH_SHA256_TEXT]);
// SHA-256 of one block of memory.
void hash_sha256(const void *data, size_t length, char text[static HASH_SHA256_TEXT]);
// The 16 lower-case hexadecimal digits of an XXH64 value.
void hash_xxh64_text(uint64_t value, char text[static HASH_XXH64_TEXT]);

#endif
