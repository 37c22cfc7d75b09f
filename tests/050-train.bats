# dlt-train: a run from beginning to end, its run log, and what bad input gets.
load helpers
load train

setup_file() { make_tokens; }

@test "the loss falls, and the run log is whole" {
    run --separate-stderr -0 tiny --valid "$BATS_FILE_TMPDIR/valid.tok" \
        --test "$BATS_FILE_TMPDIR/test.tok" --episodes 30 --lr 3e-3 \
        --agent "$(agent ten_lines.py)" -o r
    [ -z "$output$stderr" ]
    dlt-cat --check r
    [ ! -e r.partial ]
    records r eval | jq -se 'map(select(.split == "test"))
        | .[0].perplexity > 1.5 * .[-1].perplexity and .[-1].full and .[-1].bits_per_byte > 0'
    records r final | jq -e '.steps == 120 and .state == [0, 0, 2] and .independent == 2
        and .best_test.perplexity > 1 and .best_valid.test_perplexity > 1'
}

@test "a record of each visit, step, reward and evaluation" {
    tiny --test "$BATS_FILE_TMPDIR/test.tok" --agent "$(agent bad.py well)" --seed 9 -o r
    records r start | jq -e '.planned_steps == 16 and .tokens_per_step == 64 and .map == [0, 0, 0]'
    [ "$(records r visit | wc -l)" -eq 8 ]
    [ "$(records r reward | wc -l)" -eq 8 ]
    [ "$(records r step | wc -l)" -eq 16 ]
    [ "$(records r memory | wc -l)" -eq 4 ]
    # One evaluation after each episode; after the last one, one more on the whole text.
    [ "$(records r eval | jq -c .full | tr '\n' ' ')" = "false false false false true " ]
    records r step | jq -se 'map(.step) == [range(1; 17)] and all(.norm > 0)'
    records r visit | jq -e '.state[.layer] == .action and .info.epsilon == 1'
    records r reward | jq -e '(.perplexity - (.loss | exp) | fabs) < 1e-6 * .perplexity'
}

@test "the header holds what was resolved, and the labels; paths, threads and device are not in it" {
    tiny --semantics released --untie copy --labels 'dataset=wiki2,method=a=b' \
        --agent "$(agent ten_lines.py)" -o r
    records r header | jq -e '.content == "run" and .labels == {"dataset": "wiki2", "method": "a=b"}
        and .config["tie-grad"] == "owner" and .config.untie == "copy" and .config.layers == 3
        and .config.start == "frozen" and (.config | has("train", "threads", "device") | not)'
    records r input | jq -e '.role == "train" and (.content_xxh64 | length) == 16'
}

@test "counts take suffixes; what is recorded is the number" {
    tiny --context 16 --batch 1Ki --episodes 1k --max-steps 1k --eval-every 2M --checkpoint c --checkpoint-every 1k --dry-run -o - >r
    dlt-cat --kind header r | jq -e '.config | .batch == 1024 and .episodes == 1000 and .["max-steps"] == 1000
        and .["eval-every"] == 2000000'
    tiny --context 16 --batch 1024 --episodes 1000 --max-steps 1000 --eval-every 2000000 --dry-run -o - >s
    [ "$(digest r)" = "$(digest s)" ]
    tiny --max-steps 0Ki --episodes 1 --steps-per-action 1 --agent 'dlt-qagent --hidden 1Ki --target-every 1k' -o r
    run --separate-stderr -2 tiny --max-steps 1x
    expect_error_line dlt-train "option --max-steps: '1x' is not a whole number, such as 4096, 2M or 1Gi"
    run --separate-stderr -2 tiny --max-steps 3G
    expect_error_line dlt-train "3G is not within 0 .. 2147483647"
    run --separate-stderr -2 tiny --seed 1k
    expect_error_line dlt-train "'1k' is not a whole number; see"
}

