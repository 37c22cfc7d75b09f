// A row is the work of one warp. Rows of whole octets, of up to 4 KiB, are read once, all of a row being
// under way together, and kept in registers; others are read again for each pass.

#include "kernels/cuda/columns.h"
#include "kernels/cuda/dropout.h"

constexpr unsigned ROWS = 4;                                 // rows of a block
template <class A> constexpr unsigned KEPT = 16 / sizeof(A); // octets of a lane that are kept

static inline bool is_aligned(const void *data) {
    return (uintptr_t)data % 16 == 0;
}

// Whether rows can be kept: `arrays` are all that they are read from and written to.
template <class A, class... Arrays> static bool can_keep(size_t C, Arrays... arrays) {
    return C <= KEPT<A> * WARP * OCTET && C % OCTET == 0 && (is_aligned(arrays) && ...);
}

// The octets of a row of C elements that this lane works on, kept ones by number, and with them those
// of other lanes beyond the row's end.
template <class A, bool KEEP, class F> __device__ inline void for_octets(size_t C, F body) {
    size_t lane = threadIdx.x % WARP;
    if constexpr (KEEP) {
#pragma unroll
        for (unsigned k = 0; k < KEPT<A>; k++) {
            if (k * WARP * OCTET < C) {
                body(k, (k * WARP + lane) * OCTET);
            }
        }
    } else {
        for (size_t column = lane * OCTET; column < C; column += WARP * OCTET) {
            body(0, column);
        }
    }
}

// A row that is read: elements beyond its end are 0.
template <class A, bool KEEP> struct row_reader {
    const A *row;
    size_t C;
    octet_bits<A> kept[KEEP ? KEPT<A> : 1];

    __device__ void begin(const A *from, size_t width) {
        row = from;
        C = width;
        if constexpr (KEEP) {
#pragma unroll
            for (unsigned k = 0; k < KEPT<A>; k++) {
                size_t column = (k * WARP + threadIdx.x % WARP) * OCTET;
                kept[k] = column < C ? octet_bits_load(row + column) : octet_bits<A>{};
            }
        }
    }
    __device__ void octet(float to[OCTET], unsigned k, size_t column) const {
        if constexpr (KEEP) {
            octet_unpack(to, kept[k]);
        } else {
            octet_load(to, row + column, C - column);
        }
    }
};

template <class A, bool KEEP>
__device__ inline void store_octet(A *row, const float from[OCTET], size_t column, size_t C) {
    if constexpr (KEEP) {
        octet_bits<A> bits;
        octet_pack(&bits, from);
        if (column < C) {
            *(octet_bits<A> *)(row + column) = bits;
        }
    } else {
        octet_store(row + column, from, C - column);
    }
}

// y = (x - mean) rstd gain + bias for one row.
template <class A, bool KEEP>
__device__ inline void normalise_row(const row_reader<A, KEEP> &x, A *y, float *mean, float *rstd,
                                     const A *gain, const A *bias, size_t C, float eps) {
    row_reader<A, KEEP> gains, biases;
    gains.begin(gain, C);
    biases.begin(bias, C);
    float sum = 0, squares = 0;
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float v[OCTET];
        x.octet(v, k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sum += v[i];
        }
    });
    float m = warp_sum(sum) / (float)C;
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float v[OCTET];
        x.octet(v, k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            float centred = column + (KEEP ? 0 : i) < C ? v[i] - m : 0;
            squares += centred * centred;
        }
    });
    float r = 1 / sqrtf(warp_sum(squares) / (float)C + eps);
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float v[OCTET], g[OCTET], b[OCTET];
        x.octet(v, k, column);
        gains.octet(g, k, column);
        biases.octet(b, k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            v[i] = (v[i] - m) * r * g[i] + b[i];
        }
        store_octet<A, KEEP>(y, v, column, C);
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
    row_reader<A, KEEP> row;
    row.begin(x + n * C, C);
    normalise_row(row, y + n * C, mean + n, rstd + n, gain, bias, C, eps);
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
    row_reader<A, KEEP> row, residuals;
    row.begin(x + n * C, C);
    residuals.begin(residual + n * C, C);
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float v[OCTET], r[OCTET];
        row.octet(v, k, column);
        residuals.octet(r, k, column);
        dropout_apply<KEEP>(plan, v, n * C + column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            v[i] = rounded<A>(v[i] + r[i]);
        }
        store_octet<A, KEEP>(sum + n * C, v, column, C);
        if (KEEP) {
            octet_pack(&row.kept[k], v);
        }
    });
    row.row = sum + n * C;
    normalise_row(row, y + n * C, mean + n, rstd + n, gain, bias, C, eps);
}

