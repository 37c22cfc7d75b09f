// fault.so, to be preloaded: a process that dies, or a disk that fails, at a chosen call.
//
//     LD_PRELOAD=fault.so FAULT_PROGRAM=dlt-train FAULT=kill:17 dlt-train ...
//
// Only the program that FAULT_PROGRAM names is hit, not what it starts. FAULT is one of
//     kill:N         SIGKILL in place of the N-th call
//     stop:N[:M]     SIGSTOP before the N-th call, and the M-th, until somebody sends SIGCONT
//     fail:N:ERRNO   the N-th call fails with that number
//     ever:N:ERRNO   and so does every later one
//     short          a write takes at most a third of what it is given, and every other call fails
//                    with EINTR before
//     room:BYTES     the files of the working folder, and those without a name that are still open,
//                    find room for so many bytes
// The calls that are counted open a file to be written, write it, cut it, sync, rename, remove and
// close it; for a kill and a stop also those that read and write pipes. A fault that happened leaves its
// mark: the file that FAULT_MARK names is there, and holds the number of the process.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    enum { NONE, KILL, STOP, FAIL, EVER, SHORT, ROOM } kind;
    long number; // of the call, or the bytes of ROOM
    int other;   // the error's number, or that of another call
    const char *mark;
    long calls; // so far
} fault;

#define REAL(name) ((__typeof__(name) *)real(#name))

static void *real(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void configure(void) {
    static const char *const KINDS[] = {"none", "kill", "stop", "fail", "ever", "short", "room"};
    const char *text = getenv("FAULT"), *program = getenv("FAULT_PROGRAM");
    char kind[8] = "";
    if (!text || !program || strcmp(program, program_invocation_short_name) != 0) {
        return;
    }
    int fields = sscanf(text, "%7[a-z]:%ld:%d", kind, &fault.number, &fault.other);
    for (int i = 0; fields > 0 && i <= ROOM; i++) {
        fault.kind = strcmp(kind, KINDS[i]) == 0 ? (__typeof__(fault.kind))i : fault.kind;
    }
    fault.mark = getenv("FAULT_MARK");
}

static void leave_mark(void) {
    if (!fault.mark) {
        return;
    }
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    int descriptor = REAL(open)(fault.mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (REAL(write)(descriptor, text, (size_t)length) != length) {
        abort();
    }
    REAL(close)(descriptor);
}

// Whether calls count that change no file.
static bool all_count(void) {
    return fault.kind == KILL || fault.kind == STOP;
}

// Counts a call; true if it is to fail, with errno set.
static bool is_hit(void) {
    long call = __atomic_add_fetch(&fault.calls, 1, __ATOMIC_RELAXED);
    bool hit = false;
    switch (fault.kind) {
    case KILL:
    case STOP:
        if (call == fault.number || (fault.kind == STOP && call == fault.other)) {
            leave_mark();
            kill(getpid(), fault.kind == KILL ? SIGKILL : SIGSTOP);
        }
        return false;
    case FAIL:
        hit = call == fault.number;
        break;
    case EVER:
        hit = call >= fault.number;
        break;
    default:
        return false;
    }
    if (hit) {
        leave_mark();
        errno = fault.other;
    }
    return hit;
}

// Whether it is a file of the program's: LLVM's OpenMP has one of its own in /dev/shm.
static bool is_file(int descriptor) {
    static const char ELSEWHERE[] = "/dev/shm/";
    struct stat info;
    char link[32], name[sizeof ELSEWHERE] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode) &&
           (readlink(link, name, sizeof name - 1) < 0 || strcmp(name, ELSEWHERE) != 0);
}

static bool is_written(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

// ---- Room ------------------------------------------------------------------------------------

// Bytes of the regular files of a folder; of /proc/self/fd, of those that have no name any more.
static long folder_bytes(const char *folder, bool nameless) {
    DIR *entries = opendir(folder);
    long bytes = 0;
    for (struct dirent *e = entries ? readdir(entries) : NULL; e; e = readdir(entries)) {
        struct stat info;
        if (fstatat(dirfd(entries), e->d_name, &info, 0) == 0 && S_ISREG(info.st_mode) &&
            (info.st_nlink == 0) == nameless) {
            bytes += info.st_size;
        }
    }
    if (entries) {
        closedir(entries);
    }
    return bytes;
}

static ssize_t write_where_room(int descriptor, const void *data, size_t length) {
    long left = fault.number - folder_bytes(".", false) - folder_bytes("/proc/self/fd", true);
    if (left <= 0) {
        leave_mark();
        errno = ENOSPC;
        return -1;
    }
    return REAL(write)(descriptor, data, length < (size_t)left ? length : (size_t)left);
}

// ---- The calls -------------------------------------------------------------------------------

ssize_t write(int descriptor, const void *data, size_t length) {
    bool file = is_file(descriptor);
    if ((file || all_count()) && is_hit()) {
        return -1;
    }
    if (file && fault.kind == ROOM) {
        return write_where_room(descriptor, data, length);
    }
    if (fault.kind == SHORT && length > 0) {
        static _Thread_local bool interrupted;
        interrupted = !interrupted;
        if (interrupted) {
            leave_mark();
            errno = EINTR;
            return -1;
        }
        length = (length + 2) / 3;
    }
    return REAL(write)(descriptor, data, length);
}

ssize_t read(int descriptor, void *data, size_t capacity) {
    if (all_count() && !is_file(descriptor)) {
        is_hit();
    }
    if (fault.kind == SHORT && capacity > 1) {
        static _Thread_local bool interrupted;
        interrupted = !interrupted;
        if (interrupted) {
            errno = EINTR;
            return -1;
        }
        capacity = (capacity + 2) / 3;
    }
    return REAL(read)(descriptor, data, capacity);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if ((flags & O_ACCMODE) != O_RDONLY && is_hit()) {
        return -1;
    }
    return REAL(open)(path, flags, mode);
}

int close(int descriptor) {
    bool hit = is_file(descriptor) && is_written(descriptor) && is_hit();
    int failure = errno, result = REAL(close)(descriptor);
    if (hit) {
        errno = failure;
    }
    return hit ? -1 : result;
}

int fsync(int descriptor) {
    return is_hit() ? -1 : REAL(fsync)(descriptor);
}

int ftruncate(int descriptor, off_t length) {
    return is_file(descriptor) && is_hit() ? -1 : REAL(ftruncate)(descriptor, length);
}

int rename(const char *from, const char *to) {
    return is_hit() ? -1 : REAL(rename)(from, to);
}

int unlink(const char *path) {
    if (all_count()) { // the worst disk lets files go
        is_hit();
    }
    return REAL(unlink)(path);
}
