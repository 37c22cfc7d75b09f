# Disks that fill up or fail, memory that is not there, and what a long run takes of either.
load helpers
load train
load crash

setup_file() {
    make_tokens
    cd "$BATS_FILE_TMPDIR"
    long whole
}

# What a failed disk leaves: one line, nothing under a final name that is not whole, nothing else.
expect_refusal() { # STATUS NAME...
    [ "$1" -eq 1 ] || { echo "exit $1: $stderr"; return 1; }
    expect_error_line dlt-train "cannot "
    expect_whole "${@:2}"
}

@test "dlt-train on a disk that fails once, at each call, and from each call on" {
    cp "$BATS_FILE_TMPDIR"/whole.* .
    for fault in "fail 5 Input/output error" "ever 28 No space left on device"; do
        read -r kind number words <<<"$fault"
        for ((n = 1; ; n++)); do
            rm -f broken.*
            run --separate-stderr faulty dlt-train "$kind:$n:$number" long broken
            came_to_it || break
            if [ "$status" -ne 0 ]; then # else it was a file that was finished already
                expect_refusal "$status" broken.r broken.c || { echo "$fault, call $n"; return 1; }
                [[ "$stderr" == *"$words"* ]]
                [ ! -e broken.c.partial ]
            fi
            long broken || { echo "$fault, call $n"; return 1; }
            expect_same whole broken || { echo "$fault, call $n"; return 1; }
        done
        [ "$n" -gt 30 ]
    done
}

# hurt PROGRAM COMMAND...: the command, which writes its file `out`, with each fault in turn.
hurt() {
    local program="$1" status
    shift
    rm -f out
    "$@"
    mv out whole
    for fault in fail:N:5 ever:N:28 kill:N; do
        for ((n = 1; ; n++)); do
            echo old >out
            run --separate-stderr faulty "$program" "${fault/N/$n}" "$@"
            came_to_it || break
            grep -qax old out || same_content whole out || { echo "$* $fault, call $n"; return 1; }
            if [ "${fault%%:*}" = kill ]; then
                [ "$status" -eq 137 ]
            elif [ "$status" -ne 0 ]; then
                [ "$status" -eq 1 ]
                expect_error_line dlt "cannot "
                [ "$(ls)" = "$(printf 'out\nwhole')" ] || { echo "$* $fault, call $n left $(ls)"; return 1; }
            fi
            rm -f out.partial
        done
        [ "$n" -gt 3 ]
    done
    faulty "$program" short "$@"
    same_content whole out
}

# Files of ours by their digest, since each has its date; others byte by byte.
same_content() {
    if dlt-cat --check "$1" >/dev/null 2>&1; then
        [ "$(digest "$1")" = "$(digest "$2")" ]
    else
        cmp -s "$1" "$2"
    fi
}

@test "the other tools on a disk that fails: one line, exit 1, and the file that was there before" {
    t="$BATS_FILE_TMPDIR"
    enter_clean
    hurt dlt-corpus dlt-corpus --style wiki --bytes 2k --seed 1 -o out
    hurt dlt-tokenize dlt-tokenize train --quiet --size 300 -o out "$t/test.txt"
    hurt dlt-tokenize dlt-tokenize encode --quiet --vocab "$t/v.bpe" -o out "$t/test.txt"
    hurt dlt-tokenize dlt-tokenize decode --vocab "$t/v.bpe" -o out "$t/test.tok"
    hurt dlt-eval dlt-eval perplexity --quiet --checkpoint "$t/whole.c" --tokens "$t/test.tok" -o out
    hurt dlt-eval dlt-eval unigram --quiet --train "$t/train.tok" --tokens "$t/test.tok" -o out
    hurt dlt-report dlt-report table T1 --quiet --untimed --format tex -o out "$t/whole.r"
}

@test "reads and writes that do a part, or are interrupted, change nothing" {
    cp "$BATS_FILE_TMPDIR"/whole.* .
    faulty dlt-train short long broken
    came_to_it
    expect_same whole broken
    faulty dlt-qagent short long parts
    came_to_it
    expect_same whole parts
}

