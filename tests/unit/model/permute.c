// --permute: a tied use with permuted columns is a layer of its own whose output projection has its
// columns permuted the other way round. So a permuted network is checked against one without
// permutations and with such weights: losses, and gradients, which then add up to the tied ones.

#include <math.h>

#include "lib/model/internal.h"
#include "tests/unit/model/fixture.h"

enum { L = 3, C = 24, H = 4, T = 9, V = 31, B = 5 };

static struct model_config small_config(enum model_arch arch, enum model_permute permute) {
    return (struct model_config){.arch = arch,
                                 .layers = L,
                                 .width = C,
                                 .heads = H,
                                 .context = T,
                                 .vocabulary = V,
                                 .batch = B,
                                 .permute = permute,
                                 .tying = TYING_SHARED,
                                 .seed = 5};
}

// Column j of a projection's weight in the tied network is column `column_of` j of the other's.
static size_t column_of(const struct permutations *p, int layer, size_t j) {
    size_t group = (size_t)p->source[(size_t)layer * p->groups + j / p->size];
    return group * p->size + j % p->size;
}

static const char *permuted_part(enum model_permute permute) {
    return permute == MODEL_PERMUTE_HEADS ? "attention" : "feedforward";
}

// The tensors of one layer, or (base) those outside the layers, from the tied network.
struct giving {
    struct fixture *tied;
    enum model_permute permute;
};

static bool is_permuted(const char *name, int layer, enum model_permute permute) {
    char projection[96];
    snprintf(projection, sizeof projection, "layers.%d.%s.projection.weight", layer,
             permuted_part(permute));
    return strncmp(name, projection, strlen(projection)) == 0 && layer > 0;
}

// Every layer of the tied network uses layer 0's weights.
static enum status give_tensor(void *context, const struct model_tensor *to, struct error *error) {
    const struct giving *giving = context;
    int layer = 0, length = 0;
    char from_name[96];
    (void)error;
    if (to->kind != MODEL_WEIGHT) {
        return STATUS_OK;
    }
    bool in_layer = sscanf(to->name, "layers.%d.%n", &layer, &length) == 1;
    snprintf(from_name, sizeof from_name, "%s%s", in_layer ? "layers.0." : "", to->name + length);
    struct model_tensor from = find_tensor(giving->tied, from_name);
    CHECK(from.n == to->n);
    bool permuted = is_permuted(to->name, layer, giving->permute);
    for (size_t i = 0; i < from.n; i++) {
        size_t row = i / from.shape[1], column = i % from.shape[1];
        const struct permutations *p = &giving->tied->model->permutations;
        to->data[permuted ? row * from.shape[1] + column_of(p, layer, column) : i] = from.data[i];
    }
    return STATUS_OK;
}

static double loss_of(struct fixture *f) {
    int32_t tokens[B * T], targets[B * T];
    double trained = 0, evaluated = 0;
    int64_t count = 0;
    make_batch(tokens, targets, B * T, V, 1);
    CHECK_OK(
        f, model_evaluate(f->model, tokens, targets, B, &evaluated, &count, NULL, NULL, &f->error));
    CHECK_OK(f, model_accumulate(f->model, tokens, targets, B, 1, &trained, &f->error));
    CHECK_CLOSE(evaluated / (double)count, trained, 1e-6);
    return trained;
}

// Gradient of the tied tensor = sum over the layers of theirs, columns put back.
static void compare_gradient(struct fixture *tied, struct fixture *apart, const char *tensor,
                             enum model_permute permute) {
    char name[96];
    snprintf(name, sizeof name, "layers.0.%s.gradient", tensor);
    struct model_tensor whole = find_tensor(tied, name);
    double largest = 0, worst = 0;
    for (size_t i = 0; i < whole.n; i++) {
        double sum = 0;
        for (int layer = 0; layer < L; layer++) {
            snprintf(name, sizeof name, "layers.%d.%s.gradient", layer, tensor);
            struct model_tensor own = find_tensor(apart, name);
            size_t width = own.shape[1], row = i / width, column = i % width;
            bool permuted = is_permuted(name, layer, permute);
            const struct permutations *p = &tied->model->permutations;
            sum += (double)own.data[permuted ? row * width + column_of(p, layer, column) : i];
        }
        largest = fmax(largest, fabs(sum));
        worst = fmax(worst, fabs(sum - (double)whole.data[i]));
    }
    CHECK(largest > 0);
    CHECK_CLOSE(worst / largest, 0, 2e-5);
}

