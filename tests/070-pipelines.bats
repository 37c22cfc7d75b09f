# The whole chain on the tiny profile: text to paper; what is rebuilt, and what is refused.
load helpers

# Everything but the tools goes below the test's own folder.
pipeline() {
    make -C "$ROOT" --no-print-directory PROFILE=tiny BUILD="${BUILD_DIR:-$ROOT/build}" \
        DATA="$BATS_FILE_TMPDIR/data" STATE="$BATS_FILE_TMPDIR/state" \
        CHECKPOINTS="$BATS_FILE_TMPDIR/checkpoints" RUN_LOGS="$BATS_FILE_TMPDIR/results" \
        PAPER="$BATS_FILE_TMPDIR/paper" "$@"
}

@test "make paper: from nothing to a PDF and a page" {
    pipeline paper
    cd "$BATS_FILE_TMPDIR"
    for run in conventional-wiki2-s1 dynamic-wiki2-s1 conventional-lambada-s1 dynamic-lambada-s1; do
        dlt-cat --check "results/$run.run.msgpack.zst"
    done
    [ "$(head -c 5 paper/paper.pdf)" = "%PDF-" ]
    grep -q '<svg' paper/index.html
    ls results/*.partial 2>/dev/null && return 1
    true
}

@test "a second make paper trains nothing and typesets nothing" {
    touch "$BATS_FILE_TMPDIR/before"
    sleep 1
    run -0 pipeline paper
    [[ "$output" != *"dlt-train"* ]] || { echo "$output"; false; }
    [ -z "$(find "$BATS_FILE_TMPDIR/results" "$BATS_FILE_TMPDIR/paper" -name '*.zst' -newer "$BATS_FILE_TMPDIR/before")" ]
    [ ! "$BATS_FILE_TMPDIR/paper/paper.pdf" -nt "$BATS_FILE_TMPDIR/before" ]
}

@test "a run that is thrown away comes back with the same digest" {
    log="$BATS_FILE_TMPDIR/results/dynamic-wiki2-s1.run.msgpack.zst"
    before=$(digest "$log")
    rm -r "$log" "$BATS_FILE_TMPDIR/checkpoints"
    pipeline runs
    [ "$(digest "$log")" = "$before" ]
}

@test "make why: up to date, then a changed option names itself" {
    run -0 pipeline why
    [ "$(printf '%s\n' "$output" | grep -c 'up to date')" -eq 4 ]
    run -0 pipeline why AGENT='--epsilon-decay 0.25'
    [[ "$output" == *"epsilon-decay 0.25"* ]]
    [ "$(printf '%s\n' "$output" | grep -c 'up to date')" -eq 2 ]
}

@test "make -n shows every run and trains none" {
    rm -rf "$BATS_FILE_TMPDIR/other"
    run -0 pipeline -n runs RUN_LOGS="$BATS_FILE_TMPDIR/other"
    [ "$(printf '%s\n' "$output" | grep -c 'pipelines/train ')" -eq 4 ]
    [ ! -e "$BATS_FILE_TMPDIR/other" ]
}

@test "an unknown profile is named" {
    run -2 make -C "$ROOT" runs PROFILE=nonesuch
    [[ "$output" == *"no profile 'nonesuch'"* ]]
}

expand() { # KIND TABLE-FILE VARIABLE...
    kind=$1 table=$2
    shift 2
    awk -f "$ROOT/pipelines/table.awk" -f "$ROOT/pipelines/$kind.awk" "$@" "$table"
}

@test "mistakes in experiments.tsv are found before anything is trained" {
    header='name\ttables\tarch\tdataset\tmethod\tpolicy\toptions\n'
    mkdir x; cd x
    check() {
        printf "$header$1" >experiments.tsv
        run --separate-stderr -2 expand experiments experiments.tsv -v known=wiki2 -v here=wiki2 -v seeds=1
        [[ "$stderr" == *"$2"* ]] || { echo "$stderr"; return 1; }
    }
    check 'a\tT1\tgpt2\twiki2\tx\tqlearn\n' "6 columns, not 7"
    check 'a\tT1\tgpt3\twiki2\tx\tqlearn\t-\n' "unknown arch 'gpt3'"
    check 'a\tT1\tgpt2\twiki9\tx\tqlearn\t-\n' "unknown dataset 'wiki9'"
    check 'a\tT9\tgpt2\twiki2\tx\tqlearn\t-\n' "unknown table 'T9'"
    check 'a\tT1\tgpt2\twiki2\tx\tqlearn\t-\na\tT1\tgpt2\twiki2\tx\tqlearn\t-\n' "'a' stands there twice"
    printf 'name\ttables\tcolour\n' >experiments.tsv
    run --separate-stderr -2 expand experiments experiments.tsv -v known=wiki2 -v here=wiki2 -v seeds=1
    [[ "$stderr" == *"the columns are"* ]]
}
