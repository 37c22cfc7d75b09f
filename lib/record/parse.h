// Builds the objects of one whole record.
#ifndef DLT_RECORD_PARSE_H
#define DLT_RECORD_PARSE_H

#include "lib/record/record.h"

// data[0 .. length) is what record_scan() found whole. Clears `zone` and builds the objects in it;
// strings and binaries point into `data`. *problem is NULL on success.
enum status record_parse(const uint8_t *data, size_t length, msgpack_zone *zone,
                         struct record *record, const char **problem, struct error *error);

#endif
