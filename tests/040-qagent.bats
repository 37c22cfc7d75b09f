# dlt-qagent: options, the protocol, policies, saving, bad input.
load helpers

trainer() {
    PYTHONDONTWRITEBYTECODE=1 python3 "$ROOT/tests/agents/trainer.py" "$@"
}

# Messages as bytes: `message kind=hello protocol=1`; numbers are integers, [..] lists.
message() {
    PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$ROOT/tests/agents" python3 -c '
import json, sys
from plain import put
def value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text
put(**{k: value(v) for k, v in (word.split("=", 1) for word in sys.argv[1:])})' "$@"
}

hello() {
    message kind=hello protocol=1 layers=6 seed=1
}

# Standard input to the agent; expects a status and the one line.
expect_failure() {
    local expected="$1" text="$2"
    shift 2
    run --separate-stderr -"$expected" bash -c 'dlt-qagent "$@" <input >output' _ "$@"
    expect_error_line dlt-qagent "$text"
}

@test "help goes to standard output, names every policy and option" {
    run --separate-stderr -0 dlt-qagent --help
    [ -z "$stderr" ]
    for word in qlearn random greedy round-robin fixed:independent fixed:all fixed:half \
        fixed:sequence:M fixed:cycle:M fixed:cycle-rev:M map:0,0,2 --seed --epsilon --epsilon-decay \
        --epsilon-floor --gamma --q-lr --hidden --reward --reward-clip --replay --target-every --start; do
        [[ "$output" == *"$word"* ]] || { echo "no $word"; false; }
    done
    run -0 dlt-qagent --version
    [[ "$output" == "dlt-qagent "* ]]
}

@test "what is wrong on the command line is a usage error" {
    for words in --polcy=all --start=frozen --epsilon=2 --epsilon=x --hidden=0 --reward=fame --replay=-1 more; do
        run --separate-stderr -2 dlt-qagent $words </dev/null
        [[ "$stderr" == *"--help"* ]]
    done
}

@test "an option that the policy does not use is a usage error, at its default too" {
    refuses() { # POLICY OPTION VALUE
        run --separate-stderr -2 bash -c 'dlt-qagent --policy "$1" "--$2" "$3" <input >output' _ "$@"
        expect_error_line dlt-qagent "the policy '$1' does not use --$2; see"
    }
    hello >input
    refuses random epsilon 0
    refuses random epsilon 1
    refuses greedy epsilon-floor 0.1
    for policy in fixed:all map:0,0,0,0,0,0 round-robin; do
        for option in epsilon epsilon-decay epsilon-floor gamma q-lr hidden reward-clip replay target-every; do
            refuses $policy $option 1
        done
        refuses $policy reward delta
    done
    refuses fixed:all start independent
    run --separate-stderr -2 bash -c 'dlt-qagent --epsilon=0.5 --policy fixed:all <input >output'
    run --separate-stderr -2 bash -c 'dlt-qagent --epsilon 0 <input >output'
    expect_error_line dlt-qagent "--epsilon 0 is below --epsilon-floor 0.01, to which it would rise"
    # A value is no option, and what the policies use they take.
    for words in "--policy qlearn --epsilon 0.5 --epsilon-floor 0" "--policy random --epsilon-decay 0.9 --hidden 3" \
        "--policy greedy --reward delta --replay 1k" "--policy round-robin --start independent" \
        "--policy fixed:half --seed 3 --threads 1"; do
        dlt-qagent $words <input >output
    done
}

@test "a terminal is told how the agent is meant to be run" {
    command -v script >/dev/null || skip "no script(1)"
    run -2 script -qec "dlt-qagent" /dev/null </dev/null
    [[ "$output" == *"not with a terminal"*"dlt-train --agent"* ]]
}

