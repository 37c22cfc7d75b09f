#include "lib/base/random.h"

#include <assert.h>

#include "lib/base/math.h"

void random_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53U * c0;
        uint64_t p1 = (uint64_t)0xCD9E8D57U * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

void random_counter(const struct random_place *place, uint32_t index, uint32_t counter[4],
                    uint32_t key[2]) {
    counter[0] = index;
    counter[1] = (uint32_t)place->stream << 24 | (uint32_t)place->site << 16 | place->layer;
    counter[2] = (uint32_t)place->step;
    counter[3] = (uint32_t)(place->step >> 32);
    key[0] = (uint32_t)place->seed;
    key[1] = (uint32_t)(place->seed >> 32);
}

void random_block(const struct random_place *place, uint32_t index, uint32_t out[4]) {
    uint32_t counter[4];
    uint32_t key[2];
    random_counter(place, index, counter, key);
    random_philox(counter, key, out);
}

void random_sequence_start(struct random_sequence *sequence, struct random_place place) {
    *sequence = (struct random_sequence){.place = place};
}

void random_sequence_resume(struct random_sequence *sequence, struct random_place place,
                            uint64_t drawn) {
    *sequence = (struct random_sequence){.place = place, .drawn = drawn};
    random_block(&place, (uint32_t)(drawn / 4), sequence->block);
}

uint32_t random_u32(struct random_sequence *sequence) {
    if (sequence->drawn % 4 == 0) {
        random_block(&sequence->place, (uint32_t)(sequence->drawn / 4), sequence->block);
    }
    return sequence->block[sequence->drawn++ % 4];
}

static uint64_t random_u64(struct random_sequence *sequence) {
    uint64_t low = random_u32(sequence);
    return low | (uint64_t)random_u32(sequence) << 32;
}

double random_uniform(struct random_sequence *sequence) {
    return ((double)(random_u64(sequence) >> 12) + 0.5) * 0x1p-52;
}

double random_normal(struct random_sequence *sequence) {
    return math_normal_quantile(random_uniform(sequence));
}

// Draws again in the last, incomplete run of n values, so that every value is equally likely.
uint64_t random_below(struct random_sequence *sequence, uint64_t n) {
    assert(n > 0);
    uint64_t limit = UINT64_MAX - (UINT64_MAX % n + 1) % n;
    uint64_t value;
    do {
        value = random_u64(sequence);
    } while (value > limit);
    return value % n;
}

void random_shuffle_u32(struct random_sequence *sequence, uint32_t *items, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)random_below(sequence, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
