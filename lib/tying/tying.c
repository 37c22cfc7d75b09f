// The state vector and its consequences. Reading order: tying_act() at the end, then the three
// things that can happen to a part: part_tie, part_untie, part_follow.

#include "lib/tying/tying.h"

#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"

const struct tying_options TYING_SHARED = {
    .gradient = TYING_GRADIENT_ALL,
    .untie = TYING_UNTIE_COPY,
    .moments = TYING_MOMENTS_FRESH,
    .retie = TYING_RETIE_FOLLOW,
    .start = TYING_START_TIED,
    .retire = TYING_RETIRE_FREEZE,
};

const struct tying_options TYING_RELEASED = {
    .gradient = TYING_GRADIENT_OWNER,
    .untie = TYING_UNTIE_ALIAS,
    .moments = TYING_MOMENTS_KEPT,
    .retie = TYING_RETIE_ORPHAN,
    .start = TYING_START_FROZEN,
    .retire = TYING_RETIRE_FREEZE,
};

// ---- Maps ------------------------------------------------------------------------------------

enum status tying_map_check(const int *map, int layers, struct error *error) {
    if (layers < 1 || layers > TYING_LAYERS_MAX) {
        return error_set(error, STATUS_USAGE, "a map has 1 to %d layers, not %d", TYING_LAYERS_MAX,
                         layers);
    }
    for (int i = 0; i < layers; i++) {
        if (map[i] < 0 || map[i] > i) {
            return error_set(error, STATUS_USAGE,
                             "layer %d of the map uses layer %d, which is not in 0 .. %d", i,
                             map[i], i);
        }
    }
    return STATUS_OK;
}

int tying_root(const int *map, int layer) {
    while (map[layer] != layer) {
        layer = map[layer];
    }
    return layer;
}

bool tying_ties_part(const struct tying_options *options, enum tying_part part) {
    return options->parts == TYING_BOTH ||
           (options->parts == TYING_ONLY_ATTENTION) == (part == TYING_ATTENTION);
}

// ---- Steps: each changes the state and says so in the plan -----------------------------------

// The part that is being worked on.
struct work {
    const struct tying *tying;
    struct tying_part_state *state;
    enum tying_part part;
    struct tying_plan *plan;
};

static struct work work_begin(struct tying *tying, enum tying_part part, struct tying_plan *plan) {
    return (struct work){.tying = tying, .state = &tying->parts[part], .part = part, .plan = plan};
}

static void work_add(struct work *work, struct tying_step step) {
    assert(work->plan->count < ARRAY_LENGTH(work->plan->steps));
    step.part = work->part;
    work->plan->steps[work->plan->count++] = step;
}

static void step_allocate(struct work *work, int storage) {
    assert(!work->state->in_use[storage]);
    work->state->in_use[storage] = true;
    work_add(work, (struct tying_step){.kind = TYING_STEP_ALLOCATE, .storage = storage});
}

static void step_alias(struct work *work, int layer, int storage) {
    if (work->state->storage[layer] != storage) {
        work->state->storage[layer] = storage;
        work_add(work,
                 (struct tying_step){.kind = TYING_STEP_ALIAS, .layer = layer, .storage = storage});
    }
}

static void step_own(struct work *work, int layer) {
    enum tying_owner *owner = &work->state->owner[layer];
    bool fresh = work->tying->options.moments == TYING_MOMENTS_FRESH || *owner == TYING_OWNER_NONE;
    *owner = TYING_OWNER_ACTIVE;
    work_add(work, (struct tying_step){.kind = TYING_STEP_OWN, .layer = layer, .fresh = fresh});
}

static void step_disown(struct work *work, int layer) {
    enum tying_owner *owner = &work->state->owner[layer];
    if (work->tying->options.retire == TYING_RETIRE_GHOST) {
        *owner = TYING_OWNER_GHOST;
    } else if (work->tying->options.moments == TYING_MOMENTS_KEPT) {
        *owner = TYING_OWNER_KEPT;
    } else {
        *owner = TYING_OWNER_NONE;
    }
    work_add(work, (struct tying_step){.kind = TYING_STEP_DISOWN,
                                       .layer = layer,
                                       .fresh = *owner == TYING_OWNER_NONE});
}

static int count_users(const struct work *work, int storage) {
    int users = 0;
    for (int i = 0; i < work->tying->layers; i++) {
        users += work->state->storage[i] == storage;
    }
    return users;
}

