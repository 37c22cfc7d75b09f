# The whole chain on the tiny profile: text to paper; what is rebuilt, and what is refused.
load helpers
load crash

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
    for run in conventional-wiki2-s1 dynamic-lambada-s1 retrained-wiki2-s1 k15-wiki2-s1; do
        dlt-cat --check "results/$run.run.msgpack.zst"
    done
    dlt-cat --check results/unigram-wiki2.metrics.msgpack.zst results/similarity-dynamic-wiki2-s1.metrics.msgpack.zst \
        results/lastword-dynamic-lambada-s1.metrics.msgpack.zst
    [ "$(head -c 5 paper/paper.pdf)" = "%PDF-" ]
    # A table or figure goes by one number, on paper, on the page and for dlt-report.
    for id in tab:T{1..6} fig:F{1..5}; do grep -qF "newlabel{$id}{{${id: -1}}" paper/typeset/paper.aux; done
    grep -q '<svg' paper/index.html
    ls results/*.partial 2>/dev/null && return 1
    true
}

@test "a second make paper trains nothing and typesets nothing" {
    touch "$BATS_FILE_TMPDIR/before"
    sleep 1
    run -0 pipeline paper
    [[ "$output" != *training* ]] || { echo "$output"; false; }
    [ -z "$(find "$BATS_FILE_TMPDIR/results" "$BATS_FILE_TMPDIR/paper" -name '*.zst' -newer "$BATS_FILE_TMPDIR/before")" ]
    [ ! "$BATS_FILE_TMPDIR/paper/paper.pdf" -nt "$BATS_FILE_TMPDIR/before" ]
}

# Of a run's records of one kind, a field.
field() { # RUN KIND EXPRESSION
    dlt-cat --kind "$2" "$BATS_FILE_TMPDIR/results/$1.run.msgpack.zst" | jq -r "$3"
}

@test "every run of an architecture trains for the same number of steps" {
    for log in "$BATS_FILE_TMPDIR"/results/*.run.msgpack.zst; do
        dlt-cat --kind final "$log" | jq -r .steps
    done | sort -u >steps
    [ "$(cat steps)" = 16 ]
    # 4 x 2 visits of 2 steps, so 2 x 8 of 1, and 2 of 15, the second cut short
    [ "$(field k1-wiki2-s1 header '.config | "\(.episodes) \(."max-steps")"')" = "8 0" ]
    [ "$(field k15-wiki2-s1 header '.config | "\(.episodes) \(."max-steps")"')" = "1 16" ]
}

@test "runs take their map, their depth and their groups from another's outcome" {
    independent=$(field dynamic-wiki2-s1 final .independent)
    [ "$(field retrained-wiki2-s1 final .state)" = "$(field dynamic-wiki2-s1 final .state)" ]
    [ "$(field shallow-wiki2-s1 header .config.layers)" -eq "$independent" ]
    [[ "$(field cycle-m-wiki2-s1 header .config.agent)" == *" fixed:cycle:$independent" ]]
}

@test "a run that is thrown away comes back with the same digest, and what depends on it stays" {
    log="$BATS_FILE_TMPDIR/results/dynamic-wiki2-s1.run.msgpack.zst"
    before=$(digest "$log")
    rm -r "$log" "$BATS_FILE_TMPDIR/checkpoints"
    run -0 pipeline runs
    [ "$(printf '%s\n' "$output" | grep -c ': training')" -eq 1 ]
    [ "$(digest "$log")" = "$before" ]
}

@test "make why: up to date, then a changed option names itself" {
    run -0 pipeline why
    [ "$(printf '%s\n' "$output" | grep -vc 'up to date')" -eq 0 ]
    run -0 pipeline why EPSILON_DECAY=0.25
    [[ "$output" == *"conventional-wiki2-s1: up to date"* ]]
    [[ "$output" == *"dynamic-wiki2-s1: to be trained"*"< "*"epsilon-decay 0.5"*"> "*"epsilon-decay 0.25"* ]]
    [ ! -e "$BATS_FILE_TMPDIR/results/dynamic-wiki2-s1.run.msgpack.zst.partial" ]
}

@test "make -n shows every run and trains none" {
    run -0 pipeline -n runs RUN_LOGS="$BATS_FILE_TMPDIR/other" STATE="$BATS_FILE_TMPDIR/other"
    runs=$(grep -c ' T[0-9]' <<<"$(printf '%s\n' "$output" | sed -n 's/.*pipelines\/train \([^ ]*\).*/ T1 \1/p')")
    [ "$runs" -eq "$(tail -n +2 "$BATS_FILE_TMPDIR/state/experiments.tsv" | wc -l)" ]
    [ ! -e "$BATS_FILE_TMPDIR/other" ]
}

