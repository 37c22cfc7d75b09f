#include "lib/base/file_names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

static bool is_standard_input(const char *path) {
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0;
}

static bool same_inode(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool same_directory(const char *a, const char *b) {
    char *of_a = file_directory_of(a), *of_b = file_directory_of(b);
    struct stat info_a, info_b;
    bool same = of_a && of_b && stat(of_a, &info_a) == 0 && stat(of_b, &info_b) == 0 &&
                same_inode(&info_a, &info_b);
    free(of_a);
    free(of_b);
    return same;
}

bool file_names_same(const char *a, const char *b) {
    struct stat info_a, info_b;
    bool is_a = stat(a, &info_a) == 0, is_b = stat(b, &info_b) == 0;
    if (is_a && is_b) {
        return S_ISREG(info_a.st_mode) && same_inode(&info_a, &info_b);
    }
    return !is_a && !is_b && strcmp(file_base_name(a), file_base_name(b)) == 0 &&
           same_directory(a, b);
}

enum status file_names_apart(const char *path, const char *output, const char *what,
                             struct error *error) {
    if (!path || !output || strcmp(output, "-") == 0) {
        return STATUS_OK;
    }
    if (file_names_same(path, output)) {
        return error_set(error, STATUS_USAGE, "cannot write '%s': it is %s, and would be replaced",
                         output, what);
    }
    char *partial;
    enum status status = file_partial_name(&partial, output, error);
    if (status == STATUS_OK && file_names_same(path, partial)) {
        status = error_set(error, STATUS_USAGE,
                           "cannot write '%s': it is written as '%s' first, which is %s", output,
                           path, what);
    }
    free(partial);
    return status;
}

// Of an output that is standard output: a shell may have led it to a file that is read.
static enum status check_standard_output(const char *path, struct error *error) {
    struct stat info, output;
    bool same = stat(path, &info) == 0 && fstat(STDOUT_FILENO, &output) == 0 &&
                S_ISREG(info.st_mode) && same_inode(&info, &output);
    return same ? error_set(error, STATUS_USAGE, "standard output is '%s', which is read", path)
                : STATUS_OK;
}

enum status file_names_add(struct file_names *names, const char *const *paths, size_t count,
                           struct error *error) {
    for (size_t i = 0; i < count; i++) {
        const char *path = paths[i];
        if (path && is_standard_input(path)) {
            if (names->takes_standard_input) {
                return error_set(error, STATUS_USAGE, "only one input can be standard input");
            }
            names->takes_standard_input = true;
            continue;
        }
        enum status status = file_names_apart(path, names->output, "read", error);
        if (status == STATUS_OK && path && (!names->output || strcmp(names->output, "-") == 0)) {
            status = check_standard_output(path, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}