@test "the same bits from any number of threads, another seed gives others" {
    tiny --agent "$(agent ten_lines.py)" --threads 1 -o one
    tiny --agent "$(agent ten_lines.py)" --threads 3 -o three
    tiny --agent "$(agent ten_lines.py)" --seed 2 -o other
    [ "$(digest one)" = "$(digest three)" ]
    run -1 same_output 'digest one' 'digest other'
}

@test "the same result from tokens that were compressed otherwise, under another name" {
    dlt-tokenize encode --quiet --vocab "$BATS_FILE_TMPDIR/v.bpe" "$BATS_FILE_TMPDIR/train.txt" |
        cat >renamed
    tiny --agent "$(agent ten_lines.py)" -o one
    tiny --agent "$(agent ten_lines.py)" --train renamed -o two
    [ "$(digest one)" = "$(digest two)" ]
}

@test "text through pipes to a run log on standard output" {
    dlt-tokenize encode --quiet --vocab "$BATS_FILE_TMPDIR/v.bpe" <"$BATS_FILE_TMPDIR/train.txt" |
        tiny --train - --agent "$(agent ten_lines.py)" -o - | dlt-cat - >lines
    tail -n 1 lines | jq -e '.kind == "end"'
    [ "$(grep -c '"kind":"step"' lines)" -eq 16 ]
}

@test "a run log in a pipe is flushed record by record" {
    # The agent dies in the second episode: what came before has been seen by the reader.
    tiny --agent "$(agent bad.py dies 2)" -o - 2>/dev/null | cat >broken
    run -3 dlt-cat --check broken
    dlt-cat --salvage broken >lines
    [ "$(grep -c '"kind":"step"' lines)" -eq 6 ]
}

@test "--dry-run prints settings, parameters and memory, and writes nothing" {
    enter_clean
    run --separate-stderr -0 tiny --dry-run --agent "$(agent ten_lines.py)" -o r --checkpoint c
    [ -z "$stderr" ]
    [[ "$output" == *"layers             3"* ]]
    [[ "$output" == *"tie-grad           all"* ]]
    [[ "$output" == *"conventional       15264"* ]]
    [[ "$output" == *"activations"* ]]
    [ -z "$(ls)" ]
}

@test "--dry-run -o - is the plan as records, its operations those of the formula by hand" {
    enter_clean
    tiny --dry-run --agent 'dlt-qagent --policy qlearn' --test "$BATS_FILE_TMPDIR/test.tok" -o - >../p
    [ -z "$(ls)" ]
    dlt-cat --check ../p
    records ../p header | jq -e '.content == "plan" and .config.layers == 3'
    # A token: 12 C^2 weights of each of 3 layers, 8.5 columns of attention, the head.
    # Four evaluations on 4 batches of 4 blocks, then the whole text of T - 1 tokens a block.
    whole=$(records "$BATS_FILE_TMPDIR/test.tok" text | jq '.tokens / 15 | floor')
    records ../p start plan | jq -se --argjson blocks $((4 * 16 + whole)) '
        .[0].vocabulary as $v | .[1] | (3 * (2 * 12 * 256 + 4 * 8.5 * 16) + 2 * $v * 16) as $token
        | .steps == 16 and .episodes == 4 and .tokens == 16 * 4 * 16 and .independent == 1
        and .training == 3 * .tokens * $token and .rewards == 8 * 4 * 16 * $token
        and .evaluation == $blocks * 16 * $token
        and .operations == .training + .rewards + .evaluation
        and .most_memory.weights > 2 * 3 * 12 * 256'
    whole=$(tiny --dry-run --recompute layer --test "$BATS_FILE_TMPDIR/test.tok" -o - | dlt-cat |
        jq 'select(.kind == "plan") | .training / .tokens')
    records ../p plan | jq -e --argjson whole "$whole" \
        '$whole - .training / .tokens == 3 * (2 * 12 * 256 + 4 * 8.5 * 16)'
    tiny --dry-run --agent 'dlt-qagent --policy fixed:all' -o - | dlt-cat |
        jq -se 'map(select(.kind == "plan")) | .[0].rewards == 0 and .[0].evaluation == 0'
}

