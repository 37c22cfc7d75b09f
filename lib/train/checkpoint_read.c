#include <stdlib.h>
#include <string.h>

#include "lib/agent/channel.h"
#include "lib/record/scan.h"
#include "lib/train/checkpoint.h"

// Bytes of a record before the tensors.
static const size_t EARLY_LIMIT = 16 << 20;

// ---- What stands before the tensors ------------------------------------------------------------

static bool get_layers(const msgpack_object *map, const char *key, int layers, int minimum,
                       int maximum, int *values) {
    size_t count = 0;
    if (!record_get_int_array(map, key, values, TYING_LAYERS_MAX, &count) ||
        count != (size_t)layers) {
        return false;
    }
    for (int i = 0; i < layers; i++) {
        if (values[i] < minimum || values[i] > maximum) {
            return false;
        }
    }
    return true;
}

static bool get_part(const msgpack_object *map, const char *name, int layers,
                     struct tying_part_state *part, int64_t *steps) {
    int owner[TYING_LAYERS_MAX], in_use[TYING_LAYERS_MAX], counts[TYING_LAYERS_MAX];
    const msgpack_object *inner = record_find(map, name);
    if (!inner || !get_layers(inner, "storage", layers, 0, layers - 1, part->storage) ||
        !get_layers(inner, "owner", layers, TYING_OWNER_NONE, TYING_OWNER_GHOST, owner) ||
        !get_layers(inner, "in_use", layers, 0, 1, in_use) ||
        !get_layers(inner, "steps", layers, 0, INT32_MAX, counts)) {
        return false;
    }
    for (int i = 0; i < layers; i++) {
        part->owner[i] = (enum tying_owner)owner[i];
        part->in_use[i] = in_use[i] != 0;
        steps[i] = counts[i];
    }
    return true;
}

// Ranges only: whether they make a tying state is lib/tying's to say.
static bool get_tying(struct checkpoint *c, const msgpack_object *map) {
    const msgpack_object *tying = record_find(map, "tying");
    const msgpack_object *vector = tying ? record_find(tying, "map") : NULL;
    if (!vector || vector->type != MSGPACK_OBJECT_ARRAY || vector->via.array.size < 1 ||
        vector->via.array.size > TYING_LAYERS_MAX) {
        return false;
    }
    int layers = c->tying.layers = (int)vector->via.array.size;
    return get_layers(tying, "map", layers, 0, layers - 1, c->tying.map) &&
           get_part(tying, "attention", layers, &c->tying.parts[TYING_ATTENTION],
                    c->owner_steps[TYING_ATTENTION]) &&
           get_part(tying, "feedforward", layers, &c->tying.parts[TYING_FEEDFORWARD],
                    c->owner_steps[TYING_FEEDFORWARD]) &&
           record_get_int(tying, "outside_steps", &c->outside_steps) && c->outside_steps >= 0 &&
           c->outside_steps <= INT32_MAX;
}

static bool get_volatile(struct checkpoint_volatile *changing, const msgpack_object *map) {
    int64_t offset = 0, records = 0, xxh64 = 0, content = 0;
    const msgpack_object *run = record_find(map, "run_log");
    bool whole = run && record_get_bool(map, "resumable", &changing->resumable) &&
                 record_get_real(map, "seconds", &changing->seconds) &&
                 record_get_int(run, "offset", &offset) &&
                 record_get_int(run, "records", &records) && record_get_int(run, "xxh64", &xxh64) &&
                 record_get_int(run, "content_xxh64", &content);
    memory_peak_get(&changing->peak, map);
    changing->run = (struct record_position){(uint64_t)offset, (uint64_t)records, (uint64_t)xxh64,
                                             (uint64_t)content};
    return whole;
}

static enum status copy_config(struct checkpoint *c, const struct record *header,
                               struct error *error) {
    const msgpack_object *config = record_find(&header->map, "config");
    if (!config || config->type != MSGPACK_OBJECT_MAP) {
        return record_reader_damaged(c->reader, error, "the header has no configuration");
    }
    // The record dies with the next read: a copy goes through bytes of its own.
    msgpack_sbuffer packed;
    msgpack_packer packer;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    enum status status = STATUS_OK;
    char *bytes = NULL;
    if (msgpack_pack_object(&packer, *config) == 0) {
        bytes = msgpack_zone_malloc(&c->zone, packed.size);
    }
    if (bytes) {
        memcpy(bytes, packed.data, packed.size);
        size_t offset = 0;
        if (msgpack_unpack(bytes, packed.size, &offset, &c->zone, &c->config) !=
            MSGPACK_UNPACK_SUCCESS) {
            status = record_reader_damaged(c->reader, error, "the configuration is no map");
        }
    } else {
        status = error_set(error, STATUS_FAILURE, "cannot allocate memory for the configuration");
    }
    msgpack_sbuffer_destroy(&packed);
    return status;
}

// What the device had chosen, which the first env record says nothing of.
static enum status take_choices(struct checkpoint *c, const msgpack_object *map,
                                struct error *error) {
    const char *text = NULL;
    size_t length = 0;
    if (!record_get_string(map, "choices", &text, &length)) {
        return STATUS_OK;
    }
    char *copy = msgpack_zone_malloc(&c->zone, length + 1);
    if (!copy) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the device's choices");
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    c->choices = copy;
    return STATUS_OK;
}

