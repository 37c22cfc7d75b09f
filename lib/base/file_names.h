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
// be standard input, which can be read once, or where an input is the output, or what that is written
// as until it is whole (NAME.partial): it would be replaced.
enum status file_names_add(struct file_names *names, const char *const *paths, size_t count,
                           struct error *error);
// STATUS_USAGE where `path` is the output in one of these ways; `what` it is ("read"), for the message.
enum status file_names_apart(const char *path, const char *output, const char *what,
                             struct error *error);
// Whether two paths are one plain file or, where there is none, would become one.
bool file_names_same(const char *a, const char *b);

#endif