@test "ready tells the start map and what the policy wants" {
    run -0 trainer ready dlt-qagent
    [[ "$output" == *"'protocol': 1, 'start': [0, 0, 0, 0, 0, 0], 'reward': True, 'loss_before': False, 'save': True, 'policy': 'qlearn'"* ]]
    run -0 trainer ready dlt-qagent --reward delta
    [[ "$output" == *"'loss_before': True"* ]]
    run -0 trainer ready dlt-qagent --policy fixed:independent
    [[ "$output" == *"'start': [0, 1, 2, 3, 4, 5], 'reward': False"* ]]
    for policy in qlearn random greedy round-robin; do
        run -0 trainer ready dlt-qagent --policy $policy --start independent
        [[ "$output" == *"'start': [0, 1, 2, 3, 4, 5],"* ]]
    done
}

@test "fixed maps start as they are and stay" {
    while read -r name map; do
        run -0 trainer ready dlt-qagent --policy "$name"
        [[ "$output" == *"'start': $map,"* ]] || { echo "$name: $output"; false; }
        run -0 trainer play 1 10 dlt-qagent --policy "$name"
        actions=$(printf '%s\n' "$output" | awk '{printf "%s%s", sep, $3; sep = ", "}')
        rest=${map#\[0, } && rest=${rest%]}
        [ "$actions" = "$rest, $rest" ] || { echo "$name: $actions"; false; }
    done <<END
fixed:independent [0, 1, 2, 3, 4, 5]
fixed:all [0, 0, 0, 0, 0, 0]
fixed:half [0, 1, 2, 0, 1, 2]
fixed:sequence:2 [0, 0, 0, 3, 3, 3]
fixed:cycle:2 [0, 1, 0, 1, 0, 1]
fixed:cycle-rev:3 [0, 1, 2, 2, 1, 0]
map:0,0,1,1,4,4 [0, 0, 1, 1, 4, 4]
END
}

@test "the same seed gives the same answers, another one others" {
    for policy in qlearn random; do
        trainer play 3 60 dlt-qagent --policy $policy >first
        trainer play 3 60 dlt-qagent --policy $policy >second
        trainer play 3 60 dlt-qagent --policy $policy --seed 3 >given
        trainer play 4 60 dlt-qagent --policy $policy >other
        cmp first second
        cmp first given
        ! cmp -s first other
        [ "$(wc -l <first)" -eq 60 ]
    done
}

@test "the log is told epsilon, chance, Q-value, loss and reward" {
    run -0 trainer play 1 7 dlt-qagent
    [[ "${lines[0]}" == "1 1 "*"('epsilon', 1.0), ('q', "*"('random', True)"* ]]
    [[ "${lines[0]}" != *q_loss* ]]
    [[ "${lines[1]}" == *"('q_loss', "*"('reward', -"* ]]
    [[ "${lines[5]}" == "2 1 "*"('epsilon', 0.95)"* ]]
}

@test "greedy never explores, and learns" {
    run -0 trainer play 1 100 dlt-qagent --policy greedy
    [[ "$output" != *True* ]]
    [ "$(printf '%s\n' "$output" | awk '{print $2, $3}' | sort -u | wc -l)" -gt 5 ]
}

@test "the answers are the same bits as ever" {
    trainer play 5 200 dlt-qagent --epsilon-decay 0.9 --replay 50 --target-every 5 | sha256sum >got
    run -0 cat got
    [ "${output%% *}" = "$(cat "$ROOT/tests/golden/qagent-play.sha256")" ]
}

@test "a saved agent goes on as if nothing had been" {
    for options in "--epsilon-decay 0.8" "--replay 30 --epsilon-decay 0.8" \
        "--target-every 7 --reward delta --epsilon-decay 0.8" "--policy random" \
        "--policy round-robin" "--policy fixed:half"; do
        trainer play 2 90 dlt-qagent $options >whole
        trainer resume 2 90 41 dlt-qagent $options >cut
        cmp whole cut
    done
}

@test "a blob of another agent is refused" {
    message kind=hello protocol=1 layers=6 seed=1 >input
    printf '\x82\xa4kind\xa7restore\xa4blob\xc4\x04abcd' >>input
    expect_failure 3 "cannot go on from the saved agent"
    expect_failure 3 "this policy has nothing to restore" --policy fixed:all
}

@test "garbage, silence and half a message end with one line" {
    : >input
    expect_failure 3 "left without a word; it is dlt-train that starts this program: dlt-train --agent 'dlt-qagent ...'"
    echo "hello there" >input
    expect_failure 3 "not a message"
    head -c 100000 /dev/zero >input
    expect_failure 3 "not a message"
    head -c 100000 /dev/urandom >input
    run --separate-stderr bash -c 'dlt-qagent <input >output'
    [ "$status" -eq 3 ]
    hello | head -c 20 >input
    expect_failure 3 "ends in its middle"
    printf '\x81\xa4kind\xc6\xff\xff\xff\xff' >input
    expect_failure 3 "cannot read the trainer's messages"
    printf '\xdf\xff\xff\xff\xff' >input
    expect_failure 3 "cannot read the trainer's messages"
}

@test "messages that make no sense end with one line" {
    message kind=ask episode=1 layer=1 'state=[0,0]' >input
    expect_failure 3 "'ask': it came before 'hello'"
    message kind=hello protocol=2 layers=6 seed=1 >input
    expect_failure 3 "speaks protocol 2, this program speaks 1"
    message kind=hello layers=6 seed=1 >input
    expect_failure 3 "no protocol"
    for layers in 0 -1 257 100000000000; do
        message kind=hello protocol=1 layers=$layers seed=1 >input
        expect_failure 3 "the number of layers is not in 1 .. 256"
    done
    message kind=hello protocol=1 layers=6 >input
    expect_failure 3 "no seed"
    { hello && message kind=dance; } >input
    expect_failure 3 "'dance'"
    for ask in 'layer=6 state=[0,0,0,0,0,0]' 'layer=0 state=[0,0,0,0,0,0]' 'layer=2 state=[0,0]' \
        'layer=2 state=[0,2,0,0,0,0]' 'layer=2 state=5' 'state=[0,0,0,0,0,0]'; do
        { hello && message kind=ask episode=1 $ask; } >input
        expect_failure 3 "cannot understand the trainer's 'ask'"
    done
    { hello && message kind=reward layer=1 'state=[0,0,0,0,0,0]' perplexity=3; } >input
    expect_failure 3 "a number is missing"
    { hello && message kind=restore; } >input
    expect_failure 3 "no blob"
}

@test "policies that cannot be are usage errors" {
    hello >input
    expect_failure_usage() {
        run --separate-stderr -2 bash -c 'dlt-qagent --policy "$1" <input >output' _ "$1"
        [[ "$stderr" == *"$2"* ]] || { echo "$stderr"; false; }
    }
    expect_failure_usage sarsa "unknown policy 'sarsa' (known: qlearn, random, greedy"
    expect_failure_usage fixed:thirds "unknown fixed policy 'thirds'"
    expect_failure_usage fixed:cycle:7 "not 7"
    expect_failure_usage map:0,1 "has 2 layers, the model 6"
    expect_failure_usage map:0,0,3,0,0,0 "layer 2 of the map uses layer 3"
}

@test "a name that is of no policy is a usage error, whoever asks" {
    for name in nope fixed:nope map:0,x qlearn:3; do
        run --separate-stderr -2 bash -c 'dlt-qagent --policy "$1" </dev/null | cat; exit "${PIPESTATUS[0]}"' _ $name
        expect_error_line dlt-qagent "polic"
        [ "$(grep -o "see '" <<<"$stderr" | wc -l)" -eq 1 ]
    done
}

@test "the end of the input after hello is a good end" {
    hello >input
    run --separate-stderr -0 bash -c 'dlt-qagent <input >output'
    [ -z "$stderr" ]
}

@test "a trainer that does not listen is a failure" {
    { hello && for i in 1 2 3 4 5; do message kind=save; done; } >input
    run --separate-stderr -1 bash -c 'dlt-qagent <input | :; exit ${PIPESTATUS[0]}'
    expect_error_line dlt-qagent "cannot answer the trainer"
    run --separate-stderr -1 bash -c 'dlt-qagent <input >/dev/full'
    expect_error_line dlt-qagent "cannot answer the trainer"
}
