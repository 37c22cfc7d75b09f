# dlt-train --device cuda, with the CUDA kernels on an emulated GPU (tests/emu): how they are loaded,
# what is refused before the first step, and a whole run against the CPU's.
load helpers
load train

setup_file() {
    make_tokens
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    export DLT_CUDA_LIBRARY="${BUILD_DIR:-$ROOT/build}/emu/libdlt-cuda.so"
}

# The largest relative difference between the losses of two runs' steps.
loss_difference() {
    jq -n --slurpfile a <(records "$1" step) --slurpfile b <(records "$2" step) \
        '[range($a | length) | ($a[.].loss - $b[.].loss) / $a[.].loss | fabs] | max'
}

at_most() { # what is no number is not
    awk -v a="$1" -v b="$2" 'BEGIN {exit !(a ~ /^[0-9]/ && a <= b)}'
}

@test "fp32 agrees with the CPU to rounding, dropout, re-tying and rewards included" {
    moving=(--agent "dlt-qagent --policy qlearn" --episodes 2 --semantics shared)
    tiny --device cpu "${moving[@]}" -o cpu
    tiny --device cuda --precision fp32 "${moving[@]}" -o gpu
    same_output 'records cpu visit | jq -c .state' 'records gpu visit | jq -c .state'
    at_most "$(loss_difference cpu gpu)" 1e-6
    records gpu header | jq -e '.config.precision == "fp32"'
}

@test "bf16 is what a GPU computes in, and comes near fp32" {
    tiny --device cpu --episodes 1 -o cpu
    tiny --device auto --episodes 1 -o gpu
    records gpu header | jq -e '.config.precision == "bf16"'
    difference="$(loss_difference cpu gpu)"
    at_most "$difference" 2e-3
    at_most 1e-7 "$difference"
}

@test "the same run twice has the same bits, and so has one that was interrupted" {
    again() {
        tiny --device cuda --episodes 2 --agent "$(agent bad.py TERM 2)" "$@"
    }
    run -143 again --checkpoint c1 -o cut
    touch healed # from now on the agent sends no signal
    again --checkpoint c1 -o cut
    again --checkpoint c2 -o whole
    [ "$(digest whole)" = "$(digest cut)" ]
    [ "$(digest c1)" = "$(digest c2)" ]
    # What the device chose is recorded, and taken again where it would now choose otherwise.
    records whole env | jq -s -e 'last | .device == "cuda/bf16" and (.choices | startswith("cublasLt 0 on emulated GPU\n64 x 48 x 16, "))'
    rm healed
    run -143 again --checkpoint c3 -o cut3
    touch healed
    cp c3 c4 && cp cut3.partial cut4.partial
    DLT_EMU_ALGORITHM=float again --checkpoint c4 -o cut4
    [ "$(digest cut4)" = "$(digest whole)" ]
    DLT_EMU_ALGORITHM=float again -o other
    run -1 same_output 'digest other' 'digest whole'
    # A checkpoint of another GPU goes on, with a warning.
    eval "$(declare -f tiny | sed 's/--quiet//')"
    DLT_EMU_DEVICE=another run --separate-stderr -0 again --checkpoint c3 -o cut3
    [[ "$stderr" == *"was written on another GPU"* ]]
}

@test "a gradient that is not finite: the step and the layer are named, and the last good checkpoint stays" {
    run --separate-stderr -1 tiny --device cuda --lr 1000 --weight-decay 1000 -o r \
        --checkpoint c --checkpoint-every 1
    expect_error_line dlt-train "training diverged"
    [[ "$stderr" =~ "the gradient, of layer "[0-2]"'s weights, of step "[0-9]+" " ]]
    [ ! -e r ]
    dlt-cat --check c
}

@test "a run that is finished needs no GPU to say so" {
    eval "$(declare -f tiny | sed 's/--quiet//')"
    finished() {
        tiny --device "$1" --episodes 1 --checkpoint c -o r "${@:2}"
    }
    finished cuda 2>told
    run ! grep "nothing to do" told
    for device in cuda auto; do
        DLT_EMU_DEVICE=none finished $device 2>told
        grep -F "is finished, and 'r' is there: nothing to do" told
        DLT_EMU_DEVICE=none run --separate-stderr -2 finished $device --precision fp32
        expect_error_line dlt-train "--precision was 'bf16', not 'fp32'"
    done
    rm r
    DLT_EMU_DEVICE=none run --separate-stderr -1 finished cuda
    expect_error_line dlt-train "no NVIDIA GPU"
    DLT_EMU_DEVICE=none run --separate-stderr -2 finished auto
    expect_error_line dlt-train "--precision was 'bf16', not 'fp32'"
}

