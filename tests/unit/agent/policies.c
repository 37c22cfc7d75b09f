// The policies without pipes: fixed maps, exploration, rewards, what learning changes, saving.

#define _GNU_SOURCE // memmem
#include <stdlib.h>

#include "lib/agent/policies.h"
#include "lib/agent/qlearn.h"
#include "tests/unit/check.h"

static struct error error;
static int start[TYING_LAYERS_MAX];

struct opened {
    const struct policy_type *type;
    struct policy *policy;
    struct record_builder info;
    int layers;
};

static enum status open_policy(struct opened *o, const char *name, int layers,
                               const struct policy_options *options) {
    *o = (struct opened){.layers = layers};
    return policy_open(&o->type, &o->policy, name, options ? options : &POLICY_DEFAULTS, layers, 11,
                       start, &error);
}

static int act(struct opened *o, int layer, const int *state) {
    record_begin(&o->info, "act");
    return o->type->act(o->policy, layer, state, &o->info);
}

static void close_policy(struct opened *o) {
    if (o->type->close) {
        o->type->close(o->policy);
    }
    record_builder_free(&o->info);
}

// ---- Fixed maps ------------------------------------------------------------------------------

static void check_map(const char *name, int layers, const int *want) {
    struct opened o;
    int state[TYING_LAYERS_MAX] = {0};
    if (!CHECK_INT(open_policy(&o, name, layers, NULL), STATUS_OK)) {
        printf("# %s: %s\n", name, error.message);
        return;
    }
    for (int i = 0; i < layers; i++) {
        if (!CHECK_INT(start[i], want[i])) {
            printf("# %s, layer %d\n", name, i);
        }
        CHECK_INT(act(&o, i, state), want[i]);
    }
    CHECK(!o.type->reward);
    close_policy(&o);
}

static void test_fixed_maps(void) {
    check_map("fixed:independent", 4, (int[]){0, 1, 2, 3});
    check_map("fixed:all", 4, (int[]){0, 0, 0, 0});
    check_map("fixed:half", 6, (int[]){0, 1, 2, 0, 1, 2});
    check_map("fixed:half", 5, (int[]){0, 1, 2, 0, 1});
    check_map("fixed:half", 1, (int[]){0});
    check_map("fixed:sequence:3", 6, (int[]){0, 0, 2, 2, 4, 4});
    check_map("fixed:sequence:2", 5, (int[]){0, 0, 0, 3, 3});
    check_map("fixed:sequence:5", 5, (int[]){0, 1, 2, 3, 4});
    check_map("fixed:cycle:3", 6, (int[]){0, 1, 2, 0, 1, 2});
    check_map("fixed:cycle:2", 5, (int[]){0, 1, 0, 1, 0});
    check_map("fixed:cycle-rev:3", 6, (int[]){0, 1, 2, 2, 1, 0});
    check_map("fixed:cycle-rev:2", 6, (int[]){0, 1, 0, 1, 1, 0});
    check_map("fixed:cycle-rev:3", 8, (int[]){0, 1, 2, 0, 1, 2, 2, 1});
    check_map("fixed:cycle-rev:4", 4, (int[]){0, 1, 2, 3});
    check_map("map:0,0,2,1", 4, (int[]){0, 0, 2, 1});
    check_map("map:0", 1, (int[]){0});
}

static void check_refused(const char *name, const char *why) {
    struct opened o;
    if (CHECK_INT(open_policy(&o, name, 4, NULL), STATUS_USAGE)) {
        CHECK_STRING(error.message, why);
    }
}

