# Runs that are interrupted and go on: to the same bits as a run that was not.
load helpers
load train
load crash

setup_file() { make_tokens; }

# long NAME [OPTION...]: a run with a checkpoint, NAME.r and NAME.c.
long() {
    local name="$1"
    shift
    tiny --test "$BATS_FILE_TMPDIR/test.tok" --episodes 8 --checkpoint-every 5 --checkpoint "$name.c" \
        -o "$name.r" "$@"
}

@test "SIGTERM and SIGINT write a checkpoint, and the same command goes on to the same bits" {
    local signal
    for signal in TERM INT; do
        rm -f healed
        # 130 = 128 + SIGINT, 143 = 128 + SIGTERM
        run --separate-stderr -$([ $signal = INT ] && echo 130 || echo 143) \
            long broken$signal --agent "$(agent bad.py $signal 4)"
        [ -z "$stderr" ]
        [ ! -e broken$signal.r ]
        [ -e broken$signal.r.partial ]
        dlt-cat --check broken$signal.c
        touch healed # from now on the agent sends no signal
        long broken$signal --agent "$(agent bad.py $signal 4)"
        long whole$signal --agent "$(agent bad.py $signal 4)"
        expect_same whole$signal broken$signal
        # The most memory is that of all parts of the run.
        same_output 'records whole$signal.r timing | jq -c .peak_memory' \
            'records broken$signal.r timing | jq -c .peak_memory'
    done
}

@test "SIGKILL between checkpoints: goes on from the last one" {
    run -137 long broken --agent "$(agent bad.py KILL 1)" # before the second visit
    run -137 long broken --agent "$(agent bad.py KILL 1)"
    touch healed
    long broken --agent "$(agent bad.py KILL 1)"
    long whole --agent "$(agent bad.py KILL 1)"
    expect_same whole broken
    rm healed
    run -137 long late --agent "$(agent bad.py KILL 7)"
    touch healed
    long late --agent "$(agent bad.py KILL 7)"
    long other --agent "$(agent bad.py KILL 7)"
    expect_same other late
}

