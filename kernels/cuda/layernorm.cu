// A row is the work of one warp. Rows of up to 2048 elements are read once and kept in registers;
// longer ones are read again for each pass.

#include "kernels/cuda/columns.h"
#include "kernels/cuda/dropout.h"

constexpr unsigned ROWS = 4, KEPT = 8; // rows of a block; octets of a lane that are kept
constexpr size_t KEPT_WIDTH = KEPT * WARP * OCTET;

// The octets of a row of C elements that this lane works on, kept ones by number.
template <bool KEEP, class F> __device__ inline void for_octets(size_t C, F body) {
    size_t lane = threadIdx.x % WARP;
    if (KEEP) {
#pragma unroll
        for (unsigned k = 0; k < KEPT; k++) {
            size_t column = (k * WARP + lane) * OCTET;
            if (column < C) {
                body(k, column);
            }
        }
    } else {
        for (size_t column = lane * OCTET; column < C; column += WARP * OCTET) {
            body(0, column);
        }
    }
}

template <bool KEEP> struct row_room { float octets[KEEP ? KEPT : 1][OCTET]; };

// y = (x - mean) rstd gain + bias for one row, whose kept octets are in `room` already.
template <class A, bool KEEP>
__device__ inline void normalise_row(row_room<KEEP> &room, A *y, float *mean, float *rstd,
                                     const A *x, const A *gain, const A *bias, size_t C,
                                     float eps) {
    float sum = 0, squares = 0;
    auto load = [&](int k, size_t column) {
        if (!KEEP) {
            octet_load(room.octets[0], x + column, C - column);
        }
        return room.octets[k];
    };
    for_octets<KEEP>(C, [&](int k, size_t column) {
        const float *v = load(k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sum += v[i];
        }
    });
    float m = warp_sum(sum) / (float)C;
    for_octets<KEEP>(C, [&](int k, size_t column) {
        const float *v = load(k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float centred = column + i < C ? v[i] - m : 0;
            squares += centred * centred;
        }
    });
    float r = 1 / sqrtf(warp_sum(squares) / (float)C + eps);
    for_octets<KEEP>(C, [&](int k, size_t column) {
        const float *v = load(k, column);
        float g[OCTET], b[OCTET];
        octet_load(g, gain + column, C - column);
        octet_load(b, bias + column, C - column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            g[i] = (v[i] - m) * r * g[i] + b[i];
        }
        octet_store(y + column, g, C - column);
    });
    if (threadIdx.x % WARP == 0) {
        *mean = m;
        *rstd = r;
    }
}

__device__ static inline size_t row_of_warp() {
    return (size_t)blockIdx.x * ROWS + threadIdx.x / WARP;
}

template <class A, bool KEEP>
__global__ void __launch_bounds__(ROWS *WARP)
    layernorm_kernel(A *y, float *mean, float *rstd, const A *x, const A *gain, const A *bias,
                     size_t N, size_t C, float eps) {
    size_t n = row_of_warp();
    if (n >= N) {
        return;
    }
    row_room<KEEP> room;
    if (KEEP) {
        for_octets<KEEP>(C, [&](int k, size_t column) {
            octet_load(room.octets[k], x + n * C + column, C - column);
        });
    }
    normalise_row<A, KEEP>(room, y + n * C, mean + n, rstd + n, x + n * C, gain, bias, C, eps);
}

// The norm is of the sum as it is stored, in type A: backward will read that one.
template <class A, bool KEEP>
__global__ void __launch_bounds__(ROWS *WARP)
    residual_kernel(A *sum, A *y, float *mean, float *rstd, const A *residual, const A *x,
                    struct dropout_plan plan, const A *gain, const A *bias, size_t N, size_t C,
                    float eps) {
    size_t n = row_of_warp();
    if (n >= N) {
        return;
    }
    row_room<KEEP> room;
    for_octets<KEEP>(C, [&](int k, size_t column) {
        size_t first = n * C + column;
        float *v = room.octets[k], r[OCTET];
        octet_load(v, x + first, C - column);
        octet_load(r, residual + first, C - column);
        dropout_apply(plan, v, first);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            v[i] = rounded<A>(v[i] + r[i]);
        }
        octet_store(sum + first, v, C - column);
    });
    normalise_row<A, KEEP>(room, y + n * C, mean + n, rstd + n, sum + n * C, gain, bias, C, eps);
}

template <class A>
void cuda_layernorm_forward(device *dev, act *y, float *mean, float *rstd, const act *x,
                            const act *gain, const act *bias, size_t N, size_t C, float eps) {
    auto kernel = C <= KEPT_WIDTH ? layernorm_kernel<A, true> : layernorm_kernel<A, false>;
    launch(dev, "layer norm", kernel, divide_up(N, ROWS), ROWS * WARP, 0, (A *)y, mean, rstd,
           (const A *)x, (const A *)gain, (const A *)bias, N, C, eps);
}
FOR_COMPUTE_TYPES(cuda_layernorm_forward);

