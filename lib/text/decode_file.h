// A token file, or decimal ids, back to the text. Both stream; with more than one thread, one writes.
#ifndef DLT_TEXT_DECODE_FILE_H
#define DLT_TEXT_DECODE_FILE_H

#include "lib/text/model.h"

// STATUS_DAMAGED: not a token file, damaged, made with another vocabulary, ids beyond it.
enum status decode_tokens(const struct text_model *model, const char *path, const char *output,
                          int threads, struct error *error);
// Ids separated by white space.
enum status decode_ids(const struct text_model *model, const char *path, const char *output,
                       int threads, struct error *error);

#endif
