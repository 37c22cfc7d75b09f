// Opening and closing a run. Everything that can be wrong is found here, before the first step.
#define _GNU_SOURCE
#include "lib/train/train.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file_lock.h"
#include "lib/base/program.h"
#include "lib/train/device.h"
#include "lib/train/fit.h"
#include "lib/train/trainer.h"

static bool is_regular_file(const char *path) {
    struct stat info;
    return path && stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

static bool is_stream_name(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

// ---- Texts --------------------------------------------------------------------------------------

static enum status open_text(struct trainer *t, enum split split, struct error *error) {
    struct token_file *tokens = &t->tokens[split];
    enum status status = token_file_read(tokens, t->settings->text[split], error);
    if (status != STATUS_OK) {
        return status;
    }
    t->has[split] = true;
    t->state.inputs[split] = tokens->content_digest;
    if (split != SPLIT_TRAIN) {
        status = token_file_same_vocabulary(&t->tokens[SPLIT_TRAIN], tokens, error);
    }
    return status == STATUS_OK
               ? blocks_open(&t->blocks[split], tokens, (enum blocks_kind)t->settings->blocks,
                             (enum objective)t->settings->objective, (size_t)t->settings->context,
                             error)
               : status;
}

static enum status open_texts(struct trainer *t, struct error *error) {
    enum status status = STATUS_OK;
    for (int split = 0; split < SPLITS && status == STATUS_OK; split++) {
        status = t->settings->text[split] ? open_text(t, (enum split)split, error) : STATUS_OK;
    }
    const struct token_vocabulary *vocabulary = &t->tokens[SPLIT_TRAIN].vocabulary;
    t->state.vocabulary = vocabulary->size;
    memcpy(t->state.vocabulary_model, vocabulary->model, sizeof vocabulary->model);
    memcpy(t->state.vocabulary_sha256, vocabulary->sha256, sizeof vocabulary->sha256);
    return status;
}

static enum status open_batches(struct trainer *t, struct error *error) {
    const struct settings *s = t->settings;
    int32_t **batches[] = {&t->inputs, &t->targets, &t->reward_inputs, &t->reward_targets};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LENGTH(batches) && status == STATUS_OK; i++) {
        void *memory = NULL;
        status = memory_allocate(&memory, (size_t)(s->batch * s->context), sizeof(int32_t),
                                 "a batch", error);
        *batches[i] = memory;
    }
    if (status == STATUS_OK) {
        status = sampler_open(&t->train, &t->blocks[SPLIT_TRAIN], (size_t)s->batch,
                              (uint64_t)s->seed, RANDOM_SHUFFLE, error);
    }
    return status == STATUS_OK ? sampler_open(&t->reward, &t->blocks[SPLIT_TRAIN], (size_t)s->batch,
                                              (uint64_t)s->seed, RANDOM_REWARD, error)
                               : status;
}

// ---- Going on from a checkpoint -----------------------------------------------------------------

static enum status compare_inputs(const struct trainer *t, const struct checkpoint *checkpoint,
                                  struct error *error) {
    for (int i = 0; i < SPLITS; i++) {
        if (t->state.inputs[i] != checkpoint->state.inputs[i]) {
            return error_set(error, STATUS_USAGE,
                             "checkpoint '%s' is of another run: --%s was another text; --restart "
                             "begins anew",
                             t->settings->checkpoint, SPLIT_NAMES[i]);
        }
    }
    return STATUS_OK;
}

// *same: the file under the run log's name is this run's, to its end. The one of an earlier run may
// stand there when a run was killed just before its own got the name.
static enum status compare_log(const char *path, const struct checkpoint *checkpoint, bool *same,
                               struct error *error) {
    struct record_reader *reader;
    struct record record;
    enum status status = record_reader_open(&reader, path, "run log", "run", RECORD_STRICT, error);
    for (bool more = status == STATUS_OK; status == STATUS_OK && more;) {
        status = record_read(reader, &record, &more, error);
    }
    *same = status == STATUS_OK &&
            record_reader_content_digest(reader) == checkpoint->changing.run.content_xxh64;
    record_reader_close(reader);
    return status == STATUS_DAMAGED ? STATUS_OK : status; // whoever's it is, not ours
}

// Opens the checkpoint that the run can go on from. *done: it is finished, and its run log is
// there. A precision that is left to the device counts as the checkpoint's.
static enum status find_checkpoint(const struct trainer *t, struct checkpoint *checkpoint,
                                   bool *done, struct error *error) {
    const char *path = t->settings->checkpoint;
    enum status status = checkpoint_open(checkpoint, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct settings asked = *t->settings;
    if (asked.precision == PRECISION_OF_DEVICE) {
        asked.precision = checkpoint->settings.precision;
    }
    status = settings_compare(&asked, &checkpoint->config, path, error);
    *done = false;
    if (status == STATUS_OK && checkpoint->state.finished && !is_stream_name(t->output) &&
        is_regular_file(t->output)) {
        status = compare_log(t->output, checkpoint, done, error);
    }
    if (status == STATUS_OK && !*done &&
        (!checkpoint->changing.resumable || is_stream_name(t->output))) {
        status = error_set(error, STATUS_USAGE,
                           "cannot go on from checkpoint '%s': %s; --restart begins anew", path,
                           is_stream_name(t->output)
                               ? "a run log on standard output cannot go on"
                               : "its agent could not save itself, or its run log was a stream");
    }
    status = *done ? checkpoint_check_rest(checkpoint, error)
                   : checkpoint_blame(checkpoint, status, error);
    if (status != STATUS_OK) {
        checkpoint_close(checkpoint);
    }
    return status;
}

// The checkpoint that the run goes on from, if it does, and the device: a finished run needs none.
static enum status find_checkpoint_and_device(struct trainer *t, struct settings *settings,
                                              bool resuming, struct checkpoint *checkpoint,
                                              bool *done, struct error *error) {
    enum status status = resuming ? find_checkpoint(t, checkpoint, done, error) : STATUS_OK;
    if (status != STATUS_OK || *done) {
        return status;
    }
    status = device_choose(settings, &t->ops, error);
    if (status == STATUS_OK && resuming) {
        status = settings_compare(settings, &checkpoint->config, settings->checkpoint, error);
    }
    if (status != STATUS_OK && resuming) {
        checkpoint_close(checkpoint);
    }
    return status;
}

// Whether there is no unfinished run log, not even one that cannot be opened.
static bool unfinished_is_gone(const char *output) {
    char *partial;
    struct stat info;
    if (asprintf(&partial, "%s.partial", output) < 0) {
        return false;
    }
    bool gone = lstat(partial, &info) != 0 && errno == ENOENT;
    free(partial);
    return gone;
}

static enum status resume_log(struct trainer *t, const struct record_writer_options *options,
                              const struct checkpoint *checkpoint, struct error *error) {
    enum status status = record_writer_resume(&t->log, options, &checkpoint->changing.run, error);
    if (status == STATUS_OK) {
        return run_log_env(t, error);
    }
    struct error why = *error;
    if (!t->state.finished || !unfinished_is_gone(t->output)) {
        return error_set(error, status, "%.900s; --restart begins anew", why.message);
    }
    // Nothing is missing that a finished run would go on with: its log has its name, or had it.
    return error_set(error, status,
                     "the run of checkpoint '%s' is finished, but %s'%s' is %s; --restart begins "
                     "anew",
                     t->settings->checkpoint, is_regular_file(t->output) ? "" : "its log ",
                     t->output, is_regular_file(t->output) ? "not its whole log" : "gone");
}

static enum status resume(struct trainer *t, const struct record_writer_options *options,
                          struct checkpoint *checkpoint, struct error *error) {
    if (checkpoint->choices && !t->ops->restore_choices(t->dev, checkpoint->choices)) {
        log_warning("checkpoint '%s' was written on another GPU, or with another version of its "
                    "library: the run goes on, but not to the same bits",
                    t->settings->checkpoint);
    }
    enum status status = checkpoint_load(checkpoint, t->model, t->ops, t->dev, &t->dialogue, error);
    record_reader_close(checkpoint->reader); // an open file takes room when it is replaced
    checkpoint->reader = NULL;
    if (!*checkpoint->state.vocabulary_sha256) { // of before it was kept; the texts are the same
        memcpy(checkpoint->state.vocabulary_model, t->state.vocabulary_model,
               sizeof t->state.vocabulary_model);
        memcpy(checkpoint->state.vocabulary_sha256, t->state.vocabulary_sha256,
               sizeof t->state.vocabulary_sha256);
    }
    t->state = checkpoint->state;
    t->seconds_before = checkpoint->changing.seconds;
    t->peak = checkpoint->changing.peak;
    if (status == STATUS_OK) {
        status = sampler_restore(&t->train, t->state.train_pass, t->state.train_position, error);
    }
    if (status == STATUS_OK) {
        status = sampler_restore(&t->reward, t->state.reward_pass, t->state.reward_position, error);
    }
    // An agent that was lost could not save itself: the next one does, as soon as it is told.
    bool agent_was_lost = t->dialogue.count > 0;
    if (status == STATUS_OK && (!t->state.finished || agent_was_lost)) {
        status = dialogue_restore(&t->dialogue, error);
    }
    if (status == STATUS_OK) {
        status = resume_log(t, options, checkpoint, error);
    }
    t->saved = !agent_was_lost;
    t->checkpoint_step = t->state.step;
    return status;
}

// A checkpoint that was not there at the start is of another process, which came before.
static enum status refuse_new_checkpoint(const struct trainer *t, struct error *error) {
    const char *path = t->settings->checkpoint;
    bool ours = t->replaces && (t->hold < 0 || file_has_name(t->hold, path));
    return is_regular_file(path) && !ours ? file_refuse_second_writer(path, error) : STATUS_OK;
}

static enum status begin(struct trainer *t, const struct record_writer_options *options,
                         struct error *error) {
    struct model_memory memory;
    model_count_memory(&t->config, model_tying(t->model), t->ops, &memory);
    enum status status = refuse_new_checkpoint(t, error);
    if (status == STATUS_OK) {
        status = record_writer_open(&t->log, options, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    t->log_is_stream = record_writer_is_stream(t->log);
    if (!t->log_is_stream) {
        file_sync_directory_of(t->output); // the checkpoint, which may lie elsewhere, relies on it
    }
    if (t->replaces) { // it is not of this run log
        file_remove(t->settings->checkpoint);
        file_let_go(&t->hold);
    }
    t->state.episode = 1;
    status = run_log_begin(t, &memory, error);
    // The first checkpoint shows that it can be written, and has a run killed early go on too.
    return status == STATUS_OK ? trainer_checkpoint(t, false, error) : status;
}

// ---- A dry run ----------------------------------------------------------------------------------

static enum status write_plan(struct trainer *t, struct error *error) {
    struct model_memory memory;
    model_count_memory(&t->config, &t->begin, t->ops, &memory);
    enum status status = record_writer_open(
        &t->log, &(struct record_writer_options){.path = t->output, .content = "plan"}, error);
    if (status == STATUS_OK) {
        status = run_log_begin(t, &memory, error);
    }
    if (status == STATUS_OK) {
        status = run_log_plan(t, error);
    }
    if (status == STATUS_OK) {
        status = record_writer_finish(t->log, error);
        t->log = NULL;
    }
    return status;
}

// ---- The run ------------------------------------------------------------------------------------

static void show_table(const struct buffer *table) {
    const char *text = (const char *)table->data;
    for (size_t at = 0; at < table->length;) {
        const char *end = memchr(text + at, '\n', table->length - at);
        log_line("%.*s", (int)(end - text - (long)at), text + at);
        at = (size_t)(end - text) + 1;
    }
}

// What the network begins with, and whether there is room for it.
static enum status begin_tying(struct trainer *t, const struct checkpoint *checkpoint,
                               struct error *error) {
    struct tying_plan unused;
    if (checkpoint) {
        t->begin = checkpoint->tying;
        t->begin.options = t->config.tying;
    } else {
        tying_begin(&t->begin, &t->config.tying, t->config.layers, t->dialogue.ready.start,
                    &unused);
    }
    if (t->settings->dry_run) {
        return STATUS_OK;
    }
    struct model_memory most;
    trainer_most_memory(t, &most);
    enum status status = fit_check(&t->config, &t->begin, t->ops, t->dev, error);
    if (status == STATUS_OK) {
        fit_warn(&most, t->ops, t->dev);
    }
    return status;
}

// Texts, agent and memory: all that can refuse a run, and nothing that takes long.
static enum status prepare(struct trainer *t, const struct checkpoint *checkpoint,
                           struct buffer *table, struct error *error) {
    enum status status = open_texts(t, error);
    if (status == STATUS_OK && checkpoint) {
        status = compare_inputs(t, checkpoint, error);
    }
    if (status == STATUS_OK) {
        settings_model_config(t->settings, t->state.vocabulary, &t->config);
        status = t->settings->dry_run ? STATUS_OK : t->ops->open(&t->dev, error);
    }
    if (status == STATUS_OK) {
        status = dialogue_open(&t->dialogue, t->settings, error);
    }
    if (status == STATUS_OK) {
        status = begin_tying(t, checkpoint, error);
    }
    return status == STATUS_OK ? trainer_table(t, table, error) : status;
}

static void warn_of_streams(const struct trainer *t) {
    if (!t->settings->checkpoint) {
        return;
    }
    if (is_stream_name(t->output) || t->log_is_stream) {
        log_warning("a run log on standard output cannot be resumed: neither can this run");
    } else if (!t->dialogue.ready.can_save) {
        log_warning("the agent cannot save itself: this run cannot be resumed");
    }
}

static enum status run(struct trainer *t, struct checkpoint *checkpoint, int *signal,
                       struct error *error) {
    const struct record_writer_options options = {.path = t->output, .content = "run"};
    enum status status =
        model_open(&t->model, t->ops, t->dev, &t->config, t->dialogue.ready.start, error);
    if (status == STATUS_OK) {
        status = model_reserve(t->model, error);
    }
    if (status == STATUS_OK) {
        status = open_batches(t, error);
    }
    if (status == STATUS_OK) {
        interrupt_install();
        t->started = clock_seconds();
        status = checkpoint ? resume(t, &options, checkpoint, error) : begin(t, &options, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    warn_of_streams(t);
    if (checkpoint) {
        log_info("going on from checkpoint '%s' at step %" PRId64, t->settings->checkpoint,
                 t->state.step);
    }
    trainer_note_memory(t);
    status = trainer_loop(t, signal, error);
    if (status == STATUS_OK && !*signal) {
        status = record_writer_finish(t->log, error);
        t->log = NULL;
    }
    return status;
}

// To go on with, or to salvage what was recorded.
bool trainer_keeps_log(const struct trainer *t) {
    return t->log && !t->log_is_stream &&
           (t->state.step > 0 || is_regular_file(t->settings->checkpoint));
}

static void close_trainer(struct trainer *t, bool resuming) {
    if (t->log) {
        record_writer_abandon(t->log, resuming || trainer_keeps_log(t));
    }
    file_let_go(&t->hold);
    record_builder_free(&t->record);
    dialogue_close(&t->dialogue);
    sampler_close(&t->train);
    sampler_close(&t->reward);
    free(t->inputs);
    free(t->targets);
    free(t->reward_inputs);
    free(t->reward_targets);
    for (int i = 0; i < SPLITS; i++) {
        if (t->has[i]) {
            token_file_free(&t->tokens[i]);
        }
    }
    if (t->model) {
        model_close(t->model);
    }
    if (t->dev) {
        t->ops->close(t->dev);
    }
}

// What a run that did not end leaves, and how to go on with it.
static void tell_left(const struct trainer *t) {
    if (!trainer_keeps_log(t) || t->diverged) {
        return;
    }
    if (t->settings->checkpoint && t->dialogue.ready.can_save) {
        log_info("the same command goes on from checkpoint '%s'", t->settings->checkpoint);
    } else {
        log_info("dlt-cat --salvage '%s.partial' shows what was recorded", t->output);
    }
}

// A finished run of these texts has nothing to do; one of others must not be taken for theirs.
static enum status leave_finished(struct trainer *t, struct checkpoint *checkpoint,
                                  struct error *error) {
    enum status status = open_texts(t, error);
    if (status == STATUS_OK) {
        status = compare_inputs(t, checkpoint, error);
    }
    if (status == STATUS_OK) {
        log_info("the run of checkpoint '%s' is finished, and '%s' is there: nothing to do",
                 t->settings->checkpoint, t->output);
    }
    checkpoint_close(checkpoint);
    close_trainer(t, true);
    return status;
}

enum status train_run(struct settings *settings, const char *output,
                      const struct invocation *invocation, struct train_outcome *outcome,
                      struct error *error) {
    struct trainer t = {.settings = settings,
                        .invocation = invocation,
                        .output = output,
                        .planned = settings_planned_steps(settings),
                        .hold = -1,
                        .epsilon = -1};
    struct checkpoint checkpoint = {0};
    struct buffer table = {0};
    bool there = !settings->dry_run && is_regular_file(settings->checkpoint);
    bool done = false, resuming = there && !settings->restart;
    t.replaces = there && !resuming;
    *outcome = (struct train_outcome){0};
    enum status status = there ? file_hold(&t.hold, settings->checkpoint, error) : STATUS_OK;
    if (status == STATUS_OK) {
        status = find_checkpoint_and_device(&t, settings, resuming, &checkpoint, &done, error);
    }
    if (status != STATUS_OK) {
        file_let_go(&t.hold);
        return status;
    }
    if (done) {
        return leave_finished(&t, &checkpoint, error);
    }
    status = prepare(&t, resuming ? &checkpoint : NULL, &table, error);
    if (status == STATUS_OK && settings->dry_run && output && is_stream_name(output)) {
        status = write_plan(&t, error);
    } else if (status == STATUS_OK && settings->dry_run) {
        outcome->table = table;
        table = (struct buffer){0};
    } else if (status == STATUS_OK) {
        show_table(&table);
        status = run(&t, resuming ? &checkpoint : NULL, &outcome->signal, error);
    }
    if (status == STATUS_OK && outcome->signal) {
        log_info("stopped by signal (%s) after step %" PRId64, strsignal(outcome->signal),
                 t.state.step);
    }
    tell_left(&t);
    if (resuming) {
        status = checkpoint_blame(&checkpoint, status, error);
        checkpoint_close(&checkpoint);
    }
    buffer_free(&table);
    close_trainer(&t, resuming);
    return status;
}
