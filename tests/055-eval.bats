# dlt-eval: metrics of a checkpoint.
load helpers
load train

setup_file() {
    make_tokens
    tiny --test test.tok --valid valid.tok --checkpoint c --labels method=tiny \
        --agent "$(agent ten_lines.py)" -o r
}

evaluate() { # OPTION...
    dlt-eval perplexity --checkpoint "$BATS_FILE_TMPDIR/c" --tokens "$BATS_FILE_TMPDIR/test.tok" "$@"
}

@test "perplexity as the training run's own last evaluation" {
    run --separate-stderr -0 evaluate -o m
    [[ "$stderr" == "perplexity "*"bits per byte"*"accuracy"* ]]
    dlt-cat --check m
    records m metric | jq -S 'del(.kind, .task, .step, .accuracy)' >got
    records "$BATS_FILE_TMPDIR/r" eval | jq -S 'select(.split == "test" and .full)
        | del(.kind, .episode, .step, .split)' >want
    diff got want
    records m metric | jq -e '.task == "perplexity" and .accuracy > 0 and .accuracy < 1'
    records m header | jq -e '.labels.method == "tiny"'
    run --separate-stderr -0 evaluate --quiet -o m
    [ -z "$stderr" ]
}

@test "the same bits twice, and through pipes" {
    evaluate --quiet -o one
    dlt-eval perplexity --quiet --checkpoint "$BATS_FILE_TMPDIR/c" --tokens - \
        <"$BATS_FILE_TMPDIR/test.tok" | cat >two
    [ "$(digest one)" = "$(digest two)" ]
}

@test "overlapping windows count every token but the first once" {
    evaluate --quiet --stride 4 -o m
    tokens=$(records "$BATS_FILE_TMPDIR/test.tok" text | jq .tokens)
    records m metric | jq -e --argjson n "$tokens" '.tokens == $n and .text_tokens == $n'
    run --separate-stderr -2 evaluate --stride 16 -o m2
    expect_error_line "dlt-eval perplexity" "--stride 16 is longer than a window of this network, 15"
    [ ! -e m2 ] && [ ! -e m2.partial ]
    # What is trained on a stream has nothing before its first token, and a window as long as its context.
    tiny --blocks stream --episodes 1 --checkpoint stream -o r2
    dlt-eval perplexity --quiet --checkpoint stream --tokens "$BATS_FILE_TMPDIR/test.tok" --stride 16 -o m3
    records m3 metric | jq -e --argjson n "$tokens" '.tokens == $n - 1'
}

@test "more context costs nothing: overlapping windows after blocks" {
    # Trained until the last position of a block expects nothing but the end.
    tiny --episodes 40 --lr 3e-3 --checkpoint long -o r3
    measure() {
        dlt-eval perplexity --quiet --checkpoint long --tokens "$BATS_FILE_TMPDIR/test.tok" "$@" |
            dlt-cat | jq 'select(.kind == "metric") | .bits_per_byte'
    }
    [ "$(jq -n "$(measure --stride 5) < 1.02 * $(measure)")" = true ]
}

@test "what is wrong gets one line and a status" {
    enter_clean
    run --separate-stderr -1 dlt-eval perplexity --checkpoint missing --tokens x
    expect_error_line "dlt-eval perplexity" "cannot open 'missing'"
    run --separate-stderr -3 dlt-eval perplexity --checkpoint "$BATS_FILE_TMPDIR/r" \
        --tokens "$BATS_FILE_TMPDIR/test.tok" -o m
    expect_error_line "dlt-eval perplexity" "checkpoint"
    run --separate-stderr -3 evaluate --tokens "$BATS_FILE_TMPDIR/other.tok" -o m
    expect_error_line "dlt-eval perplexity" "vocabulary"
    # of as many ids, but others
    sed '3{h;d};4{G}' "$BATS_FILE_TMPDIR/v.bpe" >swapped.bpe
    dlt-tokenize encode --quiet --vocab swapped.bpe -o swapped.tok "$BATS_FILE_TMPDIR/test.txt"
    run --separate-stderr -3 evaluate --tokens swapped.tok -o m
    expect_error_line "dlt-eval perplexity" "'swapped.tok' has another vocabulary"
    run --separate-stderr -3 dlt-eval sample --checkpoint "$BATS_FILE_TMPDIR/c" --vocab swapped.bpe
    expect_error_line "dlt-eval sample" "'swapped.bpe' has another vocabulary"
    rm swapped.bpe swapped.tok
    run --separate-stderr -3 evaluate --tokens "$BATS_FILE_TMPDIR/c" -o m
    expect_error_line "dlt-eval perplexity" "tokens"
    run --separate-stderr -2 dlt-eval perplexity --tokens x
    expect_error_line "dlt-eval perplexity" "--checkpoint"
    run --separate-stderr -1 evaluate --quiet -o /dev/full
    expect_error_line "dlt-eval perplexity" "No space left"
    [ -z "$(ls)" ]
    cp "$BATS_FILE_TMPDIR/c" c
    for output in c ./c; do
        run --separate-stderr -2 dlt-eval perplexity --checkpoint c --tokens "$BATS_FILE_TMPDIR/test.tok" -o $output
        expect_error_line "dlt-eval perplexity" "it is read"
    done
    cmp c "$BATS_FILE_TMPDIR/c"
    run --separate-stderr -2 dlt-eval perplexity --checkpoint - --tokens - <c
    expect_error_line "dlt-eval perplexity" "only one input"
    run --separate-stderr -2 dlt-eval unigram --train - --tokens - <c
    expect_error_line "dlt-eval unigram" "only one input"
}

