// Files of either content -> the set of runs and measurements that a report is about.
#include <stdlib.h>
#include <string.h>

#include "lib/report/run.h"
#include "lib/report/text.h"

enum { RECORD_LIMIT = 64 << 20, METRIC_RECORDS_MAX = 1 << 16, METRIC_FIELDS_MAX = 1 << 18 };

// `items`: the address of the pointer to the first.
static enum status append(void *items, size_t *count, size_t *capacity, size_t size,
                          struct error *error) {
    char *first = NULL;
    memcpy(&first, items, sizeof first);
    if (*count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 16;
        first = realloc(first, larger * size);
        if (!first) {
            return error_set(error, STATUS_FAILURE, "cannot allocate memory for the run logs");
        }
        memcpy(items, &first, sizeof first);
        *capacity = larger;
    }
    memset(first + *count * size, 0, size);
    ++*count;
    return STATUS_OK;
}

static enum status add_run(struct run_set *set, struct record_reader *reader, const char *path,
                           struct record *record, const struct run_reading *reading,
                           struct error *error) {
    enum status status =
        append(&set->runs, &set->count, &set->capacity, sizeof(struct run *), error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run **place = &set->runs[set->count - 1];
    status = run_create(place, path, error);
    bool more = true;
    while (status == STATUS_OK && more) {
        if (!reading->untimed || strcmp(record->kind, "timing") != 0) {
            status = run_add_record(*place, record, error);
        }
        if (status == STATUS_DAMAGED) {
            struct error why = *error;
            return record_reader_damaged(reader, error, "%s", why.message);
        }
        if (status == STATUS_OK) {
            status = record_read(reader, record, &more, error);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = run_finish(*place, error);
    if (status == STATUS_DAMAGED) {
        return error_prefix(error, status, "cannot read run log '%s'", path);
    }
    (*place)->complete = record_reader_complete(reader);
    (*place)->digest = record_reader_content_digest(reader);
    return status;
}

static enum status add_metric(struct metrics *metrics, const struct record *record,
                              struct error *error) {
    if (metrics->record_count >= METRIC_RECORDS_MAX || metrics->field_count >= METRIC_FIELDS_MAX) {
        return error_set(error, STATUS_DAMAGED, "cannot read metrics '%s': too many records",
                         metrics->path);
    }
    enum status status = append(&metrics->records, &metrics->record_count,
                                &metrics->record_capacity, sizeof *metrics->records, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run_pairs *fields = &metrics->records[metrics->record_count - 1];
    status = run_pairs_read(fields, &record->map, error);
    metrics->field_count += fields->count;
    return status;
}

static enum status add_metrics(struct run_set *set, struct record_reader *reader, const char *path,
                               struct record *record, struct error *error) {
    enum status status = append(&set->metrics, &set->metrics_count, &set->metrics_capacity,
                                sizeof *set->metrics, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct metrics *metrics = &set->metrics[set->metrics_count - 1];
    const char *program = NULL;
    size_t length = 0;
    text_copy_clean(metrics->path, sizeof metrics->path, path, strlen(path));
    if (record_get_string(&record->map, "program", &program, &length)) {
        text_copy_clean(metrics->program, sizeof metrics->program, program, length);
    }
    status = run_pairs_read(&metrics->labels, record_find(&record->map, "labels"), error);
    bool more = true;
    while (status == STATUS_OK &&
           (status = record_read(reader, record, &more, error)) == STATUS_OK && more) {
        if (strcmp(record->kind, "metric") == 0) {
            status = add_metric(metrics, record, error);
        }
    }
    metrics->digest = record_reader_content_digest(reader);
    return status;
}

static enum status add_file(struct run_set *set, const char *path,
                            const struct run_reading *reading, struct error *error) {
    struct record_reader *reader = NULL;
    struct record record;
    bool more = false;
    enum status status = record_reader_open(
        &reader, path, "run log", NULL, reading->salvage ? RECORD_SALVAGE : RECORD_STRICT, error);
    if (status != STATUS_OK) {
        return status;
    }
    record_reader_limit(reader, RECORD_LIMIT);
    status = record_read(reader, &record, &more, error);
    if (status == STATUS_OK && !more) {
        status = record_reader_damaged(reader, error, "it is empty");
    } else if (status == STATUS_OK && record_equals(&record.map, "content", "run")) {
        status = add_run(set, reader, path, &record, reading, error);
    } else if (status == STATUS_OK && record_equals(&record.map, "content", "metrics")) {
        status = add_metrics(set, reader, path, &record, error);
    } else if (status == STATUS_OK) {
        status = record_reader_refuse(reader, "a run log or a file of metrics", error);
    }
    record_reader_close(reader);
    return status;
}

static int compare_places(const void *a, const void *b) {
    return run_order(*(struct run *const *)a, *(struct run *const *)b);
}

// Runs of one seed are one run, whatever their other options: to take them for more would be to find
// differences certain that are not. The set is in order.
static enum status refuse_twice(const struct run_set *set, struct error *error) {
    for (size_t i = 1; i < set->count; i++) {
        const struct run *a = set->runs[i - 1], *b = set->runs[i];
        if (strcmp(a->dataset, b->dataset) == 0 && strcmp(a->arch, b->arch) == 0 &&
            strcmp(a->method, b->method) == 0 && strcmp(a->seed, b->seed) == 0) {
            if (strcmp(a->path, b->path) == 0) {
                return error_set(error, STATUS_USAGE, "run log '%s' is given twice", a->path);
            }
            return error_set(
                error, STATUS_USAGE,
                "run logs '%s' and '%s' are both of dataset %s, %s, method %s, seed "
                "%s; to show both, name them apart with dlt-train --labels method=NAME",
                a->path, b->path, a->dataset, a->arch, a->method, a->seed);
        }
    }
    return STATUS_OK;
}

enum status run_set_read(struct run_set *set, const char *const *paths, size_t count,
                         const struct run_reading *reading, struct error *error) {
    *set = (struct run_set){0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = add_file(set, paths[i], reading, error);
    }
    if (status == STATUS_OK && set->count == 0) {
        status = error_set(error, STATUS_USAGE,
                           count == 0 ? "no run logs given" : "no run logs among the files");
    }
    if (status == STATUS_OK) {
        qsort(set->runs, set->count, sizeof *set->runs, compare_places);
        status = refuse_twice(set, error);
    }
    if (status != STATUS_OK) {
        run_set_free(set);
    }
    return status;
}
