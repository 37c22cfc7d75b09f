// Input files read as one text, one behind the other, in parts that can be tokenised by themselves.
//
// The parts depend on the text alone, not on how a pipe delivers it. Memory is bounded unless a
// single word (or, cutting at lines, a single line) is larger than a part.
#ifndef DLT_TEXT_SOURCE_H
#define DLT_TEXT_SOURCE_H

#include "lib/base/file.h"
#include "lib/base/hash.h"

// Bytes of a part, about: so many that what a worker waits for another, and the waking, are small beside
// the work on it, and so few that they stay in a processor's cache.
enum { TEXT_PART = 256 * 1024 };

enum text_cut {
    TEXT_CUT_WORDS,     // where pre-tokens end
    TEXT_CUT_SPECIAL,   // as above, and never inside "<|endoftext|>"
    TEXT_CUT_WORDPIECE, // where BERT's words end
    TEXT_CUT_LINES,     // behind line ends
};

struct text_input { // a file read to its end
    char *name;     // without directories
    uint64_t bytes;
    char sha256[HASH_SHA256_TEXT];
};

struct text_source {
    const char *const *paths; // the caller's
    size_t count;
    enum text_cut cut;
    size_t done; // files read to their ends
    bool open;
    struct file_input file;
    struct text_input *inputs; // (count), the first `done` are filled
    struct buffer rest;        // read, but behind the cut
    bool after_space;          // the part before ended in white space, or there was none
};

struct text_part {
    struct buffer text;
    bool after_space; // what is before the part, if anything, ends in white space
};

// Without paths: standard input.
enum status text_source_open(struct text_source *source, const char *const *paths, size_t count,
                             enum text_cut cut, struct error *error);
void text_source_close(struct text_source *source);
// The next part, empty only at the end.
enum status text_source_read(struct text_source *source, struct text_part *part,
                             struct error *error);

// Bytes of the files that were read to their ends.
uint64_t text_source_bytes(const struct text_source *source);

struct text_counts {
    uint64_t words; // white-space separated, that start in the part
    uint64_t lines; // line ends
};
// `plainly`: without what only some machines can, with the same result.
struct text_counts text_count(const struct text_part *part, bool plainly);

#endif
