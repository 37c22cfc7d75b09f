// A run by episodes: what figures over time are drawn from.
#ifndef DLT_REPORT_HISTORY_H
#define DLT_REPORT_HISTORY_H

#include "lib/report/run.h"

// Of one episode; NaN where the log does not tell. Numbers only: history_field() goes over them.
struct history_point {
    double test, valid, train;              // perplexity; train: of the training steps, dropout on
    double independent, stored, parameters; // at its end
    double changes;                         // visits that changed the map
    double epsilon;                         // at its end
    double batch_perplexity;                // of the batches that rewards are of, their mean
    double seconds;                         // since the start, at its end
};

struct history {
    struct history_point *points; // [episode]; 0: before training
    size_t count;                 // episodes + 1
};

// `count` points of NaN.
enum status history_allocate(struct history *history, size_t count, struct error *error);
enum status history_build(struct history *history, const struct run *run, struct error *error);
void history_free(struct history *history);
// A field of one episode, by its offset in struct history_point.
double *history_field(const struct history *history, size_t episode, size_t offset);

#endif
