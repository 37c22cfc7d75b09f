// How fast the CPU's operations are: matrix products in GFLOP/s and as a share of the multiply-add
// peak that this machine itself shows, the others in elements per microsecond. Medians.
//
//     kernels [--isa NAME] [--threads N] [--repeat N]

#define _GNU_SOURCE
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernels/cpu/device.h"
#include "lib/base/memory.h"

#if defined __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

enum { MOST_REPEATS = 1001, BUFFER = 1 << 23 };

static int repeats = 21;
static const struct ops *ops;
static device *dev;
static float *buffers[6]; // BUFFER floats each

// Of one thread: its processor time, which other programs on this machine disturb less.
static double seconds_now(void) {
    struct timespec t;
    clock_gettime(omp_get_max_threads() == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// ---- The peak: chains of multiply-adds that touch nothing but registers -------------------------

enum { CHAINS = 12, PEAK_STEPS = 200000 };

#define PEAK(name, attribute, type, set, fma, lanes)                                               \
    attribute static double name(void) {                                                           \
        type sums[CHAINS], a = set(0.999f), b = set(0.001f);                                       \
        for (int i = 0; i < CHAINS; i++) {                                                         \
            sums[i] = set((float)i);                                                               \
        }                                                                                          \
        double start = seconds_now();                                                              \
        for (int step = 0; step < PEAK_STEPS; step++) {                                            \
            _Pragma("GCC unroll 12") for (int i = 0; i < CHAINS; i++) {                            \
                sums[i] = fma(sums[i], a, b);                                                      \
            }                                                                                      \
        }                                                                                          \
        double seconds = seconds_now() - start;                                                    \
        for (int i = 0; i < CHAINS; i++) {                                                         \
            volatile type sink = sums[i];                                                          \
            (void)sink;                                                                            \
        }                                                                                          \
        return 2.0 * lanes * CHAINS * PEAK_STEPS / seconds * 1e-9;                                 \
    }

#if defined __x86_64__
PEAK(peak_avx512, __attribute__((target("avx512f"))), __m512, _mm512_set1_ps, _mm512_fmadd_ps, 16)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), __m256, _mm256_set1_ps, _mm256_fmadd_ps, 8)
#elif defined __aarch64__
#define NEON_FMA(sum, a, b) vfmaq_f32(b, sum, a)
PEAK(peak_neon, , float32x4_t, vdupq_n_f32, NEON_FMA, 4)
#endif

// One thread's GFLOP/s; 0 where there is no loop for this instruction set.
static double measure_peak(void) {
#if defined __x86_64__
    return strstr(ops->name, "avx512") ? peak_avx512()
           : strstr(ops->name, "avx2") ? peak_avx2()
                                       : 0;
#elif defined __aarch64__
    return strstr(ops->name, "neon") ? peak_neon() : 0;
#else
    return 0;
#endif
}

// ---- Timing -------------------------------------------------------------------------------------

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, compare_doubles);
    return values[n / 2];
}

struct shape {
    size_t N, I, O;
};

typedef void operation(const struct shape *shape);

static void forward(const struct shape *s) {
    ops->linear_forward(dev, (act *)buffers[0], (act *)buffers[1], (act *)buffers[2],
                        (act *)buffers[3], s->N, s->I, s->O);
}

static void backward_input(const struct shape *s) {
    ops->linear_backward_input(dev, (act *)buffers[0], (act *)buffers[1], (act *)buffers[2], s->N,
                               s->I, s->O, false);
}

static void backward_weight(const struct shape *s) {
    ops->linear_backward_weight(dev, buffers[0], NULL, (act *)buffers[1], (act *)buffers[2], s->N,
                                s->I, s->O, false);
}

