// Every setting of a training run, from one table: the parser, the help text, the start-up table,
// the configuration in a file's header and its comparison on resuming all come from it.
#ifndef DLT_TRAIN_SETTINGS_H
#define DLT_TRAIN_SETTINGS_H

#include <msgpack.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/options.h"
#include "lib/base/status.h"
#include "lib/model/model.h"
#include "lib/record/record.h"

enum split { SPLIT_TRAIN, SPLIT_VALID, SPLIT_TEST, SPLITS };
extern const char *const SPLIT_NAMES[SPLITS];

enum sampling { SAMPLING_RESHUFFLE, SAMPLING_EPOCH };

enum device_choice { DEVICE_AUTO, DEVICE_CPU, DEVICE_CUDA };
extern const char *const DEVICE_NAMES[]; // ends with NULL
enum precision_choice {
    PRECISION_FP32,
    PRECISION_BF16,
    PRECISION_BF16_PURE,
    PRECISION_OF_DEVICE = 4
};

struct settings {
    // The network
    int arch; // enum model_arch
    int64_t layers, width, heads, context, batch;
    double dropout;
    int permute, recompute; // enum model_permute, enum model_recompute
    // What it learns from
    const char *text[SPLITS]; // token files; "-": standard input
    int blocks;               // enum blocks_kind
    int sampling;             // enum sampling
    int objective;            // enum objective
    // How it learns
    int64_t episodes, steps_per_action, max_steps; // max_steps 0: no limit
    double lr, weight_decay, clip, beta1, beta2;
    int64_t seed;
    int precision; // enum precision_choice; PRECISION_OF_DEVICE only till device_choose()
    // Tying
    int semantics;
    int gradient, untie, moments, retie, start, retire; // the enums of lib/tying
    int parts;                                          // enum tying_parts
    const char *agent;
    double agent_timeout;
    // Evaluation and what is left behind
    int64_t eval_every, eval_batches; // eval_batches 0: all
    const char *labels;               // "KEY=VALUE,..."
    const char *checkpoint;
    int64_t checkpoint_every;
    bool restart, dry_run;
    int device; // enum device_choice
};

enum {
    SETTINGS_OPTIONS_MAX = 56,
    SETTINGS_AS_SEMANTICS = 3, // of an option that --semantics sets: not given itself
    SETTINGS_STEPS_MAX = INT32_MAX,
};
enum { SETTINGS_LABEL_KEY = 256, SETTINGS_LABEL_VALUE = 1024 }; // room for one

void settings_defaults(struct settings *settings);
// Fills `table`, which ends with a NULL name and points into *settings.
void settings_describe(struct settings *settings, struct option table[SETTINGS_OPTIONS_MAX]);
// After parsing: puts what --semantics stands for where no single option was given, and refuses
// what does not fit together. STATUS_USAGE.
enum status settings_resolve(struct settings *settings, struct error *error);

void settings_model_config(const struct settings *settings, uint32_t vocabulary,
                           struct model_config *config);
// Training steps of the whole run: episodes x visits x steps, unless --max-steps ends it before.
int64_t settings_planned_steps(const struct settings *settings);
// Visits of one episode: layers 1 .. L-1; a network of one layer is trained without any choice.
int64_t settings_visits(const struct settings *settings);

// What does not fit together: of the command line, and of a file that says what a run was. STATUS_USAGE.
enum status settings_check(const struct settings *settings, struct error *error);
// Checks "KEY=VALUE,..." (NULL: none). STATUS_USAGE.
enum status settings_check_labels(const char *labels, struct error *error);
// STATUS_USAGE where the value of --OPTION (NULL: none) is not UTF-8: a record would hold other bytes.
enum status settings_check_utf8(const char *option, const char *text, struct error *error);
// Adds the map "labels" to a header.
void settings_put_labels(const char *labels, struct record_builder *r);
// The configuration as a msgpack map, for the agent and for comparing.
struct settings_map {
    msgpack_object config; // lives in the other two
    msgpack_zone zone;
    struct buffer bytes;
};
enum status settings_map_open(struct settings_map *map, const struct settings *settings,
                              struct error *error);
void settings_map_close(struct settings_map *map);
// Takes the settings from a header's configuration. Strings are copied into `zone`. STATUS_DAMAGED, too
// for what settings_check() refuses.
enum status settings_from_map(struct settings *settings, const msgpack_object *map,
                              msgpack_zone *zone, struct error *error);
// STATUS_USAGE, naming the first option that differs from the configuration of checkpoint `path`.
enum status settings_compare(const struct settings *settings, const msgpack_object *map,
                             const char *path, struct error *error);

#endif
