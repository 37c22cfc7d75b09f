#include "kernels/cuda/cuda.h"
#include "kernels/cuda/matrix.h"

extern "C" {
#include "lib/base/memory.h"
}

#include <stdlib.h>

void device_keep_error(device *dev, const struct error *error) {
    if (dev->status == STATUS_OK) {
        dev->status = STATUS_FAILURE;
        dev->error = *error;
    }
}

bool device_note(device *dev, const char *what, cudaError_t code) {
    if (code != cudaSuccess && dev->status == STATUS_OK) {
        dev->status = error_set(&dev->error, STATUS_FAILURE, "the GPU failed in %s: %s", what,
                                cudaGetErrorString(code));
    }
    return code == cudaSuccess;
}

static void count_bytes(device *dev, size_t taken, size_t given_back) {
    assert(dev->bytes_in_use >= given_back);
    dev->bytes_in_use += taken - given_back;
    if (dev->bytes_in_use > dev->bytes_peak) {
        dev->bytes_peak = dev->bytes_in_use;
    }
}

static enum status take(device *dev, void **memory, size_t bytes, const char *what,
                        struct error *error) {
    size_t available = 0, total = 0;
    *memory = NULL;
    cudaError_t code = cudaMalloc(memory, bytes > 0 ? bytes : 1);
    if (code == cudaSuccess) {
        count_bytes(dev, bytes, 0);
        return STATUS_OK;
    }
    cudaGetLastError(); // told here: no later call is to find it
    cudaMemGetInfo(&available, &total);
    return error_set(error, STATUS_FAILURE,
                     "cannot allocate %zu bytes for %s on the GPU, where %zu are free: %s", bytes,
                     what, available, cudaGetErrorString(code));
}

enum status cuda_allocate(device *dev, void **memory, size_t bytes, const char *what,
                          struct error *error) {
    enum status status = take(dev, memory, bytes, what, error);
    if (status == STATUS_OK) {
        cuda_zero(dev, *memory, bytes);
    }
    return status;
}

void cuda_release(device *dev, void *memory, size_t bytes) {
    if (memory) {
        device_note(dev, "its work", cudaStreamSynchronize(dev->stream)); // which may still use it
        device_note(dev, "giving memory back", cudaFree(memory));
        count_bytes(dev, 0, bytes);
    }
}

char *device_scratch(device *dev, size_t bytes) {
    if (bytes <= dev->scratch_bytes) {
        return (char *)dev->scratch;
    }
    cuda_release(dev, dev->scratch, dev->scratch_bytes);
    dev->scratch = NULL;
    dev->scratch_bytes = 0;
    struct error error;
    enum status status = take(dev, &dev->scratch, bytes, "scratch", &error);
    if (status == STATUS_OK) {
        dev->scratch_bytes = bytes;
    } else {
        device_keep_error(dev, &error);
    }
    return (char *)dev->scratch;
}

size_t cuda_bytes_in_use(const device *dev) {
    return dev->bytes_in_use;
}

size_t cuda_bytes_peak(const device *dev) {
    return dev->bytes_peak;
}

size_t cuda_bytes_available(device *dev) {
    size_t available = 0, total = 0;
    return device_note(dev, "asking for its memory", cudaMemGetInfo(&available, &total)) ? available
                                                                                         : 0;
}

static void transfer(device *dev, const char *what, void *to, const void *from, size_t bytes,
                     cudaMemcpyKind kind) {
    if (bytes > 0 && dev->status == STATUS_OK) {
        device_note(dev, what, cudaMemcpyAsync(to, from, bytes, kind, dev->stream));
    }
}

// Waits: callers may use the memory again, and of what is not page-locked CUDA does not promise when it
// is read.
void cuda_upload(device *dev, void *to, const void *host_from, size_t bytes) {
    transfer(dev, "an upload", to, host_from, bytes, cudaMemcpyHostToDevice);
    device_note(dev, "an upload", cudaStreamSynchronize(dev->stream));
}

void cuda_download(device *dev, void *host_to, const void *from, size_t bytes) {
    transfer(dev, "a download", host_to, from, bytes, cudaMemcpyDeviceToHost);
    device_note(dev, "a download", cudaStreamSynchronize(dev->stream));
}

void cuda_copy(device *dev, void *to, const void *from, size_t bytes) {
    transfer(dev, "a copy", to, from, bytes, cudaMemcpyDeviceToDevice);
}

void cuda_zero(device *dev, void *memory, size_t bytes) {
    if (bytes > 0 && dev->status == STATUS_OK) {
        device_note(dev, "clearing memory", cudaMemsetAsync(memory, 0, bytes, dev->stream));
    }
}

enum status cuda_check(device *dev, struct error *error) {
    device_note(dev, "its work", cudaStreamSynchronize(dev->stream));
    enum status status = dev->status;
    if (status != STATUS_OK) {
        *error = dev->error;
        dev->status = STATUS_OK;
    }
    return status;
}

static enum status choose_attention(device *dev, struct error *error) {
    const char *wanted = getenv("DLT_CUDA_ATTENTION");
    if (wanted && *wanted && strcmp(wanted, "fused") != 0 && strcmp(wanted, "plain") != 0) {
        return error_set(error, STATUS_USAGE, "DLT_CUDA_ATTENTION: '%s' is not plain or fused",
                         wanted);
    }
    dev->plain_attention = wanted && strcmp(wanted, "plain") == 0;
    return STATUS_OK;
}

enum status cuda_open(device **dev, struct error *error) {
    void *memory = NULL;
    enum status status = memory_allocate(&memory, 1, sizeof(struct device), "the device", error);
    if (status != STATUS_OK) {
        return status;
    }
    struct device *opened = (struct device *)memory;
    status = choose_attention(opened, error);
    if (status == STATUS_OK &&
        !device_note(opened, "being opened",
                     cudaStreamCreateWithFlags(&opened->stream, cudaStreamNonBlocking))) {
        status = opened->status;
        *error = opened->error;
    }
    if (status == STATUS_OK) {
        status = matrix_open(opened, error);
    }
    if (status != STATUS_OK) {
        cuda_close(opened);
        return status;
    }
    *dev = opened;
    return STATUS_OK;
}

void cuda_close(device *dev) {
    if (dev) {
        matrix_close(dev);
        cuda_release(dev, dev->scratch, dev->scratch_bytes);
        if (dev->stream) {
            cudaStreamDestroy(dev->stream);
        }
        free(dev);
    }
}
