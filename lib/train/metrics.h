// A metrics file of dlt-eval: header and env, inputs, metric records, timing, end.
//
//     metrics_begin()
//     metrics_put_input() ...
//     metrics_put_task(), fields into w.record, metrics_write() ...
//     metrics_end()                whatever happened
#ifndef DLT_TRAIN_METRICS_H
#define DLT_TRAIN_METRICS_H

#include "lib/train/trained.h"

struct metrics_writer {
    struct record_writer *file; // NULL: not open
    struct record_builder record;
    double began; // on the clock
};

// `program`: "dlt-eval perplexity"; `table`: its options. `labels`: "KEY=VALUE,...", or NULL.
enum status metrics_begin(struct metrics_writer *w, const char *program, const struct option *table,
                          const char *labels, const char *output,
                          const struct invocation *invocation, struct error *error);
enum status metrics_put_input(struct metrics_writer *w, const char *role, uint64_t content_digest,
                              struct error *error);
// Inputs "checkpoint" and, unless NULL, "tokens".
enum status metrics_put_trained(struct metrics_writer *w, const struct trained *trained,
                                const struct token_file *tokens, struct error *error);
// Begins a record of kind "metric".
void metrics_put_task(struct metrics_writer *w, const char *task);
enum status metrics_write(struct metrics_writer *w, struct error *error);
// With STATUS_OK writes what `tokens` tokens took and commits the file, else leaves none. Returns
// the status of everything.
enum status metrics_end(struct metrics_writer *w, enum status status, uint64_t tokens,
                        struct error *error);

#endif
