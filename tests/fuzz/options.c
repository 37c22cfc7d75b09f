// Any bytes as a command line, its words ended by NUL, for the options of dlt-train and a few of each
// type: what is taken is in range, reads back from its text, and survives a file's header.
#include <string.h>

#include "lib/record/builder.h"
#include "lib/train/settings.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS_MAX = 64 };

struct sample {
    bool flag, other;
    int64_t integer, size;
    double real;
    const char *string;
    int choice;
};

static const char *const CHOICES[] = {"one", "two", "three", NULL};

static void describe(struct sample *s, struct option table[8]) {
    const struct option rows[] = {
        {.name = "flag", .letter = 'f', .type = OPTION_FLAG, .value = &s->flag},
        {.name = "no-other", .letter = 'n', .type = OPTION_FLAG, .value = &s->other},
        {.name = "integer", .letter = 'i', .type = OPTION_INTEGER, .value = &s->integer},
        {.name = "size",
         .letter = 's',
         .type = OPTION_SIZE,
         .value = &s->size,
         .minimum = 1,
         .maximum = 1e15},
        {.name = "real",
         .letter = 'r',
         .type = OPTION_REAL,
         .value = &s->real,
         .minimum = -1,
         .maximum = 1e9},
        {.name = "output", .letter = 'o', .type = OPTION_STRING, .value = (void *)&s->string},
        {.name = "choice",
         .letter = 'c',
         .type = OPTION_CHOICE,
         .value = &s->choice,
         .choices = CHOICES},
        {0}};
    memcpy(table, rows, sizeof rows);
}

static bool in_range(const struct option *option, double value) {
    return (option->minimum == 0 && option->maximum == 0) ||
           (value >= option->minimum && value <= option->maximum);
}

// The value's text gives the value.
static void check_value(const struct option *option) {
    char text[64];
    struct error error;
    int64_t integer = 0;
    int choice = -1;
    struct option copy = *option;
    copy.value = option->type == OPTION_CHOICE ? (void *)&choice : (void *)&integer;
    switch (option->type) {
    case OPTION_INTEGER:
    case OPTION_SIZE:
        FUZZ_CHECK(in_range(option, (double)*(int64_t *)option->value));
        option_format(option, text, sizeof text);
        FUZZ_CHECK(option_set(&copy, text, &error) == STATUS_OK);
        FUZZ_CHECK(integer == *(int64_t *)option->value);
        break;
    case OPTION_REAL:
        FUZZ_CHECK(in_range(option, *(double *)option->value));
        break;
    case OPTION_CHOICE:
        if (option->choices[*(int *)option->value]) { // not a preset's place, behind the names
            option_format(option, text, sizeof text);
            if (option_set(&copy, text, &error) == STATUS_OK) {
                FUZZ_CHECK(choice == *(int *)option->value);
            }
        }
        break;
    default:
        break;
    }
}

static void check_values(const struct option *table) {
    for (const struct option *o = table; o->name; o++) {
        check_value(o);
    }
}

// The header of a run log tells the configuration, from which the same settings come.
static void check_header(const struct settings *settings) {
    struct settings_map map, again;
    struct settings taken;
    struct record_builder r = {0};
    struct error error;
    msgpack_zone zone;
    FUZZ_CHECK(msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE));
    FUZZ_CHECK(settings_map_open(&map, settings, &error) == STATUS_OK);
    FUZZ_CHECK(settings_from_map(&taken, &map.config, &zone, &error) == STATUS_OK);
    FUZZ_CHECK(settings_compare(settings, &map.config, "x", &error) == STATUS_OK);
    FUZZ_CHECK(settings_map_open(&again, &taken, &error) == STATUS_OK);
    FUZZ_CHECK(map.bytes.length == again.bytes.length &&
               memcmp(map.bytes.data, again.bytes.data, map.bytes.length) == 0);
    record_begin_header(&r, "run", "dlt-train", NULL);
    settings_put_labels(settings->labels, &r);
    FUZZ_CHECK(record_builder_finish(&r, &error) == STATUS_OK);
    settings_map_close(&map);
    settings_map_close(&again);
    record_builder_free(&r);
    msgpack_zone_destroy(&zone);
}

static void check_settings(struct settings *settings) {
    struct error error = {0};
    enum status status = settings_resolve(settings, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_USAGE));
    if (status != STATUS_OK) {
        return;
    }
    if (settings->precision == PRECISION_OF_DEVICE) { // as the choice of a device leaves it
        settings->precision = PRECISION_FP32;
    }
    FUZZ_CHECK(settings->width % settings->heads == 0);
    FUZZ_CHECK(settings_planned_steps(settings) >= 1);
    check_header(settings);
}

static int split_words(char *text, size_t size, char *words[WORDS_MAX]) {
    int count = 0;
    words[count++] = (char *)(uintptr_t) "fuzz";
    for (size_t at = 0; at < size && count < WORDS_MAX - 1; at += strlen(text + at) + 1) {
        words[count++] = text + at;
    }
    words[count] = NULL;
    return count;
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct sample sample = {.size = 1};
    struct settings settings;
    struct option few[8], many[SETTINGS_OPTIONS_MAX];
    struct operands operands;
    struct error error = {0};
    char *words[WORDS_MAX], *text = malloc(size + 1);
    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = '\0';
    int count = split_words(text, size, words);
    settings_defaults(&settings);
    describe(&sample, few);
    settings_describe(&settings, many);
    enum status status = options_parse((const struct option *const[]){few, many, NULL}, count,
                                       words, &operands, &error);
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_USAGE));
    FUZZ_CHECK(operands.count < (size_t)count);
    for (size_t i = 0; i < operands.count; i++) {
        FUZZ_CHECK(operands.words[i] >= text && operands.words[i] <= text + size);
    }
    check_values(few);
    check_values(many);
    if (status == STATUS_OK) {
        check_settings(&settings);
    }
    operands_free(&operands);
    free(text);
}
