// The records of a run log. FORMAT.md names every field.
#include "lib/base/memory.h"
#include "lib/train/device.h"
#include "lib/train/trainer.h"

static enum status write_record(struct trainer *t, struct error *error) {
    return record_write(t->log, &t->record, error);
}

static enum status write_header(struct trainer *t, struct error *error) {
    struct settings copy = *t->settings;
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_describe(&copy, table);
    record_begin_header(&t->record, t->settings->dry_run ? "plan" : "run", "dlt-train",
                        (const struct option *const[]){table, NULL});
    settings_put_labels(t->settings->labels, &t->record);
    return write_record(t, error);
}

enum status run_log_env(struct trainer *t, struct error *error) {
    return record_write_env(t->log, &t->record, t->invocation->threads, t->invocation->argc,
                            t->invocation->argv, error);
}

static enum status write_start(struct trainer *t, const struct model_memory *memory,
                               struct error *error) {
    struct record_builder *r = &t->record;
    struct model_parameters parameters;
    model_count_parameters(&t->config, &parameters);
    record_begin(r, "start");
    record_put_int(r, "layers", t->config.layers);
    record_put_int(r, "vocabulary", t->config.vocabulary);
    record_put_int_array(r, "map", t->dialogue.ready.start, (size_t)t->config.layers);
    record_put_int(r, "tokens_per_step", t->settings->batch * t->settings->context);
    record_put_int(r, "train_tokens", (int64_t)t->tokens[SPLIT_TRAIN].count);
    record_put_int(r, "planned_steps", t->planned);
    record_put_map(r, "parameters");
    record_put_int(r, "embedding", (int64_t)parameters.embedding);
    record_put_int(r, "layer", (int64_t)parameters.layer);
    record_put_int(r, "final", (int64_t)parameters.final);
    record_put_int(r, "conventional", (int64_t)parameters.conventional);
    record_end_map(r);
    record_put_map(r, "memory");
    model_memory_put(memory, r);
    record_end_map(r);
    record_put_string(r, "agent", t->dialogue.ready.policy);
    return write_record(t, error);
}

// A token file's compressed bytes change with its date, its content does not: the digest of the
// content is part of the result, name, size and SHA-256 are not.
static enum status write_input(struct trainer *t, enum split split, struct error *error) {
    struct record_builder *r = &t->record;
    const struct token_file *tokens = &t->tokens[split];
    char digest[HASH_XXH64_TEXT];
    hash_xxh64_text(tokens->content_digest, digest);
    record_begin(r, "input");
    record_put_string(r, "role", SPLIT_NAMES[split]);
    record_put_string(r, "content_xxh64", digest);
    record_put_int(r, "tokens", (int64_t)tokens->count);
    enum status status = write_record(t, error);
    if (status != STATUS_OK) {
        return status;
    }
    record_begin(r, "env");
    record_put_string(r, "role", SPLIT_NAMES[split]);
    record_put_string(r, "name", tokens->name);
    record_put_int(r, "bytes", (int64_t)tokens->file_bytes);
    record_put_string(r, "sha256", tokens->sha256);
    return write_record(t, error);
}

enum status run_log_begin(struct trainer *t, const struct model_memory *memory,
                          struct error *error) {
    enum status status = write_header(t, error);
    if (status == STATUS_OK) {
        status = run_log_env(t, error);
    }
    for (int split = 0; split < SPLITS && status == STATUS_OK; split++) {
        status = t->has[split] ? write_input(t, (enum split)split, error) : STATUS_OK;
    }
    return status == STATUS_OK ? write_start(t, memory, error) : status;
}

enum status run_log_plan(struct trainer *t, struct error *error) {
    struct record_builder *r = &t->record;
    struct plan plan;
    struct model_memory most;
    trainer_plan(t, &plan);
    trainer_most_memory(t, &most);
    record_begin(r, "plan");
    record_put_int(r, "steps", t->planned);
    record_put_int(r, "episodes", plan.episodes);
    record_put_real(r, "tokens", plan.tokens);
    record_put_real(r, "operations", plan.operations);
    record_put_real(r, "training", plan.training);
    record_put_real(r, "rewards", plan.rewards);
    record_put_real(r, "evaluation", plan.evaluation);
    record_put_int(r, "independent", tying_independent(&t->begin));
    record_put_int(r, "parameters", (int64_t)model_count_trainable(&t->config, &t->begin));
    record_put_map(r, "most_memory");
    model_memory_put(&most, r);
    record_end_map(r);
    return write_record(t, error);
}

