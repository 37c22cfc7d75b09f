// Work over many spans in one launch: each span is cut into pieces of SPAN_PIECE elements, a block
// each, and a table on the device says whose piece a block has.
#ifndef DLT_KERNELS_CUDA_SPANS_H
#define DLT_KERNELS_CUDA_SPANS_H

#include "kernels/cuda/cuda.h"

constexpr unsigned SPAN_THREADS = 256, SPAN_PIECE = 16 * SPAN_THREADS * OCTET;

// The span of block `block`: the last whose first_block is not beyond it. Spans have n > 0.
template <class Span>
__device__ inline const Span *span_of_block(const Span *spans, size_t count, size_t block) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (spans[middle].first_block <= block) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return spans + low;
}

#endif
