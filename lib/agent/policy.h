// A tying policy: the agent's side. One file per policy, one line in the table of policy.c.
#ifndef DLT_AGENT_POLICY_H
#define DLT_AGENT_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/agent/agent.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/record/record.h"

// A saved agent has its number: new ones come last.
enum policy_reward {
    POLICY_REWARD_PPL,
    POLICY_REWARD_LOGPPL,
    POLICY_REWARD_DELTA,
    POLICY_REWARD_CONSTANT
};

enum policy_start { POLICY_START_TIED, POLICY_START_INDEPENDENT };

// Options of dlt-qagent, read by the policies that they concern. Defaults: those of the released code,
// POLICY_DEFAULTS.
struct policy_options {
    int start; // enum policy_start: the map that policies which change it begin with
    double epsilon, epsilon_decay, epsilon_floor;
    double gamma, q_lr;
    int64_t hidden;
    int reward;           // enum policy_reward
    double reward_clip;   // rewards are clipped to [-clip, clip]; 0: not at all
    int64_t replay;       // transitions remembered; 0: none
    int64_t target_every; // updates between copies into the target network; 0: none
};

extern const struct policy_options POLICY_DEFAULTS;

struct policy; // state of one policy, of its own making

struct policy_type {
    const char *name; // "qlearn"; "fixed" and "map" take an argument behind a colon
    const char *help; // one phrase
    // Those of dlt-qagent's options, with commas, that change what it does; NULL: none. Beside them every
    // policy takes --policy and --seed.
    const char *options;
    // STATUS_USAGE: no network has layers that the argument suits. NULL: there must be no argument.
    enum status (*check)(const char *argument, struct error *error);
    // `argument`: what stands behind the colon, or NULL. Fills start (L ints) with the map to begin
    // with. STATUS_USAGE: a bad argument.
    enum status (*open)(struct policy **policy, const char *argument,
                        const struct policy_options *options, int layers, uint64_t seed, int *start,
                        struct error *error);
    // The source for layer i, 0 .. i; may add fields to `info` (an open map).
    int (*act)(struct policy *policy, int layer, const int *state, struct record_builder *info);
    // NULL: wants no rewards. `state` is s', after the action.
    void (*reward)(struct policy *policy, int layer, const int *state,
                   const struct agent_reward *reward);
    void (*end_episode)(struct policy *policy); // may be NULL
    // NULL where there is nothing to save: such a policy goes on from nowhere.
    enum status (*save)(const struct policy *policy, struct buffer *blob, struct error *error);
    enum status (*restore)(struct policy *policy, const void *blob, size_t length,
                           struct error *error);
    void (*close)(struct policy *policy);
};

extern const struct policy_type *const POLICY_TYPES[]; // NULL-terminated

// What can be said of a name before the number of layers is known. STATUS_USAGE: it is of no policy.
enum status policy_check(const char *name, struct error *error);
// Whether an option, its name without the dashes, is one that the policy uses.
bool policy_uses(const char *name, const char *option);
// Finds the type of "NAME" or "NAME:ARGUMENT" and opens it. STATUS_USAGE: unknown, listing those
// known.
enum status policy_open(const struct policy_type **type, struct policy **policy, const char *name,
                        const struct policy_options *options, int layers, uint64_t seed, int *start,
                        struct error *error);

// The map to begin with, of `layers` ints, that the options ask for: every layer tied to layer 0, or
// each independent.
void policy_fill_start(const struct policy_options *options, int layers, int *start);

// Serves the protocol on two descriptors with the policy called `name` until "bye" or the end of
// the input: all of dlt-qagent but its options. `seed` < 0: the trainer's.
enum status policy_serve(int input, int output, const char *name,
                         const struct policy_options *options, int64_t seed, struct error *error);

#endif
