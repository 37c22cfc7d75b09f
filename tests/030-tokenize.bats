#!/usr/bin/env bats
# dlt-tokenize: exact ids, round trips, pipes, damage.

load helpers

GOLDEN="$BATS_TEST_DIRNAME/golden/tokenize"

vocabulary() {
    printf '%s\n' '#version: 0.2' 'Ġ t' 'h e' 'Ġt he' 'a a' >v.bpe
}

# Encodes each text of a golden file, and compares the ids: VOCABULARY GOLDEN [OPTION...].
check_golden() {
    python3 - "$@" <<'EOF'
import subprocess, sys
vocabulary, golden = sys.argv[1:3]
options = sys.argv[3:]
wrong = 0
for line in open(golden):
    text, ids = line.rstrip("\n").split("\t")
    run = subprocess.run(["dlt-tokenize", "encode", "--quiet", "--ids", "--vocab", vocabulary, *options],
                         input=bytes.fromhex(text), stdout=subprocess.PIPE, check=True)
    if run.stdout.decode().split() != ids.split():
        wrong += 1
        print("text", bytes.fromhex(text), "gave", run.stdout.split(), "not", ids)
sys.exit(wrong > 0)
EOF
}

@test "help: the tool and its commands" {
    run -0 --separate-stderr dlt-tokenize --help
    [[ "$output" == *train*encode*decode* ]]
    for command in train encode decode; do
        run -0 --separate-stderr dlt-tokenize "$command" --help
        [[ "$output" == *"Usage: dlt-tokenize $command"* ]]
        [[ "$output" == *"Examples:"* ]]
    done
}

@test "usage errors: no command, no vocabulary, two token files, a size too small" {
    run -2 --separate-stderr dlt-tokenize
    expect_error_line dlt-tokenize "no command"
    run -2 --separate-stderr dlt-tokenize encode text
    expect_error_line dlt-tokenize "--vocab"
    vocabulary
    run -2 --separate-stderr dlt-tokenize decode --vocab v.bpe a b
    expect_error_line dlt-tokenize "one file"
    run -2 --separate-stderr dlt-tokenize train --size 256
    expect_error_line dlt-tokenize "size"
    echo text >text
    run -2 --separate-stderr dlt-tokenize encode --vocab v.bpe -o text text
    expect_error_line dlt-tokenize "cannot write 'text': it is read"
    cp text new.partial # as which the output begins
    run -2 --separate-stderr dlt-tokenize encode --vocab v.bpe -o new new.partial
    expect_error_line dlt-tokenize "cannot write 'new': it is written as 'new.partial' first, which is read"
    cmp text new.partial
    run -2 --separate-stderr dlt-tokenize train -o ./text text
    expect_error_line dlt-tokenize "it is read"
    [ "$(cat text)" = text ]
    for standard_input in - /dev/stdin; do
        run -2 --separate-stderr dlt-tokenize encode --vocab $standard_input <v.bpe
        expect_error_line dlt-tokenize "only one input"
    done
    run -2 --separate-stderr dlt-tokenize train - text - <text
    expect_error_line dlt-tokenize "only one input"
}

@test "golden ids with a small vocabulary" {
    check_golden "$GOLDEN/small.bpe" "$GOLDEN/small.tsv"
}

@test "golden ids with GPT-2's vocabulary" {
    need_data gpt2/vocab.bpe
    check_golden "$DLT_DATA/gpt2/vocab.bpe" "$GOLDEN/gpt2.tsv"
}

@test "golden ids of WordPiece with a small vocabulary" {
    check_golden "$GOLDEN/small.txt" "$GOLDEN/small-uncased.tsv" --model wordpiece
    check_golden "$GOLDEN/small.txt" "$GOLDEN/small-cased.tsv" --model wordpiece --cased
}

@test "golden ids of WordPiece with BERT's vocabularies" {
    need_data bert/bert-base-uncased-vocab.txt
    need_data bert/bert-base-cased-vocab.txt
    check_golden "$DLT_DATA/bert/bert-base-uncased-vocab.txt" "$GOLDEN/bert-uncased.tsv" --model wordpiece
    check_golden "$DLT_DATA/bert/bert-base-cased-vocab.txt" "$GOLDEN/bert-cased.tsv" --model wordpiece --cased
}

