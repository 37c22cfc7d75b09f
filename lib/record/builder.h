// What the writer and the messages need of a builder besides record.h.
#ifndef DLT_RECORD_BUILDER_H
#define DLT_RECORD_BUILDER_H

#include "lib/record/record.h"

// Ends the record: its bytes are then r->bytes.data[0 .. r->bytes.size). STATUS_FAILURE: no memory, a map
// left open, or more than a reader of checkpoints would take; readers of other files take less.
enum status record_builder_finish(struct record_builder *r, struct error *error);
// A key of the open map; its value follows through r->packer.
void record_put_key(struct record_builder *r, const char *key);
void record_put_string_array(struct record_builder *r, const char *key, char *const *values,
                             size_t count);

#endif
