// A msgpack value as one line of JSON.
#ifndef DLT_RECORD_JSON_H
#define DLT_RECORD_JSON_H

#include <msgpack.h>
#include <stdbool.h>
#include <stdio.h>

// Fields keep their order. Reals have the fewest digits that read back as the same number, those
// that JSON cannot write are null; integers are exact, above INT64_MAX as strings; bytes of a
// string that are no UTF-8 become U+FFFD. A binary field is {"bytes":n,"xxh64":"..."}, or with
// `binary` a string in base64. Write errors are left to ferror(out).
void record_print_json(FILE *out, const msgpack_object *object, bool binary);

#endif
