// Sizes, initial weights, evaluation, and what is refused.

#include <math.h>
#include <omp.h>

#include "tests/unit/model/fixture.h"

enum { L = 3, C = 32, H = 4, T = 10, V = 41, B = 4 };

static const int MAP[L] = {0, 1, 2};

static struct model_config small_config(void) {
    return (struct model_config){.layers = L,
                                 .width = C,
                                 .heads = H,
                                 .context = T,
                                 .vocabulary = V,
                                 .batch = B,
                                 .dropout = 0.5,
                                 .tying = TYING_SHARED,
                                 .seed = 1};
}

// The published sizes.
static void test_parameter_counts(void) {
    struct model_config config = {
        .layers = 48, .width = 1600, .heads = 16, .context = 256, .vocabulary = 50257, .batch = 16};
    struct model_parameters count;
    model_count_parameters(&config, &count);
    CHECK_INT(count.layer, 30740800);
    CHECK_INT(count.part[TYING_ATTENTION] + count.part[TYING_FEEDFORWARD], count.layer);
    CHECK_INT(count.embedding, 80822400);
    CHECK_INT(count.embedding + count.final, 80825600);
    CHECK_INT(count.conventional, 80825600 + 48LL * 30740800);
    int map[48];
    for (int i = 0; i < 48; i++) {
        map[i] = i % 7 == 0 ? i : i - i % 7;
    }
    struct tying tying;
    static struct tying_plan plan;
    tying_begin(&tying, &TYING_SHARED, 48, map, &plan);
    CHECK_INT(model_count_trainable(&config, &tying), 80825600 + 7LL * 30740800);
}

// BERT-base with GPT-2's vocabulary, as the transformers library counts it.
static void test_bert_parameter_counts(void) {
    struct model_config config = {.arch = MODEL_BERT,
                                  .layers = 12,
                                  .width = 768,
                                  .heads = 12,
                                  .context = 256,
                                  .vocabulary = 50257,
                                  .batch = 1};
    struct model_parameters count;
    model_count_parameters(&config, &count);
    CHECK_INT(count.conventional, 124690513);
    CHECK_INT(count.layer, 7087872);
    CHECK_INT(count.final, 768 * 768 + 3 * 768 + 50257);
    config.context = 512;
    model_count_parameters(&config, &count);
    CHECK_INT(count.conventional, 124690513);
    config.context = 600; // positions beyond 512 come with the context
    model_count_parameters(&config, &count);
    CHECK_INT(count.conventional, 124690513 + 88 * 768);
}

// A small GPT-2 of 2.9M parameters trains in less than 160 MB, 80 MB where layers are recomputed:
// the counted bytes, with room for the program itself.
static void test_memory_budget(void) {
    struct model_config config = {
        .layers = 12, .width = 128, .heads = 4, .context = 128, .vocabulary = 4096, .batch = 8};
    int map[12];
    for (int i = 0; i < 12; i++) {
        map[i] = i;
    }
    const struct ops *ops = NULL;
    struct error error;
    struct tying tying;
    static struct tying_plan plan;
    struct model_memory memory;
    CHECK(ops_cpu(&ops, &error) == STATUS_OK);
    tying_begin(&tying, &TYING_SHARED, 12, map, &plan);
    model_count_memory(&config, &tying, ops, &memory);
    CHECK(memory.total < 145000000);
    config.recompute = MODEL_RECOMPUTE_LAYER;
    model_count_memory(&config, &tying, ops, &memory);
    CHECK(memory.total < 70000000);
}

struct moments {
    const char *suffix;
    double sum, squares;
    size_t n;
};

static enum status add_moments(void *context, const struct model_tensor *tensor,
                               struct error *error) {
    struct moments *moments = context;
    (void)error;
    if (tensor->kind == MODEL_WEIGHT && strstr(tensor->name, moments->suffix)) {
        for (size_t i = 0; i < tensor->n; i++) {
            moments->sum += (double)tensor->data[i];
            moments->squares += (double)tensor->data[i] * (double)tensor->data[i];
        }
        moments->n += tensor->n;
    }
    return STATUS_OK;
}

