// Zeroed memory for large tables that are read all over: on large pages where the system has them,
// which spares most page faults and misses of address translation.
#ifndef DLT_TEXT_PAGES_H
#define DLT_TEXT_PAGES_H

#include <stddef.h>

#include "lib/base/status.h"

// Aligned to 64 bytes at least. Pages come into being as they are first used.
enum status pages_allocate(void **memory, size_t size, const char *what, struct error *error);
// `size` as allocated; NULL is no harm.
void pages_free(void *memory, size_t size);

#endif
