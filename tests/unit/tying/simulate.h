// A memory whose contents are labels, on which plans are carried out as lib/model does on weights.
//
// A label is a number that tells a history: random weights of layer i, copied, trained by these
// owners in this order. Every step is checked: nothing is used before it was allocated or after it
// was freed, nothing is allocated twice, nothing leaks, and no more is held at any moment than
// before or after the plan.
#ifndef DLT_TESTS_TYING_SIMULATE_H
#define DLT_TESTS_TYING_SIMULATE_H

#include "lib/tying/tying.h"
#include "tests/unit/check.h"

static inline uint64_t label_mix(uint64_t a, uint64_t b) {
    uint64_t x = (a ^ (b + 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 29)) * 0x94d049bb133111ebu;
    return x ^ (x >> 32);
}

static inline uint64_t label_initial(int layer) {
    return label_mix(1, (uint64_t)layer);
}

struct memory {
    int layers;
    struct memory_part {
        bool live[TYING_LAYERS_MAX];        // by slot
        bool filled[TYING_LAYERS_MAX];      // by slot: holds weights, not garbage
        uint64_t weights[TYING_LAYERS_MAX]; // by slot
        int uses[TYING_LAYERS_MAX];         // by layer: its slot
        bool gradient[TYING_LAYERS_MAX];    // by layer
        bool has_moments[TYING_LAYERS_MAX];
        uint64_t moments[TYING_LAYERS_MAX]; // by layer
    } parts[TYING_PARTS];
};

static void memory_start(struct memory *memory, int layers) {
    memset(memory, 0, sizeof *memory);
    memory->layers = layers;
    for (int part = 0; part < TYING_PARTS; part++) {
        for (int i = 0; i < layers; i++) {
            memory->parts[part].uses[i] = -1;
        }
    }
}

static int memory_live(const struct memory *memory) {
    int live = 0;
    for (int part = 0; part < TYING_PARTS; part++) {
        for (int slot = 0; slot < memory->layers; slot++) {
            live += memory->parts[part].live[slot];
        }
    }
    return live;
}

static void memory_do(struct memory *memory, const struct tying_step *step) {
    struct memory_part *m = &memory->parts[step->part];
    int slot = step->storage, layer = step->layer;
    switch (step->kind) {
    case TYING_STEP_ALLOCATE:
        CHECK(!m->live[slot]);
        m->live[slot] = true;
        m->filled[slot] = false;
        break;
    case TYING_STEP_INITIALISE:
        CHECK(m->live[slot] && !m->filled[slot]);
        m->weights[slot] = label_initial(layer);
        m->filled[slot] = true;
        break;
    case TYING_STEP_COPY:
        CHECK(m->live[slot] && !m->filled[slot]);
        CHECK(m->live[step->source] && m->filled[step->source]);
        m->weights[slot] = m->weights[step->source];
        m->filled[slot] = true;
        break;
    case TYING_STEP_ALIAS:
        CHECK(m->live[slot] && m->filled[slot]);
        CHECK(m->uses[layer] != slot);
        m->uses[layer] = slot;
        break;
    case TYING_STEP_OWN:
        CHECK(!m->gradient[layer]);
        CHECK(step->fresh || m->has_moments[layer]);
        m->gradient[layer] = m->has_moments[layer] = true;
        m->moments[layer] = step->fresh ? 0 : m->moments[layer];
        break;
    case TYING_STEP_DISOWN:
        CHECK(m->gradient[layer] && m->has_moments[layer]);
        m->gradient[layer] = false;
        m->has_moments[layer] = !step->fresh;
        break;
    case TYING_STEP_FREE:
        CHECK(m->live[slot]);
        for (int i = 0; i < memory->layers; i++) {
            CHECK(m->uses[i] != slot);
        }
        m->live[slot] = false;
        break;
    }
}

// What is there is what the state says is there.
static void memory_compare(const struct memory *memory, const struct tying *tying) {
    for (int part = 0; part < TYING_PARTS; part++) {
        const struct memory_part *m = &memory->parts[part];
        const struct tying_part_state *state = &tying->parts[part];
        for (int i = 0; i < tying->layers; i++) {
            CHECK(m->live[i] == state->in_use[i]);
            CHECK(m->uses[i] == state->storage[i]);
            CHECK(m->gradient[i] == (state->owner[i] == TYING_OWNER_ACTIVE));
            CHECK(m->has_moments[i] == (state->owner[i] != TYING_OWNER_NONE));
        }
    }
}

static void memory_execute(struct memory *memory, const struct tying *tying,
                           const struct tying_plan *plan) {
    int before = memory_live(memory), most = before;
    for (size_t i = 0; i < plan->count; i++) {
        memory_do(memory, &plan->steps[i]);
        most = memory_live(memory) > most ? memory_live(memory) : most;
    }
    int after = memory_live(memory);
    CHECK(most <= (before > after ? before : after));
    memory_compare(memory, tying);
}

// One optimiser step: owners and ghosts in ascending order.
__attribute__((unused)) static void memory_train(struct memory *memory, const struct tying *tying) {
    for (int part = 0; part < TYING_PARTS; part++) {
        struct memory_part *m = &memory->parts[part];
        for (int i = 0; i < tying->layers; i++) {
            enum tying_owner owner = tying->parts[part].owner[i];
            if (owner == TYING_OWNER_ACTIVE || owner == TYING_OWNER_GHOST) {
                m->moments[i] = label_mix(m->moments[i], owner == TYING_OWNER_ACTIVE);
                m->weights[m->uses[i]] = label_mix(m->weights[m->uses[i]], m->moments[i]);
            }
        }
    }
}

__attribute__((unused)) static uint64_t memory_sees(const struct memory *memory,
                                                    enum tying_part part, int layer) {
    return memory->parts[part].weights[memory->parts[part].uses[layer]];
}

#endif