@test "GPT-2's parameters at the paper's size" {
    run --separate-stderr -0 tiny --dry-run --layers 48 --width 1600 --heads 16 --context 256 \
        --agent "$(agent ten_lines.py)"
    [[ "$output" == *"each layer         30740800"* ]]
}

@test "--verbose tells every step on a line, --quiet nothing, the default one line an episode" {
    tiny --agent "$(agent ten_lines.py)" --no-quiet --verbose -o r 2>log
    [ "$(grep -cE '^dlt-train: step [0-9]+ episode [0-9]+ loss [0-9.]+ norm [0-9.]+ lr 0.001 ms' log)" -eq 16 ]
    tiny --agent "$(agent ten_lines.py)" --no-quiet -o r 2>log
    [ "$(grep -cE '^episode [0-9]+ step [0-9]+ loss [0-9.]+ independent 2 stored 2' log)" -eq 4 ]
    tiny --agent "$(agent ten_lines.py)" -o r 2>log
    [ ! -s log ]
}

@test "one layer, blocks of a stream, epochs, and a limit of steps" {
    tiny --layers 1 --agent "$(agent ten_lines.py)" -o r
    [ "$(records r step | wc -l)" -eq 8 ]
    [ "$(records r visit | wc -l)" -eq 0 ]
    tiny --blocks stream --sampling epoch --max-steps 5 --agent "$(agent bad.py well)" \
        --test "$BATS_FILE_TMPDIR/test.tok" -o r
    records r final | jq -e '.steps == 5 and .episodes == 2'
    records r eval | jq -se '.[-1].step == 5 and .[-1].full'
}

@test "released semantics: what is independent and what is stored part" {
    tiny --semantics released --episodes 20 --agent "$(agent bad.py well)" -o r
    records r visit | jq -se 'map(.stored) as $s | $s[-1] < $s[0] and ($s == ($s | sort | reverse))'
    records r visit | jq -se 'any(.independent > .stored)'
}

@test "a text that is missing, of another format, truncated, damaged or empty" {
    run --separate-stderr -1 tiny --train missing -o r
    expect_error_line dlt-train "cannot open 'missing'"
    echo "no tokens" >text
    run --separate-stderr -3 tiny --train text -o r
    expect_error_line dlt-train "cannot read tokens 'text'"
    head -c 3000 "$BATS_FILE_TMPDIR/train.tok" >cut
    run --separate-stderr -3 tiny --train cut -o r
    expect_error_line dlt-train "'cut': truncated"
    : >empty
    run --separate-stderr -3 tiny --train empty -o r
    expect_error_line dlt-train "'empty'"
    run --separate-stderr -3 bash -c "$(declare -f tiny); tiny --train - -o r </dev/null"
    expect_error_line dlt-train "standard input"
    tiny --agent "$(agent ten_lines.py)" -o r
    run --separate-stderr -3 tiny --train r -o r2
    expect_error_line dlt-train "'r'"
    [ ! -e r2 ] && [ ! -e r2.partial ]
}

@test "texts that do not fit the run" {
    enter_clean
    run --separate-stderr -3 tiny --test "$BATS_FILE_TMPDIR/other.tok" -o r
    expect_error_line dlt-train "vocabular"
    run --separate-stderr -2 tiny --context 60000 -o r
    expect_error_line dlt-train "--context 60000 is longer than the text 'train.tok'"
    [ -z "$(ls)" ]
}

