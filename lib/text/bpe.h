// Byte-level byte-pair encoding: GPT-2's vocabulary file, and the merging of one piece of text.
//
// Ids: the 256 bytes in GPT-2's order, then the merges in the file's order, then <|endoftext|>.
// So the id of what a merge forms is also its rank: of two merges the lower id goes first.
#ifndef DLT_TEXT_BPE_H
#define DLT_TEXT_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/text/load.h"
#include "lib/text/vocabulary_file.h"

enum {
    BPE_BYTES = 256,            // ids of single bytes
    BPE_SIZE_MAXIMUM = 1 << 21, // ids fit 21 bits, three to a word of the pair table
    BPE_TOKEN_MAXIMUM = 65535,  // bytes that one id may stand for
};
#define BPE_NONE UINT32_MAX

struct bpe_pair {
    uint32_t left, right;
};

struct bpe_vocabulary {
    uint32_t size;           // V = 256 + merges + 1
    uint32_t end_of_text;    // V - 1
    struct bpe_pair *merges; // (V - 257) what id 256 + i is made of
    uint32_t *offsets;       // (V + 1) where the bytes of an id start in `bytes`
    uint8_t *bytes; // what the ids stand for, one after the other; LOAD_READABLE more can be read
    uint32_t byte_ids[BPE_BYTES];
    uint64_t *stable;     // (V / 64 + 1) a bit for each id that its own bytes give
    uint32_t *byte_pairs; // (65536) id of two bytes merged, first byte high; or BPE_NONE
    uint64_t *pairs;      // open hash table: left, right, merged id in 21 bits each; 0 is free
    size_t pair_mask;
    uint64_t *filter; // a bit for each of 8 times as many hash values as the table has places:
                      // tells most pairs that do not merge from far less memory
    void *memory;     // of all arrays but `bytes`
    size_t memory_size;
    struct vocabulary_file file;
};

// Reads a vocabulary in GPT-2's merges format. STATUS_DAMAGED names the line at fault.
enum status bpe_vocabulary_read(struct bpe_vocabulary *vocabulary, const char *path,
                                struct error *error);
// The same from memory; `name` is for messages.
enum status bpe_vocabulary_parse(struct bpe_vocabulary *vocabulary, const uint8_t *text,
                                 size_t length, const char *name, struct error *error);
void bpe_vocabulary_free(struct bpe_vocabulary *vocabulary);

// What the id stands for; id < size.
static inline const uint8_t *bpe_token_bytes(const struct bpe_vocabulary *vocabulary, uint32_t id,
                                             size_t *length) {
    *length = vocabulary->offsets[id + 1] - vocabulary->offsets[id];
    return vocabulary->bytes + vocabulary->offsets[id];
}

static inline uint64_t bpe_pair_key(uint32_t left, uint32_t right) {
    return (uint64_t)left << 42 | (uint64_t)right << 21;
}

static inline uint64_t bpe_pair_hash(uint64_t key) {
    return (key * 0x9E3779B97F4A7C15u) >> 32;
}

// The filter's word and bit of a hash value.
static inline size_t bpe_filter_word(const struct bpe_vocabulary *vocabulary, uint64_t hash) {
    return (size_t)(hash >> 6) & (vocabulary->pair_mask >> 3);
}
static inline uint64_t bpe_filter_bit(uint64_t hash) {
    return (uint64_t)1 << (hash & 63);
}

// Whether two ids can merge; most that cannot are told.
static inline bool bpe_pair_can_merge(const struct bpe_vocabulary *vocabulary, uint32_t left,
                                      uint32_t right) {
    uint64_t hash = bpe_pair_hash(bpe_pair_key(left, right));
    return vocabulary->filter[bpe_filter_word(vocabulary, hash)] & bpe_filter_bit(hash);
}

// Id of two ids merged, or BPE_NONE.
static inline uint32_t bpe_pair_find(const struct bpe_vocabulary *vocabulary, uint32_t left,
                                     uint32_t right) {
    if (!bpe_pair_can_merge(vocabulary, left, right)) {
        return BPE_NONE;
    }
    uint64_t key = bpe_pair_key(left, right);
    size_t at = (size_t)bpe_pair_hash(key) & vocabulary->pair_mask;
    for (; vocabulary->pairs[at]; at = (at + 1) & vocabulary->pair_mask) {
        if ((vocabulary->pairs[at] ^ key) < BPE_SIZE_MAXIMUM) {
            return (uint32_t)(vocabulary->pairs[at] ^ key);
        }
    }
    return BPE_NONE;
}

// Whether the ids of what an id stands for, by itself, are that id. Of a trained vocabulary they are.
static inline bool bpe_is_stable(const struct bpe_vocabulary *vocabulary, uint32_t id) {
    return vocabulary->stable[id / 64] >> id % 64 & 1;
}

// Working memory of bpe_merge() with one vocabulary, kept between calls; start with zeros.
struct bpe_workspace {
    uint32_t *first;  // (V) first place of an id's list
    uint64_t *filled; // (V / 64 + 1) a bit for each id whose list may have places
    uint32_t *places; // (5, capacity)
    size_t capacity;
};
void bpe_workspace_free(struct bpe_workspace *workspace);

// Ids of one piece, 1 to `length` of them, into ids[0 .. length). Time linear.
enum status bpe_merge(const struct bpe_vocabulary *vocabulary, struct bpe_workspace *workspace,
                      const uint8_t *piece, size_t length, uint32_t *ids, size_t *count,
                      struct error *error);

#endif