// Takes the records up to "state"; *more stays true while it has not come.
static enum status take_early_record(struct checkpoint *c, const struct record *record,
                                     bool *waiting, struct error *error) {
    if (strcmp(record->kind, "header") == 0) {
        return copy_config(c, record, error);
    }
    if (strcmp(record->kind, "env") == 0) {
        return take_choices(c, &record->map, error);
    }
    if (strcmp(record->kind, "timing") == 0 && !get_volatile(&c->changing, &record->map)) {
        return record_reader_damaged(c->reader, error, "no place in the run log");
    }
    if (strcmp(record->kind, "state") == 0) {
        *waiting = false;
        if (!train_state_get(&c->state, &record->map) || !get_tying(c, &record->map)) {
            return record_reader_damaged(c->reader, error, "the state is incomplete");
        }
    }
    return STATUS_OK;
}

// Updates of a part of the network, each in a training step.
static int64_t most_owner_steps(const struct checkpoint *c) {
    int64_t most = c->outside_steps;
    for (int p = 0; p < TYING_PARTS; p++) {
        for (int i = 0; i < c->tying.layers; i++) {
            most = c->owner_steps[p][i] > most ? c->owner_steps[p][i] : most;
        }
    }
    return most;
}

// The configuration has to be one of this program, and the tying state one that it allows.
static enum status accept_config(struct checkpoint *c, const char *path, struct error *error) {
    struct model_config config;
    enum status status = settings_from_map(&c->settings, &c->config, &c->zone, error);
    if (status == STATUS_OK && c->settings.layers != c->tying.layers) {
        status = error_set(error, STATUS_DAMAGED, "%d layers in its map, %lld in its configuration",
                           c->tying.layers, (long long)c->settings.layers);
    }
    if (status == STATUS_OK && (c->state.visit > settings_visits(&c->settings) ||
                                c->state.episode > c->settings.episodes ||
                                c->state.step > settings_planned_steps(&c->settings) ||
                                most_owner_steps(c) > c->state.step)) {
        status = error_set(error, STATUS_DAMAGED, "it is further than its run can be");
    }
    if (status == STATUS_OK) {
        settings_model_config(&c->settings, c->state.vocabulary, &config);
        c->tying.options = config.tying;
        status = model_check(&config, error) == STATUS_OK ? tying_validate(&c->tying, error)
                                                          : STATUS_DAMAGED;
    }
    return status == STATUS_OK ? status
                               : error_prefix(error, status, "cannot read checkpoint '%s'", path);
}

enum status checkpoint_open(struct checkpoint *checkpoint, const char *path, struct error *error) {
    *checkpoint = (struct checkpoint){0};
    if (!msgpack_zone_init(&checkpoint->zone, 8192)) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for a checkpoint");
    }
    enum status status = record_reader_open(&checkpoint->reader, path, "checkpoint", "checkpoint",
                                            RECORD_STRICT, error);
    bool more = true, waiting = true;
    if (status == STATUS_OK) {
        record_reader_limit(checkpoint->reader, EARLY_LIMIT);
    }
    while (status == STATUS_OK && waiting) {
        struct record record;
        status = record_read(checkpoint->reader, &record, &more, error);
        if (status == STATUS_OK && !more) {
            status = record_reader_damaged(checkpoint->reader, error, "it holds no state");
        }
        if (status == STATUS_OK) {
            status = take_early_record(checkpoint, &record, &waiting, error);
        }
    }
    if (status == STATUS_OK) {
        status = accept_config(checkpoint, path, error);
    }
    if (status != STATUS_OK) {
        checkpoint_close(checkpoint);
    }
    return status;
}

enum status checkpoint_check_rest(struct checkpoint *checkpoint, struct error *error) {
    struct record record;
    enum status status = STATUS_OK;
    record_reader_limit(checkpoint->reader, RECORD_LIMIT);
    for (bool more = true; status == STATUS_OK && more;) {
        status = record_read(checkpoint->reader, &record, &more, error);
    }
    return status;
}

enum status checkpoint_blame(struct checkpoint *checkpoint, enum status status,
                             struct error *error) {
    struct error damage;
    if (status == STATUS_OK || status == STATUS_DAMAGED || !checkpoint->reader ||
        checkpoint_check_rest(checkpoint, &damage) != STATUS_DAMAGED) {
        return status;
    }
    *error = damage;
    return STATUS_DAMAGED;
}

void checkpoint_close(struct checkpoint *checkpoint) {
    if (checkpoint->reader) {
        record_reader_close(checkpoint->reader);
    }
    msgpack_zone_destroy(&checkpoint->zone);
    *checkpoint = (struct checkpoint){0};
}

// ---- Tensors and the agent ----------------------------------------------------------------------

