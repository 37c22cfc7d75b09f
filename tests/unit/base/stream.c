// Streams after a signal: what their reader takes at once it gets, but it is not waited for for long.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/program.h"
#include "tests/unit/check.h"

enum { PAGE = 4096, DATA = 60 * PAGE };

static struct error error;
static struct file_output output;
static pid_t reader;

static void read_pages(int pipe, long milliseconds) {
    char page[PAGE];
    while (read(pipe, page, sizeof page) > 0) {
        nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
    }
}

// Opens a pipe, of the smallest size that there is, to a process that reads a page and then waits.
static void begin(long milliseconds) {
    int ends[2];
    char path[32];
    CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, PAGE);
    reader = fork();
    if (reader == 0) {
        close(ends[1]);
        read_pages(ends[0], milliseconds);
        _exit(0);
    }
    close(ends[0]);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[1]);
    CHECK_INT(file_output_open(&output, path, true, &error), STATUS_OK);
    close(ends[1]);
}

// Writes all of the data; the seconds that it takes.
static double write_data(enum status expected) {
    static const char data[DATA];
    double start = clock_seconds();
    CHECK_INT(file_output_write(&output, data, sizeof data, &error), expected);
    return clock_seconds() - start;
}

static void end(void) {
    file_output_abandon(&output, false);
    kill(reader, SIGKILL);
    CHECK_INT(waitpid(reader, NULL, 0), reader);
}

static void test_quick_reader(void) {
    begin(0);
    errno = 0;
    write_data(STATUS_OK);
    CHECK_INT(errno, 0);
    CHECK_INT(output.bytes, DATA);
    end();
}

// Each piece is taken before long, all of them after half a minute.
static void test_slow_reader(void) {
    begin(500);
    double seconds = write_data(STATUS_INTERRUPTED);
    CHECK_INT(errno, EINTR);
    CHECK(seconds > 4.5 && seconds < 15);
    CHECK(output.bytes >= 2 * PAGE && output.bytes < DATA);
    end();
}

// As a stream that someone else has made non-blocking.
static void test_reader_that_stands_still(void) {
    begin(60000);
    fcntl(output.descriptor, F_SETFL, O_WRONLY | O_NONBLOCK);
    double seconds = write_data(STATUS_INTERRUPTED);
    CHECK_INT(errno, EINTR);
    CHECK(seconds > 4.5 && seconds < 15);
    end();
}

// Not waited for anew by a later write.
static void test_one_deadline(void) {
    begin(60000);
    write_data(STATUS_INTERRUPTED);
    CHECK(write_data(STATUS_INTERRUPTED) < 2);
    end();
}

int main(void) {
    interrupt_install();
    raise(SIGTERM);
    RUN(test_quick_reader);
    RUN(test_slow_reader);
    RUN(test_reader_that_stands_still);
    RUN(test_one_deadline);
    return check_finish();
}
