// How many threads compute, and how they wait for each other.
#ifndef DLT_BASE_THREADS_H
#define DLT_BASE_THREADS_H

#include <stdint.h>

// Processors that this process may use; 1 without OpenMP.
int64_t threads_available(void);

// Has parallel regions use `count` threads. To be called before anything was read or opened: with
// more than one thread it starts the program anew, as `argv` (ends with NULL), with the environment
// variables that say how threads wait, unless one of them is set. Changes no result.
void threads_start(int64_t count, char **argv);

#endif
