// The saved state of the Q-learning policy: one msgpack map, as everything else is, with its arrays
// as little-endian binary, and behind it the XXH64 of the map. Whatever decides the next answer is
// in it, or on the command line; what is on the command line and has to be the same is checked.

#include <stdlib.h>
#include <string.h>

#include "lib/agent/qlearn.h"
#include "lib/base/hash.h"
#include "lib/base/math.h"
#include "lib/record/little_endian.h"

enum { SAVE_VERSION = 1, FLOAT_BYTES = 4, INDEX_BYTES = 2, DIGEST_BYTES = 8 };

// ---- Arrays ----------------------------------------------------------------------------------

static uint8_t *put_float(uint8_t *at, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    store_le(at, bits, FLOAT_BYTES);
    return at + FLOAT_BYTES;
}

static float get_float(const uint8_t *at) {
    uint32_t bits = (uint32_t)load_le(at, FLOAT_BYTES);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint8_t *put_indices(uint8_t *at, const int *values, int count) {
    for (int i = 0; i < count; i++, at += INDEX_BYTES) {
        store_le(at, (uint64_t)values[i], INDEX_BYTES);
    }
    return at;
}

static const uint8_t *get_indices(const uint8_t *at, int *values, int count) {
    for (int i = 0; i < count; i++, at += INDEX_BYTES) {
        values[i] = (int)load_le(at, INDEX_BYTES);
    }
    return at;
}

static size_t transition_bytes(int layers) {
    return (size_t)(2 + 2 * layers) * INDEX_BYTES + FLOAT_BYTES;
}

static uint8_t *put_transition(uint8_t *at, const struct transition *t, int layers) {
    at = put_indices(at, (const int[]){t->layer, t->action}, 2);
    at = put_float(at, t->reward);
    at = put_indices(at, t->state, layers);
    return put_indices(at, t->next, layers);
}

// False: not a transition of that many layers.
static bool get_transition(const uint8_t *at, struct transition *t, int layers) {
    struct error ignored;
    int place[2];
    at = get_indices(at, place, 2);
    t->layer = place[0];
    t->action = place[1];
    t->reward = get_float(at);
    at = get_indices(at + FLOAT_BYTES, t->state, layers);
    get_indices(at, t->next, layers);
    return t->layer < layers && t->action <= t->layer &&
           tying_map_check(t->state, layers, &ignored) == STATUS_OK &&
           tying_map_check(t->next, layers, &ignored) == STATUS_OK;
}

// ---- What the arrays are ---------------------------------------------------------------------

static int64_t stored_transitions(int64_t remembered, int64_t capacity) {
    return remembered < capacity ? remembered : capacity;
}

// One block: the weights, both moments, the target network, the pending transition, the replay.
size_t qlearn_block_bytes(const struct policy_options *options, int layers, int64_t remembered) {
    size_t networks = options->target_every > 0 ? 4 : 3;
    size_t transitions = 1 + (size_t)stored_transitions(remembered, options->replay);
    return networks * qnetwork_layout(layers, (int)options->hidden).end * FLOAT_BYTES +
           transitions * transition_bytes(layers);
}

static size_t list_networks(const struct policy *p, float *arrays[static 4]) {
    size_t count = 0;
    arrays[count++] = p->network.weights;
    arrays[count++] = p->network.moment1;
    arrays[count++] = p->network.moment2;
    if (p->target) {
        arrays[count++] = p->target;
    }
    return count;
}

static void put_block(const struct policy *p, uint8_t *at) {
    float *arrays[4];
    size_t count = list_networks(p, arrays);
    for (size_t a = 0; a < count; a++) {
        for (size_t i = 0; i < p->network.parameters; i++) {
            at = put_float(at, arrays[a][i]);
        }
    }
    at = put_transition(at, &p->pending, p->layers);
    for (int64_t i = 0; i < stored_transitions(p->remembered, p->options.replay); i++) {
        at = put_transition(at, &p->replay[i], p->layers);
    }
}

// ---- The settings that its answers depend on ------------------------------------------------

enum { SETTINGS = 6 };
static const char *const SETTING_NAMES[SETTINGS] = {"gamma",         "q_lr",   "epsilon_decay",
                                                    "epsilon_floor", "reward", "reward_clip"};

static double setting_of(const struct policy_options *options, size_t i) {
    const double values[SETTINGS] = {options->gamma,         options->q_lr,
                                     options->epsilon_decay, options->epsilon_floor,
                                     options->reward,        options->reward_clip};
    return values[i];
}

// One saved before they were kept is taken as it is.
static enum status check_settings(const msgpack_object *map, const struct policy_options *options,
                                  struct error *error) {
    for (size_t i = 0; i < SETTINGS; i++) {
        double saved;
        if (record_get_real(map, SETTING_NAMES[i], &saved) && saved != setting_of(options, i)) {
            char was[MATH_TEXT], is[MATH_TEXT];
            math_format(saved, MATH_DIGITS, was);
            math_format(setting_of(options, i), MATH_DIGITS, is);
            return error_set(error, STATUS_DAMAGED, "its %s is %s, not %s", SETTING_NAMES[i], was,
                             is);
        }
    }
    return STATUS_OK;
}

// ---- Saving ----------------------------------------------------------------------------------

static void put_fields(const struct policy *p, struct record_builder *r) {
    record_begin(r, "qlearn");
    record_put_int(r, "version", SAVE_VERSION);
    record_put_int(r, "seed", (int64_t)p->seed);
    record_put_int(r, "layers", p->layers);
    record_put_int(r, "hidden", p->options.hidden);
    record_put_int(r, "replay", p->options.replay);
    record_put_int(r, "target_every", p->options.target_every);
    for (size_t i = 0; i < SETTINGS; i++) {
        record_put_real(r, SETTING_NAMES[i], setting_of(&p->options, i));
    }
    record_put_int(r, "updates", p->network.updates);
    record_put_int(r, "actions", p->actions);
    record_put_int(r, "remembered", p->remembered);
    record_put_real(r, "epsilon", p->epsilon);
    record_put_bool(r, "is_pending", p->is_pending);
    record_put_bool(r, "has_learned", p->has_learned);
    record_put_real(r, "last_loss", (double)p->last_loss);
    record_put_real(r, "last_reward", (double)p->last_reward);
}

enum status qlearn_save(const struct policy *p, struct buffer *blob, struct error *error) {
    struct record_builder r = {0};
    void *block;
    uint8_t digest[DIGEST_BYTES];
    size_t begin = blob->length, length = qlearn_block_bytes(&p->options, p->layers, p->remembered);
    enum status status = memory_allocate(&block, length, 1, "the saved agent", error);
    if (status != STATUS_OK) {
        return status;
    }
    put_block(p, block);
    put_fields(p, &r);
    record_put_binary(&r, "data", block, length);
    status = record_message_append(blob, &r, error);
    if (status == STATUS_OK) {
        store_le(digest, XXH64(blob->data + begin, blob->length - begin, 0), DIGEST_BYTES);
        status = buffer_append(blob, digest, DIGEST_BYTES, error);
    }
    record_builder_free(&r);
    free(block);
    return status;
}

// ---- Restoring -------------------------------------------------------------------------------

static enum status check_same(const msgpack_object *map, const char *key, int64_t ours,
                              struct error *error) {
    int64_t saved;
    if (!record_get_int(map, key, &saved)) {
        return error_set(error, STATUS_DAMAGED, "no '%s'", key);
    }
    return saved == ours ? STATUS_OK
                         : error_set(error, STATUS_DAMAGED, "its %s is %lld, not %lld", key,
                                     (long long)saved, (long long)ours);
}

// Everything but the block, into *p.
static enum status get_fields(const msgpack_object *map, struct policy *p, struct error *error) {
    const struct {
        const char *key;
        int64_t ours;
    } same[] = {{"version", SAVE_VERSION},     {"seed", (int64_t)p->seed},
                {"layers", p->layers},         {"hidden", p->options.hidden},
                {"replay", p->options.replay}, {"target_every", p->options.target_every}};
    for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
        enum status status = check_same(map, same[i].key, same[i].ours, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    enum status status = check_settings(map, &p->options, error);
    if (status != STATUS_OK) {
        return status;
    }
    double loss = 0, reward = 0;
    bool whole = record_get_count(map, "updates", &p->network.updates) &&
                 record_get_count(map, "actions", &p->actions) &&
                 record_get_count(map, "remembered", &p->remembered) &&
                 record_get_real(map, "epsilon", &p->epsilon) &&
                 record_get_bool(map, "is_pending", &p->is_pending) &&
                 record_get_bool(map, "has_learned", &p->has_learned) &&
                 record_get_real(map, "last_loss", &loss) &&
                 record_get_real(map, "last_reward", &reward);
    p->last_loss = (float)loss;
    p->last_reward = (float)reward;
    return whole && p->epsilon >= 0 && p->epsilon <= 1
               ? STATUS_OK
               : error_set(error, STATUS_DAMAGED, "a field is missing");
}

static enum status check_block(const struct policy *p, const msgpack_object *map,
                               const uint8_t **block, struct error *error) {
    const void *data;
    size_t length;
    if (!record_get_binary(map, "data", &data, &length) ||
        length != qlearn_block_bytes(&p->options, p->layers, p->remembered)) {
        return error_set(error, STATUS_DAMAGED, "its data have the wrong length");
    }
    *block = data;
    const uint8_t *end = *block + length;
    size_t step = transition_bytes(p->layers);
    int64_t transitions = 1 + stored_transitions(p->remembered, p->options.replay);
    for (const uint8_t *at = end - (size_t)transitions * step; at < end; at += step) {
        struct transition t;
        if (!get_transition(at, &t, p->layers)) {
            return error_set(error, STATUS_DAMAGED, "it remembers what cannot have been");
        }
    }
    return STATUS_OK;
}

static void get_block(struct policy *p, const uint8_t *at) {
    float *arrays[4];
    size_t count = list_networks(p, arrays);
    for (size_t a = 0; a < count; a++) {
        for (size_t i = 0; i < p->network.parameters; i++, at += FLOAT_BYTES) {
            arrays[a][i] = get_float(at);
        }
    }
    get_transition(at, &p->pending, p->layers);
    for (int64_t i = 0; i < stored_transitions(p->remembered, p->options.replay); i++) {
        at += transition_bytes(p->layers);
        get_transition(at, &p->replay[i], p->layers);
    }
}

static enum status restore_map(struct policy *p, const struct record *record, struct error *error) {
    struct policy restored = *p; // the arrays are the same until everything was checked
    const uint8_t *block = NULL;
    if (strcmp(record->kind, "qlearn") != 0) {
        return error_set(error, STATUS_DAMAGED, "it is of kind '%s'", record->kind);
    }
    enum status status = get_fields(&record->map, &restored, error);
    if (status == STATUS_OK) {
        status = check_block(&restored, &record->map, &block, error);
    }
    if (status == STATUS_OK) {
        *p = restored;
        get_block(p, block);
    }
    return status;
}

static enum status restore_message(struct policy *p, const uint8_t *blob, size_t length,
                                   msgpack_zone *zone, struct error *error) {
    struct record record;
    size_t used;
    if (length < DIGEST_BYTES || load_le(blob + length - DIGEST_BYTES, DIGEST_BYTES) !=
                                     XXH64(blob, length - DIGEST_BYTES, 0)) {
        return error_set(error, STATUS_DAMAGED, "its checksum is wrong");
    }
    enum status status =
        record_message_parse(blob, length - DIGEST_BYTES, &used, &record, zone, error);
    if (status == STATUS_OK && (used == 0 || used != length - DIGEST_BYTES)) {
        status = error_set(error, STATUS_DAMAGED, "its length is wrong");
    }
    return status == STATUS_OK ? restore_map(p, &record, error) : status;
}

enum status qlearn_restore(struct policy *p, const void *blob, size_t length, struct error *error) {
    msgpack_zone zone;
    if (!msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE)) {
        return error_set(error, STATUS_FAILURE, "cannot allocate a message");
    }
    enum status status = restore_message(p, blob, length, &zone, error);
    msgpack_zone_destroy(&zone);
    return status == STATUS_OK ? status
                               : error_prefix(error, status, "cannot go on from the saved agent");
}
