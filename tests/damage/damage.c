// Every byte of a file changed, and every length that it can be cut to, each time read as the tools
// read it: the same content as before, or STATUS_DAMAGED in one line. Nothing else, and no crash.
//
//   damage KIND FILE [OTHER]     KIND as in readers.c; OTHER: what that reader needs besides
//   damage KIND FOLDER [OTHER]   reads each file there as it is: taken, refused, or too large; no crash
//
// All is tried in a process of its own. Prints what was tried and exits 0, or the first case that went
// wrong and exits 1.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "tests/damage/readers.h"

enum { BITS_OF_EACH = 64, SECONDS_A_CASE = 20, FILE_MAX = 1 << 24 };

// Shared with the process that tries the cases: which one it is at.
struct progress {
    char what[128];
    size_t place;
    unsigned change;
    size_t flips, lengths, unnoticed, files;
};

struct trial {
    const struct damage_reader *reader;
    const char *other, *folder;
    struct buffer bytes;
    char path[32]; // of the damaged file, in memory
    int descriptor;
    uint64_t digest; // of the undamaged content
    struct progress *at;
};

static const char *const MESSAGE = "damage: %s: %s %zu (%02x): %s\n";

_Noreturn static void fail(const struct trial *t, const char *why) {
    printf(MESSAGE, t->reader->kind, t->at->what, t->at->place, t->at->change, why);
    fflush(stdout);
    _exit(1);
}

// A case that never ends is ended; one that waits for a busy machine is not.
static void limit_case(void) {
    setitimer(ITIMER_PROF, &(struct itimerval){.it_value = {.tv_sec = SECONDS_A_CASE}}, NULL);
}

// Reads the file as it is now. False: it was refused.
static bool try_file(const struct trial *t) {
    struct error error = {0};
    uint64_t digest = 0;
    limit_case();
    enum status status = t->reader->read(t->path, t->other, &digest, &error);
    if (status == STATUS_DAMAGED && error.message[0] && !strchr(error.message, '\n')) {
        return false;
    }
    if (status != STATUS_OK) {
        char why[1200];
        snprintf(why, sizeof why, "status %d, '%s'", (int)status, error.message);
        fail(t, why);
    }
    if (digest != t->digest && t->reader->checked) {
        fail(t, "taken for whole, with other content");
    }
    return true;
}

static void put(const struct trial *t, size_t at, const void *data, size_t length) {
    if (pwrite(t->descriptor, data, length, (off_t)at) != (ssize_t)length) {
        fail(t, "cannot write");
    }
}

static void flip(struct trial *t, size_t at, unsigned change) {
    uint8_t byte = (uint8_t)(t->bytes.data[at] ^ change);
    t->at->place = at;
    t->at->change = change;
    put(t, at, &byte, 1);
    t->at->unnoticed += try_file(t);
    t->at->flips++;
    put(t, at, t->bytes.data + at, 1);
}

// All bits of each of the first bytes, where the formats have their marks; of the others one bit, a
// different one for each, and all of them at once.
static void flip_all(struct trial *t) {
    strcpy(t->at->what, "changed byte");
    for (size_t i = 0; i < t->bytes.length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            if (i < BITS_OF_EACH || i * 5 % 8 == (size_t)bit) {
                flip(t, i, 1U << bit);
            }
        }
        flip(t, i, 0xff);
    }
}

static void cut_all(struct trial *t) {
    strcpy(t->at->what, "cut to");
    t->at->change = 0;
    for (size_t length = t->bytes.length; length-- > 0;) {
        t->at->place = length;
        if (ftruncate(t->descriptor, (off_t)length) != 0) {
            fail(t, "cannot cut");
        }
        if (try_file(t) && t->reader->checked) {
            fail(t, "taken for whole");
        }
        t->at->lengths++;
    }
}

