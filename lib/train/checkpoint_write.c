#include <stdlib.h>

#include "lib/train/checkpoint.h"
#include "lib/train/device.h"

struct tensor_writer {
    struct record_writer *writer;
    struct record_builder *r;
    const struct ops *ops;
    device *dev;
    struct buffer bytes; // one tensor on the host
};

static enum status write_tensor(void *context, const struct model_tensor *tensor,
                                struct error *error) {
    struct tensor_writer *w = context;
    if (tensor->kind == MODEL_GRADIENT) {
        return STATUS_OK; // zero between steps
    }
    size_t length = tensor->n * sizeof(float);
    w->bytes.length = 0;
    enum status status = buffer_reserve(&w->bytes, length, error);
    if (status != STATUS_OK) {
        return status;
    }
    w->ops->download_state(w->dev, (float *)w->bytes.data, tensor->data, tensor->n);
    status = w->ops->check(w->dev, error);
    if (status != STATUS_OK) {
        return status;
    }
    int shape[3];
    for (int i = 0; i < tensor->dimensions; i++) {
        shape[i] = (int)tensor->shape[i];
    }
    record_begin(w->r, "tensor");
    record_put_string(w->r, "name", tensor->name);
    record_put_int_array(w->r, "shape", shape, (size_t)tensor->dimensions);
    record_put_string(w->r, "type", "f32");
    record_put_binary(w->r, "data", w->bytes.data, length);
    return record_write(w->writer, w->r, error);
}

static enum status add_bytes(void *sum, const struct model_tensor *tensor, struct error *error) {
    (void)error;
    *(uint64_t *)sum += tensor->kind == MODEL_GRADIENT ? 0 : tensor->n * sizeof(float);
    return STATUS_OK;
}

// Weights hardly compress, and hardly anything else counts.
static uint64_t expected_bytes(struct model *model, const struct dialogue *dialogue) {
    uint64_t bytes = dialogue->blob.length;
    model_visit_tensors(model, add_bytes, &bytes, &(struct error){0});
    return bytes;
}

static enum status write_volatile(struct record_writer *writer, struct record_builder *r,
                                  const struct checkpoint_volatile *changing, struct error *error) {
    record_begin(r, "timing");
    record_put_bool(r, "resumable", changing->resumable);
    record_put_real(r, "seconds", changing->seconds);
    memory_peak_put(&changing->peak, r);
    record_put_map(r, "run_log");
    record_put_int(r, "offset", (int64_t)changing->run.offset);
    record_put_int(r, "records", (int64_t)changing->run.records);
    record_put_int(r, "xxh64", (int64_t)changing->run.xxh64);
    record_put_int(r, "content_xxh64", (int64_t)changing->run.content_xxh64);
    record_end_map(r);
    return record_write(writer, r, error);
}

static void put_tying(struct record_builder *r, const struct model *model) {
    static const char *const PART_NAMES[TYING_PARTS] = {"attention", "feedforward"};
    const struct tying *tying = model_tying(model);
    size_t L = (size_t)tying->layers;
    record_put_map(r, "tying");
    record_put_int_array(r, "map", tying->map, L);
    for (int p = 0; p < TYING_PARTS; p++) {
        const struct tying_part_state *part = &tying->parts[p];
        int owner[TYING_LAYERS_MAX], in_use[TYING_LAYERS_MAX], steps[TYING_LAYERS_MAX];
        for (size_t i = 0; i < L; i++) {
            owner[i] = (int)part->owner[i];
            in_use[i] = part->in_use[i];
            steps[i] = (int)model_get_owner_steps(model, (enum tying_part)p, (int)i);
        }
        record_put_map(r, PART_NAMES[p]);
        record_put_int_array(r, "storage", part->storage, L);
        record_put_int_array(r, "owner", owner, L);
        record_put_int_array(r, "in_use", in_use, L);
        record_put_int_array(r, "steps", steps, L);
        record_end_map(r);
    }
    record_put_int(r, "outside_steps", model_get_owner_steps(model, TYING_PARTS, 0));
    record_end_map(r);
}

static enum status write_dialogue(struct record_writer *writer, struct record_builder *r,
                                  const struct dialogue *dialogue, struct error *error) {
    record_begin(r, "agent");
    record_put_binary(r, "blob", dialogue->blob.data, dialogue->blob.length);
    record_put_int_array(r, "map", dialogue->map, (size_t)dialogue->layers);
    enum status status = record_write(writer, r, error);
    for (size_t i = 0; i < dialogue->count && status == STATUS_OK; i++) {
        const struct exchange *said = &dialogue->exchanges[i];
        record_begin(r, "exchange");
        record_put_int(r, "episode", said->episode);
        record_put_int(r, "layer", said->layer);
        record_put_int(r, "source", said->source);
        if (said->rewarded) {
            record_put_real(r, "perplexity", said->reward.perplexity);
            record_put_real(r, "loss", said->reward.loss);
            record_put_real(r, "loss_before", said->reward.loss_before);
        }
        status = record_write(writer, r, error);
    }
    return status;
}

static enum status write_header(struct record_writer *writer, struct record_builder *r,
                                const struct settings *settings,
                                const struct invocation *invocation, struct error *error) {
    struct settings copy = *settings;
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_describe(&copy, table);
    record_begin_header(r, "checkpoint", "dlt-train", (const struct option *const[]){table, NULL});
    settings_put_labels(settings->labels, r);
    enum status status = record_write(writer, r, error);
    return status == STATUS_OK ? record_write_env(writer, r, invocation->threads, invocation->argc,
                                                  invocation->argv, error)
                               : status;
}

enum status checkpoint_write(const char *path, const struct settings *settings,
                             const struct invocation *invocation,
                             const struct checkpoint_volatile *changing,
                             const struct train_state *state, const struct dialogue *dialogue,
                             struct model *model, const struct ops *ops, device *dev,
                             struct error *error) {
    struct record_writer *writer = NULL;
    struct record_builder r = {0};
    const struct record_writer_options options = {.path = path,
                                                  .content = "checkpoint",
                                                  .level = 1, // the fastest is as good as any
                                                  .expected = expected_bytes(model, dialogue),
                                                  .hold = changing->hold};
    enum status status = record_writer_open(&writer, &options, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct tensor_writer tensors = {.writer = writer, .r = &r, .ops = ops, .dev = dev};
    status = write_header(writer, &r, settings, invocation, error);
    if (status == STATUS_OK) {
        status = write_volatile(writer, &r, changing, error);
    }
    if (status == STATUS_OK) {
        status = device_write_choices(writer, &r, ops, dev, error);
    }
    if (status == STATUS_OK) {
        record_begin(&r, "state");
        train_state_put(state, &r);
        put_tying(&r, model);
        status = record_write(writer, &r, error);
    }
    if (status == STATUS_OK) {
        status = write_dialogue(writer, &r, dialogue, error);
    }
    if (status == STATUS_OK) {
        status = model_visit_tensors(model, write_tensor, &tensors, error);
    }
    if (status == STATUS_OK) {
        status = record_writer_finish(writer, error);
    } else {
        record_writer_abandon(writer, false);
    }
    buffer_free(&tensors.bytes);
    record_builder_free(&r);
    return status;
}
