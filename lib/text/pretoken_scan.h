// The pre-tokeniser for whole texts: where pieces start, as bits, for 64 bytes of text at a time.
// The pieces are those of pretoken_length().
//
// Calling sequence: pretoken_scan_start(), then pretoken_scan_next() until `told` is `length`.
#ifndef DLT_TEXT_PRETOKEN_SCAN_H
#define DLT_TEXT_PRETOKEN_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum { PRETOKEN_BLOCK = 64 }; // bytes of a block

// What the bytes of a block are; byte i is bit i. A byte of a character of several bytes is what
// the character is. Behind the text is white space.
struct pretoken_block {
    uint64_t class[2];    // the two bits of enum character_class
    uint64_t blanks;      // ' '
    uint64_t apostrophes; // '\''
    uint64_t wide_spaces; // all bytes of white space that is not ASCII
    uint64_t wide_last;   // first bytes of those that are the last before something else
};

// Marks the ASCII of a block, and tells which bytes are none.
typedef void pretoken_mark(const uint8_t bytes[static PRETOKEN_BLOCK], struct pretoken_block *block,
                           uint64_t *beyond_ascii);

struct pretoken_scan {
    const uint8_t *text;
    size_t length;
    pretoken_mark *mark;
    size_t told;                // bytes whose starts were told: where block `next` begins
    struct pretoken_block next; // looked at already
    uint64_t class[2], blanks;  // of the byte before it, as bit 0
    uint64_t set, clear;        // starts in it that a contraction before it makes and takes
    size_t spilled;             // bytes behind `next` that a character in it has
    unsigned spilled_class;
};

void pretoken_scan_start(struct pretoken_scan *scan, const uint8_t *text, size_t length);
// Starts of pieces in the block at `told`, but for the start of the text.
uint64_t pretoken_scan_next(struct pretoken_scan *scan);

enum { PRETOKEN_MARKS = 3 };
// The ways of doing that which this machine has, all with the same result, the quickest first.
size_t pretoken_marks(pretoken_mark *marks[static PRETOKEN_MARKS]);

#endif
