// One float vector type for every instruction set, so that each operation has one source.
//
// `vec` is as wide as the machine's registers: LANES floats. Work on each element apart is the same
// at any width; what adds across elements uses vec16, sixteen lanes at any width: lane i takes
// elements i, i + 16, ... in ascending order, and a fixed tree joins the lanes. + - * / and
// comparisons are the compilers' own vector operators; a comparison yields all ones or zero.
//
// Everything here is static inline: a copy that a linker chose for another instruction set would
// be an illegal instruction there.
#ifndef DLT_KERNELS_CPU_VECTOR_H
#define DLT_KERNELS_CPU_VECTOR_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined DLT_ISA_avx512 || defined DLT_ISA_avx2
#include <immintrin.h>
#elif defined DLT_ISA_neon
#include <arm_neon.h>
#endif

#if defined DLT_ISA_avx512
enum { LANES = 16 };
#elif defined DLT_ISA_avx2
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
enum { PARTS = 16 / LANES }; // vectors in a vec16

typedef float vec __attribute__((vector_size(LANES * 4)));
typedef int32_t vec_int __attribute__((vector_size(LANES * 4)));
typedef uint32_t vec_bits __attribute__((vector_size(LANES * 4)));
typedef struct {
    vec part[PARTS];
} vec16;

#define INLINE static inline __attribute__((always_inline, unused))
#if defined __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE vec vec_load(const float *p) {
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}

INLINE void vec_store(float *p, vec x) {
    memcpy(p, &x, sizeof x);
}

// a where the mask is set, b elsewhere.
INLINE vec vec_select(vec_int mask, vec a, vec b) {
    return (vec)((mask & (vec_int)a) | (~mask & (vec_int)b));
}

#if defined DLT_ISA_avx512

INLINE vec vec_set(float x) {
    return (vec)_mm512_set1_ps(x);
}
INLINE vec vec_fma(vec a, vec b, vec c) {
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
INLINE vec vec_sqrt(vec x) {
    return (vec)_mm512_sqrt_ps((__m512)x);
}
// a > b ? a : b, so that b is the result where either is NaN.
INLINE vec vec_max(vec a, vec b) {
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
}
INLINE vec vec_min(vec a, vec b) {
    return (vec)_mm512_min_ps((__m512)a, (__m512)b);
}
// The first n floats at p, `fill` beyond them; n may exceed LANES.
INLINE vec vec_load_part(const float *p, size_t n, float fill) {
    __mmask16 mask = (__mmask16)_bzhi_u32(0xffff, n < LANES ? (unsigned)n : LANES);
    return (vec)_mm512_mask_loadu_ps(_mm512_set1_ps(fill), mask, p);
}
INLINE void vec_store_part(float *p, size_t n, vec x) {
    if (n >= LANES) { // masked stores are slow on some machines
        vec_store(p, x);
        return;
    }
    _mm512_mask_storeu_ps(p, (__mmask16)_bzhi_u32(0xffff, (unsigned)n), (__m512)x);
}
// The low and high words of 32 x 32 bit products.
INLINE vec_bits vec_multiply_wide(vec_bits a, uint32_t b, vec_bits *high) {
    __m512i factor = _mm512_set1_epi32((int)b);
    __m512i even = _mm512_mul_epu32((__m512i)a, factor);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64((__m512i)a, 32), factor);
    *high = (vec_bits)_mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
    return (vec_bits)_mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
}

#elif defined DLT_ISA_avx2

