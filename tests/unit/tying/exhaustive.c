// Every state that can be reached with up to five layers, from every start map, and every action in
// it, under all 64 combinations of the options, against the plainest model; and the preset
// "released" against objects like PyTorch's, "shared" against what it means.

#include <stdlib.h>

#include "tests/unit/tying/plain.h"
#include "tests/unit/tying/released.h"

enum { STATES_MAX = 1 << 19 };

struct node {
    struct tying tying;
    struct plain plain;
};

// States are compared without labels: weights are renamed before each action.
struct key {
    signed char map[5], box[5], slot[5], owner[5], frozen[5];
};

static struct {
    struct key *keys; // a hash table of STATES_MAX keys ...
    bool *taken;
    struct key *queue; // ... and those found, in order
    size_t found;
} states;

static void states_clear(void) {
    if (!states.keys) {
        states.keys = calloc(STATES_MAX, sizeof *states.keys);
        states.taken = calloc(STATES_MAX, sizeof *states.taken);
        states.queue = calloc(STATES_MAX, sizeof *states.queue);
    }
    memset(states.taken, 0, STATES_MAX * sizeof *states.taken);
    states.found = 0;
}

// Names a box after its first user, so that its number tells nothing of how it came about.
static int first_in_box(const struct plain *plain, int layer) {
    int first = 0;
    while (plain->box[first] != plain->box[layer]) {
        first++;
    }
    return first;
}

static void states_add(const struct node *node) {
    struct key key;
    memset(&key, -1, sizeof key);
    uint64_t hash = 0;
    for (int i = 0; i < node->plain.layers; i++) {
        key.map[i] = (signed char)node->plain.map[i];
        key.box[i] = (signed char)first_in_box(&node->plain, i);
        key.slot[i] = (signed char)node->tying.parts[0].storage[i];
        key.owner[i] = (signed char)node->plain.owner[i];
        key.frozen[i] = (signed char)node->plain.frozen[i];
    }
    for (size_t i = 0; i < sizeof key; i++) {
        hash = label_mix(hash, (uint64_t)((signed char *)&key)[i]);
    }
    size_t place = hash % STATES_MAX;
    while (states.taken[place] && memcmp(&states.keys[place], &key, sizeof key) != 0) {
        place = (place + 1) % STATES_MAX;
    }
    if (!states.taken[place]) {
        states.taken[place] = true;
        states.keys[place] = key;
        states.queue[states.found++] = key;
        CHECK(states.found < STATES_MAX / 2);
    }
}

// The node that a key stands for, and a memory in which every storage has a label of its own.
static void states_get(size_t index, const struct tying_options *options, int layers,
                       struct node *node, struct memory *memory) {
    const struct key *key = &states.queue[index];
    memset(node, 0, sizeof *node);
    node->tying.options = *options;
    node->tying.layers = node->plain.layers = memory->layers = layers;
    memory_start(memory, layers);
    for (int i = 0; i < layers; i++) {
        node->tying.map[i] = node->plain.map[i] = key->map[i];
        node->plain.box[i] = key->box[i];
        node->plain.frozen[i] = key->frozen[i];
        node->plain.owner[i] = (enum tying_owner)key->owner[i];
        node->plain.moments[i] = key->owner[i] == TYING_OWNER_NONE ? 0 : label_mix(7, (uint64_t)i);
        node->plain.weights[key->box[i]] = label_mix(8, (uint64_t)key->box[i]);
        for (int part = 0; part < TYING_PARTS; part++) {
            struct tying_part_state *state = &node->tying.parts[part];
            struct memory_part *m = &memory->parts[part];
            int slot = key->slot[i];
            state->storage[i] = m->uses[i] = slot;
            state->in_use[slot] = m->live[slot] = m->filled[slot] = true;
            state->owner[i] = node->plain.owner[i];
            m->weights[slot] = node->plain.weights[key->box[i]];
            m->gradient[i] = state->owner[i] == TYING_OWNER_ACTIVE;
            m->has_moments[i] = state->owner[i] != TYING_OWNER_NONE;
            m->moments[i] = node->plain.moments[i];
        }
    }
}

static void compare_node(const struct node *node, const struct memory *memory) {
    struct error error = {0};
    if (!CHECK(tying_validate(&node->tying, &error) == STATUS_OK)) {
        printf("# %s\n", error.message);
    }
    plain_compare(&node->plain, &node->tying, TYING_ATTENTION, memory);
    plain_compare(&node->plain, &node->tying, TYING_FEEDFORWARD, memory);
}

// Counts in mixed radix through all maps of `layers`; false after the last.
static bool map_next(int *map, int layers) {
    for (int i = 1; i < layers; i++) {
        if (++map[i] <= i) {
            return true;
        }
        map[i] = 0;
    }
    return false;
}

static struct tying_plan plan;

static void begin_everywhere(const struct tying_options *options, int layers) {
    int map[TYING_LAYERS_MAX] = {0};
    do {
        static struct node node;
        static struct memory memory;
        memory_start(&memory, layers);
        tying_begin(&node.tying, options, layers, map, &plan);
        plain_start(&node.plain, options, layers, map);
        memory_execute(&memory, &node.tying, &plan);
        compare_node(&node, &memory);
        states_add(&node);
    } while (map_next(map, layers));
}

static void act_everywhere(const struct tying_options *options, int layers) {
    for (size_t s = 0; s < states.found && !check_test_failed; s++) {
        for (int i = 1; i < layers; i++) {
            for (int source = 0; source <= i; source++) {
                static struct node node;
                static struct memory memory;
                states_get(s, options, layers, &node, &memory);
                tying_act(&node.tying, i, source, &plan);
                plain_act(&node.plain, options, i, source);
                memory_execute(&memory, &node.tying, &plan);
                compare_node(&node, &memory);
                states_add(&node);
                tying_act(&node.tying, i, source, &plan);
                CHECK_INT(plan.count, 0); // the same action again changes nothing
            }
        }
    }
}

