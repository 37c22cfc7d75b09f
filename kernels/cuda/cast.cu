#include "kernels/cuda/elements.h"

struct cast {
    bf16 *to;
    const float *from;
    __device__ void operator()(size_t first, size_t count) const {
        float x[OCTET];
        octet_load(x, from + first, count);
        octet_store(to + first, x, count);
    }
};

template <> void cuda_cast<float>(device *dev, act *weight, const float *master, size_t n) {
    if ((const void *)weight != (const void *)master) {
        cuda_copy(dev, weight, master, n * sizeof(float));
    }
}

template <> void cuda_cast<bf16>(device *dev, act *weight, const float *master, size_t n) {
    for_elements(dev, "a cast", n, cast{(bf16 *)weight, master});
}
