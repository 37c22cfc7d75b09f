// Whole networks on the emulated GPU beside the CPU's, step by step, with layers re-tied in between:
// losses, every gradient, weight and moment. The CPU's are held against PyTorch and finite
// differences (tests/unit/model).

#include <math.h>

#include "lib/base/memory.h"
#include "tests/unit/model/fixture.h"

extern const struct cuda_module dlt_cuda_module;

enum { L = 4, H = 2, T = 18, V = 37, B = 2, STEPS = 3, TENSORS = 160 };
static const int MAP[L] = {0, 0, 1, 3};

static const struct variant {
    enum model_arch arch;
    bool bidirectional;
    enum model_permute permute;
    enum model_recompute recompute;
    int width;
} VARIANTS[] = {
    {MODEL_GPT2, false, MODEL_PERMUTE_NONE, MODEL_RECOMPUTE_NONE, 24},
    {MODEL_GPT2, false, MODEL_PERMUTE_HEADS, MODEL_RECOMPUTE_LAYER, 20},
    {MODEL_BERT, false, MODEL_PERMUTE_NONE, MODEL_RECOMPUTE_GELU, 32},
    {MODEL_BERT, true, MODEL_PERMUTE_HIDDEN, MODEL_RECOMPUTE_NONE, 24},
};

static struct model_config config_of(const struct variant *variant) {
    return (struct model_config){.arch = variant->arch,
                                 .layers = L,
                                 .width = variant->width,
                                 .heads = H,
                                 .context = T,
                                 .vocabulary = V,
                                 .batch = B,
                                 .dropout = 0.1,
                                 .recompute = variant->recompute,
                                 .permute = variant->permute,
                                 .bidirectional = variant->bidirectional,
                                 .tying = TYING_SHARED,
                                 .seed = 3};
}

static bool gpu_open(struct fixture *f, enum ops_precision precision,
                     const struct model_config *config) {
    *f = (struct fixture){0};
    return CHECK_OK(f, dlt_cuda_module.find(precision, &f->ops, &f->error)) &&
           CHECK_OK(f, f->ops->open(&f->dev, &f->error)) &&
           CHECK_OK(f, model_open(&f->model, f->ops, f->dev, config, MAP, &f->error));
}

// The tensors of one model, by name and kind.
struct tensors {
    struct model_tensor items[TENSORS];
    size_t count;
};

static enum status collect(void *context, const struct model_tensor *tensor, struct error *error) {
    struct tensors *tensors = context;
    (void)error;
    if (CHECK(tensors->count < TENSORS)) {
        tensors->items[tensors->count++] = *tensor;
    }
    return STATUS_OK;
}

// |a - b| / |b|, Euclidean; of two zero tensors 0.
static double relative_error(const float *a, const float *b, size_t n) {
    double difference = 0, norm = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        norm += (double)b[i] * b[i];
    }
    return difference == 0 ? 0 : sqrt(difference / norm);
}

// AdamW's first steps have the size of the learning rate whatever the gradient's, and biases start
// at 0: where the gradient is rounding alone (a key's bias moves all scores of a row alike), so is
// the weight.
static bool comes_from_rounding(const struct model_tensor *tensor) {
    const char *end = strrchr(tensor->name, '.');
    return tensor->kind == MODEL_WEIGHT && end && strcmp(end, ".bias") == 0;
}

// The first n of a tensor, as floats; to be freed.
static float *values_of(struct fixture *f, const struct model_tensor *tensor, size_t n) {
    void *values = NULL;
    CHECK_OK(f, memory_allocate(&values, n, sizeof(float), "a tensor", &f->error));
    if (tensor->kind == MODEL_GRADIENT) {
        f->ops->download(f->dev, values, tensor->data, n * sizeof(float));
    } else {
        f->ops->download_state(f->dev, values, tensor->data, n);
    }
    return values;
}

static void check_tensors(struct fixture *gpu, struct fixture *cpu, unsigned kinds,
                          double tolerance) {
    static struct tensors got, want;
    got.count = want.count = 0;
    CHECK_OK(gpu, model_visit_tensors(gpu->model, collect, &got, &gpu->error));
    CHECK_OK(cpu, model_visit_tensors(cpu->model, collect, &want, &cpu->error));
    CHECK_INT(got.count, want.count);
    for (size_t i = 0; i < want.count && i < got.count; i++) {
        const struct model_tensor *a = &got.items[i], *b = &want.items[i];
        CHECK(strcmp(a->name, b->name) == 0 && a->kind == b->kind);
        size_t n = a->n < b->n ? a->n : b->n; // the vocabulary is padded to different multiples
        float *x = values_of(gpu, a, n), *y = values_of(cpu, b, n);
        double error = relative_error(x, y, n);
        free(x);
        free(y);
        if ((kinds >> b->kind & 1) && !comes_from_rounding(b) && !(error <= tolerance)) {
            check_report(__FILE__, __LINE__, "%s, kind %d: off by %g", b->name, (int)b->kind,
                         error);
        }
    }
}

static void step_both(struct fixture *gpu, struct fixture *cpu, int step, double tolerance) {
    const struct model_update_options options = {1e-3, 0.9, 0.999, 1e-8, 0.01, 1.0};
    struct fixture *both[] = {gpu, cpu};
    int32_t tokens[B * T], targets[B * T];
    double losses[2], norms[2];
    make_batch(tokens, targets, B * T, V, (uint32_t)step);
    for (int i = 0; i < 2; i++) {
        bool changed = false;
        CHECK_OK(both[i], model_tie(both[i]->model, 3, step, &changed, &both[i]->error));
        CHECK_OK(both[i], model_accumulate(both[i]->model, tokens, targets, B, step, &losses[i],
                                           &both[i]->error));
    }
    CHECK_CLOSE(losses[0], losses[1], tolerance);
    check_tensors(gpu, cpu, 1U << MODEL_GRADIENT, 10 * tolerance);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(both[i], model_update(both[i]->model, &options, &norms[i], &both[i]->error));
    }
    CHECK_CLOSE(norms[0] / norms[1], 1, 10 * tolerance);
}

static void compare(enum ops_precision precision, double tolerance, double weight_tolerance) {
    for (size_t i = 0; i < ARRAY_LENGTH(VARIANTS); i++) {
        struct model_config config = config_of(&VARIANTS[i]);
        struct fixture gpu, cpu;
        if (!gpu_open(&gpu, precision, &config) || !fixture_open(&cpu, &config, MAP)) {
            return;
        }
        for (int step = 0; step < STEPS; step++) {
            step_both(&gpu, &cpu, step, tolerance);
        }
        check_tensors(&gpu, &cpu, 1U << MODEL_WEIGHT, weight_tolerance);
        CHECK(gpu.ops->bytes_peak(gpu.dev) >= gpu.ops->bytes_in_use(gpu.dev));
        fixture_close(&gpu);
        fixture_close(&cpu);
    }
}

static void test_fp32(void) {
    compare(OPS_FP32, 1e-5, 1e-5);
}

static void test_bf16(void) {
    compare(OPS_BF16, 1e-2, 3e-2);
}

// Weights and moments have 8 bits: after some steps they are near the others, no more.
static void test_bf16_pure(void) {
    compare(OPS_BF16_PURE, 2e-2, 5e-2);
}

int main(void) {
    RUN(test_fp32);
    RUN(test_bf16);
    RUN(test_bf16_pure);
    return check_finish();
}
