#define _GNU_SOURCE // MAP_ANONYMOUS, MADV_HUGEPAGE
#include "lib/text/pages.h"

#include <stdint.h>
#include <sys/mman.h>

static const size_t LARGE_PAGE = (size_t)1 << 21;

// Whole large pages, unless that were mostly waste.
static size_t rounded(size_t size) {
    return size < LARGE_PAGE / 2 ? size : (size + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

static void *map(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

// Maps a large page too much, and gives back what is before and behind the aligned part.
static void *map_aligned(size_t size) {
    char *memory = map(size + LARGE_PAGE);
    if (!memory) {
        return NULL;
    }
    size_t before = (LARGE_PAGE - (uintptr_t)memory % LARGE_PAGE) % LARGE_PAGE;
    if (before > 0) {
        munmap(memory, before);
    }
    munmap(memory + before + size, LARGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    madvise(memory + before, size, MADV_HUGEPAGE); // a wish: nothing depends on it
#endif
    return memory + before;
}

enum status pages_allocate(void **memory, size_t size, const char *what, struct error *error) {
    size_t whole = rounded(size);
    *memory = whole % LARGE_PAGE == 0 ? map_aligned(whole) : map(whole);
    return *memory
               ? STATUS_OK
               : error_set(error, STATUS_FAILURE, "cannot allocate %zu bytes for %s", size, what);
}

void pages_free(void *memory, size_t size) {
    if (memory) {
        munmap(memory, rounded(size));
    }
}
