// Finds where a msgpack value ends, without building it. What comes out of a file or a pipe goes
// through here before msgpack-c sees it, since msgpack-c allocates whatever length a value claims.
#ifndef DLT_RECORD_SCAN_H
#define DLT_RECORD_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/record/record.h"

// A record has few values besides its binary fields; each costs 24 bytes or more once built.
enum { RECORD_OBJECT_LIMIT = 1 << 20 };
// Bytes of one record: a tensor; a vocabulary's facts of each id; anything else, which is small.
#define RECORD_LIMIT ((size_t)1 << 30)
#define RECORD_LIMIT_TOKENS ((size_t)128 << 20)
#define RECORD_LIMIT_USUAL ((size_t)64 << 20)

enum scan_result { SCAN_MORE, SCAN_WHOLE, SCAN_BAD };

// Between calls: data[0 .. at) was looked at, and left[d] values are still missing from the open
// map or array at depth d. Zeroed at the start of a record.
struct record_scan {
    size_t at;
    int depth;
    uint64_t left[RECORD_NESTING];
    uint64_t objects;
    const char *problem; // why SCAN_BAD
};

// Goes on through data[0 .. length), the same bytes as before with more behind them. SCAN_WHOLE:
// the record, a map, is data[0 .. scan->at).
enum scan_result record_scan(struct record_scan *scan, const uint8_t *data, size_t length,
                             size_t limit);

#endif
