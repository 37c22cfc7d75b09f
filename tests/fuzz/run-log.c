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

static int compare_places(const void *a, const void *b) {
    return run_order(*(struct run *const *)a, *(struct run *const *)b);
}

// Beside the small runs, so that there is something to compare with.
static void report(const struct run_set *set, const char *const *paths, size_t count,
                   const uint8_t *data, size_t size) {
    const struct published published = {.count = 0};
    const struct run_set *small = rendered_set();
    struct run_set all = *set;
    all.count = set->count + small->count;
    all.runs = malloc(all.count * sizeof(struct run *));
    FUZZ_CHECK(all.runs);
    memcpy(all.runs, set->runs, set->count * sizeof(struct run *));
    memcpy(all.runs + set->count, small->runs, small->count * sizeof(struct run *));
    qsort(all.runs, all.count, sizeof(struct run *), compare_places);
    const struct report_input input = {
        .set = &all, .published = &published, .paths = paths, .path_count = count};
    rendered_check(&input, data, size);
    free(all.runs);
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct fuzz_file file = seal_open(data, size);
    const char *const paths[] = {file.path, rendered_path(0)};
    struct run_set set;
    struct error error = {0};
    enum status status = run_set_read(&set, paths, 2, &(struct run_reading){0}, &error);
    // STATUS_USAGE: of the same dataset, method and seed as the other.
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED) | FUZZ_MAY(STATUS_USAGE));
    if (status == STATUS_OK && fuzz_pick(4, data, size) == 0) {
        compare(file.path);
    } else if (status != STATUS_OK) { // as far as it goes
        status = run_set_read(&set, paths, 2, &(struct run_reading){.salvage = true}, &error);
        fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_DAMAGED) | FUZZ_MAY(STATUS_USAGE));
    }
    if (status == STATUS_OK) {
        report(&set, paths, 2, data, size);
        run_set_free(&set);
    }
    fuzz_file_close(&file);
}