static struct tying_options options_of_bits(int bits) {
    return (struct tying_options){
        .gradient = (enum tying_gradient)(bits & 1),
        .untie = (enum tying_untie)(bits >> 1 & 1),
        .moments = (enum tying_moments)(bits >> 2 & 1),
        .retie = (enum tying_retie)(bits >> 3 & 1),
        .start = (enum tying_start)(bits >> 4 & 1),
        .retire = (enum tying_retire)(bits >> 5 & 1),
    };
}

static void test_every_option_state_and_action(void) {
    size_t total = 0;
    for (int bits = 0; bits < 64 && !check_test_failed; bits++) {
        struct tying_options options = options_of_bits(bits);
        for (int layers = 1; layers <= (bits & 1 ? 4 : 5); layers++) {
            states_clear();
            begin_everywhere(&options, layers);
            act_everywhere(&options, layers);
            total += states.found;
        }
    }
    printf("# %zu states\n", total);
}

// ---- The presets -----------------------------------------------------------------------------

// All action sequences of a given length, executed on labels with a training step behind each.
struct walk {
    struct tying tying;
    struct memory memory;
    struct released released;
};

static void compare_released(struct walk *w) {
    for (int i = 0; i < w->tying.layers; i++) {
        const struct parameter *p = &w->released.parameter[i];
        CHECK(w->released.state[i] == w->tying.map[i]);
        CHECK(memory_sees(&w->memory, TYING_FEEDFORWARD, i) == p->data->value);
        CHECK(p->requires_grad == (tying_gradient_owner(&w->tying, TYING_FEEDFORWARD, i) == i));
        CHECK(p->requires_grad == (tying_gradient_owner(&w->tying, TYING_FEEDFORWARD, i) != -1));
        if (p->has_moments) {
            CHECK(w->memory.parts[TYING_FEEDFORWARD].moments[i] == p->moments);
        }
    }
    CHECK_INT(tying_stored(&w->tying, TYING_FEEDFORWARD), w->released.tensors);
}

static void released_sequence(const struct tying_options *options, int layers, const int *map,
                              uint64_t sequence, int length) {
    static struct walk w;
    tying_begin(&w.tying, options, layers, map, &plan);
    memory_start(&w.memory, layers);
    memory_execute(&w.memory, &w.tying, &plan);
    released_start(&w.released, layers, map, options->retire == TYING_RETIRE_GHOST);
    int choices = layers * (layers + 1) / 2 - 1;
    for (int n = 0; n < length && !check_test_failed; n++) {
        int choice = (int)(sequence % (uint64_t)choices), layer = 1;
        sequence /= (uint64_t)choices;
        while (choice > layer) {
            choice -= ++layer;
        }
        // Training comes first: who never trained has no gradient that could be zeroed.
        memory_train(&w.memory, &w.tying);
        released_train(&w.released);
        compare_released(&w);
        tying_act(&w.tying, layer, choice, &plan);
        memory_execute(&w.memory, &w.tying, &plan);
        released_act(&w.released, layer, choice);
        compare_released(&w);
    }
    released_end(&w.released);
}

static void released_sequences(enum tying_retire retire) {
    struct tying_options options = TYING_RELEASED;
    options.retire = retire;
    for (int layers = 2; layers <= 5; layers++) {
        uint64_t choices = (uint64_t)(layers * (layers + 1) / 2 - 1);
        int length = layers == 2 ? 7 : layers == 3 ? 5 : layers == 4 ? 3 : 2;
        uint64_t sequences = 1;
        for (int n = 0; n < length; n++) {
            sequences *= choices;
        }
        int map[TYING_LAYERS_MAX] = {0};
        do {
            for (uint64_t s = 0; s < sequences && !check_test_failed; s++) {
                released_sequence(&options, layers, map, s, length);
            }
        } while (map_next(map, layers));
    }
}

static void test_released_is_the_released_code(void) {
    released_sequences(TYING_RETIRE_FREEZE);
}

static void test_ghost_is_the_released_code_with_zeroed_gradients(void) {
    released_sequences(TYING_RETIRE_GHOST);
}

// Shared: a layer sees its root's weights, and nothing else is stored.
static void test_shared_is_one_storage_per_root(void) {
    for (int layers = 1; layers <= 5; layers++) {
        states_clear();
        begin_everywhere(&TYING_SHARED, layers);
        act_everywhere(&TYING_SHARED, layers);
        size_t maps = 1;
        for (size_t i = 2; i <= (size_t)layers; i++) {
            maps *= i;
        }
        CHECK_INT(states.found, maps); // the map is the whole state
        for (size_t s = 0; s < states.found; s++) {
            static struct node node;
            static struct memory memory;
            states_get(s, &TYING_SHARED, layers, &node, &memory);
            for (int i = 0; i < layers; i++) {
                int root = tying_root(node.tying.map, i);
                CHECK(node.tying.parts[0].storage[i] == root);
                CHECK(tying_gradient_owner(&node.tying, TYING_ATTENTION, i) == root);
            }
            CHECK_INT(tying_stored(&node.tying, 0), tying_independent(&node.tying));
            CHECK_INT(tying_trained(&node.tying, 1), tying_independent(&node.tying));
        }
    }
}

int main(void) {
    RUN(test_every_option_state_and_action);
    RUN(test_released_is_the_released_code);
    RUN(test_ghost_is_the_released_code_with_zeroed_gradients);
    RUN(test_shared_is_one_storage_per_root);
    free(states.keys);
    free(states.taken);
    free(states.queue);
    return check_finish();
}
