#define _GNU_SOURCE
#include "lib/text/text_writer.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct error error;

static void limit_file_size(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// Although there would be room again.
static void test_nothing_is_written_after_a_failure(void) {
    char path[] = "/tmp/text_writer.XXXXXX";
    int file = mkstemp(path);
    char name[32];
    snprintf(name, sizeof name, "/dev/fd/%d", file);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    struct text_writer writer;
    struct buffer text = {0};
    CHECK_INT(text_writer_open(&writer, name, 2, &error), STATUS_OK);
    CHECK(writer.threaded);
    limit_file_size(50);
    CHECK_INT(buffer_append(&text, (char[100]){0}, 100, &error), STATUS_OK);
    enum status status = text_writer_put(&writer, &text, &error);
    while (status == STATUS_OK) { // until the thread has come to it
        status = text_writer_put(&writer, &text, &error);
    }
    limit_file_size(before.rlim_cur);
    CHECK_INT(status, STATUS_FAILURE);
    CHECK_INT(buffer_append(&text, (char[100]){0}, 100, &error), STATUS_OK);
    CHECK_INT(text_writer_put(&writer, &text, &error), STATUS_FAILURE);
    CHECK_INT(text_writer_close(&writer, STATUS_OK, &error), STATUS_FAILURE);
    CHECK_STRING(error.message, "File too large");
    struct stat info;
    CHECK_INT(fstat(file, &info), 0);
    CHECK_INT(info.st_size, 50);
    buffer_free(&text);
    close(file);
    unlink(path);
}

int main(void) {
    signal(SIGXFSZ, SIG_IGN);
    RUN(test_nothing_is_written_after_a_failure);
    return check_finish();
}
