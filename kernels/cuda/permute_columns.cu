#include "kernels/cuda/elements.h"

template <class A> struct permute {
    A *out;
    const A *in;
    const int32_t *source;
    size_t groups, size;
    __device__ void operator()(size_t first, size_t count) const {
        size_t width = groups * size;
        for (size_t i = first; i < first + count; i++) {
            size_t row = i / width, column = i % width;
            out[i] = in[row * width + (size_t)source[column / size] * size + column % size];
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
    for_elements(dev, "a permutation", N * groups * size,
                 permute<A>{(A *)out, (const A *)in, place, groups, size});
}
FOR_COMPUTE_TYPES(cuda_permute_columns);