// What the network is now, in the records of a visit and of the end.
static void put_tying(struct trainer *t) {
    const struct tying *tying = model_tying(t->model);
    record_put_int_array(&t->record, "state", tying->map, (size_t)tying->layers);
    record_put_int(&t->record, "independent", tying_independent(tying));
    record_put_real(&t->record, "stored", tying_stored_layers(tying));
    record_put_int(&t->record, "parameters", (int64_t)model_count_trainable(&t->config, tying));
}

enum status run_log_visit(struct trainer *t, int layer, int source, bool changed,
                          const msgpack_object *info, struct error *error) {
    record_begin(&t->record, "visit");
    record_put_int(&t->record, "visit", t->state.visits);
    record_put_int(&t->record, "episode", t->state.episode);
    record_put_int(&t->record, "layer", layer);
    record_put_int(&t->record, "action", source);
    record_put_bool(&t->record, "changed", changed);
    put_tying(t);
    if (info && info->type == MSGPACK_OBJECT_MAP) {
        record_put_object(&t->record, "info", info);
    }
    return write_record(t, error);
}

enum status run_log_step(struct trainer *t, double loss, double norm, struct error *error) {
    record_begin(&t->record, "step");
    record_put_int(&t->record, "step", t->state.step);
    record_put_int(&t->record, "episode", t->state.episode);
    record_put_real(&t->record, "loss", loss);
    record_put_real(&t->record, "norm", norm);
    record_put_real(&t->record, "lr", t->settings->lr);
    return write_record(t, error);
}

enum status run_log_reward(struct trainer *t, int layer, const struct agent_reward *reward,
                           struct error *error) {
    record_begin(&t->record, "reward");
    record_put_int(&t->record, "episode", t->state.episode);
    record_put_int(&t->record, "layer", layer);
    record_put_real(&t->record, "perplexity", reward->perplexity);
    record_put_real(&t->record, "loss", reward->loss);
    if (t->dialogue.ready.wants_loss_before) {
        record_put_real(&t->record, "loss_before", reward->loss_before);
    }
    return write_record(t, error);
}

enum status run_log_evaluation(struct trainer *t, enum split split, const struct evaluation *result,
                               struct error *error) {
    record_begin(&t->record, "eval");
    record_put_int(&t->record, "episode", t->state.episode);
    record_put_int(&t->record, "step", t->state.step);
    record_put_string(&t->record, "split", SPLIT_NAMES[split]);
    evaluation_put(result, &t->record);
    return write_record(t, error);
}

static void put_measured_memory(struct trainer *t) {
    trainer_note_memory(t);
    record_put_int(&t->record, "resident", (int64_t)memory_resident());
    record_put_int(&t->record, "device", (int64_t)t->ops->bytes_in_use(t->dev));
    memory_peak_put(&t->peak, &t->record);
}

enum status run_log_episode(struct trainer *t, struct error *error) {
    struct model_memory memory;
    model_count_memory(&t->config, model_tying(t->model), t->ops, &memory);
    record_begin(&t->record, "memory");
    record_put_int(&t->record, "episode", t->state.episode);
    model_memory_put(&memory, &t->record);
    enum status status = write_record(t, error);
    if (status != STATUS_OK) {
        return status;
    }
    record_begin(&t->record, "timing");
    record_put_int(&t->record, "episode", t->state.episode);
    record_put_int(&t->record, "step", t->state.step);
    record_put_real(&t->record, "seconds", trainer_seconds(t));
    record_put_real(&t->record, "tokens_per_second",
                    t->step_seconds > 0 ? (double)t->step_tokens / t->step_seconds : 0);
    put_measured_memory(t);
    return write_record(t, error);
}

static void put_best(struct record_builder *r, const char *key, const struct best *best,
                     bool with_test) {
    record_put_map(r, key);
    record_put_real(r, "perplexity", best->perplexity);
    record_put_int(r, "episode", best->episode);
    if (with_test) {
        record_put_real(r, "test_perplexity", best->test_perplexity);
    }
    record_end_map(r);
}

enum status run_log_final(struct trainer *t, struct error *error) {
    record_begin(&t->record, "final");
    record_put_int(&t->record, "steps", t->state.step);
    record_put_int(&t->record, "episodes", t->state.episode);
    record_put_int(&t->record, "tokens", t->state.tokens);
    put_tying(t);
    if (t->state.best_test.episode > 0) {
        put_best(&t->record, "best_test", &t->state.best_test, false);
    }
    if (t->state.best_valid.episode > 0) {
        put_best(&t->record, "best_valid", &t->state.best_valid, t->has[SPLIT_TEST]);
    }
    enum status status = write_record(t, error);
    return status == STATUS_OK ? device_write_choices(t->log, &t->record, t->ops, t->dev, error)
                               : status;
}
