// Which runs each table is to show, in which order and under which titles: a TSV file with the columns
// tables, arch, dataset, method, title, seeds, missing, a line per experiment and dataset.
#ifndef DLT_REPORT_EXPERIMENTS_H
#define DLT_REPORT_EXPERIMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/report/tsv.h"

struct experiment {
    const char *tables; // ids, separated by commas
    const char *arch, *dataset, *method;
    const char *title;   // of its row
    const char *seeds;   // separated by commas
    const char *missing; // why the dataset cannot be had; NULL where it can
};

struct experiments {
    struct tsv tsv; // the items point into it
    struct experiment *items;
    size_t count;
};

enum status experiments_read(struct experiments *experiments, const char *path,
                             struct error *error);
void experiments_free(struct experiments *experiments);
// Whether the list has this run, in table or figure `id` (NULL: in any).
bool experiment_has(const struct experiment *experiment, const char *id, const char *dataset,
                    const char *arch, const char *method, const char *seed);
// Runs that it names.
size_t experiments_count(const struct experiments *experiments);
// The next experiment from *next on, of table `id` (NULL: of any), that is the first of a dataset that
// is missing; NULL at the end. Moves *next behind it.
const struct experiment *experiments_next_missing(const struct experiments *experiments,
                                                  const char *id, size_t *next);

#endif
