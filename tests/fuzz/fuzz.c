#define _GNU_SOURCE // memfd_create
#include "tests/fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

unsigned fuzz_turn, fuzz_turns = 1;

unsigned fuzz_pick(unsigned n, const uint8_t *data, size_t size) {
    fuzz_turns = n > fuzz_turns ? n : fuzz_turns;
    return (unsigned)((XXH64(data, size, 0) + fuzz_turn) % n);
}

void fuzz_check_outcome(enum status status, const struct error *error, unsigned allowed) {
    if (status == STATUS_OK) {
        return;
    }
    if (!(allowed & FUZZ_MAY(status))) {
        fprintf(stderr, "status %d, which is not allowed here: %s\n", (int)status, error->message);
        abort();
    }
    FUZZ_CHECK(error->message[0]);
    for (const char *p = error->message; *p; p++) {
        FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
    }
}

// ---- Files in memory -----------------------------------------------------------------------------

struct fuzz_file fuzz_file_open(const void *data, size_t size) {
    struct fuzz_file file = {.descriptor = memfd_create("fuzz", MFD_CLOEXEC)};
    FUZZ_CHECK(file.descriptor >= 0 && write(file.descriptor, data, size) == (ssize_t)size);
    snprintf(file.path, sizeof file.path, "/proc/self/fd/%d", file.descriptor);
    return file;
}

void fuzz_file_close(struct fuzz_file *file) {
    close(file->descriptor);
}