@test "bf16-pure: weights and moments of two bytes, and a checkpoint goes on to the same bits" {
    pure() {
        tiny --device cuda --precision bf16-pure --episodes 2 --agent "$(agent bad.py TERM 2)" "$@"
    }
    run -143 pure --checkpoint c1 -o cut
    touch healed
    pure --checkpoint c1 -o cut
    pure --checkpoint c2 -o whole
    [ "$(digest whole)" = "$(digest cut)" ]
    [ "$(digest c1)" = "$(digest c2)" ]
    pure --precision bf16 -o mixed
    jq -n -e --slurpfile pure <(records whole start) --slurpfile mixed <(records mixed start) \
        '3 * $pure[0].memory.weights == $mixed[0].memory.weights
        and 2 * $pure[0].memory.optimizer == $mixed[0].memory.optimizer'
    run --separate-stderr -2 tiny --device cpu --precision bf16-pure -o r2
    expect_error_line dlt-train "is not for the CPU"
}

@test "what was trained in bf16 is evaluated in bf16, or on the CPU where there is no GPU" {
    head -c 1500 "$BATS_FILE_TMPDIR/test.txt" | dlt-tokenize encode --quiet --vocab "$BATS_FILE_TMPDIR/v.bpe" -o few.tok -
    tiny --device cuda --episodes 1 --checkpoint c --test few.tok -o r
    dlt-eval perplexity --quiet --checkpoint c --tokens few.tok -o gpu
    DLT_EMU_DEVICE=none run --separate-stderr -0 dlt-eval perplexity --checkpoint c \
        --tokens few.tok -o cpu
    [[ "$stderr" == *"measured on the CPU, in fp32: this machine has no NVIDIA GPU"* ]]
    # The last evaluation of the run is of the same text.
    trained=$(records r eval | jq -s 'last.loss')
    at_most "$(records gpu metric | jq "(.loss - $trained) | fabs")" 0
    at_most "$(records cpu metric | jq "(.loss - $trained) | fabs")" 1e-2
}

@test "dlt-eval --device: the CPU where there is a GPU, and a GPU for what the CPU trained" {
    eval_on() {
        dlt-eval perplexity --checkpoint "$1" --tokens "$BATS_FILE_TMPDIR/test.tok" --device "$2" -o "$1-$2"
    }
    tiny --device cuda --episodes 1 --checkpoint bf16 -o r1
    tiny --device cpu --episodes 1 --checkpoint fp32 -o r2
    for device in auto cpu cuda; do
        eval_on bf16 $device
        eval_on fp32 $device
    done
    same_output 'records bf16-auto metric | jq .loss' 'records bf16-cuda metric | jq .loss'
    same_output 'records fp32-auto metric | jq .loss' 'records fp32-cpu metric | jq .loss'
    near=$(records fp32-cpu metric | jq --slurpfile gpu <(records fp32-cuda metric) '(.loss - $gpu[0].loss) | fabs')
    at_most "$near" 1e-5
    records fp32-cuda env | jq -s -e 'last.device == "cuda/fp32"'
    records bf16-cuda env | jq -s -e 'last.device == "cuda/bf16" and (last.choices | startswith("cublasLt"))'
    records bf16-cpu env | jq -s -e 'last.device | startswith("cpu/")'
    DLT_EMU_DEVICE=none run --separate-stderr -1 eval_on bf16 cuda
    expect_error_line "dlt-eval perplexity" "no NVIDIA GPU"
}

@test "no library, no driver, no GPU, none with bf16" {
    enter_clean
    DLT_CUDA_LIBRARY=none run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "the CUDA kernels 'none' are not there"
    echo text >library
    DLT_CUDA_LIBRARY=./library run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "cannot load the CUDA kernels: ./library"
    rm library
    DLT_EMU_DEVICE=no-driver run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "no NVIDIA driver"
    DLT_EMU_DEVICE=none run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "no NVIDIA GPU"
    DLT_EMU_DEVICE=old run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "is too old and has no bf16"
    DLT_EMU_DEVICE=old run --separate-stderr -1 tiny --device cuda --precision fp32 -o r
    expect_error_line dlt-train "is too old and has no bf16"
    [ -z "$(ls)" ]
}

@test "auto takes the CPU where there is no GPU, unless bf16 is asked for" {
    DLT_EMU_DEVICE=none tiny --device auto --max-steps 1 -o r
    records r header | jq -e '.config.precision == "fp32"'
    DLT_EMU_DEVICE=none run --separate-stderr -1 tiny --precision bf16 -o r2
    expect_error_line dlt-train "no NVIDIA GPU"
    run --separate-stderr -2 tiny --device cpu --precision bf16 -o r2
    expect_error_line dlt-train "bf16 is not for the CPU"
}

@test "a dry run counts for a GPU that is not there, as for one that is" {
    for precision in fp32 bf16 bf16-pure; do
        tiny --device cuda --precision $precision --dry-run >here 2>&1
        DLT_CUDA_LIBRARY=none tiny --device cuda --precision $precision --dry-run >elsewhere 2>&1
        grep -F "cuda/$precision" here
        cmp here elsewhere
        tiny --device cuda --precision $precision --dry-run -o - >here
        DLT_EMU_DEVICE=none tiny --device cuda --precision $precision --dry-run -o - >elsewhere
        [ "$(digest here)" = "$(digest elsewhere)" ]
    done
    DLT_CUDA_LIBRARY=none tiny --precision bf16 --dry-run
    DLT_CUDA_LIBRARY=none run -1 tiny --device cuda -o r
}

