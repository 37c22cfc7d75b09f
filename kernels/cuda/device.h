// One GPU as a device: a stream in which everything happens in order, counted memory, one scratch
// area, and what went wrong first.
#ifndef DLT_KERNELS_CUDA_DEVICE_H
#define DLT_KERNELS_CUDA_DEVICE_H

#include <cuda_runtime.h>

struct matrix_products; // matrix.h

struct device {
    cudaStream_t stream;
    struct matrix_products *products;
    size_t bytes_in_use; // allocations, scratch and the products' workspace
    size_t bytes_peak;
    void *scratch; // grows to what the largest operation asked for; its content never outlives one
    size_t scratch_bytes;
    bool plain_attention; // DLT_CUDA_ATTENTION=plain: the path that the fused one is compared with
    enum status status;   // the first failure, kept until check()
    struct error error;
};

enum status cuda_open(device **dev, struct error *error);
void cuda_close(device *dev);
enum status cuda_check(device *dev, struct error *error);
enum status cuda_allocate(device *dev, void **memory, size_t bytes, const char *what,
                          struct error *error);
void cuda_release(device *dev, void *memory, size_t bytes);
size_t cuda_bytes_in_use(const device *dev);
size_t cuda_bytes_peak(const device *dev);
size_t cuda_bytes_available(device *dev);
void cuda_upload(device *dev, void *to, const void *host_from, size_t bytes);
void cuda_download(device *dev, void *host_to, const void *from, size_t bytes);
void cuda_copy(device *dev, void *to, const void *from, size_t bytes);
void cuda_zero(device *dev, void *memory, size_t bytes);

// Remembers `error` as what went wrong, if it is the first thing that did.
void device_keep_error(device *dev, const struct error *error);
// Remembers that `what` failed, if it is the first thing that did. Whether `code` is success.
bool device_note(device *dev, const char *what, cudaError_t code);
// At least `bytes` of scratch, 256-byte aligned, contents undefined. NULL if there is no memory: the
// operation then does nothing and check() tells.
char *device_scratch(device *dev, size_t bytes);

#endif