@test "SIGKILL at any moment, conventional and dynamic, shared and released" {
    local kind delay policy semantics
    for kind in independent-shared qlearn-shared qlearn-released; do
        policy=${kind%-*} semantics=${kind#*-}
        [ "$policy" = independent ] && policy=fixed:independent
        long "whole-$kind" --semantics "$semantics" --agent "dlt-qagent --policy $policy"
        for delay in 0.05 0.1 0.15 0.2 0.25 0.3; do
            LAUNCH="timeout -s KILL $delay" run long "broken-$kind" --semantics "$semantics" \
                --agent "dlt-qagent --policy $policy"
            [ "$status" -eq 137 ] || [ "$status" -eq 0 ]
        done
        long "broken-$kind" --semantics "$semantics" --agent "dlt-qagent --policy $policy"
        expect_same "whole-$kind" "broken-$kind"
    done
}

@test "after an agent's failure the run goes on where it was" {
    local how silence
    for how in dies dies-on-reward hangs-on-save; do
        rm -f healed
        silence=60
        [[ $how != hangs* ]] || silence=5
        run --separate-stderr -4 long broken-$how --agent-timeout $silence --agent "$(agent bad.py $how 5)"
        expect_error_line dlt-train "agent"
        touch healed
        long broken-$how --agent "$(agent bad.py $how 5)"
        long whole-$how --agent "$(agent bad.py $how 5)"
        expect_same whole-$how broken-$how
    done
}

@test "a finished run has nothing to do, whatever is repeated" {
    long done --agent "$(agent ten_lines.py)"
    cp done.r copy
    run --separate-stderr -0 long done --agent "$(agent ten_lines.py)" --no-quiet
    [[ "$stderr" == *"nothing to do"* ]]
    cmp done.r copy
    # of its own texts alone
    run --separate-stderr -2 long done --agent "$(agent ten_lines.py)" --train "$BATS_FILE_TMPDIR/valid.tok"
    expect_error_line dlt-train "--train was another text"
    run --separate-stderr -1 long done --agent "$(agent ten_lines.py)" --train missing
    expect_error_line dlt-train "cannot open 'missing'"
    cmp done.r copy
    rm done.r
    run --separate-stderr -1 long done --agent "$(agent ten_lines.py)"
    expect_error_line dlt-train "is finished, but its log 'done.r' is gone; --restart"
    long done --agent "$(agent ten_lines.py)" --restart
    [ "$(digest done.r)" = "$(digest copy)" ]
}

# What a file's mode forbids it forbids root, too.
unprivileged() {
    local launch=
    [ "$(id -u)" -ne 0 ] || launch="setpriv --bounding-set=-dac_override,-dac_read_search"
    touch forbidden
    chmod 000 forbidden
    $launch true 2>/dev/null && ! $launch cat forbidden 2>/dev/null || skip "every file can be read"
    echo "$launch"
}

# finished_but STATUS MESSAGE: what is said of the finished run `done`.
finished_but() {
    LAUNCH="${LAUNCH:-}" run --separate-stderr "-$1" long done --agent "$(agent ten_lines.py)"
    expect_error_line dlt-train "$2"
    [[ "$stderr" != *gone* ]]
}

@test "a finished run whose log cannot be gone on with says why" {
    local launch
    launch=$(unprivileged)
    long done --agent "$(agent ten_lines.py)"
    mv done.r whole
    mkdir done.r.partial
    finished_but 1 "cannot open 'done.r.partial': is a directory; --restart begins anew"
    rmdir done.r.partial
    ln -s whole done.r.partial
    finished_but 1 "cannot write 'done.r.partial': is a symbolic link; --restart"
    ln -sf nowhere done.r.partial
    finished_but 1 "cannot open 'done.r.partial': No such file or directory; --restart"
    rm done.r.partial
    cp whole done.r.partial
    chmod 000 done.r.partial
    LAUNCH="$launch" finished_but 1 "cannot open 'done.r.partial': Permission denied; --restart"
    chmod 600 done.r.partial
    exec 7>>done.r.partial
    flock 7
    finished_but 1 "cannot write 'done.r.partial': another process is writing it" 7>&-
    exec 7>&-
    truncate -s 500 done.r.partial
    finished_but 3 "cannot read unfinished file 'done.r.partial': truncated"
    # As a run leaves it that is killed before its log gets its name; an older one may have it.
    cp whole done.r.partial
    head -c 500 whole >done.r
    long done --agent "$(agent ten_lines.py)"
    [ "$(digest done.r)" = "$(digest whole)" ]
    chmod 000 done.r
    LAUNCH="$launch" finished_but 1 "cannot open 'done.r': Permission denied"
    chmod 600 done.r
    head -c 500 whole >done.r
    finished_but 1 "is finished, but 'done.r' is not its whole log; --restart begins anew"
}

@test "another configuration or text is refused, naming what differs; --restart begins anew" {
    long a --agent "$(agent ten_lines.py)"
    run --separate-stderr -2 long a --agent "$(agent ten_lines.py)" --lr 0.5
    expect_error_line dlt-train "--lr was 0.001, not 0.5; --restart begins anew"
    [[ "$stderr" == *"begins anew" ]] # one piece of advice, not two
    run --separate-stderr -2 long a --agent "$(agent ten_lines.py)" --lr 0.00100000001
    expect_error_line dlt-train "--lr was 0.001, not 0.00100000001; "
    run --separate-stderr -2 long a --agent "$(agent bad.py well)"
    expect_error_line dlt-train "--agent was"
    rm a.r
    run --separate-stderr -2 long a --agent "$(agent ten_lines.py)" --train "$BATS_FILE_TMPDIR/valid.tok"
    expect_error_line dlt-train "--train was another text"
    long a --agent "$(agent ten_lines.py)" --lr 0.5 --restart
    records a.r header | jq -e '.config.lr == 0.5'
}

@test "threads may change on the way" {
    run -143 long broken --threads 1 --agent "$(agent bad.py TERM 4)"
    touch healed
    long broken --threads 2 --agent "$(agent bad.py TERM 4)"
    long whole --threads 1 --agent "$(agent bad.py TERM 4)"
    expect_same whole broken
}

@test "what cannot be resumed is said at the start, and refused later" {
    run --separate-stderr -0 bash -c "$(declare -f tiny); tiny --no-quiet --checkpoint c \
        --agent \"$(agent ten_lines.py)\" -o - | cat >r"
    [[ "$stderr" == *"standard output cannot be resumed"* ]]
    run --separate-stderr -2 tiny --checkpoint c --agent "$(agent ten_lines.py)" -o r2
    expect_error_line dlt-train "--restart"
    rm c
    run --separate-stderr -0 tiny --no-quiet --checkpoint c --agent "$(agent bad.py no-save)" -o r
    [[ "$stderr" == *"the agent cannot save itself"* ]]
    rm r
    run --separate-stderr -2 tiny --checkpoint c --agent "$(agent bad.py no-save)" -o r
    expect_error_line dlt-train "--restart"
}

@test "a checkpoint or run log that is damaged, truncated or missing" {
    run -143 long a --agent "$(agent bad.py TERM 4)"
    cp a.c good.c
    cp a.r.partial good.partial
    head -c 2000 good.c >a.c
    run --separate-stderr -3 long a --agent "$(agent bad.py TERM 4)"
    expect_error_line dlt-train "'a.c'"
    echo nonsense >a.c
    run --separate-stderr -3 long a --agent "$(agent bad.py TERM 4)"
    expect_error_line dlt-train "'a.c'"
    cp "$BATS_FILE_TMPDIR/train.tok" a.c
    run --separate-stderr -3 long a --agent "$(agent bad.py TERM 4)"
    cp good.c a.c
    head -c 500 good.partial >a.r.partial
    run --separate-stderr -3 long a --agent "$(agent bad.py TERM 4)"
    expect_error_line dlt-train "--restart"
    rm a.r.partial
    run --separate-stderr -1 long a --agent "$(agent bad.py TERM 4)"
    expect_error_line dlt-train "--restart"
    cp good.partial a.r.partial
    touch healed
    long a --agent "$(agent bad.py TERM 4)"
    long whole --agent "$(agent bad.py TERM 4)"
    expect_same whole a
}

@test "a disk that fills up: no final name, and the run goes on when there is room" {
    not_under thread "it writes a file of its own, which outgrows the limit"
    # Weights of a few kilobytes and thousands of records: the run log outgrows the limit first.
    small() {
        tiny --layers 2 --width 2 --heads 1 --context 4 --batch 1 --steps-per-action 1 --episodes 2000 \
            --agent "dlt-qagent --policy random" --checkpoint-every 100 --checkpoint "$1.c" -o "$1.r"
    }
    limited() {
        trap '' XFSZ
        ulimit -f 32
        small full
    }
    run --separate-stderr -1 limited
    expect_error_line dlt-train "cannot write 'full.r"
    [ ! -e full.r ]
    dlt-cat --check full.c
    small full
    small whole
    expect_same whole full
}

@test "two runs cannot write one run log" {
    exec 7>a.r.partial
    flock 7
    run --separate-stderr -1 long a --agent "$(agent ten_lines.py)" 7>&-
    expect_error_line dlt-train "another process is writing it"
    exec 7>&-
}

@test "a checkpoint that has appeared since the start is another run's, and stays" {
    # The second run's agent lets the first one begin before it is ready itself.
    late=": >begun; until [ -e a.c ]; do sleep 0.05; done; exec dlt-qagent --policy fixed:independent"
    long b --checkpoint a.c --agent "$late" 2>stderr 3>&- &
    local second=$! code=0
    wait_until test -e begun
    long a --agent "$(agent ten_lines.py)" --restart
    wait $second || code=$?
    [ $code -eq 1 ]
    grep -F "cannot write 'a.c': another process is writing it" stderr
    [ ! -e b.r ]
    dlt-cat --check a.c
    run --separate-stderr -0 long a --agent "$(agent ten_lines.py)" --no-quiet
    [[ "$stderr" == *"nothing to do"* ]]
}

@test "where all processes are told to end, the agent ends first, and the run is stopped all the same" {
    run --separate-stderr -143 long broken --agent "$(agent bad.py TERM-both 4)"
    expect_error_line dlt-train "was killed by signal 15"
    touch again
    run --separate-stderr -143 long broken --agent "$(agent bad.py TERM-both 4)"
    expect_error_line dlt-train "was killed by signal 15"
    [ -e restored ]
    rm again
    touch healed
    long broken --agent "$(agent bad.py TERM-both 4)"
    long whole --agent "$(agent bad.py TERM-both 4)"
    expect_same whole broken
}

@test "a run whose log nobody reads for a while stops as one whose log is read" {
    mkfifo log
    python3 "$BATS_TEST_DIRNAME/crash/slow_reader.py" log full stopping 3>&- &
    local reader=$! trainer code=0
    LAUNCH=exec tiny --episodes 100000 --checkpoint c --checkpoint-every 0 --agent 'dlt-qagent --policy random' \
        -o log 3>&- 2>err &
    trainer=$!
    wait_until test -e full
    kill -TERM $trainer
    touch stopping
    wait $trainer || code=$?
    wait $reader
    [ $code -eq 143 ]
    [ ! -s err ]
    dlt-cat --check c
    dlt-cat -k state c | jq -e '.step > 0'
}
