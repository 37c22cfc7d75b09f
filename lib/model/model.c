#include "lib/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/model/internal.h"

// Bounds far above any model, so that products of sizes stay below 2^63.
enum { WIDTH_MAX = 1 << 16, CONTEXT_MAX = 1 << 17, VOCABULARY_MAX = 1 << 24, BATCH_MAX = 1 << 16 };

const struct architecture *architecture_of(const struct model_config *config) {
    static const struct architecture *const ARCHITECTURES[] = {
        [MODEL_GPT2] = &ARCHITECTURE_GPT2, [MODEL_BERT] = &ARCHITECTURE_BERT};
    return ARCHITECTURES[config->arch];
}

static enum status check_range(const char *name, int value, int least, int most,
                               struct error *error) {
    return least <= value && value <= most
               ? STATUS_OK
               : error_set(error, STATUS_USAGE, "%s must be from %d to %d, not %d", name, least,
                           most, value);
}

static enum status check_shape(const struct model_config *config, struct error *error) {
    const struct {
        const char *name;
        int value, least, most;
    } ranges[] = {{"the number of layers", config->layers, 1, TYING_LAYERS_MAX},
                  {"the width", config->width, 1, WIDTH_MAX},
                  {"the number of heads", config->heads, 1, WIDTH_MAX},
                  {"the context", config->context, 1, CONTEXT_MAX},
                  {"the vocabulary", config->vocabulary, 2, VOCABULARY_MAX},
                  {"the batch", config->batch, 1, BATCH_MAX}};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_LENGTH(ranges); i++) {
        status =
            check_range(ranges[i].name, ranges[i].value, ranges[i].least, ranges[i].most, error);
    }
    if (status == STATUS_OK && config->width % config->heads != 0) {
        status = error_set(error, STATUS_USAGE, "the width %d is not a multiple of the %d heads",
                           config->width, config->heads);
    }
    return status;
}

// Random numbers of one dropout site are numbered by 32-bit blocks of eight elements.
static enum status check_dropout(const struct model_config *config, struct error *error) {
    if (!(config->dropout >= 0 && config->dropout < 1)) {
        return error_set(error, STATUS_USAGE, "the dropout must be at least 0 and below 1, not %g",
                         config->dropout);
    }
    double tokens = (double)config->batch * config->context;
    double scores = tokens * config->heads * config->context;
    double hidden = tokens * 4 * config->width;
    if (scores > 0x1p35 || hidden > 0x1p35) {
        return error_set(error, STATUS_USAGE,
                         "a batch of %d with context %d, width %d and %d heads is too large",
                         config->batch, config->context, config->width, config->heads);
    }
    return STATUS_OK;
}

enum status model_check(const struct model_config *config, struct error *error) {
    enum status status = check_shape(config, error);
    if (status == STATUS_OK && config->permute == MODEL_PERMUTE_HEADS && config->heads == 1) {
        status = error_set(error, STATUS_USAGE, "one attention head cannot be permuted");
    }
    return status == STATUS_OK ? check_dropout(config, error) : status;
}

static enum status open_tied(struct model *model, const int *start_map, struct error *error) {
    struct tying_plan plan;
    tying_begin(&model->tying, &model->config.tying, model->config.layers, start_map, &plan);
    enum status status = storage_open_base(model, error);
    if (status == STATUS_OK) {
        status = storage_carry_out(model, &plan, error);
    }
    return status == STATUS_OK ? model->ops->check(model->dev, error) : status;
}

enum status model_open(struct model **model, const struct ops *ops, device *dev,
                       const struct model_config *config, const int *start_map,
                       struct error *error) {
    *model = NULL;
    enum status status = model_check(config, error);
    if (status == STATUS_OK) {
        status = tying_map_check(start_map, config->layers, error);
    }
    struct model *opened = NULL;
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&opened, 1, sizeof *opened, "a model", error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    opened->ops = ops;
    opened->dev = dev;
    opened->config = *config;
    opened->architecture = architecture_of(config);
    layout_base(&opened->base_layout, config, ops->vocabulary_multiple);
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        layout_part(&opened->part_layouts[part], config, part);
    }
    status = memory_allocate((void **)&opened->host_losses, (size_t)config->batch,
                             (size_t)config->context * sizeof(float), "losses", error);
    if (status == STATUS_OK) {
        status = permutations_open(opened, error);
    }
    if (status == STATUS_OK) {
        status = open_tied(opened, start_map, error);
    }
    if (status != STATUS_OK) {
        model_close(opened);
        return status;
    }
    *model = opened;
    return STATUS_OK;
}

void model_close(struct model *model) {
    if (model) {
        activations_close(model);
        storage_close(model);
        permutations_close(model);
        free(model->host_losses);
        free(model);
    }
}

const struct tying *model_tying(const struct model *model) {
    return &model->tying;
}

const struct model_config *model_get_config(const struct model *model) {
    return &model->config;
}

enum status model_tie(struct model *model, int layer, int source, bool *changed,
                      struct error *error) {
    struct tying_plan plan;
    *changed = model->tying.map[layer] != source;
    tying_act(&model->tying, layer, source, &plan);
    enum status status = storage_carry_out(model, &plan, error);
    return status == STATUS_OK ? model->ops->check(model->dev, error) : status;
}