@test "libraries of another version or build" {
    cat >other.c <<'END'
#include <stddef.h>
const struct {
    const char *version;
    unsigned checksum;
    void *find;
} dlt_cuda_module = {VERSION, 1, NULL};
END
    cc -shared -fPIC -DVERSION='"0.0.1"' -o version.so other.c
    cc -shared -fPIC -DVERSION="\"$(dlt-train --version | grep -oE '[0-9]+\.[0-9.]+' | head -n 1)\"" -o build.so other.c
    DLT_CUDA_LIBRARY=./version.so run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "of version 0.0.1, this program of"
    DLT_CUDA_LIBRARY=./build.so run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "of another build"
}

@test "too little memory is said before the first step, with what would help" {
    enter_clean
    DLT_EMU_MEMORY=150000000 run --separate-stderr -1 tiny --device cuda --batch 512 --context 64 -o r
    expect_error_line dlt-train "MB of memory and 150.0 MB are available on cuda/bf16; --recompute layer or a smaller --batch would help"
    DLT_EMU_MEMORY=1000 run --separate-stderr -1 tiny --device cuda -o r
    expect_error_line dlt-train "are available on cuda/bf16"
    [ -z "$(ls)" ]
}

# The script for a machine with a GPU, on a network of seconds.
gpu_run() {
    PATH="/usr/bin:/bin" CUDA_HOME=/none LAYERS=3 WIDTH=16 HEADS=2 CONTEXT=16 BATCH=2 VOCABULARY=100 STEPS=1 INDEPENDENT="3 1" \
        SMALL="--layers 3 --width 16 --heads 2 --context 16 --batch 2" "$ROOT/tests/gpu/run" "$@"
}

@test "the script for a machine with a GPU makes its tables" {
    not_under thread "the emulated operations take longer than the script lets them"
    run -0 gpu_run "${BUILD_DIR:-$ROOT/build}" out
    grep -F "| operations against float64, twice, two attentions | passed" out/bench.md
    grep -E "^\| largest error, in units of its tolerance \| fp32 0\.[0-9]+, bf16 0\.[0-9]+, bf16-pure 0\.[0-9]+ \|$" out/bench.md
    grep -F "| 20 steps with re-tying, twice: the same bits | passed" out/bench.md
    for row in 3 3-timed 1 1-owner 1-recompute; do
        grep -E "^\| $row \| [0-9.]+ \| [0-9]+ \| 0 \| 0% \| 0\.[0-9]+ \| 0\.[0-9]+ \|$" out/bench.md
    done
    grep -E "^\| tokens/s, 3 independent layers \| at least 45000 \| [0-9.]+, \*\*missed\*\* \|$" out/bench.md
    grep -E "^\| 1, memory of the state, of 3 \| at most 0\.1429 \| 0\.[0-9]+, \*\*missed\*\* \|$" out/bench.md
    grep -F "| compute-sanitizer | not there |" out/bench.md
    awk -F '\t' 'NF != 7 || NR > 1 && !($3 > 0) {exit 1} END {exit NR != 6}' out/bench.tsv
    [ "$(wc -l <out/algorithms)" -gt 10 ]
}

@test "the script for a machine with a GPU, in parts" {
    PARTS="checks sanitizers" run -0 gpu_run "${BUILD_DIR:-$ROOT/build}" out
    grep -F "| 20 steps with re-tying, twice: the same bits | passed" out/bench.md
    grep -F "| compute-sanitizer | not there |" out/bench.md
    run ! grep -F "tokens/s" out/bench.md
    PARTS=measurements INDEPENDENT=3 run -0 gpu_run "${BUILD_DIR:-$ROOT/build}" out
    grep -E "^\| 3 \| [0-9.]+ \| [0-9]+ " out/bench.md
    run ! grep -E "passed|pytorch|PyTorch \|" out/bench.md
}

@test "what fails there is said in its tables, which are whole all the same" {
    mkdir -p broken/gpu broken/bench
    ln -s "${BUILD_DIR:-$ROOT/build}/bin" broken/bin
    printf '#!/bin/sh\necho the operations differ\nexit 1\n' >broken/gpu/ops
    printf '#!/bin/sh\necho the GPU failed\nexit 1\n' >broken/bench/model
    chmod +x broken/gpu/ops broken/bench/model
    run -1 gpu_run broken out
    grep -F "| operations against float64, twice, two attentions | **failed**, status 1: the operations differ |" out/bench.md
    grep -F "| largest error, in units of its tolerance | fp32 not known, bf16 not known" out/bench.md
    grep -F "| 20 steps with re-tying, twice: the same bits | passed" out/bench.md
    grep -F "| 1-recompute | the GPU failed |" out/bench.md
    grep -F "| tokens/s, 3 independent layers | 45000 | not measured |" out/bench.md
    LIMIT=0 run -1 gpu_run broken out2
    grep -F "| 20 steps with re-tying, twice: the same bits | not run: no time left |" out2/bench.md
    grep -F "| 1-owner | no time left |" out2/bench.md
    tail -n 1 out2/bench.md | grep "seconds in all"
}
