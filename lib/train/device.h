// Which device computes, and in which numbers. The CUDA kernels are a shared object of their own,
// loaded when they are asked for: bin/../lib/libdlt-cuda.so, or what DLT_CUDA_LIBRARY names.
#ifndef DLT_TRAIN_DEVICE_H
#define DLT_TRAIN_DEVICE_H

#include "lib/record/record.h"
#include "lib/train/settings.h"

// The table of operations for settings->device and settings->precision, which both become what was
// chosen. "auto" takes a GPU that can be used, else the CPU; no precision means fp32 on the CPU and
// bf16 on a GPU. STATUS_USAGE: the two do not go together. STATUS_FAILURE: CUDA was asked for, and why
// it cannot be had; but for a dry run there is a table of sizes then, without operations.
enum status device_choose(struct settings *settings, const struct ops **ops, struct error *error);
// A record of kind env: the device, and what it chose (ops.h).
enum status device_write_choices(struct record_writer *writer, struct record_builder *r,
                                 const struct ops *ops, device *dev, struct error *error);

#endif
