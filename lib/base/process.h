// A child process with a pipe to its standard input and one from its standard output.
//
// Its standard error is ours. It is in a process group of its own: an interrupt from the terminal
// goes to us alone, and everything that the command started can be ended together.
#ifndef DLT_BASE_PROCESS_H
#define DLT_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/status.h"

struct process {
    pid_t pid;  // 0: none
    int input;  // what is written here, the child reads; -1: closed. Does not block.
    int output; // what the child writes, is read here; -1: closed
};

// Runs `command` with /bin/sh -c. `directory`, unless NULL, comes first in the child's PATH.
enum status process_start(struct process *process, const char *command, const char *directory,
                          struct error *error);
// Waits up to `seconds` for the child to end and says how it did: "exited with status 3", "was
// killed by signal 9". False, and text empty: it is still running.
bool process_wait(const struct process *process, double seconds, char *text, size_t size);
// Whether it has written something that was not read yet.
bool process_has_spoken(const struct process *process);
// Closes both pipes, gives the child `grace` seconds to end, kills whatever is left of its group,
// and reaps it. A process that was never started is fine.
void process_end(struct process *process, double grace);

#endif