# encodes WORDS... : encodes "There" and has standard error in $stderr.
encodes() {
    run --separate-stderr -0 bash -c 'echo There | dlt-tokenize encode --model wordpiece --ids "$@"' - "$@"
}

@test "WordPiece: a vocabulary of the other case is told" {
    printf '%s\n' '[UNK]' '[unused1]' '<S>' the '##re' été >lower.txt
    printf '%s\n' '[UNK]' '[unused1]' the '##re' Été >upper.txt
    encodes --vocab lower.txt
    [ -z "$stderr" ]
    encodes --cased --vocab upper.txt
    [ -z "$stderr" ]
    encodes --cased --vocab lower.txt
    expect_error_line dlt-tokenize "vocabulary 'lower.txt' has no capital letters"
    encodes --vocab upper.txt
    expect_error_line dlt-tokenize "vocabulary 'upper.txt' has capital letters"
    encodes --quiet --vocab upper.txt
    [ -z "$stderr" ]
}

@test "WordPiece: so are BERT's" {
    need_data bert/bert-base-uncased-vocab.txt
    need_data bert/bert-base-cased-vocab.txt
    encodes --vocab "$DLT_DATA/bert/bert-base-uncased-vocab.txt"
    [ -z "$stderr" ]
    encodes --cased --vocab "$DLT_DATA/bert/bert-base-cased-vocab.txt"
    [ -z "$stderr" ]
    encodes --cased --vocab "$DLT_DATA/bert/bert-base-uncased-vocab.txt"
    expect_error_line dlt-tokenize "uncased-vocab.txt' has no capital letters"
    encodes --vocab "$DLT_DATA/bert/bert-base-cased-vocab.txt"
    expect_error_line dlt-tokenize "cased-vocab.txt' has capital letters"
}

@test "WordPiece: special pieces, decoding, and what the token file says" {
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' the '##re' cat . Cat >v.txt
    wordpiece() { dlt-tokenize "$@" --vocab v.txt --model wordpiece; }
    printf 'There [MASK] the Cat.' >text
    [ "$(wordpiece encode --ids --special text | paste -sd' ')" = "5 6 4 5 7 8" ]
    [ "$(wordpiece encode --ids text | paste -sd' ')" = "5 6 1 1 1 5 7 8" ]
    [ "$(wordpiece encode --ids --cased text | paste -sd' ')" = "1 1 1 1 5 9 8" ]
    wordpiece encode --special -o x.tokens text
    [ "$(wordpiece decode x.tokens)" = "there [MASK] the cat ." ]
    same_output 'wordpiece decode x.tokens | wordpiece encode --special --ids' \
        'wordpiece encode --ids --special text'
    dlt-cat --check x.tokens
    [ "$(dlt-cat x.tokens | jq -c 'select(.kind == "vocabulary") | [.model, .size, .end_of_text, .pad, .unknown, .cls, .sep, .mask]')" = \
        '["wordpiece",10,-1,0,1,2,3,4]' ]
    [ "$(dlt-cat x.tokens | jq -c 'select(.kind == "header") | [.config.model, .config.cased]')" = \
        '["wordpiece",false]' ]
    run -3 --separate-stderr dlt-tokenize decode --vocab v.txt --model wordpiece --ids <<<10
    expect_error_line dlt-tokenize "beyond the vocabulary of 10"
    vocabulary
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe x.tokens
    expect_error_line dlt-tokenize "not made with --model bpe"
    run -2 --separate-stderr dlt-tokenize encode --cased --vocab v.bpe text
    expect_error_line dlt-tokenize "--cased"
}

@test "WordPiece: threads and lines change nothing, invalid UTF-8 is left out" {
    python3 "$ROOT/tests/reference/tokenize_hard.py" 700000 3 --bytes >text
    dlt-tokenize encode --model wordpiece --vocab "$GOLDEN/small.txt" --threads 1 --ids text >one
    dlt-tokenize encode --model wordpiece --vocab "$GOLDEN/small.txt" --threads 3 --ids - <text | cmp - one
    dlt-tokenize encode --model wordpiece --vocab "$GOLDEN/small.txt" --lines --ids text | cmp - one
    python3 -c 'import sys; sys.stdout.write(open("text", "rb").read().decode("utf-8", "ignore"))' |
        dlt-tokenize encode --model wordpiece --vocab "$GOLDEN/small.txt" --ids | cmp - one
}

