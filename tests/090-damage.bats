# Damaged files: each changed byte and each length of a small file of every kind gives exit 3 and one
# line, or exactly what the whole file gives; never a crash, and never something half under its name.
load helpers
load damage

setup_file() { make_small; }

setup() { cd "$BATS_FILE_TMPDIR" || return 1; }

# spoil FILE N: N files in the folder `bad`, each FILE with one byte changed or cut short.
spoil() {
    rm -rf bad && mkdir bad
    python3 - "$1" "$2" <<'SPOIL'
import random, sys
data, count = open(sys.argv[1], "rb").read(), int(sys.argv[2])
places = random.Random(sys.argv[1])
for i in range(count):
    at, bad = places.randrange(len(data)), bytearray(data)
    if i % 4 == 3:
        del bad[at:]
    else:
        bad[at] ^= 1 << places.randrange(8)
    open(f"bad/{'cut' if i % 4 == 3 else 'changed'}-{at}", "wb").write(bad)
SPOIL
}

# refused FILE N COMMAND...: the command, with each of N damaged copies of FILE at the place of BAD and
# OUT as its output: exit 3, one line, no output; or what it gives for the whole file.
refused() {
    local whole=$1 count=$2 bad same=0 tool=$3
    case $4 in [a-z]*) tool="$3 $4" ;; esac
    shift 2
    "${@/#BAD/$whole}" >good 2>log || { cat log; return 1; }
    [ ! -e OUT ] || mv OUT good
    spoil "$whole" "$count"
    for bad in bad/*; do
        run --separate-stderr "${@/#BAD/$bad}"
        if [ "$status" -eq 0 ]; then # zstd ignores some bits
            [ ! -e OUT ] || mv OUT got
            same=$((same + 1))
            [ "$same" -le 2 ] || { echo "$bad: not noticed"; return 1; }
            [ -n "$output" ] || same_result good got || { echo "$bad: another result"; return 1; }
            continue
        fi
        [ "$status" -eq 3 ] || { echo "$bad: exit $status: $stderr"; return 1; }
        expect_error_line "$tool" "$bad"
        [ ! -e OUT ] && [ ! -e OUT.partial ] || { echo "$bad: leaves something"; return 1; }
    done
}

# Files of ours are alike by their digest, others byte for byte.
same_result() {
    cmp -s "$1" "$2" || [ "$(digest "$1")" = "$(digest "$2")" ]
}

@test "every byte and every length of each kind" {
    damage records plan.plain
    damage records metrics
    damage tokens tokens
    damage tokens tokens.plain
    damage tokens pieces.plain
    damage text tokens v.bpe
    damage text tokens.plain v.bpe
    damage text pieces v.txt
    damage run run
    damage run run.plain
    damage metrics metrics run
    damage metrics metrics.plain run
    damage checkpoint checkpoint
    damage checkpoint checkpoint.plain
}

@test "vocabularies, which have no checksum: read or refused" {
    damage merges v.bpe
    damage pieces v.txt
}

@test "dlt-cat" {
    for kind in tokens run checkpoint.plain metrics.plain plan; do
        spoil $kind 12
        for bad in bad/*; do
            run --separate-stderr dlt-cat --check "$bad"
            [ "$status" -eq 3 ] || [ "$(digest "$bad")" = "$(digest $kind)" ]
            [[ "$output" == "$bad: "* ]]
            run --separate-stderr dlt-cat "$bad"
            [ "$status" -eq 0 ] || { [ "$status" -eq 3 ] && expect_error_line dlt-cat "$bad"; }
        done
    done
}

@test "dlt-tokenize decode" {
    refused tokens 16 dlt-tokenize decode --vocab v.bpe -o OUT BAD
    refused tokens.plain 16 dlt-tokenize decode --vocab v.bpe -o OUT BAD
}

@test "dlt-train: a text" {
    refused tokens.plain 12 dlt-train --quiet --train BAD --layers 2 --width 2 --heads 1 --context 4 \
        --episodes 1 -o OUT
    refused pieces 8 dlt-train --quiet --train pieces --test BAD --blocks stream --layers 1 --width 2 \
        --heads 1 --context 4 --episodes 1 -o OUT
}

@test "dlt-eval: a checkpoint or a text" {
    for file in checkpoint checkpoint.plain; do
        refused $file 16 dlt-eval perplexity --quiet --checkpoint BAD --tokens pieces -o OUT
        refused $file 8 dlt-eval similarity --quiet --checkpoint BAD -o OUT
    done
    refused pieces.plain 8 dlt-eval perplexity --quiet --checkpoint checkpoint --tokens BAD -o OUT
    refused pieces.plain 8 dlt-eval lastword --quiet --checkpoint checkpoint --tokens BAD -o OUT
    refused tokens 8 dlt-eval unigram --quiet --train BAD --tokens tokens -o OUT
}

@test "dlt-report: a run log or measurements" {
    for file in run run.plain; do
        refused $file 12 dlt-report table T1 --format csv -o OUT BAD
        refused $file 8 dlt-report figure F2 --format tsv -o OUT BAD
        refused $file 8 dlt-report compare -o OUT run BAD
        refused $file 8 dlt-report macros -o OUT BAD
    done
    refused metrics.plain 8 dlt-report figure F4 --format tsv -o OUT run BAD
}

# unchanged COMMAND...: what it is given stays as it is, to the byte.
unchanged() {
    local before
    before=$(sha256sum going.*)
    "$@" || return 1
    [ "$(sha256sum going.*)" = "$before" ] || { echo "something was written"; return 1; }
}

# go_on: a run that a signal stopped after two visits, and that goes on once 'healed' is there.
go_on() {
    small_run --agent "exec python3 '$ROOT/tests/agents/bad.py' TERM 1" --checkpoint going.c -o going.r
}

go_on_refused() {
    run --separate-stderr -3 go_on
    expect_error_line dlt-train "going."
}

@test "going on: a damaged checkpoint or beginning of a run log is refused and left as it is" {
    rm -f healed going.*
    run -143 go_on
    touch healed
    cp going.c whole.c
    cp going.r.partial whole.r
    zstd -dcq whole.c >plain.c
    for file in whole.c plain.c whole.r; do
        spoil $file 12
        [ $file = plain.c ] || zstd -dcq $file >content
        for bad in bad/*; do
            cp whole.c going.c
            cp whole.r going.r.partial
            case $file in
            *.c) cp "$bad" going.c ;;
            *) cp "$bad" going.r.partial ;;
            esac
            # A bit that zstd ignores leaves the same content: checked above.
            if [ $file != plain.c ] && zstd -dcq "$bad" >got 2>log && cmp -s got content; then
                continue
            fi
            unchanged go_on_refused || { echo "$bad of $file"; return 1; }
        done
    done
    cp whole.c going.c
    cp whole.r going.r.partial
    go_on
    dlt-cat --check going.r going.c
}

# change_value FILE KEY: one bit of the value behind a field's name, in a file without zstd.
change_value() {
    python3 - "$1" "$2" <<'CHANGE'
import sys
data, key = bytearray(open(sys.argv[1], "rb").read()), sys.argv[2].encode()
at = data.index(bytes([0xa0 + len(key)]) + key) + 1 + len(key)
data[at + (data[at] in (0xca, 0xcb, 0xcf, 0xd3))] ^= 1
open("going.c", "wb").write(data)
CHANGE
}

@test "going on: damage that looks like another run, another text or no room is told as damage" {
    small_run -o going.r --checkpoint going.c --restart
    rm going.r
    zstd -dcq going.c >plain.c
    for key in lr seed batch finished visit; do
        change_value plain.c $key
        run --separate-stderr -3 small_run -o going.r --checkpoint going.c
        expect_error_line dlt-train "going.c"
        [ ! -e going.r ]
    done
}

@test "a finished run whose checkpoint is damaged is not taken for finished" {
    spoil checkpoint.plain 16
    cp run going.r
    for bad in bad/*; do
        cp "$bad" going.c
        again() {
            run --separate-stderr -3 small_run -o going.r --checkpoint going.c
            expect_error_line dlt-train "going.c"
        }
        unchanged again || { echo "$bad"; return 1; }
    done
}
