#include "lib/train/settings.h"

#include <assert.h>
#include <string.h>

#include "kernels/ops.h"
#include "lib/base/utf8.h"
#include "lib/train/blocks.h"

const char *const SPLIT_NAMES[SPLITS] = {"train", "valid", "test"};

// Choices in the order of their enums. What stands behind the first NULL cannot be chosen: it is
// what the help shows as the default of an option that --semantics or the device sets.
enum { AS_SEMANTICS = 3 };
#define PRESET NULL, "as --semantics"
static const char *const ARCHS[] = {"gpt2", "bert", NULL};
static const char *const PERMUTES[] = {"none", "heads", "hidden", NULL};
static const char *const RECOMPUTES[] = {"none", "gelu", "layer", NULL};
static const char *const BLOCKS[] = {"released", "stream", NULL};
static const char *const SAMPLINGS[] = {"reshuffle", "epoch", NULL};
static const char *const OBJECTIVES[] = {"causal", "mlm", NULL};
static const char *const PRECISIONS[] = {"fp32", "bf16", "bf16-pure", NULL,
                                         "fp32 on the CPU, bf16 on a GPU"};
const char *const DEVICE_NAMES[] = {"auto", "cpu", "cuda", NULL};
static const char *const SEMANTICS[] = {"shared", "released", NULL};
static const char *const GRADIENTS[] = {"all", "owner", PRESET};
static const char *const UNTIES[] = {"copy", "alias", PRESET};
static const char *const MOMENTS[] = {"fresh", "kept", PRESET};
static const char *const RETIES[] = {"follow", "orphan", PRESET};
static const char *const STARTS[] = {"tied", "frozen", PRESET};
static const char *const RETIRES[] = {"freeze", "ghost", PRESET};
static const char *const PARTS[] = {"both", "attention", "feedforward", NULL};

void settings_defaults(struct settings *settings) {
    *settings = (struct settings){
        .arch = MODEL_GPT2,
        .layers = 6,
        .width = 128,
        .heads = 4,
        .context = 128,
        .batch = 8,
        .dropout = 0.2,
        .episodes = 50,
        .steps_per_action = 4,
        .lr = 1e-3,
        .weight_decay = 0.01,
        .clip = 1,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .seed = 1,
        .precision = PRECISION_OF_DEVICE,
        .gradient = AS_SEMANTICS,
        .untie = AS_SEMANTICS,
        .moments = AS_SEMANTICS,
        .retie = AS_SEMANTICS,
        .start = AS_SEMANTICS,
        .retire = AS_SEMANTICS,
        .agent = "dlt-qagent --policy fixed:independent",
        .agent_timeout = 60,
        .eval_every = 1,
        .checkpoint_every = 1000,
    };
}

// ---- The table ---------------------------------------------------------------------------------

#define WHOLE(t, n, v, a, low, high, h)                                                            \
    { .name = n, .type = t, .value = v, .argument = a, .minimum = low, .maximum = high, .help = h }
#define INTEGER(n, v, a, low, high, h) WHOLE(OPTION_INTEGER, n, v, a, low, high, h)
#define SIZE(n, v, a, low, high, h) WHOLE(OPTION_SIZE, n, v, a, low, high, h)
#define REAL(n, v, a, low, high, h)                                                                \
    {                                                                                              \
        .name = n, .type = OPTION_REAL, .value = v, .argument = a, .minimum = low,                 \
        .maximum = high, .help = h                                                                 \
    }
#define CHOICE(n, v, c, h)                                                                         \
    { .name = n, .type = OPTION_CHOICE, .value = v, .choices = c, .help = h }
#define STRING(n, v, a, h)                                                                         \
    { .name = n, .type = OPTION_STRING, .value = (void *)(v), .argument = a, .help = h }
#define FLAG(n, v, h)                                                                              \
    { .name = n, .type = OPTION_FLAG, .value = v, .help = h }

static const double MANY = 2147483647;

// Appends a group; `outside`: not part of the configuration.
static void append_group(struct option *table, size_t *count, const struct option *rows, size_t n,
                         const char *group, bool outside) {
    assert(*count + n < SETTINGS_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct option row = rows[i];
        row.group = i == 0 ? group : NULL;
        row.outside = outside;
        table[(*count)++] = row;
    }
}
#define APPEND(rows, group, outside)                                                               \
    append_group(table, count, rows, ARRAY_LENGTH(rows), group, outside)

static void describe_data(struct settings *s, struct option *table, size_t *count) {
    const struct option files[] = {
        STRING("train", &s->text[SPLIT_TRAIN], "TOKENS", "the training text; - for standard input"),
        STRING("valid", &s->text[SPLIT_VALID], "TOKENS", "text for validation"),
        STRING("test", &s->text[SPLIT_TEST], "TOKENS", "text for the test"),
    };
    const struct option data[] = {
        CHOICE(
            "blocks", &s->blocks, BLOCKS,
            "how the text is cut: T - 1 tokens between end-of-text tokens, or T tokens and their "
            "successors"),
        CHOICE("sampling", &s->sampling, SAMPLINGS,
               "whether every visit opens a freshly shuffled pass, or goes on through an epoch's"),
        CHOICE("objective", &s->objective, OBJECTIVES,
               "what is predicted: each next token, or 15% of the tokens, masked, from both sides"),
    };
    APPEND(files, "Text", true);
    APPEND(data, "Data", false);
}