@test "a checkpoint needs no more room than its own size beside the last one" {
    all=(--agent 'dlt-qagent --policy fixed:independent' --episodes 6)
    long first "${all[@]}"
    mkdir tight && cd tight
    checkpoint=$(stat -c %s ../first.c) log=$(stat -c %s ../first.r)
    run --separate-stderr -1 faulty dlt-train room:$((log + checkpoint * 3 / 2)) long first "${all[@]}"
    expect_error_line dlt-train "cannot write 'first.c': No space left on device, "
    [[ "$stderr" =~ \ ([0-9.]+)\ MB\ written\ of\ about\ ([0-9.]+)\ MB$ ]]
    [ "${BASH_REMATCH[2]}" = "$(awk "BEGIN { printf \"%.1f\", $checkpoint / 1e6 }")" ]
    [ ! -e first.r ] && [ ! -e first.c.partial ]
    dlt-cat --check first.c
    # beside the log, which begins a new frame where it was gone on with
    faulty dlt-train room:$((log * 2 + checkpoint * 2 + 1024)) long first "${all[@]}"
    cd ..
    mv tight/first.c tight.c && mv tight/first.r tight.r
    expect_same first tight
}

@test "a stop whose checkpoint cannot be written is a failure, not a stop" {
    options=(--checkpoint-every 0 --agent "$(agent bad.py TERM 2)")
    long first "${options[@]}" --agent 'dlt-qagent --policy random'
    mkdir tight && cd tight # room for the checkpoint of the start, where the moments are zero
    run --separate-stderr -1 faulty dlt-train room:$(stat -c %s ../first.c) long x "${options[@]}"
    expect_error_line dlt-train "cannot write 'x.c': No space left on device, "
    dlt-cat --check x.c
    cd ..
    mkdir here
    LAUNCH=exec faulty dlt-train stop:1000 long x --episodes 150 --checkpoint here/c --no-quiet 2>err 3>&- &
    wait_until stands
    mv here there
    kill -TERM $!
    go_on
    code=0
    wait $! || code=$?
    [ "$code" -eq 1 ]
    grep -q "^dlt-train: cannot write 'here/c.partial': No such file or directory" err
    [[ "$(cat err)" != *"goes on from"* ]]
    grep -q "dlt-cat --salvage 'x.r.partial' shows what was recorded" err
    dlt-cat --check there/c
}

@test "a stopped encoder that cannot write has failed" {
    not_under thread "it keeps its own memory in a file, which the limit cuts"
    (ulimit -f 1 && faulty dlt-tokenize stop:3 \
        exec dlt-tokenize encode --quiet --vocab "$BATS_FILE_TMPDIR/v.bpe" -o out "$BATS_FILE_TMPDIR/test.txt") 2>err 3>&- &
    wait_until stands
    kill -TERM "$(cat mark)"
    go_on
    code=0
    wait $! || code=$?
    [ "$code" -eq 1 ]
    [[ "$(cat err)" == "dlt-tokenize encode: cannot write "*": File too large" ]]
    [ ! -e out ] && [ ! -e out.partial ]
}

@test "as little memory as one likes to give: all is well, or one line before the first step" {
    not_under address thread "its shadow takes terabytes of addresses, so that no limit of them is left"
    enter_clean
    limited() { # KILOBYTES
        ulimit -v "$1"
        long r --layers 4 --width 64 --batch 64 --context 64
    }
    tried=0 refused=0
    # from what the program itself needs, in steps of 2 MB, to what the run needs
    for ((kilobytes = 40000; ; kilobytes += 2000)); do
        (ulimit -v $kilobytes && dlt-train --version && dlt-qagent --version) >/dev/null 2>&1 || continue
        tried=$((tried + 1))
        run --separate-stderr limited $kilobytes
        [ "$status" -ne 0 ] || break
        [ "$status" -eq 1 ] || [ "$status" -eq 4 ] || { echo "$kilobytes kB: exit $status: $stderr"; return 1; }
        expect_error_line dlt-train "" || { echo "$kilobytes kB"; return 1; }
        [ -z "$(ls)" ] || { echo "$kilobytes kB: left $(ls): $stderr"; return 1; }
        [[ "$stderr" != *" MB of memory and "*" MB are available"* ]] || refused=$((refused + 1))
    done
    [ "$refused" -gt 2 ] && [ "$refused" -ge $((tried / 2)) ]
}

@test "more threads than there is memory for: as many as have room do the same work" {
    not_under address thread "its shadow takes terabytes of addresses, so that no limit of them is left"
    for ((i = 0; i < 100; i++)); do cat "$BATS_FILE_TMPDIR/train.txt"; done >text # of several parts
    encode() { # THREADS
        dlt-tokenize encode --quiet --threads "$1" --vocab "$BATS_FILE_TMPDIR/v.bpe" -o "$1.tok" text
    }
    encode 1
    for kilobytes in 60000 100000 200000 300000 500000; do
        rm -f 16.tok
        (ulimit -v $kilobytes && encode 16) || { echo "$kilobytes kB"; return 1; }
        [ "$(digest 16.tok)" = "$(digest 1.tok)" ]
    done
}

# What the trainer and its agent keep: descriptors, virtual and resident kB of each. The agent stands
# still meanwhile, and the trainer waits for it; until it does, it may be writing a checkpoint, which
# takes a descriptor and memory for a while: so each figure is the least of several looks.
waits() { [ ! -e c.partial ] && grep -q '^State:.S' "/proc/$1/status"; }
measure() { # TRAINER-PID AGENT-PID
    local pid
    wait_until waits "$1"
    for _ in {1..20}; do
        for pid in "$1" "$2"; do
            echo "$pid.descriptors $(ls "/proc/$pid/fd" | wc -l)"
            awk -v pid="$pid" '/^Vm(RSS|Size)/ { print pid "." $1, $2 }' "/proc/$pid/status"
        done
        sleep 0.02
    done | awk '!($1 in least) { order[n++] = $1; least[$1] = $2 } $2 < least[$1] { least[$1] = $2 }
                END { for (i = 0; i < n; i++) printf "%d ", least[order[i]] }'
}

@test "ten thousand actions: no more descriptors, memory or disk than after one thousand" {
    not_under address "it keeps what is freed for a while"
    of_episodes() { # NUMBER [OPTION...]: four actions each
        tiny --layers 5 --width 8 --heads 1 --context 8 --batch 1 --steps-per-action 1 --episodes "$@" \
            --semantics released --checkpoint-every 100
    }
    # the agent makes 8 to 13 calls an episode: it may read two messages at once
    LAUNCH=exec faulty dlt-qagent stop:2800:31000 of_episodes 4000 --agent 'exec dlt-qagent --policy random' \
        --checkpoint c -o r --no-quiet 2>episodes 3>&- &
    trainer=$!
    wait_until stands
    early=($(measure $trainer "$(cat mark)")) episodes=$(wc -l <episodes)
    go_on
    wait_until stands
    late=($(measure $trainer "$(cat mark)"))
    # at least eight thousand actions lie between
    [ "$(wc -l <episodes)" -ge $((episodes + 2000)) ]
    go_on
    wait $trainer
    echo "trainer and agent, each descriptors, virtual and resident kB: early ${early[*]}, late ${late[*]}"
    [ "${#late[@]}" -eq 6 ]
    for i in 0 1 2 3 4 5; do # 16 bytes for each action would be more
        [ "${late[i]}" -le $((early[i] + (i % 3 ? 100 : 0))) ]
    done
    [ "$(ls | tr '\n' ' ')" = "c episodes mark r " ]
    [ "$(records c exchange | wc -l)" -eq 0 ]
    # a checkpoint holds the network and none of the actions
    of_episodes 2 --agent 'dlt-qagent --policy fixed:independent' --checkpoint independent.c -o independent.r
    [ "$(stat -c %s c)" -le $(($(stat -c %s independent.c) * 3 / 2)) ]
}

@test "what was said to the agent is not kept for ever, also where no checkpoint is written" {
    brief() {
        tiny --layers 2 --width 2 --heads 1 --context 4 --batch 1 --steps-per-action 1 --episodes 5000 \
            --agent 'dlt-qagent --policy random' --checkpoint-every 0 --checkpoint "$1.c" -o "$1.r"
    }
    # killed after some four thousand questions, each with a word at the end of its episode
    run -4 faulty dlt-qagent kill:8000 brief broken
    remembered=$(records broken.c exchange | wc -l)
    [ "$remembered" -gt 0 ] && [ "$remembered" -le 4096 ]
    brief broken
    brief whole
    expect_same whole broken
}
