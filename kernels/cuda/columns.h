// Sums over the rows of a matrix, column by column, in two stages whose order depends on the shape
// alone: partial sums of COLUMN_ROWS rows each, then these in order.
#ifndef DLT_KERNELS_CUDA_COLUMNS_H
#define DLT_KERNELS_CUDA_COLUMNS_H

#include "kernels/cuda/cuda.h"

constexpr unsigned COLUMN_ROWS = 64;             // rows of one partial sum
constexpr unsigned COLUMN_WARPS = 8;             // that share them
constexpr unsigned COLUMN_WIDTH = WARP * OCTET;  // columns of one block
constexpr unsigned COLUMN_ADDERS = COLUMN_WIDTH; // threads of the second stage

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

// `value` has QUANTITIES, how many numbers an element gives, and add(sums, row, column, count),
// which adds those of an octet. partial: (chunks, QUANTITIES, C).
template <class Value>
__global__ void __launch_bounds__(COLUMN_WARPS *WARP)
    column_partials(Value value, float *partial, size_t N, size_t C) {
    constexpr unsigned Q = Value::QUANTITIES;
    unsigned lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    size_t across = divide_up(C, COLUMN_WIDTH), chunk = blockIdx.x / across;
    size_t first = chunk * COLUMN_ROWS, first_column = blockIdx.x % across * COLUMN_WIDTH;
    size_t last = first + COLUMN_ROWS < N ? first + COLUMN_ROWS : N;
    size_t column = first_column + lane * OCTET, mine = first_column + threadIdx.x;
    float sums[Q][OCTET] = {};
    if (column < C) {
        for (size_t row = first + warp; row < last; row += COLUMN_WARPS) {
            value.add(sums, row, column, C - column);
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

// to[c] = the sum over chunks of partial[chunk * step + c], or += with `accumulate`.
static __global__ void column_totals(float *to, const float *partial, size_t chunks, size_t step,
                                     size_t C, bool accumulate) {
    size_t c = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (c < C) {
        float sum = 0;
#pragma unroll 8
        for (size_t i = 0; i < chunks; i++) {
            sum += partial[i * step + c];
        }
        to[c] = accumulate ? to[c] + sum : sum;
    }
}

// to[q] (C) = the sums over N rows, or += with `accumulate`.
template <class Value>
void column_sums(device *dev, const char *what, const Value &value,
                 float *const to[Value::QUANTITIES], size_t N, size_t C, bool accumulate) {
    constexpr unsigned Q = Value::QUANTITIES;
    size_t chunks = divide_up(N, COLUMN_ROWS);
    float *partial = (float *)device_scratch(dev, chunks * Q * C * sizeof *partial);
    if (!partial) {
        return;
    }
    launch(dev, what, column_partials<Value>, divide_up(C, COLUMN_WIDTH) * chunks,
           COLUMN_WARPS * WARP, COLUMN_ROOM, value, partial, N, C);
    for (size_t q = 0; q < Q; q++) {
        launch(dev, what, column_totals, divide_up(C, COLUMN_ADDERS), COLUMN_ADDERS, 0, to[q],
               (const float *)partial + q * C, chunks, Q * C, C, accumulate);
    }
}

#endif
