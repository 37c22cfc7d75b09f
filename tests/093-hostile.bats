# Files that are made to do harm: they get one line and exit 3, a bounded amount of memory, and nothing
# of theirs reaches a terminal, a shell, another program or another file.
load helpers
load damage
set -o pipefail # what cannot be made is no test

hostile() { python3 "$ROOT/tests/damage/hostile.py" "$@"; }

setup_file() { make_small; }

# expect_refused TEXT COMMAND...: exit 3 and one line that says so, in 600 MB of memory and 20
# seconds of a processor.
expect_refused() {
    local text=$1
    shift
    run --separate-stderr -3 bash -c "ulimit -v $(addresses 600000) -t 20"'; exec "$@"' - "$@"
    expect_error_line dlt- "$text"
    [ -z "$(find . -name 'OUT*')" ] || { ls; return 1; }
}

# by_every_tool TEXT FILE CONTENT: the tools that read such files refuse this one.
by_every_tool() {
    expect_refused "$1" dlt-cat "$2"
    case $3 in
    run | metrics)
        expect_refused "$1" dlt-report macros -o OUT "$2" ;;
    tokens)
        expect_refused "$1" dlt-train --train "$2" -o OUT
        expect_refused "$1" dlt-eval unigram --train "$2" --tokens "$2" -o OUT
        expect_refused "$1" dlt-tokenize decode --vocab "$BATS_FILE_TMPDIR/v.bpe" -o OUT "$2" ;;
    checkpoint)
        expect_refused "$1" dlt-eval similarity --checkpoint "$2" -o OUT
        expect_refused "$1" dlt-train --train "$BATS_FILE_TMPDIR/pieces" --checkpoint "$2" -o OUT ;;
    esac
}

@test "lengths that are not there, and ten thousand maps in one another" {
    for content in run tokens checkpoint; do
        for claim in array map binary string extension values kind nested nested-maps; do
            hostile claim $claim $content >x
            by_every_tool "cannot read" x $content
        done
    done
}

@test "zstd frames that ask for all memory there is" {
    for frame in window largest-window size size-with-window skippable; do
        hostile frame $frame >x
        by_every_tool "cannot read" x run
        by_every_tool "cannot read" x tokens
        by_every_tool "cannot read" x checkpoint
    done
}

@test "a gigabyte of zeros in a few kilobytes" {
    hostile zeros 1000000000 | zstd -q -1 >zeros
    [ "$(stat -c %s zeros)" -lt 100000 ]
    for content in run tokens plan checkpoint; do
        { hostile header $content | zstd -q; cat zeros; } >x # zstd's frames may follow one another
        [ $content = checkpoint ] || by_every_tool "larger than the limit" x $content
    done
    expect_refused "larger than the limit" dlt-eval similarity --checkpoint x -o OUT
    expect_refused "larger than the limit" dlt-train --train "$BATS_FILE_TMPDIR/pieces" --checkpoint x -o OUT
    # One tensor may be that large; dlt-cat has room for one record, or says that it has none.
    [ "$(addresses 600000)" = 600000 ] || return 0
    run --separate-stderr -1 bash -c 'ulimit -v 600000; dlt-cat x'
    expect_error_line dlt-cat "cannot allocate"
}

@test "ids without end in a few kilobytes: read as long as there is memory" {
    not_under address thread "its shadow takes terabytes of addresses, so that no limit of them is left"
    hostile ids 1000 | zstd -q -1 >x # 2 GB
    [ "$(stat -c %s x)" -lt 300000 ]
    for command in "dlt-train --train x -o OUT" "dlt-eval unigram --train x --tokens x -o OUT"; do
        run --separate-stderr -1 bash -c "ulimit -v 600000 -t 20; exec $command"
        expect_error_line dlt- "cannot read tokens 'x': no memory is available for more than "
        [ "${stderr//[^0-9]/}" -gt 60 ] && [ "${stderr//[^0-9]/}" -lt 600 ]
        [ ! -e OUT ] && [ ! -e OUT.partial ]
    done
}

