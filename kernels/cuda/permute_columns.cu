#include "kernels/cuda/elements.h"

template <class A> struct permute {
    A *out;
    const A *in;
    const int32_t *source;
    unsigned width, size; // of a row, of a group
    // One division of 64 bits for all.
    __device__ void operator()(size_t first, size_t count) const {
        size_t start = first / width * width; // of the row
        unsigned column = (unsigned)(first - start);
        for (size_t i = 0; i < count; i++) {
            unsigned group = column / size, within = column - group * size;
            out[first + i] = in[start + (unsigned)source[group] * size + within];
            column++;
            if (column == width) {
                column = 0;
                start += width;
            }
        }
    }
};

template <class A>
void cuda_permute_columns(device *dev, act *out, const act *in, size_t N, size_t groups,
                          size_t size, const int32_t *source) {
    int32_t *place = (int32_t *)device_scratch(dev, groups * sizeof *place);
    if (!place) {
        return;
    }
    cuda_upload(dev, place, source, groups * sizeof *place);
    for_elements(
        dev, "a permutation", N * groups * size,
        permute<A>{(A *)out, (const A *)in, place, (unsigned)(groups * size), (unsigned)size});
}
FOR_COMPUTE_TYPES(cuda_permute_columns);
