#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"

bool file_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

bool file_is_regular(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

const char *file_base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *file_directory_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

enum status file_partial_name(char **partial, const char *path, struct error *error) {
    if (asprintf(partial, "%s.partial", path) < 0) {
        *partial = NULL;
        return error_set(error, STATUS_FAILURE, "cannot allocate a file name");
    }
    return STATUS_OK;
}

enum status file_program_directory(char **directory, struct error *error) {
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length < 0) {
        return error_set(error, STATUS_FAILURE, "cannot find the program's own directory: %s",
                         strerror(errno));
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    *slash = '\0';
    *directory = strdup(path);
    return *directory ? STATUS_OK : error_set(error, STATUS_FAILURE, "cannot allocate a file name");
}
