// How the tools read each kind of file, and a digest of all that they took from it.
#ifndef DLT_TESTS_DAMAGE_READERS_H
#define DLT_TESTS_DAMAGE_READERS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/status.h"

struct damage_reader {
    const char *kind;
    enum status (*read)(const char *path, const char *other, uint64_t *digest, struct error *error);
    bool checked; // the file has a checksum: what is read is what was written
};

extern const struct damage_reader DAMAGE_READERS[]; // ends with a NULL kind

#endif
