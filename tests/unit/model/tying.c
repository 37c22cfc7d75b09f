// Plans carried out: which weights are shared, copied, trained; moments and step counts; and that
// memory is what is counted, however often layers are re-tied.

#include <math.h>

#include "lib/base/memory.h"
#include "tests/unit/model/fixture.h"

enum { L = 4, C = 8, H = 2, T = 4, V = 13, B = 2 };

static const struct model_update_options UPDATE = {1e-2, 0.9, 0.999, 1e-8, 0.1, 1.0};

static struct model_config config_of(const struct tying_options *options) {
    return (struct model_config){.layers = L,
                                 .width = C,
                                 .heads = H,
                                 .context = T,
                                 .vocabulary = V,
                                 .batch = B,
                                 .dropout = 0.1,
                                 .tying = *options,
                                 .seed = 5};
}

static bool open_with(struct fixture *f, const struct tying_options *options, const int *map) {
    struct model_config config = config_of(options);
    return fixture_open(f, &config, map);
}

static void tie(struct fixture *f, int layer, int source) {
    bool changed = false;
    int before = model_tying(f->model)->map[layer];
    CHECK_OK(f, model_tie(f->model, layer, source, &changed, &f->error));
    CHECK_INT(changed, before != source);
}

static void accumulate(struct fixture *f, int64_t step) {
    int32_t tokens[B * T], targets[B * T];
    double loss = 0;
    make_batch(tokens, targets, B * T, V, (uint32_t)step);
    CHECK_OK(f, model_accumulate(f->model, tokens, targets, B, step, &loss, &f->error));
    CHECK(isfinite(loss) && loss > 1 && loss < 10);
}

static double update(struct fixture *f) {
    double norm = 0;
    CHECK_OK(f, model_update(f->model, &UPDATE, &norm, &f->error));
    CHECK(isfinite(norm) && norm > 0);
    return norm;
}

static void train(struct fixture *f, int64_t steps) {
    for (int64_t step = 0; step < steps; step++) {
        accumulate(f, step);
        update(f);
    }
}

static struct model_tensor weight_of(struct fixture *f, int slot) {
    char name[96];
    snprintf(name, sizeof name, "layers.%d.attention.qkv.weight", slot);
    return find_tensor(f, name);
}

static struct model_tensor state_of(struct fixture *f, int layer, const char *what) {
    char name[96];
    snprintf(name, sizeof name, "layers.%d.attention.qkv.weight.%s", layer, what);
    return find_tensor(f, name);
}

static bool same_values(const struct model_tensor *a, const float *b) {
    return memcmp(a->data, b, a->n * sizeof *b) == 0;
}

static float *copy_values(const struct model_tensor *tensor) {
    float *copy = malloc(tensor->n * sizeof *copy);
    memcpy(copy, tensor->data, tensor->n * sizeof *copy);
    return copy;
}

static int64_t steps_of(const struct fixture *f, int layer) {
    return model_get_owner_steps(f->model, TYING_ATTENTION, layer);
}

// ---- Shared semantics ---------------------------------------------------------------------------

static void test_copy_on_untying(void) {
    struct fixture f;
    if (open_with(&f, &TYING_SHARED, (const int[]){0, 0, 0, 0})) {
        train(&f, 2);
        CHECK(weight_of(&f, 1).data == NULL);
        tie(&f, 1, 1);
        struct model_tensor own = weight_of(&f, 1), root = weight_of(&f, 0);
        CHECK(own.data != NULL && own.data != root.data && same_values(&own, root.data));
        CHECK(state_of(&f, 1, "moment1").data != NULL);
        CHECK_INT(steps_of(&f, 1), 0);
        train(&f, 3);
        CHECK(!same_values(&own, root.data));
        CHECK_INT(steps_of(&f, 0), 5);
        CHECK_INT(steps_of(&f, 1), 3);
        tie(&f, 1, 0); // gives everything back
        CHECK(weight_of(&f, 1).data == NULL && state_of(&f, 1, "moment1").data == NULL);
        CHECK(state_of(&f, 1, "gradient").data == NULL);
        CHECK_INT(steps_of(&f, 1), 0);
        train(&f, 1);
    }
    fixture_close(&f);
}