@test "a checkpoint of a configuration that no run can have" {
    enter_clean
    tiny --context 1 --blocks stream --episodes 1 --checkpoint ../one -o ../r
    dlt-cat --binary ../one | python3 "$ROOT/tests/damage/hostile.py" set 'header.config.blocks="released"' >../none
    dlt-cat --check ../none
    for task in "perplexity --tokens $BATS_FILE_TMPDIR/test.tok" "perplexity --stride 1 --tokens $BATS_FILE_TMPDIR/test.tok" \
        similarity "sample --vocab $BATS_FILE_TMPDIR/v.bpe"; do
        # shellcheck disable=SC2086
        run --separate-stderr -3 dlt-eval $task --checkpoint ../none -o m
        expect_error_line dlt-eval "cannot read checkpoint '../none': its configuration is that of no run: --blocks released needs a --context of 2 or more"
    done
    [ -z "$(ls)" ]
}

@test "a network that has diverged has no measure, only a line that says so" {
    enter_clean
    dlt-tokenize encode --quiet --lines --vocab "$BATS_FILE_TMPDIR/v.bpe" -o ../passages.tok "$BATS_FILE_TMPDIR/test.txt"
    diverged() { # TASK WHAT OPTION...
        run --separate-stderr -1 dlt-eval "$1" --checkpoint ../poisoned "${@:3}" -o m
        expect_error_line "dlt-eval $1" "the network of checkpoint '../poisoned' has diverged: the $2 is not a number"
    }
    for tensor in embedding.token.weight layers.0.attention.projection.weight; do
        dlt-cat --binary "$BATS_FILE_TMPDIR/c" | python3 "$ROOT/tests/damage/hostile.py" poison $tensor >../poisoned
        diverged perplexity loss --tokens "$BATS_FILE_TMPDIR/test.tok"
        diverged perplexity loss --tokens "$BATS_FILE_TMPDIR/test.tok" --stride 4
        diverged lastword loss --tokens ../passages.tok
        diverged sample "logit of a token" --vocab "$BATS_FILE_TMPDIR/v.bpe"
        diverged sample "logit of a token" --vocab "$BATS_FILE_TMPDIR/v.bpe" --temperature 0 --top-k 1
    done
    diverged similarity "length of a layer's weights"
    [ -z "$(ls)" ]
}

@test "a damaged or truncated checkpoint" {
    local size at
    size=$(stat -c %s "$BATS_FILE_TMPDIR/c")
    for at in 10 100 1000 $((size / 2)) $((size - 20)); do
        head -c "$at" "$BATS_FILE_TMPDIR/c" >cut
        run --separate-stderr -3 dlt-eval perplexity --checkpoint cut \
            --tokens "$BATS_FILE_TMPDIR/test.tok" -o m
        expect_error_line "dlt-eval perplexity" "'cut'"
        cp "$BATS_FILE_TMPDIR/c" bad
        printf 'xyz' | dd of=bad bs=1 seek="$at" conv=notrunc status=none
        run --separate-stderr -3 dlt-eval perplexity --checkpoint bad \
            --tokens "$BATS_FILE_TMPDIR/test.tok" -o m
    done
    [ ! -e m ] && [ ! -e m.partial ]
}

@test "unigram: add-one counts, by hand" {
    printf 'a a b a\n' >train.txt
    printf 'a b\n' >test.txt
    printf '#version: 0.2\n' >bytes.bpe # no merges: a token is a byte, V = 257
    for split in train test; do
        dlt-tokenize encode --quiet --vocab bytes.bpe -o $split.tok $split.txt
    done
    run --separate-stderr -0 dlt-eval unigram --train train.tok --tokens test.tok --labels dataset=x -o m
    [[ "$stderr" == "unigram perplexity "* ]]
    # counts of 8 tokens: a 3, b 1, blank 3, line end 1; the test text is a, blank, b, line end
    records m metric | jq -e '((8 + 257) * 4 / 4) as $n
        | (($n | log) * 4 - ((4 * 4 * 2 * 2) | log)) as $nll
        | (.nll - $nll | fabs) < 1e-12 and .tokens == 4 and .task == "unigram"
          and (.perplexity_per_word - ($nll / 3 | exp) | fabs) < 1e-6'
    records m header | jq -e '.labels.dataset == "x"'
}

