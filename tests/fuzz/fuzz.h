// A fuzz target is a file tests/fuzz/NAME.c with fuzz_one(), a folder tests/fuzz/NAME with the inputs
// to begin with, and a line "FUZZ_ROOM_NAME := room" in pipelines/6-fuzz.mk. `make fuzz` has libFuzzer
// look for new inputs; the tests only try those that are there (replay.c).
#ifndef DLT_TESTS_FUZZ_FUZZ_H
#define DLT_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

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

// The input as a file: a path for functions that read one. Closed by fuzz_file_close().
struct fuzz_file {
    int descriptor;
    char path[32];
};
struct fuzz_file fuzz_file_open(const uint8_t *data, size_t size);
void fuzz_file_close(struct fuzz_file *file);

#endif
