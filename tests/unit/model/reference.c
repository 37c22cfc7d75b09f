// GPT-2 against PyTorch, and BERT against the transformers library: logits, losses, every gradient,
// and twenty steps of clipped AdamW, from the same weights and tokens. The reference is in float64; the tolerances are float32's rounding
// over sums of this length.

#include <math.h>
#include <stdbool.h>

#include "lib/base/memory.h"
#include "tests/unit/model/fixture.h"

// The sizes of tests/reference/gpt2_reference.py and bert_reference.py.
enum { LAYERS = 4, WIDTH = 48, HEADS = 3, CONTEXT = 20, V = 97, BATCH = 15, STEPS = 20 };
enum { N = BATCH * CONTEXT, SAMPLES = 4, TOKEN_LOSSES = 30, TENSORS_MAX = 10 + LAYERS * 12 };

struct reference {
    const char *name;
    bool bert, bidirectional;
    int map[LAYERS];
    bool gradient_of_all_uses;
    double loss, token_losses[TOKEN_LOSSES], next_logits[V];
    struct {
        const char *name;
        double norm, samples[SAMPLES];
    } gradients[TENSORS_MAX];
    double curve_losses[STEPS], curve_norms[STEPS];
};

#include "tests/unit/model/bert_reference.h"
#include "tests/unit/model/gpt2_reference.h"

static const double LOSS_TOLERANCE = 4e-6, LOGIT_TOLERANCE = 1e-5;
static const double GRADIENT_TOLERANCE = 2e-6; // of the tensor's norm
static const double CURVE_TOLERANCE = 8e-6;

static double worst_loss, worst_logit, worst_gradient, worst_curve;

static void worse(double *worst, double got, double want, double scale) {
    *worst = fmax(*worst, fabs(got - want) / scale);
}

// ---- The same weights as the script's -----------------------------------------------------------

static float uniform(uint32_t identifier, uint32_t i) {
    return (float)(hash32(identifier, i) >> 8) * 0x1p-24F - 0.5F;
}