template <class A>
void cuda_layernorm_forward(device *dev, act *y, float *mean, float *rstd, const act *x,
                            const act *gain, const act *bias, size_t N, size_t C, float eps) {
    auto kernel =
        can_keep<A>(C, y, x, gain, bias) ? layernorm_kernel<A, true> : layernorm_kernel<A, false>;
    launch(dev, "layer norm", kernel, divide_up(N, ROWS), ROWS * WARP, 0, (A *)y, mean, rstd,
           (const A *)x, (const A *)gain, (const A *)bias, N, C, eps);
}
FOR_COMPUTE_TYPES(cuda_layernorm_forward);

template <class A>
void cuda_residual_layernorm_forward(device *dev, act *sum, act *y, float *mean, float *rstd,
                                     const act *residual, const act *x,
                                     const struct dropout *dropout, const act *gain,
                                     const act *bias, size_t N, size_t C, float eps) {
    auto kernel = can_keep<A>(C, sum, y, residual, x, gain, bias) ? residual_kernel<A, true>
                                                                  : residual_kernel<A, false>;
    launch(dev, "residual and layer norm", kernel, divide_up(N, ROWS), ROWS * WARP, 0, (A *)sum,
           (A *)y, mean, rstd, (const A *)residual, (const A *)x, dropout_plan(dropout),
           (const A *)gain, (const A *)bias, N, C, eps);
}
FOR_COMPUTE_TYPES(cuda_residual_layernorm_forward);

// ---- Backward -----------------------------------------------------------------------------------

// What a row's gradient is computed from.
template <class A, bool KEEP> struct gradient_reader {
    row_reader<A, KEEP> dy, x, gain;
    float mean, rstd;
    // An octet of g = dy gain and of normal = (x - mean) rstd. g is 0 beyond the row.
    __device__ void octet(float g[OCTET], float normal[OCTET], unsigned k, size_t column) const {
        float w[OCTET];
        dy.octet(g, k, column);
        x.octet(normal, k, column);
        gain.octet(w, k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            g[i] *= w[i];
            normal[i] = (normal[i] - mean) * rstd;
        }
    }
};

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
    gradient_reader<A, KEEP> row;
    row_reader<A, KEEP> before = {};
    row.dy.begin(y_gradient + n * C, C);
    row.x.begin(x + n * C, C);
    row.gain.begin(gain, C);
    row.mean = means[n];
    row.rstd = rstds[n];
    if (accumulate) {
        before.begin(x_gradient + n * C, C);
    }
    float sum = 0, sum_normal = 0;
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float g[OCTET], normal[OCTET];
        row.octet(g, normal, k, column);
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            sum += g[i];
            sum_normal += g[i] * normal[i];
        }
    });
    float mean_g = warp_sum(sum) / (float)C, mean_normal = warp_sum(sum_normal) / (float)C;
    for_octets<A, KEEP>(C, [&](unsigned k, size_t column) {
        float g[OCTET], normal[OCTET], dx[OCTET] = {};
        row.octet(g, normal, k, column);
        if (accumulate) {
            before.octet(dx, k, column);
        }
#pragma unroll
        for (int i = 0; i < OCTET; i++) {
            dx[i] += (g[i] - mean_g - normal[i] * mean_normal) * row.rstd;
        }
        store_octet<A, KEEP>(x_gradient + n * C, dx, column, C);
    });
}

// Gradients of gain and bias: sums over rows of dy normal and of dy.
template <class A> struct norm_columns {
    static constexpr unsigned QUANTITIES = 2, AT_ONCE = 8;
    const A *y_gradient, *x;
    const float *mean, *rstd;
    size_t C;
    __device__ bool is_whole(size_t column, size_t count) const {
        return column_is_whole(y_gradient, C, column, count) &&
               column_is_whole(x, C, column, count);
    }
    template <bool WHOLE>
    __device__ void add(float sums[QUANTITIES][OCTET], size_t row, size_t column,
                        size_t count) const {
        float dy[OCTET], v[OCTET], m = mean[row], r = rstd[row];
        column_load<WHOLE>(dy, y_gradient + row * C + column, count);
        column_load<WHOLE>(v, x + row * C + column, count);
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
        sum_columns(dev, "layer norm's weight gradient", value, {{gain_gradient, bias_gradient}}, N,
                    C, accumulate_weights);
    }
    auto kernel = can_keep<A>(C, x_gradient, y_gradient, x, gain)
                      ? layernorm_backward_kernel<A, true>
                      : layernorm_backward_kernel<A, false>;
    launch(dev, "layer norm's gradient", kernel, divide_up(N, ROWS), ROWS * WARP, 0,
           (A *)x_gradient, (const A *)y_gradient, (const A *)x, mean, rstd, (const A *)gain, N, C,
           accumulate);
}
FOR_COMPUTE_TYPES(cuda_layernorm_backward);
