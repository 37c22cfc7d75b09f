#include "kernels/cuda/elements.h"

// Beyond it Phi is 0 or 1 in float, and products with it stay finite. NaN stays NaN.
__device__ static inline float gelu_limited(float x) {
    return x < -20 ? -20 : x > 20 ? 20 : x;
}

// exp(-x^2 / 2), which Phi and its slope share.
template <class A> __device__ inline float normal_exp(float x) {
    return sizeof(A) == sizeof(float) ? expf(-0.5f * x * x) : exp2_flushed(x * x * -0.72134752f);
}

// Phi(x), given exp(-x^2 / 2). In float through erf; for what is rounded to bf16 to a millionth of
// itself, at half the instructions, of which these kernels would else have more than memory gives time
// for: with u = |x| and t = 1 / (1 + 0.3 u),
//     Phi(-u) = exp(-u^2 / 2) t P(t),
// P of degree 7, its largest relative error for u up to 14 as small as can be (Remez): 1.5e-7.
template <class A> __device__ inline float normal_cdf(float x, float exponential) {
    if constexpr (sizeof(A) == sizeof(float)) {
        return 0.5f + 0.5f * erff(x * 0.70710678f);
    }
    float t = reciprocal(fmaf(fabsf(x), 0.3f, 1));
    float p = 0.03567479503f;
    p = fmaf(p, t, -0.1572031688f);
    p = fmaf(p, t, 0.2063536529f);
    p = fmaf(p, t, -0.05368377721f);
    p = fmaf(p, t, 0.1285616957f);
    p = fmaf(p, t, 0.0999134717f);
    p = fmaf(p, t, 0.1207539592f);
    p = fmaf(p, t, 0.1196292986f);
    float tail = exponential * t * p;
    return x < 0 ? tail : 1 - tail;
}

template <class A> struct gelu {
    A *y;
    const A *x;
    __device__ void operator()(size_t first, size_t count) const {
        float v[OCTET];
        octet_load(v, x + first, count);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float value = v[i] < -20 ? -20 : v[i], limited = gelu_limited(v[i]);
            v[i] = value * normal_cdf<A>(limited, normal_exp<A>(limited));
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
            float value = gelu_limited(v[i]), exponential = normal_exp<A>(value);
            g[i] *= fmaf(value * 0.39894228f, exponential, normal_cdf<A>(value, exponential));
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
