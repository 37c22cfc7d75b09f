// The instructions that C++ has no words for. tests/emu/chip.h offers the same functions on the
// CPU; which of the two is meant, the include path says.
#ifndef DLT_KERNELS_CUDA_CHIP_H
#define DLT_KERNELS_CUDA_CHIP_H

#include <cuda_bf16.h>
#include <stdint.h>

#define ALL_LANES 0xFFFFFFFFU

// The block's dynamic shared memory, 16-byte aligned.
__device__ inline char *shared_memory() {
    extern __shared__ __align__(16) char shared[];
    return shared;
}

__device__ inline void block_barrier() {
    __syncthreads();
}

// Whether any thread of the block says so; a barrier too.
__device__ inline bool block_any(bool flag) {
    return __syncthreads_or(flag);
}

__device__ inline void warp_barrier() {
    __syncwarp();
}

// The value of the lane whose number differs in the bits of `mask`.
template <class T> __device__ inline T warp_exchange(T value, int mask) {
    return __shfl_xor_sync(ALL_LANES, value, mask);
}

// Bit i: whether lane i says so.
__device__ inline uint32_t warp_vote(bool flag) {
    return __ballot_sync(ALL_LANES, flag);
}

// 2^x to about two units in the last place; 0 where that is below 2^-126.
__device__ inline float exp2_flushed(float x) {
    float result;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// 1 / x to an ulp or so; of numbers above 2^126, 0.
__device__ inline float reciprocal(float x) {
    float result;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
    return result;
}

// Begins to copy BYTES (4, 8 or 16), to which both sides are aligned, from global to shared memory; or
// zeros, if it is not `wanted`: then nothing is read. Copies go in groups, which a thread ends by
// committing them, and waits for before a barrier shows them to the block.
template <int BYTES> __device__ inline void copy_begin(void *to, const void *from, bool wanted) {
    uint32_t address = (uint32_t)__cvta_generic_to_shared(to);
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;"
                 :
                 : "r"(address), "l"(__cvta_generic_to_global(from)), "n"(BYTES),
                   "r"(wanted ? BYTES : 0)
                 : "memory");
}

__device__ inline void copies_commit() {
    asm volatile("cp.async.commit_group;" ::: "memory");
}

// Until at most the last GROUPS of this thread's groups are under way.
template <int GROUPS> __device__ inline void copies_wait() {
    asm volatile("cp.async.wait_group %0;" : : "n"(GROUPS) : "memory");
}

// Two floats as bf16, rounded to nearest even, the first in the lower half.
__device__ inline uint32_t pack_bf16(float low, float high) {
    __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
    uint32_t bits;
    memcpy(&bits, &pair, sizeof bits);
    return bits;
}

// Four 8 x 8 matrices of bf16 from shared memory. Lane i gives the address of row i % 8 of matrix
// i / 8 (16-byte aligned); word m of lane i gets elements 2 (i % 4) and + 1 of row i / 4 of matrix
// m. `transposed`: of column i / 4 instead.
__device__ inline void load_matrices(uint32_t words[4], const void *row) {
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
}

__device__ inline void load_matrices_transposed(uint32_t words[4], const void *row) {
    uint32_t address = (uint32_t)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(address)
                 : "memory");
}

// c (16, 8) += a (16, 16) b (16, 8), bf16 into float. With g = lane / 4 and t = lane % 4, words are
// pairs of elements, lower half first:
//     c: (g, 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
//     a: (g, 2t) (g + 8, 2t) (g, 2t + 8) (g + 8, 2t + 8)      b: (2t, g) (2t + 8, g), pairs downward
__device__ inline void multiply_add(float c[4], const uint32_t a[4], uint32_t b0, uint32_t b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#endif