@test "millions of records: an end to each kind" {
    for record in '{"kind":"eval","episode":1,"split":"test","perplexity":1.5}' '{"kind":"input","role":"x"}' \
        '{"kind":"visit","episode":1,"layer":1,"action":0,"state":[0,0]}' '{"kind":"timing","seconds":1.0}'; do
        hostile many run 2200000 "$record" | zstd -q -1 >x
        run --separate-stderr -3 bash -c "ulimit -v $(addresses 600000) -t 60; exec dlt-report macros x"
        expect_error_line "dlt-report macros" "x"
    done
}

# with_values FILE VALUE...: in the folder `made`, FILE with each of its fields set to each value, and
# digests that are right.
with_values() {
    rm -rf made && mkdir made
    dlt-cat --binary "$1" | hostile each made "${@:2}"
}

# What is too large for a network of this size is too large for the machine, or refused.
@test "any number in any place, and digests that are right" {
    with_values "$BATS_FILE_TMPDIR/checkpoint" - -1 0 2147483648 9223372036854775807 1e308 '"x"' '[]' '[0,0,3]'
    damage checkpoint made
    with_values "$BATS_FILE_TMPDIR/tokens" - -1 0 65536 9223372036854775807 1e308 '{"hex":"ffff"}'
    damage tokens made
    damage text made "$BATS_FILE_TMPDIR/v.bpe"
    with_values "$BATS_FILE_TMPDIR/run" - -1 0 2147483648 4611686018427387904 1e308 '"x"' '[]'
    damage run made
}

@test "figures of numbers that no axis can show" {
    with_values "$BATS_FILE_TMPDIR/run" 1e308 5e-324 -1e308
    for file in made/{eval.perplexity,timing.seconds,visit.parameters,final.parameters,reward.perplexity}*; do
        for figure in F2 F5; do
            (ulimit -t 20 && dlt-report figure $figure -o f.svg "$file")
            python3 -c 'import xml.dom.minidom as m; m.parse("f.svg")'
        done
    done
    for file in made/visit.independent*; do # a count, of layers that there are
        run --separate-stderr -3 dlt-report figure F2 -o f.svg "$file"
        expect_error_line "dlt-report figure" "out of range"
    done
}

@test "going on from any number in any place" {
    small_run --checkpoint c -o going
    with_values c -1 9223372036854775807 '[0,0,3]'
    rm going
    for file in made/{state,timing,agent}*; do
        case $file in *best*|*input*|*seconds*|*peak*) continue ;; esac
        cp "$file" c
        run --separate-stderr small_run --checkpoint c -o going
        [ "$status" -eq 3 ] || [ "$status" -eq 1 ] || { echo "$file: exit $status"; return 1; }
        expect_error_line dlt-train "c"
        [ ! -e going ]
    done
}

@test "an episode far behind the last one is no room for all between" {
    for record in '{"kind":"eval","episode":200000,"split":"test","perplexity":1.5}' \
        '{"kind":"visit","episode":200000,"layer":1,"state":[0,0]}' '{"kind":"step","episode":200000,"loss":1.0}'; do
        { dlt-cat "$BATS_FILE_TMPDIR/run" | grep -v '"kind":"end"'; echo "$record"; } |
            python3 "$ROOT/tests/report/make_run.py" json >x
        expect_refused "episode is missing or out of range" dlt-report figure F3 --format tsv -o OUT x
    done
}

# ---- What is shown ------------------------------------------------------------------------------

# The escape sequences that set a terminal's title, clear it, or answer as if typed; C1 the same.
ESCAPES=$'\e]0;title\a\e[2J\e[6n\xc2\x9b2J\x9b2J\r'

no_escapes() { # FILE: nothing that a terminal obeys
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\xbf]' "$1" ||
        { cat -v "$1"; return 1; }
}

@test "names that talk to the terminal: in a message they are question marks" {
    for command in "dlt-cat" "dlt-report macros" "dlt-train --train" "dlt-eval unigram --tokens x --train" \
        "dlt-tokenize encode --vocab" "dlt-tokenize decode --vocab" "dlt-report table T1 --experiments"; do
        # shellcheck disable=SC2086 # words
        run -1 bash -c "$command \"\$1\" 2>messages" - "$ESCAPES"
        no_escapes messages
        [ "$(wc -l <messages)" -eq 1 ]
    done
    run -2 bash -c 'dlt-cat "--$1" 2>messages' - "$ESCAPES"
    no_escapes messages
}

