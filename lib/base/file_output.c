#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/file_lock.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/program.h"

static bool is_dash(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

static const char *output_name(const struct file_output *output) {
    return output->path ? output->path : "standard output";
}

// Why an unfinished file that was there already must not be written: whoever put it there could have
// it be a file that matters to us, or change ours while we write it. NULL: it is as we would leave it.
static const char *problem_of_partial(int descriptor, const char *name) {
    struct stat file, folder;
    if (fstat(descriptor, &file) != 0 || !S_ISREG(file.st_mode)) {
        return "is no plain file";
    }
    if (file.st_nlink > 1) {
        return "has another name too";
    }
    char *directory = file_directory_of(name);
    bool known = directory && stat(directory, &folder) == 0;
    free(directory);
    // As with the kernel's fs.protected_regular: who owns the folder may do with it what he likes.
    if (file.st_uid != geteuid() && !(known && file.st_uid == folder.st_uid)) {
        return "belongs to another user";
    }
    return NULL;
}

// One try to open NAME.partial: with `create` a new one, else or if there is one that one. STATUS_OK
// without a descriptor: it went meanwhile.
static enum status try_partial(struct file_output *output, bool create, struct error *error) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW;
    const char *name = output->partial;
    output->descriptor = open(name, flags | (create ? O_CREAT | O_EXCL : 0), 0666);
    if (create && output->descriptor >= 0) {
        return STATUS_OK;
    }
    if (create && errno == EEXIST) {
        output->descriptor = open(name, flags);
        if (output->descriptor < 0 && errno == ENOENT) {
            return STATUS_OK;
        }
    }
    const char *problem = output->descriptor >= 0 ? problem_of_partial(output->descriptor, name)
                          : errno == ELOOP        ? "is a symbolic link"
                                                  : strerror(errno);
    return problem ? error_set(error, STATUS_FAILURE, "cannot write '%s': %s", name, problem)
                   : STATUS_OK;
}

// Opens NAME.partial and holds its lock, so that two runs cannot write one file.
static enum status open_partial(struct file_output *output, bool create, struct error *error) {
    enum status status = file_partial_name(&output->partial, output->path, error);
    while (status == STATUS_OK) {
        status = try_partial(output, create, error);
        if (status != STATUS_OK || output->descriptor < 0) {
            continue;
        }
        if (file_is_locked_by_another(output->descriptor)) {
            return file_refuse_second_writer(output->partial, error);
        }
        if (file_has_name(output->descriptor, output->partial)) {
            return STATUS_OK;
        }
        close(output->descriptor);
    }
    return status;
}

static void output_release(struct file_output *output) {
    if (output->descriptor >= 0) {
        close(output->descriptor);
    }
    free(output->path);
    free(output->partial);
    *output = (struct file_output){.descriptor = -1};
}

static bool is_standard_output(const char *path) {
    return is_dash(path) || strcmp(path, "/dev/stdout") == 0;
}

static enum status open_standard_output(struct file_output *output, bool binary,
                                        struct error *error) {
    if (binary && isatty(STDOUT_FILENO)) {
        return error_set(error, STATUS_USAGE,
                         "standard output is a terminal; name a file with -o, or use a pipe");
    }
    output->descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (output->descriptor < 0) {
        return error_set(error, STATUS_FAILURE, "cannot write standard output: %s",
                         strerror(errno));
    }
    return STATUS_OK;
}

// The descriptor that a name stands for, as the shell hands it on; -1: none.
static int named_descriptor(const char *path) {
    static const char *const FOLDERS[] = {"/dev/fd/", "/proc/self/fd/"};
    if (strcmp(path, "/dev/stderr") == 0) {
        return STDERR_FILENO;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(FOLDERS); i++) {
        const char *number = path + strlen(FOLDERS[i]);
        if (strncmp(path, FOLDERS[i], strlen(FOLDERS[i])) == 0 && *number &&
            strspn(number, "0123456789") == strlen(number) && strlen(number) < 8) {
            return atoi(number);
        }
    }
    return -1;
}

// What is open already goes on where it stands: opened by its name, a file would be written from its
// beginning.
static int open_as_it_is(const char *path) {
    int descriptor = named_descriptor(path);
    return descriptor >= 0 ? fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
                           : open(path, O_WRONLY | O_CLOEXEC);
}

