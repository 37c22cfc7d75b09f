# What the Bats files about training share: a tiny text, its tokens, and a network of seconds.

# Once per file: train.tok, valid.tok and test.tok of generated text, and other.tok of another
# vocabulary, all in $BATS_FILE_TMPDIR.
make_tokens() {
    local split
    cd "$BATS_FILE_TMPDIR" || return 1
    for split in train valid test; do
        dlt-corpus --style wiki --bytes 20k --language 1 --split "$split" --seed 1 >"$split.txt"
    done
    dlt-tokenize train --quiet --size 320 -o v.bpe train.txt
    dlt-tokenize train --quiet --size 300 -o other.bpe train.txt
    for split in train valid test; do
        dlt-tokenize encode --quiet --vocab v.bpe -o "$split.tok" "$split.txt"
    done
    dlt-tokenize encode --quiet --vocab other.bpe -o other.tok test.txt
}

# [LAUNCH=COMMAND] tiny [OPTION...]: trains 3 layers of width 16; later options override.
tiny() {
    ${LAUNCH:-} dlt-train --quiet --train "$BATS_FILE_TMPDIR/train.tok" --layers 3 --width 16 --heads 2 \
        --context 16 --batch 4 --episodes 4 --steps-per-action 2 --eval-batches 4 --threads 1 "$@"
}

# agent FILE [WORD...]: the command of an agent of tests/agents.
agent() {
    local file="$1"
    shift
    echo "exec python3 '$ROOT/tests/agents/$file' $*"
}

# records FILE KIND...: the records of these kinds, as JSON lines.
records() {
    local file="$1"
    shift
    dlt-cat "$file" | jq -c --arg kinds "$*" 'select(.kind as $k | $kinds | split(" ") | index($k))'
}

# An empty folder, to see that nothing is left behind.
enter_clean() {
    mkdir -p clean && cd clean
}
