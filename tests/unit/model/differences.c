// Gradients of the training pass, dropout on, against central differences of its loss.

#include <math.h>

#include "tests/unit/model/fixture.h"

enum { L = 3, C = 8, H = 2, T = 6, V = 11, B = 3, TENSORS_MAX = 64 };

static const double STEP = 0.005, TOLERANCE = 3e-4; // of the whole gradient's norm
static double worst;

static double loss_of(struct fixture *f) {
    int32_t tokens[B * T], targets[B * T];
    double loss = 0;
    make_batch(tokens, targets, B * T, V, 1);
    model_refresh(f->model);
    CHECK_OK(f, model_accumulate(f->model, tokens, targets, B, 7, &loss, &f->error));
    return loss;
}

// d loss along `direction`, of unit length.
static double difference(struct fixture *f, const struct model_tensor *weight, const float *saved,
                         const double *direction, double step) {
    double losses[2];
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < weight->n; i++) {
            weight->data[i] = (float)((double)saved[i] + (side ? step : -step) * direction[i]);
        }
        losses[side] = loss_of(f);
    }
    memcpy(weight->data, saved, weight->n * sizeof *saved);
    return (losses[1] - losses[0]) / (2 * step);
}

// Two steps, extrapolated (Richardson): what is left is of the fourth order.
static double slope(struct fixture *f, const struct model_tensor *weight, const float *saved,
                    const double *direction) {
    double coarse = difference(f, weight, saved, direction, STEP);
    double fine = difference(f, weight, saved, direction, STEP / 2);
    return (4 * fine - coarse) / 3;
}

// A direction of unit length: the gradient's own, and a random one.
static void make_direction(double *direction, const float *gradient, size_t n, uint32_t seed) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        direction[i] =
            seed ? (double)hash32(seed, (uint32_t)i) * 0x1p-32 - 0.5 : (double)gradient[i];
        squares += direction[i] * direction[i];
    }
    for (size_t i = 0; i < n && squares > 0; i++) {
        direction[i] /= sqrt(squares);
    }
}

// The gradients of one pass, copied: every further pass adds to the model's own.
struct gradients {
    size_t count;
    struct {
        char weight[96];
        float *values;
        size_t n;
    } tensors[TENSORS_MAX];
    double squares;
};

static enum status note_gradient(void *context, const struct model_tensor *tensor,
                                 struct error *error) {
    struct gradients *all = context;
    (void)error;
    if (tensor->kind == MODEL_GRADIENT && all->count < TENSORS_MAX) {
        size_t i = all->count++, length = strlen(tensor->name) - strlen(".gradient");
        snprintf(all->tensors[i].weight, 96, "%.*s", (int)length, tensor->name);
        all->tensors[i].n = tensor->n;
        all->tensors[i].values = malloc(tensor->n * sizeof(float));
        memcpy(all->tensors[i].values, tensor->data, tensor->n * sizeof(float));
        for (size_t j = 0; j < tensor->n; j++) {
            all->squares += (double)tensor->data[j] * (double)tensor->data[j];
        }
    }
    return STATUS_OK;
}

static void check_tensor(struct fixture *f, const char *name, const float *gradient, double scale) {
    struct model_tensor weight = find_tensor(f, name);
    if (!CHECK(weight.data != NULL)) {
        return;
    }
    float *saved = malloc(weight.n * sizeof *saved);
    double *direction = malloc(weight.n * sizeof *direction);
    memcpy(saved, weight.data, weight.n * sizeof *saved);
    for (uint32_t seed = 0; seed < 3; seed++) {
        double predicted = 0;
        make_direction(direction, gradient, weight.n, seed);
        for (size_t i = 0; i < weight.n; i++) {
            predicted += direction[i] * (double)gradient[i];
        }
        double measured = slope(f, &weight, saved, direction);
        worst = fmax(worst, fabs(measured - predicted) / scale);
        if (fabs(measured - predicted) > TOLERANCE * scale) {
            check_report(__FILE__, __LINE__, "%s: %g, not %g", name, measured, predicted);
        }
    }
    free(direction);
    free(saved);
}

static struct model_config small_config(double dropout) {
    return (struct model_config){.layers = L,
                                 .width = C,
                                 .heads = H,
                                 .context = T,
                                 .vocabulary = V,
                                 .batch = B,
                                 .dropout = dropout,
                                 .tying = TYING_SHARED,
                                 .seed = 3};
}

static void check_config(const int *map, const struct model_config *config) {
    struct fixture f;
    if (fixture_open(&f, config, map)) {
        struct gradients all = {0};
        spread_weights(&f, 50);
        loss_of(&f);
        CHECK_OK(&f, model_visit_tensors(f.model, note_gradient, &all, &f.error));
        CHECK(all.count >= 16);
        for (size_t i = 0; i < all.count; i++) {
            check_tensor(&f, all.tensors[i].weight, all.tensors[i].values, sqrt(all.squares));
            free(all.tensors[i].values);
        }
    }
    fixture_close(&f);
}

static void check_map(const int *map, enum tying_parts parts, double dropout) {
    struct model_config config = small_config(dropout);
    config.tying.parts = parts;
    check_config(map, &config);
}

static void test_independent(void) {
    check_map((const int[]){0, 1, 2}, TYING_BOTH, 0.3);
}

static void test_tied(void) {
    check_map((const int[]){0, 0, 1}, TYING_BOTH, 0.3);
}

static void test_one_part_tied(void) {
    check_map((const int[]){0, 1, 0}, TYING_ONLY_ATTENTION, 0.1);
    check_map((const int[]){0, 0, 2}, TYING_ONLY_FEEDFORWARD, 0);
}

// Weights of BERT's embedding beyond the first type and T positions are never used.
static void test_bert(void) {
    struct model_config config = small_config(0.2);
    config.arch = MODEL_BERT;
    check_config((const int[]){0, 1, 2}, &config);
    config.bidirectional = true;
    check_config((const int[]){0, 0, 1}, &config);
    config.tying.parts = TYING_ONLY_FEEDFORWARD;
    config.dropout = 0;
    check_config((const int[]){0, 0, 2}, &config);
}

static void test_permuted(void) {
    struct model_config config = small_config(0.2);
    for (int arch = MODEL_GPT2; arch <= MODEL_BERT; arch++) {
        config.arch = (enum model_arch)arch;
        config.permute = MODEL_PERMUTE_HEADS;
        check_config((const int[]){0, 0, 2}, &config);
        config.permute = MODEL_PERMUTE_HIDDEN;
        check_config((const int[]){0, 0, 1}, &config);
    }
}

int main(void) {
    RUN(test_independent);
    RUN(test_tied);
    RUN(test_one_part_tied);
    RUN(test_bert);
    RUN(test_permuted);
    printf("# largest error: %.2g of the gradient's norm\n", worst);
    return check_finish();
}
