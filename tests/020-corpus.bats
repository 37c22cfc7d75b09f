# dlt-corpus: text of known entropy, the same bytes everywhere.
load helpers

STYLES="wiki stories passages news"

@test "corpus: whole lines, as many as fit into --bytes" {
    for style in $STYLES; do
        dlt-corpus --style "$style" --bytes 100k >text
        size=$(stat -c %s text)
        [ "$size" -le 100000 ] && [ "$size" -gt 95000 ] || { echo "$style: $size bytes"; return 1; }
        [ "$(tail -c 1 text | od -An -c | tr -d ' ')" = '\n' ]
    done
}

@test "corpus: every style looks like its data set" {
    dlt-corpus --style wiki --bytes 200k >wiki
    [ "$(sed -n 2p wiki | grep -c '^ = [A-Z].* = $')" -eq 1 ]
    grep -q '^ = = [A-Z].* = = $' wiki
    run -1 grep -v '^ .* $\|^ $' wiki
    dlt-corpus --style stories --bytes 200k >stories
    grep -q "^.* \`\` .* '' said [a-z]* \." stories
    run -1 grep '[A-Z]\|^ \| $' stories
    dlt-corpus --style passages --bytes 200k >passages
    run -1 grep -v ' [a-z]*$' passages
    dlt-corpus --style news --bytes 200k >news
    run -1 grep -v '^[A-Z`].* \.$' news
}

@test "corpus: the last word of a passage stands in it at least twice before" {
    dlt-corpus --style passages --bytes 300k --split test |
        awk '{n = 0; for (i = 1; i < NF; i++) n += $i == $NF; if (n < 2) {print; exit 1}}'
}

@test "corpus: a shorter text is the beginning of a longer one" {
    for style in $STYLES; do
        dlt-corpus --style "$style" --bytes 20k >short
        dlt-corpus --style "$style" --bytes 50k | head -c "$(stat -c %s short)" | cmp - short
    done
}

@test "corpus: the bytes are those that were committed" {
    for style in $STYLES; do
        for split in train valid test; do
            printf '%s  %s %s\n' "$(dlt-corpus --style "$style" --split "$split" --language 3 --seed 4 --bytes 64Ki |
                sha256sum | cut -d ' ' -f 1)" "$style" "$split"
        done
    done >got
    [ -z "${DLT_RENEW_GOLDEN:-}" ] || cp got "$ROOT/tests/golden/corpus.sha256"
    diff "$ROOT/tests/golden/corpus.sha256" got
}

@test "corpus: seed, split and language each change the text" {
    for options in "" "--seed 2" "--split valid" "--split test" "--language 2"; do
        # shellcheck disable=SC2086 # words
        dlt-corpus $options --bytes 10k | sha256sum
    done | sort | uniq -d >twice
    [ ! -s twice ]
}

@test "corpus: --entropy prints the bits per byte, and with -o writes the text too" {
    for style in $STYLES; do
        run --separate-stderr -0 dlt-corpus --style "$style" --bytes 200k --entropy
        [[ "$output" =~ ^1\.[0-9]{6}$ ]] || { echo "$style: $output"; return 1; }
        entropy="$output"
        run --separate-stderr -0 dlt-corpus --style "$style" --bytes 200k --entropy -o text
        [ "$output" = "$entropy" ]
        dlt-corpus --style "$style" --bytes 200k | cmp - text
    done
    run --separate-stderr -0 dlt-corpus --bytes 200k --entropy --verbose
    [[ "$stderr" == *"perplexity per word"* ]]
}

@test "corpus: -o writes under its final name only what is whole" {
    dlt-corpus --bytes 20k -o text
    dlt-corpus --bytes 20k | cmp - text
    [ "$(ls)" = text ]
    run --separate-stderr -1 dlt-corpus --bytes 20k -o no/such/folder
    expect_error_line dlt-corpus "No such file"
}

@test "corpus: a full disk is one line and exit 1, a reader that leaves is quiet" {
    run --separate-stderr -1 bash -c 'dlt-corpus --bytes 5M >/dev/full'
    expect_error_line dlt-corpus "No space left"
    run --separate-stderr -1 bash -c 'dlt-corpus --bytes 10k --entropy >/dev/full'
    expect_error_line dlt-corpus "cannot write"
    run --separate-stderr -0 bash -c 'dlt-corpus --bytes 50M | head -n 1'
    [ -z "$stderr" ]
}

@test "corpus: a file that may not be so large is one line and exit 1" {
    not_under thread "it writes a file of its own, which outgrows the limit"
    run --separate-stderr -1 bash -c 'ulimit -f 8; dlt-corpus --bytes 100k -o text'
    expect_error_line dlt-corpus "File too large"
    [ ! -e text ] && [ ! -e text.partial ]
}

@test "corpus: wrong options are refused" {
    run --separate-stderr -2 dlt-corpus --style verse
    expect_error_line dlt-corpus "--style"
    run --separate-stderr -2 dlt-corpus --bytes 0
    expect_error_line dlt-corpus "--bytes"
    run --separate-stderr -2 dlt-corpus --bytes 1M text
    expect_error_line dlt-corpus "text"
    run --separate-stderr -1 dlt-corpus --style news --bytes 3
    expect_error_line dlt-corpus "first line is longer than 3 bytes"
    run --separate-stderr -1 dlt-corpus --bytes 1 -o text
    [ ! -e text ]
}

@test "corpus: the entropy's number and the text are not written into each other" {
    for output in - /dev/stdout /dev/fd/1; do
        run --separate-stderr -2 dlt-corpus --bytes 1k --entropy -o $output
        [ -z "$output" ] || [[ "$output" != *.* ]]
        expect_error_line dlt-corpus "with --entropy standard output has the number: name a file with -o"
    done
    # By whatever name.
    for name in /dev/fd/3 /dev//stdout out; do
        dlt-corpus --bytes 1k --entropy -o "$name" >out 3>&1 2>errors && false
        grep -qF "with --entropy standard output has the number: name a file with -o" errors
        [ ! -s out ]
    done
    # Anything else has room for the text.
    dlt-corpus --bytes 1k --entropy -o /dev/null >/dev/null
    [[ "$(dlt-corpus --bytes 1k --entropy -o /dev/null)" =~ ^[0-9.]+$ ]]
    [[ "$(dlt-corpus --bytes 1k --entropy -o /dev/fd/3 3>text)" =~ ^[0-9.]+$ ]]
    [ -s text ]
}
