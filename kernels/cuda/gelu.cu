#include "kernels/cuda/columns.h"
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
    // Leaves in g, the gradient of y, that of x.
    __device__ static void apply(float g[OCTET], const float v[OCTET]) {
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float value = gelu_limited(v[i]), exponential = normal_exp<A>(value);
            g[i] *= fmaf(value * 0.39894228f, exponential, normal_cdf<A>(value, exponential));
        }
    }
    __device__ void operator()(size_t first, size_t count) const {
        float v[OCTET], g[OCTET];
        octet_load(v, x + first, count);
        octet_load(g, y_gradient + first, count);
        apply(g, v);
        octet_store(x_gradient + first, g, count);
    }
};

// The same with the sums of its columns.
template <class A> struct gelu_slope_columns {
    static constexpr unsigned QUANTITIES = 1, AT_ONCE = 1;
    A *x_gradient;
    const A *y_gradient, *x;
    size_t C;
    __device__ bool is_whole(size_t column, size_t count) const {
        return column_is_whole(x_gradient, C, column, count) &&
               column_is_whole(y_gradient, C, column, count) &&
               column_is_whole(x, C, column, count);
    }
    template <bool WHOLE>
    __device__ void add(float sums[QUANTITIES][OCTET], size_t row, size_t column,
                        size_t count) const {
        size_t place = row * C + column;
        float v[OCTET], g[OCTET];
        column_load<WHOLE>(v, x + place, count);
        column_load<WHOLE>(g, y_gradient + place, count);
        gelu_slope<A>::apply(g, v);
        column_store<WHOLE>(x_gradient + place, g, count, sums[0]);
    }
};

template <class A> void cuda_gelu_forward(device *dev, act *y, const act *x, size_t n) {
    for_elements(dev, "GELU", n, gelu<A>{(A *)y, (const A *)x});
}
FOR_COMPUTE_TYPES(cuda_gelu_forward);

template <class A>
void cuda_gelu_backward(device *dev, act *x_gradient, const act *y_gradient, const act *x, size_t n,
                        const struct column_sums *sums) {
    A *to = (A *)x_gradient;
    const A *from = (const A *)y_gradient, *at = (const A *)x;
    if (sums) {
        gelu_slope_columns<A> value = {to, from, at, sums->columns};
        column_sums_of(dev, "GELU's gradient", value, *sums, n);
    } else {
        for_elements(dev, "GELU's gradient", n, gelu_slope<A>{to, from, at});
    }
}
FOR_COMPUTE_TYPES(cuda_gelu_backward);
