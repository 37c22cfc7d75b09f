// Philox against its authors' known answers, and the properties that what is drawn rests on.
#include "lib/base/random.h"

#include "tests/unit/check.h"

static void check_philox(const uint32_t counter[static 4], const uint32_t key[static 2],
                         const uint32_t want[static 4]) {
    uint32_t out[4];
    random_philox(counter, key, out);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(out[i], want[i]);
    }
}

// Random123's known-answer tests of philox4x32-10.
static void test_known_answers(void) {
    const uint32_t ones = 0xffffffff;
    check_philox((const uint32_t[4]){0}, (const uint32_t[2]){0},
                 (const uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check_philox((const uint32_t[4]){ones, ones, ones, ones}, (const uint32_t[2]){ones, ones},
                 (const uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check_philox((const uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                 (const uint32_t[2]){0xa4093822, 0x299f31d0},
                 (const uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void test_counter_layout(void) {
    const struct random_place place = {.seed = 0x1122334455667788,
                                       .step = 0x99aabbccddeeff00,
                                       .stream = RANDOM_DROPOUT,
                                       .site = 3,
                                       .layer = 0x0405};
    uint32_t counter[4], key[2], direct[4], block[4];
    random_counter(&place, 17, counter, key);
    CHECK_INT(counter[0], 17);
    CHECK_INT(counter[1], 0x02030405);
    CHECK_INT(counter[2], 0xddeeff00);
    CHECK_INT(counter[3], 0x99aabbcc);
    CHECK_INT(key[0], 0x55667788);
    CHECK_INT(key[1], 0x11223344);
    random_philox(counter, key, direct);
    random_block(&place, 17, block);
    CHECK(memcmp(direct, block, sizeof block) == 0);
}

// A sequence is the blocks of its place in order, and can be gone on with anywhere.
static void test_sequence(void) {
    const struct random_place place = {.seed = 7, .stream = RANDOM_AGENT};
    struct random_sequence sequence, resumed;
    random_sequence_start(&sequence, place);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t block[4];
        random_block(&place, i / 4, block);
        random_sequence_resume(&resumed, place, i);
        CHECK_INT(random_u32(&resumed), block[i % 4]);
        CHECK_INT(random_u32(&sequence), block[i % 4]);
    }
}

static void test_uniform(void) {
    enum { DRAWS = 100000, BINS = 20 };
    struct random_sequence sequence;
    int bins[BINS] = {0};
    double sum = 0, chi_square = 0;
    random_sequence_start(&sequence, (struct random_place){.seed = 1});
    for (int i = 0; i < DRAWS; i++) {
        double u = random_uniform(&sequence);
        CHECK(u > 0 && u < 1);
        bins[(int)(u * BINS)]++;
        sum += u;
    }
    for (int i = 0; i < BINS; i++) {
        double expected = (double)DRAWS / BINS, off = bins[i] - expected;
        chi_square += off * off / expected;
    }
    CHECK_CLOSE(sum / DRAWS, 0.5, 0.004);
    CHECK(chi_square > 6 && chi_square < 44); // 19 degrees of freedom, 0.1% either side
}

static void test_normal(void) {
    enum { DRAWS = 100000 };
    struct random_sequence sequence;
    double moments[5] = {0};
    random_sequence_start(&sequence, (struct random_place){.seed = 2});
    for (int i = 0; i < DRAWS; i++) {
        double x = random_normal(&sequence), power = 1;
        for (int k = 1; k <= 4; k++) {
            power *= x;
            moments[k] += power / DRAWS;
        }
    }
    CHECK_CLOSE(moments[1], 0, 0.015);
    CHECK_CLOSE(moments[2], 1, 0.02);
    CHECK_CLOSE(moments[3], 0, 0.05);
    CHECK_CLOSE(moments[4], 3, 0.15);
}

static void test_below(void) {
    struct random_sequence sequence;
    int counts[6] = {0};
    random_sequence_start(&sequence, (struct random_place){.seed = 3});
    for (int i = 0; i < 60000; i++) {
        uint64_t value = random_below(&sequence, 6);
        CHECK(value < 6);
        counts[value < 6 ? value : 0]++;
    }
    for (int i = 0; i < 6; i++) {
        CHECK_CLOSE(counts[i], 10000, 400);
    }
    CHECK_INT(random_below(&sequence, 1), 0);
    for (int i = 0; i < 1000; i++) { // half of all draws are thrown away here
        CHECK(random_below(&sequence, (1ULL << 63) + 1) <= 1ULL << 63);
    }
}

static void test_shuffle(void) {
    enum { ITEMS = 1000 };
    struct random_sequence sequence;
    uint32_t items[ITEMS];
    bool seen[ITEMS] = {false};
    int moved = 0;
    for (uint32_t i = 0; i < ITEMS; i++) {
        items[i] = i;
    }
    random_sequence_start(&sequence, (struct random_place){.seed = 4, .stream = RANDOM_SHUFFLE});
    random_shuffle_u32(&sequence, items, ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++) {
        CHECK(items[i] < ITEMS && !seen[items[i]]);
        seen[items[i]] = true;
        moved += items[i] != i;
    }
    CHECK(moved > ITEMS - 10);
    random_shuffle_u32(&sequence, items, 0);
    random_shuffle_u32(&sequence, items, 1);
}

int main(void) {
    RUN(test_known_answers);
    RUN(test_counter_layout);
    RUN(test_sequence);
    RUN(test_uniform);
    RUN(test_normal);
    RUN(test_below);
    RUN(test_shuffle);
    return check_finish();
}
