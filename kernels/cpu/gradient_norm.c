#include "kernels/cpu/cpu.h"
#include "lib/base/math.h"

enum { PIECE = 4096 }; // part of the results' bits

// Lane i of 16 takes elements i, i + 16, ...; then the tree of vec16_sum.
static double sum_squares(const float *x, size_t n) {
    double lanes[16] = {0};
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t lane = 0; lane < 16; lane++) {
            lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
        }
    }
    for (size_t lane = 0; i + lane < n; lane++) {
        lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
    }
    for (size_t width = 8; width > 0; width /= 2) {
        for (size_t lane = 0; lane < width; lane++) {
            lanes[lane] += lanes[lane + width];
        }
    }
    return lanes[0];
}

double CPU(gradient_norm)(device *dev, const struct gradient_span *spans, size_t count) {
    size_t pieces = 0, total = 0;
    for (size_t s = 0; s < count; s++) {
        pieces += divide_up(spans[s].n, PIECE);
        total += spans[s].n;
    }
    double *sums = cpu_scratch(dev, size_max(pieces, 1) * sizeof *sums);
    if (!sums) {
        return (double)NAN;
    }
#pragma omp parallel if (total >= 2 * PARALLEL_ELEMENTS)
    {
        double *to = sums;
        for (size_t s = 0; s < count; s++) {
            size_t n = spans[s].n;
#pragma omp for schedule(static) nowait
            for (size_t piece = 0; piece < divide_up(n, PIECE); piece++) {
                size_t first = piece * PIECE;
                to[piece] = sum_squares(spans[s].gradient + first, size_min(PIECE, n - first));
            }
            to += divide_up(n, PIECE);
        }
    }
    double sum = 0;
    const double *from = sums;
    for (size_t s = 0; s < count; s++) {
        double span_sum = 0;
        for (size_t piece = 0; piece < divide_up(spans[s].n, PIECE); piece++) {
            span_sum += *from++;
        }
        sum += span_sum;
    }
    return math_canonical(sqrt(sum));
}
