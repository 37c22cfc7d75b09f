#define _GNU_SOURCE
#include "lib/record/record.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

static void test_smoke(void) {
    struct error error = {0};
    struct record_writer *w;
    struct record_writer_options o = {.path = "/tmp/rec-smoke.zst", .content = "run"};
    struct record_builder r = {0};
    CHECK_INT(record_writer_open(&w, &o, &error), 0);
    record_begin_header(&r, "run", "test", NULL);
    CHECK_INT(record_write(w, &r, &error), 0);
    CHECK_INT(record_write_env(w, &r, 1, 0, NULL, &error), 0);
    record_begin(&r, "step");
    record_put_real(&r, "loss", 3.25);
    CHECK_INT(record_write(w, &r, &error), 0);
    CHECK_INT(record_writer_finish(w, &error), 0);
    struct record_reader *d;
    CHECK_INT(record_reader_open(&d, "/tmp/rec-smoke.zst", "run log", "run", RECORD_STRICT, &error), 0);
    struct record record;
    bool more = true;
    int n = 0;
    while (record_read(d, &record, &more, &error) == 0 && more) {
        n++;
    }
    CHECK_INT(n, 3);
    CHECK(record_reader_complete(d));
    puts(error.message);
    record_reader_close(d);
    record_builder_free(&r);
}
int main(void) {
    RUN(test_smoke);
    return check_finish();
}
