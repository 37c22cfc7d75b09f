#include "lib/train/state.h"

#include <math.h>
#include <string.h>

static void put_best(struct record_builder *r, const char *key, const struct best *best) {
    record_put_map(r, key);
    record_put_real(r, "perplexity", best->perplexity);
    record_put_int(r, "episode", best->episode);
    record_put_real(r, "test_perplexity", best->test_perplexity);
    if (isinf(best->perplexity)) {
        record_put_real(r, "loss", best->loss);
    }
    record_end_map(r);
}

static bool get_best(const msgpack_object *map, const char *key, struct best *best) {
    const msgpack_object *inner = record_find(map, key);
    best->loss = INFINITY;
    if (inner) {
        record_get_real(inner, "loss", &best->loss);
    }
    return inner && record_get_real(inner, "perplexity", &best->perplexity) &&
           record_get_int(inner, "episode", &best->episode) &&
           record_get_real(inner, "test_perplexity", &best->test_perplexity);
}

// 64-bit digests and counters travel as signed integers of the same bits.
static bool get_unsigned(const msgpack_object *map, const char *key, uint64_t *value) {
    int64_t bits = 0;
    bool found = record_get_int(map, key, &bits);
    *value = (uint64_t)bits;
    return found;
}

// Empty where it is missing, as in checkpoints of before it was kept.
static bool get_text(const msgpack_object *map, const char *key, char *text, size_t size) {
    const char *found;
    size_t length;
    memset(text, 0, size);
    if (!record_get_string(map, key, &found, &length)) {
        return !record_find(map, key);
    }
    if (length >= size || memchr(found, 0, length)) {
        return false;
    }
    memcpy(text, found, length);
    return true;
}

void train_state_put(const struct train_state *state, struct record_builder *r) {
    record_put_int(r, "episode", state->episode);
    record_put_int(r, "visit", state->visit);
    record_put_int(r, "step", state->step);
    record_put_int(r, "visits", state->visits);
    record_put_int(r, "tokens", state->tokens);
    record_put_int(r, "changes", state->changes);
    record_put_bool(r, "finished", state->finished);
    put_best(r, "best_test", &state->best_test);
    put_best(r, "best_valid", &state->best_valid);
    record_put_int(r, "vocabulary", state->vocabulary);
    record_put_string(r, "vocabulary_model", state->vocabulary_model);
    record_put_string(r, "vocabulary_sha256", state->vocabulary_sha256);
    record_put_map(r, "inputs");
    for (int i = 0; i < SPLITS; i++) {
        record_put_int(r, SPLIT_NAMES[i], (int64_t)state->inputs[i]);
    }
    record_end_map(r);
    record_put_int(r, "train_pass", (int64_t)state->train_pass);
    record_put_int(r, "train_position", (int64_t)state->train_position);
    record_put_int(r, "reward_pass", (int64_t)state->reward_pass);
    record_put_int(r, "reward_position", (int64_t)state->reward_position);
}

bool train_state_get(struct train_state *state, const msgpack_object *map) {
    int64_t vocabulary = 0;
    const msgpack_object *inputs = record_find(map, "inputs");
    bool whole = inputs && record_get_count(map, "episode", &state->episode) &&
                 record_get_count(map, "visit", &state->visit) &&
                 record_get_count(map, "step", &state->step) &&
                 record_get_count(map, "visits", &state->visits) &&
                 record_get_count(map, "tokens", &state->tokens) &&
                 record_get_count(map, "changes", &state->changes) &&
                 record_get_bool(map, "finished", &state->finished) &&
                 get_best(map, "best_test", &state->best_test) &&
                 get_best(map, "best_valid", &state->best_valid) &&
                 record_get_int(map, "vocabulary", &vocabulary) &&
                 get_text(map, "vocabulary_model", state->vocabulary_model,
                          sizeof state->vocabulary_model) &&
                 get_text(map, "vocabulary_sha256", state->vocabulary_sha256,
                          sizeof state->vocabulary_sha256) &&
                 get_unsigned(map, "train_pass", &state->train_pass) &&
                 get_unsigned(map, "train_position", &state->train_position) &&
                 get_unsigned(map, "reward_pass", &state->reward_pass) &&
                 get_unsigned(map, "reward_position", &state->reward_position);
    for (int i = 0; whole && i < SPLITS; i++) {
        whole = get_unsigned(inputs, SPLIT_NAMES[i], &state->inputs[i]);
    }
    state->vocabulary = (uint32_t)vocabulary;
    return whole && vocabulary > 0 && vocabulary <= TOKEN_VOCABULARY_MAX && state->episode >= 1;
}

// ---- Memory -------------------------------------------------------------------------------------

void model_memory_put(const struct model_memory *memory, struct record_builder *r) {
    record_put_int(r, "weights", (int64_t)memory->weights);
    record_put_int(r, "gradients", (int64_t)memory->gradients);
    record_put_int(r, "optimizer", (int64_t)memory->optimizer);
    record_put_int(r, "activations", (int64_t)memory->activations);
    record_put_int(r, "total", (int64_t)memory->total);
}

void memory_peak_put(const struct memory_peak *peak, struct record_builder *r) {
    record_put_int(r, "peak_resident", (int64_t)peak->resident);
    record_put_int(r, "peak_device", (int64_t)peak->device);
    record_put_map(r, "peak_memory");
    model_memory_put(&peak->counted, r);
    record_end_map(r);
}

static uint64_t get_bytes(const msgpack_object *map, const char *key) {
    int64_t bytes;
    return record_get_int(map, key, &bytes) && bytes > 0 ? (uint64_t)bytes : 0;
}

void memory_peak_get(struct memory_peak *peak, const msgpack_object *map) {
    const msgpack_object *counted = record_find(map, "peak_memory");
    *peak = (struct memory_peak){.resident = get_bytes(map, "peak_resident"),
                                 .device = get_bytes(map, "peak_device")};
    if (counted && counted->type == MSGPACK_OBJECT_MAP) {
        peak->counted = (struct model_memory){.weights = get_bytes(counted, "weights"),
                                              .gradients = get_bytes(counted, "gradients"),
                                              .optimizer = get_bytes(counted, "optimizer"),
                                              .activations = get_bytes(counted, "activations"),
                                              .total = get_bytes(counted, "total")};
    }
}