@test "text in files that talks to the terminal" {
    {
        printf '{"kind":"header","format":"dlt","version":1,"content":"run","program":"x","config":{},'
        printf '"labels":{"dataset":"%s","method":"%s"}}\n' '\u001b[2J\u009b2J' '\udc9b2J\u202e'
        echo '{"kind":"start","layers":2,"map":[0,0],"agent":"\u001b]0;x\u0007"}'
        echo '{"kind":"visit\u001b[2J","a\u009b":"\u009b\u007f\u0001"}'
    } | python3 "$ROOT/tests/format.py" >x
    dlt-cat x >lines
    no_escapes lines
    grep -qF '"dataset":"\u001b[2J\u009b2J"' lines
    for what in "table T1 --format md" "table T1 --format csv" "table T1" macros "figure F2 --format tsv" html; do
        # shellcheck disable=SC2086
        dlt-report $what x >lines 2>&1
        no_escapes lines
    done
    dlt-report compare x x >lines
    no_escapes lines
    printf 'tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing\nT1\tgpt2\t\e[2J\tm\t\xc2\x9b2J\t1\t\a\r\n' >list
    dlt-report table T1 --format md --experiments list x >lines 2>&1
    no_escapes lines
    printf '%s\n' '{"kind":"header","format":"dlt","version":1,"content":"\u001b[2J\u009b","program":"x"}' |
        python3 "$ROOT/tests/format.py" >y
    run -3 bash -c 'dlt-train --train y 2>messages'
    no_escapes messages
}

@test "an agent that talks to the terminal" {
    cat >agent.py <<'AGENT'
import sys
sys.path.insert(0, sys.argv[1])
from plain import get, put
name = "\x1b]0;title\x07\x9b2J\u202e"
for message in iter(get, None):
    if message["kind"] == "hello":
        put(kind="ready", protocol=1, start=[0] * message["layers"], reward=False, save=False, policy=name)
    elif message["kind"] == "ask":
        put(kind=name if len(sys.argv) > 2 else "act", source=0, info={name: name})
AGENT
    small_run --no-quiet --agent "exec python3 agent.py '$ROOT/tests/agents'" -o r 2>messages
    grep -q '^  policy  *?' messages
    no_escapes messages
    small_run --dry-run --agent "exec python3 agent.py '$ROOT/tests/agents'" >table
    no_escapes table
    run -4 bash -c "$(declare -f small_run); small_run --agent \"exec python3 agent.py '$ROOT/tests/agents' wrong\" -o s 2>messages"
    no_escapes messages
}

# ---- What is written into other languages -------------------------------------------------------

# Each of these means something to HTML, SVG, TeX, Markdown, CSV, TSV, gnuplot or a shell.
NASTY=(
    '</title><script>touch(1)</script>"><img src=x onerror=alert(1)>'
    "' onload='x' ]]>&lt;<!-- %s%n EOD '; system('touch pwned') #"
    '[3cm]\input{/etc/passwd}\write18{touch pwned}}\end{table}$x^2_1$%#&~^|"-\'
    '*b* `touch pwned` $(touch pwned) @x {/Symbol a} a|b ![x](y) \\'
    '=cmd() "a;b" ../../pwned é'
    '-o pwned	x'
)