static void describe_model(struct settings *s, struct option *table, size_t *count) {
    const struct option model[] = {
        CHOICE("arch", &s->arch, ARCHS,
               "architecture: norms before the branches, or behind them and a transformation "
               "before the logits"),
        INTEGER("layers", &s->layers, "L", 1, TYING_LAYERS_MAX, "transformer layers"),
        SIZE("width", &s->width, "C", 1, 65536, "width of the residual stream"),
        INTEGER("heads", &s->heads, "H", 1, 1024, "attention heads, a divisor of the width"),
        SIZE("context", &s->context, "T", 1, 65536, "tokens of a block"),
        SIZE("batch", &s->batch, "B", 1, 65536, "blocks of a training step"),
        REAL("dropout", &s->dropout, "P", 0, 0.99, "probability of dropout"),
        CHOICE("permute", &s->permute, PERMUTES,
               "what is permuted in tied layers before the output projection, to break their "
               "alignment: attention heads or hidden units"),
        CHOICE("recompute", &s->recompute, RECOMPUTES,
               "what is computed again in the backward pass instead of kept"),
        CHOICE("precision", &s->precision, PRECISIONS,
               "numbers that activations are of; weights are updated in fp32, but "
               "for bf16-pure, which is what the released code does"),
    };
    APPEND(model, "Network", false);
}

static void describe_training(struct settings *s, struct option *table, size_t *count) {
    const struct option training[] = {
        SIZE("episodes", &s->episodes, "E", 1, MANY, "rounds over the layers"),
        SIZE("steps-per-action", &s->steps_per_action, "K", 1, MANY,
             "training steps after each choice"),
        SIZE("max-steps", &s->max_steps, "N", 0, MANY, "stop after N steps; 0: no limit"),
        REAL("lr", &s->lr, "X", 0, 1e3, "AdamW's learning rate"),
        REAL("weight-decay", &s->weight_decay, "X", 0, 1e3, "AdamW's weight decay"),
        REAL("clip", &s->clip, "X", 0, 1e9, "largest norm of the gradient; 0: any"),
        REAL("beta1", &s->beta1, "X", 0, 0.9999999, "decay of AdamW's first moment"),
        REAL("beta2", &s->beta2, "X", 0, 0.9999999, "decay of AdamW's second moment"),
        INTEGER("seed", &s->seed, "S", 0, MANY, "seed of all random numbers"),
    };
    APPEND(training, "Training", false);
}

static void describe_tying(struct settings *s, struct option *table, size_t *count) {
    const struct option preset[] = {
        CHOICE("semantics", &s->semantics, SEMANTICS,
               "as the method is described, or as its released code does; sets the six options "
               "below"),
    };
    const struct option tying[] = {
        CHOICE("tie-grad", &s->gradient, GRADIENTS, "which uses of a tied layer give gradients"),
        CHOICE("untie", &s->untie, UNTIES,
               "a layer that becomes independent copies the weights, "
               "or keeps the shared storage"),
        CHOICE("moments", &s->moments, MOMENTS, "AdamW's moments of such a layer"),
        CHOICE("retie", &s->retie, RETIES, "what layers tied to a re-tied layer do"),
        CHOICE("start", &s->start, STARTS, "what layers that start tied have as weights"),
        CHOICE("retire", &s->retire, RETIRES, "what a re-tied layer's optimiser does"),
        CHOICE("tie", &s->parts, PARTS, "the part of a layer that is tied"),
        STRING("agent", &s->agent, "COMMAND", "the program that chooses each layer's source"),
    };
    APPEND(preset, "Tying", true);
    APPEND(tying, NULL, false);
}

static void describe_run(struct settings *s, struct option *table, size_t *count) {
    const struct option evaluation[] = {
        SIZE("eval-every", &s->eval_every, "N", 1, MANY, "evaluate after every N episodes"),
        SIZE("eval-batches", &s->eval_batches, "N", 0, MANY,
             "on N batches of each text, but the last time on all; 0: always on all"),
        STRING("labels", &s->labels, "LIST", "names for reports: KEY=VALUE,..."),
    };
    const struct option run[] = {
        STRING("checkpoint", &s->checkpoint, "FILE",
               "keep the state of the run here, and go on from it where it exists"),
        SIZE("checkpoint-every", &s->checkpoint_every, "N", 0, MANY,
             "steps between checkpoints; 0: only at the end and on signals"),
        FLAG("restart", &s->restart, "begin anew, even if the checkpoint exists"),
        FLAG("dry-run", &s->dry_run,
             "print settings, plan, parameters and memory, and stop; with -o - as records"),
        CHOICE("device", &s->device, DEVICE_NAMES,
               "where to compute: auto takes a GPU that can be used"),
        REAL("agent-timeout", &s->agent_timeout, "SECONDS", 0.001, 1e9,
             "give up an agent that is silent for so long"),
    };
    APPEND(evaluation, "Evaluation", false);
    APPEND(run, "Run", true);
}

void settings_describe(struct settings *settings, struct option table[SETTINGS_OPTIONS_MAX]) {
    size_t count = 0;
    describe_data(settings, table, &count);
    describe_model(settings, table, &count);
    describe_training(settings, table, &count);
    describe_tying(settings, table, &count);
    describe_run(settings, table, &count);
    table[count] = (struct option){0};
}

// ---- From the command line to what is meant ----------------------------------------------------

static void resolve_preset(int *value, int preset) {
    *value = *value == AS_SEMANTICS ? preset : *value;
}

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
    if (steps_of_all_episodes(settings) > MANY && settings->max_steps == 0) {
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

static enum status check_paths(const struct settings *settings, struct error *error) {
    if (!settings->text[SPLIT_TRAIN]) {
        return error_set(error, STATUS_USAGE, "no training text: give --train TOKENS");
    }
    if (settings->checkpoint && strcmp(settings->checkpoint, "-") == 0) {
        return error_set(error, STATUS_USAGE, "option --checkpoint: a file, not standard output");
    }
    return STATUS_OK;
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
    return status == STATUS_OK ? check_paths(settings, error) : status;
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
