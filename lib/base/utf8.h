// Bytes from outside that are to be written or shown: which of them are UTF-8, and which characters
// that a terminal, a page or a file of text takes as such.
#ifndef DLT_BASE_UTF8_H
#define DLT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

// Bytes of the character that `bytes` begin with, of `length` > 0; 0 where they are not UTF-8.
size_t utf8_length(const char *bytes, size_t length);
// How many bytes are part of no character; 0: all is UTF-8.
size_t utf8_count_strays(const char *text, size_t length);
// Bytes of the character that `bytes` begin with, of `length` > 0; 1 where they are not UTF-8.
// *printable: it is UTF-8, and neither a control character nor one that turns the direction of the
// line, nor U+FFFE or U+FFFF, which XML does not allow.
size_t utf8_character(const char *bytes, size_t length, bool *printable);
// Makes '?' of every byte that is not part of a printable character.
void utf8_make_printable(char *text);

#endif
