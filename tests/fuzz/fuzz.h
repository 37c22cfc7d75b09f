// A fuzz target is a file tests/fuzz/NAME.c with fuzz_one(), a folder tests/fuzz/NAME with the inputs
// to begin with, and a line "FUZZ_ROOM_NAME := room" in pipelines/6-fuzz.mk. `make fuzz` has libFuzzer
// look for new inputs; the tests only try those that are there (replay.c).
#ifndef DLT_TESTS_FUZZ_FUZZ_H
#define DLT_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/status.h"

// Tries one input; returns normally whatever the input is.
void fuzz_one(const uint8_t *data, size_t size);

// What must hold for every input.
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

// One of 0 .. n - 1 by the input's hash: where all that could be tried is slow, each input tries a part
// of it. libFuzzer gives an input one turn; the tests give it fuzz_turns, the largest n so far, in
// which it tries every part.
unsigned fuzz_pick(unsigned n, const uint8_t *data, size_t size);
extern unsigned fuzz_turn, fuzz_turns;

// A call succeeded, or failed with one of the `allowed` and one line that says why.
#define FUZZ_MAY(status) (1U << (status))
void fuzz_check_outcome(enum status status, const struct error *error, unsigned allowed);

// A file in memory: a path for functions that read one, or write one over it where it is empty.
struct fuzz_file {
    int descriptor;
    char path[32];
};
struct fuzz_file fuzz_file_open(const void *data, size_t size);
void fuzz_file_close(struct fuzz_file *file);

#endif
