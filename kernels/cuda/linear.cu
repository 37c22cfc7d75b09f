#include "kernels/cuda/columns.h"
#include "kernels/cuda/matrix.h"

template <class A> static struct matrix matrix_of(const void *data, size_t step, bool transposed) {
    struct matrix matrix = {};
    matrix.data = data;
    matrix.type = matrix_type_of<A>();
    matrix.step = step;
    matrix.transposed = transposed;
    return matrix;
}

template <class A>
void cuda_linear_forward(device *dev, act *out, const act *x, const act *weight, const act *bias,
                         size_t N, size_t I, size_t O) {
    struct matrix_product product = {};
    product.M = N, product.N = O, product.K = I, product.batch = 1;
    product.a = matrix_of<A>(x, I, false);
    product.b = matrix_of<A>(weight, I, true);
    product.c = matrix_of<A>(out, O, false);
    product.bias = bias;
    matrix_multiply(dev, &product);
}
FOR_COMPUTE_TYPES(cuda_linear_forward);

template <class A>
void cuda_linear_backward_input(device *dev, act *x_gradient, const act *out_gradient,
                                const act *weight, size_t N, size_t I, size_t O, bool accumulate) {
    struct matrix_product product = {};
    product.M = N, product.N = I, product.K = O, product.batch = 1;
    product.a = matrix_of<A>(out_gradient, O, false);
    product.b = matrix_of<A>(weight, I, false);
    product.c = matrix_of<A>(x_gradient, I, false);
    product.accumulate = accumulate;
    matrix_multiply(dev, &product);
}
FOR_COMPUTE_TYPES(cuda_linear_backward_input);

template <class A> struct bias_columns {
    static constexpr unsigned QUANTITIES = 1, AT_ONCE = 8;
    const A *gradient;
    size_t C;
    __device__ bool is_whole(size_t column, size_t count) const {
        return column_is_whole(gradient, C, column, count);
    }
    template <bool WHOLE>
    __device__ void add(float sums[QUANTITIES][OCTET], size_t row, size_t column,
                        size_t count) const {
        float g[OCTET];
        column_load<WHOLE>(g, gradient + row * C + column, count);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sums[0][i] += g[i];
        }
    }
};

template <class A>
void cuda_linear_backward_weight(device *dev, float *weight_gradient, float *bias_gradient,
                                 const act *out_gradient, const act *x, size_t N, size_t I,
                                 size_t O, bool accumulate) {
    struct matrix_product product = {};
    product.M = O, product.N = I, product.K = N, product.batch = 1;
    product.a = matrix_of<A>(out_gradient, O, true);
    product.b = matrix_of<A>(x, I, false);
    product.c = matrix_of<float>(weight_gradient, I, false);
    product.accumulate = accumulate;
    matrix_multiply(dev, &product);
    if (bias_gradient) {
        bias_columns<A> value = {(const A *)out_gradient, O};
        sum_columns(dev, "a bias's gradient", value, {{bias_gradient}}, N, O, accumulate);
    }
}
FOR_COMPUTE_TYPES(cuda_linear_backward_weight);
