// The uncompressed bytes of a file: zstd frames, or what is read as it is.
#ifndef DLT_RECORD_SOURCE_H
#define DLT_RECORD_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zstd.h>

#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

enum source_state {
    SOURCE_OPEN,    // there may be more
    SOURCE_END,     // all was read; a frame, if there was one, was whole
    SOURCE_CUT,     // ends within a zstd frame
    SOURCE_FOREIGN, // begins like no file of ours
    SOURCE_DAMAGED, // zstd says so
    SOURCE_WIDE,    // made with a larger window than is taken
};

struct record_source {
    struct file_input input;
    uint64_t limit; // compressed bytes to read, then it is the end
    ZSTD_DCtx *decompressor; // NULL until there is a zstd frame
    uint8_t *chunk; // owned, compressed
    size_t at, length;
    enum { SOURCE_UNKNOWN, SOURCE_PLAIN, SOURCE_ZSTD } type;
    bool in_frame;
    bool held_back; // zstd holds output that had no room
    enum source_state state;
};

enum status record_source_open(struct record_source *source, const char *path, uint64_t limit,
                               struct error *error);
// Appends some bytes to `buffer`, none once the state is another than SOURCE_OPEN. Fails where the
// system does; a bad file is told by the state.
enum status record_source_read(struct record_source *source, struct buffer *buffer,
                               struct error *error);
void record_source_close(struct record_source *source);

#endif
