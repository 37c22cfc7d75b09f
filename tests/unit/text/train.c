#define _GNU_SOURCE
#include "lib/text/train.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

// The vocabulary that a text trains; the caller frees it.
static char *trained(const char *text, uint32_t size, uint32_t *reached) {
    char path[] = "/tmp/dlt-train-XXXXXX";
    int file = mkstemp(path);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    const char *paths[] = {path};
    struct text_source source;
    struct buffer vocabulary = {0};
    struct error error = {0};
    CHECK(text_source_open(&source, paths, 1, TEXT_CUT_WORDS, &error) == STATUS_OK);
    CHECK(bpe_train(&source, size, &vocabulary, reached, &error) == STATUS_OK);
    CHECK(buffer_append(&vocabulary, "", 1, &error) == STATUS_OK);
    text_source_close(&source);
    unlink(path);
    return (char *)vocabulary.data;
}

static void check_trained(const char *text, uint32_t size, const char *want) {
    uint32_t reached = 0;
    char *got = trained(text, size, &reached);
    CHECK(strncmp(got, "#version: 0.2\n", 14) == 0);
    if (strcmp(got + 14, want) != 0) {
        check_report(__FILE__, __LINE__, "merges are '%s', not '%s'", got + 14, want);
    }
    free(got);
}

static void test_most_frequent_first(void) {
    check_trained("bc ab ab", 258, "a b\n");
    check_trained("xab xab ab", 259, "a b\nx ab\n");
    check_trained("the the the", 300, "h e\nt he\nĠ the\n");
}

static void test_ties_go_to_smaller_ids(void) {
    check_trained("zy ba", 258, "b a\n");
    check_trained("ad ac", 258, "a c\n");
}

// "aaa" holds two pairs that overlap: both are counted, one is merged.
static void test_runs(void) {
    check_trained("aaa bcbc", 258, "a a\n");
    check_trained("aaaa", 300, "a a\naa aa\n");
    check_trained("aaaaa", 300, "a a\naa a\naa aaa\n");
}

static void test_text_too_small(void) {
    uint32_t reached = 0;
    free(trained("ab", 1000, &reached));
    CHECK_INT(reached, 258);
    free(trained("", 1000, &reached));
    CHECK_INT(reached, 257);
}

int main(void) {
    RUN(test_most_frequent_first);
    RUN(test_ties_go_to_smaller_ids);
    RUN(test_runs);
    RUN(test_text_too_small);
    return check_finish();
}