@test "a damaged WordPiece vocabulary, or one of the other kind: one line and exit 3" {
    for damage in '[UNK]|a|a|' '[UNK]|a||' 'a|b|' '[UNK]|a' '#version: 0.2|h e|'; do
        printf '%s' "${damage//|/$'\n'}" >bad.txt
        run -3 --separate-stderr dlt-tokenize encode --model wordpiece --vocab bad.txt /dev/null
        expect_error_line dlt-tokenize "cannot read vocabulary 'bad.txt': "
    done
    run -3 --separate-stderr dlt-tokenize encode --vocab "$GOLDEN/small.txt" /dev/null
    expect_error_line dlt-tokenize "--model wordpiece"
}

@test "a well-known vocabulary that was cut at a line end" {
    need_data gpt2/vocab.bpe
    head -n 30000 "$DLT_DATA/gpt2/vocab.bpe" >cut.bpe
    run -3 --separate-stderr dlt-tokenize encode --vocab cut.bpe /dev/null
    expect_error_line dlt-tokenize "cut short (GPT-2's has 456318 bytes"
    need_data bert/bert-base-cased-vocab.txt
    head -n 20000 "$DLT_DATA/bert/bert-base-cased-vocab.txt" >cut.txt
    run -3 --separate-stderr dlt-tokenize encode --model wordpiece --vocab cut.txt /dev/null
    expect_error_line dlt-tokenize "cut short (BERT cased's"
}

# interrupt SIGNAL WHEN COMMAND...: runs `dlt-tokenize COMMAND... -o out pipe` until the file WHEN is
# there, sends the signal, and expects its exit status, one line and no output. What comes through the
# pipe is for the caller to say: it writes `coming`, and `behind` if the pipe is to end then.
interrupt() {
    local signal=$1 when=$2 writer tool code=0 seen=
    shift 2
    rm -f out pipe begun sent
    mkfifo pipe
    { touch begun; cat coming; touch sent; [ -e behind ] || exec sleep 1000; } >pipe 3>&- &
    writer=$!
    # A shell lets its background jobs ignore SIGINT.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' dlt-tokenize "$@" -o out pipe 3>&- 2>err &
    tool=$!
    wait_until test -e "$when" && seen=yes
    kill -s "$signal" $tool || seen=
    wait $tool || code=$?
    kill $writer 2>/dev/null || true
    [ "$seen" ]
    [ $code -eq "$([ "$signal" = INT ] && echo 130 || echo 143)" ]
    [ "$(wc -l <err)" -eq 1 ] || { cat err; return 1; }
    [ ! -e out ] && [ ! -e out.partial ]
}

@test "encode and decode interrupted: exit 130 or 143 and no output, also while nothing comes" {
    vocabulary
    yes 'the text' | head -c 300000 >text
    dlt-tokenize encode --vocab v.bpe text | zstdcat | head -c 100000 >tokens
    for signal in INT TERM; do
        for threads in 1 2; do
            : >coming
            interrupt $signal out.partial encode --threads $threads --vocab v.bpe
            cp text coming
            interrupt $signal out.partial encode --threads $threads --vocab v.bpe
            cp tokens coming
            interrupt $signal out.partial decode --threads $threads --vocab v.bpe
            tr -dc '\n' <text | tr '\n' '7' | fold -w 1 >coming
            interrupt $signal out.partial decode --threads $threads --vocab v.bpe --ids
        done
    done
}

@test "train interrupted: while it reads, and while it merges" {
    : >coming
    interrupt TERM begun train --size 1000
    # Takes seconds if nobody stops it.
    python3 -c 'import random; r = random.Random(1)
for _ in range(400000): print("".join(r.choices("abcdefghijklmnopqrstuvwxyz", k=12)))' >coming
    : >behind
    for signal in INT TERM; do
        interrupt $signal sent train --size 2000000
    done
}

@test "the examples of --help" {
    need_data gpt2/vocab.bpe
    run -0 bash -c 'echo "Hello world" | dlt-tokenize encode --vocab "$DLT_DATA/gpt2/vocab.bpe" --ids'
    [ "$output" = $'15496\n995\n198' ]
    run -0 bash -c 'echo 15496 995 | dlt-tokenize decode --vocab "$DLT_DATA/gpt2/vocab.bpe" --ids'
    [ "$output" = "Hello world" ]
}

