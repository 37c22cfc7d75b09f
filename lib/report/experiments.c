#include "lib/report/experiments.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/list.h"
#include "lib/base/memory.h"

static const char *const NAMES[] = {"tables", "arch",  "dataset", "method",
                                    "title",  "seeds", "missing"};
// Of pipelines/experiments.tsv, which such lists are made from.
static const char *const SOURCE_NAMES[] = {"name",   "tables", "arch",   "dataset",
                                           "method", "title",  "policy", "options"};

// Of a regular file only: to open a pipe again would wait for another writer.
static bool is_source(const char *path) {
    if (!file_is_regular(path)) {
        return false;
    }
    struct tsv tsv;
    struct error ignored = {0};
    bool is = tsv_read(&tsv, path, "experiments", SOURCE_NAMES, ARRAY_LENGTH(SOURCE_NAMES),
                       &ignored) == STATUS_OK;
    tsv_free(&tsv);
    return is;
}

// Says what should have been given, and how that is made.
static enum status refuse(const char *path, struct error *error) {
    struct error why = *error;
    return is_source(path)
               ? error_set(error, STATUS_DAMAGED,
                           "'%s' has the experiments of all profiles; give the list of one, which "
                           "'make plan PROFILE=quick' writes: build/state/quick/experiments.tsv",
                           path)
               : error_set(error, STATUS_DAMAGED,
                           "%s; the list that make writes is build/state/PROFILE/experiments.tsv",
                           why.message);
}

enum status experiments_read(struct experiments *experiments, const char *path,
                             struct error *error) {
    *experiments = (struct experiments){0};
    void *items = NULL;
    enum status status =
        tsv_read(&experiments->tsv, path, "experiments", NAMES, ARRAY_LENGTH(NAMES), error);
    if (status == STATUS_DAMAGED) {
        status = refuse(path, error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate(&items, experiments->tsv.row_count + 1, sizeof *experiments->items,
                                 "experiments", error);
    }
    experiments->items = items;
    for (size_t i = 0; status == STATUS_OK && i < experiments->tsv.row_count; i++) {
        const char *const *f = tsv_row(&experiments->tsv, i);
        const char *missing = f[6][0] && strcmp(f[6], "-") != 0 ? f[6] : NULL;
        experiments->items[experiments->count++] =
            (struct experiment){f[0], f[1], f[2], f[3], f[4], f[5], missing};
    }
    if (status != STATUS_OK) {
        experiments_free(experiments);
    }
    return status;
}

void experiments_free(struct experiments *experiments) {
    tsv_free(&experiments->tsv);
    free(experiments->items);
    *experiments = (struct experiments){0};
}

const struct experiment *experiments_next_missing(const struct experiments *experiments,
                                                  const char *id, size_t *next) {
    while (*next < experiments->count) {
        const struct experiment *e = &experiments->items[(*next)++];
        bool told = !e->missing || (id && !list_has(e->tables, id));
        for (const struct experiment *b = experiments->items; b < e && !told; b++) {
            told = b->missing && strcmp(b->dataset, e->dataset) == 0 &&
                   (!id || list_has(b->tables, id));
        }
        if (!told) {
            return e;
        }
    }
    return NULL;
}

bool experiment_has(const struct experiment *experiment, const char *id, const char *dataset,
                    const char *arch, const char *method, const char *seed) {
    return strcmp(experiment->dataset, dataset) == 0 && strcmp(experiment->arch, arch) == 0 &&
           strcmp(experiment->method, method) == 0 && (!id || list_has(experiment->tables, id)) &&
           list_has(experiment->seeds, seed);
}

size_t experiments_count(const struct experiments *experiments) {
    size_t count = 0;
    for (size_t i = 0; i < experiments->count; i++) {
        count += list_count(experiments->items[i].seeds);
    }
    return count;
}
