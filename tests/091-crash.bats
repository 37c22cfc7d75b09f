# Runs that are killed: at every call that matters, at random moments, alone and with all of Make.
# Each goes on to the run log and the checkpoint of one that was left alone.
load helpers
load train
load crash

setup_file() { make_tokens; }

# whole_run [OPTION...]: the run that the others are compared with, whole.r and whole.c.
whole_run() { long whole "$@"; }

@test "the trainer killed at each call that changes a file or speaks to the agent, and again when it goes on" {
    whole_run
    for ((n = 1; ; n++)); do
        not_forever $n 500
        rm -f broken.*
        status=0
        faulty dlt-train kill:$n long broken 2>/dev/null || status=$?
        came_to_it || break
        [ "$status" -eq 137 ]
        expect_whole broken.r broken.c
        faulty dlt-train kill:$((n * 7 % 60 + 1)) long broken 2>/dev/null || [ $? -eq 137 ]
        expect_whole broken.r broken.c
        long broken || { echo "after call $n"; return 1; }
        expect_same whole broken || { echo "after call $n"; return 1; }
    done
    [ "$status" -eq 0 ]
    [ "$n" -gt 50 ]
}

@test "the agent killed at each of its calls: exit 4, a last line that says so, and the same bits" {
    whole_run
    for ((n = 1; ; n++)); do
        not_forever $n 500
        rm -f broken.*
        run --separate-stderr faulty dlt-qagent kill:$n long broken
        came_to_it || break
        if [ "$status" -ne 0 ]; then # else it was saying farewell
            [ "$status" -eq 4 ]
            [[ "${stderr##*$'\n'}" == "dlt-train: agent 'dlt-qagent --policy qlearn' exited with status 137 "* ]]
            [ ! -e broken.r ]
            expect_whole broken.c
        fi
        long broken
        expect_same whole broken || { echo "after call $n"; return 1; }
    done
    [ "$status" -eq 0 ]
    [ "$n" -gt 15 ]
}

# Runs and goes on under `timeout` until it was stopped so often; a run that got through begins anew.
# stop_often SIGNAL STATUS OPTION...
stop_often() {
    local signal="$1" expected="$2" stops=0 tries=0 status moment duration
    shift 2
    timed whole_run "$@"
    while [ "$stops" -lt "$KILLS" ]; do
        not_forever $((++tries)) $((KILLS * 20))
        draw_moment "$duration"
        status=0
        LAUNCH="timeout --foreground --preserve-status -s $signal $moment" long broken "$@" || status=$?
        expect_whole broken.r broken.c
        if [ "$status" -eq 0 ]; then
            expect_same whole broken
            rm broken.*
        else
            [ "$status" -eq "$expected" ] || { echo "exit $status after $moment s of $duration us"; return 1; }
            stops=$((stops + 1))
        fi
    done
    long broken "$@"
    expect_same whole broken
}

@test "SIGKILL, SIGTERM and SIGINT at random moments, of a dynamic run, again and again" {
    RANDOM=$SEED
    echo "SEED=$SEED KILLS=$KILLS"
    stop_often KILL 137 --episodes 12
    rm -f broken.* whole.*
    KILLS=$((KILLS / 2))
    stop_often TERM 143 --episodes 12
    rm -f broken.* whole.*
    stop_often INT 130 --episodes 12 --semantics released
}

@test "the agent killed at random moments, again and again" {
    RANDOM=$SEED
    echo "SEED=$SEED KILLS=$KILLS"
    options=(--episodes 12 --agent 'echo $$ >agent.pid; exec dlt-qagent --policy qlearn')
    timed whole_run "${options[@]}"
    for ((kills = 0, tries = 1; kills < KILLS; tries++)); do
        not_forever $tries $((KILLS * 20))
        draw_moment "$duration"
        rm -f agent.pid
        long broken "${options[@]}" 2>stderr 3>&- &
        sleep "$moment"
        kill -KILL "$(cat agent.pid 2>/dev/null)" 2>/dev/null || true
        status=0
        wait $! || status=$?
        if [ "$status" -eq 0 ]; then
            expect_same whole broken
            rm broken.*
            continue
        fi
        [ "$status" -eq 4 ]
        grep -q '^dlt-train: agent .* was killed by signal 9 ' stderr
        expect_whole broken.c
        kills=$((kills + 1))
    done
    long broken "${options[@]}"
    expect_same whole broken
}

@test "one wish to stop may come as two signals: the checkpoint is written all the same" {
    whole_run --episodes 150
    LAUNCH=exec faulty dlt-train stop:1000 long broken --episodes 150 3>&- &
    wait_until stands
    ln broken.c before # so that no later file gets its number
    kill -INT $!
    kill -TERM $!
    go_on
    status=0
    wait $! || status=$?
    [ "$status" -eq 130 ] || [ "$status" -eq 143 ]
    [ ! broken.c -ef before ]
    rm before
    long broken --episodes 150
    expect_same whole broken
}

