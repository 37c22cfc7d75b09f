// Lists with commas: whole words, wherever they stand.
#include "lib/base/list.h"

#include "tests/unit/check.h"

static void test_words(void) {
    CHECK(list_has("T1", "T1"));
    CHECK(list_has("T1,T12,T3", "T1"));
    CHECK(list_has("T1,T12,T3", "T12"));
    CHECK(list_has("T1,T12,T3", "T3"));
    CHECK(list_has("a b,c", "a b"));
}

static void test_parts_of_words(void) {
    CHECK(!list_has("T12,T3", "T1"));
    CHECK(!list_has("T12,T3", "T123"));
    CHECK(!list_has("T12,T3", "2"));
    CHECK(!list_has("T12,T3", "T12,T3"));
    CHECK(!list_has("", "T1"));
}

static void test_empty_words(void) {
    CHECK(list_has("", ""));
    CHECK(list_has("a,", ""));
    CHECK(list_has(",a", ""));
    CHECK(list_has("a,,b", ""));
    CHECK(list_has(",a", "a"));
    CHECK(!list_has("a,b", ""));
}

static void test_count(void) {
    CHECK(list_count("T1") == 1);
    CHECK(list_count("T1,T12,T3") == 3);
    CHECK(list_count("") == 1);
    CHECK(list_count(",") == 2);
}

int main(void) {
    RUN(test_words);
    RUN(test_parts_of_words);
    RUN(test_empty_words);
    RUN(test_count);
    return check_finish();
}