@test "logs that were made elsewhere: kept if they are of this configuration, never overwritten" {
    results="$BATS_FILE_TMPDIR/kept" state="$BATS_FILE_TMPDIR/kept-state"
    logs="$BATS_FILE_TMPDIR/results"
    mkdir "$results"
    cp "$logs"/{random,greedy,dynamic,cycle-m}-wiki2-s1.run.msgpack.zst "$results"
    grep -E '^(#|(name|random|greedy|dynamic|cycle-m)	)' "$ROOT/pipelines/experiments.tsv" >experiments.tsv
    elsewhere() { pipeline RUN_LOGS="$results" STATE="$state" CHECKPOINTS="$BATS_FILE_TMPDIR/none" EXPERIMENTS="$PWD/experiments.tsv" DATASETS=wiki2 "$@"; }
    run -0 elsewhere runs
    [[ "$output" == *"dynamic-wiki2-s1: the run log is there, of this configuration"* ]]
    [[ "$output" == *"similarity-dynamic-wiki2-s1.metrics.msgpack.zst: not measured"* ]]
    [[ "$output" != *": training"* ]]
    run -0 elsewhere runs
    [[ "$output" != *"of this configuration"* ]]
    # another configuration: before anything is trained
    rm -r "$state" "$results"/random-*
    cp "$logs/random-wiki2-s1.run.msgpack.zst" "$results/greedy-wiki2-s1.run.msgpack.zst"
    run -2 elsewhere runs
    [[ "$output" == *"greedy-wiki2-s1.run.msgpack.zst was made elsewhere, with "*"--policy random"*"not"*"--policy greedy"*"move it away"* ]]
    [[ "$output" != *": training"* ]]
    run -0 elsewhere why
    [[ "$output" == *"greedy-wiki2-s1: not ours: "*"made elsewhere"* ]]
    cmp "$logs/random-wiki2-s1.run.msgpack.zst" "$results/greedy-wiki2-s1.run.msgpack.zst"
    # one that rests on another's outcome, which is not known yet
    cp "$logs/greedy-wiki2-s1.run.msgpack.zst" "$results"
    configured cycle-m-wiki2-s1 's/--lr [^ ]*/--lr 9e-3/' -o "$results/cycle-m-wiki2-s1.run.msgpack.zst"
    rm -r "$state"
    run -2 elsewhere runs
    [[ "$output" == *"cycle-m-wiki2-s1.run.msgpack.zst was made elsewhere, with --lr 0.009, not 0.001; move it away"* ]]
}

# configured RUN SED OPTION...: dlt-train as the pipeline starts it for RUN, its options changed.
configured() {
    local data="$BATS_FILE_TMPDIR/data/wiki2" options
    options=$(head -n 1 "$BATS_FILE_TMPDIR/state/$1.config" | sed "$2")
    eval "dlt-train --quiet --train $data.train.tokens.msgpack.zst --valid $data.valid.tokens.msgpack.zst \
        --test $data.test.tokens.msgpack.zst $options" "${@:3}"
}

@test "what dlt-train refuses is no log's configuration" {
    log="$BATS_FILE_TMPDIR/results/all-wiki2-s1.run.msgpack.zst"
    dlt-cat --check "$log" >/dev/null
    for options in '--width 99999' '--no-such-option 7'; do
        sed "1s/\$/ $options/" "$BATS_FILE_TMPDIR/state/all-wiki2-s1.config" >config
        BIN=$(dirname "$(command -v dlt-cat)") run --separate-stderr -2 "$ROOT/pipelines/examine" config none "$log" \
            dlt-train --train "$BATS_FILE_TMPDIR/data/wiki2.train.tokens.msgpack.zst"
        [ -z "$output" ]
        [[ "$stderr" == "$log: dlt-train: "*"${options%% *}"* ]]
    done
}