// A tied pair's gradient is the sum over both uses, of what two equal layers would have got.
static void test_gradients_add_up(void) {
    struct fixture tied, apart;
    struct tying_options options = TYING_SHARED;
    bool open = open_with(&tied, &options, (const int[]){0, 0, 0, 0}) &&
                open_with(&apart, &options, (const int[]){0, 0, 0, 0});
    if (open) {
        for (int layer = 1; layer < L; layer++) {
            tie(&apart, layer, layer); // a copy: the same weights, an owner of its own
        }
        accumulate(&tied, 1);
        accumulate(&apart, 1);
        struct model_tensor sum = state_of(&tied, 0, "gradient");
        for (size_t i = 0; i < sum.n; i++) {
            double want = 0;
            for (int layer = 0; layer < L; layer++) {
                want += (double)state_of(&apart, layer, "gradient").data[i];
            }
            CHECK_CLOSE(sum.data[i], want, 1e-7);
        }
    }
    fixture_close(&tied);
    fixture_close(&apart);
}

static void test_one_part(void) {
    struct fixture f;
    struct tying_options options = TYING_SHARED;
    options.parts = TYING_ONLY_FEEDFORWARD;
    if (open_with(&f, &options, (const int[]){0, 0, 0, 0})) {
        CHECK(weight_of(&f, 3).data != NULL);
        CHECK(find_tensor(&f, "layers.3.feedforward.hidden.weight").data == NULL);
        CHECK(find_tensor(&f, "layers.0.feedforward.hidden.weight").data != NULL);
        train(&f, 2);
        tie(&f, 3, 3);
        CHECK(find_tensor(&f, "layers.3.feedforward.hidden.weight").data != NULL);
        CHECK_INT(model_get_owner_steps(f.model, TYING_FEEDFORWARD, 3), 0);
        CHECK_INT(steps_of(&f, 3), 2);
        train(&f, 1);
    }
    fixture_close(&f);
}

// ---- Released semantics -------------------------------------------------------------------------

// Two owners, one storage: two AdamW updates, one after the other, each with its own moments.
static void adamw_by_hand(double *weight, double gradient, double moment1, double moment2,
                          int64_t step) {
    double m = UPDATE.beta1 * moment1 + (1 - UPDATE.beta1) * gradient;
    double v = UPDATE.beta2 * moment2 + (1 - UPDATE.beta2) * gradient * gradient;
    double m_hat = m / (1 - pow(UPDATE.beta1, (double)step));
    double v_hat = v / (1 - pow(UPDATE.beta2, (double)step));
    *weight -= UPDATE.lr * UPDATE.weight_decay * *weight;
    *weight -= UPDATE.lr * m_hat / (sqrt(v_hat) + UPDATE.eps);
}

static void check_two_updates(struct fixture *f) {
    struct model_tensor shared = weight_of(f, 0);
    float *weights = copy_values(&shared), *gradients[2], *first[2], *second[2];
    for (int layer = 0; layer < 2; layer++) {
        struct model_tensor gradient = state_of(f, layer, "gradient"),
                            moment1 = state_of(f, layer, "moment1"),
                            moment2 = state_of(f, layer, "moment2");
        gradients[layer] = copy_values(&gradient);
        first[layer] = copy_values(&moment1);
        second[layer] = copy_values(&moment2);
    }
    int64_t steps[] = {steps_of(f, 0) + 1, steps_of(f, 1) + 1};
    double factor = fmin(1, UPDATE.clip / (update(f) + 1e-6)), worst = 0;
    for (size_t i = 0; i < shared.n; i++) {
        double want = (double)weights[i];
        for (int layer = 0; layer < 2; layer++) {
            adamw_by_hand(&want, factor * (double)gradients[layer][i], (double)first[layer][i],
                          (double)second[layer][i], steps[layer]);
        }
        worst = fmax(worst, fabs((double)shared.data[i] - want));
    }
    CHECK_CLOSE(worst, 0, 2e-7);
    for (int layer = 0; layer < 2; layer++) {
        free(gradients[layer]);
        free(first[layer]);
        free(second[layer]);
    }
    free(weights);
}

static void test_two_owners_of_one_storage(void) {
    struct fixture f;
    if (open_with(&f, &TYING_RELEASED, (const int[]){0, 1, 2, 3})) {
        train(&f, 2);
        tie(&f, 1, 0);
        CHECK(weight_of(&f, 1).data == NULL);            // its weights are gone
        CHECK(state_of(&f, 1, "gradient").data == NULL); // it does not train
        CHECK(state_of(&f, 1, "moment1").data != NULL);  // its moments survive
        CHECK_INT(steps_of(&f, 1), 2);
        train(&f, 2);
        CHECK_INT(steps_of(&f, 1), 2);
        tie(&f, 1, 1); // independent again, by name
        CHECK(weight_of(&f, 1).data == NULL);
        accumulate(&f, 9);
        check_two_updates(&f);
        CHECK_INT(steps_of(&f, 0), 5);
        CHECK_INT(steps_of(&f, 1), 3);
    }
    fixture_close(&f);
}