enum status model_restore_tying(struct model *model, const struct tying *tying,
                                struct error *error) {
    enum status status = tying_validate(tying, error);
    if (status == STATUS_OK && tying->layers != model->config.layers) {
        status = error_set(error, STATUS_DAMAGED, "a map of %d layers for a model of %d",
                           tying->layers, model->config.layers);
    }
    if (status == STATUS_OK &&
        memcmp(&tying->options, &model->config.tying, sizeof tying->options) != 0) {
        status = error_set(error, STATUS_DAMAGED, "a map of other tying options than the model's");
    }
    if (status == STATUS_OK) {
        model->tying = *tying;
        status = storage_match(model, tying, error);
    }
    return status;
}

// ---- Passes -------------------------------------------------------------------------------------

// Checks a batch and takes it to the device. *counted: targets that count.
static enum status upload_batch(struct model *model, const int32_t *inputs, const int32_t *targets,
                                const struct pass *pass, int64_t *counted, struct error *error) {
    int32_t V = model->config.vocabulary;
    *counted = 0;
    for (size_t i = 0; i < pass->N; i++) {
        bool bad_input = inputs[i] < 0 || inputs[i] >= V;
        if (bad_input || (targets && targets[i] >= V)) {
            return error_set(error, STATUS_DAMAGED, "token %d is outside the vocabulary of %d",
                             bad_input ? inputs[i] : targets[i], V);
        }
        *counted += targets && targets[i] >= 0;
    }
    model->ops->upload(model->dev, model->activations.tokens, inputs, pass->N * sizeof *inputs);
    if (targets) {
        model->ops->upload(model->dev, model->activations.targets, targets,
                           pass->N * sizeof *targets);
    }
    return STATUS_OK;
}

static enum status pass_begin(struct model *model, struct pass *pass, const int32_t *inputs,
                              const int32_t *targets, int64_t *counted, struct error *error) {
    size_t largest = (size_t)model->config.batch;
    if (pass->B < 1 || pass->B > largest || pass->T < 1 ||
        pass->T > (size_t)model->config.context) {
        return error_set(error, STATUS_USAGE,
                         "a batch of %zu with context %zu: the model takes up "
                         "to %zu with %d",
                         pass->B, pass->T, largest, model->config.context);
    }
    pass->N = pass->B * pass->T;
    enum status status = activations_require(model, pass->training, error);
    return status == STATUS_OK ? upload_batch(model, inputs, targets, pass, counted, error)
                               : status;
}

// In row order, in double.
static enum status sum_losses(struct model *model, const struct pass *pass, float *losses,
                              double *sum, struct error *error) {
    model->ops->download(model->dev, losses, model->activations.losses, pass->N * sizeof *losses);
    *sum = 0;
    for (size_t i = 0; i < pass->N; i++) {
        *sum += (double)losses[i];
    }
    return model->ops->check(model->dev, error);
}

enum status model_accumulate(struct model *model, const int32_t *inputs, const int32_t *targets,
                             int B, int64_t step, double *loss, struct error *error) {
    struct pass pass = {.B = B < 0 ? 0 : (size_t)B,
                        .T = (size_t)model->config.context,
                        .training = true,
                        .step = step};
    int64_t counted = 0;
    *loss = 0;
    enum status status = pass_begin(model, &pass, inputs, targets, &counted, error);
    if (status != STATUS_OK || counted == 0) {
        return status;
    }
    model->architecture->forward(model, &pass);
    head_run(model, &pass, (float)(1.0 / (double)counted), false);
    model->architecture->backward(model, &pass);
    status = sum_losses(model, &pass, model->host_losses, loss, error);
    *loss /= (double)counted;
    return status;
}

enum status model_evaluate(struct model *model, const int32_t *inputs, const int32_t *targets,
                           int B, double *loss_sum, int64_t *count, int32_t *correct, float *losses,
                           struct error *error) {
    struct pass pass = {.B = B < 0 ? 0 : (size_t)B, .T = (size_t)model->config.context};
    enum status status = pass_begin(model, &pass, inputs, targets, count, error);
    if (status != STATUS_OK) {
        return status;
    }
    model->architecture->forward(model, &pass);
    head_run(model, &pass, 0, correct != NULL);
    if (correct) {
        model->ops->download(model->dev, correct, model->activations.correct,
                             pass.N * sizeof *correct);
    }
    return sum_losses(model, &pass, losses ? losses : model->host_losses, loss_sum, error);
}

enum status model_next_logits(struct model *model, const int32_t *tokens, int length, float *logits,
                              struct error *error) {
    struct pass pass = {.B = 1, .T = length < 0 ? 0 : (size_t)length};
    int64_t counted = 0;
    enum status status = pass_begin(model, &pass, tokens, NULL, &counted, error);
    if (status != STATUS_OK) {
        return status;
    }
    model->architecture->forward(model, &pass);
    return head_logits(model, pass.N - 1, logits, error);
}