@test "options that are wrong" {
    enter_clean
    run --separate-stderr -2 dlt-train
    expect_error_line dlt-train "--train"
    run --separate-stderr -2 tiny --heads 3
    expect_error_line dlt-train "--width 16 is not a multiple of --heads 3"
    run --separate-stderr -2 tiny --layers 0
    expect_error_line dlt-train "--layers"
    run --separate-stderr -2 tiny --labels oops
    expect_error_line dlt-train "KEY=VALUE"
    run --separate-stderr -2 tiny --train - --test - -o r
    expect_error_line dlt-train "only one input"
    run --separate-stderr -2 tiny --labels a=1,bb=2,b=3,a=4
    expect_error_line dlt-train "'a' is given twice"
    run --separate-stderr -2 tiny --checkpoint r -o ./r
    expect_error_line dlt-train "--checkpoint and -o name one file"
    cp "$BATS_FILE_TMPDIR/train.tok" t
    for output in '-o t' '-o ./t' '-o r --restart --checkpoint t'; do
        run --separate-stderr -2 tiny --train t $output
        expect_error_line dlt-train "it is read"
    done
    cmp t "$BATS_FILE_TMPDIR/train.tok"
    rm t
    # As what each output begins
    run --separate-stderr -2 tiny --checkpoint r.partial -o r
    expect_error_line dlt-train "it is written as 'r.partial' first, which is the checkpoint"
    run --separate-stderr -2 tiny --checkpoint r -o ./r.partial
    expect_error_line dlt-train "it is written as './r.partial' first, which is the run log"
    cp "$BATS_FILE_TMPDIR/train.tok" r.partial
    for output in '-o r' '-o log --checkpoint r'; do
        run --separate-stderr -2 tiny --train r.partial $output
        expect_error_line dlt-train "it is written as 'r.partial' first, which is read"
    done
    cmp r.partial "$BATS_FILE_TMPDIR/train.tok"
    rm r.partial
    run --separate-stderr -2 tiny --labels "a=1,k=$(printf %02000d 1)" -o r
    expect_error_line dlt-train "a key of more than 255 bytes or a value of more than 1023"
    run --separate-stderr -2 tiny --checkpoint - -o r
    expect_error_line dlt-train "--checkpoint"
    run --separate-stderr -2 tiny --restart -o r
    expect_error_line dlt-train "--restart needs a --checkpoint FILE"
    run --separate-stderr -2 tiny --checkpoint-every 10 -o r
    expect_error_line dlt-train "--checkpoint-every needs a --checkpoint FILE"
    run --separate-stderr -2 tiny --dropout 7.6e-6 -o r
    expect_error_line dlt-train "--dropout 7.6e-06 drops nothing"
    run --separate-stderr -4 tiny --agent 'dlt-qagent --epsilon 0.1 --epsilon-floor 0.5' -o r
    [ "${stderr_lines[0]}" = "dlt-qagent: --epsilon 0.1 is below --epsilon-floor 0.5, to which it would rise; see 'dlt-qagent --help'" ]
    mkfifo pipe
    for checkpoint in /dev/null /dev/full /dev/stdout /dev/fd/1 pipe .; do
        run --separate-stderr -2 timeout 60 dlt-train --train t --checkpoint "$checkpoint" -o r
        expect_error_line dlt-train "option --checkpoint: '$checkpoint' is no regular file"
    done
    rm pipe
    run --separate-stderr -2 tiny --device tpu -o r
    expect_error_line dlt-train "--device"
    run --separate-stderr -2 tiny file
    expect_error_line dlt-train "'file'"
    [ -z "$(ls)" ]
}

@test "bytes that are not UTF-8: escaped in names, refused where they would count" {
    cp "$BATS_FILE_TMPDIR/train.tok" $'t\xe9xt.tok'
    tiny --train $'t\xe9xt.tok' --agent "$(agent odd_info.py)" -o $'\xff.r'
    # as any msgpack library reads it
    zstdcat $'\xff.r' | PYTHONPATH="$ROOT/tests/agents" python3 -c 'from plain import get
for record in iter(get, None): print(ascii(record).replace("\x27", "\""))' >records
    grep -qF '"--train", "t\\xe9xt.tok", ' records # Python doubles the backslash
    grep -qF '"name": "t\\xe9xt.tok"' records
    grep -qF '"info": {"na\\xefve": ["h\\xe9", "h\xe9"]}' records
    # no part of the result
    tiny --agent "$(agent odd_info.py)" -o plain.r
    [ "$(digest $'\xff.r')" = "$(digest plain.r)" ]
    for wrong in --labels=$'a=\xff' --labels=$'\xc3=a' --agent=$'dlt-qagent # \xe9'; do
        run --separate-stderr -2 tiny "$wrong" -o r
        expect_error_line dlt-train "?"
        [[ "$stderr" == *" is not UTF-8; see "* ]]
    done
    tiny --labels $'a=h\xc3\xa9' --dry-run
    run --separate-stderr -2 dlt-eval unigram --labels $'a=\xff' --train $'t\xe9xt.tok' \
        --tokens $'t\xe9xt.tok' -o r
    [ ! -e r ]
}