// Median GFLOP/s; *share: median of the ratio to the peak measured just before (by one thread,
// times `threads`), so that a change of clock between them does not count.
static double measure_product(operation *run, const struct shape *s, int threads, double *share) {
    static double speeds[MOST_REPEATS], shares[MOST_REPEATS];
    omp_set_num_threads(threads);
    double work = 2e-9 * (double)s->N * (double)s->I * (double)s->O;
    run(s);
    for (int i = 0; i < repeats; i++) {
        omp_set_num_threads(1);
        double peak = measure_peak();
        omp_set_num_threads(threads);
        run(s); // wakes the threads
        double start = seconds_now();
        run(s);
        run(s);
        speeds[i] = 2 * work / (seconds_now() - start);
        shares[i] = peak > 0 ? speeds[i] / (peak * threads) : 0;
    }
    *share = median(shares, repeats);
    return median(speeds, repeats);
}

static void bench_products(int threads) {
    static const struct shape SHAPES[] = {
        {1024, 128, 512},  {1024, 1024, 1024}, {1024, 128, 128}, {1024, 128, 384},
        {1024, 512, 128},  {1024, 128, 4096},  {2048, 256, 256}, {2048, 256, 1024},
        {2048, 1024, 256}, {512, 64, 192},     {512, 64, 256},
    };
    static const struct {
        const char *name;
        operation *run;
    } OPERATIONS[] = {{"forward", forward}, {"input", backward_input}, {"weight", backward_weight}};
    printf("%-28s %10s %7s   %10s %7s %6s\n", "product N x I x O", "1 thread", "peak",
           "all threads", "peak", "ratio");
    for (size_t i = 0; i < ARRAY_LENGTH(SHAPES); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(OPERATIONS); j++) {
            char name[64];
            double share1, share;
            snprintf(name, sizeof name, "%s %zu x %zu x %zu", OPERATIONS[j].name, SHAPES[i].N,
                     SHAPES[i].I, SHAPES[i].O);
            double speed1 = measure_product(OPERATIONS[j].run, &SHAPES[i], 1, &share1);
            double speed = measure_product(OPERATIONS[j].run, &SHAPES[i], threads, &share);
            printf("%-28s %10.1f %6.1f%%   %10.1f %6.1f%% %6.2f\n", name, speed1, 100 * share1,
                   speed, 100 * share, speed / speed1);
        }
    }
}

// ---- Everything else ----------------------------------------------------------------------------

static const struct dropout DROPOUT = {.p = 0.2, .place = {.stream = RANDOM_DROPOUT}};
enum { B = 8, T = 128, H = 4, D = 32, N = B * T, C = H * D, V = 4096 };

static void attention_forward(void) {
    ops->attention_forward(dev, (act *)buffers[0], buffers[1], (act *)buffers[2], B, T, H, D, true,
                           &DROPOUT);
}
static void attention_backward(void) {
    ops->attention_backward(dev, (act *)buffers[4], (act *)buffers[3], (act *)buffers[0],
                            (act *)buffers[2], buffers[1], B, T, H, D, true, &DROPOUT);
}
static void residual_layernorm(void) {
    ops->residual_layernorm_forward(dev, (act *)buffers[0], (act *)buffers[1], buffers[4],
                                    buffers[5], (act *)buffers[2], (act *)buffers[3], &DROPOUT,
                                    (act *)buffers[2], (act *)buffers[3], N, C, 1e-5f);
}
static void layernorm_backward(void) {
    ops->layernorm_backward(dev, (act *)buffers[0], buffers[4], buffers[5], (act *)buffers[1],
                            (act *)buffers[2], buffers[3], buffers[3] + N, (act *)buffers[3], N, C,
                            false, false);
}
static void dropout_backward(void) {
    ops->dropout_backward(dev, (act *)buffers[0], (act *)buffers[1], N * C, &DROPOUT, NULL);
}
static void gelu_forward(void) {
    ops->gelu_forward(dev, (act *)buffers[0], (act *)buffers[1], N * 4 * C);
}
static void gelu_backward(void) {
    ops->gelu_backward(dev, (act *)buffers[0], (act *)buffers[1], (act *)buffers[2], N * 4 * C,
                       NULL);
}
static void cross_entropy(void) {
    static int32_t targets[N];
    ops->cross_entropy(dev, buffers[1], NULL, (act *)buffers[0], targets, N, V, V, 1e-3f);
}
static void adamw(void) {
    struct adamw_span span = {.master = buffers[0],
                              .weight = (act *)buffers[0],
                              .gradient = buffers[1],
                              .moment1 = buffers[2],
                              .moment2 = buffers[3],
                              .n = 1 << 20,
                              .step = 10};
    struct adamw_options options = {1e-3, 0.9, 0.999, 1e-8, 0.01, 1};
    ops->adamw(dev, &span, 1, &options);
}
static void gradient_norm(void) {
    struct gradient_span span = {buffers[1], 1 << 20};
    (void)ops->gradient_norm(dev, &span, 1);
}

