// Run logs and metrics files, read into memory: what every table and figure is made from.
#ifndef DLT_REPORT_RUN_H
#define DLT_REPORT_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/record/record.h"

enum { RUN_NAME = 256, RUN_VALUE = 1024, RUN_LAYERS_MAX = 4096 };

// A field of the header's "config" or "labels", as text ("yes" and "no" for booleans).
struct run_pair {
    char name[64];
    char *value;
};
struct run_pairs {
    struct run_pair *items; // in the file's order
    size_t count, capacity;
};
// Appends the scalar fields of a map, as text; NULL or another type: none.
enum status run_pairs_read(struct run_pairs *pairs, const msgpack_object *map, struct error *error);
const char *run_pairs_find(const struct run_pairs *pairs, const char *name); // NULL: there is none
void run_pairs_free(struct run_pairs *pairs);

// Numbers that a log does not tell are NaN, counts -1.
struct run_visit {
    int64_t episode;
    int layer;
    bool changed;
    int independent;
    double stored;
    double parameters; // trainable
    double epsilon;    // what the agent said of itself
};

struct run_reward {
    int64_t episode;
    double perplexity, loss, loss_before;
};

enum run_split { RUN_TRAIN, RUN_VALID, RUN_TEST, RUN_SPLITS };

struct run_eval {
    int64_t episode, step;
    enum run_split split;
    bool full; // of the whole split
    double loss, perplexity, perplexity_per_word, bits_per_byte;
    double text_bytes, targets; // of the text evaluated; predicted, with the ends of blocks
};

struct run_timing {
    int64_t episode, step;
    double seconds;           // since the start
    double tokens_per_second; // of the training steps since the record before
    double peak_resident, peak_device, peak_counted; // bytes: process, device, counted
};

struct run_memory {
    double weights, gradients, optimizer, activations, total; // bytes
};

// Sum and count of the losses of an episode's training steps.
struct run_episode_loss {
    double sum;
    int64_t steps;
};

struct run_input {
    char role[32], name[RUN_NAME];
    char sha256[HASH_SHA256_TEXT]; // of the file
    char digest[HASH_XXH64_TEXT];  // of its content
};

struct run {
    char path[RUN_NAME];                       // as given, cleaned for printing
    bool complete;                             // it has its end record
    uint64_t digest;                           // of its content
    struct run_pairs config, labels, versions; // versions: the strings of "env"
    // By the labels; where there are none, by what else the log says.
    char dataset[RUN_NAME], arch[RUN_NAME], method[RUN_NAME], profile[RUN_NAME], seed[RUN_NAME];

    int layers; // L
    int64_t vocabulary, tokens_per_step;
    double parameters_conventional;
    char agent[RUN_NAME];
    uint16_t *start; // (L) the map to begin with

    struct run_visit *visits;
    uint16_t *states; // (visits, L) after each action
    size_t visit_count, visit_capacity;
    struct run_reward *rewards;
    size_t reward_count, reward_capacity;
    struct run_eval *evals;
    size_t eval_count, eval_capacity;
    struct run_timing *timings;
    size_t timing_count, timing_capacity;
    struct run_memory *memories;
    size_t memory_count, memory_capacity;
    struct run_episode_loss *losses; // [episode - 1]
    size_t loss_count, loss_capacity;
    struct run_input *inputs;
    size_t input_count, input_capacity;

    int64_t records;         // so far
    int64_t steps, episodes; // seen
    double tokens;           // trained on
    bool has_start, has_final;
    uint16_t *final_state; // (L) of "final", or of the last visit
    double best_test, best_valid, test_at_best_valid;
    int64_t best_test_episode, best_valid_episode;
};

// A measurement of dlt-eval: the numbers and strings of one "metric" record.
struct metrics {
    char path[RUN_NAME];
    char program[64]; // "dlt-eval similarity"
    uint64_t digest;
    struct run_pairs labels;
    struct run_pairs *records;
    size_t record_count, record_capacity;
    size_t field_count; // of all records
};

// All that a report is about, runs in the order of run_order().
struct run_set {
    struct run **runs;
    size_t count, capacity;
    struct metrics *metrics;
    size_t metrics_count, metrics_capacity;
};

// What is taken of the files.
struct run_reading {
    bool salvage; // incomplete logs too, as far as they go
    bool untimed; // no `timing` records: neither times nor measured memory
};

// Reads every file; "-" is standard input. Fails on the first that cannot be read, that is neither
// a run log nor a metrics file, or (without `salvage`) is incomplete. No files, or no run among
// them: STATUS_USAGE.
enum status run_set_read(struct run_set *set, const char *const *paths, size_t count,
                         const struct run_reading *reading, struct error *error);
void run_set_free(struct run_set *set);

// By dataset, architecture, method and seed, each in the order a reader expects.
int run_order(const struct run *a, const struct run *b);

// ---- One run, record by record (compare.c reads two at once) ------------------------------------

enum status run_create(struct run **run, const char *path, struct error *error);
void run_free(struct run *run);
// A message without the file's name; unknown kinds are passed over.
enum status run_add_record(struct run *run, const struct record *record, struct error *error);
// After the last record: fills in what follows from the rest. Fails on a run without "start".
enum status run_finish(struct run *run, struct error *error);

// ---- Questions ---------------------------------------------------------------------------------

// The state after visit i: L sources.
static inline const uint16_t *run_state(const struct run *run, size_t visit) {
    return run->states + visit * (size_t)run->layers;
}
// The layer whose weights layer i uses: along the sources until one is its own.
int run_root(const uint16_t *state, int layer);
// The dataset as read off the labels, where a "floor_ppl" or "floor_bits_per_byte" label tells the
// true entropy of the test text: the perplexity per predicted token that no model can go below, even one
// that knows where blocks end; else NaN.
double run_floor_perplexity(const struct run *run);
bool run_map_changes(const struct run *run); // at any visit

#endif
