# Every program starts, explains itself, and refuses what it does not know.
load helpers

programs() {
    for path in "${BUILD_DIR:-$ROOT/build}"/bin/dlt-*; do basename "$path"; done
}

# "TOOL" for each tool and "TOOL COMMAND" for each command of a tool.
commands() {
    local tool
    for tool in $(programs); do
        printf '%s\n' "$tool"
        "$tool" --help | awk -v t="$tool" '/^Commands:/ {on = 1; next} /^$/ {on = 0} on && /^  [a-z]/ {print t, $1}'
    done
}

@test "all seven programs are built" {
    for tool in dlt-corpus dlt-tokenize dlt-train dlt-qagent dlt-eval dlt-report dlt-cat; do
        command -v "$tool"
    done
}

@test "--help goes to standard output, exits 0, and keeps to its form" {
    commands | while read -r command; do
        # shellcheck disable=SC2086 # two words
        run --separate-stderr -0 $command --help </dev/null
        [ -z "$stderr" ]
        [[ "${lines[0]}" == "$command: "* ]] || { echo "$command: ${lines[0]}"; return 1; }
        [[ "$output" == *"Usage: "* ]]
        widest=$(printf '%s\n' "$output" | wc -L)
        [ "$widest" -le 120 ] || { echo "$command: $widest columns"; return 1; }
    done
}

@test "--version" {
    for tool in $(programs); do
        run --separate-stderr -0 "$tool" --version
        [[ "$output" =~ ^$tool\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
    done
}

@test "an unknown option is one line that names --help, and exit 2" {
    commands | grep -v '^dlt-[a-z]*$' >two-words
    # The tools without commands, and every command.
    { commands | grep '^dlt-[a-z]*$' | grep -vxFf <(cut -d ' ' -f 1 two-words | sort -u); cat two-words; } |
        while read -r command; do
            # shellcheck disable=SC2086
            run --separate-stderr -2 $command --no-such-option </dev/null
            expect_error_line "$command" "unknown option --no-such-option"
            [[ "$stderr" == *"--help"* ]]
        done
}

@test "a usage error gives one piece of advice: --help, where it says nothing better itself" {
    run --separate-stderr -2 dlt-train 'a; b'
    [ "$stderr" = "dlt-train: unexpected operand 'a; b': texts are given by --train, --valid and --test; see 'dlt-train --help'" ]
    run --separate-stderr -2 dlt-eval sample --checkpoint none --vocab none --length -1
    [[ "$stderr" == *"; see 'dlt-eval sample --help'" ]]
}

@test "help to a full disk is a failure" {
    for tool in $(programs); do
        run -1 bash -c "$tool --help >/dev/full"
    done
}
