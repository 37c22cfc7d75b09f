#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/program.h"

enum status file_input_open(struct file_input *input, const char *path, struct error *error) {
    bool is_standard = !path || strcmp(path, "-") == 0;
    const char *name = is_standard ? "standard input" : path;
    *input = (struct file_input){.descriptor = -1};
    sha256_init(&input->sha256);
    int descriptor =
        is_standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return error_set(error, interrupt_status(), "cannot open '%s': %s", name, strerror(errno));
    }
    struct stat info;
    if (fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
        close(descriptor);
        return error_set(error, STATUS_FAILURE, "cannot open '%s': is a directory", name);
    }
    input->name = strdup(name);
    if (!input->name) {
        close(descriptor);
        return error_set(error, STATUS_FAILURE, "cannot allocate a file name");
    }
    input->descriptor = descriptor;
    return STATUS_OK;
}

// Waits until there is something to read, or the end. A noted signal ends the wait, since that may
// never be; the thread that waits need not be the one that the signal went to.
static bool wait_for_input(int descriptor) {
    enum { MILLISECONDS = 100 };
    struct pollfd ready = {.fd = descriptor, .events = POLLIN};
    int events;
    while ((events = poll(&ready, 1, MILLISECONDS)) == 0 || (events < 0 && errno == EINTR)) {
        if (interrupt_pending()) {
            errno = EINTR;
            return false;
        }
    }
    return true;
}

enum status file_input_read(struct file_input *input, void *data, size_t capacity, size_t *length,
                            struct error *error) {
    ssize_t got;
    do { // again where whoever shares a standard stream has made it non-blocking
        if (!wait_for_input(input->descriptor)) {
            got = -1;
            break;
        }
        got = read(input->descriptor, data, capacity);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    *length = got > 0 ? (size_t)got : 0;
    if (got < 0) {
        return error_set(error, interrupt_status(), "cannot read '%s': %s", input->name,
                         strerror(errno));
    }
    sha256_update(&input->sha256, *length, data);
    input->bytes += *length;
    return STATUS_OK;
}

enum status file_input_read_all(struct file_input *input, struct buffer *buffer, size_t limit,
                                struct error *error) {
    struct stat info;
    size_t chunk = 1 << 16;
    if (fstat(input->descriptor, &info) == 0 && info.st_size > 0 && (size_t)info.st_size < limit) {
        chunk = (size_t)info.st_size + 1; // one read finds the end of a regular file
    }
    for (size_t length = 1; length > 0;) {
        enum status status = buffer_reserve(buffer, chunk, error);
        if (status == STATUS_OK) {
            status = file_input_read(input, buffer->data + buffer->length,
                                     buffer->capacity - buffer->length, &length, error);
        }
        if (status != STATUS_OK) {
            return status;
        }
        buffer->length += length;
        if (buffer->length > limit) {
            return error_set(error, STATUS_FAILURE, "cannot read '%s': larger than %zu bytes",
                             input->name, limit);
        }
        chunk = 1 << 16;
    }
    return STATUS_OK;
}

void file_input_close(struct file_input *input) {
    if (input->descriptor >= 0) {
        close(input->descriptor);
    }
    free(input->name);
    *input = (struct file_input){.descriptor = -1};
}
