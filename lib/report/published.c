#include "lib/report/published.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/memory.h"

enum { FILE_MAX = 4 << 20, COLUMNS = 7 };

static enum status read_text(const char *path, char **text, struct error *error) {
    struct file_input input;
    struct buffer buffer = {0};
    enum status status = file_input_open(&input, path, error);
    if (status != STATUS_OK) {
        return error_prefix(error, status, "cannot read published numbers");
    }
    status = file_input_read_all(&input, &buffer, FILE_MAX, error);
    if (status == STATUS_OK) {
        status = buffer_append(&buffer, "", 1, error);
    }
    file_input_close(&input);
    if (status != STATUS_OK) {
        buffer_free(&buffer);
        return status;
    }
    *text = (char *)buffer.data;
    return STATUS_OK;
}

// Cuts a line at its tabs; false unless it has exactly the columns.
static bool split_columns(char *line, const char *columns[static COLUMNS]) {
    size_t count = 0;
    for (char *p = line; p; count++) {
        char *tab = strchr(p, '\t');
        if (count < COLUMNS) {
            columns[count] = p;
        }
        if (tab) {
            *tab++ = 0;
        }
        p = tab;
    }
    return count == COLUMNS;
}

static bool is_heading(const char *columns[static COLUMNS]) {
    static const char *const NAMES[COLUMNS] = {"table",    "dataset", "arch",  "method",
                                               "quantity", "value",   "source"};
    for (size_t i = 0; i < COLUMNS; i++) {
        if (strcmp(columns[i], NAMES[i]) != 0) {
            return false;
        }
    }
    return true;
}

static enum status parse_lines(struct published *published, const char *path, struct error *error) {
    size_t number = 0;
    bool heading_seen = false;
    for (char *line = published->text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end++ = 0;
        }
        number++;
        const char *c[COLUMNS];
        if (line[0] != '#' && line[0]) {
            bool whole = split_columns(line, c);
            if (!whole || (!heading_seen && !is_heading(c))) {
                return error_set(error, STATUS_DAMAGED,
                                 "cannot read published numbers '%s': line %zu: %s", path, number,
                                 heading_seen ? "there should be 7 columns"
                                              : "the names of the 7 columns should stand first");
            }
            if (heading_seen) {
                published->entries[published->count++] =
                    (struct published_entry){c[0], c[1], c[2], c[3], c[4], c[5], c[6]};
            }
            heading_seen = true;
        }
        line = end;
    }
    return STATUS_OK;
}

enum status published_read(struct published *published, const char *path, struct error *error) {
    *published = (struct published){0};
    enum status status = read_text(path, &published->text, error);
    size_t lines = 1;
    for (const char *p = published->text; status == STATUS_OK && *p; p++) {
        lines += *p == '\n';
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&published->entries, lines, sizeof *published->entries,
                                 "published numbers", error);
    }
    if (status == STATUS_OK) {
        status = parse_lines(published, path, error);
    }
    if (status != STATUS_OK) {
        published_free(published);
    }
    return status;
}

void published_free(struct published *published) {
    free(published->text);
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
