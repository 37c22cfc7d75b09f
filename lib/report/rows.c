#include "lib/report/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/list.h"
#include "lib/base/memory.h"

static bool is_of(const struct row *row, const struct run *run) {
    return strcmp(run->dataset, row->dataset) == 0 && strcmp(run->arch, row->arch) == 0 &&
           strcmp(run->method, row->method) == 0;
}

// Rows of one dataset stand together, in the order of the list.
static void add_listed(struct rows *rows, const struct experiments *experiments, const char *id,
                       const char *dataset) {
    bool starts = true;
    for (size_t i = 0; i < experiments->count; i++) {
        const struct experiment *e = &experiments->items[i];
        if (strcmp(e->dataset, dataset) == 0 && list_has(e->tables, id)) {
            rows->items[rows->count++] = (struct row){.arch = e->arch,
                                                      .dataset = e->dataset,
                                                      .method = e->method,
                                                      .title = e->title,
                                                      .starts = starts,
                                                      .missing = e->missing != NULL};
            starts = false;
        }
    }
}

static bool is_first_of_dataset(const struct experiments *experiments, size_t at) {
    size_t i = 0;
    while (strcmp(experiments->items[i].dataset, experiments->items[at].dataset) != 0) {
        i++;
    }
    return i == at;
}

static void add_given(struct rows *rows, const struct run_set *set, const char *arch) {
    struct group group;
    for (size_t next = 0; group_next(set, &next, &group);) {
        const struct run *run = group.runs[0];
        if (strcmp(run->arch, arch) == 0) {
            bool starts =
                rows->count == 0 || strcmp(rows->items[rows->count - 1].dataset, run->dataset) != 0;
            rows->items[rows->count++] = (struct row){.arch = run->arch,
                                                      .dataset = run->dataset,
                                                      .method = run->method,
                                                      .title = run->method,
                                                      .starts = starts};
        }
    }
}

// Which of the seeds listed for a row it takes; every one without a list.
static const char *seeds_of(const struct row *row, const struct experiments *experiments,
                            const char *id) {
    for (size_t i = 0; experiments && i < experiments->count; i++) {
        const struct experiment *e = &experiments->items[i];
        if (strcmp(e->dataset, row->dataset) == 0 && strcmp(e->method, row->method) == 0 &&
            strcmp(e->arch, row->arch) == 0 && list_has(e->tables, id)) {
            return e->seeds;
        }
    }
    return NULL;
}

static void add_runs(struct rows *rows, const struct run_set *set,
                     const struct experiments *experiments, const char *id) {
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];
        const char *seeds = seeds_of(row, experiments, id);
        row->group.runs = rows->runs + rows->run_count;
        for (size_t j = 0; j < set->count; j++) {
            if (is_of(row, set->runs[j]) && (!seeds || list_has(seeds, set->runs[j]->seed))) {
                rows->runs[rows->run_count++] = set->runs[j];
                row->group.count++;
            }
        }
    }
}

static void compare_rows(struct rows *rows, const char *reference) {
    for (size_t i = 0; i < rows->count; i++) {
        struct row *row = &rows->items[i];
        char method[RUN_NAME];
        bool masked = strncmp(row->method, "mlm-", 4) == 0;
        snprintf(method, sizeof method, "%s%s", masked ? "mlm-" : "", reference);
        const struct row *other = rows_find(rows, row->dataset, method);
        row->against = compare_by_seed(&row->group, other ? &other->group : &(struct group){0});
    }
}

enum status rows_select(struct rows *rows, const struct run_set *set,
                        const struct experiments *experiments, const char *id, const char *arch,
                        const char *reference, struct error *error) {
    *rows = (struct rows){0};
    size_t most = experiments ? experiments->count : set->count;
    void *items = NULL, *runs = NULL;
    enum status status = memory_allocate(&items, most + 1, sizeof *rows->items, "rows", error);
    rows->items = items;
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; experiments && i < experiments->count; i++) {
        if (is_first_of_dataset(experiments, i)) {
            add_listed(rows, experiments, id, experiments->items[i].dataset);
        }
    }
    if (!experiments) {
        add_given(rows, set, arch);
    }
    status =
        memory_allocate(&runs, rows->count * set->count + 1, sizeof *rows->runs, "rows", error);
    rows->runs = runs;
    if (status == STATUS_OK) {
        add_runs(rows, set, experiments, id);
        if (reference) {
            compare_rows(rows, reference);
        }
    }
    return status;
}

void rows_free(struct rows *rows) {
    free(rows->items);
    free(rows->runs);
    *rows = (struct rows){0};
}

const struct row *rows_find(const struct rows *rows, const char *dataset, const char *method) {
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (row->group.count > 0 && strcmp(row->dataset, dataset) == 0 &&
            strcmp(row->method, method) == 0) {
            return row;
        }
    }
    return NULL;
}