// A tied use gives no gradient, and its owner's gradient is its own use's alone.
static void test_tied_uses_give_no_gradient(void) {
    struct fixture f;
    if (open_with(&f, &TYING_RELEASED, (const int[]){0, 0, 0, 0})) {
        struct model_tensor frozen = weight_of(&f, 2);
        float *before = copy_values(&frozen);
        CHECK(frozen.data != NULL && !same_values(&frozen, weight_of(&f, 0).data));
        CHECK(state_of(&f, 2, "gradient").data == NULL);
        train(&f, 2);
        CHECK(same_values(&frozen, before)); // starts with random weights that nothing trains
        tie(&f, 2, 2);
        train(&f, 1);
        CHECK(!same_values(&frozen, before));
        free(before);
    }
    fixture_close(&f);
}

static void test_orphans_keep_their_weights(void) {
    struct fixture f;
    struct tying_options options = TYING_SHARED;
    options.retie = TYING_RETIE_ORPHAN;
    if (open_with(&f, &options, (const int[]){0, 1, 1, 0})) {
        train(&f, 1);
        tie(&f, 1, 0); // layer 2 stays with the storage that was layer 1's
        struct model_tensor orphaned = weight_of(&f, 1);
        CHECK(orphaned.data != NULL);
        CHECK_INT(tying_gradient_owner(model_tying(f.model), TYING_ATTENTION, 2), -1);
        float *before = copy_values(&orphaned);
        train(&f, 2);
        CHECK(same_values(&orphaned, before));
        free(before);
    }
    fixture_close(&f);
}

static void test_ghosts_still_step(void) {
    struct fixture f;
    struct tying_options options = TYING_RELEASED;
    options.retire = TYING_RETIRE_GHOST;
    if (open_with(&f, &options, (const int[]){0, 1, 2, 3})) {
        train(&f, 2);
        tie(&f, 1, 0);
        struct model_tensor moment = state_of(&f, 1, "moment1");
        double before = (double)moment.data[3];
        CHECK(before != 0);
        train(&f, 2);
        CHECK_INT(steps_of(&f, 1), 4);
        CHECK_CLOSE(moment.data[3], before * 0.81, 1e-6 * fabs(before)); // a gradient of zero
        tie(&f, 1, 1);
        train(&f, 1);
        CHECK_INT(steps_of(&f, 1), 5);
    }
    fixture_close(&f);
}

// ---- Memory -------------------------------------------------------------------------------------

static size_t counted(const struct fixture *f) {
    struct model_memory memory;
    model_count_memory(model_get_config(f->model), model_tying(f->model), f->ops, &memory);
    CHECK_INT(memory.total,
              memory.weights + memory.gradients + memory.optimizer + memory.activations);
    return (size_t)memory.total;
}

static struct tying_options options_of(unsigned bits) {
    return (struct tying_options){.gradient = bits & 1,
                                  .untie = bits >> 1 & 1,
                                  .moments = bits >> 2 & 1,
                                  .retie = bits >> 3 & 1,
                                  .start = bits >> 4 & 1,
                                  .retire = bits >> 5 & 1,
                                  .parts = (bits >> 6) % 3};
}

// Every combination of options, with one network or another: random actions, each with a training
// step, in the memory counted, to the byte. What is left when the model is closed is the operations'
// scratch.
static void check_counted(unsigned bits) {
    enum { ACTIONS = 6 };
    struct fixture f;
    struct tying_options options = options_of(bits);
    size_t used[ACTIONS], wanted[ACTIONS];
    struct model_config config = config_of(&options);
    config.arch = hash32(bits, 999) % 2 ? MODEL_BERT : MODEL_GPT2;
    config.permute = hash32(bits, 1000) % 3;
    if (fixture_open(&f, &config, (const int[]){0, 0, 2, 1})) {
        struct model_memory start;
        model_count_memory(model_get_config(f.model), model_tying(f.model), f.ops, &start);
        CHECK_INT(f.ops->bytes_in_use(f.dev), start.total - start.activations); // no step yet
        train(&f, 1);
        for (uint32_t i = 0; i < ACTIONS; i++) {
            int layer = 1 + (int)(hash32(bits, 2 * i) % (L - 1));
            tie(&f, layer, (int)(hash32(bits, 2 * i + 1) % (unsigned)(layer + 1)));
            train(&f, 1);
            used[i] = f.ops->bytes_in_use(f.dev);
            wanted[i] = counted(&f);
        }
        model_close(f.model);
        f.model = NULL;
        for (int i = 0; i < ACTIONS; i++) {
            CHECK_INT(used[i], wanted[i] + f.ops->bytes_in_use(f.dev));
        }
    }
    fixture_close(&f);
}

