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

template <class A>
void cuda_dropout_backward(device *dev, act *out, const act *in, size_t n,
                           const struct dropout *dropout) {
    for_elements(dev, "dropout", n, drop<A>{dropout_plan(dropout), (A *)out, (const A *)in});
}
FOR_COMPUTE_TYPES(cuda_dropout_backward);
