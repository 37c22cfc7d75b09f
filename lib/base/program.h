// The front door of every tool: --help, --version, the common options, and the one line on failure.
// This is the only file of the library that prints to standard output or exits.
//
//     static const struct option OPTIONS[] = {...};
//     static const struct program PROGRAM = {.name = "dlt-cat", ..., .options = OPTIONS};
//     int main(int argc, char **argv) {
//         struct common_options common;
//         struct operands operands;
//         program_start(&PROGRAM, argc, argv, &common, &operands);
//         ...
//         return program_finish(status, &error);
//     }
#ifndef DLT_BASE_PROGRAM_H
#define DLT_BASE_PROGRAM_H

#include "lib/base/options.h"

struct program {
    const char *name;             // "dlt-cat", or "dlt-tokenize encode" for a command of a tool
    const char *summary;          // one sentence
    const char *usage;            // the words behind the name, e.g. "[OPTION...] [FILE...]"
    const struct option *options; // ends with a NULL name
    const char *operands;         // lines on what they are, under a heading; NULL: usage says it
    const char *examples;         // runnable lines, each indented by two blanks
    bool output;                  // takes -o FILE
    bool threads;                 // computes with --threads N, which all take
    bool own_threads;             // makes these threads itself, without OpenMP
};

struct common_options {
    const char *output; // NULL: standard output
    int64_t threads;    // at least 1; never changes a result
    bool quiet, verbose;
};

// Parses the command line; prints help or the version and exits where asked to; on a usage error
// prints it, names --help and exits 2. Sets the number of OpenMP threads where the program uses it.
void program_start(const struct program *program, int argc, char **argv,
                   struct common_options *common, struct operands *operands);

// After that: how often the command line gave the option of this name.
size_t program_given(const char *option);

// The command named by argv[1] of a tool with several; handles `TOOL --help` and `--version`, and
// exits 2 on an unknown or missing one. `programs` ends with a NULL name; the names are
// "TOOL COMMAND". The command then gets program_start(command, argc - 1, argv + 1, ...).
const struct program *program_select(const struct program *programs, const char *summary, int argc,
                                     char **argv);

// For errors found after parsing: one line on standard error; returns the exit status.
int program_finish(enum status status, const struct error *error);

extern const char PROGRAM_VERSION[];

// SIGINT and SIGTERM: noted, not acted on. Returns the signal, or 0. The first one is left to the
// program to finish what it is doing; one that comes some seconds later ends the process.
void interrupt_install(void);
int interrupt_pending(void);
// STATUS_INTERRUPTED once a signal is pending: for loops that have nothing to finish.
enum status interrupt_check(struct error *error);
// Of a call that failed: STATUS_INTERRUPTED where a noted signal ended its wait, by errno, else
// STATUS_FAILURE.
enum status interrupt_status(void);

#endif