static void check_moments(struct fixture *f, const char *suffix, double mean, double deviation) {
    struct moments m = {.suffix = suffix};
    CHECK_OK(f, model_visit_tensors(f->model, add_moments, &m, &f->error));
    double n = (double)m.n;
    CHECK(m.n > 0);
    CHECK_CLOSE(m.sum / n, mean, 4 * deviation / sqrt(n));
    CHECK_CLOSE(sqrt(m.squares / n - m.sum / n * (m.sum / n)), deviation, 0.05 * deviation);
}

static void test_initial_weights(void) {
    struct fixture f;
    struct model_config config = small_config();
    if (fixture_open(&f, &config, MAP)) {
        check_moments(&f, "qkv.weight", 0, 0.02);
        check_moments(&f, "hidden.weight", 0, 0.02);
        check_moments(&f, "token.weight", 0, 0.02);
        check_moments(&f, "position.weight", 0, 0.02);
        check_moments(&f, "projection.weight", 0, 0.02 / sqrt(2 * L));
        check_moments(&f, "norm.weight", 1, 0);
        check_moments(&f, "bias", 0, 0);
        struct model_tensor a = find_tensor(&f, "layers.0.attention.qkv.weight");
        struct model_tensor b = find_tensor(&f, "layers.1.attention.qkv.weight");
        CHECK(memcmp(a.data, b.data, a.n * sizeof *a.data) != 0);
        CHECK_INT(find_tensor(&f, "embedding.position.weight").shape[0], T + 1);
    }
    fixture_close(&f);
}

static void test_initial_weights_of_bert(void) {
    struct fixture f;
    struct model_config config = small_config();
    config.arch = MODEL_BERT;
    if (fixture_open(&f, &config, MAP)) {
        check_moments(&f, "transform.weight", 0, 0.02);
        check_moments(&f, "position.weight", 0, 0.02);
        check_moments(&f, "projection.weight", 0, 0.02);
        check_moments(&f, "norm.weight", 1, 0);
        check_moments(&f, "bias", 0, 0);
        CHECK_INT(find_tensor(&f, "embedding.position.weight").shape[0], 512);
        CHECK_INT(find_tensor(&f, "embedding.type.weight").shape[0], 2);
        CHECK_INT(find_tensor(&f, "head.bias").n, V);
    }
    fixture_close(&f);
}

static void test_initial_weights_on_any_threads(void) {
    int before = omp_get_max_threads();
    uint64_t digests[2] = {0, 1};
    struct model_config config = small_config();
    config.vocabulary = 5000; // more than one piece
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        omp_set_num_threads(1 + 2 * i);
        if (fixture_open(&f, &config, MAP)) {
            digests[i] = model_digest(&f, 1U << MODEL_WEIGHT);
        }
        fixture_close(&f);
    }
    omp_set_num_threads(before);
    CHECK(digests[0] == digests[1]);
}

static void test_evaluation(void) {
    struct fixture f;
    struct model_config config = small_config();
    int32_t tokens[B * T], targets[B * T];
    float losses[B * T], logits[V];
    double sum = 0, loss = 0, total = 0;
    int64_t count = 0;
    int32_t correct[B * T];
    make_batch(tokens, targets, B * T, V, 0);
    config.dropout = 0;
    if (fixture_open(&f, &config, MAP)) {
        CHECK_OK(&f, model_evaluate(f.model, tokens, targets, B, &sum, &count, correct, losses,
                                    &f.error));
        CHECK_INT(count, B * T - (B * T + 5) / 11);
        for (int i = 0; i < B * T; i++) {
            CHECK((losses[i] == 0) == (targets[i] < 0));
            total += (double)losses[i];
        }
        CHECK(total == sum);
        CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, 0, &loss, &f.error));
        CHECK(loss == sum / (double)count); // the same pass, to the bit
        int32_t first = 0;
        CHECK_OK(&f, model_evaluate(f.model, tokens, targets, B - 1, &sum, &count, NULL, NULL,
                                    &f.error));
        for (int length = 1; length <= T; length++) { // each prefix gives that position's loss
            double exponentials = 0;
            int32_t largest = 0;
            CHECK_OK(&f, model_next_logits(f.model, tokens, length, logits, &f.error));
            first = targets[length - 1];
            for (int i = 0; i < V; i++) {
                exponentials += exp((double)logits[i]);
                largest = logits[i] > logits[largest] ? i : largest;
            }
            double want = first < 0 ? 0 : log(exponentials) - (double)logits[first];
            CHECK_CLOSE(losses[length - 1], want, 2e-6);
            CHECK_INT(correct[length - 1], first >= 0 && first == largest);
        }
    }
    fixture_close(&f);
}

