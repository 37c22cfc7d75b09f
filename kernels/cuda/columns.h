// Sums over the rows of a matrix, column by column, in two stages whose order depends on the shape
// alone: partial sums of COLUMN_ROWS rows each, then these in order.
#ifndef DLT_KERNELS_CUDA_COLUMNS_H
#define DLT_KERNELS_CUDA_COLUMNS_H

#include "kernels/cuda/cuda.h"

constexpr unsigned COLUMN_ROWS = 64;            // rows of one partial sum
constexpr unsigned COLUMN_WARPS = 8;            // that share them
constexpr unsigned COLUMN_WIDTH = WARP * OCTET; // columns of one block

constexpr size_t COLUMN_ROOM = COLUMN_WARPS * COLUMN_WIDTH * sizeof(float); // of shared memory

// Of what the warps of a block have of COLUMN_WIDTH columns, an octet to a lane, the sum of column
// threadIdx.x, the warps in order.
__device__ static inline float column_sum(float *room, const float sums[OCTET]) {
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    octet_store_whole(room + warp * COLUMN_WIDTH + lane * OCTET, sums);
    block_barrier();
    float sum = 0;
#pragma unroll
    for (unsigned w = 0; w < COLUMN_WARPS; w++) {
        sum += room[w * COLUMN_WIDTH + threadIdx.x];
    }
    block_barrier(); // `room` may be used again
    return sum;
}

// `value` has QUANTITIES, how many numbers an element gives; AT_ONCE, of how many rows its loads are to
// be under way together; is_whole(column, count), whether the octet at a column can be read in one
// piece, in every row; and add<WHOLE>(sums, row, column, count), which adds the numbers of an octet.
// partial: (chunks, QUANTITIES, C).
template <class Value>
__global__ void __launch_bounds__(COLUMN_WARPS *WARP)
    column_partials(Value value, float *partial, size_t N, size_t C) {
    constexpr unsigned Q = Value::QUANTITIES;
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    unsigned across = (unsigned)divide_up(C, COLUMN_WIDTH);
    size_t chunk = blockIdx.x / across, first_column = blockIdx.x % across * COLUMN_WIDTH;
    size_t first = chunk * COLUMN_ROWS, last = first + COLUMN_ROWS < N ? first + COLUMN_ROWS : N;
    size_t column = first_column + lane * OCTET, mine = first_column + threadIdx.x;
    float sums[Q][OCTET] = {};
    if (column < C && value.is_whole(column, C - column)) {
#pragma unroll Value::AT_ONCE
        for (size_t row = first + warp; row < last; row += COLUMN_WARPS) {
            value.template add<true>(sums, row, column, OCTET);
        }
    } else if (column < C) {
        for (size_t row = first + warp; row < last; row += COLUMN_WARPS) {
            value.template add<false>(sums, row, column, C - column);
        }
    }
#pragma unroll
    for (unsigned q = 0; q < Q; q++) {
        float sum = column_sum((float *)shared_memory(), sums[q]);
        if (mine < C) {
            partial[(chunk * Q + q) * C + mine] = sum;
        }
    }
}

// The octet of a row of a matrix (.., C), if it can be read in one piece.
template <class A>
__device__ inline bool column_is_whole(const A *data, size_t C, size_t column, size_t count) {
    return is_whole(data + column, count) && C * sizeof(A) % 16 == 0;
}

template <bool WHOLE, class A>
__device__ inline void column_load(float to[OCTET], const A *from, size_t count) {
    if constexpr (WHOLE) {
        octet_unpack(to, octet_bits_load(from));
    } else {
        octet_load(to, from, count);
    }
}

// Stores an octet and adds what was stored to the sums. Elements beyond `count` are 0.
template <bool WHOLE, class A>
__device__ inline void column_store(A *to, const float from[OCTET], size_t count,
                                    float sums[OCTET]) {
    if constexpr (WHOLE) {
        octet_store_whole(to, from);
    } else {
        octet_store(to, from, count);
    }
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        sums[i] = __fadd_rn(sums[i], rounded<A>(from[i])); // not a product and sum in one
    }
}

// Where the sums of each quantity go.
template <unsigned Q> struct column_targets { float *to[Q]; };

constexpr size_t TOTALS_ROOM = COLUMN_WARPS * WARP * sizeof(float); // of shared memory

// to[q][c] = the sum over chunks of partial[(chunk * Q + q) * C + c], or += with `accumulate`. A block
// has a warp's width of columns of one quantity; each warp has every eighth chunk.
template <unsigned Q>
static __global__ void __launch_bounds__(COLUMN_WARPS *WARP)
    column_totals(struct column_targets<Q> targets, const float *partial, size_t chunks, size_t C,
                  bool accumulate) {
    constexpr unsigned AT_ONCE = 8; // loads under way
    float *room = (float *)shared_memory();
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    unsigned across = (unsigned)divide_up(C, WARP), q = blockIdx.x / across;
    size_t c = (size_t)(blockIdx.x % across) * WARP + lane;
    float sum = 0;
    for (size_t i = warp; i < chunks; i += COLUMN_WARPS * AT_ONCE) {
        float x[AT_ONCE];
#pragma unroll
        for (unsigned j = 0; j < AT_ONCE; j++) {
            size_t chunk = i + j * COLUMN_WARPS;
            x[j] = c < C && chunk < chunks ? partial[(chunk * Q + q) * C + c] : 0;
        }
#pragma unroll
        for (unsigned j = 0; j < AT_ONCE; j++) {
            sum += x[j];
        }
    }
    room[threadIdx.x] = sum;
    block_barrier();
    if (warp == 0 && c < C) {
        float *to = (q == 0 ? targets.to[0] : targets.to[Q - 1]) + c; // Q is 1 or 2
        float total = 0;
#pragma unroll
        for (unsigned w = 0; w < COLUMN_WARPS; w++) {
            total += room[w * WARP + lane];
        }
        *to = accumulate ? *to + total : total;
    }
}

// targets.to[q] (C) = the sums over N rows, or += with `accumulate`.
template <class Value>
void sum_columns(device *dev, const char *what, const Value &value,
                 const struct column_targets<Value::QUANTITIES> &targets, size_t N, size_t C,
                 bool accumulate) {
    constexpr unsigned Q = Value::QUANTITIES;
    static_assert(Q == 1 || Q == 2, "column_totals");
    size_t chunks = divide_up(N, COLUMN_ROWS);
    float *partial = (float *)device_scratch(dev, chunks * Q * C * sizeof *partial);
    if (!partial) {
        return;
    }
    launch(dev, what, column_partials<Value>, divide_up(C, COLUMN_WIDTH) * chunks,
           COLUMN_WARPS * WARP, COLUMN_ROOM, value, partial, N, C);
    launch(dev, what, column_totals<Q>, divide_up(C, WARP) * Q, COLUMN_WARPS * WARP, TOTALS_ROOM,
           targets, (const float *)partial, chunks, C, accumulate);
}

// The same for a value of one quantity, n elements of it in rows of sums.columns.
template <class Value>
void column_sums_of(device *dev, const char *what, const Value &value,
                    const struct column_sums &sums, size_t n) {
    assert(n % sums.columns == 0);
    sum_columns(dev, what, value, {{sums.to}}, n / sums.columns, sums.columns, sums.accumulate);
}

#endif
