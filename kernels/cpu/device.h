// The CPU as a device: counted memory, one scratch area, and what went wrong.
#ifndef DLT_KERNELS_CPU_DEVICE_H
#define DLT_KERNELS_CPU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/ops.h"

struct device {
    size_t bytes_in_use; // allocations and scratch
    size_t bytes_peak;
    void *scratch; // grows to what the largest operation asked for; its content never outlives one
    size_t scratch_bytes;
    enum status status; // the first failure, kept until check()
    struct error error;
};

// Memory functions of the table, the same for every instruction set.
enum status cpu_open(device **dev, struct error *error);
void cpu_close(device *dev);
enum status cpu_check(device *dev, struct error *error);
enum status cpu_allocate(device *dev, void **memory, size_t bytes, const char *what,
                         struct error *error);
void cpu_release(device *dev, void *memory, size_t bytes);
size_t cpu_bytes_in_use(const device *dev);
size_t cpu_bytes_peak(const device *dev);
size_t cpu_bytes_available(device *dev);
const char *cpu_choices(device *dev);
bool cpu_restore_choices(device *dev, const char *choices);
void cpu_copy(device *dev, void *to, const void *from, size_t bytes);
void cpu_zero(device *dev, void *memory, size_t bytes);
void cpu_upload_state(device *dev, void *to, const void *host_from, size_t n);
void cpu_download_state(device *dev, float *host_to, const void *from, size_t n);
void cpu_cast(device *dev, act *weight, const void *master, size_t n);

// At least `bytes` of scratch, 64-byte aligned, contents undefined. NULL if there is no memory:
// the operation then does nothing and check() tells.
void *cpu_scratch(device *dev, size_t bytes);

// The table of one instruction set, by the name that DLT_CPU_ISA takes; NULL where this build or
// this machine lacks it. cpu_isa_names: those of this build, best first, ended by NULL.
const struct ops *cpu_ops_named(const char *isa);
extern const char *const cpu_isa_names[];

#endif
