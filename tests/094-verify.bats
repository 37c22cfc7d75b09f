# The same bits whatever compiles and runs the tools: the fast part of `make verify-all`.
load helpers
load train

setup_file() { make_tokens; }

build_dir() { echo "${BUILD_DIR:-$ROOT/build}"; }

@test "make verify: what the tiny profile computes is what is committed" {
    run make -C "$ROOT" --no-print-directory BUILD="$(build_dir)" PROFILE=tiny VERIFY="$BATS_TEST_TMPDIR/verify" verify
    [ "$status" -eq 0 ] || { echo "${lines[*]: -5}"; false; }
    [[ "${lines[-1]}" == *" run logs, "*" metrics, "*" reports: all as committed" ]]
}

@test "make verify says at once of a profile whose digests are not there" {
    run -2 make -C "$ROOT" --no-print-directory BUILD="$(build_dir)" PROFILE=mine VERIFY="$BATS_TEST_TMPDIR/verify" verify
    [[ "$output" == *"there is no results/digests/mine.tsv to compare with; there are: quick tiny"* ]]
    [ ! -e verify ]
}

@test "make digests is made with the dlt-report of this source" {
    make -n -C "$ROOT" --no-print-directory BUILD="$BATS_TEST_TMPDIR/none" RUN_LOGS="$BATS_TEST_TMPDIR/none" \
        PROFILE=tiny digests 2>/dev/null | grep -qF "LD  bin/dlt-report"
}

@test "of logs that cannot be read there are no digests, also where there are reports" {
    mkdir bin
    printf '#!/bin/sh\nexit 9\n' >bin/dlt-cat
    printf '#!/bin/sh\necho report\n' >bin/dlt-report
    chmod +x bin/*
    BIN=$PWD/bin run -9 "$ROOT/pipelines/digests" list a.run.msgpack.zst
}

@test "make verify: a result that changed, is missing or was added is named, and exit 1" {
    compare() { "$ROOT/pipelines/compare" committed now; }
    printf 'T1.md\taa\na.run\tbb\nb.metrics\tcc\n' | tee now >committed
    run --separate-stderr -0 compare
    [ "$output$stderr" = "1 run logs, 1 metrics, 1 reports: all as committed" ]
    printf 'T1.md\taa\na.run\tbc\nc.run\tdd\n' >now
    run --separate-stderr -1 compare
    [ -z "$output" ]
    [ "$stderr" = "compare: a.run: bc, not bb
compare: c.run: not among those committed
compare: b.metrics: not made" ]
    : >now
    run --separate-stderr -2 compare
    expect_error_line compare "no list of digests 'now'"
}

@test "make verify begins anew but for what was left in the middle by the same programs" {
    anew() { "$ROOT/pipelines/anew" work work/result tool; }
    echo 1 >tool
    anew && touch work/half
    anew && [ -e work/half ]
    echo 2 >tool
    anew && [ ! -e work/half ]
    touch work/half work/result
    anew && [ ! -e work/half ] && [ ! -e work/result ]
}

@test "a starter runs its program, and that finds its companions, under a command" {
    "$ROOT/pipelines/starters" "$(build_dir)/bin" start env STARTED=yes
    PATH="$PWD/start:$PATH"
    tiny --agent 'echo "$STARTED $(command -v dlt-qagent)" >seen; exec dlt-qagent --policy qlearn' -o r
    [ "$(cat seen)" = "yes $PWD/start/dlt-qagent" ]
}

# trained BIN: digests of a run, with every instruction set and 1, 2 and 7 threads.
trained() {
    local isa threads
    for isa in avx512 avx2 neon plain; do
        for threads in 1 2 7; do
            if PATH="$1:$PATH" DLT_CPU_ISA=$isa tiny --agent 'dlt-qagent --policy qlearn' --dropout 0.1 \
                --threads $threads -o r 2>why; then
                echo "$isa-$threads $(digest r)"
            else
                grep -q "this machine has no '$isa'" why || cat why
            fi
        done
    done
}

@test "the same run from every instruction set and number of threads" {
    trained "$(build_dir)/bin" >runs
    [ "$(wc -l <runs)" -ge 6 ] # plain C and what the processor has beside it
    [ "$(cut -d ' ' -f 2 runs | sort -u | wc -l)" -eq 1 ] || { cat runs; false; }
}

@test "the same run from another compiler" {
    command -v clang >/dev/null || skip "no clang"
    echo 'int main(void) { return 0; }' | clang -fopenmp -x c - -o a.out 2>/dev/null || skip "clang has no OpenMP (libomp-dev)"
    other="$(build_dir)/other-compiler"
    make -C "$ROOT" --no-print-directory BUILD="$other" CC=clang CFLAGS=-O1 KERNEL_CFLAGS=-O1 V=0 \
        "$other/bin/dlt-train" "$other/bin/dlt-qagent"
    { trained "$(build_dir)/bin"; trained "$other/bin"; } >runs
    [ "$(wc -l <runs)" -ge 12 ]
    [ "$(cut -d ' ' -f 2 runs | sort -u | wc -l)" -eq 1 ] || { cat runs; false; }
}
