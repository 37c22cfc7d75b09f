// The texts of a run, and the batches that are drawn from them.
#include <string.h>

#include "lib/train/trainer.h"

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

void trainer_note_vocabulary(struct trainer *t) {
    const struct token_vocabulary *vocabulary = &t->tokens[SPLIT_TRAIN].vocabulary;
    t->state.vocabulary = vocabulary->size;
    memcpy(t->state.vocabulary_model, vocabulary->model, sizeof vocabulary->model);
    memcpy(t->state.vocabulary_sha256, vocabulary->sha256, sizeof vocabulary->sha256);
}

enum status trainer_open_texts(struct trainer *t, struct error *error) {
    enum status status = STATUS_OK;
    for (int split = 0; split < SPLITS && status == STATUS_OK; split++) {
        status = t->settings->text[split] ? open_text(t, (enum split)split, error) : STATUS_OK;
    }
    trainer_note_vocabulary(t);
    return status;
}

enum status trainer_open_batches(struct trainer *t, struct error *error) {
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
