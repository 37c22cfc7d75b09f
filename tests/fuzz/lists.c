// Any bytes as the list of published numbers, and as that of experiments: whatever is taken stands in
// reports.
#include "tests/fuzz/rendered.h"

static void report(const struct published *published, const struct experiments *experiments,
                   const uint8_t *data, size_t size) {
    const char *const path = rendered_path(0);
    const struct report_input input = {.set = rendered_set(),
                                       .published = published,
                                       .experiments = experiments,
                                       .paths = &path,
                                       .path_count = 1};
    rendered_check(&input, data, size);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = fuzz_file_open(data, size);
    struct published published = {0};
    struct experiments experiments;
    struct error error = {0};
    enum status status = published_read(&published, file.path, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    if (status == STATUS_OK) {
        report(&published, NULL, data, size);
    }
    published_free(&published);
    status = experiments_read(&experiments, file.path, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    if (status == STATUS_OK) {
        const struct experiment *e;
        for (size_t next = 0; (e = experiments_next_missing(&experiments, NULL, &next));) {
            FUZZ_CHECK(e->missing);
        }
        report(&(struct published){0}, &experiments, data, size);
        experiments_free(&experiments);
    }
    fuzz_file_close(&file);
}
