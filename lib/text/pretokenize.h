// GPT-2's pre-tokeniser: cuts text into the pieces inside which byte pairs are merged, as
//     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// does. A byte that is not valid UTF-8 counts as a character that is neither space, letter nor
// number.
#ifndef DLT_TEXT_PRETOKENIZE_H
#define DLT_TEXT_PRETOKENIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes of the piece that starts at text[0]; length > 0, and the text ends at text[length].
size_t pretoken_length(const uint8_t *text, size_t length);

// Bytes of the contraction that a text which starts with an apostrophe starts with, or 0.
size_t pretoken_contraction(const uint8_t *text, size_t length);

// The last place in (0, length] behind which a new piece starts whatever follows text[length), so
// that the two sides can be cut into pieces by themselves with the same result; 0 if there is none.
// With `special`, never inside an END_OF_TEXT.
size_t pretoken_safe_cut(const uint8_t *text, size_t length, bool special);

// Classes of the ASCII characters, and PRETOKEN_HIGH for every byte beyond.
enum { PRETOKEN_HIGH = 4 };
extern const uint8_t PRETOKEN_CLASSES[256];

#define END_OF_TEXT "<|endoftext|>"
enum { END_OF_TEXT_LENGTH = sizeof END_OF_TEXT - 1 };

#endif
