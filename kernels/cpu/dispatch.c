#include "kernels/cpu/device.h"
#include "tests/unit/cpu/reference.h"

enum status ops_cpu(const struct ops **ops, struct error *error) {
    static struct ops table;
    (void)error;
    table = reference_ops;
    table.name = "cpu/plain";
    table.act_bytes = 4;
    table.vocabulary_multiple = 16;
    table.open = cpu_open;
    table.close = cpu_close;
    table.check = cpu_check;
    table.allocate = cpu_allocate;
    table.release = cpu_release;
    table.bytes_in_use = cpu_bytes_in_use;
    table.bytes_peak = cpu_bytes_peak;
    table.upload = cpu_copy;
    table.download = cpu_copy;
    table.copy = cpu_copy;
    table.zero = cpu_zero;
    table.cast = cpu_cast;
    *ops = &table;
    return STATUS_OK;
}
