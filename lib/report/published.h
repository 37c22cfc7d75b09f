// The paper's own numbers, as far as they are known: a TSV file with the columns table, dataset,
// arch, method, quantity, value, source.
#ifndef DLT_REPORT_PUBLISHED_H
#define DLT_REPORT_PUBLISHED_H

#include <stddef.h>

#include "lib/report/tsv.h"

struct published_entry {
    const char *table, *dataset, *arch, *method, *quantity, *value, *source;
};

struct published {
    struct tsv tsv; // the entries point into it
    struct published_entry *entries;
    size_t count;
};

// STATUS_DAMAGED: a line without its seven columns, or another first line than their names.
enum status published_read(struct published *published, const char *path, struct error *error);
void published_free(struct published *published);
// NULL where nothing is known.
const char *published_find(const struct published *published, const char *table,
                           const char *dataset, const char *arch, const char *method,
                           const char *quantity);

#endif
