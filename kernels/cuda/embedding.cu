#include "kernels/cuda/dropout.h"

constexpr unsigned THREADS = 256;

// Octet `index` of (N, C): row n, columns from `column` on. False beyond the end.
__device__ static inline bool octet_place(size_t index, size_t N, size_t C, size_t *n,
                                          size_t *column) {
    size_t octets = (C + OCTET - 1) / OCTET;
    *n = index / octets;
    *column = index % octets * OCTET;
    return *n < N;
}

__device__ static inline size_t thread_number() {
    return (size_t)blockIdx.x * blockDim.x + threadIdx.x;
}

template <class A>
__global__ void forward_kernel(A *out, const int32_t *tokens, const A *token_weight,
                               const A *position_weight, size_t N, size_t T, size_t C,
                               struct dropout_plan plan) {
    size_t n, column;
    if (!octet_place(thread_number(), N, C, &n, &column)) {
        return;
    }
    float x[OCTET], p[OCTET] = {};
    octet_load(x, token_weight + (size_t)tokens[n] * C + column, C - column);
    if (position_weight) {
        octet_load(p, position_weight + n % T * C + column, C - column);
    }
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        x[i] += p[i];
    }
    dropout_apply(plan, x, n * C + column);
    octet_store(out + n * C + column, x, C - column);
}

template <class A>
void cuda_embedding_forward(device *dev, act *out, const int32_t *tokens, const act *token_weight,
                            const act *position_weight, size_t N, size_t T, size_t C,
                            const struct dropout *dropout) {
    launch(dev, "the embedding", forward_kernel<A>,
           grid_of(divide_up(N * divide_up(C, OCTET), THREADS)), THREADS, 0, (A *)out, tokens,
           (const A *)token_weight, (const A *)position_weight, N, T, C, dropout_plan(dropout));
}
FOR_COMPUTE_TYPES(cuda_embedding_forward);

// ---- Backward -----------------------------------------------------------------------------------

// sum += row n's gradient behind the dropout.
template <class A>
__device__ inline void add_row(float sum[OCTET], const A *gradient, const struct dropout_plan &plan,
                               size_t n, size_t column, size_t C) {
    float g[OCTET];
    octet_load(g, gradient + n * C + column, C - column);
    dropout_apply(plan, g, n * C + column);
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        sum[i] += g[i];
    }
}

__device__ static inline void add_octet(float *to, const float sum[OCTET], size_t count) {
    float before[OCTET];
    octet_load(before, to, count);
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        before[i] += sum[i];
    }
    octet_store(to, before, count);
}

// Rows first .. first + THREADS whose token is `token`, in order, into `found`. Returns how many.
__device__ static inline unsigned find_rows(uint32_t *found, unsigned *counts,
                                            const int32_t *tokens, int32_t token, size_t first,
                                            size_t N) {
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, before = 0, total = 0;
    size_t n = first + threadIdx.x;
    bool same = n < N && tokens[n] == token;
    uint32_t votes = warp_vote(same);
    if (lane == 0) {
        counts[warp] = (unsigned)__builtin_popcount(votes);
    }
    block_barrier();
    for (unsigned w = 0; w < THREADS / WARP; w++) {
        before += w < warp ? counts[w] : 0;
        total += counts[w];
    }
    if (same) {
        uint32_t lower = votes & ((1U << lane) - 1);
        found[before + (unsigned)__builtin_popcount(lower)] = (uint32_t)n;
    }
    block_barrier();
    return total;
}

// Block n serves the token of row n, if no row before it has the same: it adds all rows that do, in
// order. blockIdx.y: which columns.
template <class A>
__global__ void __launch_bounds__(THREADS)
    token_kernel(float *token_gradient, const A *gradient, const int32_t *tokens, size_t N,
                 size_t C, struct dropout_plan plan) {
    uint32_t *found = (uint32_t *)shared_memory();
    unsigned *counts = (unsigned *)(found + THREADS);
    size_t n = blockIdx.x, column = ((size_t)blockIdx.y * THREADS + threadIdx.x) * OCTET;
    int32_t token = tokens[n];
    bool earlier = false;
    for (size_t i = threadIdx.x; i < n; i += THREADS) {
        earlier |= tokens[i] == token;
    }
    if (block_any(earlier)) {
        return;
    }
    float sum[OCTET] = {};
    for (size_t first = n; first < N; first += THREADS) {
        unsigned count = find_rows(found, counts, tokens, token, first, N);
        if (column < C) {
            for (unsigned i = 0; i < count; i++) {
                add_row(sum, gradient, plan, found[i], column, C);
            }
        }
        block_barrier();
    }
    if (column < C) {
        add_octet(token_gradient + (size_t)token * C + column, sum, C - column);
    }
}

template <class A>
__global__ void position_kernel(float *position_gradient, const A *gradient, size_t N, size_t T,
                                size_t C, struct dropout_plan plan) {
    size_t t, column;
    if (!octet_place(thread_number(), T, C, &t, &column)) {
        return;
    }
    float sum[OCTET] = {};
    for (size_t n = t; n < N; n += T) {
        add_row(sum, gradient, plan, n, column, C);
    }
    add_octet(position_gradient + t * C + column, sum, C - column);
}

template <class A>
void cuda_embedding_backward(device *dev, float *token_gradient, float *position_gradient,
                             const act *out_gradient, const int32_t *tokens, size_t N, size_t T,
                             size_t C, size_t V, const struct dropout *dropout) {
    (void)V;
    assert(N <= UINT32_MAX);
    struct dropout_plan plan = dropout_plan(dropout);
    size_t octets = divide_up(C, OCTET);
    launch(dev, "the token embedding's gradient", token_kernel<A>,
           grid_of(N, divide_up(octets, THREADS)), THREADS,
           THREADS * sizeof(uint32_t) + THREADS / WARP * sizeof(unsigned), token_gradient,
           (const A *)out_gradient, tokens, N, C, plan);
    if (position_gradient) {
        launch(dev, "the position embedding's gradient", position_kernel<A>,
               grid_of(divide_up(T * octets, THREADS)), THREADS, 0, position_gradient,
               (const A *)out_gradient, N, T, C, plan);
    }
}
FOR_COMPUTE_TYPES(cuda_embedding_backward);
