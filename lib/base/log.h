// Talk on standard error: messages and a progress bar. Data never goes this way.
#ifndef DLT_BASE_LOG_H
#define DLT_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

// Set once by program_start().
void log_configure(const char *program, int verbosity, int progress); // -1 quiet, 0, 1 verbose
const char *log_program(void);

// One line, "PROGRAM: MESSAGE". A failure that the program goes on after is always told, warnings
// unless --quiet, notes only with --verbose.
__attribute__((format(printf, 1, 2))) void log_failure(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *format, ...); // unless --quiet
__attribute__((format(printf, 1, 2))) void log_verbose(const char *format, ...);
// A line as it is, without the program's name: tables and step lines. Unless --quiet.
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);

// A bar with the time left, redrawn at most five times a second, on a terminal only (or where
// --progress asks for it). Lines logged meanwhile appear above it.
struct progress {
    const char *label;
    double total; // 0 where the end is not known
    double started;
    double drawn;   // time of the last drawing
    double initial; // how much was already done at the start (a resumed run)
};
void progress_start(struct progress *progress, const char *label, double total, double initial);
// `detail` is shown behind the bar; may be NULL.
void progress_update(struct progress *progress, double done, const char *detail);
void progress_finish(struct progress *progress); // takes the bar away

double clock_seconds(void); // monotonic

#endif
