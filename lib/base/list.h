// Lists of words with commas between them, as options, tables and the kernel give them.
#ifndef DLT_BASE_LIST_H
#define DLT_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

// Whether the whole of `word` is one of the list's. What is empty is a word, too: the only one of "".
bool list_has(const char *list, const char *word);
size_t list_count(const char *list); // of its words

#endif