@test "unigram: texts of different vocabularies, a missing file, nothing given" {
    run --separate-stderr -3 dlt-eval unigram --train "$BATS_FILE_TMPDIR/train.tok" --tokens "$BATS_FILE_TMPDIR/other.tok" -o m
    expect_error_line "dlt-eval unigram" "vocabular"
    run --separate-stderr -1 dlt-eval unigram --train none --tokens none -o m
    expect_error_line "dlt-eval unigram" "none"
    run --separate-stderr -2 dlt-eval unigram
    [ ! -e m ]
}

@test "lastword: passages of a file, and what is wrong with others" {
    printf 'the river ran\n\nthe\nthe river ran by the old mill again\n' >passages.txt
    dlt-tokenize encode --quiet --lines --vocab "$BATS_FILE_TMPDIR/v.bpe" -o passages.tok passages.txt
    run --separate-stderr -0 dlt-eval lastword --checkpoint "$BATS_FILE_TMPDIR/c" --tokens passages.tok -o m
    [[ "$stderr" == "last word: accuracy "*"perplexity"*"passages 3  skipped 1" ]]
    dlt-cat --check m
    records m metric | jq -e '.task == "lastword" and .passages == 3 and .skipped == 1
        and .accuracy == .correct / 3 and ((.nll / 3 | exp) / .perplexity - 1 | fabs) < 1e-9'
    records m header | jq -e '.labels.method == "tiny" and .config == {}'
    records m input | jq -se 'map(.role) == ["tokens", "checkpoint"]'
    dlt-eval lastword --quiet --batch 1 --threads 2 --checkpoint "$BATS_FILE_TMPDIR/c" \
        --tokens - <passages.tok | cat >m2
    [ "$(digest m)" = "$(digest m2)" ]
    run --separate-stderr -3 dlt-eval lastword --checkpoint "$BATS_FILE_TMPDIR/c" \
        --tokens "$BATS_FILE_TMPDIR/test.tok" -o m3
    expect_error_line "dlt-eval lastword" "--lines"
    run --separate-stderr -2 dlt-eval lastword --checkpoint "$BATS_FILE_TMPDIR/c"
    expect_error_line "dlt-eval lastword" "--tokens"
    [ ! -e m3 ] && [ ! -e m3.partial ]
}

@test "similarity: cosines as computed from the checkpoint's own numbers" {
    tiny --agent "dlt-qagent --policy fixed:independent" --tie attention --checkpoint c -o r
    run --separate-stderr -0 dlt-eval similarity --checkpoint c -o m
    [[ "${stderr_lines[0]}" == "attention: layers 3  cosine "*"feed-forward: layers 3  cosine "* ]]
    zstdcat c | python3 "$ROOT/tests/reference/similarity.py" 3 16 2 >want
    records m metric | jq -r '[.part // "head", .layer // .head, .other, .pairs // 0,
        (.cosine * 1e6 | round)] | @tsv' >got
    diff want got
    [ "$(wc -l <got)" -eq 10 ] # three pairs of each part, two heads by two
    dlt-eval similarity --quiet --threads 1 --checkpoint c -o m1
    dlt-eval similarity --quiet --threads 3 --checkpoint c -o m3
    [ "$(digest m1)" = "$(digest m3)" ]
}

@test "similarity: layers that share weights are one" {
    run --separate-stderr -0 dlt-eval similarity --checkpoint "$BATS_FILE_TMPDIR/c" -o m
    records m metric | jq -se 'map(select(.task == "similarity") | [.part, .layer, .other])
        == [["attention", 0, 2], ["feedforward", 0, 2]]'
    tiny --agent "dlt-qagent --policy fixed:all" --checkpoint one -o r
    run --separate-stderr -0 dlt-eval similarity --checkpoint one -o m
    [[ "${stderr_lines[0]}" == "attention: layers 1  cosine 0.0000"* ]]
    [ -z "$(records m metric)" ]
    dlt-cat --check m
}