static enum status take_agent(struct checkpoint *c, const msgpack_object *map,
                              struct dialogue *dialogue, struct error *error) {
    const void *blob = NULL;
    size_t length = 0;
    if (!record_get_binary(map, "blob", &blob, &length) ||
        !get_layers(map, "map", c->tying.layers, 0, c->tying.layers - 1, dialogue->map)) {
        return record_reader_damaged(c->reader, error, "the agent's state is incomplete");
    }
    struct error why;
    if (tying_map_check(dialogue->map, c->tying.layers, &why) != STATUS_OK) {
        return record_reader_damaged(c->reader, error, "the agent's map: %s", why.message);
    }
    dialogue->blob.length = 0;
    return buffer_append(&dialogue->blob, blob, length, error);
}

static enum status take_exchange(struct checkpoint *c, const msgpack_object *map,
                                 struct dialogue *dialogue, struct error *error) {
    struct exchange said = {0};
    int64_t layer = 0, source = 0;
    if (!record_get_int(map, "episode", &said.episode) || !record_get_int(map, "layer", &layer) ||
        !record_get_int(map, "source", &source)) {
        return record_reader_damaged(c->reader, error, "what was said to the agent is incomplete");
    }
    bool visit = layer >= 1 && layer < c->tying.layers && source >= 0 && source <= layer;
    if (!visit && (layer != -1 || source != 0)) {
        return record_reader_damaged(c->reader, error,
                                     "no visit that the agent can have been asked for");
    }
    said.layer = (int)layer;
    said.source = (int)source;
    said.rewarded = record_get_real(map, "perplexity", &said.reward.perplexity) &&
                    record_get_real(map, "loss", &said.reward.loss) &&
                    record_get_real(map, "loss_before", &said.reward.loss_before);
    return dialogue_append(dialogue, &said, error);
}

struct tensor_reader {
    struct checkpoint *checkpoint;
    const struct ops *ops;
    device *dev;
    struct dialogue *dialogue;
};

// The next tensor record, of `bytes`; those of the agent come before the first.
static enum status next_tensor(struct tensor_reader *t, size_t bytes, struct record *record,
                               struct error *error) {
    struct checkpoint *c = t->checkpoint;
    bool more = true;
    record_reader_limit(c->reader,
                        EARLY_LIMIT + (bytes > CHANNEL_BLOB_LIMIT ? bytes : CHANNEL_BLOB_LIMIT));
    enum status status = record_read(c->reader, record, &more, error);
    while (status == STATUS_OK && more && strcmp(record->kind, "tensor") != 0) {
        if (t->dialogue && strcmp(record->kind, "agent") == 0) {
            status = take_agent(c, &record->map, t->dialogue, error);
        } else if (t->dialogue && strcmp(record->kind, "exchange") == 0) {
            status = take_exchange(c, &record->map, t->dialogue, error);
        }
        if (status == STATUS_OK) {
            status = record_read(c->reader, record, &more, error);
        }
    }
    if (status == STATUS_OK && !more) {
        status = record_reader_damaged(c->reader, error, "a tensor is missing");
    }
    return status;
}

static enum status read_tensor(void *context, const struct model_tensor *tensor,
                               struct error *error) {
    struct tensor_reader *t = context;
    if (tensor->kind == MODEL_GRADIENT) {
        return STATUS_OK;
    }
    struct record record;
    enum status status = next_tensor(t, tensor->n * sizeof(float), &record, error);
    if (status != STATUS_OK) {
        return status;
    }
    const void *data = NULL;
    size_t length = 0;
    if (!record_equals(&record.map, "name", tensor->name) ||
        !record_get_binary(&record.map, "data", &data, &length) ||
        length != tensor->n * sizeof(float)) {
        return record_reader_damaged(t->checkpoint->reader, error, "not the tensor '%s'",
                                     tensor->name);
    }
    t->ops->upload_state(t->dev, tensor->data, data, tensor->n);
    return t->ops->check(t->dev, error);
}

static enum status read_end(struct checkpoint *checkpoint, struct error *error) {
    struct record record;
    bool more = true;
    enum status status = record_read(checkpoint->reader, &record, &more, error);
    return status == STATUS_OK && more ? record_reader_damaged(checkpoint->reader, error,
                                                               "more tensors than the network has")
                                       : status;
}

enum status checkpoint_load(struct checkpoint *checkpoint, struct model *model,
                            const struct ops *ops, device *dev, struct dialogue *dialogue,
                            struct error *error) {
    const struct model_config *config = model_get_config(model);
    enum status status = model_restore_tying(model, &checkpoint->tying, error);
    for (int p = 0; p < TYING_PARTS && status == STATUS_OK; p++) {
        for (int i = 0; i < config->layers; i++) {
            model_set_owner_steps(model, (enum tying_part)p, i, checkpoint->owner_steps[p][i]);
        }
    }
    if (status == STATUS_OK) {
        model_set_owner_steps(model, TYING_PARTS, 0, checkpoint->outside_steps);
        struct tensor_reader reader = {checkpoint, ops, dev, dialogue};
        status = model_visit_tensors(model, read_tensor, &reader, error);
    }
    if (status == STATUS_OK) {
        status = read_end(checkpoint, error);
    }
    if (status == STATUS_OK) {
        model_refresh(model);
    }
    return status;
}
