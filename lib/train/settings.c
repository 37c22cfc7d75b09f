#include "lib/train/settings.h"

#include <assert.h>

const char *const SPLIT_NAMES[SPLITS] = {"train", "valid", "test"};

// Choices in the order of their enums. What stands behind the first NULL cannot be chosen: it is
// what the help shows as the default of an option that --semantics or the device sets.
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
        .gradient = SETTINGS_AS_SEMANTICS,
        .untie = SETTINGS_AS_SEMANTICS,
        .moments = SETTINGS_AS_SEMANTICS,
        .retie = SETTINGS_AS_SEMANTICS,
        .start = SETTINGS_AS_SEMANTICS,
        .retire = SETTINGS_AS_SEMANTICS,
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

static const double MANY = SETTINGS_STEPS_MAX;

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
             "steps between checkpoints; 0: only at the beginning, at the end and on signals"),
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