static void test_nothing_counts(void) {
    struct fixture f;
    struct model_config config = small_config();
    int32_t tokens[B * T] = {0}, targets[B * T];
    double loss = 1;
    int64_t count = 1;
    memset(targets, -1, sizeof targets);
    if (fixture_open(&f, &config, MAP)) {
        uint64_t before = model_digest(&f, 1U << MODEL_GRADIENT);
        CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, 0, &loss, &f.error));
        CHECK(loss == 0 && model_digest(&f, 1U << MODEL_GRADIENT) == before);
        CHECK_OK(&f,
                 model_evaluate(f.model, tokens, targets, B, &loss, &count, NULL, NULL, &f.error));
        CHECK(loss == 0 && count == 0);
    }
    fixture_close(&f);
}

static void test_bad_batches(void) {
    struct fixture f;
    struct model_config config = small_config();
    int32_t tokens[B * T] = {0}, targets[B * T] = {0};
    double loss = 0;
    if (fixture_open(&f, &config, MAP)) {
        CHECK_INT(model_accumulate(f.model, tokens, targets, B + 1, 0, &loss, &f.error),
                  STATUS_USAGE);
        CHECK_INT(model_accumulate(f.model, tokens, targets, -1, 0, &loss, &f.error), STATUS_USAGE);
        targets[3] = V;
        CHECK_INT(model_accumulate(f.model, tokens, targets, B, 0, &loss, &f.error),
                  STATUS_DAMAGED);
        CHECK_STRING(f.error.message, "token 41 is outside the vocabulary of 41");
        tokens[1] = -1;
        float logits[V];
        CHECK_INT(model_next_logits(f.model, tokens, 2, logits, &f.error), STATUS_DAMAGED);
        CHECK_INT(model_next_logits(f.model, tokens, T + 1, logits, &f.error), STATUS_USAGE);
        CHECK_INT(model_next_logits(f.model, tokens, 0, logits, &f.error), STATUS_USAGE);
    }
    fixture_close(&f);
}

static void check_refused(const struct model_config *config, const int *map, const char *why) {
    struct error error = {{0}};
    const struct ops *ops = NULL;
    device *dev = NULL;
    struct model *model = NULL;
    CHECK(ops_cpu(&ops, &error) == STATUS_OK && ops->open(&dev, &error) == STATUS_OK);
    CHECK_INT(model_open(&model, ops, dev, config, map, &error), STATUS_USAGE);
    CHECK_STRING(error.message, why);
    CHECK(model == NULL && ops->bytes_in_use(dev) == 0);
    ops->close(dev);
}