static void try_all(struct trial *t) {
    struct error error = {0};
    t->descriptor = memfd_create("damaged", MFD_CLOEXEC);
    snprintf(t->path, sizeof t->path, "/proc/self/fd/%d", t->descriptor);
    put(t, 0, t->bytes.data, t->bytes.length);
    strcpy(t->at->what, "unchanged byte");
    if (t->reader->read(t->path, t->other, &t->digest, &error) != STATUS_OK) {
        fail(t, error.message);
    }
    flip_all(t);
    cut_all(t);
    if (t->reader->checked &&
        t->at->unnoticed > 32) { // the window size, and bits that zstd ignores
        fail(t, "too many changes were not noticed");
    }
}

// Files whose digests are right, whatever they say: a network too large is no damage.
static void try_folder(struct trial *t) {
    struct dirent **names;
    int count = scandir(t->folder, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        struct error error = {0};
        char path[512];
        uint64_t digest;
        snprintf(path, sizeof path, "%s/%s", t->folder, names[i]->d_name);
        snprintf(t->at->what, sizeof t->at->what, "%.100s, number", names[i]->d_name);
        free(names[i]);
        if (file_base_name(path)[0] == '.') {
            continue;
        }
        t->at->place = ++t->at->files;
        limit_case();
        enum status status = t->reader->read(path, t->other, &digest, &error);
        bool too_large = status == STATUS_FAILURE && (strstr(error.message, "the network needs") ||
                                                      strstr(error.message, "cannot allocate"));
        if ((status != STATUS_OK && status != STATUS_DAMAGED && !too_large) ||
            strchr(error.message, '\n')) {
            fail(t, error.message);
        }
    }
    free(names);
}

static int run(struct trial *t) {
    omp_set_num_threads(1); // a second one would only wait
    pid_t child = fork();
    int ended = 0;
    if (child == 0) {
        (t->folder ? try_folder : try_all)(t);
        _exit(0);
    }
    waitpid(child, &ended, 0);
    if (WIFSIGNALED(ended)) {
        printf(MESSAGE, t->reader->kind, t->at->what, t->at->place, t->at->change,
               strsignal(WTERMSIG(ended)));
        return 1;
    }
    return WEXITSTATUS(ended);
}

static int usage(void) {
    fprintf(stderr, "usage: damage KIND FILE [OTHER]; kinds:");
    for (const struct damage_reader *r = DAMAGE_READERS; r->kind; r++) {
        fprintf(stderr, " %s", r->kind);
    }
    fprintf(stderr, "\n");
    return 2;
}

static bool read_all(struct trial *t, const char *path) {
    struct error error = {0};
    struct file_input input;
    enum status status = file_input_open(&input, path, &error);
    if (status == STATUS_OK) {
        status = file_input_read_all(&input, &t->bytes, FILE_MAX, &error);
        file_input_close(&input);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "damage: %s\n", error.message);
    }
    return status == STATUS_OK;
}

int main(int argc, char **argv) {
    struct trial t = {.reader = DAMAGE_READERS, .other = argc > 3 ? argv[3] : NULL};
    while (argc > 2 && t.reader->kind && strcmp(t.reader->kind, argv[1]) != 0) {
        t.reader++;
    }
    if (argc < 3 || !t.reader->kind) {
        return usage();
    }
    struct stat info;
    if (stat(argv[2], &info) == 0 && S_ISDIR(info.st_mode)) {
        t.folder = argv[2];
    } else if (!read_all(&t, argv[2])) {
        return 2;
    }
    t.at = mmap(NULL, sizeof *t.at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = t.at == MAP_FAILED ? 2 : run(&t);
    if (status == 0 && t.folder) {
        printf("%s: %zu files\n", argv[1], t.at->files);
        status = t.at->files == 0;
    } else if (status == 0) {
        printf("%s, %zu bytes: %zu changes, %zu of them without effect; %zu lengths\n", argv[1],
               t.bytes.length, t.at->flips, t.at->unnoticed, t.at->lengths);
    }
    buffer_free(&t.bytes);
    return status;
}
