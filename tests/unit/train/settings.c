// Settings: presets, what is refused, and the way through a header and back.
#include "lib/train/settings.h"

#include "tests/unit/check.h"

static struct settings resolved(const char *option, const char *value, enum status want,
                                struct error *error) {
    struct settings settings;
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_defaults(&settings);
    settings_describe(&settings, table);
    settings.text[SPLIT_TRAIN] = "text";
    for (const struct option *o = table; option && o->name; o++) {
        if (strcmp(o->name, option) == 0) {
            CHECK_INT(option_set(o, value, error), STATUS_OK);
        }
    }
    CHECK_INT(settings_resolve(&settings, error), want);
    return settings;
}

static void test_presets(void) {
    struct error error = {0};
    struct settings shared = resolved(NULL, NULL, STATUS_OK, &error);
    CHECK_INT(shared.gradient, TYING_GRADIENT_ALL);
    CHECK_INT(shared.retie, TYING_RETIE_FOLLOW);
    struct settings released = resolved("semantics", "released", STATUS_OK, &error);
    CHECK_INT(released.gradient, TYING_GRADIENT_OWNER);
    CHECK_INT(released.untie, TYING_UNTIE_ALIAS);
    CHECK_INT(released.moments, TYING_MOMENTS_KEPT);
    CHECK_INT(released.retie, TYING_RETIE_ORPHAN);
    CHECK_INT(released.start, TYING_START_FROZEN);
    CHECK_INT(released.retire, TYING_RETIRE_FREEZE);
    struct settings single = resolved("tie-grad", "owner", STATUS_OK, &error);
    CHECK_INT(single.gradient, TYING_GRADIENT_OWNER);
    CHECK_INT(single.untie, TYING_UNTIE_COPY);
}

static void test_refusals(void) {
    struct error error = {0};
    resolved("heads", "3", STATUS_USAGE, &error);
    CHECK_STRING(error.message, "--heads 3");
    resolved("labels", "dataset=x,oops", STATUS_USAGE, &error);
    CHECK_STRING(error.message, "'oops'");
    resolved("context", "1", STATUS_USAGE, &error);
    resolved("episodes", "2000000000", STATUS_USAGE, &error);
    resolved("labels", "dataset=x,method=a=b,", STATUS_OK, &error);
    struct settings none;
    settings_defaults(&none);
    CHECK_INT(settings_resolve(&none, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "--train");
}

static void test_planned_steps(void) {
    struct error error = {0};
    struct settings s = resolved(NULL, NULL, STATUS_OK, &error);
    s.layers = 5, s.episodes = 3, s.steps_per_action = 2;
    CHECK_INT(settings_planned_steps(&s), 3 * 4 * 2);
    s.max_steps = 7;
    CHECK_INT(settings_planned_steps(&s), 7);
    s.max_steps = 0, s.layers = 1; // no choice, but steps all the same
    CHECK_INT(settings_planned_steps(&s), 3 * 2);
}

static void test_map_round_trip(void) {
    struct error error = {0};
    struct settings settings = resolved("semantics", "released", STATUS_OK, &error), back;
    settings.layers = 9;
    settings.lr = 0.125;
    settings.agent = "python3 mine.py";
    settings.precision = PRECISION_BF16; // as device_choose() may leave it
    struct settings_map map;
    msgpack_zone zone;
    CHECK(msgpack_zone_init(&zone, 1024));
    CHECK_INT(settings_map_open(&map, &settings, &error), STATUS_OK);
    CHECK_INT(settings_from_map(&back, &map.config, &zone, &error), STATUS_OK);
    CHECK_INT(back.layers, 9);
    CHECK_CLOSE(back.lr, 0.125, 0);
    CHECK_INT(back.untie, TYING_UNTIE_ALIAS);
    CHECK_STRING(back.agent, "python3 mine.py");
    CHECK_INT(back.precision, PRECISION_BF16);
    CHECK(back.labels == NULL);
    CHECK_INT(settings_compare(&settings, &map.config, "c", &error), STATUS_OK);
    settings.layers = 10;
    settings.checkpoint = "elsewhere"; // paths are not compared
    CHECK_INT(settings_compare(&settings, &map.config, "c", &error), STATUS_USAGE);
    CHECK_STRING(error.message, "--layers was 9, not 10");
    settings.layers = 9;
    settings.lr = 0.5;
    CHECK_INT(settings_compare(&settings, &map.config, "c", &error), STATUS_USAGE);
    CHECK_STRING(error.message, "--lr was 0.125, not 0.5");
    settings_map_close(&map);
    msgpack_zone_destroy(&zone);
}

// A configuration that no run can have had is damage, with the reason that the command line would get.
static void check_no_run(const struct settings *settings, const char *why) {
    struct error error = {0};
    struct settings back;
    struct settings_map map;
    msgpack_zone zone;
    CHECK(msgpack_zone_init(&zone, 1024));
    CHECK_INT(settings_map_open(&map, settings, &error), STATUS_OK);
    CHECK_INT(settings_from_map(&back, &map.config, &zone, &error), STATUS_DAMAGED);
    CHECK_STRING(error.message, "that of no run");
    CHECK_STRING(error.message, why);
    settings_map_close(&map);
    msgpack_zone_destroy(&zone);
}

static void test_map_of_no_run(void) {
    struct error error = {0};
    struct settings settings = resolved(NULL, NULL, STATUS_OK, &error), changed;
    settings.precision = PRECISION_FP32; // as device_choose() leaves it
    changed = settings;
    changed.context = 1;
    check_no_run(&changed, "--blocks released needs a --context of 2 or more");
    changed = settings;
    changed.heads = 3;
    check_no_run(&changed, "--heads 3");
    changed = settings;
    changed.heads = 1;
    changed.permute = MODEL_PERMUTE_HEADS;
    check_no_run(&changed, "--permute heads");
    changed = settings;
    changed.episodes = changed.steps_per_action = 2147483647; // their product is no 64-bit integer
    changed.layers = TYING_LAYERS_MAX;
    check_no_run(&changed, "too many steps");
    changed = settings;
    changed.labels = "dataset=x,oops";
    check_no_run(&changed, "'oops'");
}

int main(void) {
    RUN(test_presets);
    RUN(test_refusals);
    RUN(test_planned_steps);
    RUN(test_map_round_trip);
    RUN(test_map_of_no_run);
    return check_finish();
}
