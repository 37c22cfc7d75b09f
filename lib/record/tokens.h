// Token files: ids of a text with what evaluation needs to know about the vocabulary (FORMAT.md).
#ifndef DLT_RECORD_TOKENS_H
#define DLT_RECORD_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/record/little_endian.h"
#include "lib/record/record.h"

enum { TOKEN_VOCABULARY_MAX = 1 << 24 }; // ids that a reader takes
enum token_flag { TOKEN_STARTS_WITH_SPACE = 1, TOKEN_ENDS_WITH_SPACE = 2 };

enum { TOKEN_MODEL_TEXT = 16 }; // room for a model's name

// What stands in the "vocabulary" record: facts of each id, and the special ids (-1: none).
struct token_vocabulary {
    char model[TOKEN_MODEL_TEXT]; // "bpe" or "wordpiece"
    uint32_t size;                // V
    char sha256[HASH_SHA256_TEXT];
    int64_t end_of_text, pad, unknown, cls, sep, mask;
    uint16_t *bytes;   // (V) bytes of text that the id stands for
    uint8_t *flags;    // (V) enum token_flag
    uint8_t *words;    // (V) word starts inside the id, behind white space inside it
    uint8_t *newlines; // (V) line ends inside the id
};
void token_vocabulary_free(struct token_vocabulary *vocabulary);

// ---- Writing: header, env, then ---------------------------------------------------------------

enum status tokens_write_vocabulary(struct record_writer *writer, struct record_builder *r,
                                    const struct token_vocabulary *vocabulary, struct error *error);
// Bytes of an id in the file: 2 where V allows it, else 4.
size_t tokens_width(uint32_t vocabulary_size);
// Ids as the file has them: numbers of so many bytes, the lowest byte first. `packed` is aligned for
// such numbers.
void tokens_pack(uint8_t *packed, size_t width, const uint32_t *ids, size_t count);
static inline uint32_t tokens_packed_id(const uint8_t *packed, size_t width, size_t i) {
    return (uint32_t)load_le(packed + width * i, width);
}
// Any number of calls; cuts the ids into records of at most 1 Mi.
enum status tokens_write_ids(struct record_writer *writer, struct record_builder *r, size_t width,
                             const uint8_t *packed, size_t count, struct error *error);
enum status tokens_write_lines(struct record_writer *writer, struct record_builder *r,
                               const uint64_t *ends, size_t count, struct error *error);
enum status tokens_write_text(struct record_writer *writer, struct record_builder *r,
                              uint64_t bytes, uint64_t words, uint64_t lines, uint64_t tokens,
                              struct error *error);

// ---- Reading -----------------------------------------------------------------------------------

struct token_file {
    struct token_vocabulary vocabulary;
    void *ids; // uint16_t or uint32_t, by `width`; every id is below vocabulary.size
    int width; // 2 or 4
    size_t count;
    uint64_t *line_ends; // NULL without --lines
    size_t line_count;
    uint64_t text_bytes, text_words, text_lines;
    char *name;                    // without directories
    char sha256[HASH_SHA256_TEXT]; // of the file as read
    uint64_t file_bytes;
    uint64_t content_digest;
};

static inline uint32_t token_file_id(const struct token_file *file, size_t i) {
    return file->width == 2 ? ((const uint16_t *)file->ids)[i] : ((const uint32_t *)file->ids)[i];
}

// Reads a whole token file ("-": standard input). STATUS_DAMAGED: not one, truncated, an id beyond
// the vocabulary, counts that disagree, no tokens at all.
enum status token_file_read(struct token_file *file, const char *path, struct error *error);
void token_file_free(struct token_file *file);
// STATUS_DAMAGED unless both were made with the same vocabulary.
enum status token_file_same_vocabulary(const struct token_file *a, const struct token_file *b,
                                       struct error *error);
// Bytes and words (with line ends, as WikiText counts its <eos>) of ids[from .. to).
void token_file_measure(const struct token_file *file, size_t from, size_t to, uint64_t *bytes,
                        uint64_t *words);

#endif
