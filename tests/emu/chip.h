// The functions of kernels/cuda/chip/chip.h on the fibers of fiber.h.
#ifndef DLT_EMU_CHIP_H
#define DLT_EMU_CHIP_H

#include "cuda_runtime.h"

inline char *shared_memory() {
    return emu_shared;
}

inline void block_barrier() {
    emu_block_barrier();
}

inline bool block_any(bool flag) {
    return emu_block_any(flag);
}

inline void warp_barrier() {
    emu_warp_barrier();
}

template <class T> inline T warp_exchange(T value, int mask) {
    const char *slots = emu_warp_exchange(&value, sizeof value);
    memcpy(&value, slots + (emu_current()->lane ^ (unsigned)mask) * EMU_SLOT, sizeof value);
    return value;
}

inline uint32_t warp_vote(bool flag) {
    const char *slots = emu_warp_exchange(&flag, sizeof flag);
    uint32_t votes = 0;
    for (unsigned lane = 0; lane < EMU_WARP; lane++) {
        votes |= (uint32_t)(slots[lane * EMU_SLOT] != 0) << lane;
    }
    return votes;
}

inline float exp2_flushed(float x) {
    float result = exp2f(x);
    return result < 0x1p-126f ? 0 : result; // NaN stays one
}

inline float reciprocal(float x) {
    return 1 / x;
}

template <int BYTES> inline void copy_begin(void *to, const void *from, bool wanted) {
    emu_copy_begin(to, from, BYTES, wanted);
}

inline void copies_commit() {
    emu_copies_commit();
}

template <int GROUPS> inline void copies_wait() {
    emu_copies_wait(GROUPS);
}

inline uint32_t emu_bf16_bits(float x) {
    uint32_t bits = __float_as_uint(x);
    return x != x ? 0x7FFF : (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

inline uint32_t pack_bf16(float low, float high) {
    return emu_bf16_bits(low) | emu_bf16_bits(high) << 16;
}

inline void emu_load_matrices(uint32_t words[4], const void *row, bool transposed) {
    if ((uintptr_t)row % 16 != 0) {
        abort();
    }
    const char *slots = emu_warp_exchange(&row, sizeof row);
    unsigned group = emu_current()->lane / 4, pair = emu_current()->lane % 4 * 2;
    for (unsigned m = 0; m < 4; m++) {
        uint16_t halves[2];
        for (unsigned i = 0; i < 2; i++) {
            unsigned r = transposed ? pair + i : group, c = transposed ? group : pair + i;
            const uint16_t *from;
            memcpy(&from, slots + (m * 8 + r) * EMU_SLOT, sizeof from);
            halves[i] = from[c];
        }
        words[m] = halves[0] | (uint32_t)halves[1] << 16;
    }
    emu_warp_barrier(); // the rows may be overwritten only now
}

inline void load_matrices(uint32_t words[4], const void *row) {
    emu_load_matrices(words, row, false);
}

inline void load_matrices_transposed(uint32_t words[4], const void *row) {
    emu_load_matrices(words, row, true);
}

// Lane's word `w` of what it showed, half `half`, as a float.
inline float emu_half(const char *slots, unsigned lane, unsigned w, unsigned half) {
    uint32_t word;
    memcpy(&word, slots + lane * EMU_SLOT + w * sizeof word, sizeof word);
    return __uint_as_float(half ? word & 0xFFFF0000U : word << 16);
}

inline void multiply_add(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1) {
    const uint32_t mine[6] = {a[0], a[1], a[2], a[3], b0, b1};
    const char *slots = emu_warp_exchange(mine, sizeof mine);
    unsigned group = emu_current()->lane / 4, pair = emu_current()->lane % 4 * 2;
    for (unsigned i = 0; i < 4; i++) {
        unsigned row_half = i / 2, column = pair + i % 2;
        float sum = 0;
        for (unsigned k = 0; k < 16; k++) {
            unsigned lane = k % 8 / 2, upper = k / 8;
            sum = fmaf(emu_half(slots, group * 4 + lane, row_half + 2 * upper, k % 2),
                       emu_half(slots, column * 4 + lane, 4 + upper, k % 2), sum);
        }
        c[i] += sum;
    }
}

#endif
