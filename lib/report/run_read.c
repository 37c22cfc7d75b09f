// One record after the other into a struct run. Every array is bounded, whatever a file says.
#define _GNU_SOURCE // strdup
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/run.h"
#include "lib/report/text.h"

enum { ITEMS_MAX = 1 << 21, EPISODES_MAX = 1 << 18, STATE_CELLS_MAX = 1 << 25, PAIRS_MAX = 512 };

// Makes room for one more of `count` items; doubling. `items`: the address of the pointer to the first.
static enum status grow(void *items, size_t count, size_t *capacity, size_t size, size_t limit,
                        struct error *error) {
    if (count < *capacity) {
        return STATUS_OK;
    }
    if (count >= limit) {
        return error_set(error, STATUS_DAMAGED, "more than %zu records of one kind", limit);
    }
    size_t larger = *capacity ? *capacity * 2 : 16;
    larger = larger > limit ? limit : larger;
    char *moved = NULL;
    memcpy(&moved, items, sizeof moved);
    moved = realloc(moved, larger * size);
    if (!moved) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the run log");
    }
    memset(moved + count * size, 0, (larger - count) * size);
    memcpy(items, &moved, sizeof moved);
    *capacity = larger;
    return STATUS_OK;
}

#define GROW(run, array, name, limit)                                                              \
    grow(&(run)->array, (run)->name##_count, &(run)->name##_capacity, sizeof *(run)->array, limit, \
         error)

// ---- Fields ------------------------------------------------------------------------------------

static double real_or_nan(const msgpack_object *map, const char *key) {
    double value = 0;
    return record_get_real(map, key, &value) ? value : math_canonical(NAN);
}

// A number in a map within the map.
static double in_map(const msgpack_object *map, const char *inner, const char *key) {
    const msgpack_object *found = record_find(map, inner);
    return found && found->type == MSGPACK_OBJECT_MAP ? real_or_nan(found, key)
                                                      : math_canonical(NAN);
}

static int64_t int_or(const msgpack_object *map, const char *key, int64_t otherwise) {
    int64_t value = 0;
    return record_get_int(map, key, &value) ? value : otherwise;
}

// A number in 0 .. most, -1 where it is not told; false for another.
static bool read_small(const msgpack_object *map, const char *key, int most, int *number) {
    int64_t value = int_or(map, key, -1);
    bool told = record_find(map, key) != NULL;
    *number = told && value >= 0 && value <= most ? (int)value : -1;
    return !told || *number >= 0;
}

static void copy_string(const msgpack_object *map, const char *key, char *copy, size_t size) {
    const char *string = NULL;
    size_t length = 0;
    if (record_get_string(map, key, &string, &length)) {
        text_copy_clean(copy, size, string, length);
    }
}

