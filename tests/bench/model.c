// Tokens a second of a training step, and the memory it takes: one configuration per process, since
// the peak of memory is the process's.

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/program.h"
#include "lib/model/model.h"
#include "lib/train/device.h"

static int64_t layers = 12, width = 128, heads = 4, context = 128, batch = 8, vocabulary = 4096;
static int64_t steps = 20;
static double dropout = 0.2;
static int64_t independent; // 0: all
static int arch, recompute, device_wanted = DEVICE_CPU, precision = PRECISION_OF_DEVICE, gradients;
static const char *const ARCHS[] = {"gpt2", "bert", NULL};
static const char *const RECOMPUTES[] = {"none", "gelu", "layer", NULL};
static const char *const PRECISIONS[] = {"fp32", "bf16", "bf16-pure", NULL, "the device's"};
static const char *const GRADIENTS[] = {"all", "owner", NULL};

static const struct option OPTIONS[] = {
    {.name = "arch",
     .type = OPTION_CHOICE,
     .value = &arch,
     .choices = ARCHS,
     .help = "architecture"},
    {.name = "layers", .type = OPTION_INTEGER, .value = &layers, .argument = "L", .help = "layers"},
    {.name = "width", .type = OPTION_INTEGER, .value = &width, .argument = "C", .help = "width"},
    {.name = "heads", .type = OPTION_INTEGER, .value = &heads, .argument = "H", .help = "heads"},
    {.name = "context",
     .type = OPTION_INTEGER,
     .value = &context,
     .argument = "T",
     .help = "context"},
    {.name = "batch", .type = OPTION_INTEGER, .value = &batch, .argument = "B", .help = "batch"},
    {.name = "vocabulary",
     .type = OPTION_INTEGER,
     .value = &vocabulary,
     .argument = "V",
     .help = "vocabulary"},
    {.name = "dropout", .type = OPTION_REAL, .value = &dropout, .argument = "P", .help = "dropout"},
    {.name = "recompute",
     .type = OPTION_CHOICE,
     .value = &recompute,
     .choices = RECOMPUTES,
     .help = "what backward computes again"},
    {.name = "independent",
     .type = OPTION_INTEGER,
     .value = &independent,
     .argument = "N",
     .maximum = TYING_LAYERS_MAX,
     .help = "independent layers, the first N; the others are tied to them in turn; 0: all"},
    {.name = "tie-grad",
     .type = OPTION_CHOICE,
     .value = &gradients,
     .choices = GRADIENTS,
     .help = "which uses of a tied layer give gradients"},
    {.name = "device",
     .type = OPTION_CHOICE,
     .value = &device_wanted,
     .choices = DEVICE_NAMES,
     .help = "where to compute"},
    {.name = "precision",
     .type = OPTION_CHOICE,
     .value = &precision,
     .choices = PRECISIONS,
     .help = "numbers that activations are of"},
    {.name = "steps",
     .type = OPTION_INTEGER,
     .value = &steps,
     .argument = "N",
     .minimum = 1,
     .maximum = 1e6,
     .help = "steps measured"},
    {.name = NULL},
};

static const struct program PROGRAM = {
    .name = "bench/model",
    .summary = "Measures a training step.",
    .usage = "[OPTION...]",
    .options = OPTIONS,
    .examples = "  bench/model --threads 2 --recompute layer\n",
    .threads = true,
};