@test "a checkpoint is measured for the log of its own run's end" {
    log="$BATS_FILE_TMPDIR/results/conventional-wiki2-s1.run.msgpack.zst"
    measured() { # CHECKPOINT
        BIN=$(dirname "$(command -v dlt-cat)") "$ROOT/pipelines/measure" m "$log" "$1" dlt-eval similarity --quiet --checkpoint "$1" 2>&1
    }
    configured conventional-wiki2-s1 '' --max-steps 2 --checkpoint half -o half.run
    [ "$(measured half)" = "m: not measured: half is not what $log ended with" ]
    [ ! -e m ]
    configured conventional-wiki2-s1 '' --checkpoint whole -o whole.run
    [ -z "$(measured whole)" ]
    dlt-cat --check m
    # What was measured before stays, and that is said.
    [ "$(measured half)" = "m: not measured: half is not what $log ended with; what was measured before stays" ]
    dlt-cat --check m
    # Damage and a log that is not there are not "another network".
    head -c 200 whole >cut
    run -3 measured cut
    [[ "$output" == *"'cut'"*"truncated"* ]]
    log=missing
    run -1 measured whole
    [[ "$output" == *"missing: No such file"* && "$output" != *"not measured"* ]]
}

@test "outcomes go by the run's name, whatever hyphens its dataset has" {
    log="$BATS_FILE_TMPDIR/results/dynamic-wiki2-s1.run.msgpack.zst"
    BIN=$(dirname "$(command -v dlt-cat)") "$ROOT/pipelines/outcome" dynamic-my-set-s1 my-set "$log" | grep -F 's/{dynamic[.]map}/'
}

@test "other flags to link with, other sources: other programs" {
    copy="$BATS_TEST_TMPDIR/copy"
    mkdir "$copy"
    (cd "$ROOT" && cp -r Makefile lib kernels tools tests pipelines paper "$copy")
    now() { make -C "$copy" --no-print-directory BUILD=build "$@"; }
    now -j2 build/bin/dlt-cat >/dev/null
    now -q build/bin/dlt-cat
    # The same folder by its full name is the same.
    now -q BUILD="$copy/build" "$copy/build/bin/dlt-cat"
    flags=build/cuda-flags
    now $flags >/dev/null
    now -q BUILD="$copy/build" "$copy/$flags"
    touch "$copy/lib/base/list.h"
    run -1 now -q BUILD="$copy/build" "$copy/build/lib/base/list.o"
    run -1 now -q build/lib/base/list.o
    [[ "$(now -n LDFLAGS=-static build/bin/dlt-cat)" == *" -static "*"build/bin/dlt-cat.new"* ]]
    rm "$copy/lib/record/token_writer.c"
    [[ "$(now -n build/bin/dlt-cat)" == *"AR  lib/libdlt-record.a"* ]]
}

@test "logs of other texts, and logs that are not whole, stop before anything is trained" {
    results="$BATS_FILE_TMPDIR/bad"
    mkdir -p "$results"
    bad() { pipeline RUN_LOGS="$results" STATE="$BATS_FILE_TMPDIR/bad-state" DATASETS=wiki2 "$@"; }
    cp "$BATS_FILE_TMPDIR/results/all-wiki2-s1.run.msgpack.zst" "$results"
    run -2 bad runs BYTES_train=50k DATA="$BATS_FILE_TMPDIR/bad-data"
    [[ "$output" == *"all-wiki2-s1.run.msgpack.zst was made elsewhere, with other texts"* ]]
    [[ "$output" != *": training"* ]]
    truncate -s -20 "$results/all-wiki2-s1.run.msgpack.zst"
    run -2 bad runs
    [[ "$output" == *"all-wiki2-s1.run.msgpack.zst"*"truncated"* ]]
    [[ "$output" != *": training"* ]]
}

@test "an option that dlt-train or the agent does not know is found before anything is trained" {
    printf "$(grep '^name' "$ROOT/pipelines/experiments.tsv")\n" >experiments.tsv
    printf 'a\tT1\tgpt2\twiki2\ta\tA\tqlearn\t-\nb\tT1\tgpt2\twiki2\tb\tB\tqlearn\t--tie ear\n' >>experiments.tsv
    printf 'c\tT1\tgpt2\twiki2\tc\tC\tfixed:cycle:{a.map}\t-\n' >>experiments.tsv
    run -2 pipeline runs RUN_LOGS="$BATS_TEST_TMPDIR/results" STATE="$BATS_TEST_TMPDIR/state" \
        EXPERIMENTS="$PWD/experiments.tsv" DATASETS=wiki2
    [[ "$output" == *"b-wiki2-s1: dlt-train: option --tie: 'ear' is not one of"* ]]
    [[ "$output" == *"c-wiki2-s1: "*"cycle:0,"* ]]
    [[ "$output" != *": training"* ]]
    run -2 pipeline plan EXPERIMENTS="$PWD/experiments.tsv" DATASETS=wiki2
    [[ "$output" == *"plan: b-wiki2-s1: dlt-train: option --tie"* ]]
}

