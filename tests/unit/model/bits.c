// The same bits whatever is recomputed and however many threads there are.

#include <omp.h>

#include "lib/base/memory.h"
#include "tests/unit/model/fixture.h"

enum { L = 4, C = 24, H = 3, T = 30, V = 53, B = 11, STEPS = 3 }; // 330 rows: two chunks of logits

static const struct model_config CONFIG = {.layers = L,
                                           .width = C,
                                           .heads = H,
                                           .context = T,
                                           .vocabulary = V,
                                           .batch = B,
                                           .dropout = 0.2,
                                           .tying = {0},
                                           .seed = 11};
static const int MAP[L] = {0, 0, 2, 2};

struct outcome {
    double losses[STEPS], norms[STEPS];
    double evaluated;
    uint64_t digest;
};

static void run(const struct model_config *config, struct outcome *outcome) {
    const struct model_update_options options = {1e-2, 0.9, 0.999, 1e-8, 0.01, 1.0};
    struct fixture f;
    int32_t tokens[B * T], targets[B * T];
    int64_t count = 0;
    int32_t correct[B * T];
    memset(outcome, 0, sizeof *outcome);
    if (!fixture_open(&f, config, MAP)) {
        return;
    }
    for (int step = 0; step < STEPS; step++) {
        bool changed = false;
        make_batch(tokens, targets, B * T, V, (uint32_t)step);
        CHECK_OK(&f, model_tie(f.model, 3, step, &changed, &f.error));
        CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, step, &outcome->losses[step],
                                      &f.error));
        CHECK_OK(&f, model_update(f.model, &options, &outcome->norms[step], &f.error));
    }
    CHECK_OK(&f, model_evaluate(f.model, tokens, targets, B, &outcome->evaluated, &count, correct,
                                NULL, &f.error));
    outcome->digest = model_digest(&f, ~0U);
    fixture_close(&f);
}

static void check_same(const struct outcome *got, const struct outcome *want) {
    CHECK(memcmp(got, want, sizeof *got) == 0);
}

// Each architecture, both directions, and what is permuted.
static const struct variant {
    enum model_arch arch;
    bool bidirectional;
    enum model_permute permute;
} VARIANTS[] = {
    {MODEL_GPT2, false, MODEL_PERMUTE_NONE},   {MODEL_GPT2, false, MODEL_PERMUTE_HEADS},
    {MODEL_GPT2, false, MODEL_PERMUTE_HIDDEN}, {MODEL_BERT, false, MODEL_PERMUTE_NONE},
    {MODEL_BERT, true, MODEL_PERMUTE_HEADS},   {MODEL_BERT, false, MODEL_PERMUTE_HIDDEN},
};

static struct model_config variant_config(const struct variant *variant) {
    struct model_config config = CONFIG;
    config.arch = variant->arch;
    config.bidirectional = variant->bidirectional;
    config.permute = variant->permute;
    return config;
}

static void test_recompute(void) {
    for (size_t i = 0; i < ARRAY_LENGTH(VARIANTS); i++) {
        struct outcome want, got;
        struct model_config config = variant_config(&VARIANTS[i]);
        run(&config, &want);
        CHECK(want.losses[0] > 3 && want.losses[0] < 5);
        config.recompute = MODEL_RECOMPUTE_GELU;
        run(&config, &got);
        check_same(&got, &want);
        config.recompute = MODEL_RECOMPUTE_LAYER;
        run(&config, &got);
        check_same(&got, &want);
    }
}

static void test_threads(void) {
    int before = omp_get_max_threads();
    for (size_t i = 0; i < ARRAY_LENGTH(VARIANTS); i++) {
        struct outcome want, got;
        struct model_config config = variant_config(&VARIANTS[i]);
        omp_set_num_threads(1);
        run(&config, &want);
        for (int threads = 2; threads <= 7; threads += 5) {
            omp_set_num_threads(threads);
            run(&config, &got);
            check_same(&got, &want);
        }
    }
    omp_set_num_threads(before);
}

// A buffer that is shared when it must not be shows where evaluation follows other work: a model
// that has trained evaluates as one that only evaluates, with the same weights.
static void test_evaluation_after_training(void) {
    int32_t tokens[B * T], targets[B * T];
    make_batch(tokens, targets, B * T, V, 0);
    for (size_t i = 0; i < ARRAY_LENGTH(VARIANTS); i++) {
        struct model_config config = variant_config(&VARIANTS[i]);
        struct fixture f;
        double before = 0, after = 0, loss = 0;
        int64_t count = 0;
        if (fixture_open(&f, &config, MAP)) {
            CHECK_OK(&f, model_evaluate(f.model, tokens, targets, B, &before, &count, NULL, NULL,
                                        &f.error));
            CHECK_OK(&f, model_accumulate(f.model, tokens, targets, B, 1, &loss, &f.error));
            CHECK_OK(&f, model_evaluate(f.model, tokens, targets, B, &after, &count, NULL, NULL,
                                        &f.error));
            CHECK(before == after && before > 0);
        }
        fixture_close(&f);
    }
}

// Dropout is keyed by the step and the seed.
static void test_dropout_keys(void) {
    struct fixture f;
    int32_t tokens[B * T], targets[B * T];
    double losses[3];
    make_batch(tokens, targets, B * T, V, 0);
    if (fixture_open(&f, &CONFIG, MAP)) {
        const int64_t steps[] = {5, 6, 5};
        for (int i = 0; i < 3; i++) {
            CHECK_OK(&f,
                     model_accumulate(f.model, tokens, targets, B, steps[i], &losses[i], &f.error));
        }
        CHECK(losses[0] == losses[2] && losses[0] != losses[1]);
    }
    fixture_close(&f);
}

int main(void) {
    RUN(test_recompute);
    RUN(test_threads);
    RUN(test_evaluation_after_training);
    RUN(test_dropout_keys);
    return check_finish();
}