@test "outputs that cannot be written are found before anything is said or harmed" {
    enter_clean
    unwritable() { # MESSAGE OPTION...
        run --separate-stderr -1 tiny --no-quiet --agent "$(agent ten_lines.py)" "${@:2}"
        expect_error_line dlt-train "$1"
    }
    unwritable "No space left" -o /dev/full
    unwritable "No such file" -o no/folder/r
    unwritable "No such file" -o r --checkpoint no/folder/c
    echo "of before" >r
    unwritable "cannot write '.': is a directory" -o .
    ln -s r linked.partial
    unwritable "is a symbolic link" -o linked
    unwritable "No such file" -o r --checkpoint no/folder/c
    [ "$(cat r)" = "of before" ]
    rm r linked.partial
    run --separate-stderr -1 bash -c "$(declare -f tiny); tiny --dry-run >/dev/full"
    expect_error_line dlt-train "cannot write standard output: No space left"
    [ -z "$(ls)" ]
}

@test "more memory than there is: refused, with what would help" {
    enter_clean
    run --separate-stderr -1 tiny --layers 200 --width 65536 --heads 16 \
        --agent "$(agent ten_lines.py)" -o r
    expect_error_line dlt-train "GB of memory"
    [[ "$stderr" == *"--width"* ]]
    run --separate-stderr -1 tiny --context 1000 --batch 60000 --agent "$(agent ten_lines.py)" -o r
    expect_error_line dlt-train "--batch"
    [ -z "$(ls)" ]
}

@test "training that diverges stops, and the last good checkpoint stays" {
    run --separate-stderr -1 tiny --lr 1000 --clip 0 --weight-decay 1000 --episodes 100 \
        --agent "$(agent ten_lines.py)" -o r --checkpoint c --checkpoint-every 1
    expect_error_line dlt-train "training diverged"
    [[ "$stderr" =~ "the gradient, of layer 0's weights, of step "([0-9]+) ]]
    step=${BASH_REMATCH[1]}
    [[ "$stderr" == *"; a smaller --lr, with --restart, may help; dlt-cat --salvage 'r.partial' shows how it came to that" ]]
    [ "$(dlt-cat --quiet --salvage r.partial | jq -c 'select(.kind == "step")' | wc -l)" -eq $((step - 1)) ]
    [ ! -e r ]
    dlt-cat --check c
}

@test "a loss that is not finite: where in the network that began" {
    poisoned() { # TENSOR WHERE
        cp r.partial s.partial
        dlt-cat --binary c | python3 "$ROOT/tests/damage/hostile.py" poison "$1" >poisoned
        run --separate-stderr -1 tiny --agent "$(agent bad.py dies)" -o s --checkpoint poisoned
        expect_error_line dlt-train "training diverged: the loss, $2, of step "
        [ ! -e s ]
    }
    run --separate-stderr -4 tiny --agent "$(agent bad.py dies)" -o r --checkpoint c
    touch healed
    poisoned embedding.token.weight "from the embedding on"
    poisoned layers.0.feedforward.projection.weight "from layer 0 on"
    poisoned final.norm.bias "not yet behind the last layer"
}