static void test_refused(void) {
    check_refused("sarsa", "unknown policy 'sarsa' (known: qlearn, random");
    check_refused("", "unknown policy");
    check_refused("q", "unknown policy");
    check_refused("qlearn:3", "takes no argument");
    check_refused("round-robin:", "takes no argument");
    check_refused("fixed", "unknown fixed policy");
    check_refused("fixed:", "unknown fixed policy");
    check_refused("fixed:thirds", "unknown fixed policy");
    check_refused("fixed:all:2", "unknown fixed policy");
    check_refused("fixed:cycle", "needs the number M");
    check_refused("fixed:cycle:", "needs the number M");
    check_refused("fixed:cycle:2x", "needs the number M");
    check_refused("fixed:cycle:-1", "needs the number M");
    check_refused("fixed:cycle:0", "from 1 to the number of layers");
    check_refused("fixed:cycle:5", "from 1 to the number of layers, 4, not 5");
    check_refused("fixed:cycle:99999999999999999999", "needs the number M");
    check_refused("map:", "is no list");
    check_refused("map", "is no list");
    check_refused("map:0,,1,1", "is no list");
    check_refused("map:0,0,0", "has 3 layers, the model 4");
    check_refused("map:0,0,0,0,0", "has 5 layers, the model 4");
    check_refused("map:0,2,0,0", "layer 1 of the map uses layer 2");
    check_refused("map:0,0,0,4294967296", "layer 3 of the map uses layer");
}

// What no number of layers would make a policy is refused before it is known, and no more than that.
static void test_known_by_name(void) {
    static const char *const GOOD[] = {
        "qlearn",     "random", "greedy",    "round-robin",   "fixed:all",
        "fixed:half", "map:0",  "map:0,0,2", "fixed:cycle:9", "fixed:sequence:256"};
    static const char *const BAD[] = {"",           "nope",          "qlearn:1",        "fixed",
                                      "fixed:nope", "fixed:cycle:x", "fixed:cycle:257", "map:1",
                                      "map:0,2",    "map:0,"};
    for (size_t i = 0; i < ARRAY_LENGTH(GOOD); i++) {
        CHECK_INT(policy_check(GOOD[i], &error), STATUS_OK);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(BAD); i++) {
        CHECK_INT(policy_check(BAD[i], &error), STATUS_USAGE);
    }
    char list[2 * 300 + 8] = "map:0"; // more layers than there may be
    for (int i = 1; i < 300; i++) {
        strcat(list, ",0");
    }
    CHECK_INT(policy_check(list, &error), STATUS_USAGE);
}

static void test_too_large_to_be_saved(void) {
    struct opened o;
    struct policy_options options = POLICY_DEFAULTS;
    options.hidden = 65536;
    CHECK_INT(open_policy(&o, "qlearn", TYING_LAYERS_MAX, &options), STATUS_USAGE);
    CHECK_STRING(error.message, "65536 hidden units");
    options.hidden = 128;
    options.replay = 100000;
    CHECK_INT(open_policy(&o, "qlearn", TYING_LAYERS_MAX, &options), STATUS_OK);
    close_policy(&o);
}

static void test_round_robin(void) {
    struct opened o;
    int state[3] = {0, 0, 1};
    CHECK_INT(open_policy(&o, "round-robin", 3, NULL), STATUS_OK);
    CHECK_INT(act(&o, 2, state), 2);
    state[2] = 2;
    CHECK_INT(act(&o, 2, state), 0);
    CHECK_INT(act(&o, 1, state), 1);
    close_policy(&o);
}

// ---- Exploration -----------------------------------------------------------------------------

static void test_random_is_uniform(void) {
    enum { DRAWS = 40000, LAYER = 4 };
    struct opened o;
    int state[6] = {0}, counts[LAYER + 1] = {0};
    double chi2 = 0, expected = (double)DRAWS / (LAYER + 1);
    CHECK_INT(open_policy(&o, "random", 6, NULL), STATUS_OK);
    for (int n = 0; n < DRAWS; n++) {
        counts[act(&o, LAYER, state)]++;
    }
    for (int a = 0; a <= LAYER; a++) {
        chi2 += (counts[a] - expected) * (counts[a] - expected) / expected;
    }
    CHECK(chi2 < 18.5); // 4 degrees of freedom: beyond this once in a thousand seeds
    close_policy(&o);
}

