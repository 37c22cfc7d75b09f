#define _GNU_SOURCE
#include "lib/base/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/file.h"

// Tried for a second: a process that was killed while it started another leaves its locks to that
// one until it runs. A file system without locks is no reason to refuse.
bool file_is_locked_by_another(int descriptor) {
    enum { TRIES = 100, NANOSECONDS = 10000000 };
    for (int i = 0; i < TRIES; i++) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = NANOSECONDS}, NULL);
    }
    return true;
}

enum status file_refuse_second_writer(const char *path, struct error *error) {
    return error_set(error, STATUS_FAILURE, "cannot write '%s': another process is writing it",
                     path);
}

bool file_has_name(int descriptor, const char *name) {
    struct stat ours, named;
    return fstat(descriptor, &ours) == 0 && stat(name, &named) == 0 &&
           ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

enum status file_hold(int *hold, const char *path, struct error *error) {
    *hold = -1;
    for (;;) {
        int descriptor = open(path, O_RDWR | O_CLOEXEC); // NFS locks only what could be written
        if (descriptor < 0 && (errno == EACCES || errno == EROFS)) {
            descriptor = open(path, O_RDONLY | O_CLOEXEC); // as good on other file systems
        }
        if (descriptor < 0) {
            return STATUS_OK; // if it is there, whoever uses it will say what is wrong with it
        }
        if (file_is_locked_by_another(descriptor)) {
            close(descriptor);
            return file_refuse_second_writer(path, error);
        }
        if (file_has_name(descriptor, path)) {
            *hold = descriptor;
            return STATUS_OK;
        }
        close(descriptor);
    }
}

void file_let_go(int *hold) {
    if (*hold >= 0) {
        close(*hold);
        *hold = -1;
    }
}

// A name lives in its directory. Some file systems cannot sync one; what changed it was checked.
void file_sync_directory_of(const char *path) {
    char *name = file_directory_of(path);
    int directory = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory >= 0) {
        fsync(directory);
        close(directory);
    }
    free(name);
}

void file_remove(const char *path) {
    unlink(path);
    file_sync_directory_of(path);
}
