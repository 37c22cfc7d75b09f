// A text to a token file, or to decimal ids.
#ifndef DLT_TEXT_ENCODE_FILE_H
#define DLT_TEXT_ENCODE_FILE_H

#include "lib/base/options.h"
#include "lib/text/tokenize.h"

struct encode_job {
    const struct text_model *model;
    struct text_source *source;
    int threads;
    const char *output; // path; NULL: standard output
    // For the header and env of a token file:
    const char *program;
    const struct option *const *options;
    int argc;
    char **argv;
};

enum status encode_to_tokens(const struct encode_job *job, struct error *error);
// One id a line.
enum status encode_to_ids(const struct encode_job *job, struct error *error);

#endif
