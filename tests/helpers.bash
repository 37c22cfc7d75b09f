# What every Bats file loads: the built tools on PATH, an empty folder to work in, a few checks.
bats_require_minimum_version 1.5.0

ROOT="$(cd "$BATS_TEST_DIRNAME/.." && pwd)"
export ROOT
export PATH="${BUILD_DIR:-$ROOT/build}/bin:$PATH"
export LC_ALL=C
export DLT_CUDA_LIBRARY=none # whatever the machine has: tests of the GPU name their own

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# The one line that a failing tool owes: `expect_error_line dlt-cat "truncated"` checks that standard
# error is a single line, begins with the tool's name, and contains the text.
expect_error_line() {
    local tool="$1" text="$2"
    [ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ] || { echo "not one line: $stderr"; return 1; }
    case "$stderr" in
    "$tool"*": "*"$text"*) ;;
    *) echo "expected '$tool: ... $text ...', got: $stderr"; return 1 ;;
    esac
}

# same_output A B: whether two commands, each in one word as `eval` takes it, print the same. Status 1 is
# that they do not; 2, that one failed or printed nothing, which tells nothing of what they print.
same_output() {
    printed "$1" .a && printed "$2" .b || return 2
    diff "$BATS_TEST_TMPDIR/.a" "$BATS_TEST_TMPDIR/.b"
}
printed() {
    (set -o pipefail && eval "$1") >"$BATS_TEST_TMPDIR/$2" || { echo "failed: $1"; return 1; }
    [ -s "$BATS_TEST_TMPDIR/$2" ] || { echo "printed nothing: $1"; return 1; }
}

# wait_until COMMAND...: tries it until it succeeds, for as long as the busiest machine may take.
wait_until() {
    local tries
    for ((tries = 0; tries < 6000; tries++)); do
        if "$@"; then return; fi
        sleep 0.05
    done
    echo "waited in vain until: $*"
    return 1
}

# Real data, or a skip that says so.
need_data() {
    [ -n "${DLT_DATA:-}" ] && [ -e "$DLT_DATA/$1" ] || skip "no $1 (set DLT_DATA to a folder with the data)"
}

# The content digest of a file of ours; of one that is not whole, what is equal to no digest.
digest() {
    local checked
    checked=$(dlt-cat --check "$1") || { echo "no digest: $checked"; return 1; }
    echo "${checked##* }"
}

# addresses KB: for `ulimit -v`, where there is no sanitizer whose shadow takes terabytes of them.
addresses() {
    case ${DLT_CHECKER:-none} in address | thread) echo unlimited ;; *) echo "$1" ;; esac
}

# not_under CHECKER... WHY: skips a test that cannot be under a sanitizer (tests/checks/sanitize).
not_under() {
    [[ " ${*:1:$#-1} " != *" ${DLT_CHECKER:-none} "* ]] || skip "not under the $DLT_CHECKER checker: ${!#}"
}
