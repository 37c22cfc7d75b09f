#include "lib/train/trained.h"

#include <math.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/train/blocks.h"
#include "lib/train/device.h"
#include "lib/train/fit.h"

// In the precision that the network was trained in; the CPU has but one, and the same bits everywhere.
static enum status choose_device(struct trained *trained, int wanted, struct error *error) {
    struct settings settings = trained->checkpoint.settings;
    bool may_have_gpu = wanted == DEVICE_AUTO && settings.precision != PRECISION_FP32;
    if (wanted == DEVICE_CUDA || may_have_gpu) {
        settings.device = DEVICE_CUDA;
        enum status status = device_choose(&settings, &trained->ops, error);
        if (status == STATUS_OK || wanted == DEVICE_CUDA) {
            return status;
        }
        log_info("measured on the CPU, in fp32: %s", error->message);
        *error = (struct error){0};
    }
    return ops_cpu(&trained->ops, error);
}

enum status trained_open(struct trained *trained, const struct trained_choice *choice,
                         int64_t batch, struct error *error) {
    *trained = (struct trained){0};
    struct checkpoint *checkpoint = &trained->checkpoint;
    enum status status = checkpoint_open(checkpoint, choice->checkpoint, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct model_config config;
    const int all_tied[TYING_LAYERS_MAX] = {0}; // the least memory until the checkpoint's map comes
    status = choose_device(trained, choice->device, error);
    if (status == STATUS_OK) {
        settings_model_config(&checkpoint->settings, checkpoint->state.vocabulary, &config);
        config.batch = batch > 0 ? (int)batch : config.batch;
        status = trained->ops->open(&trained->dev, error);
    }
    if (status == STATUS_OK) {
        status = fit_check(&config, &checkpoint->tying, FIT_EVALUATION, trained->ops, trained->dev,
                           error);
    }
    if (status == STATUS_OK) {
        status = model_open(&trained->model, trained->ops, trained->dev, &config, all_tied, error);
    }
    if (status == STATUS_OK) {
        status =
            checkpoint_load(checkpoint, trained->model, trained->ops, trained->dev, NULL, error);
    }
    if (status != STATUS_OK) {
        status = checkpoint_blame(checkpoint, status, error);
        trained_close(trained);
    }
    return status;
}

void trained_close(struct trained *trained) {
    if (trained->model) {
        model_close(trained->model);
    }
    if (trained->dev) {
        trained->ops->close(trained->dev);
    }
    checkpoint_close(&trained->checkpoint);
    *trained = (struct trained){0};
}

enum status trained_check_vocabulary(const struct trained *trained,
                                     const struct token_vocabulary *vocabulary, const char *name,
                                     struct error *error) {
    const struct train_state *state = &trained->checkpoint.state;
    if (vocabulary->size != state->vocabulary) {
        return error_set(error, STATUS_DAMAGED,
                         "'%s' has a vocabulary of %u ids, the checkpoint's network one of %u",
                         name, vocabulary->size, state->vocabulary);
    }
    bool known = *state->vocabulary_model && *state->vocabulary_sha256;
    if (known && (strcmp(vocabulary->model, state->vocabulary_model) != 0 ||
                  strcmp(vocabulary->sha256, state->vocabulary_sha256) != 0)) {
        return error_set(
            error, STATUS_DAMAGED,
            "'%s' has another vocabulary (%s, %.8s) than the one that the checkpoint's network was "
            "trained on (%s, %.8s)",
            name, vocabulary->model, vocabulary->sha256, state->vocabulary_model,
            state->vocabulary_sha256);
    }
    return STATUS_OK;
}

enum status trained_open_with_text(struct trained *trained, struct token_file *tokens,
                                   const struct trained_choice *choice, const char *tokens_path,
                                   int64_t batch, struct error *error) {
    enum status status = trained_open(trained, choice, batch, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = token_file_read(tokens, tokens_path, error);
    if (status == STATUS_OK) {
        status = trained_check_vocabulary(trained, &tokens->vocabulary, tokens->name, error);
        if (status != STATUS_OK) {
            token_file_free(tokens);
        }
    }
    if (status != STATUS_OK) {
        trained_close(trained);
    }
    return status;
}

enum status trained_require_finite(const struct trained *trained, const char *what, double value,
                                   struct error *error) {
    if (isfinite(value)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_FAILURE,
                     "the network of checkpoint '%s' has diverged: the %s is %s",
                     record_reader_name(trained->checkpoint.reader), what,
                     isnan(value) ? "not a number" : "infinite");
}

enum status trained_require_causal(const struct trained *trained, const char *task,
                                   struct error *error) {
    if (trained->checkpoint.settings.objective == OBJECTIVE_CAUSAL) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_USAGE,
                     "%s needs a network that tells the next token; this one, of --objective mlm, "
                     "fills in masked ones",
                     task);
}
