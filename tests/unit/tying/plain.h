// The rules of every option in their plainest form: a layer has a box with weights in it, boxes
// have numbers, and who has not been acted on since a frozen start carries a mark. One part.
#ifndef DLT_TESTS_TYING_PLAIN_H
#define DLT_TESTS_TYING_PLAIN_H

#include "tests/unit/tying/simulate.h"

enum { PLAIN_LAYERS_MAX = 64, PLAIN_BOXES = 2 * PLAIN_LAYERS_MAX };

struct plain {
    int layers;
    int map[PLAIN_LAYERS_MAX];
    int box[PLAIN_LAYERS_MAX];
    bool frozen[PLAIN_LAYERS_MAX];
    enum tying_owner owner[PLAIN_LAYERS_MAX];
    uint64_t weights[PLAIN_BOXES];
    uint64_t moments[PLAIN_LAYERS_MAX];
};

static int plain_root(const struct plain *p, int layer) {
    return p->map[layer] == layer ? layer : plain_root(p, p->map[layer]);
}

static int plain_users(const struct plain *p, int box) {
    int users = 0;
    for (int i = 0; i < p->layers; i++) {
        users += p->box[i] == box;
    }
    return users;
}

static void plain_start(struct plain *p, const struct tying_options *o, int layers,
                        const int *map) {
    memset(p, 0, sizeof *p);
    p->layers = layers;
    for (int i = 0; i < layers; i++) {
        p->map[i] = map[i];
        p->owner[i] = map[i] == i ? TYING_OWNER_ACTIVE : TYING_OWNER_NONE;
        p->frozen[i] = map[i] != i && o->start == TYING_START_FROZEN;
        p->box[i] = p->frozen[i] ? i : plain_root(p, i);
        p->weights[i] = label_initial(i);
    }
}

static void plain_act(struct plain *p, const struct tying_options *o, int layer, int source) {
    bool trains = p->owner[layer] == TYING_OWNER_ACTIVE;
    p->map[layer] = source;
    p->frozen[layer] = false;
    if (source == layer && !trains) {
        if (o->untie == TYING_UNTIE_COPY && plain_users(p, p->box[layer]) > 1) {
            int box = 0;
            while (plain_users(p, box) > 0) {
                box++;
            }
            p->weights[box] = p->weights[p->box[layer]];
            p->box[layer] = box;
        }
        if (o->moments == TYING_MOMENTS_FRESH) {
            p->moments[layer] = 0;
        }
        p->owner[layer] = TYING_OWNER_ACTIVE;
    }
    if (source != layer) {
        p->box[layer] = p->box[o->retie == TYING_RETIE_FOLLOW ? plain_root(p, source) : source];
        if (trains) {
            p->owner[layer] = o->retire == TYING_RETIRE_GHOST    ? TYING_OWNER_GHOST
                              : o->moments == TYING_MOMENTS_KEPT ? TYING_OWNER_KEPT
                                                                 : TYING_OWNER_NONE;
        }
    }
    for (int i = 0; i < p->layers && o->retie == TYING_RETIE_FOLLOW; i++) {
        if (!p->frozen[i]) {
            p->box[i] = p->box[plain_root(p, i)];
        }
    }
}

// The layer whose owner takes the gradient of this layer's use, or -1.
static int plain_gradient_owner(const struct plain *p, const struct tying_options *o, int layer) {
    int candidates[2] = {layer, plain_root(p, layer)};
    for (int c = 0; c < (o->gradient == TYING_GRADIENT_OWNER ? 1 : 2); c++) {
        int i = candidates[c];
        if (p->owner[i] == TYING_OWNER_ACTIVE && p->box[i] == p->box[layer]) {
            return i;
        }
    }
    for (int i = 0; i < p->layers && o->gradient == TYING_GRADIENT_ALL; i++) {
        if (p->owner[i] == TYING_OWNER_ACTIVE && p->box[i] == p->box[layer]) {
            return i;
        }
    }
    return -1;
}

__attribute__((unused)) static void plain_train(struct plain *p) {
    for (int i = 0; i < p->layers; i++) {
        if (p->owner[i] == TYING_OWNER_ACTIVE || p->owner[i] == TYING_OWNER_GHOST) {
            p->moments[i] = label_mix(p->moments[i], p->owner[i] == TYING_OWNER_ACTIVE);
            p->weights[p->box[i]] = label_mix(p->weights[p->box[i]], p->moments[i]);
        }
    }
}

// The planner's state, carried out in `memory`, is the plain one: who shares with whom, what every
// layer sees, who trains, where gradients go.
static void plain_compare(const struct plain *p, const struct tying *tying, enum tying_part part,
                          const struct memory *memory) {
    const struct tying_part_state *state = &tying->parts[part];
    int boxes = 0;
    for (int i = 0; i < p->layers; i++) {
        bool first = true;
        for (int j = 0; j < i; j++) {
            CHECK((p->box[i] == p->box[j]) == (state->storage[i] == state->storage[j]));
            first = first && p->box[i] != p->box[j];
        }
        boxes += first;
        CHECK(p->owner[i] == state->owner[i]);
        CHECK(p->weights[p->box[i]] == memory->parts[part].weights[memory->parts[part].uses[i]]);
        CHECK(p->owner[i] == TYING_OWNER_NONE || p->moments[i] == memory->parts[part].moments[i]);
        CHECK_INT(tying_gradient_owner(tying, part, i),
                  plain_gradient_owner(p, &tying->options, i));
    }
    CHECK_INT(tying_stored(tying, part), boxes);
}

#endif
