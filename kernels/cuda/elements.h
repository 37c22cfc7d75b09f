// Kernels that treat each element alike: y[i] = f(i, inputs), an octet per thread.
#ifndef DLT_KERNELS_CUDA_ELEMENTS_H
#define DLT_KERNELS_CUDA_ELEMENTS_H

#include "kernels/cuda/cuda.h"

constexpr unsigned ELEMENT_THREADS = 256;

// f(first, count): works on elements first .. first + count of n, count at most OCTET.
template <class F> __global__ void elements_kernel(F f, size_t n) {
    size_t first = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) * OCTET;
    if (first < n) {
        f(first, n - first < OCTET ? n - first : (size_t)OCTET);
    }
}

template <class F> void for_elements(device *dev, const char *what, size_t n, F f) {
    launch(dev, what, elements_kernel<F>, divide_up(divide_up(n, OCTET), ELEMENT_THREADS),
           ELEMENT_THREADS, 0, f, n);
}

#endif
