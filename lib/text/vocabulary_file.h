// The file that a vocabulary is read from, and its name in records.
#ifndef DLT_TEXT_VOCABULARY_FILE_H
#define DLT_TEXT_VOCABULARY_FILE_H

#include "lib/base/hash.h"
#include "lib/base/memory.h"

struct vocabulary_file {
    char *name; // without directories
    char sha256[HASH_SHA256_TEXT];
    uint64_t bytes;
};

// Makes a vocabulary of a file's text; leaves nothing to be freed on failure.
typedef enum status vocabulary_parse(void *vocabulary, const uint8_t *text, size_t length,
                                     const char *name, struct error *error);

// Reads the whole file, at most `limit` bytes, has it parsed into `vocabulary`, and then fills
// `file`, which may be a part of it. STATUS_DAMAGED: what the parser says; or it is the beginning of
// a well-known vocabulary and not all of it. (Neither format says how many lines there are, so that
// a cut at a line end is not seen in other files.)
enum status vocabulary_file_read(struct vocabulary_file *file, const char *path, size_t limit,
                                 vocabulary_parse *parse, void *vocabulary, struct error *error);
void vocabulary_file_free(struct vocabulary_file *file);

#endif