@test "make plan: runs, tokens, operations, memory and hours, with texts and without" {
    run -0 pipeline plan SPEED=1e9
    [[ "$output" == *"conventional-wiki2-s1 "*" 16 "*"43 runs "*" 688 "*"Hours of cpu at 1.0G operations a second"* ]]
    [[ "$output" != *"make data"* ]]
    # no text, no outcome: what cannot be known is said
    run -0 pipeline plan DATA=none STATE="$BATS_TEST_TMPDIR/state" DEVICE=cuda
    [[ "$output" == *"retrained-wiki2-s1 "*" n/a *+"*"a fifth of its layers"*"(make data)"* ]]
    # the sum of the parts, at the paper's own sizes, in a build folder that has the tools alone
    run -0 make -C "$ROOT" --no-print-directory plan PROFILE=paper BUILD="$BATS_TEST_TMPDIR/new" bin="${BUILD_DIR:-$ROOT/build}/bin"
    [[ "$output" == *"conventional-wiki2-s1 "*" 56400 "*" 231M "*"bert-dynamic-1b-s1 "*" 13200 "* ]]
    run -2 pipeline plan DEVICE=abacus
    [[ "$output" == *"no device 'abacus'"* ]]
}

@test "an unknown profile, and what a profile lacks, is named" {
    run -2 make -C "$ROOT" runs PROFILE=nonesuch
    [[ "$output" == *"no profile 'nonesuch'"* ]]
    run -2 make -C "$ROOT" runs PROFILE=tiny WIDTH= EPISODES=
    [[ "$output" == *"profile 'tiny' does not set WIDTH EPISODES"* ]]
}

@test "make killed in the middle of a run goes on from there, to the same digest" {
    long() { # RESULTS
        pipeline RUN_LOGS="$1" STATE="$1/state" CHECKPOINTS="$1/checkpoints" EPISODES=1000 EVAL_EVERY=100 \
            "$1/greedy-wiki2-s1.run.msgpack.zst"
    }
    long "$PWD/whole"
    faulty dlt-train stop:1000 long "$PWD/killed" >output 2>&1 3>&- &
    wait_until stands
    [ -s killed/checkpoints/greedy-wiki2-s1.checkpoint.msgpack.zst ]
    kill $(pgrep -P $! make || echo $!)
    wait_until is_told_to_end
    go_on
    wait $! && return 1
    [ -e killed/greedy-wiki2-s1.run.msgpack.zst.partial ]
    run -0 long "$PWD/killed"
    [[ "$output" == *"greedy-wiki2-s1: going on from its checkpoint"* ]]
    [ "$(digest killed/greedy-wiki2-s1.run.msgpack.zst)" = "$(digest whole/greedy-wiki2-s1.run.msgpack.zst)" ]
    run -2 pipeline "$BATS_FILE_TMPDIR/results/grumpy-wiki2-s1.run.msgpack.zst"
    [[ "$output" == *"profile 'tiny' has no run 'grumpy-wiki2-s1'"* ]]
}

@test "two Makes of one profile at once: the second waits and makes nothing that the first made" {
    waits_for() { # LOCK WHAT GOAL
        exec 7>"$1"
        flock 7
        pipeline "$3" >output 2>&1 7>&- &
        wait_until grep -qF "$2" output
        exec 7>&-
        wait $!
    }
    cd "$BATS_FILE_TMPDIR"
    rm results/all-wiki2-s1.run.msgpack.zst
    waits_for checkpoints/all-wiki2-s1.checkpoint.msgpack.zst.lock 'all-wiki2-s1: waiting for another process that trains it' train-all
    grep -q 'all-wiki2-s1: done' output
    metrics=similarity-dynamic-wiki2-s1.metrics.msgpack.zst
    for made in results/$metrics paper/paper.pdf paper/index.html data/wiki2.test.tokens.msgpack.zst; do
        rm "$made"
        case $made in
        results/*) goal=train-all ;;
        paper/*) goal=report ;;
        *) goal=data; rm data/wiki2.test.digest ;;
        esac
        waits_for "state/${made##*/}.lock" "${made##*/}: waiting for another process that makes it" $goal
        [ -e "$made" ]
    done
    # before the lock, the second's measurement was the first's file
    rm results/$metrics
    for i in 1 2; do pipeline "$PWD/results/$metrics" >"output.$i" 2>&1 & done
    wait -n && wait -n
    dlt-cat --check results/$metrics
}