// Names of what is open already must not be renamed over, even where it is a regular file.
static bool is_descriptor_name(const char *path) {
    return strncmp(path, "/dev/fd/", 8) == 0 || strncmp(path, "/proc/", 6) == 0;
}

// A device that is no terminal, as /dev/null, takes what comes from everywhere.
bool file_is_standard_output(const char *path) {
    struct stat info;
    return is_standard_output(path) || named_descriptor(path) == STDOUT_FILENO ||
           (file_has_name(STDOUT_FILENO, path) && fstat(STDOUT_FILENO, &info) == 0 &&
            (!S_ISCHR(info.st_mode) || isatty(STDOUT_FILENO)));
}

bool file_is_replaced(const char *path) {
    struct stat info;
    return !is_standard_output(path) && named_descriptor(path) < 0 &&
           (stat(path, &info) != 0 || (S_ISREG(info.st_mode) && !is_descriptor_name(path)));
}

// Who may read what a file of ours replaces may read that, and nobody else.
static void keep_mode(const struct file_output *output, mode_t more) {
    struct stat info;
    if (stat(output->path, &info) == 0 && S_ISREG(info.st_mode) && info.st_uid == geteuid()) {
        fchmod(output->descriptor,
               (info.st_mode & 0777) | more); // where it fails, as if it were new
    }
}

enum status file_output_open(struct file_output *output, const char *path, bool binary,
                             struct error *error) {
    *output = (struct file_output){.descriptor = -1};
    if (is_standard_output(path)) {
        return open_standard_output(output, binary, error);
    }
    if (!*path) {
        return error_set(error, STATUS_USAGE, "cannot write '': an empty file name");
    }
    output->path = strdup(path);
    if (!output->path) {
        return error_set(error, STATUS_FAILURE, "cannot allocate a file name");
    }
    struct stat info;
    enum status status = STATUS_OK;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
        status = error_set(error, STATUS_FAILURE, "cannot write '%s': is a directory", path);
    } else if (!file_is_replaced(path)) {
        output->descriptor = open_as_it_is(path);
        if (output->descriptor < 0) {
            status = error_set(error, interrupt_status(), "cannot write '%s': %s", path,
                               strerror(errno));
        }
    } else {
        status = open_partial(output, true, error);
        if (status == STATUS_OK) {
            keep_mode(output, S_IRUSR | S_IWUSR); // and we can go on with it
        }
        if (status == STATUS_OK && ftruncate(output->descriptor, 0) != 0) {
            status = error_set(error, STATUS_FAILURE, "cannot write '%s': %s", output->partial,
                               strerror(errno));
            unlink(output->partial);
        }
    }
    if (status != STATUS_OK) {
        output_release(output);
    }
    return status;
}

enum status file_output_reopen(struct file_output *output, const char *path, uint64_t length,
                               struct error *error) {
    *output = (struct file_output){.descriptor = -1};
    if (is_dash(path)) {
        return error_set(error, STATUS_FAILURE, "cannot go on with standard output");
    }
    output->path = strdup(path);
    if (!output->path) {
        return error_set(error, STATUS_FAILURE, "cannot allocate a file name");
    }
    enum status status = open_partial(output, false, error);
    struct stat info;
    if (status == STATUS_OK &&
        (fstat(output->descriptor, &info) != 0 || (uint64_t)info.st_size < length)) {
        status = error_set(error, STATUS_DAMAGED, "cannot go on with '%s': shorter than %llu bytes",
                           output->partial, (unsigned long long)length);
    }
    if (status == STATUS_OK && (ftruncate(output->descriptor, (off_t)length) != 0 ||
                                lseek(output->descriptor, 0, SEEK_END) < 0)) {
        status = error_set(error, STATUS_FAILURE, "cannot go on with '%s': %s", output->partial,
                           strerror(errno));
    }
    if (status != STATUS_OK) {
        output_release(output);
        return status;
    }
    output->bytes = length;
    return STATUS_OK;
}

bool file_output_is_stream(const struct file_output *output) {
    return output->partial == NULL;
}

static enum status write_failed(const struct file_output *output, const char *name,
                                struct error *error) {
    bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    char room[96] = "";
    if (full && output->expected > 0) {
        snprintf(room, sizeof room, ", %.1f MB written of about %.1f MB",
                 (double)output->bytes / 1e6, (double)output->expected / 1e6);
    }
    enum status status = output->partial ? STATUS_FAILURE : interrupt_status();
    return error_set(error, status, "cannot write '%s': %s%s", name, strerror(errno), room);
}

