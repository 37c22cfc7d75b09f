// Long random walks with many layers, every combination of options and parts; the released code's
// dwindling storages; maps and states that are none.

#include "lib/base/random.h"
#include "tests/unit/tying/plain.h"

static struct tying_plan plan;

static struct random_sequence random_start(uint64_t seed) {
    struct random_sequence sequence;
    random_sequence_start(&sequence, (struct random_place){.seed = seed, .stream = RANDOM_AGENT});
    return sequence;
}

static int random_source(struct random_sequence *sequence, int layer) {
    return (int)random_below(sequence, (uint64_t)layer + 1);
}

static void walk(const struct tying_options *options, int layers, int length, uint64_t seed) {
    static struct tying tying;
    static struct memory memory;
    static struct plain tied, apart; // a part that is tied, one that never is
    struct random_sequence sequence = random_start(seed);
    int map[TYING_LAYERS_MAX], identity[TYING_LAYERS_MAX];
    for (int i = 0; i < layers; i++) {
        map[i] = seed % 2 ? random_source(&sequence, i) : 0;
        identity[i] = i;
    }
    tying_begin(&tying, options, layers, map, &plan);
    memory_start(&memory, layers);
    memory_execute(&memory, &tying, &plan);
    plain_start(&tied, options, layers, map);
    plain_start(&apart, options, layers, identity);
    for (int n = 0; n < length && !check_test_failed; n++) {
        int layer = 1 + (int)random_below(&sequence, (uint64_t)layers - 1);
        int source = random_source(&sequence, layer);
        tying_act(&tying, layer, source, &plan);
        memory_execute(&memory, &tying, &plan);
        plain_act(&tied, options, layer, source);
        for (enum tying_part part = 0; part < TYING_PARTS; part++) {
            plain_compare(tying_ties_part(options, part) ? &tied : &apart, &tying, part, &memory);
        }
        memory_train(&memory, &tying);
        plain_train(&tied);
        plain_train(&apart);
    }
}

static void test_walks(void) {
    for (int bits = 0; bits < 64 && !check_test_failed; bits++) {
        for (int parts = 0; parts < 3; parts++) {
            struct tying_options options = {
                .gradient = (enum tying_gradient)(bits & 1),
                .untie = (enum tying_untie)(bits >> 1 & 1),
                .moments = (enum tying_moments)(bits >> 2 & 1),
                .retie = (enum tying_retie)(bits >> 3 & 1),
                .start = (enum tying_start)(bits >> 4 & 1),
                .retire = (enum tying_retire)(bits >> 5 & 1),
                .parts = (enum tying_parts)parts,
            };
            for (uint64_t seed = 0; seed < 4; seed++) {
                walk(&options, seed < 2 ? 12 : 48, 200, seed);
            }
        }
    }
}

static void test_parts(void) {
    struct tying_options options = TYING_SHARED;
    options.parts = TYING_ONLY_FEEDFORWARD;
    static struct tying tying;
    int map[4] = {0, 0, 0, 0};
    tying_begin(&tying, &options, 4, map, &plan);
    CHECK_INT(tying_stored(&tying, TYING_ATTENTION), 4);
    CHECK_INT(tying_stored(&tying, TYING_FEEDFORWARD), 1);
    CHECK_INT(tying_trained(&tying, TYING_ATTENTION), 4);
    CHECK_CLOSE(tying_stored_layers(&tying), 1, 0);
    tying_act(&tying, 2, 2, &plan);
    for (size_t i = 0; i < plan.count; i++) {
        CHECK(plan.steps[i].part == TYING_FEEDFORWARD);
    }
    CHECK_CLOSE(tying_stored_layers(&tying), 2, 0);
    CHECK_INT(tying_independent(&tying), 2);
}