@test "sample: text from a prompt, the same for the same seed" {
    local c="$BATS_FILE_TMPDIR/c" v="$BATS_FILE_TMPDIR/v.bpe"
    dlt-eval sample --checkpoint "$c" --vocab "$v" --prompt 'the river' --length 20 --seed 3 >one
    dlt-eval sample --checkpoint "$c" --vocab "$v" --prompt 'the river' -n 20 --seed 3 --threads 3 -o two
    dlt-eval sample --checkpoint "$c" --vocab "$v" --prompt 'the river' -n 20 --seed 4 >other
    diff one two
    run ! cmp -s one other
    [ "$(tail -c 1 one | od -An -tx1)" = " 0a" ]
    run -0 dlt-eval sample --checkpoint "$c" --vocab "$v" --temperature 0 -n 5
    [ -n "$output" ]
    want="$output"
    run -0 dlt-eval sample --checkpoint "$c" --vocab "$v" --top-k 1 -n 5
    [ "$output" = "$want" ]
    run --separate-stderr -3 dlt-eval sample --checkpoint "$c" --vocab "$BATS_FILE_TMPDIR/other.bpe"
    expect_error_line "dlt-eval sample" "a vocabulary of 300 ids"
    run --separate-stderr -1 dlt-eval sample --checkpoint "$c" --vocab "$v" -o /dev/full
    expect_error_line "dlt-eval sample" "No space left"
    run --separate-stderr -2 dlt-eval sample --checkpoint "$c"
    expect_error_line "dlt-eval sample" "--vocab"
}

@test "BERT: a causal network is asked like any other, and a masked one has layers to compare" {
    printf 'the river ran by the mill\n' >passages.txt
    dlt-tokenize encode --quiet --lines --vocab "$BATS_FILE_TMPDIR/v.bpe" -o passages.tok passages.txt
    tiny --arch bert --checkpoint causal --agent "$(agent ten_lines.py)" -o r
    tiny --arch bert --objective mlm --checkpoint masked --agent "$(agent ten_lines.py)" -o r
    dlt-eval lastword --quiet --checkpoint causal --tokens passages.tok -o m
    records m metric | jq -e '.passages == 1'
    dlt-eval similarity --quiet --checkpoint masked -o m
    records m metric | jq -se 'map(select(.task == "head-similarity")) | length == 4'
    run -0 dlt-eval sample --checkpoint causal --vocab "$BATS_FILE_TMPDIR/v.bpe" -n 5
}

@test "sample: WordPiece, words with blanks between them" {
    printf '%s\n' '[PAD]' '[UNK]' '[CLS]' '[SEP]' '[MASK]' the river '##s' ran down to sea >vocab.txt
    for _ in $(seq 60); do echo "The rivers ran down to the sea"; done >text
    dlt-tokenize encode --quiet --vocab vocab.txt --model wordpiece -o text.tok text
    tiny --train text.tok --blocks stream --lr 1e-2 --episodes 20 --checkpoint c -o r \
        --agent "$(agent ten_lines.py)"
    run -0 dlt-eval sample --checkpoint c --vocab vocab.txt --model wordpiece --temperature 0 \
        --prompt 'The river' -n 6
    [ "$output" = "s ran down to the sea" ]
    run --separate-stderr -0 dlt-eval sample --cased --checkpoint c --vocab vocab.txt --model wordpiece \
        --prompt 'The river' -n 6
    expect_error_line dlt-eval "vocabulary 'vocab.txt' has no capital letters"
    run --separate-stderr -2 dlt-eval sample --cased --checkpoint c --vocab vocab.txt
    expect_error_line dlt-eval "--cased is for --model wordpiece"
}

@test "a network is evaluated in the memory that evaluation takes" {
    [ -z "${DLT_CHECKER:-}" ] || skip "under a checker a program takes other memory"
    # 200 layers of activations would be kept for training; evaluation shares those of one.
    tiny --layers 200 --width 32 --heads 2 --context 64 --batch 16 --max-steps 1 --checkpoint deep \
        --agent "dlt-qagent --policy fixed:all" -o deep.run
    needs=$(dlt-train --train "$BATS_FILE_TMPDIR/train.tok" --layers 200 --width 32 --heads 2 --context 64 --batch 64 \
        --dry-run --agent "dlt-qagent --policy fixed:all" -o - | dlt-cat --kind start | jq .memory.total)
    [ "$needs" -gt 900000000 ]
    (ulimit -v 600000 && dlt-eval perplexity --quiet --threads 1 --checkpoint deep --tokens "$BATS_FILE_TMPDIR/test.tok" --batch 64 -o m)
    dlt-cat --check m
    # What helps is an option of dlt-eval.
    (ulimit -v 150000 && run --separate-stderr -1 dlt-eval perplexity --quiet --threads 1 --checkpoint deep \
        --tokens "$BATS_FILE_TMPDIR/test.tok" --batch 2048 -o m &&
        [[ "$stderr" == *"; a smaller --batch would help" ]])
}
