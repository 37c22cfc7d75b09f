#include "kernels/cuda/elements.h"

// Beyond it Phi is 0 or 1 in float, and products with it stay finite. NaN stays NaN.
__device__ static inline float gelu_limited(float x) {
    return x < -20 ? -20 : x > 20 ? 20 : x;
}

__device__ static inline float normal_cdf(float x) {
    return 0.5f + 0.5f * erff(x * 0.70710678f);
}

template <class A> struct gelu {
    A *y;
    const A *x;
    __device__ void operator()(size_t first, size_t count) const {
        float v[OCTET];
        octet_load(v, x + first, count);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float value = v[i] < -20 ? -20 : v[i];
            v[i] = value * normal_cdf(gelu_limited(v[i]));
        }
        octet_store(y + first, v, count);
    }
};

// (x Phi(x))' = Phi(x) + x exp(-x^2 / 2) / sqrt(2 pi)
template <class A> struct gelu_slope {
    A *x_gradient;
    const A *y_gradient, *x;
    __device__ void operator()(size_t first, size_t count) const {
        float v[OCTET], g[OCTET];
        octet_load(v, x + first, count);
        octet_load(g, y_gradient + first, count);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float value = gelu_limited(v[i]);
            g[i] *= normal_cdf(value) + value * 0.39894228f * expf(-0.5f * value * value);
        }
        octet_store(x_gradient + first, g, count);
    }
};

template <class A> void cuda_gelu_forward(device *dev, act *y, const act *x, size_t n) {
    for_elements(dev, "GELU", n, gelu<A>{(A *)y, (const A *)x});
}
FOR_COMPUTE_TYPES(cuda_gelu_forward);

template <class A>
void cuda_gelu_backward(device *dev, act *x_gradient, const act *y_gradient, const act *x,
                        size_t n) {
    for_elements(dev, "GELU's gradient", n,
                 gelu_slope<A>{(A *)x_gradient, (const A *)y_gradient, (const A *)x});
}
FOR_COMPUTE_TYPES(cuda_gelu_backward);
