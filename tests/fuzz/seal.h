// Records whose end agrees with them. Every reader checks the end record's count and digests, so a
// changed byte anywhere makes a file damaged; with an end record that is made to fit, what stands in
// the records is tried instead.
#ifndef DLT_TESTS_FUZZ_SEAL_H
#define DLT_TESTS_FUZZ_SEAL_H

#include "lib/base/memory.h"
#include "lib/record/record.h"
#include "tests/fuzz/fuzz.h"

// Splits a row of records; *at moves behind the one that is given. False at the end, and where the
// rest is no whole record. What *record holds lives until the next call.
bool seal_next(const uint8_t *data, size_t size, size_t *at, struct record *record);

// Appends the records to `file` with the right end record behind them, in place of the one that they
// have. False, and nothing appended: the data are not whole records from first to last.
bool seal_records(const uint8_t *data, size_t size, struct buffer *file);
// The same as one zstd frame.
void seal_compress(const struct buffer *file, struct buffer *compressed);

// The input as a file, with the right end record if it is whole records, else as it is.
struct fuzz_file seal_open(const uint8_t *data, size_t size);

#endif
