// WordPiece: BERT's vocabulary file, and the cutting of one word into its pieces.
//
// The file has a piece a line, and the line's number, from 0, is its id. A piece that continues a
// word is spelled with "##" before it. The model: Wu et al. 2016 (arXiv:1609.08144); the cutting:
// greedily, the longest piece first, as in BERT's own code.
#ifndef DLT_TEXT_WORDPIECE_H
#define DLT_TEXT_WORDPIECE_H

#include <stdbool.h>

#include "lib/text/vocabulary_file.h"

enum {
    WORDPIECE_CHARACTERS = 100,             // a longer word is [UNK]
    WORDPIECE_FILE_MAXIMUM = (1 << 24) - 8, // nodes of the trie are counted in 24 bits
};

// Pieces that stand for something other than text.
enum wordpiece_special {
    WORDPIECE_PAD,
    WORDPIECE_UNKNOWN,
    WORDPIECE_CLS,
    WORDPIECE_SEP,
    WORDPIECE_MASK,
    WORDPIECE_SPECIALS
};

struct wordpiece_vocabulary {
    uint32_t size;
    int64_t specials[WORDPIECE_SPECIALS]; // ids, -1 where there is none; of [UNK] there is one
    uint32_t *offsets;                    // (size + 1) where a piece starts in `bytes`
    uint8_t *bytes;                       // the file: the pieces as spelled, a line end behind each
    // All pieces, byte by byte from node 0 on: edges are an open hash table, from a node and a byte
    // (and 1) in the upper 32 bits to the next node in the lower ones; 0 is free.
    uint64_t *edges;
    size_t edge_mask;
    uint32_t *node_ids;    // by node: id of the piece that ends there, or UINT32_MAX
    uint32_t continuation; // the node behind "##"
    struct vocabulary_file file;
};

// STATUS_DAMAGED names the line at fault: a duplicate, no UTF-8, cut short; or there is no [UNK].
enum status wordpiece_vocabulary_read(struct wordpiece_vocabulary *vocabulary, const char *path,
                                      struct error *error);
// The same from memory; `name` is for messages.
enum status wordpiece_vocabulary_parse(struct wordpiece_vocabulary *vocabulary, const uint8_t *text,
                                       size_t length, const char *name, struct error *error);
void wordpiece_vocabulary_free(struct wordpiece_vocabulary *vocabulary);

// The piece as spelled; id < size.
static inline const uint8_t *wordpiece_bytes(const struct wordpiece_vocabulary *vocabulary,
                                             uint32_t id, size_t *length) {
    *length = vocabulary->offsets[id + 1] - vocabulary->offsets[id] - 1;
    return vocabulary->bytes + vocabulary->offsets[id];
}
// Whether the piece continues a word: then its text stands behind the two bytes "##".
bool wordpiece_continues(const struct wordpiece_vocabulary *vocabulary, uint32_t id);

// Whether any piece has a capital letter, but for those in brackets, as special ones are: only a cased
// vocabulary has.
bool wordpiece_has_capitals(const struct wordpiece_vocabulary *vocabulary);

// Id of the special piece that text[0..length) begins with and its bytes, or -1.
int64_t wordpiece_special_at(const struct wordpiece_vocabulary *vocabulary, const uint8_t *text,
                             size_t length, size_t *bytes);

// Ids of one word of UTF-8, length > 0, into ids[0 .. length); returns how many. A word of which
// some part is no piece is [UNK] as a whole.
size_t wordpiece_cut(const struct wordpiece_vocabulary *vocabulary, const uint8_t *word,
                     size_t length, uint32_t *ids);

#endif