// With probability epsilon an action is uniform, else it is the best one.
static void test_epsilon(void) {
    enum { DRAWS = 40000, LAYER = 3 };
    struct opened o;
    struct policy_options options = POLICY_DEFAULTS;
    int state[4] = {0, 0, 1, 2}, best = 0, greedy;
    CHECK_INT(open_policy(&o, "greedy", 4, NULL), STATUS_OK);
    greedy = act(&o, LAYER, state);
    for (int n = 0; n < 100; n++) {
        CHECK_INT(act(&o, LAYER, state), greedy);
    }
    close_policy(&o);
    options.epsilon = 0.3;
    CHECK_INT(open_policy(&o, "qlearn", 4, &options), STATUS_OK);
    for (int n = 0; n < DRAWS; n++) {
        best += act(&o, LAYER, state) == greedy;
    }
    double share = 1 - 0.3 * LAYER / (LAYER + 1);
    CHECK_CLOSE((double)best / DRAWS, share, 4 * sqrt(share * (1 - share) / DRAWS));
    close_policy(&o);
}

static void test_epsilon_decays(void) {
    struct opened o;
    CHECK_INT(open_policy(&o, "qlearn", 4, NULL), STATUS_OK);
    CHECK_CLOSE(o.policy->epsilon, 1, 0);
    o.type->end_episode(o.policy);
    CHECK_CLOSE(o.policy->epsilon, 0.95, 0);
    o.type->end_episode(o.policy);
    CHECK_CLOSE(o.policy->epsilon, 0.95 * 0.95, 0);
    for (int n = 0; n < 100; n++) {
        o.type->end_episode(o.policy);
    }
    CHECK_CLOSE(o.policy->epsilon, 0.01, 0);
    close_policy(&o);
    CHECK_INT(open_policy(&o, "greedy", 4, NULL), STATUS_OK);
    o.type->end_episode(o.policy);
    CHECK_CLOSE(o.policy->epsilon, 0, 0);
    close_policy(&o);
    CHECK_INT(open_policy(&o, "random", 4, NULL), STATUS_OK);
    o.type->end_episode(o.policy);
    CHECK_CLOSE(o.policy->epsilon, 1, 0);
    close_policy(&o);
}

// ---- Rewards ---------------------------------------------------------------------------------

static float reward_used(int kind, double clip, const struct agent_reward *reward) {
    struct opened o;
    struct policy_options options = POLICY_DEFAULTS;
    int state[3] = {0};
    options.reward = kind;
    options.reward_clip = clip;
    open_policy(&o, "qlearn", 3, &options);
    act(&o, 1, state);
    o.type->reward(o.policy, 1, state, reward);
    float used = o.policy->has_learned ? o.policy->last_reward : NAN;
    close_policy(&o);
    return used;
}

static void test_rewards(void) {
    struct agent_reward r = {.perplexity = 54.5, .loss = 4, .loss_before = 4.5};
    CHECK_CLOSE(reward_used(POLICY_REWARD_PPL, 10, &r), -10, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_PPL, 0, &r), -54.5, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_LOGPPL, 10, &r), -4, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_DELTA, 10, &r), 0.5, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_CONSTANT, 10, &r), -10, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_CONSTANT, 2, &r), -2, 0);
    CHECK_CLOSE(reward_used(POLICY_REWARD_CONSTANT, 0, &r), -10, 0);
    struct agent_reward diverged = {.perplexity = INFINITY, .loss = 1000};
    CHECK_CLOSE(reward_used(POLICY_REWARD_PPL, 10, &diverged), -10, 0);
    CHECK(isnan(reward_used(POLICY_REWARD_PPL, 0, &diverged))); // teaches nothing
    diverged.perplexity = NAN;
    CHECK(isnan(reward_used(POLICY_REWARD_PPL, 10, &diverged)));
}

// ---- Learning and saving ---------------------------------------------------------------------

enum { LAYERS = 5 };

// `visits` of a made-up training, from the state that *map is in.
static void play(struct opened *o, int *map, int from, int visits, int *actions) {
    for (int n = from; n < from + visits; n++) {
        int layer = 1 + n % (LAYERS - 1);
        actions[n] = act(o, layer, map);
        map[layer] = actions[n];
        o->type->reward(o->policy, layer, map,
                        &(struct agent_reward){
                            .perplexity = 5 + n % 7 + map[2], .loss = 2, .loss_before = 2.5});
        if (layer == LAYERS - 1) {
            o->type->end_episode(o->policy);
        }
    }
}

