// Where a run begins: anew, or at the checkpoint that an earlier process left.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file_lock.h"
#include "lib/train/trainer.h"

static bool is_stream_name(const char *path) {
    return !path || strcmp(path, "-") == 0;
}

// ---- The checkpoint that there is ---------------------------------------------------------------

enum status trainer_compare_inputs(const struct trainer *t, const struct checkpoint *checkpoint,
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

enum status trainer_find_checkpoint(const struct trainer *t, struct checkpoint *checkpoint,
                                    bool *done, struct error *error) {
    const char *path = t->settings->checkpoint;
    enum status status = checkpoint_open(checkpoint, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct settings asked = *t->settings;
    if (asked.precision == PRECISION_OF_DEVICE) { // which chose what the checkpoint has
        asked.precision = checkpoint->settings.precision;
    }
    status = settings_compare(&asked, &checkpoint->config, path, error);
    *done = false;
    if (status == STATUS_OK && checkpoint->state.finished && !is_stream_name(t->output) &&
        file_is_regular(t->output)) {
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

// ---- Going on from it ---------------------------------------------------------------------------

// Whether there is no unfinished run log, not even one that cannot be opened.
static bool unfinished_is_gone(const char *output) {
    char *partial;
    struct stat info;
    if (file_partial_name(&partial, output, &(struct error){0}) != STATUS_OK) {
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
    // Its log was finished, too, and had the final name.
    bool another = file_is_regular(t->output);
    return error_set(error, status,
                     "the run of checkpoint '%s' is finished, but %s'%s' is %s; --restart begins "
                     "anew",
                     t->settings->checkpoint, another ? "" : "its log ", t->output,
                     another ? "not its whole log" : "gone");
}

enum status trainer_resume(struct trainer *t, const struct record_writer_options *options,
                           struct checkpoint *checkpoint, struct error *error) {
    if (checkpoint->choices && !t->ops->restore_choices(t->dev, checkpoint->choices)) {
        log_warning("checkpoint '%s' was written on another GPU, or with another version of its "
                    "library: the run goes on, but not to the same bits",
                    t->settings->checkpoint);
    }
    enum status status = checkpoint_load(checkpoint, t->model, t->ops, t->dev, &t->dialogue, error);
    record_reader_close(checkpoint->reader); // an open file takes room when it is replaced
    checkpoint->reader = NULL;
    t->state = checkpoint->state;
    if (!*t->state.vocabulary_sha256) { // of before it was kept; the texts are the same
        trainer_note_vocabulary(t);
    }
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

// ---- Anew ---------------------------------------------------------------------------------------

// A checkpoint that was not there at the start is of another process, which came before.
static enum status refuse_new_checkpoint(const struct trainer *t, struct error *error) {
    const char *path = t->settings->checkpoint;
    bool ours = t->replaces && (t->hold < 0 || file_has_name(t->hold, path));
    return trainer_has_checkpoint(t) && !ours ? file_refuse_second_writer(path, error) : STATUS_OK;
}

enum status trainer_begin(struct trainer *t, const struct record_writer_options *options,
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