static void test_refusals(void) {
    struct model_config config = small_config();
    config.heads = 5;
    check_refused(&config, MAP, "the width 32 is not a multiple of the 5 heads");
    config = small_config();
    config.layers = 0;
    check_refused(&config, MAP, "the number of layers must be from 1 to 256, not 0");
    config = small_config();
    config.vocabulary = 1;
    check_refused(&config, MAP, "the vocabulary must be");
    config = small_config();
    config.batch = 0;
    check_refused(&config, MAP, "the batch must be");
    config = small_config();
    config.context = -3;
    check_refused(&config, MAP, "the context must be");
    config = small_config();
    config.dropout = 1;
    check_refused(&config, MAP, "the dropout must be");
    config.dropout = (double)NAN;
    check_refused(&config, MAP, "the dropout must be");
    config = small_config();
    config.batch = 60000;
    config.context = 100000;
    check_refused(&config, MAP, "too large");
    config = small_config();
    config.heads = 1;
    config.permute = MODEL_PERMUTE_HEADS;
    check_refused(&config, MAP, "one attention head");
    config = small_config();
    check_refused(&config, (const int[]){0, 2, 2}, "layer 1");
}

static enum status spoil(void *context, const struct model_tensor *tensor, struct error *error) {
    (void)error;
    if (strcmp(tensor->name, context) == 0) {
        tensor->data[0] = NAN;
    }
    return STATUS_OK;
}

// Nothing is updated, and the owner is named.
static void check_gradient_owner(const char *tensor, int want) {
    struct fixture f;
    struct model_config config = small_config();
    const struct model_update_options options = {1e-2, 0.9, 0.999, 1e-8, 0.1, 1.0};
    int32_t tokens[B * T], targets[B * T];
    double loss = 0, norm = 0;
    make_batch(tokens, targets, B * T, V, 0);
    if (fixture_open(&f, &config, MAP)) {
        CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, 0, &loss, &f.error));
        CHECK_OK(&f, model_visit_tensors(f.model, spoil, (void *)tensor, &f.error));
        uint64_t before = model_digest(&f, 1U << MODEL_WEIGHT);
        CHECK_OK(&f, model_update(f.model, &options, &norm, &f.error));
        CHECK(isnan(norm) && model_digest(&f, 1U << MODEL_WEIGHT) == before);
        CHECK_INT(model_find_gradient_not_finite(f.model), want);
    }
    fixture_close(&f);
}

static void test_a_gradient_that_is_not_finite(void) {
    check_gradient_owner("final.norm.bias.gradient", -1);
    check_gradient_owner("layers.0.attention.qkv.weight.gradient", 0);
    check_gradient_owner("layers.1.feedforward.norm.bias.gradient", 1);
}

// NaN in one tensor, and where the network is then said to have lost its numbers.
static void check_place(const char *tensor, enum model_recompute recompute, int want) {
    struct fixture f;
    struct model_config config = small_config();
    int32_t tokens[B * T], targets[B * T];
    double loss = 0;
    int place = -2;
    config.recompute = recompute;
    make_batch(tokens, targets, B * T, V, 0);
    if (fixture_open(&f, &config, MAP)) {
        CHECK_OK(&f, model_visit_tensors(f.model, spoil, (void *)tensor, &f.error));
        CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, 0, &loss, &f.error));
        CHECK(isnan(loss));
        CHECK_OK(&f, model_find_not_finite(f.model, &place, &f.error));
        CHECK_INT(place, want);
    }
    fixture_close(&f);
}

static void test_where_numbers_are_lost(void) {
    for (int r = MODEL_RECOMPUTE_NONE; r <= MODEL_RECOMPUTE_LAYER; r++) {
        check_place("embedding.position.weight", (enum model_recompute)r, -1);
        check_place("layers.0.feedforward.hidden.bias", (enum model_recompute)r, 0);
        check_place("layers.1.attention.projection.bias", (enum model_recompute)r, 1);
        check_place("final.norm.bias", (enum model_recompute)r, small_config().layers);
    }
}

int main(void) {
    RUN(test_parameter_counts);
    RUN(test_bert_parameter_counts);
    RUN(test_memory_budget);
    RUN(test_initial_weights);
    RUN(test_initial_weights_of_bert);
    RUN(test_initial_weights_on_any_threads);
    RUN(test_evaluation);
    RUN(test_nothing_counts);
    RUN(test_bad_batches);
    RUN(test_refusals);
    RUN(test_a_gradient_that_is_not_finite);
    RUN(test_where_numbers_are_lost);
    return check_finish();
}