@test "runs that share a device take turns, and nobody else trains one that waits" {
    exec 7>queue
    flock 7
    pipeline QUEUE="$PWD/queue" RUN_LOGS="$PWD/results" STATE="$PWD/state" CHECKPOINTS="$PWD/checkpoints" \
        "$PWD/results/random-wiki2-s1.run.msgpack.zst" >output 2>&1 7>&- 3>&- &
    wait_until grep -q 'random-wiki2-s1: waiting for its turn' output
    run -1 flock -n checkpoints/random-wiki2-s1.checkpoint.msgpack.zst.lock true
    run -1 grep ': training' output
    exec 7>&-
    wait $!
    grep -q 'random-wiki2-s1: done' output
    dlt-cat --check results/random-wiki2-s1.run.msgpack.zst
}

@test "two Makes of one profile at once: neither reads what the other has half written" {
    # The first stands still where the experiments have been written for it, the second where they begin to be.
    real=$(command -v awk)
    mkdir bin
    cat >bin/awk <<END
#!/bin/sh
wait_for() { until [ -e "$PWD/\$1" ]; do sleep 0.05; done; }
case "\$WHO \$*" in second*experiments.awk*) touch "$PWD/begins"; wait_for first_is_through ;; esac
"$real" "\$@" || exit
case "\$WHO \$*" in first*experiments.awk*) touch "$PWD/written"; wait_for begins ;; esac
END
    chmod +x bin/awk
    PATH="$PWD/bin:$PATH" WHO=first pipeline why >first 2>&1 3>&- &
    first=$!
    wait_until test -e written
    PATH="$PWD/bin:$PATH" WHO=second pipeline why >second 2>&1 3>&- &
    second=$!
    wait $first
    touch first_is_through
    wait $second
    for output in first second; do [ "$(grep -c '^[a-z0-9-]*-s1: ' $output)" -eq 43 ]; done
}

@test "no experiment for the datasets of a profile is a mistake" {
    grep -P '^(name|random)\t' "$ROOT/pipelines/experiments.tsv" >experiments.tsv
    run -2 pipeline runs EXPERIMENTS="$PWD/experiments.tsv" DATASETS=lambada
    [[ "$output" == *"experiments.tsv has no run for the datasets of profile 'tiny'"* ]]
}

@test "what fails leaves no file: the outcome of a damaged log, half of what a command prints" {
    update() { "$ROOT/pipelines/update" "$@"; }
    printf x >damaged
    BIN="$(dirname "$(command -v dlt-cat)")" run ! update outcome "$ROOT/pipelines/outcome" dynamic-wiki2-s1 damaged
    [ "$(ls)" = damaged ]
    update file echo same
    touch -d '1 hour ago' file damaged
    update file echo same
    [ ! file -nt damaged ]
    update file echo other
    run -3 update file sh -c 'echo half; exit 3'
    [ "$(cat file)" = other ]
    [ "$(echo *)" = "damaged file" ]
}

# trained_with LAUNCH: the digest of a run that is launched so.
trained_with() {
    LAUNCH=$1 pipeline "$PWD/launched/random-wiki2-s1.run.msgpack.zst" RUN_LOGS="$PWD/launched" \
        STATE="$PWD/launched/state" CHECKPOINTS="$PWD/launched/checkpoints" >&2
    digest launched/random-wiki2-s1.run.msgpack.zst
    rm -r launched
}

@test "LAUNCH is words of the shell; over ssh every word arrives, in this folder" {
    plain=$(trained_with '')
    [ "$(trained_with "env A='it'\\''s  \$HOME' sh -c 'printenv A >\"$PWD/a\"; exec \"\$0\" \"\$@\"'")" = "$plain" ]
    [ "$(cat a)" = "it's  \$HOME" ]
    mkdir bin
    printf '#!/bin/sh\necho "$1" >>"%s/hosts"\nshift\ncd /\nPATH=/usr/bin:/bin\nexec sh -c "$*"\n' "$PWD" >bin/ssh
    chmod +x bin/ssh
    PATH="$PWD/bin:$PATH"
    [ "$(trained_with "pipelines/over-ssh far")" = "$plain" ]
    [ "$(cat hosts)" = far ]
    over_ssh() { "$ROOT/pipelines/over-ssh" far "$@"; }
    mkdir "it's" && cd "it's"
    [ "$(over_ssh printf '<%s>' 'a  b' "\$x '" '\n"')" = "<a  b><\$x '><\\n\">" ]
    [ "$(over_ssh pwd)" = "$PWD" ]
    run -7 over_ssh sh -c 'exit 7'
    # What ends this end ends that one in its own way.
    for signal in TERM KILL; do
        "$ROOT/pipelines/over-ssh" far sh -c 'trap "echo told; exit 3" TERM; echo begun; while :; do sleep 0.1; done' >told 3>&- &
        wait_until grep -q begun told
        kill -s $signal $!
        wait $! || status=$?
        [ "$signal" = KILL ] || [ "$status" -eq 3 ]
        wait_until grep -q told told
    done
}

