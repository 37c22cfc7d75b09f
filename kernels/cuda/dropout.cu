#include "kernels/cuda/columns.h"
#include "kernels/cuda/dropout.h"
#include "kernels/cuda/elements.h"

template <class A> struct drop {
    struct dropout_plan plan;
    A *out;
    const A *in;
    __device__ void operator()(size_t first, size_t count) const {
        float x[OCTET];
        octet_load(x, in + first, count);
        dropout_apply(plan, x, first);
        octet_store(out + first, x, count);
    }
};

// The same with the sums of its columns.
template <class A> struct drop_columns {
    static constexpr unsigned QUANTITIES = 1, AT_ONCE = 1;
    struct dropout_plan plan;
    A *out;
    const A *in;
    size_t C;
    __device__ bool is_whole(size_t column, size_t count) const {
        return column_is_whole(out, C, column, count) && column_is_whole(in, C, column, count);
    }
    template <bool WHOLE>
    __device__ void add(float sums[QUANTITIES][OCTET], size_t row, size_t column,
                        size_t count) const {
        size_t place = row * C + column;
        float x[OCTET];
        column_load<WHOLE>(x, in + place, count);
        dropout_apply<WHOLE && sizeof(A) == sizeof(bf16)>(plan, x, place); // C is then whole octets
        column_store<WHOLE>(out + place, x, count, sums[0]);
    }
};

template <class A>
void cuda_dropout_backward(device *dev, act *out, const act *in, size_t n,
                           const struct dropout *dropout, const struct column_sums *sums) {
    struct dropout_plan plan = dropout_plan(dropout);
    if (sums) {
        drop_columns<A> value = {plan, (A *)out, (const A *)in, sums->columns};
        column_sums_of(dev, "dropout", value, *sums, n);
    } else {
        for_elements(dev, "dropout", n, drop<A>{plan, (A *)out, (const A *)in});
    }
}
FOR_COMPUTE_TYPES(cuda_dropout_backward);
