# What the Bats files about bad input share: a small file of each kind, and the program that reads many
# of them (tests/damage).

damage() { "${BUILD_DIR:-$ROOT/build}/damage/damage" "$@"; }

# small_run [OPTION...]: trains on a dozen pieces, so that checkpoints are of few bytes.
small_run() {
    dlt-train --quiet --train "$BATS_FILE_TMPDIR/pieces" --test "$BATS_FILE_TMPDIR/pieces" \
        --blocks stream --layers 3 --width 2 --heads 1 --context 4 --batch 4 --episodes 2 \
        --steps-per-action 1 --eval-batches 1 --agent "dlt-qagent --hidden 1 --seed 3" "$@"
}

# Once per file, in $BATS_FILE_TMPDIR: v.bpe, v.txt, tokens (of v.bpe), pieces (of v.txt), run,
# checkpoint, metrics and plan, and all but the first two as NAME.plain without zstd.
make_small() {
    local kind
    cd "$BATS_FILE_TMPDIR" || return 1
    dlt-corpus --style wiki --bytes 600 --seed 1 >text
    dlt-tokenize train --quiet --size 290 -o v.bpe text
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' a '##a' the '##e' of '##s' . >v.txt
    dlt-tokenize encode --quiet --lines --vocab v.bpe -o tokens text
    dlt-tokenize encode --quiet --lines --model wordpiece --vocab v.txt -o pieces text
    small_run -o run --checkpoint checkpoint
    dlt-eval similarity --quiet --checkpoint checkpoint -o metrics
    small_run --dry-run -o - >plan
    for kind in tokens pieces run checkpoint metrics plan; do
        zstd -dcq $kind >$kind.plain
    done
}
