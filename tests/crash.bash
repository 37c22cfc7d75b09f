# What the Bats files about crashes share: faults (tests/crash/fault.c), kills, and what must be left.

FAULT_LIBRARY="${BUILD_DIR:-$ROOT/build}/crash/fault.so"
: "${KILLS:=50}" "${SEED:=1}" # `make crash KILLS=500 SEED=2`

# faulty PROGRAM FAULT COMMAND...: the fault in that program alone; $BATS_TEST_TMPDIR/mark tells
# whether it came to it.
faulty() {
    local program="$1" fault="$2"
    shift 2
    rm -f "$BATS_TEST_TMPDIR/mark"
    LD_PRELOAD="$FAULT_LIBRARY" FAULT_PROGRAM="$program" FAULT="$fault" \
        FAULT_MARK="$BATS_TEST_TMPDIR/mark" "$@"
}

came_to_it() { [ -e "$BATS_TEST_TMPDIR/mark" ]; }

# With the fault stop:N the program stands still there; go_on KILL would end it instead.
stands() {
    [ -s "$BATS_TEST_TMPDIR/mark" ] &&
        grep -q '^State:.T' "/proc/$(cat "$BATS_TEST_TMPDIR/mark")/status" 2>/dev/null
}
# While it stands, SIGTERM waits for it.
is_told_to_end() {
    grep -qE '^ShdPnd:.*[4-7c-f][0-9a-f]{3}$' "/proc/$(cat "$BATS_TEST_TMPDIR/mark")/status"
}
go_on() { kill -s "${1:-CONT}" "$(cat "$BATS_TEST_TMPDIR/mark")"; }
teardown() { ! stands || go_on KILL; }

# not_forever TRIES MOST: where a loop ends once something went through, that it never does is a failure.
not_forever() { [ "$1" -le "$2" ] || { echo "not through after $2 tries"; return 1; }; }

# timed COMMAND...: runs it, and sets `duration` to the microseconds that it took.
timed() {
    local begun="${EPOCHREALTIME/./}"
    "$@" || return
    duration=$((${EPOCHREALTIME/./} - begun))
}

# Sets `moment` to a random part of so many microseconds, in seconds; RANDOM=$SEED comes before.
draw_moment() {
    [ "$1" -gt 0 ] || { echo "no time to draw a moment from: '$1'"; return 1; }
    local drawn=$(((RANDOM << 15 | RANDOM) % $1 + 1))
    printf -v moment '%d.%06d' $((drawn / 1000000)) $((drawn % 1000000))
}

# paper_below FOLDER GOAL...: Make, with all that it makes but the tools below FOLDER. What it starts
# can be told by its environment (survivors).
paper_below() {
    local folder="$1"
    shift
    CRASH_TEST="$folder" make -C "$ROOT" --no-print-directory -j2 PROFILE=tiny \
        BUILD="${BUILD_DIR:-$ROOT/build}" DATA="$folder/data" STATE="$folder/state" \
        CHECKPOINTS="$folder/checkpoints" RUN_LOGS="$folder/results" PAPER="$folder/paper" "$@"
}

# The processes that paper_below FOLDER left running.
survivors() {
    grep -slzx "CRASH_TEST=$1" /proc/[0-9]*/environ | cut -d / -f 3
}
none_survives() { [ -z "$(survivors "$1")" ]; }

# long NAME [OPTION...]: a run of a fraction of a second with a checkpoint, NAME.r and NAME.c.
long() {
    local name="$1"
    shift
    tiny --test "$BATS_FILE_TMPDIR/test.tok" --episodes 2 --checkpoint-every 5 \
        --agent 'dlt-qagent --policy qlearn' --checkpoint "$name.c" -o "$name.r" "$@"
}

# Whether two runs, also one that was begun again and again, are the same to the bit.
expect_same() {
    local checked digests # the last word of a line
    checked=$(dlt-cat --check "$1.r" "$2.r" "$1.c" "$2.c") || { echo "$checked"; return 1; }
    mapfile -t digests <<<"$checked"
    [ "${#digests[@]}" -eq 4 ] || { printf '%s\n' "${digests[@]}"; return 1; }
    [ "${digests[0]##* }" = "${digests[1]##* }" ] || { echo "run logs differ"; return 1; }
    [ "${digests[2]##* }" = "${digests[3]##* }" ] || { echo "checkpoints differ"; return 1; }
    [ ! -e "$2.r.partial" ] && [ ! -e "$2.c.partial" ]
}

# What is left of a run that did not end: nothing under a final name that is not whole.
expect_whole() {
    local name
    for name in "$@"; do
        [ ! -e "$name" ] || dlt-cat --check "$name" >/dev/null || { echo "$name is not whole"; return 1; }
    done
}
