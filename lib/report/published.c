#include "lib/report/published.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"

static const char *const NAMES[] = {"table",    "dataset", "arch",  "method",
                                    "quantity", "value",   "source"};

enum status published_read(struct published *published, const char *path, struct error *error) {
    *published = (struct published){0};
    void *entries = NULL;
    enum status status = tsv_read(&published->tsv, path, "published numbers", NAMES,
                                  sizeof NAMES / sizeof *NAMES, error);
    if (status == STATUS_OK) {
        status = memory_allocate(&entries, published->tsv.row_count + 1, sizeof *published->entries,
                                 "published numbers", error);
    }
    published->entries = entries;
    for (size_t i = 0; status == STATUS_OK && i < published->tsv.row_count; i++) {
        const char *const *f = tsv_row(&published->tsv, i);
        published->entries[published->count++] =
            (struct published_entry){f[0], f[1], f[2], f[3], f[4], f[5], f[6]};
    }
    if (status != STATUS_OK) {
        published_free(published);
    }
    return status;
}

void published_free(struct published *published) {
    tsv_free(&published->tsv);
    free(published->entries);
    *published = (struct published){0};
}

const char *published_find(const struct published *published, const char *table,
                           const char *dataset, const char *arch, const char *method,
                           const char *quantity) {
    for (size_t i = 0; i < published->count; i++) {
        const struct published_entry *e = &published->entries[i];
        bool dataset_fits = strcmp(e->dataset, "*") == 0 || strcmp(e->dataset, dataset) == 0;
        if (dataset_fits && strcmp(e->table, table) == 0 && strcmp(e->arch, arch) == 0 &&
            strcmp(e->method, method) == 0 && strcmp(e->quantity, quantity) == 0) {
            return e->value;
        }
    }
    return NULL;
}
