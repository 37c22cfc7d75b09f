#define _DEFAULT_SOURCE // madvise

#include "kernels/cpu/device.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/memory.h"

// glibc would stop giving back blocks of a size that was freed once, and a network whose layers
// become tied would go on taking as much memory as before.
static void give_back_what_is_freed(void) {
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, 64 << 10); // for good: it would adapt
#endif
}

enum status cpu_open(device **dev, struct error *error) {
    void *memory;
    give_back_what_is_freed();
    enum status status = memory_allocate(&memory, 1, sizeof(struct device), "the device", error);
    *dev = memory;
    return status;
}

void cpu_close(device *dev) {
    if (dev) {
        free(dev->scratch);
        free(dev);
    }
}

enum status cpu_check(device *dev, struct error *error) {
    enum status status = dev->status;
    if (status != STATUS_OK) {
        *error = dev->error;
        dev->status = STATUS_OK;
    }
    return status;
}

static void count_bytes(device *dev, size_t taken, size_t given_back) {
    assert(dev->bytes_in_use >= given_back);
    dev->bytes_in_use += taken - given_back;
    if (dev->bytes_in_use > dev->bytes_peak) {
        dev->bytes_peak = dev->bytes_in_use;
    }
}

// Zeroed memory on large pages, as far as whole ones go: columns of a matrix lie in more small pages
// than a core can remember. NULL where that is not to be had.
static void *allocate_large_pages(size_t bytes) {
    enum { LARGE_PAGE = 2 << 20 };
    void *memory = NULL;
#ifdef MADV_HUGEPAGE
    if (bytes >= LARGE_PAGE && posix_memalign(&memory, LARGE_PAGE, bytes) == 0) {
        madvise(memory, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE); // a wish
        memset(memory, 0, bytes);
    }
#else
    (void)bytes;
#endif
    return memory;
}

static enum status allocate_zeros(void **memory, size_t bytes, const char *what,
                                  struct error *error) {
    *memory = allocate_large_pages(bytes);
    return *memory ? STATUS_OK : memory_allocate(memory, bytes, 1, what, error);
}

enum status cpu_allocate(device *dev, void **memory, size_t bytes, const char *what,
                         struct error *error) {
    enum status status = allocate_zeros(memory, bytes, what, error);
    if (status == STATUS_OK) {
        count_bytes(dev, bytes, 0);
    }
    return status;
}

void cpu_release(device *dev, void *memory, size_t bytes) {
    if (memory) {
        free(memory);
        count_bytes(dev, 0, bytes);
    }
}

size_t cpu_bytes_in_use(const device *dev) {
    return dev->bytes_in_use;
}

size_t cpu_bytes_peak(const device *dev) {
    return dev->bytes_peak;
}

// Less what the program takes besides a network: compressors, records, batches.
size_t cpu_bytes_available(device *dev) {
    enum { OTHER_NEEDS = 24 << 20 };
    (void)dev;
    uint64_t available = memory_available("");
    if (available == 0) {
        return 0;
    }
    return available > OTHER_NEEDS ? (size_t)available - OTHER_NEEDS : 1;
}

// There is nothing to choose: the bits are the same whatever computes them.
const char *cpu_choices(device *dev) {
    (void)dev;
    return "";
}

bool cpu_restore_choices(device *dev, const char *choices) {
    (void)dev;
    return *choices == '\0';
}

void cpu_copy(device *dev, void *to, const void *from, size_t bytes) {
    (void)dev;
    if (bytes > 0) {
        memmove(to, from, bytes);
    }
}

void cpu_zero(device *dev, void *memory, size_t bytes) {
    (void)dev;
    if (bytes > 0) {
        memset(memory, 0, bytes);
    }
}

void cpu_upload_state(device *dev, void *to, const void *host_from, size_t n) {
    cpu_copy(dev, to, host_from, n * sizeof(float));
}

void cpu_download_state(device *dev, float *host_to, const void *from, size_t n) {
    cpu_copy(dev, host_to, from, n * sizeof *host_to);
}

void cpu_cast(device *dev, act *weight, const void *master, size_t n) {
    if ((const void *)weight != master) {
        cpu_copy(dev, weight, master, n * sizeof(float));
    }
}

void *cpu_scratch(device *dev, size_t bytes) {
    if (bytes <= dev->scratch_bytes) {
        return dev->scratch;
    }
    free(dev->scratch);
    count_bytes(dev, 0, dev->scratch_bytes);
    dev->scratch_bytes = 0;
    dev->scratch = NULL;
    struct error error;
    enum status status = allocate_zeros(&dev->scratch, bytes, "the CPU's scratch", &error);
    if (status == STATUS_OK) {
        dev->scratch_bytes = bytes;
        count_bytes(dev, bytes, 0);
    } else if (dev->status == STATUS_OK) {
        dev->status = status;
        dev->error = error;
    }
    return dev->scratch;
}
