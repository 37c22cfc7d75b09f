// Dropout factors, a vector of Philox blocks at a time: the bits of lib/base/random.h.
#ifndef DLT_KERNELS_CPU_DROPOUT_H
#define DLT_KERNELS_CPU_DROPOUT_H

#include "kernels/cpu/cpu.h"
#include "kernels/dropout.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "halves of words are read as they lie");

enum {
    DROPOUT_BATCH = 8 * LANES, // elements drawn at once
    DROPOUT_ROOM = 8 * 16 + 8, // floats that dropout_factors() may need beyond those asked for
};

// Philox of the counters whose first word is in `index`; words[i] is word i of each lane's block.
INLINE void dropout_philox(const struct dropout_plan *plan, vec_bits index, vec_bits words[4]) {
    vec_bits c0 = index, c1 = vec_set_bits(plan->counter[1]), c2 = vec_set_bits(plan->counter[2]);
    vec_bits c3 = vec_set_bits(plan->counter[3]);
    uint32_t k0 = plan->key[0], k1 = plan->key[1];
    UNROLL for (int round = 0; round < 10; round++) {
        vec_bits high0, high1;
        vec_bits low0 = vec_multiply_wide(c0, 0xD2511F53U, &high0);
        vec_bits low1 = vec_multiply_wide(c2, 0xCD9E8D57U, &high1);
        c0 = high1 ^ c1 ^ vec_set_bits(k0);
        c1 = low1;
        c2 = high0 ^ c3 ^ vec_set_bits(k1);
        c3 = low0;
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    words[0] = c0;
    words[1] = c1;
    words[2] = c2;
    words[3] = c3;
}

#if defined DLT_ISA_avx512
#define LANE_BLOCKS 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15
#define LOW_PAIRS 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29
#define HIGH_PAIRS 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31
#define LOW_QUADS 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define HIGH_QUADS 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#elif defined DLT_ISA_avx2
#define LANE_BLOCKS 0, 2, 4, 6, 1, 3, 5, 7
#define LOW_PAIRS 0, 8, 1, 9, 4, 12, 5, 13
#define HIGH_PAIRS 2, 10, 3, 11, 6, 14, 7, 15
#define LOW_QUADS 0, 1, 8, 9, 4, 5, 12, 13
#define HIGH_QUADS 2, 3, 10, 11, 6, 7, 14, 15
#else
#define LANE_BLOCKS 0, 1, 2, 3
#define LOW_PAIRS 0, 4, 1, 5
#define HIGH_PAIRS 2, 6, 3, 7
#define LOW_QUADS 0, 1, 4, 5
#define HIGH_QUADS 2, 3, 6, 7
#endif

// The words of LANES blocks from `first`, in order of memory: each four lanes of a vector transpose
// to whole blocks, and lanes are given to blocks (LANE_BLOCKS) so that these come out in order.
INLINE void dropout_words(const struct dropout_plan *plan, uint32_t first, vec_bits ordered[4]) {
    vec_bits w[4];
    dropout_philox(plan, (vec_bits){LANE_BLOCKS} + first, w);
    vec_bits low01 = __builtin_shufflevector(w[0], w[1], LOW_PAIRS);
    vec_bits high01 = __builtin_shufflevector(w[0], w[1], HIGH_PAIRS);
    vec_bits low23 = __builtin_shufflevector(w[2], w[3], LOW_PAIRS);
    vec_bits high23 = __builtin_shufflevector(w[2], w[3], HIGH_PAIRS);
    ordered[0] = __builtin_shufflevector(low01, low23, LOW_QUADS);
    ordered[1] = __builtin_shufflevector(low01, low23, HIGH_QUADS);
    ordered[2] = __builtin_shufflevector(high01, high23, LOW_QUADS);
    ordered[3] = __builtin_shufflevector(high01, high23, HIGH_QUADS);
}

// Writes the factors of elements first .. first + n to `room`, which holds n + DROPOUT_ROOM floats,
// and returns where the first of them lies. They are 0 where an element is dropped.
INLINE const float *dropout_factors(const struct dropout_plan *plan, size_t first, size_t n,
                                    float *room) {
    typedef uint16_t halves __attribute__((vector_size(LANES * 2)));
    size_t skipped = first % 8;
    for (size_t i = 0; i < n + skipped; i += DROPOUT_BATCH) {
        vec_bits words[4];
        dropout_words(plan, (uint32_t)((first + i) / 8), words);
        UNROLL for (int v = 0; v < 8; v++) {
            halves drawn;
            memcpy(&drawn, (char *)words + v * (int)sizeof drawn, sizeof drawn);
            vec_int kept = (vec_int)(__builtin_convertvector(drawn, vec_bits) >= plan->threshold);
            vec_store(room + i + v * LANES, (vec)(kept & (vec_int)vec_set(plan->scale)));
        }
    }
    return room + skipped;
}

#endif
