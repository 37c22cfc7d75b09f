# dlt-cat, and with it the format: what is whole, what is truncated, what is damaged.
load helpers

HEADER='{"kind":"header","format":"dlt","version":1,"content":"run","program":"test","config":{"seed":7}}'

# JSON lines -> plain msgpack, by a program that shares no code with ours.
plain() {
    python3 "$ROOT/tests/format.py" "$@"
}

# A run log of 1 + N + 2 records.
records() {
    echo "$HEADER"
    echo '{"kind":"env","host":"here"}'
    for ((i = 1; i <= $1; i++)); do
        echo "{\"kind\":\"step\",\"step\":$i,\"loss\":0.5}"
    done
    echo '{"kind":"timing","seconds":1.5}'
}

@test "help is on standard output and names every option" {
    run --separate-stderr -0 dlt-cat --help
    [[ "$output" == *"Usage: dlt-cat"* && "$output" == *--check* && "$output" == *--salvage* ]]
    [ -z "$stderr" ]
}

@test "the version" {
    run --separate-stderr -0 dlt-cat --version
    [[ "$output" =~ ^dlt-cat\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "an unknown option is a usage error" {
    run --separate-stderr -2 dlt-cat --bogus
    expect_error_line dlt-cat "unknown option --bogus"
    [[ "$stderr" == *"--help"* ]]
}

@test "plain msgpack from another program is read, digests and all" {
    records 3 | plain >x
    run --separate-stderr -0 dlt-cat x
    [ "${#lines[@]}" -eq 7 ]
    [ "${lines[0]}" = "$HEADER" ]
    [ "${lines[3]}" = '{"kind":"step","step":2,"loss":0.5}' ]
    jq -es 'last | .kind == "end" and .records == 6' <<<"$output"
    [ -z "$stderr" ]
}

@test "so is what zstd makes of it, in one frame and in many" {
    records 50 | plain >x
    zstd -q --check x -o one
    split -b 700 -d x part.
    for part in part.*; do zstd -q --check --no-progress "$part" -c >>many; done
    [ "$(digest one)" = "$(digest x)" ]
    [ "$(digest many)" = "$(digest x)" ]
    zstdcat many | cmp - x
}

@test "pipes: standard input with and without a dash" {
    records 3 | plain | zstd -q >x
    same_output 'dlt-cat <x' 'dlt-cat x'
    same_output 'cat x | dlt-cat -' 'dlt-cat x'
}

@test "the digest leaves out env, timing and input, and nothing else" {
    { echo "$HEADER"; echo '{"kind":"step","step":1}'; } | plain >a
    { echo "$HEADER"; echo '{"kind":"env","host":"b"}'; echo '{"kind":"step","step":1}'; echo '{"kind":"input","role":"train"}'; } | plain >b
    { echo "$HEADER"; echo '{"kind":"step","step":2}'; } | plain >c
    [ "$(digest a)" = "$(digest b)" ]
    run -1 same_output 'digest a' 'digest c'
}

@test "values: exact integers, shortest reals, binary fields in short or in full" {
    {
        echo "$HEADER"
        echo '{"kind":"v","a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615,"d":0.1,"e":1e300,"f":2.0,"g":NaN,"h":-Infinity,"i":null,"j":[true,false],"k":{"z":1,"a":2}}'
        echo '{"kind":"b","data":{"hex":"00ff10"}}'
        printf '%s\n' '{"kind":"s","text":"q\" b\\ n\n c\u0001 \u00e4 \udcff"}'
    } | plain >x
    run --separate-stderr -0 dlt-cat x
    [ "${lines[1]}" = '{"kind":"v","a":9007199254740993,"b":-9223372036854775808,"c":"18446744073709551615","d":0.1,"e":1e+300,"f":2.0,"g":null,"h":null,"i":null,"j":[true,false],"k":{"z":1,"a":2}}' ]
    jq -e '.data.bytes == 3 and (.data.xxh64 | length == 16)' <<<"${lines[2]}"
    [ "${lines[3]}" = '{"kind":"s","text":"q\" b\\ n\n c\u0001 ä �"}' ]
    run --separate-stderr -0 dlt-cat --binary --kind b x
    [ "$output" = '{"kind":"b","data":"AP8Q"}' ]
}

@test "--kind prints the kinds it lists; that there are none is said, and no failure" {
    records 3 | plain >x
    [ "$(dlt-cat --kind step x | wc -l)" -eq 3 ]
    [ "$(dlt-cat --kind end x | jq .records)" -eq 6 ]
    run --separate-stderr -0 dlt-cat -k timing,header,none,ste x
    [ "$(jq -r .kind <<<"$output" | xargs)" = "header timing" ]
    [ -z "$stderr" ]
    for kinds in nothing none,nothing ste steps ''; do
        run --separate-stderr -0 dlt-cat -k "$kinds" x
        [ -z "$output" ]
        expect_error_line dlt-cat "no record of kind '$kinds'"
    done
    run --separate-stderr -0 dlt-cat --quiet -k nothing x
    [ -z "$output$stderr" ]
    run --separate-stderr -2 dlt-cat -k step --kind header x
    expect_error_line dlt-cat "--kind is given twice; list the kinds"
    for twice in '-qk step -qk header' '-k step -qkheader'; do # among other letters
        run --separate-stderr -2 dlt-cat $twice x
        expect_error_line dlt-cat "--kind is given twice"
    done
    # What is said comes behind what was printed.
    local code=0
    dlt-cat x missing >both 2>&1 || code=$?
    [ $code -eq 1 ]
    [[ "$(tail -n 1 both)" == "dlt-cat: cannot open 'missing'"* ]]
    same_output 'dlt-cat x' 'head -n -1 both'
}

@test "-o FILE: the same lines, once they are whole; what was there stays where they are not" {
    records 3000 | plain >x
    head -c 9000 x >cut
    dlt-cat x >want
    dlt-cat -o got x
    cmp got want
    dlt-cat -o - x | cmp - want
    run --separate-stderr -3 dlt-cat -o got x cut
    cmp got want
    [ ! -e got.partial ]
    # A report is one whatever it says.
    run -3 dlt-cat --check -o report x cut
    [ "$(wc -l <report)" -eq 2 ]
    for name in x ./x; do
        run --separate-stderr -2 dlt-cat -o "$name" x
        expect_error_line dlt-cat "would be replaced"
    done
    cp cut run.partial
    run --separate-stderr -2 dlt-cat --salvage -o run run.partial
    expect_error_line dlt-cat "'run.partial'"
    cmp run.partial cut
    run --separate-stderr -1 dlt-cat -o nowhere/got x
    expect_error_line dlt-cat "nowhere/got"
    run --separate-stderr -1 dlt-cat -o /dev/full x
    expect_error_line dlt-cat "No space left on device"
    run --separate-stderr -2 dlt-cat - - <x
    expect_error_line dlt-cat "only one input can be standard input"
}

@test "a truncated file: what is there, then an error; --salvage takes it" {
    records 3 | plain --no-end >x
    run --separate-stderr -3 dlt-cat x
    [ "${#lines[@]}" -eq 6 ]
    expect_error_line dlt-cat "cannot read 'x': truncated after record 5"
    run --separate-stderr -0 dlt-cat --salvage x
    [ "${#lines[@]}" -eq 6 ]
    [[ "$stderr" == *"truncated after record 5"* ]]
    run --separate-stderr -3 dlt-cat --check x
    [ "$output" = "x: truncated after record 5" ]
}

@test "--check prints no records, and takes no option of what is printed" {
    records 3 | plain >whole
    local option
    for option in "--kind step" --binary --salvage; do
        # shellcheck disable=SC2086
        run --separate-stderr -2 dlt-cat --check $option whole
        expect_error_line dlt-cat "--check prints no records: it does not use ${option%% *}"
        [ -z "$output" ]
    done
}

@test "cut anywhere, compressed: always exit 3" {
    records 3 | plain | zstd -q >x
    size=$(stat -c %s x)
    for ((n = 0; n < size; n += 7)); do
        head -c "$n" x >cut
        run --separate-stderr -3 dlt-cat cut
        expect_error_line dlt-cat "truncated"
    done
}

@test "damaged: a changed byte, a wrong count, a wrong digest, something behind the end" {
    records 3 | plain >good
    sed 's/here/hers/' good >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "cannot read 'x': damaged: the digest is not the end record's"
    records 3 | plain --records 7 >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "6 records, not as many as the end record says"
    records 3 | plain --digest 0123456789abcdef >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "digest"
    cat good good >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "something follows the end record"
    run --separate-stderr -3 dlt-cat --check x good
    [ "${lines[0]}" = "x: damaged: something follows the end record" ]
    [[ "${lines[1]}" == "good: whole, 6 records, content "* ]]
    expect_error_line dlt-cat "1 of 2 files not whole"
}

@test "damaged: zstd's checksum" {
    records 40 | plain | zstd -q --check >x
    size=$(stat -c %s x)
    printf '\x55' | dd of=x bs=1 seek=$((size - 2)) conv=notrunc status=none
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "damaged at record"
}

@test "not ours: text, an empty file, another format, a newer version" {
    echo "once upon a time" >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "not a file of this program (neither zstd nor msgpack)"
    run --separate-stderr -3 dlt-cat /dev/null
    expect_error_line dlt-cat "empty"
    zstd -q x -o y
    run --separate-stderr -3 dlt-cat y
    expect_error_line dlt-cat "not a msgpack map"
    echo '{"kind":"step"}' | plain >x
    run --separate-stderr -3 dlt-cat x
    expect_error_line dlt-cat "no header"
    echo "${HEADER/\"version\":1/\"version\":2}" | plain >x
    run --separate-stderr -3 dlt-cat x
    [ -z "$output" ]
    expect_error_line dlt-cat "needs format version 2; this program reads 1"
}

@test "a missing file, a folder, and a file that is not finished yet" {
    run --separate-stderr -1 dlt-cat nowhere
    expect_error_line dlt-cat "nowhere"
    run --separate-stderr -1 dlt-cat .
    expect_error_line dlt-cat "is a directory"
    records 3 | plain --no-end >run.partial
    run --separate-stderr -1 dlt-cat run
    expect_error_line dlt-cat "unfinished; try --salvage 'run.partial'"
    run --separate-stderr -0 dlt-cat --quiet --salvage run.partial
    [ "${#lines[@]}" -eq 6 ]
    [ -z "$stderr" ]
}

@test "claims of huge lengths take no memory" {
    records 1 | plain --no-end >x
    for claim in '\xdd\xff\xff\xff\xff' '\xc6\xff\xff\xff\xff' '\xc6\x3f\x00\x00\x00' '\xdf\x00\x0f\xff\xff'; do
        { cat x; printf '\x81\xa1a'; printf '%b' "$claim"; } >y
        run --separate-stderr -3 bash -c "ulimit -v $(addresses 400000); dlt-cat y"
        expect_error_line dlt-cat "cannot read 'y'"
    done
}

@test "a reader that has seen enough is no failure, a full disk is one" {
    records 3000 | plain >x
    run --separate-stderr -0 bash -c 'set -o pipefail; dlt-cat x | head -n 1'
    [ "$output" = "$HEADER" ]
    [ -z "$stderr" ]
    run --separate-stderr -1 bash -c 'dlt-cat x >/dev/full'
    expect_error_line dlt-cat "No space left on device"
    run --separate-stderr -1 bash -c 'dlt-cat --check x >/dev/full'
    expect_error_line dlt-cat "No space left on device"
}

@test "several files, one after the other; a bad one does not keep the others back" {
    records 1 | plain >a
    records 2 | plain >b
    [ "$(dlt-cat a b | wc -l)" -eq 11 ]
    run --separate-stderr -1 dlt-cat a nowhere b
    [ "${#lines[@]}" -eq 11 ]
    expect_error_line dlt-cat "nowhere"
    records 4 | plain --no-end >cut
    run --separate-stderr -3 dlt-cat --quiet nowhere cut b
    [ "${#lines[@]}" -eq 13 ]
    [ "$(sed 's/:.*nowhere.*/: nowhere/; s/:.*truncated.*/: truncated/' <<<"$stderr" | xargs)" = \
        "dlt-cat: nowhere dlt-cat: truncated" ]
}

@test "an output that is open already is gone on with, and what is in it stays" {
    dlt-corpus --bytes 2k -o text
    { echo first >&3; dlt-corpus --bytes 2k -o /dev/fd/3; dlt-corpus --bytes 2k -o /proc/self/fd/3; } 3>out
    { echo first; cat text text; } | cmp - out
    echo before >log
    dlt-corpus --bytes 2k -o /dev/stderr 2>>log
    { echo before; cat text; } | cmp - log
    run --separate-stderr -1 dlt-corpus --bytes 2k -o /dev/fd/77
    expect_error_line dlt-corpus "cannot write '/dev/fd/77': Bad file descriptor"
}

@test "what is read is not appended to" {
    dlt-corpus --bytes 2k -o text
    printf '#version: 0.2\n' >v.bpe
    cp text copy
    run --separate-stderr -2 bash -c 'dlt-tokenize encode --vocab v.bpe --ids text >>text'
    expect_error_line "dlt-tokenize encode" "standard output is 'text', which is read"
    cmp text copy
    dlt-tokenize encode --vocab v.bpe --ids text >ids
    [ -s ids ]
}

@test "a file of a larger zstd window than is taken is not called damaged" {
    dlt-corpus --bytes 2k -o text
    printf '#version: 0.2\n' >v.bpe
    dlt-tokenize encode --vocab v.bpe -o t.zst text
    zstdcat t.zst | zstd -q --long=30 >wide
    run --separate-stderr -3 dlt-cat --check wide
    [[ "$output$stderr" == *"compressed with a window of more than 128 MiB; compress it anew"* ]]
    zstdcat t.zst | zstd -q --long=27 >narrow
    dlt-cat --check narrow
}