@test "a network that diverges with the last step is no finished run: its evaluation tells" {
    enter_clean
    local text batches
    for text in valid test; do
        for batches in 0 1; do
            run --separate-stderr -1 tiny --layers 1 --max-steps 2 --lr 1000 --weight-decay 1000 \
                --$text "$BATS_FILE_TMPDIR/$text.tok" --eval-batches $batches --checkpoint c -o r
            expect_error_line dlt-train "training diverged: the loss on the $text text after step 2 (episode 1) is not a number; a smaller --lr, with --restart, may help; dlt-cat --salvage 'r.partial' shows how it came to that"
            [ ! -e r ]
            rm c r.partial
        done
    done
}

@test "of infinite perplexities, the best is that of the least loss, also after an interruption" {
    # lowest FILE SPLIT: the episode that should be the best
    lowest() { records "$1" eval | jq -s --arg split "$2" \
        'map(select(.split == $split and (.full | not))) | min_by(.loss).episode'; }
    hopeless() { tiny --test "$BATS_FILE_TMPDIR/test.tok" --valid "$BATS_FILE_TMPDIR/valid.tok" \
        --lr 100 --clip 0 --weight-decay 0 --agent "$(agent bad.py dies 4)" "$@"; }
    run -4 hopeless --checkpoint c -o r
    touch healed
    hopeless --checkpoint c -o r
    hopeless -o whole
    records r eval | jq -se 'all(.loss > 710)'
    [ "$(lowest r test)$(lowest r valid)" != 11 ]
    records r final | jq -e --argjson test "$(lowest r test)" --argjson valid "$(lowest r valid)" \
        '.best_test.episode == $test and .best_valid.episode == $valid'
    [ "$(digest r)" = "$(digest whole)" ]
}

@test "agents that die, answer nonsense or hang: exit 4, one line, and a checkpoint" {
    local how silence
    for how in dies closes nonsense range negative text wrong twice chatty chatty-bytes \
        chatty-keys list hangs dies-on-reward \
        hangs-on-save; do
        silence=60
        [[ $how != hangs* ]] || silence=5
        run --separate-stderr -4 tiny --agent "$(agent bad.py $how)" --agent-timeout $silence \
            --checkpoint "$how.c" -o "$how.r"
        expect_error_line dlt-train "agent"
        dlt-cat --check "$how.c"
        [ ! -e "$how.r" ]
    done
}

@test "while the trainer is stopped, the agent's time stands still" {
    tiny --agent "$(agent bad.py pauses 4)" --agent-timeout 3 -o r
    [ -e paused ]
    tiny --agent "$(agent bad.py well 4)" -o well
    same_output 'records r visit | jq .state' 'records well visit | jq .state'
}

@test "reals that an agent wants logged are 64 bits wide, with one NaN" {
    cat >reals.py <<'END'
import sys
sys.path.insert(0, sys.argv[1])
from plain import get, put
for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=[0] * message["layers"], reward=False, save=False)
    elif message["kind"] == "ask":  # {"n": a NaN with sign and payload, "f": 1.5 as 32 bits}
        sys.stdout.buffer.write(b"\x83\xa4kind\xa3act\xa6source\x00\xa4info\x82"
                                b"\xa1n\xcb\xff\xf8\x00\x00\x00\x00\x00\x07\xa1f\xca\x3f\xc0\x00\x00")
        sys.stdout.buffer.flush()
END
    tiny --max-steps 1 --agent "python3 reals.py '$ROOT/tests/agents'" -o r
    { zstdcat r 2>/dev/null || cat r; } | od -An -v -tx1 | tr -d ' \n' >hex
    grep -q a16ecb7ff8000000000000a166cb3ff8000000000000 hex
}

@test "agents that do not get so far" {
    enter_clean
    local how silence
    for how in start-range start-short start-dies start-nothing start-numbers; do
        silence=60
        [ $how != start-nothing ] || silence=1
        run --separate-stderr -4 tiny --agent "$(agent bad.py $how)" --agent-timeout $silence -o r
        expect_error_line dlt-train "agent"
    done
    run --separate-stderr -4 tiny --agent no-such-program -o r # the shell has its say too
    [[ "${stderr_lines[-1]}" == "dlt-train: agent 'no-such-program' exited with status 127"* ]]
    [ -z "$(ls)" ]
}

