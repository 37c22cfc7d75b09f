# The ten points of the released code (REFERENCE.md, section 4): dlt-train against the numbers of
# tests/reference/released.py, which does them in PyTorch. Each has a run without it, that differs.
load helpers
load train

GOLDEN="$BATS_TEST_DIRNAME/golden/released.json"

# About 3e-7 apart they are; without a point, 1e-3 or more.
SAME=1e-5
ANOTHER=5e-4

golden() { # KEY
    jq -r --arg key "$1" '.[$key]' "$GOLDEN"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    printf '#version: 0.2\n' >bytes.bpe # no merges: a token is a byte
    printf %s "$(golden text)" | dlt-tokenize encode --quiet --vocab bytes.bpe -o tokens -
    play -o released
}

# play OPTION...: the golden runs' options and actions; later options override.
play() {
    # shellcheck disable=SC2046
    dlt-train --quiet --train "$BATS_FILE_TMPDIR/tokens" $(golden options) \
        --agent "$(agent forced.py $(golden actions))" "$@"
}

# The largest relative difference between two lists of numbers, `a` and `b`, of one length.
APART='def apart($a; $b): if ($a | length) != ($b | length) then error("lengths differ")
    else [range($a | length) as $i | $a[$i] - $b[$i] | fabs / (1 + ($b[$i] | fabs))] | max end;'

# difference RUN CASE: of losses and rewards from the golden ones.
difference() {
    dlt-cat "$1" | jq -s --slurpfile golden "$GOLDEN" --arg case "$2" "$APART"'
        $golden[0][$case] as $want | apart(map(select(.kind == "step") | .loss)
            + map(select(.kind == "reward") | .loss); $want.losses + $want.rewards)'
}

expect_same() { # RUN CASE
    difference "$1" "$2" | jq -e --argjson most $SAME '. < $most'
}

expect_another() { # RUN CASE
    difference "$1" "$2" | jq -e --argjson least $ANOTHER '. > $least'
}

@test "released semantics: losses and rewards are those of PyTorch" {
    expect_same "$BATS_FILE_TMPDIR/released" released
}

@test "point 1: tied layers give no gradient" {
    play --tie-grad all -o r
    expect_another r released
}

@test "point 2: untying does not separate" {
    play --untie copy -o r
    expect_another r released
}

@test "point 3: re-tying leaves orphans" {
    play --retie follow -o r
    expect_another r released
}

@test "point 4: the start is not tied" {
    play --start tied -o r
    expect_another r released
}

@test "point 6: the last target of a block is the end of the text" {
    play --blocks stream -o r
    expect_another r released
}

@test "point 8: distinct weights only decrease, whatever the state says" {
    local count
    for count in stored independent; do
        records "$BATS_FILE_TMPDIR/released" visit | jq -s --arg count $count \
            --slurpfile golden "$GOLDEN" -e 'map(.[$count]) == $golden[0].released[$count]'
    done
    jq -e '.released | (.stored == (.stored | sort | reverse))
        and .stored[-1] < .independent[-1]' "$GOLDEN"
    play --untie copy -o r
    records r visit | jq -s --slurpfile golden "$GOLDEN" -e 'map(.stored) != $golden[0].released.stored'
}

@test "point 9: moments survive" {
    play --moments fresh -o r
    expect_another r released
}

@test "point 10: ghosts step where gradients are zeroed" {
    play --retire ghost -o r
    expect_same r ghost
    expect_another r released
}

# told RUN FIELD CASE...: how far what the agent told of its visits is from each case's numbers. The
# loss of a visit is told at the next one.
told() {
    local run="$1" field="$2"
    shift 2
    records "$run" visit | jq -s --slurpfile golden "$GOLDEN" --arg field "$field" "$APART"'
        (map(.info[$field]) | if $field == "q" then . else .[1:] end) as $told
        | [$ARGS.positional[] as $case | $golden[0][$case][$field][:$told | length] as $want
            | apart($told; $want)]' --args "$@"
}

@test "points 5 and 7: the agent learns from a clipped reward and one layer's own actions" {
    # shellcheck disable=SC2046
    learn() {
        dlt-train --quiet --train "$BATS_FILE_TMPDIR/tokens" $(golden agent_options) \
            --agent "dlt-qagent $1" -o "$2"
    }
    learn "" r
    told r q_loss agent agent_unclipped agent_next_slice |
        jq -e '.[0] < 1e-4 and .[1] > 0.1 and .[2] > 1e-3'
    told r q agent agent_unclipped agent_next_slice | jq -e '.[0] < 1e-4 and .[1] > 1e-4 and .[2] > 1e-4'
    learn "--reward-clip 0" unclipped
    records unclipped visit | jq -s '.[0:2]' >two # the rewards differ, and so may what comes of them
    jq -e --slurpfile golden "$GOLDEN" '(.[1].info.q_loss / $golden[0].agent_unclipped.q_loss[0] - 1
        | fabs) < 1e-4' two
    # As long as the perplexity is above 10, the reward is a constant.
    records r reward | jq -se 'all(.perplexity > 10)'
    records r visit | jq -se '[.[1:][] | .info.reward] | unique == [-10]'
    learn "--reward constant" constant
    same_output 'records r visit step' 'records constant visit step'
}

@test "the golden numbers are what PyTorch gives now" {
    python3 -c 'import torch' 2>/dev/null || skip "no PyTorch"
    python3 "$ROOT/tests/reference/released.py" >now.json
    jq -n -e --slurpfile golden "$GOLDEN" --slurpfile now now.json "$APART"'
        [$golden[0] | keys[] as $case | select(.[$case] | type == "object") | .[$case] | keys[] as $list
            | apart($now[0][$case][$list]; $golden[0][$case][$list])] | length == 14 and max < 1e-5'
    options() { jq -e '.options, .actions, .agent_options' "$1"; }
    same_output 'options now.json' 'options "$GOLDEN"'
}