// Has the disk begin with what is there to be written of a file that will be synced, so that it is
// not all left for the end. A wish, which nothing depends on.
static void begin_sync(struct file_output *output) {
#ifdef SYNC_FILE_RANGE_WRITE
    enum { BYTES_AT_ONCE = 4 << 20 };
    if (output->partial && output->bytes - output->begun >= BYTES_AT_ONCE) {
        sync_file_range(output->descriptor, (off_t)output->begun,
                        (off_t)(output->bytes - output->begun), SYNC_FILE_RANGE_WRITE);
        output->begun = output->bytes;
    }
#else
    (void)output;
#endif
}

// After a failed write: whether to try again, once there is room or a while later, since a signal may
// have been noted by then. A standard stream can have been made non-blocking by whoever shares it.
static bool try_again(int descriptor) {
    enum { MILLISECONDS = 100 };
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
        return poll(&ready, 1, MILLISECONDS) >= 0 || errno == EINTR;
    }
    return errno == EINTR;
}

// After a noted signal: whether a stream takes more, by the deadline at the latest. Its reader may stand
// still for good, or go on after a while, and then get what there is to say at the end.
static bool reader_goes_on(int descriptor, double deadline) {
    struct pollfd ready = {.fd = descriptor, .events = POLLOUT};
    int events;
    do {
        double left = deadline - clock_seconds();
        events = poll(&ready, 1, left > 0 ? (int)(left * 1000) + 1 : 0);
    } while (events < 0 && errno == EINTR);
    if (events == 0) {
        errno = EINTR;
    }
    return events > 0;
}

enum status file_output_write(struct file_output *output, const void *data, size_t length,
                              struct error *error) {
    enum { PATIENCE = 5 }; // seconds
    const uint8_t *bytes = data;
    while (length > 0) {
        size_t piece = length;
        if (output->partial == NULL && interrupt_pending()) {
            if (output->deadline == 0) {
                output->deadline = clock_seconds() + PATIENCE;
            }
            if (!reader_goes_on(output->descriptor, output->deadline)) {
                return write_failed(output, output_name(output), error);
            }
            piece = piece < PIPE_BUF ? piece : PIPE_BUF; // that much goes without waiting
        }
        ssize_t written = write(output->descriptor, bytes, piece);
        if (written < 0 && try_again(output->descriptor)) {
            continue;
        }
        if (written < 0) {
            return write_failed(output, output_name(output), error);
        }
        bytes += written;
        length -= (size_t)written;
        output->bytes += (uint64_t)written;
    }
    begin_sync(output);
    return STATUS_OK;
}

enum status file_output_sync(struct file_output *output, struct error *error) {
    if (output->partial && fsync(output->descriptor) != 0) {
        return write_failed(output, output->partial, error);
    }
    return STATUS_OK;
}

// Renamed under the lock of the partial file. Of a file that is held, both the old one's lock and the
// new one's are ours at that moment: nobody else can come between.
static enum status take_name(struct file_output *output, struct error *error) {
    int old = -1;
    enum status status = STATUS_OK;
    if (output->hold && !(*output->hold >= 0 && file_has_name(*output->hold, output->path))) {
        status = file_hold(&old, output->path, error);
    }
    if (status == STATUS_OK) {
        keep_mode(output, 0);
    }
    if (status == STATUS_OK && rename(output->partial, output->path) != 0) {
        status = error_set(error, STATUS_FAILURE, "cannot rename '%s' to '%s': %s", output->partial,
                           output->path, strerror(errno));
    } else if (status == STATUS_OK) {
        file_sync_directory_of(output->path);
    }
    file_let_go(&old);
    return status;
}

enum status file_output_commit(struct file_output *output, struct error *error) {
    enum status status = file_output_sync(output, error);
    if (status == STATUS_OK && output->partial) {
        status = take_name(output, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    int descriptor = output->descriptor;
    bool held = output->hold && output->partial;
    output->descriptor = -1;
    free(output->partial); // another one's from here on
    output->partial = NULL;
    if (held) {
        file_let_go(output->hold);
        *output->hold = descriptor;
    } else if (close(descriptor) != 0) {
        return write_failed(output, output_name(output), error);
    }
    output_release(output);
    return STATUS_OK;
}

void file_output_abandon(struct file_output *output, bool keep) {
    if (output->partial && !keep) {
        unlink(output->partial);
    }
    output_release(output);
}
