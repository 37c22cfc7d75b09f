#include "kernels/cuda/cuda.h"
#include "kernels/cuda/matrix.h"

template <class A, class S> static constexpr struct ops make_table(const char *name) {
    struct ops ops = {};
    ops.name = name;
    ops.act_bytes = sizeof(A);
    ops.state_bytes = sizeof(S);
    ops.vocabulary_multiple = CUDA_VOCABULARY_MULTIPLE;
    ops.head_rows = CUDA_HEAD_ROWS;
    ops.workspace_bytes = CUDA_WORKSPACE_BYTES;
    ops.open = cuda_open;
    ops.close = cuda_close;
    ops.check = cuda_check;
    ops.allocate = cuda_allocate;
    ops.release = cuda_release;
    ops.bytes_in_use = cuda_bytes_in_use;
    ops.bytes_peak = cuda_bytes_peak;
    ops.bytes_available = cuda_bytes_available;
    ops.choices = matrix_choices;
    ops.restore_choices = matrix_restore_choices;
    ops.upload = cuda_upload;
    ops.download = cuda_download;
    ops.copy = cuda_copy;
    ops.zero = cuda_zero;
    ops.upload_state = cuda_upload_state<S>;
    ops.download_state = cuda_download_state<S>;
    ops.cast = cuda_cast<A, S>;
    ops.embedding_forward = cuda_embedding_forward<A>;
    ops.embedding_backward = cuda_embedding_backward<A>;
    ops.linear_forward = cuda_linear_forward<A>;
    ops.linear_backward_input = cuda_linear_backward_input<A>;
    ops.linear_backward_weight = cuda_linear_backward_weight<A>;
    ops.layernorm_forward = cuda_layernorm_forward<A>;
    ops.layernorm_backward = cuda_layernorm_backward<A>;
    ops.residual_layernorm_forward = cuda_residual_layernorm_forward<A>;
    ops.dropout_backward = cuda_dropout_backward<A>;
    ops.attention_forward = cuda_attention_forward<A>;
    ops.attention_backward = cuda_attention_backward<A>;
    ops.gelu_forward = cuda_gelu_forward<A>;
    ops.gelu_backward = cuda_gelu_backward<A>;
    ops.permute_columns = cuda_permute_columns<A>;
    ops.cross_entropy = cuda_cross_entropy<A>;
    ops.gradient_norm = cuda_gradient_norm;
    ops.adamw = cuda_adamw<A, S>;
    return ops;
}

// Of the GPUs with bf16, and what the portable code is for.
enum { LEAST_COMPUTE_CAPABILITY = 8 };

// By enum ops_precision.
static const struct ops TABLES[] = {make_table<float, float>("cuda/fp32"),
                                    make_table<bf16, float>("cuda/bf16"),
                                    make_table<bf16, bf16>("cuda/bf16-pure")};

static enum status find_gpu(cudaDeviceProp *properties, struct error *error) {
    int count = 0;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaErrorInsufficientDriver) {
        return error_set(error, STATUS_FAILURE,
                         "this machine has no NVIDIA driver, or one too old for CUDA %d",
                         CUDART_VERSION / 1000);
    }
    if (code == cudaErrorNoDevice || (code == cudaSuccess && count == 0)) {
        return error_set(error, STATUS_FAILURE, "this machine has no NVIDIA GPU");
    }
    code = code == cudaSuccess ? cudaSetDevice(0) : code;
    code = code == cudaSuccess ? cudaGetDeviceProperties(properties, 0) : code;
    return code == cudaSuccess ? STATUS_OK
                               : error_set(error, STATUS_FAILURE, "the GPU cannot be used: %s",
                                           cudaGetErrorString(code));
}

static enum status find(enum ops_precision precision, const struct ops **ops, struct error *error) {
    cudaDeviceProp properties;
    enum status status = find_gpu(&properties, error);
    if (status == STATUS_OK && properties.major < LEAST_COMPUTE_CAPABILITY) {
        status = error_set(error, STATUS_FAILURE,
                           "the GPU, %s, is too old and has no bf16: the CUDA kernels are for an "
                           "A100, or what came after it",
                           properties.name);
    }
    *ops = &TABLES[precision];
    return status;
}

extern "C" __attribute__((visibility("default"))) const struct cuda_module dlt_cuda_module;
const struct cuda_module dlt_cuda_module = {DLT_VERSION, DLT_OPS_CHECKSUM, find};
