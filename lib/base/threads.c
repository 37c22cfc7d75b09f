#define _GNU_SOURCE
#include "lib/base/threads.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

int64_t threads_available(void) {
#ifdef _OPENMP
    return omp_get_num_procs();
#else
    return 1;
#endif
}

#ifdef _OPENMP
// By default a waiting thread spins for milliseconds before it sleeps. Where the processors have
// other work too, it so takes the time of the very thread that it waits for: training was measured
// at a tenth of its speed. Some microseconds are enough for the waits between two operations. The
// runtimes (GNU's, LLVM's) read these variables before main() and offer no call for it.
static void limit_spinning(char **argv) {
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT") ||
        getenv("KMP_BLOCKTIME")) {
        return;
    }
    path[length] = '\0';
    // Started by the loader's name, as in "ld.so TOOL OPTION...", that is what would be started again.
    if (strncmp(strrchr(path, '/'), "/ld", 3) == 0) {
        return;
    }
    if (setenv("GOMP_SPINCOUNT", "2000", 1) == 0 && setenv("KMP_BLOCKTIME", "0", 1) == 0) {
        execv(path, argv); // where that fails, the program goes on as it is
    }
}
#endif

void threads_start(int64_t count, char **argv) {
#ifdef _OPENMP
    if (count > 1) {
        limit_spinning(argv);
    }
    omp_set_num_threads((int)count);
#else
    (void)count;
    (void)argv;
#endif
}
