# dlt-train's other networks: BERT, masked tokens, permuted copies.
load helpers
load train

setup_file() { make_tokens; }

VARIANTS=("--arch bert" "--arch bert --objective mlm" "--objective mlm" "--permute heads"
    "--arch bert --permute hidden --semantics released")
QLEARN="dlt-qagent --policy qlearn"

@test "each variant learns" {
    local variant
    for variant in "${VARIANTS[@]}"; do
        # shellcheck disable=SC2086
        tiny $variant --test "$BATS_FILE_TMPDIR/test.tok" --agent "$QLEARN" --eval-batches 0 \
            --episodes 60 --dropout 0.1 --lr 5e-3 -o r
        records r eval | jq -se '.[0].perplexity > 1.25 * .[-1].perplexity' ||
            { echo "$variant"; records r eval; return 1; }
    done
}

@test "each variant has the same bits with any number of threads, and whatever is recomputed" {
    local variant recompute
    for variant in "${VARIANTS[@]}"; do
        # shellcheck disable=SC2086
        tiny $variant --test "$BATS_FILE_TMPDIR/test.tok" --agent "$QLEARN" -o one
        # shellcheck disable=SC2086
        tiny $variant --test "$BATS_FILE_TMPDIR/test.tok" --agent "$QLEARN" --threads 3 -o three
        [ "$(digest one)" = "$(digest three)" ]
        for recompute in gelu layer; do
            # shellcheck disable=SC2086
            tiny $variant --test "$BATS_FILE_TMPDIR/test.tok" --agent "$QLEARN" \
                --recompute $recompute -o again
            same_output 'records one visit step reward eval' 'records again visit step reward eval'
        done
    done
}

@test "a variant that was killed goes on to the same bits, and its checkpoint evaluates alike" {
    local variant
    for variant in "${VARIANTS[@]}"; do
        rm -rf healed ./*.r ./*.c ./*.partial
        # shellcheck disable=SC2086
        long() {
            tiny $variant --test "$BATS_FILE_TMPDIR/test.tok" --episodes 6 --checkpoint-every 5 \
                --eval-batches 0 --checkpoint "$1.c" -o "$1.r" --agent "$(agent bad.py KILL 4)"
        }
        run -137 long broken
        touch healed
        long broken
        long whole
        [ "$(digest broken.r)" = "$(digest whole.r)" ]
        [ "$(digest broken.c)" = "$(digest whole.c)" ]
        dlt-eval perplexity --quiet --checkpoint whole.c --tokens "$BATS_FILE_TMPDIR/test.tok" -o m
        same_output 'records m metric | jq .loss' 'records whole.r eval | tail -n 1 | jq .loss'
    done
}

@test "masked tokens: the perplexity is over them, and they are no running text" {
    tiny --arch bert --objective mlm --test "$BATS_FILE_TMPDIR/test.tok" --eval-batches 0 \
        --agent "$QLEARN" -o r --seed 1
    tiny --arch bert --objective mlm --test "$BATS_FILE_TMPDIR/test.tok" --eval-batches 0 \
        --agent "$QLEARN" -o s --seed 2
    # 15% of the 15 tokens of text that a block of 16 holds is 2.
    records r eval | jq -se 'all(.tokens == 2 * .blocks and .text_tokens == .tokens
        and .text_bytes == 0 and (has("bits_per_byte") or has("perplexity_per_word") | not)
        and (.nll / .tokens - .loss | fabs) < 0.01)'
    # A step is worth as many tokens as with the causal objective; seeds have the same test.
    records r start | jq -e '.tokens_per_step == 64'
    records r final | jq -e '.tokens == 64 * .steps'
    same_output "records r eval | jq -s '.[0].tokens'" "records s eval | jq -s '.[0].tokens'"
    records r header | jq -e '.config.objective == "mlm" and .config.arch == "bert"'
}

@test "what a network of masked tokens cannot do is refused" {
    tiny --objective mlm --checkpoint c -o r
    run --separate-stderr -2 dlt-eval perplexity --checkpoint c --stride 4 \
        --tokens "$BATS_FILE_TMPDIR/test.tok" -o m
    expect_error_line "dlt-eval perplexity" "--objective mlm"
    run --separate-stderr -2 dlt-eval sample --checkpoint c --vocab "$BATS_FILE_TMPDIR/v.bpe"
    expect_error_line "dlt-eval sample" "--objective mlm"
    dlt-tokenize encode --quiet --lines --vocab "$BATS_FILE_TMPDIR/v.bpe" -o lines.tok \
        "$BATS_FILE_TMPDIR/test.txt"
    run --separate-stderr -2 dlt-eval lastword --checkpoint c --tokens lines.tok -o m
    expect_error_line "dlt-eval lastword" "--objective mlm"
    [ ! -e m ] && [ ! -e m.partial ]
    # A run goes on only with the objective that it began with.
    run --separate-stderr -2 tiny --checkpoint c -o r
    expect_error_line dlt-train "--objective was 'mlm', not 'causal'"
}

@test "BERT-base and its memory, by --dry-run; positions beyond 512" {
    bert() {
        dlt-train --quiet --train "$BATS_FILE_TMPDIR/train.tok" --arch bert --layers 12 --width 768 \
            --heads 12 --batch 1 --dry-run "$@"
    }
    V=$(records "$BATS_FILE_TMPDIR/train.tok" vocabulary | jq .size)
    # 124,690,513 with a vocabulary of 50,257, each token of which has 768 weights and a bias
    want=$((124690513 - (50257 - V) * 769))
    [ "$(bert --context 256 | awk '$1 == "conventional" { print $2 }')" -eq "$want" ]
    [ "$(bert --context 512 | awk '$1 == "conventional" { print $2 }')" -eq "$want" ]
    [ "$(bert --context 600 | awk '$1 == "conventional" { print $2 }')" -eq $((want + 88 * 768)) ]
    bert --context 256 --recompute none | awk '$1 == "activations" { print $2 }' >none
    bert --context 256 --recompute layer | awk '$1 == "activations" { print $2 }' >layer
    awk 'NR == FNR { none = $1; next } !($1 < none / 3) { exit 1 }' none layer
}

@test "permuted copies: another result where layers are tied, the same where none is" {
    local permute
    tiny --agent "dlt-qagent --policy fixed:all" -o plain
    tiny --agent "dlt-qagent --policy fixed:independent" -o apart
    for permute in heads hidden; do
        tiny --permute $permute --agent "dlt-qagent --policy fixed:all" -o tied
        [ "$(records tied step | digest_of)" != "$(records plain step | digest_of)" ]
        tiny --permute $permute --agent "dlt-qagent --policy fixed:independent" -o same
        same_output 'records same step | digest_of' 'records apart step | digest_of'
    done
    run --separate-stderr -2 tiny --permute heads --heads 1 -o r
    expect_error_line dlt-train "--permute heads needs 2 --heads or more"
    # Nor is an ablation recorded that did not happen.
    run --separate-stderr -2 tiny --permute heads --tie feedforward -o r
    expect_error_line dlt-train "--permute heads is of no use with --tie feedforward"
    run --separate-stderr -2 tiny --permute hidden --tie attention -o r
    expect_error_line dlt-train "--permute hidden is of no use with --tie attention"
}

digest_of() { sha256sum; }
