#define _GNU_SOURCE
#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/utf8.h"

// Standard error is one per process, and so is what is known of it.
static struct {
    const char *program;
    int verbosity;
    bool progress;
    bool bar_shown;
} talk = {.program = "dlt"};

enum { BAR_WIDTH = 24 };
static const double REDRAW_SECONDS = 0.2;

void log_configure(const char *program, int verbosity, int progress) {
    talk.program = program;
    talk.verbosity = verbosity;
    talk.progress = progress > 0 || (progress < 0 && verbosity >= 0 && isatty(STDERR_FILENO));
}

const char *log_program(void) {
    return talk.program;
}

double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void bar_clear(void) {
    if (talk.bar_shown) {
        fputs("\r\033[K", stderr);
        talk.bar_shown = false;
    }
}

// One line, whatever bytes a file's name or content put in it.
static void print_line(const char *prefix, const char *format, va_list arguments) {
    char *line = NULL;
    if (vasprintf(&line, format, arguments) < 0) {
        return;
    }
    utf8_make_printable(line);
    bar_clear();
    fprintf(stderr, "%s%s%s\n", prefix ? prefix : "", prefix ? ": " : "", line);
    free(line);
}

#define PRINT_UNLESS_BELOW(level, prefix)                                                          \
    do {                                                                                           \
        if (talk.verbosity >= (level)) {                                                           \
            va_list arguments;                                                                     \
            va_start(arguments, format);                                                           \
            print_line(prefix, format, arguments);                                                 \
            va_end(arguments);                                                                     \
        }                                                                                          \
    } while (0)

void log_failure(const char *format, ...) {
    PRINT_UNLESS_BELOW(-1, talk.program);
}

void log_warning(const char *format, ...) {
    PRINT_UNLESS_BELOW(0, talk.program);
}

void log_info(const char *format, ...) {
    PRINT_UNLESS_BELOW(0, talk.program);
}

void log_verbose(const char *format, ...) {
    PRINT_UNLESS_BELOW(1, talk.program);
}

void log_line(const char *format, ...) {
    PRINT_UNLESS_BELOW(0, NULL);
}

void progress_start(struct progress *progress, const char *label, double total, double initial) {
    *progress = (struct progress){
        .label = label, .total = total, .started = clock_seconds(), .initial = initial};
}

static void format_duration(char *text, size_t size, double seconds) {
    long s = seconds < 1e9 ? (long)(seconds + 0.5) : 1000000000;
    if (s >= 3600) {
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
    }
}

void progress_update(struct progress *progress, double done, const char *detail) {
    double now = clock_seconds();
    if (!talk.progress || now - progress->drawn < REDRAW_SECONDS) {
        return;
    }
    progress->drawn = now;
    const char *gap = detail && *detail ? "  " : "";
    detail = detail ? detail : "";
    bar_clear();
    if (progress->total > 0) {
        double share = done < progress->total ? done / progress->total : 1;
        char bar[BAR_WIDTH + 1];
        int filled = (int)(share * BAR_WIDTH);
        memset(bar, '-', BAR_WIDTH);
        memset(bar, '#', (size_t)filled);
        bar[BAR_WIDTH] = '\0';
        char left[32] = "?";
        double advanced = done - progress->initial;
        if (advanced > 0) {
            double rest = progress->total > done ? progress->total - done : 0;
            format_duration(left, sizeof left, (now - progress->started) / advanced * rest);
        }
        fprintf(stderr, "%s [%s] %3.0f%%  %s left%s%s", progress->label, bar, 100 * share, left,
                gap, detail);
    } else {
        char spent[32];
        format_duration(spent, sizeof spent, now - progress->started);
        fprintf(stderr, "%s %s%s%s", progress->label, spent, gap, detail);
    }
    fflush(stderr);
    talk.bar_shown = true;
}

void progress_finish(struct progress *progress) {
    (void)progress;
    bar_clear();
    fflush(stderr);
}
