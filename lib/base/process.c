#define _GNU_SOURCE
#include "lib/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"

// ---- Starting --------------------------------------------------------------------------------

// A copy of the environment in which PATH begins with `directory`. The array and its last string,
// the new PATH, are the caller's; the other strings are shared.
static enum status environment_copy(const char *directory, char ***copy, char **path,
                                    struct error *error) {
    size_t count = 0, length;
    while (environ[count]) {
        count++;
    }
    const char *old = getenv("PATH");
    old = old && *old ? old : "/usr/bin:/bin";
    length = strlen(directory) + strlen(old) + sizeof "PATH=:";
    *copy = calloc(count + 2, sizeof **copy);
    *path = malloc(length);
    if (!*copy || !*path) {
        return error_set(error, STATUS_FAILURE, "cannot allocate an environment");
    }
    snprintf(*path, length, "PATH=%s:%s", directory, old);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(environ[i], "PATH=", 5) != 0) {
            (*copy)[kept++] = environ[i];
        }
    }
    (*copy)[kept] = *path;
    return STATUS_OK;
}

// Own group, and no signal ignored or blocked that we may ignore or block.
static int attributes_set(posix_spawnattr_t *attributes) {
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGXFSZ);
    int failed = posix_spawnattr_setpgroup(attributes, 0);
    failed = failed ? failed : posix_spawnattr_setsigmask(attributes, &none);
    failed = failed ? failed : posix_spawnattr_setsigdefault(attributes, &defaults);
    return failed ? failed
                  : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                                             POSIX_SPAWN_SETSIGMASK |
                                                             POSIX_SPAWN_SETSIGDEF);
}

// Returns 0 or an error number, as posix_spawn does.
static int spawn(pid_t *pid, const char *command, int input, int output, char **environment) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) {
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    char *words[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    failed = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    failed = failed ? failed : posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    failed = failed ? failed : attributes_set(&attributes);
    failed =
        failed ? failed : posix_spawn(pid, "/bin/sh", &actions, &attributes, words, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

static void close_if_open(int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

// A pipe none of whose ends is 0 to 2, where dup2 would find them already in place and leave them
// marked to be closed: a program that is started without standard streams has these numbers free.
static int pipe_open(int ends[2]) {
    int raw[2], failed = 0;
    if (pipe2(raw, O_CLOEXEC) < 0) {
        return errno;
    }
    for (int i = 0; i < 2; i++) {
        ends[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        failed = ends[i] < 0 ? errno : failed;
        close(raw[i]);
    }
    return failed;
}

enum status process_start(struct process *process, const char *command, const char *directory,
                          struct error *error) {
    *process = (struct process){.input = -1, .output = -1};
    int to_child[2] = {-1, -1}, from_child[2] = {-1, -1};
    char **environment = NULL, *path = NULL;
    enum status status = STATUS_OK;
    if (directory) {
        status = environment_copy(directory, &environment, &path, error);
    }
    if (status == STATUS_OK) {
        int failed = pipe_open(to_child);
        failed = failed ? failed : pipe_open(from_child);
        if (!failed && fcntl(to_child[1], F_SETFL, O_NONBLOCK) < 0) {
            failed = errno;
        }
        failed = failed ? failed
                        : spawn(&process->pid, command, to_child[0], from_child[1],
                                directory ? environment : environ);
        if (failed) {
            process->pid = 0;
            status = error_set(error, STATUS_FAILURE, "cannot start '%s': %s", command,
                               strerror(failed));
        }
    }
    if (status == STATUS_OK) {
        process->input = to_child[1];
        process->output = from_child[0];
        to_child[1] = from_child[0] = -1;
    }
    for (int i = 0; i < 2; i++) {
        close_if_open(&to_child[i]);
        close_if_open(&from_child[i]);
    }
    free(environment);
    free(path);
    return status;
}

bool process_has_spoken(const struct process *process) {
    struct pollfd entry = {.fd = process->output, .events = POLLIN};
    return poll(&entry, 1, 0) > 0 && (entry.revents & POLLIN);
}

// ---- Ending ----------------------------------------------------------------------------------

static void describe_end(const siginfo_t *info, char *text, size_t size) {
    if (info->si_code == CLD_EXITED) {
        snprintf(text, size, "exited with status %d", info->si_status);
    } else {
        snprintf(text, size, "was killed by signal %d", info->si_status);
    }
}

// WNOWAIT leaves the child a zombie, so that its number, and its group's, stay its own.
bool process_wait(const struct process *process, double seconds, char *text, size_t size) {
    double deadline = clock_seconds() + seconds;
    long pause = 500000; // nanoseconds, doubled up to 16 ms
    *text = '\0';
    for (;;) {
        siginfo_t info = {0};
        if (process->pid == 0 ||
            waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
            snprintf(text, size, "is gone");
            return true;
        }
        if (info.si_pid != 0) {
            describe_end(&info, text, size);
            return true;
        }
        if (clock_seconds() >= deadline) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        pause = pause < 16000000 ? 2 * pause : pause;
    }
}

void process_end(struct process *process, double grace) {
    if (process->pid == 0) {
        return;
    }
    char text[64];
    close_if_open(&process->input);
    close_if_open(&process->output);
    process_wait(process, grace, text, sizeof text);
    kill(-process->pid, SIGKILL); // the child itself, and what it may have left behind
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    process->pid = 0;
}
