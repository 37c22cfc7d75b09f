# The CUDA kernels by CUDA's own compiler, where there is one: what the emulated GPU cannot see.
load helpers
load train

# As kernels/cuda/rules.mk looks for it.
has_nvcc() {
    local nvcc=/usr/local/cuda/bin/nvcc
    [ -x "$nvcc" ] || nvcc=nvcc
    "${NVCC:-$nvcc}" --version 2>/dev/null | grep -qE 'release (1[3-9]|[2-9][0-9])'
}

setup_file() {
    built="${BUILD_DIR:-$ROOT/build}"
    export built
    if has_nvcc && [ -z "${DLT_CHECKER:-}" ]; then
        make -C "$ROOT" --no-print-directory -j2 BUILD="$built" cuda
        make_tokens
    fi
}

setup() {
    not_under address undefined thread "what nvcc makes is not instrumented"
    has_nvcc || skip "no nvcc of CUDA 13: the CUDA kernels are compiled as C++ alone"
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "every kernel compiles for H100 and H200: no warning, no register spilled, nothing on the stack" {
    logs=("$built"/kernels/cuda/*.log)
    [ "${#logs[@]}" -eq "$(find "$ROOT/kernels/cuda" -name '*.cu' | wc -l)" ]
    run -0 grep -h -A 1 "for 'sm_90a'" "${logs[@]}"
    [ "$(grep -c "^ptxas info .*Compiling entry function" <<<"$output")" -gt 50 ]
    run -1 grep -hE '[1-9][0-9]* bytes (stack frame|spill)' "${logs[@]}"
}

@test "the library loads, and says what this machine lacks" {
    [ ! -e /proc/driver/nvidia/version ] || skip "this machine has NVIDIA's driver: tests/gpu/run"
    DLT_CUDA_LIBRARY="$built/lib/libdlt-cuda.so" run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "this machine has no NVIDIA driver"
}