static void check_saved(const struct policy_options *options) {
    enum { VISITS = 120, CUT = 57 };
    struct opened whole, first, second;
    int map[LAYERS] = {0}, other[LAYERS] = {0}, actions[VISITS], again[VISITS];
    struct buffer blob = {0}, end1 = {0}, end2 = {0};
    open_policy(&whole, "qlearn", LAYERS, options);
    play(&whole, map, 0, VISITS, actions);
    open_policy(&first, "qlearn", LAYERS, options);
    play(&first, other, 0, CUT, again);
    CHECK_INT(first.type->save(first.policy, &blob, &error), STATUS_OK);
    close_policy(&first);
    open_policy(&second, "qlearn", LAYERS, options);
    CHECK_INT(second.type->restore(second.policy, blob.data, blob.length, &error), STATUS_OK);
    play(&second, other, CUT, VISITS - CUT, again);
    CHECK(memcmp(actions, again, sizeof actions) == 0);
    whole.type->save(whole.policy, &end1, &error);
    second.type->save(second.policy, &end2, &error);
    CHECK(end1.length == end2.length && memcmp(end1.data, end2.data, end1.length) == 0);
    close_policy(&whole);
    close_policy(&second);
    buffer_free(&blob);
    buffer_free(&end1);
    buffer_free(&end2);
}

static void test_saved_goes_on(void) {
    struct policy_options options = POLICY_DEFAULTS;
    options.epsilon_decay = 0.8;
    check_saved(&options);
    options.replay = 20; // full at the cut
    check_saved(&options);
    options.replay = 90; // not full
    options.target_every = 7;
    check_saved(&options);
    options.replay = 0;
    check_saved(&options);
}

// The constant reward gives the same bits as the perplexity where that is clipped.
static void test_constant_is_the_saturated_reward(void) {
    struct opened clipped, constant;
    struct policy_options options = POLICY_DEFAULTS;
    int map1[LAYERS] = {0}, map2[LAYERS] = {0}, actions1[80], actions2[80];
    struct buffer end1 = {0}, end2 = {0};
    options.reward_clip = 4; // what play() gives is always beyond
    open_policy(&clipped, "qlearn", LAYERS, &options);
    options.reward = POLICY_REWARD_CONSTANT;
    open_policy(&constant, "qlearn", LAYERS, &options);
    play(&clipped, map1, 0, 80, actions1);
    play(&constant, map2, 0, 80, actions2);
    CHECK(memcmp(actions1, actions2, sizeof actions1) == 0);
    clipped.type->save(clipped.policy, &end1, &error);
    constant.type->save(constant.policy, &end2, &error);
    // Which reward it is, is saved too, and the checksum is of all.
    static const char KEY[] = "\xa6reward\xcb";
    uint8_t *at = memmem(end2.data, end2.length, KEY, strlen(KEY));
    const uint8_t *other = memmem(end1.data, end1.length, KEY, strlen(KEY));
    CHECK(end1.length == end2.length && at && other);
    if (end1.length == end2.length && at && other) {
        memcpy(at + strlen(KEY), other + strlen(KEY), sizeof(double));
        CHECK(memcmp(end1.data, end2.data, end1.length - 8) == 0);
    }
    close_policy(&clipped);
    close_policy(&constant);
    buffer_free(&end1);
    buffer_free(&end2);
}

// Gives a changed blob the checksum of what it now holds.
static void reseal(struct buffer *blob) {
    uint64_t digest = XXH64(blob->data, blob->length - 8, 0);
    for (int i = 0; i < 8; i++) {
        blob->data[blob->length - 8 + (size_t)i] = (uint8_t)(digest >> (8 * i));
    }
}