static void test_memory_is_what_is_counted(void) {
    for (unsigned bits = 0; bits < 192; bits++) {
        check_counted(bits);
    }
}

static void act_randomly(struct fixture *f, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count; i++) {
        int layer = 1 + (int)(hash32(77, 2 * i) % (L - 1));
        bool changed = false;
        CHECK_OK(f, model_tie(f->model, layer, (int)(hash32(77, 2 * i + 1) % (unsigned)(layer + 1)),
                              &changed, &f->error));
    }
}

static void test_memory_does_not_grow(void) {
    const struct tying_options *const all[] = {&TYING_SHARED, &TYING_RELEASED};
    for (int i = 0; i < 2; i++) {
        struct fixture f;
        if (open_with(&f, all[i], (const int[]){0, 1, 2, 3})) {
            train(&f, 1);
            act_randomly(&f, 0, 1000);
            size_t peak = f.ops->bytes_peak(f.dev);
            uint64_t resident = memory_peak_resident();
            act_randomly(&f, 1000, 9000);
            CHECK_INT(f.ops->bytes_peak(f.dev), peak);
            // These keep what is freed for a while.
            CHECK(check_is_under("address valgrind") ||
                  memory_peak_resident() <= resident + (1U << 20));
            train(&f, 1);
        }
        fixture_close(&f);
    }
}

// Everything into a second model, as a checkpoint would: it goes on to the same bits.
static enum status copy_tensor(void *context, const struct model_tensor *tensor,
                               struct error *error) {
    struct fixture *to = context;
    (void)error;
    struct model_tensor place = find_tensor(to, tensor->name);
    if (CHECK(place.data != NULL && place.n == tensor->n)) {
        memcpy(place.data, tensor->data, tensor->n * sizeof *tensor->data);
    }
    return STATUS_OK;
}

static void test_restore(void) {
    const struct tying_options *const all[] = {&TYING_SHARED, &TYING_RELEASED};
    for (int i = 0; i < 2; i++) {
        struct fixture from, to;
        if (open_with(&from, all[i], (const int[]){0, 1, 1, 0}) &&
            open_with(&to, all[i], (const int[]){0, 1, 2, 3})) {
            train(&from, 2);
            act_randomly(&from, 0, 5);
            train(&from, 1);
            CHECK_OK(&to, model_restore_tying(to.model, model_tying(from.model), &to.error));
            CHECK_OK(&from, model_visit_tensors(from.model, copy_tensor, &to, &from.error));
            for (enum tying_part part = 0; part <= TYING_PARTS; part++) {
                for (int layer = 0; layer < (part == TYING_PARTS ? 1 : L); layer++) {
                    model_set_owner_steps(to.model, part, layer,
                                          model_get_owner_steps(from.model, part, layer));
                }
            }
            model_refresh(to.model);
            for (int more = 0; more < 2; more++) {
                act_randomly(&from, 100, 3);
                act_randomly(&to, 100, 3);
                train(&from, 2);
                train(&to, 2);
                CHECK(model_digest(&from, ~0U) == model_digest(&to, ~0U));
            }
            CHECK_INT(from.ops->bytes_in_use(from.dev), to.ops->bytes_in_use(to.dev));
        }
        fixture_close(&from);
        fixture_close(&to);
    }
}

static void test_restore_refuses(void) {
    struct fixture f;
    if (open_with(&f, &TYING_SHARED, (const int[]){0, 0, 0, 0})) {
        struct tying bad = *model_tying(f.model);
        bad.parts[TYING_ATTENTION].storage[2] = 3;
        CHECK_INT(model_restore_tying(f.model, &bad, &f.error), STATUS_DAMAGED);
        tying_begin(&bad, &TYING_SHARED, 2, (const int[]){0, 0}, &(struct tying_plan){0});
        CHECK_INT(model_restore_tying(f.model, &bad, &f.error), STATUS_DAMAGED);
        CHECK_STRING(f.error.message, "2 layers for a model of 4");
        train(&f, 1);
    }
    fixture_close(&f);
}

int main(void) {
    RUN(test_copy_on_untying);
    RUN(test_gradients_add_up);
    RUN(test_one_part);
    RUN(test_two_owners_of_one_storage);
    RUN(test_tied_uses_give_no_gradient);
    RUN(test_orphans_keep_their_weights);
    RUN(test_ghosts_still_step);
    RUN(test_memory_is_what_is_counted);
    RUN(test_memory_does_not_grow);
    RUN(test_restore);
    RUN(test_restore_refuses);
    return check_finish();
}