@test "decode gives back every byte, from a file and through a pipe" {
    python3 -c 'import random, sys; r = random.Random(1)
sys.stdout.buffer.write(bytes(r.randrange(256) for _ in range(300000)) + bytes(range(256)))' >noise
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" -o noise.tokens noise
    for threads in 1 2; do
        dlt-tokenize decode --threads $threads --vocab "$GOLDEN/small.bpe" noise.tokens | cmp - noise
        run -1 --separate-stderr bash -c 'dlt-tokenize decode --threads "$0" --vocab "$1" noise.tokens >/dev/full' \
            $threads "$GOLDEN/small.bpe"
        expect_error_line dlt-tokenize "No space"
    done
    cat noise | dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --lines |
        dlt-tokenize decode --vocab "$GOLDEN/small.bpe" | cmp - noise
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --ids noise |
        dlt-tokenize decode --vocab "$GOLDEN/small.bpe" --ids | cmp - noise
}

@test "an empty text is no error, but worth a word" {
    vocabulary
    : >empty
    run -0 --separate-stderr dlt-tokenize encode --vocab v.bpe -o empty.tokens empty
    [[ "$stderr" == *"the text is empty"* ]]
    run -0 --separate-stderr dlt-tokenize decode --vocab v.bpe empty.tokens
    [ -z "$output" ]
    run -0 --separate-stderr dlt-tokenize encode --vocab v.bpe --ids empty
    [ -z "$output" ]
}

@test "threads, pipes and files cut in two change nothing" {
    python3 "$ROOT/tests/reference/tokenize_hard.py" 1500000 3 --bytes >text
    head -c 700001 text >one
    tail -c +700002 text >two
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --threads 1 -o a.tokens text
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --threads 3 --ids one two >ids
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --threads 1 --ids text | cmp - ids
    # The content differs only in the names of the inputs.
    cat text | dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --threads 3 >b.tokens
    for x in a b; do
        dlt-cat --binary $x.tokens | jq -c 'select(.kind == "tokens" or .kind == "text")' >$x
    done
    cmp a b
    dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --threads 2 -o c.tokens text
    [ "$(digest a.tokens)" = "$(digest c.tokens)" ]
}