// Counts that no agent reaches, and that could not be counted on from.
static void test_endless_counts(void) {
    static const char *const KEYS[] = {"updates", "actions", "remembered"};
    static const uint8_t MOST[] = {0xcf, 0x7f, 255, 255, 255, 255, 255, 255, 255};
    struct opened o;
    struct policy_options options = POLICY_DEFAULTS;
    struct buffer blob = {0};
    int map[LAYERS] = {0}, actions[10];
    open_policy(&o, "qlearn", LAYERS, &options);
    play(&o, map, 0, 10, actions);
    o.type->save(o.policy, &blob, &error);
    for (size_t i = 0; i < ARRAY_LENGTH(KEYS); i++) {
        struct buffer endless = {0};
        const uint8_t *key = memmem(blob.data, blob.length, KEYS[i], strlen(KEYS[i]));
        size_t at = (size_t)(key - blob.data) + strlen(KEYS[i]);
        CHECK(key && blob.data[at] < 0x80); // a number of one byte
        buffer_append(&endless, blob.data, at, &error);
        buffer_append(&endless, MOST, sizeof MOST, &error);
        buffer_append(&endless, blob.data + at + 1, blob.length - at - 1, &error);
        reseal(&endless);
        CHECK_INT(o.type->restore(o.policy, endless.data, endless.length, &error), STATUS_DAMAGED);
        buffer_free(&endless);
    }
    buffer_free(&blob);
    close_policy(&o);
}

// A blob that is damaged anywhere is refused, and leaves the policy as it was.
static void test_damaged_blobs(void) {
    struct opened o, small, scratch;
    struct policy_options options = POLICY_DEFAULTS;
    struct buffer blob = {0}, after = {0};
    int map[LAYERS] = {0}, actions[10];
    options.hidden = 4;
    options.replay = 6;
    open_policy(&scratch, "qlearn", LAYERS, &options);
    open_policy(&o, "qlearn", LAYERS, &options);
    play(&o, map, 0, 10, actions);
    o.type->save(o.policy, &blob, &error);
    for (size_t length = 0; length < blob.length; length += 1 + length / 50) {
        CHECK_INT(o.type->restore(o.policy, blob.data, length, &error), STATUS_DAMAGED);
    }
    CHECK_STRING(error.message, "cannot go on from the saved agent: its checksum is wrong");
    for (size_t i = 0; i < blob.length; i++) {
        blob.data[i] ^= 0x40;
        CHECK_INT(o.type->restore(o.policy, blob.data, blob.length, &error), STATUS_DAMAGED);
        reseal(&blob); // what no checksum guards must still not crash
        o.type->restore(scratch.policy, blob.data, blob.length, &error);
        blob.data[i] ^= 0x40;
        reseal(&blob);
    }
    CHECK_INT(o.type->restore(o.policy, blob.data, blob.length, &error), STATUS_OK);
    o.type->save(o.policy, &after, &error);
    CHECK(after.length == blob.length && memcmp(after.data, blob.data, after.length) == 0);
    open_policy(&small, "qlearn", LAYERS - 1, &options);
    CHECK_INT(small.type->restore(small.policy, blob.data, blob.length, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "its layers is 5, not 4");
    close_policy(&small);
    options.gamma = 0.5;
    open_policy(&small, "qlearn", LAYERS, &options);
    CHECK_INT(small.type->restore(small.policy, blob.data, blob.length, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "its gamma is 0.99, not 0.5");
    close_policy(&small);
    close_policy(&scratch);
    close_policy(&o);
    buffer_free(&blob);
    buffer_free(&after);
}

int main(void) {
    RUN(test_fixed_maps);
    RUN(test_refused);
    RUN(test_known_by_name);
    RUN(test_too_large_to_be_saved);
    RUN(test_round_robin);
    RUN(test_random_is_uniform);
    RUN(test_epsilon);
    RUN(test_epsilon_decays);
    RUN(test_rewards);
    RUN(test_saved_goes_on);
    RUN(test_constant_is_the_saturated_reward);
    RUN(test_damaged_blobs);
    RUN(test_endless_counts);
    return check_finish();
}