struct bench {
    const struct ops *ops;
    device *dev;
    struct model *model;
    int32_t *tokens; // inputs, and behind them targets
    double *seconds; // of each step
};

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status bench_open(struct bench *bench, struct error *error) {
    struct model_config config = {.arch = (enum model_arch)arch,
                                  .layers = (int)layers,
                                  .width = (int)width,
                                  .heads = (int)heads,
                                  .context = (int)context,
                                  .vocabulary = (int)vocabulary,
                                  .batch = (int)batch,
                                  .dropout = dropout,
                                  .recompute = (enum model_recompute)recompute,
                                  .tying = TYING_SHARED,
                                  .seed = 1};
    int map[TYING_LAYERS_MAX], own = independent > 0 ? (int)independent : TYING_LAYERS_MAX;
    for (int i = 0; i < TYING_LAYERS_MAX; i++) {
        map[i] = i % own;
    }
    config.tying.gradient = gradients == 0 ? TYING_GRADIENT_ALL : TYING_GRADIENT_OWNER;
    size_t N = (size_t)(batch * context);
    struct settings settings = {.device = device_wanted, .precision = precision};
    enum status status = device_choose(&settings, &bench->ops, error);
    if (status == STATUS_OK) {
        status = bench->ops->open(&bench->dev, error);
    }
    if (status == STATUS_OK) {
        status = model_open(&bench->model, bench->ops, bench->dev, &config, map, error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&bench->tokens, 2 * N, sizeof(int32_t), "tokens", error);
    }
    for (size_t i = 0; status == STATUS_OK && i < 2 * N; i++) {
        bench->tokens[i] = (int32_t)((i * 2654435761U >> 7) % (size_t)vocabulary);
    }
    return status == STATUS_OK ? memory_allocate((void **)&bench->seconds, (size_t)steps,
                                                 sizeof(double), "times", error)
                               : status;
}

static enum status bench_step(struct bench *bench, int64_t step, struct error *error) {
    const struct model_update_options options = {1e-4, 0.9, 0.999, 1e-8, 0.01, 1.0};
    double loss = 0, norm = 0;
    enum status status =
        model_accumulate(bench->model, bench->tokens, bench->tokens + batch * context, (int)batch,
                         step, &loss, error);
    return status == STATUS_OK ? model_update(bench->model, &options, &norm, error) : status;
}

static enum status bench_run(struct bench *bench, int64_t threads, struct error *error) {
    enum status status = bench_step(bench, 0, error); // takes the memory, warms the caches
    for (int64_t i = 0; status == STATUS_OK && i < steps; i++) {
        double start = clock_seconds();
        status = bench_step(bench, 1 + i, error);
        bench->seconds[i] = clock_seconds() - start;
    }
    if (status != STATUS_OK) {
        return status;
    }
    qsort(bench->seconds, (size_t)steps, sizeof(double), compare_doubles);
    double tokens = (double)(batch * context), mb = 1e-6;
    struct model_memory memory;
    model_count_memory(model_get_config(bench->model), model_tying(bench->model), bench->ops,
                       &memory);
    printf("%s %s L %d (%d own, gradients of %s) C %d H %d T %d B %d V %d dropout %g recompute %s "
           "threads %d: %.0f tokens/s "
           "(best %.0f), %.1f MB counted (%.1f of state), %.1f on the device, %.1f resident\n",
           bench->ops->name, ARCHS[arch], (int)layers,
           independent > 0 && independent < layers ? (int)independent : (int)layers,
           gradients == 0 ? "all uses" : "owners", (int)width, (int)heads, (int)context, (int)batch,
           (int)vocabulary, dropout, RECOMPUTES[recompute], (int)threads,
           tokens / bench->seconds[steps / 2], tokens / bench->seconds[0],
           (double)memory.total * mb,
           (double)(memory.weights + memory.gradients + memory.optimizer) * mb,
           (double)bench->ops->bytes_peak(bench->dev) * mb, (double)memory_peak_resident() * mb);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    struct common_options common;
    struct operands operands;
    struct error error = {{0}};
    struct bench bench = {0};
    program_start(&PROGRAM, argc, argv, &common, &operands);
    operands_free(&operands);
    enum status status = bench_open(&bench, &error);
    if (status == STATUS_OK) {
        status = bench_run(&bench, common.threads, &error);
    }
    model_close(bench.model);
    if (bench.dev) {
        bench.ops->close(bench.dev);
    }
    free(bench.tokens);
    free(bench.seconds);
    return program_finish(status, &error);
}
