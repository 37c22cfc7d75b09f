// From the command line to what is meant: what does not fit together, and what follows from the rest.
#include <string.h>

#include "kernels/ops.h"
#include "lib/base/utf8.h"
#include "lib/train/blocks.h"
#include "lib/train/settings.h"

// ---- What is refused ---------------------------------------------------------------------------

// Whether a label before `end` has the key of `length` bytes, the equals sign among them.
static bool has_label(const char *labels, const char *end, const char *key, size_t length) {
    for (const char *at = labels; at < end; at += strcspn(at, ",") + 1) {
        if (strncmp(at, key, length) == 0) {
            return true;
        }
    }
    return false;
}

enum status settings_check_labels(const char *labels, struct error *error) {
    for (const char *at = labels; at && *at;) {
        size_t length = strcspn(at, ",");
        const char *equals = memchr(at, '=', length);
        if (!equals || equals == at) {
            return error_set(error, STATUS_USAGE, "option --labels: '%.*s' is not KEY=VALUE",
                             (int)length, at);
        }
        size_t key = (size_t)(equals - at);
        if (key >= SETTINGS_LABEL_KEY || length - key - 1 >= SETTINGS_LABEL_VALUE) {
            return error_set(error, STATUS_USAGE,
                             "option --labels: '%.40s...' has a key of more than %d bytes or a "
                             "value of more than %d",
                             at, SETTINGS_LABEL_KEY - 1, SETTINGS_LABEL_VALUE - 1);
        }
        if (has_label(labels, at, at, (size_t)(equals - at) + 1)) {
            return error_set(error, STATUS_USAGE, "option --labels: '%.*s' is given twice",
                             (int)(equals - at), at);
        }
        at += length + (at[length] == ',');
    }
    return STATUS_OK;
}

static double steps_of_all_episodes(const struct settings *settings) {
    return (double)settings->episodes * (double)settings_visits(settings) *
           (double)settings->steps_per_action;
}

enum status settings_check(const struct settings *settings, struct error *error) {
    if (settings->width % settings->heads != 0) {
        return error_set(error, STATUS_USAGE, "--width %lld is not a multiple of --heads %lld",
                         (long long)settings->width, (long long)settings->heads);
    }
    if (settings->permute == MODEL_PERMUTE_HEADS && settings->heads == 1) {
        return error_set(error, STATUS_USAGE, "--permute heads needs 2 --heads or more");
    }
    if (settings->blocks == BLOCKS_RELEASED && settings->context < 2) {
        return error_set(error, STATUS_USAGE, "--blocks released needs a --context of 2 or more");
    }
    if (steps_of_all_episodes(settings) > SETTINGS_STEPS_MAX && settings->max_steps == 0) {
        return error_set(error, STATUS_USAGE, "too many steps: fewer --episodes, or --max-steps");
    }
    return settings_check_labels(settings->labels, error);
}

// What would change nothing, and yet be recorded as if it had.
static enum status check_effects(const struct settings *settings, struct error *error) {
    enum tying_parts parts = (enum tying_parts)settings->parts;
    if (settings->permute == MODEL_PERMUTE_HEADS && parts == TYING_ONLY_FEEDFORWARD) {
        return error_set(error, STATUS_USAGE,
                         "--permute heads is of no use with --tie feedforward");
    }
    if (settings->permute == MODEL_PERMUTE_HIDDEN && parts == TYING_ONLY_ATTENTION) {
        return error_set(error, STATUS_USAGE, "--permute hidden is of no use with --tie attention");
    }
    if (settings->dropout > 0 && dropout_threshold(settings->dropout) == 0) {
        return error_set(error, STATUS_USAGE,
                         "--dropout %g drops nothing: probabilities are "
                         "multiples of 1/65536",
                         settings->dropout);
    }
    return STATUS_OK;
}

enum status settings_check_utf8(const char *option, const char *text, struct error *error) {
    return text && utf8_count_strays(text, strlen(text)) > 0
               ? error_set(error, STATUS_USAGE, "option --%s: '%.400s' is not UTF-8", option, text)
               : STATUS_OK;
}

static enum status check_text(const struct settings *settings, struct error *error) {
    return settings->text[SPLIT_TRAIN]
               ? STATUS_OK
               : error_set(error, STATUS_USAGE, "no training text: give --train TOKENS");
}

// ---- What follows ------------------------------------------------------------------------------

static void resolve_preset(int *value, int preset) {
    *value = *value == SETTINGS_AS_SEMANTICS ? preset : *value;
}

enum status settings_resolve(struct settings *settings, struct error *error) {
    const struct tying_options *preset = settings->semantics == 0 ? &TYING_SHARED : &TYING_RELEASED;
    resolve_preset(&settings->gradient, (int)preset->gradient);
    resolve_preset(&settings->untie, (int)preset->untie);
    resolve_preset(&settings->moments, (int)preset->moments);
    resolve_preset(&settings->retie, (int)preset->retie);
    resolve_preset(&settings->start, (int)preset->start);
    resolve_preset(&settings->retire, (int)preset->retire);
    enum status status = settings_check(settings, error);
    if (status == STATUS_OK) {
        status = check_effects(settings, error);
    }
    if (status == STATUS_OK) {
        status = settings_check_utf8("labels", settings->labels, error);
    }
    if (status == STATUS_OK) {
        status = settings_check_utf8("agent", settings->agent, error);
    }
    return status == STATUS_OK ? check_text(settings, error) : status;
}

int64_t settings_visits(const struct settings *settings) {
    return settings->layers > 1 ? settings->layers - 1 : 1;
}

int64_t settings_planned_steps(const struct settings *settings) {
    double steps = steps_of_all_episodes(settings);
    if (settings->max_steps > 0 && (double)settings->max_steps < steps) {
        return settings->max_steps;
    }
    return (int64_t)steps;
}

void settings_model_config(const struct settings *settings, uint32_t vocabulary,
                           struct model_config *config) {
    *config = (struct model_config){
        .arch = (enum model_arch)settings->arch,
        .layers = (int)settings->layers,
        .width = (int)settings->width,
        .heads = (int)settings->heads,
        .context = (int)settings->context,
        .vocabulary = (int)vocabulary,
        .batch = (int)settings->batch,
        .dropout = settings->dropout,
        .recompute = (enum model_recompute)settings->recompute,
        .permute = (enum model_permute)settings->permute,
        .bidirectional = settings->objective == OBJECTIVE_MLM,
        .tying = {.gradient = (enum tying_gradient)settings->gradient,
                  .untie = (enum tying_untie)settings->untie,
                  .moments = (enum tying_moments)settings->moments,
                  .retie = (enum tying_retie)settings->retie,
                  .start = (enum tying_start)settings->start,
                  .retire = (enum tying_retire)settings->retire,
                  .parts = (enum tying_parts)settings->parts},
        .seed = (uint64_t)settings->seed,
    };
}
