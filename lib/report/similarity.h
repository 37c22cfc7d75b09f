// What dlt-eval similarity measured, a pair of matrices for each run.
#ifndef DLT_REPORT_SIMILARITY_H
#define DLT_REPORT_SIMILARITY_H

#include "lib/report/run.h"
#include "lib/report/text.h"

// A square of cosines, (size, size), NaN where there is none.
struct similarity_matrix {
    double *cells;
    int *names; // (size) what the rows and columns are
    int size;
};

struct similarity {
    struct run names; // dataset, architecture, method and seed by the labels; nothing else
    const struct metrics *metrics;
    struct similarity_matrix layers; // attention above the diagonal, feed-forward below it
    struct similarity_matrix heads;  // of the lower layer in the row, of the higher in the column
    double same, others; // mean cosine of heads of the same index, and of different ones
};

// In the order of run_order(). The caller frees them, also after a failure.
enum status similarities_read(struct similarity **items, size_t *count, const struct run_set *set,
                              struct error *error);
void similarities_free(struct similarity *items, size_t count);

// What F4 concludes: whether heads of the same index are the more alike.
void conclude_similarity(struct text *text, const struct run_set *set);
// Three decimals.
void similarity_add_cosine(struct text *text, double cosine);

#endif
