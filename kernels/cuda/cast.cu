// Between the compute type, the state type and the host's floats.

#include "kernels/cuda/elements.h"

extern "C" {
#include "lib/base/memory.h"
}

#include <stdlib.h>

struct cast {
    bf16 *to;
    const float *from;
    __device__ void operator()(size_t first, size_t count) const {
        float x[OCTET];
        octet_load(x, from + first, count);
        octet_store(to + first, x, count);
    }
};

// One array where the types are one.
template <class A, class S> void cuda_cast(device *dev, act *weight, const void *master, size_t n) {
    if ((const void *)weight != master) {
        cuda_copy(dev, weight, master, n * sizeof(A));
    }
}
template decltype(cuda_cast<float, float>) cuda_cast<float, float>;
template decltype(cuda_cast<bf16, bf16>) cuda_cast<bf16, bf16>;

template <> void cuda_cast<bf16, float>(device *dev, act *weight, const void *master, size_t n) {
    for_elements(dev, "a cast", n, cast{(bf16 *)weight, (const float *)master});
}

// ---- The host's floats --------------------------------------------------------------------------

template <> void cuda_upload_state<float>(device *dev, void *to, const void *host_from, size_t n) {
    cuda_upload(dev, to, host_from, n * sizeof(float));
}

template <>
void cuda_download_state<float>(device *dev, float *host_to, const void *from, size_t n) {
    cuda_download(dev, host_to, from, n * sizeof *host_to);
}

// n halves of the host's; NULL is remembered as the device's failure.
static uint16_t *host_halves(device *dev, size_t n) {
    void *halves = NULL;
    struct error error;
    if (memory_allocate(&halves, n, sizeof(uint16_t), "a tensor", &error) != STATUS_OK) {
        device_keep_error(dev, &error);
    }
    return (uint16_t *)halves;
}

// To the nearest, even of equals; NaN stays one. The float is at any address.
static uint16_t nearest_half(const char *host_from) {
    uint32_t bits;
    float x;
    memcpy(&bits, host_from, sizeof bits);
    memcpy(&x, host_from, sizeof x);
    return x == x ? (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16) : 0x7FC0;
}

template <> void cuda_upload_state<bf16>(device *dev, void *to, const void *host_from, size_t n) {
    uint16_t *halves = host_halves(dev, n);
    for (size_t i = 0; halves && i < n; i++) {
        halves[i] = nearest_half((const char *)host_from + i * sizeof(float));
    }
    if (halves) {
        cuda_upload(dev, to, halves, n * sizeof *halves);
    }
    free(halves);
}

template <>
void cuda_download_state<bf16>(device *dev, float *host_to, const void *from, size_t n) {
    uint16_t *halves = host_halves(dev, n);
    if (halves) {
        cuda_download(dev, halves, from, n * sizeof *halves);
    }
    for (size_t i = 0; halves && i < n; i++) {
        uint32_t bits = (uint32_t)halves[i] << 16;
        memcpy(&host_to[i], &bits, sizeof bits);
    }
    free(halves);
}
