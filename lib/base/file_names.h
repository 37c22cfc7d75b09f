// What a program is told to read and to write, looked at before it does either.
//
//     struct file_names names = {.output = common.output};
//     file_names_add(&names, paths, count, &error);       for each list of what is read
#ifndef DLT_BASE_FILE_NAMES_H
#define DLT_BASE_FILE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/status.h"

struct file_names {
    const char *output;        // NULL or "-": standard output
    bool takes_standard_input; // one of the names so far does
};

// A path that is NULL stands for an input that is not given. STATUS_USAGE where a second input would
// be standard input, which can be read once, or where an input is the output, which would replace it.
enum status file_names_add(struct file_names *names, const char *const *paths, size_t count,
                           struct error *error);
// Whether two paths are one plain file or, where there is none, would become one.
bool file_names_same(const char *a, const char *b);

#endif
