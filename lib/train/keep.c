// What stays of a run that is not finished: its checkpoint and its log.
#include "lib/train/trainer.h"

bool trainer_has_checkpoint(const struct trainer *t) {
    return t->settings->checkpoint && file_is_regular(t->settings->checkpoint);
}

bool trainer_keeps_log(const struct trainer *t) {
    return t->log && !t->log_is_stream && (t->state.step > 0 || trainer_has_checkpoint(t));
}

enum status trainer_checkpoint(struct trainer *t, bool agent_lost, struct error *error) {
    if (!t->settings->checkpoint || t->saved) {
        return STATUS_OK;
    }
    struct checkpoint_volatile changing = {.resumable =
                                               t->dialogue.ready.can_save && !t->log_is_stream,
                                           .seconds = trainer_seconds(t),
                                           .hold = &t->hold};
    trainer_note_memory(t);
    changing.peak = t->peak;
    t->state.train_pass = t->train.pass;
    t->state.train_position = t->train.position;
    t->state.reward_pass = t->reward.pass;
    t->state.reward_position = t->reward.position;
    enum status status = STATUS_OK;
    if (t->dialogue.ready.can_save && !agent_lost) {
        status = dialogue_save(&t->dialogue, model_tying(t->model)->map, error);
    }
    if (status == STATUS_OK && !t->log_is_stream) {
        status = record_position_mark(t->log, &changing.run, error);
    }
    if (status == STATUS_OK) {
        status = checkpoint_write(t->settings->checkpoint, t->settings, t->invocation, &changing,
                                  &t->state, &t->dialogue, t->model, t->ops, t->dev, error);
    }
    t->saved = status == STATUS_OK;
    t->checkpoint_step = t->saved ? t->state.step : t->checkpoint_step;
    return status;
}
