#!/bin/sh
# The operations' digest on aarch64, with NEON and plain C under qemu, against this machine's.
# Usage: tests/aarch64-ops.sh [BUILD]. Says so and exits 0 where the tools are missing.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}/aarch64
cross=aarch64-linux-gnu-gcc

for tool in "$cross" qemu-aarch64; do
    if ! command -v "$tool" >/dev/null; then
        echo "SKIP: no $tool on this machine" >&2
        exit 0
    fi
done

flags="-std=c17 -O2 -ffp-contract=off -fexcess-precision=standard -fopenmp -I."
mkdir -p "$build"
objects=
compile() { # SOURCE NAME FLAGS...
    source=$1 object=$build/$2.o
    shift 2
    $cross $flags "$@" -c "$source" -o "$object"
    objects="$objects $object"
}
for name in math memory random status; do
    compile "lib/base/$name.c" "$name"
done
compile kernels/cpu/device.c device
compile kernels/cpu/dispatch.c dispatch
for source in kernels/cpu/*.c; do
    name=$(basename "$source" .c)
    case $name in device | dispatch) continue ;; esac
    for isa in neon plain; do
        compile "$source" "$name.$isa" -O3 -DDLT_ISA=$isa -DDLT_ISA_$isa
    done
done
compile tests/unit/cpu/digest.c digest
$cross -static -fopenmp $objects -lm -o "$build/digest" 2>"$build/link.log" || { # dlopen warning
    cat "$build/link.log" >&2
    exit 1
}

make --no-print-directory BUILD="${1:-build}" "${1:-build}/unit/cpu/digest" >/dev/null
digest() { sed -n 's/^# digest //p'; }
want=$("${1:-build}/unit/cpu/digest" | digest)
status=0
for isa in neon plain; do
    got=$(DLT_CPU_ISA=$isa qemu-aarch64 "$build/digest" | digest)
    echo "aarch64 $isa $got, this machine $want"
    if [ -z "$want" ] || [ "$got" != "$want" ]; then
        echo "tests/aarch64-ops.sh: other bits with $isa on aarch64" >&2
        status=1
    fi
done
exit $status
