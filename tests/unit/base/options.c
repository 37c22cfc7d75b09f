// The option parser: every type, every way to write it, every way to get it wrong.
#include "lib/base/options.h"

#include <stdint.h>

#include "lib/base/memory.h"
#include "tests/unit/check.h"

static bool flag, other;
static int64_t layers, bytes;
static double rate;
static const char *name;
static int arch;

static const char *const ARCHS[] = {"gpt2", "bert", NULL};
static const struct option OPTIONS[] = {
    {.name = "flag", .letter = 'f', .value = &flag},
    {.name = "other", .letter = 'g', .value = &other},
    {.name = "layers",
     .letter = 'l',
     .type = OPTION_INTEGER,
     .value = &layers,
     .minimum = 1,
     .maximum = 100},
    {.name = "bytes", .type = OPTION_SIZE, .value = &bytes},
    {.name = "rate", .type = OPTION_REAL, .value = &rate, .minimum = 0, .maximum = 1},
    {.name = "name", .letter = 'n', .type = OPTION_STRING, .value = &name},
    {.name = "arch", .type = OPTION_CHOICE, .value = &arch, .choices = ARCHS},
    {0}};

static struct error error;

// Parses words that end with NULL, with everything at its default.
static enum status parse(char *const *words, struct operands *operands) {
    char *argv[16] = {(char *)"tool"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        argv[argc] = words[argc - 1];
    }
    flag = other = false;
    layers = 12;
    bytes = 0;
    rate = 0.5;
    name = NULL;
    arch = 0;
    error.message[0] = '\0';
    return options_parse((const struct option *const[]){OPTIONS, NULL}, argc, argv, operands,
                         &error);
}

#define PARSE(operands, ...) parse((char *const[]){__VA_ARGS__, NULL}, operands)

static void test_every_type(void) {
    struct operands operands;
    CHECK_INT(PARSE(&operands, "--flag", "in", "--layers", "3", "--bytes=2Ki", "--rate", "1e-3",
                    "--name=", "--arch", "bert", "-", "--", "--out"),
              STATUS_OK);
    CHECK(flag && !other && layers == 3 && bytes == 2048 && rate == 1e-3 && arch == 1);
    CHECK(name && *name == '\0');
    CHECK_INT(operands.count, 3);
    CHECK_STRING(operands.words[0], "in");
    CHECK_STRING(operands.words[1], "-");
    CHECK_STRING(operands.words[2], "--out");
    operands_free(&operands);
    CHECK_INT(PARSE(&operands, "-fgl7", "--no-flag", "-n", "-x", "--name"), STATUS_USAGE);
    CHECK_STRING(error.message, "--name needs a value");
    CHECK(!flag && other && layers == 7);
    CHECK_STRING(name, "-x");
    operands_free(&operands);
}

static size_t gives(char *const *words, const char *option) {
    char *argv[8] = {(char *)"tool"};
    int argc = 1;
    for (; words[argc - 1]; argc++) {
        argv[argc] = words[argc - 1];
    }
    return options_given((const struct option *const[]){OPTIONS, NULL}, argc, argv, option);
}
#define GIVES(option, ...) gives((char *const[]){__VA_ARGS__, NULL}, option)

static void test_given(void) {
    layers = 12;
    CHECK_INT(GIVES("layers", "--layers", "3", "--layers=4"), 2);
    CHECK_INT(GIVES("layers", "-fl3"), 1);
    CHECK_INT(GIVES("flag", "--bogus", "--layers", "x", "-?f", "-gf"), 1); // whatever else is wrong
    CHECK_INT(GIVES("flag", "--name", "--flag", "-n", "-f", "-n-f", "--name=--flag"), 0);
    CHECK_INT(GIVES("flag", "in", "--no-flag", "--", "--flag"), 0);
    CHECK_INT(GIVES("flag", "--name"), 0);
    CHECK_INT(layers, 12); // only looked at
}

static void test_sizes(void) {
    static const struct {
        const char *text;
        int64_t value;
    } SIZES[] = {{"17", 17},
                 {"2k", 2000},
                 {"3M", 3000000},
                 {"4G", 4000000000},
                 {"5Ki", 5120},
                 {"6Mi", 6291456},
                 {"1Gi", 1073741824},
                 {"-1", -1},
                 {"9223372036854775807", INT64_MAX},
                 {"", -2},
                 {"k", -2},
                 {"1T", -2},
                 {"1.5M", -2},
                 {"10 k", -2},
                 {"99999999999999999999", -2},
                 {"0x10", -2},
                 {"9999999999G", -2}};
    for (size_t i = 0; i < ARRAY_LENGTH(SIZES); i++) {
        bytes = -2;
        enum status status = option_set(&OPTIONS[3], SIZES[i].text, &error);
        CHECK_INT(status, SIZES[i].value == -2 ? STATUS_USAGE : STATUS_OK);
        CHECK_INT(bytes, SIZES[i].value);
    }
}

static void check_refused(const char *option, const char *value, const char *text) {
    struct operands operands;
    CHECK_INT(PARSE(&operands, (char *)option, (char *)value), STATUS_USAGE);
    CHECK_STRING(error.message, text);
    CHECK(layers == 12 && rate == 0.5 && arch == 0); // nothing was stored
    operands_free(&operands);
}

static void test_refused(void) {
    check_refused("--bogus", "1", "unknown option --bogus");
    check_refused("-x", "1", "unknown option -x");
    check_refused("--no-layers", "1", "unknown option --no-layers");
    check_refused("--flag=yes", "1", "--flag takes no value");
    check_refused("--layers", "three", "'three' is not a whole number");
    check_refused("--layers", "3.5", "is not a whole number");
    check_refused("--layers", "", "is not a whole number");
    check_refused("--layers", "0", "0 is not within 1 .. 100");
    check_refused("--layers", "101", "not within");
    check_refused("--rate", "nan", "'nan' is not a number");
    check_refused("--rate", "inf", "is not a number");
    check_refused("--rate", "1e999", "is not a number");
    check_refused("--rate", "1.0001", "not within 0 .. 1");
    check_refused("--arch", "gpt", "'gpt' is not one of gpt2, bert");
    check_refused("--lay", "3", "unknown option --lay");
    check_refused("--\n\033[2J", "3", "unknown option --??[2J");
}

static void test_format(void) {
    struct operands operands;
    char text[32];
    CHECK_INT(PARSE(&operands, "--flag"), STATUS_OK);
    const char *const want[] = {"yes", "no", "12", "0", "0.5", "", "gpt2"};
    for (size_t i = 0; i < ARRAY_LENGTH(want); i++) {
        option_format(&OPTIONS[i], text, sizeof text);
        CHECK(strcmp(text, want[i]) == 0);
    }
    operands_free(&operands);
}

static void test_error_texts(void) {
    error_set(&error, STATUS_FAILURE, "one");
    error_set(&error, STATUS_FAILURE, "two: %s", error.message); // its own message as an argument
    CHECK(strcmp(error.message, "two: one") == 0);
    CHECK_INT(error_prefix(&error, STATUS_DAMAGED, "in %d", 3), STATUS_DAMAGED);
    CHECK(strcmp(error.message, "in 3: two: one") == 0);
    char huge[3000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    error_set(&error, STATUS_FAILURE, "%s", huge);
    error_prefix(&error, STATUS_FAILURE, "%s", huge);
    CHECK(strlen(error.message) < sizeof error.message);
}

int main(void) {
    RUN(test_every_type);
    RUN(test_given);
    RUN(test_sizes);
    RUN(test_refused);
    RUN(test_format);
    RUN(test_error_texts);
    return check_finish();
}