static void test_largest(void) {
    static struct tying tying;
    static struct memory memory;
    int map[TYING_LAYERS_MAX] = {0};
    tying_begin(&tying, &TYING_SHARED, TYING_LAYERS_MAX, map, &plan);
    memory_start(&memory, TYING_LAYERS_MAX);
    memory_execute(&memory, &tying, &plan);
    for (int i = 1; i < TYING_LAYERS_MAX; i++) {
        tying_act(&tying, i, i, &plan);
        memory_execute(&memory, &tying, &plan);
    }
    CHECK_INT(tying_stored(&tying, TYING_ATTENTION), TYING_LAYERS_MAX);
    tying_begin(&tying, &TYING_RELEASED, 1, map, &plan);
    CHECK_INT(tying_independent(&tying), 1);
}

// The released code never allocates when a layer becomes independent: with 48 layers and a policy
// that acts at random, what is stored falls to a single layer's weights in some eight episodes,
// while the state vector goes on saying that about 4.5 layers are independent.
static void test_released_storages_dwindle(void) {
    enum { LAYERS = 48, EPISODES = 8, SEEDS = 1000 };
    double stored[EPISODES + 1] = {0}, independent[EPISODES + 1] = {0};
    static struct tying tying;
    int map[LAYERS] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        struct random_sequence sequence = random_start(seed);
        tying_begin(&tying, &TYING_RELEASED, LAYERS, map, &plan);
        CHECK_INT(tying_stored(&tying, TYING_ATTENTION), LAYERS);
        for (int episode = 1; episode <= EPISODES; episode++) {
            for (int i = 1; i < LAYERS; i++) {
                tying_act(&tying, i, random_source(&sequence, i), &plan);
            }
            stored[episode] += tying_stored_layers(&tying) / SEEDS;
            independent[episode] += (double)tying_independent(&tying) / SEEDS;
        }
    }
    for (int episode = 1; episode <= EPISODES; episode++) {
        printf("# episode %d: stored %.2f, independent %.2f\n", episode, stored[episode],
               independent[episode]);
        CHECK_CLOSE(independent[episode], 4.46, 0.2);
    }
    CHECK_CLOSE(stored[1], 4.4, 0.1);
    CHECK_CLOSE(stored[2], 2.1, 0.1);
    CHECK_CLOSE(stored[3], 1.5, 0.1);
    CHECK_CLOSE(stored[8], 1.0, 0.05);
}

static void test_map_check(void) {
    struct error error = {0};
    CHECK_INT(tying_map_check((int[]){0, 1, 1}, 3, &error), STATUS_OK);
    CHECK_INT(tying_map_check((int[]){0, 2, 1}, 3, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "layer 1");
    CHECK_INT(tying_map_check((int[]){0, -1}, 2, &error), STATUS_USAGE);
    CHECK_INT(tying_map_check((int[]){0}, 0, &error), STATUS_USAGE);
    CHECK_INT(tying_map_check((int[]){0}, TYING_LAYERS_MAX + 1, &error), STATUS_USAGE);
    CHECK_INT(tying_root((int[]){0, 1, 1, 2}, 3), 1);
}

static struct tying damage; // a valid state, to be damaged
static void damage_start(void) {
    tying_begin(&damage, &TYING_SHARED, 4, (int[]){0, 0, 2, 2}, &plan);
}

static void test_validate(void) {
    struct error error = {0};
    damage_start();
    CHECK_INT(tying_validate(&damage, &error), STATUS_OK);
    damage.map[1] = 77;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.layers = 100000;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.parts[1].storage[3] = -5;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "layer 3 uses storage -5");
    damage_start();
    damage.parts[0].storage[3] = 0;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "layer 3 does not use its root's storage");
    damage_start();
    damage.parts[0].in_use[1] = true;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.parts[0].in_use[2] = false;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.parts[0].owner[3] = TYING_OWNER_ACTIVE;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.parts[0].owner[1] = (enum tying_owner)9;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
    damage_start();
    damage.options.retie = (enum tying_retie)2;
    CHECK_INT(tying_validate(&damage, &error), STATUS_DAMAGED);
}

int main(void) {
    RUN(test_walks);
    RUN(test_parts);
    RUN(test_largest);
    RUN(test_released_storages_dwindle);
    RUN(test_map_check);
    RUN(test_validate);
    return check_finish();
}