static bool ends_with(const char *name, const char *end) {
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

// Place of a tensor in its table: the visits come in that order.
struct filling {
    uint32_t base, part_tensor;
    char part[32];
};

static uint32_t tensor_identifier(struct filling *filling, const char *name) {
    int layer = 0, length = 0;
    char part[24];
    if (sscanf(name, "layers.%d.%23[a-z].%n", &layer, part, &length) != 2) {
        return filling->base++;
    }
    if (strncmp(name, filling->part, (size_t)length) != 0 || filling->part[length] != 0) {
        snprintf(filling->part, sizeof filling->part, "%.*s", length, name);
        filling->part_tensor = 0;
    }
    return 16 + 16 * (uint32_t)layer + (strcmp(part, "feedforward") == 0 ? 8 : 0) +
           filling->part_tensor++;
}

static enum status fill_tensor(void *context, const struct model_tensor *tensor,
                               struct error *error) {
    (void)error;
    if (tensor->kind != MODEL_WEIGHT) {
        return STATUS_OK;
    }
    uint32_t identifier = tensor_identifier(context, tensor->name);
    for (uint32_t i = 0; i < tensor->n; i++) {
        float value = uniform(identifier, i);
        bool bias = ends_with(tensor->name, ".bias"), norm = ends_with(tensor->name, "norm.weight");
        tensor->data[i] = norm ? 1 + value / 2 : bias ? value / 4 : value / 2;
    }
    return STATUS_OK;
}

static bool open_reference(struct fixture *f, const struct reference *reference) {
    struct model_config config = {.arch = reference->bert ? MODEL_BERT : MODEL_GPT2,
                                  .bidirectional = reference->bidirectional,
                                  .layers = LAYERS,
                                  .width = WIDTH,
                                  .heads = HEADS,
                                  .context = CONTEXT,
                                  .vocabulary = V,
                                  .batch = BATCH,
                                  .tying = TYING_SHARED};
    if (!reference->gradient_of_all_uses) {
        config.tying.gradient = TYING_GRADIENT_OWNER;
    }
    struct filling filling = {0};
    bool open = fixture_open(f, &config, reference->map) &&
                CHECK_OK(f, model_visit_tensors(f->model, fill_tensor, &filling, &f->error));
    if (open) {
        model_refresh(f->model);
    }
    return open;
}

// ---- The comparisons ----------------------------------------------------------------------------

static void compare_evaluation(struct fixture *f, const struct reference *reference) {
    int32_t tokens[N], targets[N];
    float losses[N], logits[V];
    double sum = 0;
    int64_t count = 0;
    make_batch(tokens, targets, N, V, 0);
    CHECK_OK(
        f, model_evaluate(f->model, tokens, targets, BATCH, &sum, &count, NULL, losses, &f->error));
    worse(&worst_loss, sum / (double)count, reference->loss, 1);
    for (int i = 0; i < TOKEN_LOSSES; i++) {
        worse(&worst_loss, (double)losses[i], reference->token_losses[i], 1);
    }
    CHECK_OK(f, model_next_logits(f->model, tokens, CONTEXT, logits, &f->error));
    for (int i = 0; i < V; i++) {
        worse(&worst_logit, (double)logits[i], reference->next_logits[i], 1);
    }
}

static void compare_gradient(struct fixture *f, const struct reference *reference, uint32_t i) {
    char name[96];
    snprintf(name, sizeof name, "%s.gradient", reference->gradients[i].name);
    struct model_tensor tensor = find_tensor(f, name);
    if (!CHECK(tensor.data != NULL)) {
        return;
    }
    double squares = 0, norm = reference->gradients[i].norm;
    for (size_t j = 0; j < tensor.n; j++) {
        squares += (double)tensor.data[j] * (double)tensor.data[j];
    }
    worse(&worst_gradient, sqrt(squares), norm, norm);
    for (uint32_t j = 0; j < SAMPLES; j++) {
        float sample = tensor.data[hash32(3000 + i, j) % tensor.n];
        worse(&worst_gradient, (double)sample, reference->gradients[i].samples[j], norm);
    }
}

static void compare_gradients(struct fixture *f, const struct reference *reference) {
    int32_t tokens[N], targets[N];
    double loss = 0;
    make_batch(tokens, targets, N, V, 0);
    CHECK_OK(f, model_accumulate(f->model, tokens, targets, BATCH, 0, &loss, &f->error));
    worse(&worst_loss, loss, reference->loss, 1);
    for (uint32_t i = 0; i < TENSORS_MAX && reference->gradients[i].name; i++) {
        compare_gradient(f, reference, i);
    }
}

static void compare_curve(struct fixture *f, const struct reference *reference) {
    const struct model_update_options options = {
        .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01, .clip = 1.0};
    for (int step = 0; step < STEPS; step++) {
        int32_t tokens[N], targets[N];
        double loss = 0, norm = 0;
        make_batch(tokens, targets, N, V, (uint32_t)step);
        CHECK_OK(f, model_accumulate(f->model, tokens, targets, BATCH, step, &loss, &f->error));
        CHECK_OK(f, model_update(f->model, &options, &norm, &f->error));
        worse(&worst_curve, loss, reference->curve_losses[step], 1);
        worse(&worst_curve, norm, reference->curve_norms[step], 1);
    }
}

typedef void comparison(struct fixture *f, const struct reference *reference);

static void for_each(const struct reference *references, size_t count, comparison *compare) {
    for (size_t i = 0; i < count; i++) {
        struct fixture f;
        if (open_reference(&f, &references[i])) {
            compare(&f, &references[i]);
        }
        fixture_close(&f);
    }
}

static void for_each_reference(comparison *compare) {
    for_each(GPT2_REFERENCES, ARRAY_LENGTH(GPT2_REFERENCES), compare);
    for_each(BERT_REFERENCES, ARRAY_LENGTH(BERT_REFERENCES), compare);
}

static void test_losses_and_logits(void) {
    for_each_reference(compare_evaluation);
    CHECK_CLOSE(worst_loss, 0, LOSS_TOLERANCE);
    CHECK_CLOSE(worst_logit, 0, LOGIT_TOLERANCE);
}

static void test_gradients(void) {
    for_each_reference(compare_gradients);
    CHECK_CLOSE(worst_gradient, 0, GRADIENT_TOLERANCE);
}

static void test_training_curve(void) {
    for_each_reference(compare_curve);
    CHECK_CLOSE(worst_curve, 0, CURVE_TOLERANCE);
}

int main(void) {
    RUN(test_losses_and_logits);
    RUN(test_gradients);
    RUN(test_training_curve);
    printf("# largest errors: loss %.2g, logit %.2g, gradient %.2g of its norm, curve %.2g\n",
           worst_loss, worst_logit, worst_gradient, worst_curve);
    return check_finish();
}
