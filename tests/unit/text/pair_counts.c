// Counts of pairs, against counts kept in a plain table.
#include "lib/text/pair_counts.h"

#include <string.h>

#include "tests/unit/check.h"

enum { IDS = 60, WORDS = 300, RAISES = 1000 };

static int64_t plain[IDS][IDS];
static bool holds[IDS][IDS][WORDS]; // whether the word ever had the pair
static bool waits[IDS][IDS];        // whether the pair is to come

static uint32_t drawn; // of a linear congruential generator
static uint32_t draw(uint32_t below) {
    drawn = drawn * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)drawn * below >> 32);
}

// A pair of `id`, the newest, and one up to it is raised; another pair is lowered.
static void change(struct pair_counts *counts, uint32_t id, struct error *error) {
    uint32_t other = draw(id + 1), word = draw(WORDS);
    bool first = draw(2);
    uint32_t left = first ? id : other, right = first ? other : id;
    int64_t times = word % 7 + 1;
    CHECK(pair_counts_raise(counts, left, right, word, times, error) == STATUS_OK);
    plain[left][right] += times;
    holds[left][right][word] = waits[left][right] = true;
    left = draw(id + 1);
    right = draw(id + 1);
    if (plain[left][right] >= times) {
        pair_counts_lower(counts, left, right, times);
        plain[left][right] -= times;
    }
}

// The most frequent of those that wait, of equals the first.
static bool plain_best(uint32_t *left, uint32_t *right) {
    int64_t best = 0;
    for (uint32_t l = 0; l < IDS; l++) {
        for (uint32_t r = 0; r < IDS; r++) {
            if (waits[l][r] && plain[l][r] > best) {
                best = plain[l][r];
                *left = l;
                *right = r;
            }
        }
    }
    return best > 0;
}

static void check_words(const struct pair_counts *counts, const struct frequent_pair *pair) {
    const bool *expected = holds[pair->left][pair->right];
    bool found[WORDS] = {false};
    for (uint32_t at = pair->words; at > 0; at = counts->occurrences[at - 1].next) {
        found[counts->occurrences[at - 1].word] = true;
    }
    CHECK(memcmp(found, expected, sizeof found) == 0);
}

static bool take(struct pair_counts *counts) {
    struct frequent_pair pair;
    uint32_t left = 0, right = 0;
    bool any = plain_best(&left, &right);
    CHECK(pair_counts_take(counts, &pair) == any);
    if (any) {
        CHECK(pair.left == left && pair.right == right);
        check_words(counts, &pair);
        waits[left][right] = false;
    }
    return any;
}

static void test_taken_in_order(void) {
    struct pair_counts counts;
    struct error error;
    CHECK(pair_counts_create(&counts, &error) == STATUS_OK);
    int taken = 0;
    for (uint32_t id = 0; id < IDS; id++) {
        for (int i = 0; i < RAISES; i++) {
            change(&counts, id, &error);
        }
        CHECK(pair_counts_settle(&counts, &error) == STATUS_OK);
        taken += take(&counts);
    }
    while (take(&counts)) {
        taken++;
    }
    CHECK(taken > IDS);
    pair_counts_free(&counts);
}

static void test_more_pairs_than_a_table_begins_with(void) {
    struct pair_counts counts;
    struct error error;
    struct frequent_pair pair = {0};
    CHECK(pair_counts_create(&counts, &error) == STATUS_OK);
    for (uint32_t i = 0; i < 100000; i++) {
        CHECK(pair_counts_raise(&counts, i, i + 1, 0, 1, &error) == STATUS_OK);
    }
    CHECK(pair_counts_raise(&counts, 77777, 77778, 0, 1, &error) == STATUS_OK);
    CHECK(pair_counts_settle(&counts, &error) == STATUS_OK);
    CHECK(pair_counts_take(&counts, &pair) && pair.left == 77777 && pair.right == 77778);
    CHECK(pair_counts_take(&counts, &pair) && pair.left == 0 && pair.right == 1);
    pair_counts_free(&counts);
}

int main(void) {
    RUN(test_taken_in_order);
    RUN(test_more_pairs_than_a_table_begins_with);
    return check_finish();
}