static void bench_others(int threads) {
    static const struct {
        const char *name;
        void (*run)(void);
        double elements;
    } OTHERS[] = {{"attention forward", attention_forward, B * H * T * (T / 2.0)},
                  {"attention backward", attention_backward, B * H * T * (T / 2.0)},
                  {"residual, dropout, layernorm", residual_layernorm, N * C},
                  {"layernorm backward", layernorm_backward, N * C},
                  {"dropout backward", dropout_backward, N * C},
                  {"gelu forward", gelu_forward, 4 * N * C},
                  {"gelu backward", gelu_backward, 4 * N * C},
                  {"cross entropy", cross_entropy, N * V},
                  {"adamw", adamw, 1 << 20},
                  {"gradient norm", gradient_norm, 1 << 20}};
    static double times[MOST_REPEATS];
    printf("\n%-30s %12s %14s   %12s\n", "B 8, T 128, H 4, D 32, V 4096", "us, 1 thread",
           "ns per element", "all threads");
    for (size_t i = 0; i < ARRAY_LENGTH(OTHERS); i++) {
        double microseconds[2];
        for (int j = 0; j < 2; j++) {
            omp_set_num_threads(j == 0 ? 1 : threads);
            for (int r = 0; r < repeats; r++) {
                double start = seconds_now();
                OTHERS[i].run();
                times[r] = 1e6 * (seconds_now() - start);
            }
            microseconds[j] = median(times, repeats);
        }
        printf("%-30s %12.1f %14.3f   %12.1f\n", OTHERS[i].name, microseconds[0],
               1e3 * microseconds[0] / OTHERS[i].elements, microseconds[1]);
    }
}

static int fail(const char *why) {
    fprintf(stderr, "bench-kernels: %s\n", why);
    return 1;
}

int main(int count, char **arguments) {
    int threads = omp_get_num_procs();
    struct error error;
    enum status status = ops_cpu(&ops, &error);
    for (int i = 1; status == STATUS_OK && i + 1 < count; i += 2) {
        if (strcmp(arguments[i], "--isa") == 0) {
            ops = cpu_ops_named(arguments[i + 1]);
        } else if (strcmp(arguments[i], "--threads") == 0) {
            threads = atoi(arguments[i + 1]);
        } else if (strcmp(arguments[i], "--repeat") == 0) {
            repeats = atoi(arguments[i + 1]);
        }
    }
    if (status != STATUS_OK || !ops || threads < 1 || repeats < 1 || repeats > MOST_REPEATS) {
        return fail("usage: kernels [--isa NAME] [--threads N] [--repeat N]");
    }
    status = ops->open(&dev, &error);
    for (size_t i = 0; i < ARRAY_LENGTH(buffers) && status == STATUS_OK; i++) {
        void *memory;
        status = ops->allocate(dev, &memory, BUFFER * sizeof(float), "the bench", &error);
        buffers[i] = memory;
        for (size_t j = 0; status == STATUS_OK && j < BUFFER; j++) {
            buffers[i][j] = (float)((i * 7919 + j * 104729) % 1009) / 1009;
        }
    }
    if (status != STATUS_OK) {
        return fail(error.message);
    }
    omp_set_num_threads(1);
    printf("%s, %d threads, multiply-add peak of one thread %.1f GFLOP/s\n\n", ops->name, threads,
           measure_peak());
    bench_products(threads);
    bench_others(threads);
    for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++) {
        ops->release(dev, buffers[i], BUFFER * sizeof(float));
    }
    ops->close(dev);
    return 0;
}