@test "the token file says what it holds" {
    vocabulary
    printf 'the cat\n the  dog' >text
    dlt-tokenize encode --vocab v.bpe --lines -o x.tokens text
    dlt-cat --check x.tokens
    dlt-cat x.tokens >x
    [ "$(jq -c 'select(.kind == "text") | [.bytes, .words, .lines]' x)" = "[17,4,1]" ]
    [ "$(jq -c 'select(.kind == "header") | [.content, .config.lines, .config.special]' x)" = \
        '["tokens",true,false]' ]
    [ "$(jq -c 'select(.kind == "vocabulary") | [.model, .size, .end_of_text, .sha256]' x)" = \
        "[\"bpe\",261,260,\"$(sha256sum v.bpe | cut -d' ' -f1)\"]" ]
    [ "$(jq -r 'select(.kind == "input") | .role + " " + .name + " " + .sha256' x)" = \
        "text text $(sha256sum text | cut -d' ' -f1)
vocabulary v.bpe $(sha256sum v.bpe | cut -d' ' -f1)" ]
    # Lines by themselves: "\n" never joins the blank behind it.
    dlt-cat --binary x.tokens | jq -r 'select(.kind == "lines") | .ends' >/dev/null
}

@test "--special takes the end of a text for the token, and only then" {
    vocabulary
    run -0 bash -c "printf 'the<|endoftext|> the' | dlt-tokenize encode --vocab v.bpe --ids --special"
    [ "$output" = $'83\n257\n260\n258' ]
    run -0 bash -c "printf '<|endoftext|>' | dlt-tokenize encode --vocab v.bpe --ids"
    [ "${#lines[@]}" -eq 13 ]
    printf 'x<|endoftext|>' | dlt-tokenize encode --vocab v.bpe --special |
        dlt-tokenize decode --vocab v.bpe | cmp - <(printf 'x<|endoftext|>')
}

@test "train: merges by count, then by id; a text too small says so" {
    printf 'the the the cat' >text
    run -0 --separate-stderr dlt-tokenize train --size 260 text
    [ "$output" = $'#version: 0.2\nh e\nt he\nĠ the' ]
    [ -z "$stderr" ]
    run -0 --separate-stderr dlt-tokenize train --size 1000 -o v.bpe text
    [[ "$stderr" == *"enough for a vocabulary of"* ]]
    same_output 'cat text | dlt-tokenize train --size 260 -' 'dlt-tokenize train --size 260 text'
    dlt-tokenize encode --vocab v.bpe text | dlt-tokenize decode --vocab v.bpe | cmp - text
}

@test "train: the merges that the tokenizers library finds" {
    python3 "$ROOT/tests/reference/tokenize_hard.py" 300000 >text
    dlt-tokenize train --size 769 -o v.bpe text
    cmp v.bpe "$GOLDEN/small.bpe"
}

@test "a damaged vocabulary: one line, with the line's number, and exit 3" {
    for damage in 'a b|ab c' 'a b|ab x y' 'a b|q bc' 'a b|a b' 'ab'; do
        printf '#version: 0.2\n%s' "${damage//|/$'\n'}" >bad.bpe
        [ "$damage" = 'a b|ab c' ] || printf '\n' >>bad.bpe
        run -3 --separate-stderr dlt-tokenize encode --vocab bad.bpe /dev/null
        expect_error_line dlt-tokenize "cannot read vocabulary 'bad.bpe': line"
    done
    run -3 --separate-stderr dlt-tokenize encode --vocab /dev/null /dev/null
    expect_error_line dlt-tokenize "line 1"
    run -1 --separate-stderr dlt-tokenize encode --vocab missing.bpe /dev/null
    expect_error_line dlt-tokenize "missing.bpe"
}

@test "decode: another vocabulary, ids beyond it, no ids, damaged tokens" {
    vocabulary
    echo 'the text' | dlt-tokenize encode --vocab v.bpe -o x.tokens
    run -3 --separate-stderr dlt-tokenize decode --vocab "$GOLDEN/small.bpe" x.tokens
    expect_error_line dlt-tokenize "another vocabulary"
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe --ids <<<$'1\n261'
    expect_error_line dlt-tokenize "line 2: an id beyond the vocabulary of 261"
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe --ids <<<'1 -2'
    expect_error_line dlt-tokenize "not an id"
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe --ids <<<'99999999999999999999999'
    expect_error_line dlt-tokenize "beyond the vocabulary"
    head -c 300 x.tokens >short.tokens
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe -o out short.tokens
    expect_error_line dlt-tokenize "short.tokens"
    [ ! -e out ] && [ ! -e out.partial ]
    run -3 --separate-stderr dlt-tokenize decode --vocab v.bpe v.bpe
    expect_error_line dlt-tokenize "v.bpe"
}

@test "a missing text, a folder, a full disk: no output stays behind" {
    vocabulary
    run -1 --separate-stderr dlt-tokenize encode --vocab v.bpe -o out missing
    expect_error_line dlt-tokenize "missing"
    [ ! -e out ] && [ ! -e out.partial ]
    run -1 --separate-stderr dlt-tokenize encode --vocab v.bpe -o out .
    expect_error_line dlt-tokenize "directory"
    run -1 --separate-stderr bash -c 'yes the text | head -c 1000000 | dlt-tokenize encode --vocab v.bpe --ids >/dev/full'
    expect_error_line dlt-tokenize "No space"
    run -1 --separate-stderr bash -c 'echo text | dlt-tokenize train >/dev/full'
    [[ "$stderr" == *"No space"* ]]
}

@test "long words: time n log n" {
    python3 -c 'import random, sys; r = random.Random(1)
sys.stdout.write("a" * 2000000 + " " + "".join(r.choice("abcdefgh") for _ in range(2000000)))' >text
    (ulimit -t 20 && dlt-tokenize encode --vocab "$GOLDEN/small.bpe" --ids text) |
        dlt-tokenize decode --vocab "$GOLDEN/small.bpe" --ids | cmp - text
}

# ended_while_nobody_reads FIFO COMMAND...: stopped by SIGTERM where the reader of FIFO has stopped.
ended_while_nobody_reads() {
    local fifo=$1 reader tool code=0
    rm -f full
    mkfifo "$fifo"
    python3 "$BATS_TEST_DIRNAME/crash/slow_reader.py" "$fifo" full never 3>&- &
    reader=$!
    timeout -s KILL 60 "${@:2}" 3>&- 2>err &
    tool=$!
    wait_until test -e full
    kill -TERM $tool
    wait $tool || code=$?
    kill $reader
    [ $code -eq 143 ]
    [ "$(wc -l <err)" -eq 1 ]
}

@test "a signal ends the wait for a reader that stands still" {
    vocabulary
    yes 'the text' | head -c 300000 >text
    ended_while_nobody_reads ids dlt-tokenize encode --vocab v.bpe --ids -o ids text
}

@test "a signal ends the wait of decode with two threads: for its reader, and for its input" {
    local tool code=0
    vocabulary
    yes 'the text' | head -c 1000000 | dlt-tokenize encode --vocab v.bpe -o x.tokens
    ended_while_nobody_reads text dlt-tokenize decode --threads 2 --vocab v.bpe -o text x.tokens
    mkfifo input
    # The first of the ids is there, and then no more.
    exec 7<>input
    echo 1 >&7
    timeout -s KILL 60 dlt-tokenize decode --threads 2 --ids --vocab v.bpe -o out input 3>&- 7>&- 2>err &
    tool=$!
    wait_until test -e out.partial
    kill -TERM $tool
    wait $tool || code=$?
    exec 7>&-
    [ $code -eq 143 ]
    [ "$(wc -l <err)" -eq 1 ]
}

@test "what replaces a file is for the same eyes" {
    vocabulary
    echo text >text
    : >private
    chmod 600 private
    dlt-tokenize encode --vocab v.bpe -o private text
    [ "$(stat -c %a private)" = 600 ]
    dlt-cat --check private
    # Also of what could not be written, until it is whole.
    chmod 400 private
    mkfifo pipe
    dlt-tokenize encode --vocab v.bpe -o private pipe 3>&- &
    exec 7>pipe
    wait_until test -e private.partial
    wait_until test "$(stat -c %a private.partial)" = 600
    exec 7>&-
    wait $!
    [ "$(stat -c %a private)" = 400 ]
}

@test "a vocabulary whose words or lines a token file could not count is refused" {
    # Each line doubles the line ends of the one before: 2, 4, ..., 256.
    { echo '#version: 0.2'; for n in 1 2 4 8 16 32 64 128; do
        ends=$(printf 'Ċ%.0s' $(seq $n)); echo "$ends $ends"; done; } >v.bpe
    echo text >text
    run --separate-stderr -3 dlt-tokenize encode --vocab v.bpe -o t text
    expect_error_line "dlt-tokenize encode" "token 263 of the vocabulary has more than 255 line ends or words"
    sed -i '$d' v.bpe
    dlt-tokenize encode --vocab v.bpe -o t text
    # The ids alone need no counts.
    echo "$(printf 'Ċ%.0s' $(seq 128)) $(printf 'Ċ%.0s' $(seq 128))" >>v.bpe
    dlt-tokenize encode --vocab v.bpe --ids text >ids
    # None is trained.
    { yes '' | head -c 200000; yes 'a b' | head -c 2000; echo text; } >lines
    dlt-tokenize train --quiet --size 280 -o trained.bpe lines
    dlt-tokenize encode --vocab trained.bpe -o t lines
    dlt-tokenize decode --vocab trained.bpe t | cmp - lines
    [ "$(dlt-cat -k text t | jq .lines)" = "$(wc -l <lines)" ]
}

@test "a character of a vocabulary is spelled one way" {
    printf '#version: 0.2\n\xc1\xa1 b\n' >v.bpe
    run --separate-stderr -3 dlt-tokenize encode --vocab v.bpe --ids - <<<ab
    expect_error_line "dlt-tokenize encode" "v.bpe"
}

@test "where a vocabulary cannot be written is found before the training" {
    run --separate-stderr -1 timeout 20 dlt-tokenize train -o nowhere/v.bpe - < <(yes)
    expect_error_line "dlt-tokenize train" "nowhere/v.bpe"
}

@test "WordPiece text without any blank takes no more memory than with blanks" {
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' a b , >v.txt
    yes 'a,b' | tr '\n' ',' | head -c 24000000 >long
    ulimit -v "$(addresses 200000)"
    dlt-tokenize encode --model wordpiece --vocab v.txt --threads 1 -o t long
    dlt-tokenize encode --model wordpiece --vocab v.txt --threads 2 -o u <(tr ',' ',' <long)
    [ "$(digest t)" = "$(digest u)" ]
    dlt-tokenize encode --model wordpiece --vocab v.txt --ids long | tail -n 3 | tr '\n' ' ' | grep -xE '([567] )+'
}
