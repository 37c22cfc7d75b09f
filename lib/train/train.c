// Opening and closing a run. Everything that can be wrong is found here, before the first step.
#define _GNU_SOURCE // strsignal
#include "lib/train/train.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file_lock.h"
#include "lib/base/program.h"
#include "lib/train/device.h"
#include "lib/train/fit.h"
#include "lib/train/trainer.h"

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

// The checkpoint that the run goes on from, if it does, and the device: a finished run needs none.
static enum status find_checkpoint_and_device(struct trainer *t, struct settings *settings,
                                              bool resuming, struct checkpoint *checkpoint,
                                              bool *done, struct error *error) {
    enum status status = resuming ? trainer_find_checkpoint(t, checkpoint, done, error) : STATUS_OK;
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
    enum status status =
        fit_check(&t->config, &t->begin, t->settings->checkpoint ? FIT_KEPT : FIT_TRAINING, t->ops,
                  t->dev, error);
    if (status == STATUS_OK) {
        fit_warn(&most, t->ops, t->dev);
    }
    return status;
}

// Texts, agent and memory: all that can refuse a run, and nothing that takes long.
static enum status prepare(struct trainer *t, const struct checkpoint *checkpoint,
                           struct buffer *table, struct error *error) {
    enum status status = trainer_open_texts(t, error);
    if (status == STATUS_OK && checkpoint) {
        status = trainer_compare_inputs(t, checkpoint, error);
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
    if (t->log_is_stream) {
        log_warning("a run log on standard output cannot be resumed: neither can this run");
    } else if (!t->dialogue.ready.can_save) {
        log_warning("the agent cannot save itself: this run cannot be resumed");
    }
}

// The table is shown once run log and checkpoint have shown that they can be written.
static enum status run(struct trainer *t, struct checkpoint *checkpoint, const struct buffer *table,
                       int *signal, struct error *error) {
    const struct record_writer_options options = {.path = t->output, .content = "run"};
    const int all_tied[TYING_LAYERS_MAX] = {0}; // the least memory until the checkpoint's map comes
    enum status status = model_open(&t->model, t->ops, t->dev, &t->config,
                                    checkpoint ? all_tied : t->dialogue.ready.start, error);
    if (status == STATUS_OK) {
        status = model_reserve(t->model, error);
    }
    if (status == STATUS_OK) {
        status = trainer_open_batches(t, error);
    }
    if (status == STATUS_OK) {
        interrupt_install();
        t->started = clock_seconds();
        status = checkpoint ? trainer_resume(t, &options, checkpoint, error)
                            : trainer_begin(t, &options, error);
    }
    if (status != STATUS_OK) {
        // Whoever stops all processes at once stops the agent too, and nothing has been done yet.
        return status == STATUS_AGENT && checkpoint && interrupt_pending() ? STATUS_INTERRUPTED
                                                                           : status;
    }
    show_table(table);
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
    // Its folder may be gone meanwhile.
    if (trainer_has_checkpoint(t) && t->dialogue.ready.can_save) {
        log_info("the same command goes on from checkpoint '%s'", t->settings->checkpoint);
    } else {
        log_info("dlt-cat --salvage '%s.partial' shows what was recorded", t->output);
    }
}

// A finished run of these texts has nothing to do; one of others must not be taken for theirs.
static enum status leave_finished(struct trainer *t, struct checkpoint *checkpoint,
                                  struct error *error) {
    enum status status = trainer_open_texts(t, error);
    if (status == STATUS_OK) {
        status = trainer_compare_inputs(t, checkpoint, error);
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
    bool there = !settings->dry_run && trainer_has_checkpoint(&t);
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
    if (status == STATUS_OK && settings->dry_run && output && strcmp(output, "-") == 0) {
        status = write_plan(&t, error);
    } else if (status == STATUS_OK && settings->dry_run) {
        outcome->table = table;
        table = (struct buffer){0};
    } else if (status == STATUS_OK) {
        status = run(&t, resuming ? &checkpoint : NULL, &table, &outcome->signal, error);
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