static void check_equivalent(enum model_arch arch, enum model_permute permute) {
    static const char *const TENSORS[] = {"attention.qkv.bias", "attention.projection.weight",
                                          "attention.norm.weight", "feedforward.hidden.weight",
                                          "feedforward.projection.weight"};
    struct model_config config = small_config(arch, permute);
    struct fixture tied, apart, plain;
    struct giving giving = {&tied, permute};
    CHECK(fixture_open(&tied, &config, (const int[]){0, 0, 0}));
    config.permute = MODEL_PERMUTE_NONE;
    CHECK(fixture_open(&apart, &config, (const int[]){0, 1, 2}));
    CHECK(fixture_open(&plain, &config, (const int[]){0, 0, 0}));
    spread_weights(&tied, 70);
    CHECK_OK(&apart, model_visit_tensors(apart.model, give_tensor, &giving, &apart.error));
    giving.permute = MODEL_PERMUTE_NONE;
    double loss = loss_of(&tied);
    CHECK_CLOSE(loss_of(&apart), loss, 2e-6);
    for (size_t i = 0; i < sizeof TENSORS / sizeof TENSORS[0]; i++) {
        compare_gradient(&tied, &apart, TENSORS[i], permute);
    }
    // Not what the network without permutations gives.
    CHECK_OK(&plain, model_visit_tensors(plain.model, give_tensor, &giving, &plain.error));
    CHECK(fabs(loss_of(&plain) - loss) > 1e-3);
    fixture_close(&tied);
    fixture_close(&apart);
    fixture_close(&plain);
}

static void test_heads(void) {
    check_equivalent(MODEL_GPT2, MODEL_PERMUTE_HEADS);
    check_equivalent(MODEL_BERT, MODEL_PERMUTE_HEADS);
}

static void test_hidden(void) {
    check_equivalent(MODEL_GPT2, MODEL_PERMUTE_HIDDEN);
    check_equivalent(MODEL_BERT, MODEL_PERMUTE_HIDDEN);
}

// Nothing stays in its place, each layer has its own, and another seed others.
static void test_permutations(void) {
    for (enum model_permute permute = MODEL_PERMUTE_HEADS; permute <= MODEL_PERMUTE_HIDDEN;
         permute++) {
        struct model_config config = small_config(MODEL_GPT2, permute);
        struct fixture f, other;
        CHECK(fixture_open(&f, &config, (const int[]){0, 0, 0}));
        config.seed++;
        CHECK(fixture_open(&other, &config, (const int[]){0, 0, 0}));
        const struct permutations *p = &f.model->permutations;
        size_t n = L * p->groups;
        CHECK_INT(p->groups, permute == MODEL_PERMUTE_HEADS ? H : 4 * C);
        for (size_t i = 0; i < n; i++) {
            size_t first = i / p->groups * p->groups;
            CHECK(p->source[i] != (int32_t)(i - first));
            CHECK_INT(p->inverse[first + (size_t)p->source[i]], (int32_t)(i - first));
        }
        CHECK(memcmp(p->source, p->source + p->groups, p->groups * sizeof *p->source) != 0);
        CHECK(memcmp(p->source, other.model->permutations.source, n * sizeof *p->source) != 0);
        fixture_close(&f);
        fixture_close(&other);
    }
}

// What counts as tied is the state vector, in the parts that it ties.
static void test_who_is_permuted(void) {
    struct model_config config = small_config(MODEL_GPT2, MODEL_PERMUTE_HEADS);
    config.tying = TYING_RELEASED;
    struct fixture f;
    bool changed = false;
    if (fixture_open(&f, &config, (const int[]){0, 0, 0})) {
        CHECK(!use_is_permuted(f.model, TYING_ATTENTION, 0));
        CHECK(use_is_permuted(f.model, TYING_ATTENTION, 1));
        CHECK(!use_is_permuted(f.model, TYING_FEEDFORWARD, 1));
        CHECK_OK(&f, model_tie(f.model, 1, 0, &changed, &f.error));
        CHECK_OK(&f, model_tie(f.model, 1, 1, &changed, &f.error)); // keeps layer 0's storage
        CHECK_INT(model_tying(f.model)->parts[TYING_ATTENTION].storage[1], 0);
        CHECK(!use_is_permuted(f.model, TYING_ATTENTION, 1));
    }
    fixture_close(&f);
    config.tying.parts = TYING_ONLY_FEEDFORWARD;
    if (fixture_open(&f, &config, (const int[]){0, 0, 0})) {
        CHECK(!use_is_permuted(f.model, TYING_ATTENTION, 1));
    }
    fixture_close(&f);
}

int main(void) {
    RUN(test_heads);
    RUN(test_hidden);
    RUN(test_permutations);
    RUN(test_who_is_permuted);
    return check_finish();
}
