#include "kernels/cpu/cpu.h"

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)

extern const struct ops CPU(ops_cpu);
const struct ops CPU(ops_cpu) = {
    .name = "cpu/" STRING(DLT_ISA),
    .act_bytes = sizeof(float),
    .vocabulary_multiple = 16,
    .head_rows = 256,
    .open = cpu_open,
    .close = cpu_close,
    .check = cpu_check,
    .allocate = cpu_allocate,
    .release = cpu_release,
    .bytes_in_use = cpu_bytes_in_use,
    .bytes_peak = cpu_bytes_peak,
    .bytes_available = cpu_bytes_available,
    .choices = cpu_choices,
    .restore_choices = cpu_restore_choices,
    .upload = cpu_copy,
    .download = cpu_copy,
    .copy = cpu_copy,
    .zero = cpu_zero,
    .cast = cpu_cast,
    .embedding_forward = CPU(embedding_forward),
    .embedding_backward = CPU(embedding_backward),
    .linear_forward = CPU(linear_forward),
    .linear_backward_input = CPU(linear_backward_input),
    .linear_backward_weight = CPU(linear_backward_weight),
    .layernorm_forward = CPU(layernorm_forward),
    .layernorm_backward = CPU(layernorm_backward),
    .residual_layernorm_forward = CPU(residual_layernorm_forward),
    .dropout_backward = CPU(dropout_backward),
    .attention_forward = CPU(attention_forward),
    .attention_backward = CPU(attention_backward),
    .gelu_forward = CPU(gelu_forward),
    .gelu_backward = CPU(gelu_backward),
    .permute_columns = CPU(permute_columns),
    .cross_entropy = CPU(cross_entropy),
    .gradient_norm = CPU(gradient_norm),
    .adamw = CPU(adamw),
};
