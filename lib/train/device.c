#define _GNU_SOURCE
#include "lib/train/device.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/program.h"

enum { PATH_BYTES = 4096 };

// Beside the folder of the program, as in the building directory and as installed.
static void default_path(char path[PATH_BYTES]) {
    ssize_t length = readlink("/proc/self/exe", path, PATH_BYTES - 64);
    path[length < 0 ? 0 : length] = '\0';
    for (int i = 0; i < 2; i++) { // without the program's name and its folder's
        char *slash = strrchr(path, '/');
        path[slash ? slash - path : 0] = '\0';
    }
    strcat(path, "/lib/libdlt-cuda.so");
}

static enum status check_version(const struct cuda_module *module, const char *path,
                                 struct error *error) {
    if (strcmp(module->version, PROGRAM_VERSION) != 0) {
        return error_set(error, STATUS_FAILURE,
                         "the CUDA kernels '%s' are of version %.32s, this program of %s", path,
                         module->version, PROGRAM_VERSION);
    }
    if (module->ops_checksum != DLT_OPS_CHECKSUM) {
        return error_set(
            error, STATUS_FAILURE,
            "the CUDA kernels '%s' are of another build of version %s: build both anew", path,
            PROGRAM_VERSION);
    }
    return STATUS_OK;
}

// Precisions are numbered alike here and in the table.
_Static_assert((int)PRECISION_FP32 == OPS_FP32 && (int)PRECISION_BF16 == OPS_BF16 &&
                   (int)PRECISION_BF16_PURE == OPS_BF16_PURE,
               "precisions");

// Stays loaded to the end: the tables of operations lie in it.
static enum status load_module(const struct cuda_module **module, struct error *error) {
    char path[PATH_BYTES];
    const char *named = getenv("DLT_CUDA_LIBRARY");
    if (named && *named) {
        snprintf(path, sizeof path, "%s", named);
    } else {
        default_path(path);
    }
    if (!file_exists(path)) {
        return error_set(
            error, STATUS_FAILURE,
            "the CUDA kernels '%s' are not there: `make cuda` builds them where nvcc is", path);
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        return error_set(error, STATUS_FAILURE, "cannot load the CUDA kernels: %s", dlerror());
    }
    *module = dlsym(library, "dlt_cuda_module");
    if (!*module) {
        return error_set(error, STATUS_FAILURE, "'%s' holds no CUDA kernels", path);
    }
    return check_version(*module, path, error);
}

// Tables of sizes alone, by enum ops_precision.
#define CUDA_SIZES(title, act, state)                                                              \
    {                                                                                              \
        .name = (title), .act_bytes = (act), .state_bytes = (state),                               \
        .vocabulary_multiple = CUDA_VOCABULARY_MULTIPLE, .head_rows = CUDA_HEAD_ROWS,              \
        .workspace_bytes = CUDA_WORKSPACE_BYTES                                                    \
    }
static const struct ops PLANNED[] = {CUDA_SIZES("cuda/fp32", 4, 4), CUDA_SIZES("cuda/bf16", 2, 4),
                                     CUDA_SIZES("cuda/bf16-pure", 2, 2)};

// For a dry run a GPU need not be there, if one is asked for.
static enum status choose_cuda(struct settings *settings, const struct ops **ops, bool asked_for,
                               struct error *error) {
    const struct cuda_module *module = NULL;
    int precision =
        settings->precision == PRECISION_OF_DEVICE ? PRECISION_BF16 : settings->precision;
    enum status status = load_module(&module, error);
    if (status == STATUS_OK) {
        status = module->find((enum ops_precision)precision, ops, error);
    }
    if (status != STATUS_OK && settings->dry_run && asked_for) {
        log_verbose("counted for a GPU that is not here: %s", error->message);
        *error = (struct error){0};
        *ops = &PLANNED[precision];
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        settings->device = DEVICE_CUDA;
        settings->precision = precision;
    }
    return status;
}

enum status device_choose(struct settings *settings, const struct ops **ops, struct error *error) {
    bool needs_gpu =
        settings->precision == PRECISION_BF16 || settings->precision == PRECISION_BF16_PURE;
    if (settings->device == DEVICE_CPU && needs_gpu) {
        return error_set(error, STATUS_USAGE,
                         "bf16 is not for the CPU, which computes in fp32: give --device cuda, or "
                         "no --precision");
    }
    if (settings->device != DEVICE_CPU) {
        bool asked_for = settings->device == DEVICE_CUDA || needs_gpu;
        enum status status = choose_cuda(settings, ops, asked_for, error);
        if (status == STATUS_OK || asked_for) {
            return status;
        }
        log_verbose("on the CPU: %s", error->message);
        *error = (struct error){0};
    }
    settings->device = DEVICE_CPU;
    settings->precision = PRECISION_FP32;
    return ops_cpu(ops, error);
}

enum status device_write_choices(struct record_writer *writer, struct record_builder *r,
                                 const struct ops *ops, device *dev, struct error *error) {
    record_begin(r, "env");
    record_put_string(r, "device", ops->name);
    record_put_string(r, "choices", ops->choices(dev));
    return record_write(writer, r, error);
}
