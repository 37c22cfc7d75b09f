// Text that is written token by token, each as soon as its id is known.
//
// Calling sequence: open, put any number of times, close; close also after a put that failed.
#ifndef DLT_TEXT_ID_WRITER_H
#define DLT_TEXT_ID_WRITER_H

#include "lib/base/file.h"
#include "lib/text/model.h"

struct id_writer {
    const struct text_model *model;
    struct file_output file;
    struct buffer text; // of one token
    bool first;         // at the beginning of the text
    uint8_t last;       // byte written
};

// `path` NULL: standard output. `first`: no text comes before it.
enum status id_writer_open(struct id_writer *writer, const struct text_model *model,
                           const char *path, bool first, struct error *error);
enum status id_writer_put(struct id_writer *writer, uint32_t id, struct error *error);
// With STATUS_OK ends the text with a line end, its own or one more, and commits the file, else
// abandons it; returns the status.
enum status id_writer_close(struct id_writer *writer, enum status status, struct error *error);

#endif