@test "two runs cannot keep one checkpoint, also with run logs of their own" {
    # while the first one stands still, its checkpoint is there and its own
    LAUNCH=exec faulty dlt-train stop:1000 long first --episodes 150 --checkpoint c 3>&- &
    wait_until stands
    cp c before
    for restart in '' --restart; do
        run --separate-stderr -1 long second --checkpoint c $restart
        expect_error_line dlt-train "cannot write 'c': another process is writing it"
    done
    cmp c before
    [ ! -e second.r.partial ]
    kill -KILL $! # it still waits for its agent
    local code=0
    wait $! || code=$?
    [ $code -eq 137 ]
    long second --checkpoint c --restart
}

@test "a run killed before its log had its name is not taken for done where an older log has that name" {
    whole_run --lr 0.01
    long broken
    mv broken.r older
    tried=0
    for ((n = 1; ; n++)); do
        not_forever $n 500
        cp older broken.r
        rm -f broken.*.partial broken.c
        faulty dlt-train kill:$n long broken --lr 0.01 --restart 2>/dev/null || [ $? -eq 137 ]
        cmp -s older broken.r || break # it has its name
        records broken.c state 2>/dev/null | grep -q '"finished":true' || continue
        tried=$((tried + 1))
        long broken --lr 0.01
        expect_same whole broken
    done
    [ "$tried" -gt 0 ]
}

# What must be the same: the content of each log, metrics and token file; texts and tables to the byte. A
# run that was gone on from has an `env` record for each process.
contents() { # FOLDER
    (set -o pipefail && cd "$1" && dlt-cat --check results/*.zst data/*.zst |
        sed 's/: whole, [0-9]* records, /: whole, /' && sha256sum data/*.txt data/*.bpe) || return 1
    for table in T1 T2 T3 T4 T5 T6; do
        dlt-report table $table --quiet --untimed --format tex "$1"/results/*.run.msgpack.zst || return 1
    done
}

@test "make -j2 killed with all that it started, at random moments, and started again" {
    RANDOM=$SEED
    make_it=(paper) kills=$((KILLS / 10)) killed=0
    if [ "$KILLS" -le 50 ]; then # a few of the runs, and no LaTeX
        grep -P '^(#|(name|conventional|dynamic|retrained|cycle-m)\t)' "$ROOT/pipelines/experiments.tsv" >experiments.tsv
        make_it=(runs EXPERIMENTS="$PWD/experiments.tsv" DATASETS=wiki2 EPISODES=100 EVAL_EVERY=25) kills=3
    fi
    timed paper_below "$PWD/whole" "${make_it[@]}" >output 2>&1 || { cat output; return 1; }
    export -f paper_below
    for ((tries = 1; killed < kills; tries++)); do
        not_forever $tries $((kills * 20))
        draw_moment "$duration"
        setsid bash -c 'paper_below "$@"' - "$PWD/broken" "${make_it[@]}" >>output 2>&1 3>&- &
        sleep "$moment"
        kill -KILL -- -$! 2>/dev/null || true # it may be through
        status=0
        wait $! || status=$?
        case $status in
        137) killed=$((killed + 1)) ;;
        0) # through: it is as the other, and the next one begins anew
            same_output 'contents "$PWD/whole"' 'contents "$PWD/broken"' || { cat output; return 1; }
            rm -rf broken ;;
        *) echo "exit $status"; cat output; return 1 ;;
        esac
        wait_until none_survives "$PWD/broken" || { ps -fp $(survivors "$PWD/broken"); return 1; }
    done
    paper_below "$PWD/broken" "${make_it[@]}" >>output 2>&1 || { cat output; return 1; }
    same_output 'contents "$PWD/whole"' 'contents "$PWD/broken"' || { cat output; return 1; }
    [ -z "$(find broken -name '*.partial')" ]
}

@test "what Make was writing when it was killed is written anew" {
    # half a text, half a vocabulary, under the names that they have until they are whole
    run -137 "$ROOT/pipelines/write" text sh -c 'printf half; kill -KILL $PPID'
    [ ! -e text ]
    [ -n "$(ls text.new.*)" ]
    "$ROOT/pipelines/write" text printf whole
    [ "$(cat text)" = whole ]
    [ "$(ls text*)" = text ]
    run ! "$ROOT/pipelines/write" text sh -c 'printf other; exit 3'
    [ "$(cat text)" = whole ]
    [ "$(ls text*)" = text ]
}

@test "a run whose configuration changed, killed between its name and its training, is trained" {
    run_of() { paper_below "$PWD/all" "$@" "$PWD/all/results/greedy-wiki2-s1.run.msgpack.zst"; }
    checkpoint="$PWD/all/checkpoints/greedy-wiki2-s1.checkpoint.msgpack.zst"
    run_of EPISODES=8 >/dev/null
    cp "$checkpoint" old
    # stopped in the middle of another length, then killed as the next began
    run ! run_of EPISODES=9 LAUNCH="env LD_PRELOAD=$FAULT_LIBRARY FAULT_PROGRAM=dlt-train FAULT=kill:20"
    cp old "$checkpoint"
    run ! run_of EPISODES=10 LAUNCH=false
    run -0 run_of EPISODES=10
    [ "$(records all/results/greedy-wiki2-s1.run.msgpack.zst final | jq .episodes)" -eq 10 ]
}