static void format_value(const msgpack_object *value, char *text, size_t size) {
    switch (value->type) {
    case MSGPACK_OBJECT_STR:
        text_copy_clean(text, size, value->via.str.ptr, value->via.str.size);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        snprintf(text, size, "%s", value->via.boolean ? "yes" : "no");
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        snprintf(text, size, "%llu", (unsigned long long)value->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        snprintf(text, size, "%lld", (long long)value->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64: {
        struct text number = {0};
        text_add_real(&number, value->via.f64);
        snprintf(text, size, "%s", text_string(&number));
        text_free(&number);
        break;
    }
    default:
        text[0] = 0;
    }
}

enum status run_pairs_read(struct run_pairs *pairs, const msgpack_object *map,
                           struct error *error) {
    if (!map || map->type != MSGPACK_OBJECT_MAP) {
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *field = &map->via.map.ptr[i];
        if (field->key.type != MSGPACK_OBJECT_STR) {
            continue;
        }
        enum status status = grow(&pairs->items, pairs->count, &pairs->capacity,
                                  sizeof *pairs->items, PAIRS_MAX, error);
        if (status != STATUS_OK) {
            return status;
        }
        struct run_pair *pair = &pairs->items[pairs->count];
        char value[RUN_VALUE];
        format_value(&field->val, value, sizeof value);
        pair->value = strdup(value);
        if (!pair->value) {
            return error_set(error, STATUS_FAILURE, "cannot allocate memory for the run log");
        }
        text_copy_clean(pair->name, sizeof pair->name, field->key.via.str.ptr,
                        field->key.via.str.size);
        pairs->count++;
    }
    return STATUS_OK;
}

// L sources, each at or below its layer.
static enum status read_state(const struct run *run, const msgpack_object *map, const char *key,
                              uint16_t *state, struct error *error) {
    int sources[RUN_LAYERS_MAX];
    size_t count = 0;
    if (!record_get_int_array(map, key, sources, RUN_LAYERS_MAX, &count) ||
        count != (size_t)run->layers) {
        return error_set(error, STATUS_DAMAGED, "'%s' is not a map of %d layers", key, run->layers);
    }
    for (int i = 0; i < run->layers; i++) {
        if (sources[i] < 0 || sources[i] > i) {
            return error_set(error, STATUS_DAMAGED, "'%s' ties layer %d to %d", key, i, sources[i]);
        }
        state[i] = (uint16_t)sources[i];
    }
    return STATUS_OK;
}

// Every episode leaves records, so that what is made for each of them is no larger than the log.
static enum status read_episode(const struct run *run, const msgpack_object *map, int64_t *episode,
                                struct error *error) {
    if (!record_get_int(map, "episode", episode) || *episode < 0 || *episode > EPISODES_MAX ||
        *episode > run->records) {
        return error_set(error, STATUS_DAMAGED, "its episode is missing or out of range");
    }
    return STATUS_OK;
}

static struct run_memory read_memory(const msgpack_object *map) {
    return (struct run_memory){.weights = real_or_nan(map, "weights"),
                               .gradients = real_or_nan(map, "gradients"),
                               .optimizer = real_or_nan(map, "optimizer"),
                               .activations = real_or_nan(map, "activations"),
                               .total = real_or_nan(map, "total")};
}

// ---- Kinds -------------------------------------------------------------------------------------

static enum status add_header(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = run_pairs_read(&run->config, record_find(map, "config"), error);
    return status == STATUS_OK ? run_pairs_read(&run->labels, record_find(map, "labels"), error)
                               : status;
}

static enum status add_input(struct run *run, const msgpack_object *map, struct error *error);

// The name of an input is volatile, and stands in an "env" of its own.
static enum status add_env(struct run *run, const msgpack_object *map, struct error *error) {
    if (record_find(map, "role")) {
        return add_input(run, map, error);
    }
    return run->versions.count == 0 ? run_pairs_read(&run->versions, map, error) : STATUS_OK;
}

static enum status add_start(struct run *run, const msgpack_object *map, struct error *error) {
    int64_t layers = int_or(map, "layers", 0);
    if (run->has_start || layers < 1 || layers > RUN_LAYERS_MAX) {
        return error_set(error, STATUS_DAMAGED,
                         run->has_start ? "a second start"
                                        : "the number of layers is out of range");
    }
    run->layers = (int)layers;
    enum status status =
        memory_allocate((void **)&run->start, (size_t)layers, sizeof *run->start, "a map", error);
    if (status != STATUS_OK ||
        (status = memory_allocate((void **)&run->final_state, (size_t)layers,
                                  sizeof *run->final_state, "a map", error)) != STATUS_OK) {
        return status;
    }
    status = read_state(run, map, "map", run->start, error);
    run->vocabulary = int_or(map, "vocabulary", -1);
    run->tokens_per_step = int_or(map, "tokens_per_step", -1);
    copy_string(map, "agent", run->agent, sizeof run->agent);
    run->parameters_conventional = in_map(map, "parameters", "conventional");
    run->has_start = true;
    return status;
}

static enum status add_visit(struct run *run, const msgpack_object *map, struct error *error) {
    size_t layers = (size_t)run->layers;
    size_t before = run->visit_capacity;
    size_t most = STATE_CELLS_MAX / layers;
    enum status status = GROW(run, visits, visit, most < ITEMS_MAX ? most : ITEMS_MAX);
    if (status == STATUS_OK && run->visit_capacity != before) {
        void *moved = realloc(run->states, run->visit_capacity * layers * sizeof *run->states);
        if (!moved) {
            run->visit_capacity = before;
            return error_set(error, STATUS_FAILURE, "cannot allocate memory for the run log");
        }
        run->states = moved;
    }
    struct run_visit visit = {.stored = real_or_nan(map, "stored"),
                              .parameters = real_or_nan(map, "parameters"),
                              .epsilon = in_map(map, "info", "epsilon")};
    if (status != STATUS_OK ||
        (status = read_episode(run, map, &visit.episode, error)) != STATUS_OK ||
        (status = read_state(run, map, "state", run->states + run->visit_count * layers, error)) !=
            STATUS_OK) {
        return status;
    }
    if (!read_small(map, "layer", run->layers - 1, &visit.layer) ||
        !read_small(map, "independent", run->layers, &visit.independent)) {
        return error_set(error, STATUS_DAMAGED,
                         "its layer, or how many are independent, is out of range");
    }
    if (run->visit_count > 0 && visit.episode < run->visits[run->visit_count - 1].episode) {
        return error_set(error, STATUS_DAMAGED, "its episode is before that of the last visit");
    }
    if ((size_t)visit.episode > most) {
        return error_set(error, STATUS_DAMAGED, "too many episodes of %d layers", run->layers);
    }
    record_get_bool(map, "changed", &visit.changed);
    run->visits[run->visit_count++] = visit;
    run->episodes = visit.episode > run->episodes ? visit.episode : run->episodes;
    return STATUS_OK;
}

static enum status add_step(struct run *run, const msgpack_object *map, struct error *error) {
    int64_t episode = 0;
    enum status status = read_episode(run, map, &episode, error);
    double loss = real_or_nan(map, "loss");
    run->steps++;
    if (status != STATUS_OK || episode < 1) {
        return status;
    }
    while (status == STATUS_OK && (int64_t)run->loss_count < episode) {
        status = GROW(run, losses, loss, EPISODES_MAX);
        run->loss_count += status == STATUS_OK;
    }
    if (status == STATUS_OK) {
        run->losses[episode - 1].sum += loss;
        run->losses[episode - 1].steps++;
        run->episodes = episode > run->episodes ? episode : run->episodes;
    }
    return status;
}

static enum status add_reward(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = GROW(run, rewards, reward, ITEMS_MAX);
    struct run_reward reward = {.perplexity = real_or_nan(map, "perplexity"),
                                .loss = real_or_nan(map, "loss"),
                                .loss_before = real_or_nan(map, "loss_before")};
    if (status == STATUS_OK &&
        (status = read_episode(run, map, &reward.episode, error)) == STATUS_OK) {
        run->rewards[run->reward_count++] = reward;
    }
    return status;
}

static enum status add_eval(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = GROW(run, evals, eval, ITEMS_MAX);
    struct run_eval eval = {.step = int_or(map, "step", -1),
                            .full = true,
                            .loss = real_or_nan(map, "loss"),
                            .perplexity = real_or_nan(map, "perplexity"),
                            .perplexity_per_word = real_or_nan(map, "perplexity_per_word"),
                            .bits_per_byte = real_or_nan(map, "bits_per_byte"),
                            .text_bytes = real_or_nan(map, "text_bytes"),
                            .targets = real_or_nan(map, "tokens")};
    record_get_bool(map, "full", &eval.full);
    if (status != STATUS_OK ||
        (status = read_episode(run, map, &eval.episode, error)) != STATUS_OK) {
        return status;
    }
    static const char *const SPLITS[RUN_SPLITS] = {"train", "valid", "test"};
    for (int i = 0; i < RUN_SPLITS; i++) {
        if (record_equals(map, "split", SPLITS[i])) {
            eval.split = (enum run_split)i;
            run->evals[run->eval_count++] = eval;
        }
    }
    return STATUS_OK;
}

static enum status add_memory(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = GROW(run, memories, memory, ITEMS_MAX);
    if (status == STATUS_OK) {
        run->memories[run->memory_count++] = read_memory(map);
    }
    return status;
}

static enum status add_timing(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = GROW(run, timings, timing, ITEMS_MAX);
    if (status == STATUS_OK) {
        run->timings[run->timing_count++] =
            (struct run_timing){.episode = int_or(map, "episode", -1),
                                .step = int_or(map, "step", -1),
                                .seconds = real_or_nan(map, "seconds"),
                                .tokens_per_second = real_or_nan(map, "tokens_per_second"),
                                .peak_resident = real_or_nan(map, "peak_resident"),
                                .peak_device = real_or_nan(map, "peak_device"),
                                .peak_counted = in_map(map, "peak_memory", "total")};
    }
    return status;
}

static enum status add_input(struct run *run, const msgpack_object *map, struct error *error) {
    enum status status = GROW(run, inputs, input, PAIRS_MAX);
    if (status == STATUS_OK) {
        char role[sizeof run->inputs->role] = "";
        copy_string(map, "role", role, sizeof role);
        size_t i = 0;
        while (i < run->input_count && strcmp(run->inputs[i].role, role) != 0) {
            i++;
        }
        run->input_count += i == run->input_count;
        struct run_input *input = &run->inputs[i];
        memcpy(input->role, role, sizeof role);
        copy_string(map, "content_xxh64", input->digest, sizeof input->digest);
        copy_string(map, "name", input->name, sizeof input->name);
        copy_string(map, "sha256", input->sha256, sizeof input->sha256);
    }
    return status;
}

static enum status add_final(struct run *run, const msgpack_object *map, struct error *error) {
    run->has_final = true;
    run->steps = int_or(map, "steps", run->steps);
    run->episodes = int_or(map, "episodes", run->episodes);
    run->tokens = real_or_nan(map, "tokens");
    const msgpack_object *test = record_find(map, "best_test");
    if (test && test->type == MSGPACK_OBJECT_MAP) {
        run->best_test = real_or_nan(test, "perplexity");
        run->best_test_episode = int_or(test, "episode", -1);
    }
    const msgpack_object *valid = record_find(map, "best_valid");
    if (valid && valid->type == MSGPACK_OBJECT_MAP) {
        run->best_valid = real_or_nan(valid, "perplexity");
        run->best_valid_episode = int_or(valid, "episode", -1);
        run->test_at_best_valid = real_or_nan(valid, "test_perplexity");
    }
    return read_state(run, map, "state", run->final_state, error);
}

enum status run_add_record(struct run *run, const struct record *record, struct error *error) {
    static const struct {
        const char *kind;
        enum status (*add)(struct run *, const msgpack_object *, struct error *);
        bool before_start;
    } KINDS[] = {
        {"header", add_header, true},  {"env", add_env, true},      {"start", add_start, true},
        {"input", add_input, true},    {"visit", add_visit, false}, {"step", add_step, false},
        {"reward", add_reward, false}, {"eval", add_eval, false},   {"memory", add_memory, false},
        {"timing", add_timing, true},  {"final", add_final, false},
    };
    run->records++;
    for (size_t i = 0; i < ARRAY_LENGTH(KINDS); i++) {
        if (strcmp(record->kind, KINDS[i].kind) == 0) {
            enum status status = STATUS_OK;
            if (!run->has_start && !KINDS[i].before_start) {
                status = error_set(error, STATUS_DAMAGED, "it comes before the start");
            } else {
                status = KINDS[i].add(run, &record->map, error);
            }
            return status == STATUS_OK ? status : error_prefix(error, status, "%s", record->kind);
        }
    }
    return STATUS_OK;
}
