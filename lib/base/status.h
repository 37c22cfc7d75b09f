// Status codes and error messages.
//
// A library function that can fail returns `enum status` and takes a `struct error *` as its last
// parameter; on failure the message says, in one line without a final full stop or line end, what
// could not be done, to what, and why. The library never prints and never exits: tools do, with
// program_finish() (program.h). The codes are the programs' exit statuses.
#ifndef DLT_BASE_STATUS_H
#define DLT_BASE_STATUS_H

#include <stdarg.h>

enum status {
    STATUS_OK = 0,
    STATUS_FAILURE = 1,       // the system said no: a missing file, a full disk, no memory
    STATUS_USAGE = 2,         // the command line is wrong
    STATUS_DAMAGED = 3,       // an input is damaged, truncated, or not of the format asked for
    STATUS_AGENT = 4,         // the agent died, hung, or answered nonsense
    STATUS_INTERRUPTED = 128, // a noted signal ended it: the exit status is 128 + its number
};

struct error {
    char message[1024]; // one line; empty while nothing failed
};

// Writes the message and returns `status`, so that a failure is one statement:
//     return error_set(error, STATUS_DAMAGED, "cannot read tokens '%s': %s", path, why);
// What no terminal should be sent is shown as '?', since parts of the message may come from a file.
__attribute__((format(printf, 3, 4))) enum status error_set(struct error *error, enum status status,
                                                            const char *format, ...);
#ifdef __clang_analyzer__ // which looks at one file at a time: that a failure stays one
#define error_set(error, status, ...) ((error_set)(error, status, __VA_ARGS__), status)
#endif

// Puts "CONTEXT: " before the message that a failed call left, and returns `status`.
__attribute__((format(printf, 3, 4))) enum status
error_prefix(struct error *error, enum status status, const char *format, ...);

#endif