template <class A>
void cuda_residual_layernorm_forward(device *dev, act *sum, act *y, float *mean, float *rstd,
                                     const act *residual, const act *x,
                                     const struct dropout *dropout, const act *gain,
                                     const act *bias, size_t N, size_t C, float eps) {
    auto kernel = C <= KEPT_WIDTH ? residual_kernel<A, true> : residual_kernel<A, false>;
    launch(dev, "residual and layer norm", kernel, divide_up(N, ROWS), ROWS * WARP, 0, (A *)sum,
           (A *)y, mean, rstd, (const A *)residual, (const A *)x, dropout_plan(dropout),
           (const A *)gain, (const A *)bias, N, C, eps);
}
FOR_COMPUTE_TYPES(cuda_residual_layernorm_forward);

// ---- Backward -----------------------------------------------------------------------------------

// An octet of g = dy gain and of normal = (x - mean) rstd.
template <class A>
__device__ inline void load_gradient(float g[OCTET], float normal[OCTET], const A *dy, const A *x,
                                     const A *gain, float mean, float rstd, size_t count) {
    float w[OCTET];
    octet_load(g, dy, count);
    octet_load(normal, x, count);
    octet_load(w, gain, count);
#pragma unroll
    for (int i = 0; i < OCTET; i++) {
        g[i] *= w[i];
        normal[i] = (normal[i] - mean) * rstd;
    }
}

//     dx = rstd (g - mean over c of g - normal times the mean over c of g normal)
template <class A, bool KEEP>
__global__ void __launch_bounds__(ROWS *WARP)
    layernorm_backward_kernel(A *x_gradient, const A *y_gradient, const A *x, const float *means,
                              const float *rstds, const A *gain, size_t N, size_t C,
                              bool accumulate) {
    size_t n = row_of_warp();
    if (n >= N) {
        return;
    }
    row_room<KEEP> gs, normals;
    float mean = means[n], rstd = rstds[n], sum = 0, sum_normal = 0;
    for_octets<KEEP>(C, [&](int k, size_t column) {
        float *g = gs.octets[k], *normal = normals.octets[k];
        load_gradient(g, normal, y_gradient + n * C + column, x + n * C + column, gain + column,
                      mean, rstd, C - column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) { // g is 0 beyond the row
            sum += g[i];
            sum_normal += g[i] * normal[i];
        }
    });
    float mean_g = warp_sum(sum) / (float)C, mean_normal = warp_sum(sum_normal) / (float)C;
    for_octets<KEEP>(C, [&](int k, size_t column) {
        float *g = gs.octets[k], *normal = normals.octets[k], before[OCTET] = {};
        A *to = x_gradient + n * C + column;
        if (!KEEP) {
            load_gradient(g, normal, y_gradient + n * C + column, x + n * C + column, gain + column,
                          mean, rstd, C - column);
        }
        if (accumulate) {
            octet_load(before, to, C - column);
        }
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            before[i] += (g[i] - mean_g - normal[i] * mean_normal) * rstd;
        }
        octet_store(to, before, C - column);
    });
}

// Gradients of gain and bias: sums over rows of dy normal and of dy.
template <class A> struct norm_columns {
    static constexpr unsigned QUANTITIES = 2;
    const A *y_gradient, *x;
    const float *mean, *rstd;
    size_t C;
    __device__ void add(float sums[QUANTITIES][OCTET], size_t row, size_t column,
                        size_t count) const {
        float dy[OCTET], v[OCTET], m = mean[row], r = rstd[row];
        octet_load(dy, y_gradient + row * C + column, count);
        octet_load(v, x + row * C + column, count);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sums[0][i] += dy[i] * ((v[i] - m) * r);
            sums[1][i] += dy[i];
        }
    }
};

// x_gradient may be y_gradient: the columns are summed first.
template <class A>
void cuda_layernorm_backward(device *dev, act *x_gradient, float *gain_gradient,
                             float *bias_gradient, const act *y_gradient, const act *x,
                             const float *mean, const float *rstd, const act *gain, size_t N,
                             size_t C, bool accumulate, bool accumulate_weights) {
    if (gain_gradient) {
        norm_columns<A> value = {(const A *)y_gradient, (const A *)x, mean, rstd, C};
        float *const to[] = {gain_gradient, bias_gradient};
        column_sums(dev, "layer norm's weight gradient", value, to, N, C, accumulate_weights);
    }
    auto kernel =
        C <= KEPT_WIDTH ? layernorm_backward_kernel<A, true> : layernorm_backward_kernel<A, false>;
    launch(dev, "layer norm's gradient", kernel, divide_up(N, ROWS), ROWS * WARP, 0,
           (A *)x_gradient, (const A *)y_gradient, (const A *)x, mean, rstd, (const A *)gain, N, C,
           accumulate);
}
FOR_COMPUTE_TYPES(cuda_layernorm_backward);
