// The rows of a table: which runs each stands for, and how they compare with the row that the others
// are set against.
#ifndef DLT_REPORT_ROWS_H
#define DLT_REPORT_ROWS_H

#include "lib/report/experiments.h"
#include "lib/report/paired.h"

struct row {
    const char *arch, *dataset, *method, *title;
    bool starts;               // a new dataset
    bool missing;              // its dataset cannot be had
    struct group group;        // empty where no run is there
    struct comparison against; // its dataset's reference
};

struct rows {
    struct row *items;
    size_t count;
    struct run **runs; // what the groups point into, row after row
    size_t run_count;
};

// Those of table `id` in the list; without a list, every run of the architecture. `reference` is the
// method that the others are compared with ("mlm-" before it, for a method that has that before it);
// NULL: none.
enum status rows_select(struct rows *rows, const struct run_set *set,
                        const struct experiments *experiments, const char *id, const char *arch,
                        const char *reference, struct error *error);
void rows_free(struct rows *rows);

// NULL where there is none, or no run of it.
const struct row *rows_find(const struct rows *rows, const char *dataset, const char *method);

#endif