@test "the fingerprint tries every choice of dlt-train and the agent, and every policy of the experiments" {
    "$ROOT/pipelines/fingerprint" "${BUILD_DIR:-$ROOT/build}/bin" >fingerprint
    printf x >text
    dlt-tokenize train --quiet --size 257 -o v.bpe text
    seq 1000 | dlt-tokenize encode --quiet --vocab v.bpe -o tokens -
    dlt-train --train tokens --quiet --dry-run -o - | dlt-cat --kind header | jq '.config + {reward: "ppl", start2: "tied"}' >defaults
    for tool in dlt-train dlt-qagent; do
        $tool --help | awk '$1 ~ /^--/ && $2 ~ /[|]/ && $1 !~ /device|precision|arch/ { n = split($2, v, "|"); for (i = 1; i <= n; i++) print $1, v[i] }'
    done >choices
    [ "$(wc -l <choices)" -gt 30 ]
    while read -r option value; do
        [ "$(jq -r --arg o "${option#--}" '.[$o]' defaults)" != "$value" ] || continue
        [ "$option $value" != "--start tied" ] && [ "$option $value" != "--semantics shared" ] || continue
        for arch in gpt2 bert; do grep -qx "$arch [0-9a-f]* $option $value" fingerprint || { echo "$arch $option $value"; false; }; done
    done <choices
    grep -P '^[a-z0-9-]+\t[TF]' "$ROOT/pipelines/experiments.tsv" | cut -f 3,7 | while IFS=$'\t' read -r arch policy; do
        "$ROOT/pipelines/config" " --arch $arch --policy $policy" fingerprint /dev/null | grep -q -- ' --policy ' || { echo "$policy"; false; }
    done
    # Each choice is tried in earnest: only what recomputes gives the same as another.
    [ -z "$(grep -v -- --recompute fingerprint | cut -d ' ' -f 2 | sort | uniq -d)" ]
    [ "$(cut -d ' ' -f 2 fingerprint | sort | uniq -d | wc -l)" -eq 2 ]
    run -1 "$ROOT/pipelines/config" ' --arch gru' fingerprint
    # A new policy is a further choice, also one that learns nothing and has no argument.
    sed "s/^agent_choices=(/&'--policy round-robin' /" "$ROOT/pipelines/fingerprint" >joined
    bash joined "${BUILD_DIR:-$ROOT/build}/bin" | diff fingerprint - >difference && false
    [ "$(grep '^[<>]' difference | sed 's/ [0-9a-f]\{16\} / /')" = "$(printf '> %s --policy round-robin\n' gpt2 bert)" ]
    # A tool that fails, late or early, leaves none.
    for tool in dlt-corpus dlt-tokenize dlt-eval dlt-qagent; do
        cp -r "${BUILD_DIR:-$ROOT/build}"/bin $tool
        printf '#!/bin/sh\nexit 1\n' >$tool/$tool
        run ! "$ROOT/pipelines/write" none "$ROOT/pipelines/fingerprint" $tool
        [ ! -e none ]
    done
}

@test "the fingerprint trains beyond every length at which the kernels cut a sum" {
    cd "$ROOT"
    grep -rE "= [0-9]+,?.*// .*part of the results' bits" kernels/cpu | sed -E 's/:.* ([A-Z_]+) = ([0-9]+).*/ \1 \2/' >"$BATS_TEST_TMPDIR/cuts"
    grep -rhE "head_rows = [0-9]+" kernels/cpu/table.c | sed -E 's/.* = ([0-9]+),/kernels\/cpu\/table.c head_rows \1/' >>"$BATS_TEST_TMPDIR/cuts"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/cuts")" -ge 8 ]
    large=$(sed -n 's/^large=(\(.*\))$/\1/p' pipelines/fingerprint)
    size() { printf '%s\n' "$large" | sed -E "s/.*--$1 ([0-9]+).*/\1/"; }
    while read -r file constant length; do
        # `make check-fingerprint` changes it.
        grep -q "^$file $constant $length " tests/checks/fingerprint || { echo "$file $constant $length"; false; }
        [[ $file != *gradient_norm* ]] || continue # elements of a tensor
        for most in $(($(size batch) * $(size context))) $(size context) $((4 * $(size width))); do
            [ "$most" -gt "$length" ] || { echo "$most is no more than $file's $constant"; false; }
        done
    done <"$BATS_TEST_TMPDIR/cuts"
}

@test "what the tools compute changed: only the runs that it concerns are trained, only measurements made again" {
    metrics="$BATS_FILE_TMPDIR/results/similarity-dynamic-wiki2-s1.metrics.msgpack.zst"
    pipeline train-all >/dev/null
    now() { pipeline fingerprint="$PWD/fingerprint" "$@"; }
    changed() { sed "s/^\($1\) [0-9a-f]*/\1 0/" "${BUILD_DIR:-$ROOT/build}/state/fingerprint" >fingerprint; }
    to_be_trained() { printf '%s\n' "$output" | sed -n 's/-[a-z0-9]*-s1: to be trained.*//p' | sort -u | paste -sd ' '; }
    changed bert
    run -0 now why
    [ "$(to_be_trained)" = "bert-conventional bert-dynamic bert-mlm-conventional bert-mlm-dynamic" ]
    sed "s/ [0-9a-f]* --permute heads/ 0 --permute heads/" "${BUILD_DIR:-$ROOT/build}/state/fingerprint" >fingerprint
    run -0 now why
    [ "$(to_be_trained)" = permute-heads ]
    sed "s/^bert [0-9a-f]* --width/bert 0 --width/" "${BUILD_DIR:-$ROOT/build}/state/fingerprint" >fingerprint
    run -0 now why
    [ "$(to_be_trained)" = "bert-conventional bert-dynamic bert-mlm-conventional bert-mlm-dynamic" ]
    touch mark
    sleep 1
    changed nothing
    now train-all >/dev/null
    [ ! "$metrics" -nt mark ]
    changed eval
    run -0 now train-all
    [[ "$output" != *training* ]]
    [ "$metrics" -nt mark ]
}

@test "options: the same number of steps whatever the layers and the steps per action" {
    line="--arch gpt2 --layers 12 --steps-per-action 4 --episodes 100 --eval-every 10 --lr 1"
    agent="--agent 'dlt-qagent --policy qlearn --epsilon-decay 0.955'"
    options() { echo "$line $1 $agent" | "$ROOT/pipelines/options" "${@:2}"; }
    [ "$(options '')" = "--layers 12 --steps-per-action 4 --episodes 100 --eval-every 10 --arch gpt2 --lr 1  $agent" ]
    run -0 options '--steps-per-action 1'
    [[ "$output" == "--layers 12 --steps-per-action 1 --episodes 400 --eval-every 40 --arch"*"--epsilon-decay 0.988555'" ]]
    run -0 options '--steps-per-action 15'
    [[ "$output" == "--layers 12 --steps-per-action 15 --episodes 27 --eval-every 3 --max-steps 4400 "* ]]
    echo 's/{dynamic[.]independent}/1/g' >outcome
    run -0 options '--layers {dynamic.independent} --batch {layers.half}' outcome
    [[ "$output" == "--layers 1 --steps-per-action 4 --episodes 1100 --eval-every 110 "*"--batch 1 "* ]]
    run -1 options '--layers {dynamic.independent}'
    [[ "$output" == "options: nothing is known of {dynamic.independent}" ]]
}

expand() { # KIND TABLE-FILE VARIABLE...
    kind=$1 table=$2
    shift 2
    awk -f "$ROOT/pipelines/table.awk" -f "$ROOT/pipelines/$kind.awk" "$@" "$table"
}

experiments() { # VARIABLE...
    expand experiments experiments.tsv -v known='wiki2 1b' -v wanted=wiki2 -v here=wiki2 -v seeds=1 "$@"
}
header='name\ttables\tarch\tdataset\tmethod\ttitle\tpolicy\toptions\n'

@test "mistakes in experiments.tsv are found before anything is trained" {
    check() { # LINES MESSAGE
        printf "$header$1" >experiments.tsv
        run --separate-stderr -2 experiments
        expect_error_line dlt "$2"
    }
    check 'a\tT1\tgpt2\twiki2\tx\tX\tqlearn\n' "7 columns, not 8"
    check 'A\tT1\tgpt2\twiki2\tx\tX\tqlearn\t-\n' "'A' is no name"
    check 'a\tT1\tgpt3\twiki2\tx\tX\tqlearn\t-\n' "unknown arch 'gpt3'"
    check 'a\tT1\tgpt2\twiki9\tx\tX\tqlearn\t-\n' "unknown dataset 'wiki9'"
    check 'a\tT9\tgpt2\twiki2\tx\tX\tqlearn\t-\n' "unknown table 'T9'"
    check 'a\tT1:wiki9\tgpt2\twiki2\tx\tX\tqlearn\t-\n' "unknown dataset in 'T1:wiki9'"
    check 'a\tT1\tgpt2\twiki2\tx y\tX\tqlearn\t-\n' "'x y' is no method"
    check 'a\tT1\tgpt2\twiki2\tx\t-\tqlearn\t-\n' "'a' has no title"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tquess\t-\n' "unknown policy 'quess'"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tqlearn\ttie\n' "begin with no option"
    check "a\tT1\tgpt2\twiki2\tx\tX\tqlearn\t--labels 'x'\n" "a quote"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tqlearn\t-\na\tT1\tgpt2\twiki2\tx\tX\tqlearn\t-\n' "'a' stands there twice"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tmap:{b.map}\t-\n' "'{b.map}' names no experiment"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tmap:{a.colour}\t-\n' "unknown placeholder '{a.colour}'"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tmap:{a.map\t-\n' "a brace without its other"
    check 'b\tT1\tgpt2\t1b\tx\tX\tqlearn\t-\na\tT1\tgpt2\twiki2\tx\tX\tmap:{b.map}\t-\n' "is of another dataset"
    check 'b\tT1\tgpt2\t*\tx\tX\tqlearn\t-\na\tT3\tgpt2\twiki2\tx\tY\trandom\t-\n' "a: its method is that of 'b', on wiki2"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tmap:{b.map}\t-\nb\tT1\tgpt2\twiki2\tx\tX\tmap:{a.map}\t-\n' "it needs its own outcome: a b a"
    check 'a\tT1\tgpt2\twiki2\tx\tX\tmap:{a.map}\t-\n' "it needs its own outcome: a a"
    printf 'name\ttables\tcolour\n' >experiments.tsv
    run --separate-stderr -2 experiments
    expect_error_line dlt "the columns are"
}

@test "two runs of one name, and a run whose outcome is needed but not made, are mistakes" {
    printf "$header"'a\tT1\tgpt2\t*\tx\tX\tqlearn\t-\na-wiki2\tT1\tgpt2\t*\ty\tX\tqlearn\t-\n' >experiments.tsv
    run -0 experiments -v known='wiki2 wiki2-wiki2' -v wanted='wiki2' -v here=wiki2
    run --separate-stderr -2 experiments -v known='wiki2 wiki2-wiki2' -v wanted='wiki2 wiki2-wiki2' -v here='wiki2 wiki2-wiki2'
    expect_error_line dlt "two runs are called a-wiki2-wiki2-s1"
    printf "$header"'b\tT3\tgpt2\twiki2\tx\tX\tqlearn\t-\na\tT4\tgpt2\twiki2\ty\tX\tmap:{b.map}\t-\n' >experiments.tsv
    run -0 experiments
    run --separate-stderr -2 experiments -v seeds_T4='1 2'
    expect_error_line dlt "b-wiki2-s2, whose outcome it needs, is no run"
}

@test "the list for reports: a line per experiment and dataset, seeds by table, what is missing" {
    printf "$header"'a\tT1,T4:wiki2,F1\tgpt2\t*\tx\tX Y\tqlearn\t-\nb\tT3\tgpt2\twiki2\ty\tZ\trandom\t-\n' >experiments.tsv
    MISSING_1b="not there" experiments -v wanted='wiki2 1b' -v seeds_T4='3 1 2' -v list=yes >list
    experiments -v wanted='wiki2 1b' -v seeds_T4='3 1 2' >variables
    printf 'tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing\n' >expected
    printf 'T1,T4,F1\tgpt2\twiki2\tx\tX Y\t1,2,3\t-\nT1,F1\tgpt2\t1b\tx\tX Y\t1\tnot there\nT3\tgpt2\twiki2\ty\tZ\t1\t-\n' >>expected
    diff expected list
    [ "$(grep -c '^RUNS +=' variables)" -eq 4 ]
}
