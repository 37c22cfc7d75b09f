#include "kernels/cuda/spans.h"

extern "C" {
#include "lib/base/memory.h"
}

#include <stdlib.h>

struct norm_span {
    const float *gradient;
    size_t n, first_block;
};

__global__ static void __launch_bounds__(SPAN_THREADS)
    piece_kernel(double *sums, const struct norm_span *spans, size_t count) {
    double *room = (double *)shared_memory();
    const struct norm_span *span = span_of_block(spans, count, blockIdx.x);
    size_t first = (blockIdx.x - span->first_block) * SPAN_PIECE;
    size_t last = first + SPAN_PIECE < span->n ? first + SPAN_PIECE : span->n;
    double sum = 0;
    for (size_t i = first + threadIdx.x * OCTET; i < last; i += SPAN_THREADS * OCTET) {
        float g[OCTET];
        octet_load(g, span->gradient + i, last - i);
#pragma unroll
        for (int j = 0; j < OCTET; j++) {
            sum += (double)g[j] * (double)g[j];
        }
    }
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) {
        sums[blockIdx.x] = sum;
    }
}

// sums[0] = the sum of all `count`.
__global__ static void __launch_bounds__(SPAN_THREADS) total_kernel(double *sums, size_t count) {
    double *room = (double *)shared_memory(), sum = 0;
    for (size_t i = threadIdx.x; i < count; i += SPAN_THREADS) {
        sum += sums[i];
    }
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) {
        sums[0] = sum;
    }
}

// Fills the table and returns the number of blocks.
static size_t make_table(struct norm_span *table, size_t *spans_used,
                         const struct gradient_span *spans, size_t count) {
    size_t blocks = 0;
    *spans_used = 0;
    for (size_t s = 0; s < count; s++) {
        if (spans[s].n > 0) {
            table[(*spans_used)++] = {spans[s].gradient, spans[s].n, blocks};
            blocks += divide_up(spans[s].n, SPAN_PIECE);
        }
    }
    return blocks;
}

double cuda_gradient_norm(device *dev, const struct gradient_span *spans, size_t count) {
    void *host = NULL;
    struct error error;
    if (memory_allocate(&host, count, sizeof(struct norm_span), "a table", &error) != STATUS_OK) {
        device_keep_error(dev, &error);
        return (double)NAN;
    }
    size_t used, blocks = make_table((struct norm_span *)host, &used, spans, count);
    size_t table_bytes = round_up(used * sizeof(struct norm_span), 256);
    char *scratch = device_scratch(dev, table_bytes + (blocks + 1) * sizeof(double));
    double *sums = (double *)(scratch + table_bytes), total = 0;
    if (scratch && blocks > 0) {
        cuda_upload(dev, scratch, host, used * sizeof(struct norm_span));
        size_t room = SPAN_THREADS / WARP * sizeof(double);
        launch(dev, "the gradient's norm", piece_kernel, blocks, SPAN_THREADS, room, sums,
               (const struct norm_span *)scratch, used);
        launch(dev, "the gradient's norm", total_kernel, 1, SPAN_THREADS, room, sums, blocks);
        cuda_download(dev, &total, sums, sizeof total);
    }
    free(host);
    return scratch && dev->status == STATUS_OK ? math_canonical(sqrt(total)) : (double)NAN;
}
