// Small tables kept as text: columns separated by tabs, a first line with their names, lines that
// begin with '#' for comments.
#ifndef DLT_REPORT_TSV_H
#define DLT_REPORT_TSV_H

#include <stddef.h>

#include "lib/base/status.h"

struct tsv {
    char *text;          // the file; the fields point into it
    const char **fields; // (rows, columns)
    size_t row_count, column_count;
};

// `what` is for messages ("published numbers"). STATUS_DAMAGED: another first line than the names, or
// a line without exactly its columns.
enum status tsv_read(struct tsv *tsv, const char *path, const char *what, const char *const *names,
                     size_t column_count, struct error *error);
void tsv_free(struct tsv *tsv);

// The fields of a row, in the order of the names.
static inline const char *const *tsv_row(const struct tsv *tsv, size_t row) {
    return tsv->fields + row * tsv->column_count;
}

#endif
