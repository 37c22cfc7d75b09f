#include "lib/report/tsv.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/memory.h"
#include "lib/base/utf8.h"

enum { FILE_MAX = 4 << 20 };

// What no page or terminal should be sent becomes '?', and so does a NUL, which would end the text.
static void clean(char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        bool printable;
        size_t bytes = utf8_character(text + at, length - at, &printable);
        if (!printable && text[at] != '\t' && text[at] != '\n') {
            memset(text + at, '?', bytes);
        }
        at += bytes;
    }
}

static enum status read_text(struct tsv *tsv, const char *path, const char *what,
                             struct error *error) {
    struct file_input input;
    struct buffer buffer = {0};
    enum status status = file_input_open(&input, path, error);
    if (status != STATUS_OK) {
        return error_prefix(error, status, "cannot read %s", what);
    }
    status = file_input_read_all(&input, &buffer, FILE_MAX, error);
    if (status == STATUS_OK) {
        clean((char *)buffer.data, buffer.length);
        status = buffer_append(&buffer, "", 1, error);
    }
    file_input_close(&input);
    if (status != STATUS_OK) {
        buffer_free(&buffer);
        return status;
    }
    tsv->text = (char *)buffer.data;
    return STATUS_OK;
}

static enum status make_room(struct tsv *tsv, struct error *error) {
    size_t lines = 1;
    for (const char *p = tsv->text; *p; p++) {
        lines += *p == '\n';
    }
    void *fields = NULL;
    enum status status =
        memory_allocate(&fields, lines * tsv->column_count, sizeof *tsv->fields, "a table", error);
    tsv->fields = fields;
    return status;
}

// Cuts a line at its tabs; false unless it has exactly the columns.
static bool split(char *line, const char **fields, size_t column_count) {
    size_t count = 0;
    for (char *p = line; p; count++) {
        char *tab = strchr(p, '\t');
        if (count < column_count) {
            fields[count] = p;
        }
        if (tab) {
            *tab++ = 0;
        }
        p = tab;
    }
    return count == column_count;
}

static bool is_heading(const char *const *fields, const char *const *names, size_t column_count) {
    size_t same = 0;
    while (same < column_count && strcmp(fields[same], names[same]) == 0) {
        same++;
    }
    return same == column_count;
}

static enum status refuse_heading(const char *path, const char *what, size_t number,
                                  const char *const *names, size_t column_count,
                                  struct error *error) {
    char list[160] = "";
    for (size_t i = 0; i < column_count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    return error_set(error, STATUS_DAMAGED,
                     "cannot read %s '%s': line %zu: the names of the %zu columns should stand "
                     "first: %s",
                     what, path, number, column_count, list);
}

static enum status parse(struct tsv *tsv, const char *path, const char *what,
                         const char *const *names, struct error *error) {
    size_t number = 0;
    bool heading_seen = false;
    for (char *line = tsv->text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end) {
            *end++ = 0;
        }
        number++;
        if (line[0] != '#' && line[0]) {
            const char **fields = tsv->fields + tsv->row_count * tsv->column_count;
            bool whole = split(line, fields, tsv->column_count);
            if (!heading_seen && !(whole && is_heading(fields, names, tsv->column_count))) {
                return refuse_heading(path, what, number, names, tsv->column_count, error);
            }
            if (!whole) {
                return error_set(error, STATUS_DAMAGED,
                                 "cannot read %s '%s': line %zu: there should be %zu columns", what,
                                 path, number, tsv->column_count);
            }
            tsv->row_count += heading_seen;
            heading_seen = true;
        }
        line = end;
    }
    return heading_seen
               ? STATUS_OK
               : error_set(error, STATUS_DAMAGED, "cannot read %s '%s': it is empty", what, path);
}

enum status tsv_read(struct tsv *tsv, const char *path, const char *what, const char *const *names,
                     size_t column_count, struct error *error) {
    *tsv = (struct tsv){.column_count = column_count};
    enum status status = read_text(tsv, path, what, error);
    if (status == STATUS_OK) {
        status = make_room(tsv, error);
    }
    if (status == STATUS_OK) {
        status = parse(tsv, path, what, names, error);
    }
    if (status != STATUS_OK) {
        tsv_free(tsv);
    }
    return status;
}

void tsv_free(struct tsv *tsv) {
    free(tsv->text);
    free(tsv->fields);
    *tsv = (struct tsv){0};
}
