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

# The tools without commands, and every command.
doers() {
    commands >all
    while read -r tool command; do
        [ -n "$command" ] || ! grep -q "^$tool ." all || continue
        echo "$tool${command:+ $command}"
    done <all
}

@test "every program takes the common options" {
    doers | while read -r command; do
        options=(--threads 1 --quiet --verbose --progress --no-progress)
        # What dlt-qagent says goes to the trainer that asked.
        [ "$command" = dlt-qagent ] || options+=(-o out)
        # shellcheck disable=SC2086 # two words
        run --separate-stderr -2 $command "${options[@]}" --no-such-option </dev/null
        expect_error_line "$command" "unknown option --no-such-option"
        # shellcheck disable=SC2086
        run --separate-stderr -2 $command --threads none </dev/null
        expect_error_line "$command" "'none' is not a whole number"
    done
    [ "$(dlt-corpus --bytes 1k --threads 2 | sha256sum)" = "$(dlt-corpus --bytes 1k | sha256sum)" ]
}

@test "the value of an option is not a wish for help; help shows the defaults, whatever is given" {
    for value in -h --help -vh; do
        run --separate-stderr -1 dlt-eval sample --checkpoint none --vocab none --prompt "$value"
        expect_error_line "dlt-eval sample" "none"
    done
    run --separate-stderr -1 dlt-cat -- -h
    expect_error_line dlt-cat "'-h'"
    dlt-corpus --help >help
    for words in '-h' '-vh' '-n 5 -h' '--seed=7 -qh' '--seed x --bogus --help'; do
        # shellcheck disable=SC2086 # several words
        dlt-corpus $words | cmp - help
    done
}

@test "an unknown option is one line that names --help, and exit 2" {
    doers | while read -r command; do
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

@test "what the tests compare must be there: a command that fails or is silent is like no other" {
    same_output 'echo a' 'printf "a\\n" | cat'
    run -1 same_output 'echo a' 'echo b'
    for bad in false 'echo a; false' 'false | cat' 'false | echo a' : 'dlt-cat missing | cat'; do
        run -2 same_output "$bad" "$bad"
        run -2 same_output 'echo a' "$bad"
    done
}