static void step_free_unused(struct work *work) {
    for (int storage = 0; storage < work->tying->layers; storage++) {
        if (work->state->in_use[storage] && count_users(work, storage) == 0) {
            work->state->in_use[storage] = false;
            work_add(work, (struct tying_step){.kind = TYING_STEP_FREE, .storage = storage});
        }
    }
}

// ---- The beginning of a run ------------------------------------------------------------------

static void part_begin(struct work *work) {
    const struct tying *tying = work->tying;
    memset(work->state, 0, sizeof *work->state);
    for (int i = 0; i < tying->layers; i++) {
        bool independent = tying->map[i] == i || !tying_ties_part(&tying->options, work->part);
        work->state->storage[i] = -1; // so that the alias below is a change
        if (independent || tying->options.start == TYING_START_FROZEN) {
            step_allocate(work, i);
            work_add(work,
                     (struct tying_step){.kind = TYING_STEP_INITIALISE, .storage = i, .layer = i});
            step_alias(work, i, i);
        } else {
            step_alias(work, i, work->state->storage[tying_root(tying->map, i)]);
        }
        if (independent) {
            step_own(work, i);
        }
    }
}

void tying_begin(struct tying *tying, const struct tying_options *options, int layers,
                 const int *map, struct tying_plan *plan) {
    struct error error;
    assert(tying_map_check(map, layers, &error) == STATUS_OK);
    (void)error;
    memset(tying, 0, sizeof *tying);
    tying->options = *options;
    tying->layers = layers;
    memcpy(tying->map, map, (size_t)layers * sizeof map[0]);
    plan->count = 0;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        struct work work = work_begin(tying, part, plan);
        part_begin(&work);
    }
    tying_check(tying);
}

// ---- An action -------------------------------------------------------------------------------

// The layer gives up training, if it did, and uses the weights of `source`.
static void part_tie(struct work *work, int layer, int source) {
    const struct tying *tying = work->tying;
    if (work->state->owner[layer] == TYING_OWNER_ACTIVE) {
        step_disown(work, layer);
    }
    bool follow = tying->options.retie == TYING_RETIE_FOLLOW;
    int giver = follow ? tying_root(tying->map, source) : source;
    step_alias(work, layer, work->state->storage[giver]);
}

// A slot that is free; the layer's own where possible. There is one: if all L were in use, each
// layer would be alone on its storage, and nothing would have to be copied.
static int find_free_slot(const struct work *work, int layer) {
    int slot = layer;
    for (int i = 0; work->state->in_use[slot]; i++) {
        assert(i < work->tying->layers);
        slot = i;
    }
    return slot;
}

// The layer trains from now on, unless it does already.
static void part_untie(struct work *work, int layer) {
    if (work->state->owner[layer] == TYING_OWNER_ACTIVE) {
        return;
    }
    int shared = work->state->storage[layer];
    if (work->tying->options.untie == TYING_UNTIE_COPY && count_users(work, shared) > 1) {
        int own = find_free_slot(work, layer);
        step_allocate(work, own);
        work_add(work,
                 (struct tying_step){.kind = TYING_STEP_COPY, .storage = own, .source = shared});
        step_alias(work, layer, own);
    }
    step_own(work, layer);
}

// Whoever used its root's storage before the action uses its root's storage after it. Layers that
// stand apart, still frozen since the start, stay where they are.
static void part_follow(struct work *work, const bool *with_root) {
    for (int i = 0; i < work->tying->layers; i++) {
        if (with_root[i]) {
            step_alias(work, i, work->state->storage[tying_root(work->tying->map, i)]);
        }
    }
}

static void find_with_root(const struct tying *tying, const struct tying_part_state *state,
                           bool *with_root) {
    for (int i = 0; i < tying->layers; i++) {
        with_root[i] = state->storage[i] == state->storage[tying_root(tying->map, i)];
    }
}

void tying_act(struct tying *tying, int layer, int source, struct tying_plan *plan) {
    assert(1 <= layer && layer < tying->layers && 0 <= source && source <= layer);
    bool with_root[TYING_PARTS][TYING_LAYERS_MAX];
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        find_with_root(tying, &tying->parts[part], with_root[part]);
    }
    tying->map[layer] = source;
    plan->count = 0;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        if (!tying_ties_part(&tying->options, part)) {
            continue;
        }
        struct work work = work_begin(tying, part, plan);
        if (source == layer) {
            part_untie(&work, layer);
        } else {
            part_tie(&work, layer, source);
        }
        if (tying->options.retie == TYING_RETIE_FOLLOW) {
            part_follow(&work, with_root[part]);
        }
        step_free_unused(&work);
    }
    tying_check(tying);
}
