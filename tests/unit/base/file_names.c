// What is read and written under one name, or could be.
#define _GNU_SOURCE
#include "lib/base/file_names.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

static struct error error;

static void put(const char *path) {
    FILE *file = fopen(path, "wb");
    CHECK(file && fclose(file) == 0);
}

static void test_same(void) {
    put("a");
    put("b");
    CHECK(file_names_same("a", "a") && file_names_same("a", "./a") && !file_names_same("a", "b"));
    CHECK(link("a", "hard") == 0 && symlink("a", "soft") == 0);
    CHECK(file_names_same("a", "hard") && file_names_same("soft", "a"));
    CHECK(!file_names_same("/dev/null", "/dev/null") && !file_names_same(".", "."));
}

static void test_same_of_nothing(void) {
    CHECK(mkdir("d", 0777) == 0);
    CHECK(file_names_same("new", "./new") && file_names_same("new", "d/../new"));
    CHECK(!file_names_same("new", "d/new") && !file_names_same("new", "other"));
    CHECK(!file_names_same("new", "a") && !file_names_same("no/new", "no/new"));
}

static enum status add(struct file_names *names, const char *path) {
    return file_names_add(names, &path, 1, &error);
}

static void test_standard_input(void) {
    struct file_names names = {0};
    CHECK_INT(add(&names, "-"), STATUS_OK);
    CHECK_INT(add(&names, NULL), STATUS_OK);
    CHECK_INT(add(&names, "a"), STATUS_OK);
    CHECK_INT(add(&names, "/dev/stdin"), STATUS_USAGE);
    CHECK_STRING(error.message, "only one input");
}

static void test_output(void) {
    static const char *const INPUTS[] = {"b", NULL, "./a"};
    struct file_names to_stream = {.output = "-"}, to_a = {.output = "a"}, to_new = {.output = "c"};
    CHECK_INT(file_names_add(&to_stream, INPUTS, 3, &error), STATUS_OK);
    CHECK_INT(file_names_add(&to_new, INPUTS, 3, &error), STATUS_OK);
    CHECK_INT(file_names_add(&to_a, INPUTS, 2, &error), STATUS_OK);
    CHECK_INT(file_names_add(&to_a, INPUTS, 3, &error), STATUS_USAGE);
    CHECK_STRING(error.message, "cannot write 'a': it is read");
}

int main(void) {
    char folder[] = "/tmp/dlt-unit-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    RUN(test_same);
    RUN(test_same_of_nothing);
    RUN(test_standard_input);
    RUN(test_output);
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return check_finish() || system(command) != 0;
}