# run_of NAME FILE: a run log and measurements whose every name is NAME.
run_of() {
    name=$1 python3 - <<'RUN' | python3 "$ROOT/tests/report/make_run.py" json >"$2"
import json, os
name = os.environ["name"]
visit = {"kind": "visit", "episode": 1, "layer": 1, "changed": True, "state": [0, 1], "independent": 2}
for record in (
    {"kind": "header", "format": "dlt", "version": 1, "content": "run", "program": name,
     "labels": {key: name for key in ("dataset", "method", "arch", "seed", "profile", "sample", "m" + name)},
     "config": {"agent": name, "c" + name: name, "width": 16}},
    {"kind": "env", "host": name, "v" + name: name},
    {"kind": "env", "role": "train", "name": name, "sha256": name},
    {"kind": "start", "layers": 2, "map": [0, 0], "agent": name, "parameters": {"conventional": 9}},
    visit, dict(visit, episode=2, state=[0, 0]),
    {"kind": "eval", "episode": 1, "split": "test", "perplexity": 9.0, "full": True},
    {"kind": "eval", "episode": 2, "split": "test", "perplexity": 8.0, "full": True},
    {"kind": "input", "role": name, "content_xxh64": name},
    {"kind": "timing", "episode": 2, "seconds": 9.0}):
    print(json.dumps(record))
RUN
    name=$1 python3 - <<'METRICS' | python3 "$ROOT/tests/report/make_run.py" json >"$2.m"
import json, os
name = os.environ["name"]
print(json.dumps({"kind": "header", "format": "dlt", "version": 1, "content": "metrics",
                  "program": "dlt-eval similarity", "labels": {"dataset": name, "method": name}}))
for task in "similarity", "head-similarity":
    print(json.dumps({"kind": "metric", "task": task, "part": name, "layer": 0, "head": 0, "other": 1,
                      "cosine": 0.5, name: name}))
METRICS
    printf 'tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing\nT1\t%s\t%s\t%s\t%s\t%s\t-\n' \
        "${1//	/?}" "${1//	/?}" "${1//	/?}" "${1//	/?}" "${1//	/?}" >"$2.list"
}

# reports_of FILE FOLDER: all that dlt-report can make of it.
reports_of() {
    local id format
    mkdir -p "$2"
    for id in T1 T2 T3 T4 T5; do
        for format in tex md csv; do
            dlt-report table $id --format $format -o "$2/$id.$format" "$1" "$1.m" 2>>"$2/log" || return 1
        done
    done
    dlt-report table T1 --format md --experiments "$1.list" -o "$2/list.md" "$1" 2>>"$2/log" || return 1
    for id in F1 F2 F3 F4 F5; do
        for format in svg tsv; do
            dlt-report figure $id --format $format -o "$2/$id.$format" "$1" "$1.m" || return 1
        done
    done
    dlt-report macros -o "$2/macros.tex" "$1" "$1.m" && dlt-report html -o "$2/page.html" "$1" "$1.m"
}

skeletons() { # FOLDER: of each report in it
    local file
    for file in "$1"/*.{html,svg,csv,tsv,md}; do
        echo "== $(basename "$file")"
        python3 "$ROOT/tests/report/structure.py" "${file##*.}" "$file" || return 1
    done
}

@test "a report's skeleton is the same whatever the names in a run log" {
    run_of plain plain
    reports_of plain good
    skeletons good >good.skeleton
    [ "$(wc -l <good.skeleton)" -gt 100 ]
    for i in "${!NASTY[@]}"; do
        run_of "${NASTY[i]}" "x$i"
        reports_of "x$i" "of$i" || { echo "${NASTY[i]}"; return 1; }
        skeletons "of$i" | diff good.skeleton - || { echo "${NASTY[i]}"; return 1; }
        dlt-report compare "x$i" plain >compared || [ $? -eq 1 ]
        dlt-report figure F3 --format pdf -o "of$i/F3.pdf" "x$i"
        rm -r "x$i" "x$i".*
    done
    # A file's name is shown too.
    run_of plain "$(printf '<b>\n`touch pwned` %s' "'")"
    dlt-report html -o page.html '<b>'*"'"
    python3 "$ROOT/tests/report/structure.py" html page.html | grep -c '^b$' && return 1
    [ -z "$(find . "$BATS_TEST_TMPDIR/.." -maxdepth 2 -name 'pwned*')" ]
    # LaTeX takes every table and every macro, and reads no file that a name tells it to.
    command -v pdflatex >/dev/null || skip "no pdflatex: the tables were not typeset"
    {
        printf '%s\n' '\documentclass{article}' '\usepackage[T1]{fontenc}' '\usepackage{booktabs,textcomp}' \
            '\begin{document}'
        for folder in of*; do
            cat "$folder"/macros.tex "$folder"/T?.tex
            echo '\clearpage'
        done
        echo '\end{document}'
    } | sed 's/\\newcommand\*\\dlt/\\providecommand*\\dlt/' >all.tex
    pdflatex -halt-on-error -interaction=nonstopmode all.tex >tex.log || { grep -A 5 '^!' tex.log; return 1; }
    [ ! -e pwned ]
}
