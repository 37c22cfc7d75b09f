// Which layers share weights, and what has to happen when that changes: the heart of dynamic layer
// tying (arXiv:2401.12819), and of what its released code does differently.
//
// Pure: no files, no device. A `struct tying` is plain data; an action changes it and gives the
// plan that lib/model carries out on the weights.
//
// Words.
//   map      the state vector s: s[i] = i, layer i is independent; s[i] = j < i, it is tied to j.
//   part     attention or feed-forward, each with its layer norm. Storages and owners are per part;
//            a part that is not tied (`parts`) has the identity as its map, whatever s says.
//   storage  holds weights. Numbered by slots 0 .. L-1 per part; a slot is in use while some layer
//            uses it.
//   owner    a layer that trains: it has a gradient, moments and a step count, and updates the
//            storage that the layer uses.
//
// Invariants, before and after every action, for each part (tying_validate() names them):
//   1. s[0] = 0 and 0 <= s[i] <= i.
//   2. Every layer uses one slot; a slot is in use if and only if a layer uses it.
//   3. An independent layer is an active owner, a tied one is not: it is none, kept, or a ghost.
//   4. Untying copies: no storage has two active owners.
//   5. Dependants follow, and all start tied: a layer uses its root's storage.
//   6. 4 and 5 together: layers have the same storage if and only if they have the same root, so
//      storages in use = independent layers.
//   7. Layer 0 is always independent, and its storage, slot 0, never freed.
#ifndef DLT_TYING_TYING_H
#define DLT_TYING_TYING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

enum { TYING_LAYERS_MAX = 256 };

enum tying_part { TYING_ATTENTION, TYING_FEEDFORWARD, TYING_PARTS };

// One enum per choice. The first value of each is the method as the paper tells it (preset
// "shared"), the second what the released code does (preset "released"; the ghost only by itself,
// as it depends on the version of a library).

// The gradient of a storage is summed over every use, or is the independent layer's own use only.
enum tying_gradient { TYING_GRADIENT_ALL, TYING_GRADIENT_OWNER };
// A layer that becomes independent gets its own copy of the weights (none is made where no other
// layer uses them), or goes on with the storage that it uses, shared or not.
enum tying_untie { TYING_UNTIE_COPY, TYING_UNTIE_ALIAS };
// A layer that becomes independent starts with zero moments and step count, or with those it had
// when it last was independent.
enum tying_moments { TYING_MOMENTS_FRESH, TYING_MOMENTS_KEPT };
// When a layer is tied to another source, or becomes independent, the layers that depend on it use
// what it now uses, or keep the storage they had, which may then have no owner (orphans). A layer
// that is tied takes the storage of its source's root, or the one that the source itself uses.
enum tying_retie { TYING_RETIE_FOLLOW, TYING_RETIE_ORPHAN };
// A layer that the start map ties uses its root's storage from the start, or has random weights of
// its own, which nothing trains and nobody else uses, until the first action on it.
enum tying_start { TYING_START_TIED, TYING_START_FROZEN };
// The optimiser of a layer that was independent and is tied stops, or goes on with zero gradients:
// its momentum and weight decay then step on the storage that the layer uses.
enum tying_retire { TYING_RETIRE_FREEZE, TYING_RETIRE_GHOST };
// Which parts of a layer the map ties; the others are always independent.
enum tying_parts { TYING_BOTH, TYING_ONLY_ATTENTION, TYING_ONLY_FEEDFORWARD };

struct tying_options {
    enum tying_gradient gradient;
    enum tying_untie untie;
    enum tying_moments moments;
    enum tying_retie retie;
    enum tying_start start;
    enum tying_retire retire;
    enum tying_parts parts;
};

extern const struct tying_options TYING_SHARED, TYING_RELEASED;

enum tying_owner {
    TYING_OWNER_NONE,   // never trained, or nothing is kept
    TYING_OWNER_ACTIVE, // trains: has gradient and moments
    TYING_OWNER_KEPT,   // does not train; its moments and step count are kept
    TYING_OWNER_GHOST,  // tied, yet still steps, with a zero gradient, on the storage it uses
};

struct tying {
    struct tying_options options;
    int layers;
    int map[TYING_LAYERS_MAX]; // the state vector s
    struct tying_part_state {
        int storage[TYING_LAYERS_MAX];            // slot that layer i uses
        enum tying_owner owner[TYING_LAYERS_MAX]; // of layer i
        bool in_use[TYING_LAYERS_MAX];            // slots
    } parts[TYING_PARTS];
};

enum tying_step_kind {
    TYING_STEP_ALLOCATE,   // storage: take memory
    TYING_STEP_INITIALISE, // storage: the random initial weights of layer position `layer`
    TYING_STEP_COPY,       // storage: weights of storage `source`
    TYING_STEP_ALIAS,      // layer: now uses `storage`
    TYING_STEP_OWN,        // layer: becomes an active owner; `fresh`: zero moments, step count 0,
                           // else as they were kept. Takes the memory that it does not have.
    TYING_STEP_DISOWN,     // layer: gives up its gradient; `fresh`: moments too, else they are kept
    TYING_STEP_FREE,       // storage: give memory back
};

struct tying_step {
    enum tying_step_kind kind;
    enum tying_part part;
    int layer;   // ALIAS, OWN, DISOWN, INITIALISE
    int storage; // ALLOCATE, INITIALISE, COPY, ALIAS, FREE
    int source;  // COPY
    bool fresh;  // OWN, DISOWN
};

// The steps in the order in which they are to be done; memory is freed before it is taken where
// the order allows it.
struct tying_plan {
    size_t count;
    struct tying_step steps[TYING_PARTS * (4 * TYING_LAYERS_MAX + 8)];
};

// Checks that `map` (L values) is a state vector; says which layer is wrong. STATUS_USAGE.
enum status tying_map_check(const int *map, int layers, struct error *error);
// The layer at the end of the chain i -> s[i] -> ...
int tying_root(const int *map, int layer);

// The beginning of a run: `map` is the policy's start map. Fills *tying and the plan that
// allocates, initialises and owns everything.
void tying_begin(struct tying *tying, const struct tying_options *options, int layers,
                 const int *map, struct tying_plan *plan);
// One action: layer i, 1 <= i < L, takes its weights from layer `source`, 0 <= source <= i.
// The plan is empty if no weights and no owner change. An action that repeats the map may still
// change them: it ends a frozen layer's start, and points an orphan at its source again.
void tying_act(struct tying *tying, int layer, int source, struct tying_plan *plan);
// Checks the invariants of a state that was read from a file, values out of range included.
// STATUS_DAMAGED, with the one that does not hold.
enum status tying_validate(const struct tying *tying, struct error *error);
void tying_check(const struct tying *tying); // asserts them

// Whether the map ties this part, or it is always independent.
bool tying_ties_part(const struct tying_options *options, enum tying_part part);
// The layer whose owner takes the gradient of this use, or -1 (nowhere): the root's owner if both
// use one storage, else that storage's lowest active owner; with TYING_GRADIENT_OWNER the layer's
// own or nowhere.
int tying_gradient_owner(const struct tying *tying, enum tying_part part, int layer);
int tying_independent(const struct tying *tying);                  // layers with s[i] = i
int tying_stored(const struct tying *tying, enum tying_part part); // storages in use
int tying_trained(const struct tying *tying,
                  enum tying_part part); // storages that an active owner updates
// Distinct storages in layers: the mean over the parts that are tied.
double tying_stored_layers(const struct tying *tying);

#endif
