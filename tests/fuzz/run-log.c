// Any bytes as a run log or a file of measurements, whole or salvaged, beside a run that is whole:
// whatever is taken can be reported, and compared with itself.
#include <string.h>

#include "tests/fuzz/rendered.h"
#include "tests/fuzz/seal.h"

// A file is the same as itself, and nothing in it is said to differ.
static void compare(const char *path) {
    struct text text = {0};
    struct error error = {0};
    bool equal = false;
    enum status status = compare_runs(&text, path, path, &equal, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED)); // measurements are no run
    if (status == STATUS_OK) {
        FUZZ_CHECK(equal && !strstr(text_string(&text), "\ndiffers: "));
        rendered_check_text(&text, "\n");
    }
    text_free(&text);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = seal_open(data, size);
    const struct published published = {.count = 0};
    const char *const paths[] = {file.path, rendered_small_run()};
    struct run_set set;
    struct error error = {0};
    enum status status = run_set_read(&set, paths, 2, &(struct run_reading){0}, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    if (status == STATUS_OK && fuzz_pick(4, data, size) == 0) {
        compare(file.path);
    } else if (status != STATUS_OK) { // as far as it goes
        status = run_set_read(&set, paths, 2, &(struct run_reading){.salvage = true}, &error);
        fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED));
    }
    if (status == STATUS_OK) {
        const struct report_input input = {
            .set = &set, .published = &published, .paths = paths, .path_count = 2};
        rendered_check(&input, data, size);
        run_set_free(&set);
    }
    fuzz_file_close(&file);
}
