#include "kernels/cuda/columns.h"
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
    launch(dev, "the embedding", forward_kernel<A>, divide_up(N * divide_up(C, OCTET), THREADS),
           THREADS, 0, (A *)out, tokens, (const A *)token_weight, (const A *)position_weight, N, T,
           C, dropout_plan(dropout));
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

// A row in its place among all rows, which are sorted by token and, of one token, by number.
struct sorted_row {
    uint32_t row;
    uint32_t count; // of the token's first row: how many have that token; of the others 0
};

// Each row's place by counting: rows of lower tokens, and rows before it of its own.
static __global__ void __launch_bounds__(THREADS)
    sort_kernel(sorted_row *sorted, const int32_t *tokens, size_t N) {
    int32_t *some = (int32_t *)shared_memory(); // THREADS tokens
    size_t n = thread_number();
    int32_t mine = n < N ? tokens[n] : 0;
    uint32_t lower = 0, before = 0, equal = 0;
    for (size_t first = 0; first < N; first += THREADS) {
        size_t m = first + threadIdx.x;
        some[threadIdx.x] = m < N ? tokens[m] : INT32_MAX; // no token
        block_barrier();
#pragma unroll 8
        for (unsigned i = 0; i < THREADS; i++) {
            bool same = some[i] == mine;
            lower += some[i] < mine;
            equal += same;
            before += same && first + i < n;
        }
        block_barrier();
    }
    if (n < N) {
        sorted[lower + before] = {(uint32_t)n, before == 0 ? equal : 0};
    }
}

// A block has COLUMN_WIDTH columns of one place. If a token's rows begin there, it adds them all: each
// warp every eighth, then the warps' sums.
template <class A>
__global__ void __launch_bounds__(COLUMN_WARPS *WARP)
    token_kernel(float *token_gradient, const A *gradient, const int32_t *tokens,
                 const sorted_row *sorted, size_t C, struct dropout_plan plan) {
    size_t across = divide_up(C, COLUMN_WIDTH), place = blockIdx.x / across;
    size_t first_column = blockIdx.x % across * COLUMN_WIDTH;
    size_t column = first_column + threadIdx.x % WARP * OCTET, mine = first_column + threadIdx.x;
    const sorted_row *rows = sorted + place;
    unsigned count = rows->count;
    if (count == 0) {
        return;
    }
    float sums[OCTET] = {};
    if (column < C) {
#pragma unroll 4
        for (unsigned i = threadIdx.x / WARP; i < count; i += COLUMN_WARPS) {
            add_row(sums, gradient, plan, rows[i].row, column, C);
        }
    }
    float sum = column_sum((float *)shared_memory(), sums);
    if (mine < C) {
        token_gradient[(size_t)tokens[rows->row] * C + mine] += sum;
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
    sorted_row *sorted = (sorted_row *)device_scratch(dev, N * sizeof *sorted);
    if (!sorted) {
        return;
    }
    launch(dev, "sorting tokens", sort_kernel, divide_up(N, THREADS), THREADS,
           THREADS * sizeof *tokens, sorted, tokens, N);
    launch(dev, "the token embedding's gradient", token_kernel<A>, N * divide_up(C, COLUMN_WIDTH),
           COLUMN_WARPS * WARP, COLUMN_ROOM, token_gradient, (const A *)out_gradient, tokens,
           (const sorted_row *)sorted, C, plan);
    if (position_gradient) {
        launch(dev, "the position embedding's gradient", position_kernel<A>,
               divide_up(T * divide_up(C, OCTET), THREADS), THREADS, 0, position_gradient,
               (const A *)out_gradient, N, T, C, plan);
    }
}
FOR_COMPUTE_TYPES(cuda_embedding_backward);