INLINE vec vec_set(float x) {
    return (vec)_mm256_set1_ps(x);
}
INLINE vec vec_fma(vec a, vec b, vec c) {
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
INLINE vec vec_sqrt(vec x) {
    return (vec)_mm256_sqrt_ps((__m256)x);
}
INLINE vec vec_max(vec a, vec b) {
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
}
INLINE vec vec_min(vec a, vec b) {
    return (vec)_mm256_min_ps((__m256)a, (__m256)b);
}
INLINE __m256i vec_first_lanes(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE vec vec_load_part(const float *p, size_t n, float fill) {
    if (n >= LANES) {
        return vec_load(p);
    }
    __m256i mask = vec_first_lanes(n);
    return (vec)_mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(p, mask), (__m256)mask);
}
INLINE void vec_store_part(float *p, size_t n, vec x) {
    if (n >= LANES) {
        vec_store(p, x);
        return;
    }
    _mm256_maskstore_ps(p, vec_first_lanes(n), (__m256)x);
}
INLINE vec_bits vec_multiply_wide(vec_bits a, uint32_t b, vec_bits *high) {
    __m256i factor = _mm256_set1_epi32((int)b);
    __m256i even = _mm256_mul_epu32((__m256i)a, factor);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64((__m256i)a, 32), factor);
    *high = (vec_bits)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
    return (vec_bits)_mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

#else

INLINE vec vec_set(float x) {
    return (vec){x, x, x, x};
}
INLINE vec vec_max(vec a, vec b) {
    return vec_select(a > b, a, b);
}
INLINE vec vec_min(vec a, vec b) {
    return vec_select(a < b, a, b);
}

INLINE vec vec_load_part(const float *p, size_t n, float fill) {
    if (n >= LANES) {
        return vec_load(p);
    }
    float lanes[LANES];
    for (size_t i = 0; i < LANES; i++) {
        lanes[i] = i < n ? p[i] : fill;
    }
    return vec_load(lanes);
}

INLINE void vec_store_part(float *p, size_t n, vec x) {
    if (n >= LANES) {
        vec_store(p, x);
        return;
    }
    float lanes[LANES];
    vec_store(lanes, x);
    for (size_t i = 0; i < n; i++) {
        p[i] = lanes[i];
    }
}

#if defined DLT_ISA_neon

INLINE vec vec_fma(vec a, vec b, vec c) {
    return (vec)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
INLINE vec vec_sqrt(vec x) {
    return (vec)vsqrtq_f32((float32x4_t)x);
}

#else

INLINE vec vec_fma(vec a, vec b, vec c) {
    return (vec){fmaf(a[0], b[0], c[0]), fmaf(a[1], b[1], c[1]), fmaf(a[2], b[2], c[2]),
                 fmaf(a[3], b[3], c[3])};
}
INLINE vec vec_sqrt(vec x) {
    return (vec){sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])};
}

#endif

INLINE vec_bits vec_multiply_wide(vec_bits a, uint32_t b, vec_bits *high) {
    UNROLL for (int i = 0; i < LANES; i++) {
        (*high)[i] = (uint32_t)((uint64_t)a[i] * b >> 32);
    }
    return a * b;
}

#endif

INLINE vec_bits vec_set_bits(uint32_t x) {
    return (vec_bits)(vec_int){0} + x;
}

// Every NaN becomes the one quiet NaN of lib/base/math.h.
INLINE vec vec_canonical(vec x) {
    return vec_select(x == x, x, (vec)vec_set_bits(0x7fc00000));
}

// ---- Sixteen lanes -----------------------------------------------------------------------------

INLINE vec16 vec16_set(float x) {
    vec16 all;
    UNROLL for (int p = 0; p < PARTS; p++) {
        all.part[p] = vec_set(x);
    }
    return all;
}

// What part p of a vec16 takes of the n floats at x when the sixteen start at x[j].
INLINE vec vec16_load_part(const float *x, size_t n, size_t j, int p, float fill) {
    size_t at = j + (size_t)p * LANES;
    return at < n ? vec_load_part(x + at, n - at, fill) : vec_set(fill);
}

// Adds lanes 8 apart, then 4, 2, 1.
INLINE float vec16_sum(vec16 x) {
    float lanes[16];
    memcpy(lanes, &x, sizeof lanes);
    UNROLL for (int width = 8; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) {
            lanes[i] += lanes[i + width];
        }
    }
    return lanes[0];
}

INLINE float vec16_max(vec16 x) {
    float lanes[16];
    memcpy(lanes, &x, sizeof lanes);
    UNROLL for (int width = 8; width > 0; width /= 2) {
        UNROLL for (int i = 0; i < width; i++) {
            lanes[i] = lanes[i] > lanes[i + width] ? lanes[i] : lanes[i + width];
        }
    }
    return lanes[0];
}

#endif