@test "the policies of dlt-qagent" {
    local policy
    for policy in fixed:independent fixed:all fixed:half fixed:cycle:2 qlearn random; do
        tiny --agent "dlt-qagent --policy $policy" -o "${policy//:/-}"
    done
    records fixed-all final | jq -e '.state == [0, 0, 0] and .stored == 1'
    records fixed-independent final | jq -e '.state == [0, 1, 2] and .stored == 3'
}

@test "--train alone works" {
    dlt-train --quiet --train "$BATS_FILE_TMPDIR/train.tok" --max-steps 1 -o - | dlt-cat --check -
}

@test "threads that wait soon sleep, unless the environment says otherwise" {
    local agent='echo "$GOMP_SPINCOUNT,$OMP_WAIT_POLICY" >seen; exec dlt-qagent --policy fixed:all'
    tiny --threads 2 --max-steps 1 --agent "$agent" -o r
    [ "$(cat seen)" = "2000," ]
    OMP_WAIT_POLICY=active tiny --threads 2 --max-steps 1 --agent "$agent" -o r
    [ "$(cat seen)" = ",active" ]
    tiny --threads 1 --max-steps 1 --agent "$agent" -o r
    [ "$(cat seen)" = "," ]
}

@test "memory: what is counted, what the device holds, what the system sees" {
    not_under address "it keeps what is freed for a while"
    tiny --layers 24 --width 64 --heads 4 --batch 1 --steps-per-action 1 --episodes 3 \
        --agent "$(agent by_turns.py)" -o r
    records r start memory timing | jq -se '
        (map(select(.kind == "start")) | .[0].memory.total) as $most
        | map(select(.kind == "memory")) as $counted | map(select(.kind == "timing"))
        | ([.[].device] | .[0] == .[2] and .[0] < .[1])
        and all(.peak_memory.total == $most and .peak_device >= .device and .peak_resident > 0)
        # What is freed goes back to the system: of what tying frees, most.
        and .[1].resident - .[2].resident > 0.8 * ($counted[1].total - $counted[2].total)
        # Beside the counted there is scratch of the operations, and nothing that is tied.
        and ([range(3) as $i | .[$i].device - $counted[$i].total] | unique | length == 1 and .[0] >= 0)'
}

@test "standard streams that are closed: what is said to them gets into no file" {
    local stream
    for stream in '' '2>&-' '0<&- 1>&- 2>&-'; do
        eval "tiny --no-quiet --checkpoint c --episodes 2 -o r $stream"
        dlt-cat --check r
        dlt-cat --check c
        eval "tiny --no-quiet --checkpoint c --episodes 2 -o r $stream" # which has nothing to do
        dlt-cat --check r
        dlt-cat --check c
        digest r
        rm r c
    done >digests
    [ "$(grep -v whole digests | sort -u | wc -l)" -eq 1 ]
    run --separate-stderr -1 bash -c "$(declare -f tiny); tiny --train - -o r <&-"
    expect_error_line dlt-train "'standard input'"
    run --separate-stderr -1 bash -c "$(declare -f tiny); tiny -o - >&-"
    expect_error_line dlt-train "standard output"
}

@test "started by the loader's name, with several threads" {
    local loader
    loader=$(ldd "$(command -v dlt-train)" | grep -oE '/[^ ]*/ld[^ ]*' | head -n 1)
    [ -x "$loader" ]
    env -u GOMP_SPINCOUNT -u OMP_WAIT_POLICY "$loader" "$(command -v dlt-train)" --quiet --threads 2 \
        --train "$BATS_FILE_TMPDIR/train.tok" --layers 3 --width 16 --heads 2 --context 16 --dry-run
}
