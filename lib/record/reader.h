// How the writer reads back the file that it goes on with.
#ifndef DLT_RECORD_READER_H
#define DLT_RECORD_READER_H

#include "lib/record/digest.h"
#include "lib/record/record.h"

// Reads the first position->offset bytes of `path`, which must be whole records, as many as
// position->records, with its digests. STATUS_DAMAGED if not. On success *digest is what to go on
// from.
enum status record_reader_verify_prefix(const char *path, const char *content,
                                        const struct record_position *position,
                                        struct record_digest *digest, struct error *error);

#endif
