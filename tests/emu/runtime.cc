// The runtime's functions on host memory. DLT_EMU_DEVICE=none, no-driver, old: what a machine may
// lack; another: a GPU of another name; DLT_EMU_MEMORY: bytes that the GPU has.

#include <map>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuda_runtime.h"

namespace {

enum { ALIGNMENT = 256 };

struct allocation {
    char *pages;
    size_t page_bytes, bytes;
};
std::map<void *, allocation> allocations;
size_t bytes_in_use;

size_t bytes_total() {
    const char *text = getenv("DLT_EMU_MEMORY");
    return text ? strtoull(text, NULL, 10) : (size_t)64 << 30;
}

bool device_is(const char *what) {
    const char *text = getenv("DLT_EMU_DEVICE");
    return text && strcmp(text, what) == 0;
}

} // namespace

const char *cudaGetErrorString(cudaError_t error) {
    switch (error) {
    case cudaSuccess:
        return "no error";
    case cudaErrorMemoryAllocation:
        return "out of memory";
    case cudaErrorInvalidConfiguration:
        return "invalid configuration argument";
    case cudaErrorInsufficientDriver:
        return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice:
        return "no CUDA-capable device is detected";
    }
    return "unknown error";
}

cudaError_t cudaGetLastError(void) {
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = 1;
    return device_is("none")        ? cudaErrorNoDevice
           : device_is("no-driver") ? cudaErrorInsufficientDriver
                                    : cudaSuccess;
}

cudaError_t cudaSetDevice(int) {
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int) {
    *properties = {"", device_is("old") ? 7 : 9, 0, 1};
    strcpy(properties->name, device_is("another") ? "another GPU" : "emulated GPU");
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
    *stream = NULL;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t) {
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t) {
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *available, size_t *total) {
    *total = bytes_total();
    *available = *total > bytes_in_use ? *total - bytes_in_use : 0;
    return cudaSuccess;
}

// The memory ends at a guard page, as far as its alignment allows, and is filled with 0xFF.
cudaError_t cudaMalloc(void **memory, size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (bytes > bytes_total() || bytes_in_use + bytes > bytes_total()) {
        return cudaErrorMemoryAllocation;
    }
    size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t room = (rounded + page - 1) / page * page;
    char *pages = (char *)mmap(NULL, room + 2 * page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages, page, PROT_NONE) != 0 ||
        mprotect(pages + page + room, page, PROT_NONE) != 0) {
        return cudaErrorMemoryAllocation;
    }
    char *start = pages + page + room - rounded;
    memset(start, 0xFF, rounded);
    allocations[start] = {pages, room + 2 * page, bytes};
    bytes_in_use += bytes;
    *memory = start;
    return cudaSuccess;
}

cudaError_t cudaFree(void *memory) {
    auto found = allocations.find(memory);
    if (found == allocations.end()) {
        fprintf(stderr, "emulated GPU: freed what was not allocated\n");
        abort();
    }
    munmap(found->second.pages, found->second.page_bytes);
    bytes_in_use -= found->second.bytes;
    allocations.erase(found);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t) {
    memset(memory, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t) {
    memcpy(to, from, bytes);
    return cudaSuccess;
}
