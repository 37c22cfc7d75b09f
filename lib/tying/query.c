// What follows from a tying state, and whether it is one.

#include "lib/tying/tying.h"

#include <assert.h>

// ---- Gradients and counts --------------------------------------------------------------------

static bool is_active(const struct tying_part_state *state, int layer) {
    return state->owner[layer] == TYING_OWNER_ACTIVE;
}

int tying_gradient_owner(const struct tying *tying, enum tying_part part, int layer) {
    const struct tying_part_state *state = &tying->parts[part];
    if (is_active(state, layer)) {
        return layer;
    }
    if (tying->options.gradient == TYING_GRADIENT_OWNER) {
        return -1;
    }
    int root = tying_root(tying->map, layer);
    if (state->storage[root] == state->storage[layer]) {
        return root;
    }
    for (int i = 0; i < tying->layers; i++) {
        if (is_active(state, i) && state->storage[i] == state->storage[layer]) {
            return i;
        }
    }
    return -1;
}

int tying_independent(const struct tying *tying) {
    int count = 0;
    for (int i = 0; i < tying->layers; i++) {
        count += tying->map[i] == i;
    }
    return count;
}

int tying_stored(const struct tying *tying, enum tying_part part) {
    int count = 0;
    for (int storage = 0; storage < tying->layers; storage++) {
        count += tying->parts[part].in_use[storage];
    }
    return count;
}

int tying_trained(const struct tying *tying, enum tying_part part) {
    const struct tying_part_state *state = &tying->parts[part];
    bool trained[TYING_LAYERS_MAX] = {false};
    int count = 0;
    for (int i = 0; i < tying->layers; i++) {
        if (is_active(state, i) && !trained[state->storage[i]]) {
            trained[state->storage[i]] = true;
            count++;
        }
    }
    return count;
}

double tying_stored_layers(const struct tying *tying) {
    int stored = 0, parts = 0;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        if (tying_ties_part(&tying->options, part)) {
            stored += tying_stored(tying, part);
            parts++;
        }
    }
    return (double)stored / parts;
}

// ---- The invariants --------------------------------------------------------------------------

static enum status validate_options(const struct tying_options *o, struct error *error) {
    bool known =
        (unsigned)o->gradient <= TYING_GRADIENT_OWNER && (unsigned)o->untie <= TYING_UNTIE_ALIAS &&
        (unsigned)o->moments <= TYING_MOMENTS_KEPT && (unsigned)o->retie <= TYING_RETIE_ORPHAN &&
        (unsigned)o->start <= TYING_START_FROZEN && (unsigned)o->retire <= TYING_RETIRE_GHOST &&
        (unsigned)o->parts <= TYING_ONLY_FEEDFORWARD;
    return known ? STATUS_OK : error_set(error, STATUS_DAMAGED, "an unknown option of tying");
}

// Invariants 2 and 7.
static enum status validate_storages(const struct tying *tying, enum tying_part part,
                                     struct error *error) {
    const struct tying_part_state *state = &tying->parts[part];
    bool used[TYING_LAYERS_MAX] = {false};
    for (int i = 0; i < tying->layers; i++) {
        if (state->storage[i] < 0 || state->storage[i] >= tying->layers) {
            return error_set(error, STATUS_DAMAGED, "layer %d uses storage %d, which cannot be", i,
                             state->storage[i]);
        }
        used[state->storage[i]] = true;
    }
    for (int slot = 0; slot < tying->layers; slot++) {
        if (state->in_use[slot] != used[slot]) {
            return error_set(error, STATUS_DAMAGED, "storage %d is %s", slot,
                             used[slot] ? "used, but not there" : "there, but not used");
        }
    }
    return state->storage[0] == 0
               ? STATUS_OK
               : error_set(error, STATUS_DAMAGED, "layer 0 does not use storage 0");
}

static bool owner_is_possible(const struct tying *tying, enum tying_owner owner, bool independent) {
    const struct tying_options *o = &tying->options;
    switch (owner) {
    case TYING_OWNER_ACTIVE:
        return independent;
    case TYING_OWNER_NONE:
        return !independent;
    case TYING_OWNER_KEPT:
        return !independent && o->moments == TYING_MOMENTS_KEPT && o->retire == TYING_RETIRE_FREEZE;
    case TYING_OWNER_GHOST:
        return !independent && o->retire == TYING_RETIRE_GHOST;
    }
    return false;
}

// Invariants 3 and 4.
static enum status validate_owners(const struct tying *tying, enum tying_part part,
                                   struct error *error) {
    const struct tying_part_state *state = &tying->parts[part];
    bool owned[TYING_LAYERS_MAX] = {false};
    for (int i = 0; i < tying->layers; i++) {
        bool independent = tying->map[i] == i || !tying_ties_part(&tying->options, part);
        if (!owner_is_possible(tying, state->owner[i], independent)) {
            return error_set(error, STATUS_DAMAGED, "layer %d is %s, yet its owner is %d", i,
                             independent ? "independent" : "tied", (int)state->owner[i]);
        }
        if (is_active(state, i)) {
            if (owned[state->storage[i]] && tying->options.untie == TYING_UNTIE_COPY) {
                return error_set(error, STATUS_DAMAGED, "storage %d has two owners",
                                 state->storage[i]);
            }
            owned[state->storage[i]] = true;
        }
    }
    return STATUS_OK;
}

// Invariant 5; 6 is what it and 4 amount to.
static enum status validate_roots(const struct tying *tying, enum tying_part part,
                                  struct error *error) {
    const struct tying_part_state *state = &tying->parts[part];
    if (tying->options.retie != TYING_RETIE_FOLLOW || tying->options.start != TYING_START_TIED ||
        !tying_ties_part(&tying->options, part)) {
        return STATUS_OK;
    }
    for (int i = 0; i < tying->layers; i++) {
        int root = tying_root(tying->map, i);
        if (state->storage[i] != state->storage[root]) {
            return error_set(error, STATUS_DAMAGED, "layer %d does not use its root's storage", i);
        }
    }
    return STATUS_OK;
}

enum status tying_validate(const struct tying *tying, struct error *error) {
    enum status status = validate_options(&tying->options, error);
    if (status == STATUS_OK && tying_map_check(tying->map, tying->layers, error) != STATUS_OK) {
        status = STATUS_DAMAGED;
    }
    for (enum tying_part part = 0; part < TYING_PARTS && status == STATUS_OK; part++) {
        status = validate_storages(tying, part, error);
        if (status == STATUS_OK) {
            status = validate_owners(tying, part, error);
        }
        if (status == STATUS_OK) {
            status = validate_roots(tying, part, error);
        }
    }
    return status;
}

void tying_check(const struct tying *tying) {
    struct error error;
    bool valid = tying_validate(tying, &error) == STATUS_OK;
    assert(valid);
    (void)valid;
}
