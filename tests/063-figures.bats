# Figures of many runs, several seeds and a list of experiments.
load helpers

made_up() { python3 "$ROOT/tests/report/make_run.py" "$@"; }

is_picture() { python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin)'; }

words() { # words FILE: the text of an SVG, a piece a line
    PYTHONIOENCODING=utf-8 python3 - "$1" <<'END'
import sys, xml.dom.minidom
def words(node):
    return node.data if node.nodeType == node.TEXT_NODE else "".join(map(words, node.childNodes))
for text in xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("text"):
    if words(text).strip():
        print(words(text).strip())
END
}

three_seeds() {
    for seed in 1 2 3; do
        for method in conventional dynamic; do
            made_up simulate --method $method --seed $seed --episodes 4 --floor $((20 + seed)) >"$method-$seed"
        done
    done
}

experiments() { # lines on standard input: tables arch dataset method title seeds missing, blanks between
    printf 'tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing\n'
    tr ' ' '\t'
}

# similarity NAME METHOD LAYER...: cosines of 0.5 between layers, of heads 0.25 on the diagonal, 0 off it.
similarity() {
    python3 - "$@" <<'END' | made_up json >"$1"
import itertools, json, os, sys
method, layers = sys.argv[2], [int(a) for a in sys.argv[3:]]
print(json.dumps({"kind": "header", "format": "dlt", "version": 1, "content": "metrics",
                  "program": "dlt-eval similarity",
                  "labels": {"dataset": "wiki2", "arch": "gpt2", "method": method,
                             "seed": os.environ.get("SEED", "1")}}))
for part in "attention", "feedforward":
    for i, j in itertools.combinations(layers, 2):
        print(json.dumps({"kind": "metric", "task": "similarity", "part": part, "layer": i, "other": j,
                          "cosine": 0.5 if part == "attention" else -0.125}))
if len(layers) > 1:
    for h, g in itertools.product(range(2), repeat=2):
        print(json.dumps({"kind": "metric", "task": "head-similarity", "head": h, "other": g, "pairs": 1,
                          "cosine": 0.25 if h == g else 0.0}))
END
}

@test "a list of experiments says which runs a figure shows, and in which order" {
    three_seeds
    made_up simulate --method other --episodes 4 >other
    experiments >list <<'END'
T1,F1,F5 gpt2 wiki2 dynamic Dynamic 1,3 -
T1,F1 gpt2 wiki2 conventional Conventional 1,2,3 -
T3 gpt2 wiki2 other Other 1 -
F1 gpt2 lambada dynamic Dynamic 1 not-there
END
    dlt-report figure F1 --format tsv --experiments list other ./*-[123] >f1
    [ "$(sed 1d f1 | cut -f 3,4 | uniq | tr '\t\n' ' |')" = "dynamic 1|dynamic 3|conventional 1|conventional 2|conventional 3|" ]
    dlt-report figure F5 --format tsv --experiments list other ./*-[123] >f5
    [ "$(sed 1d f5 | cut -f 3,4 | tr '\t\n' ' |')" = "dynamic 1|dynamic 3|" ]
    # Nothing named is a figure that says so, in every format.
    dlt-report figure F2 --experiments list -o f2.svg other ./*-[123]
    [ "$(words f2.svg)" = "There are no runs for this figure." ]
    dlt-report figure F2 --format pdf --experiments list -o f2.pdf other
    # The page's slider has no run that its figure does not show.
    dlt-report html --experiments list -o page.html other ./*-[123]
    run -1 grep 'F3-episodes"\|<script' page.html
    grep -F 'lambada (not-there)' page.html
    grep -F -- '--experiments list' page.html
    sed -i 's/^T3/F3/' list
    dlt-report html --experiments list -o page.html other ./*-[123]
    [ "$(grep -c 'class="strip"' page.html)" -eq 1 ]
}

@test "seeds: a curve of their mean with a band, maps that are alike in one strip" {
    three_seeds
    dlt-report figure F2 -o f2.svg ./*-[123]
    words f2.svg | grep -xF "lowest to highest seed"
    dlt-report figure F2 -o f2.svg ./*-1
    words f2.svg >said
    run -1 grep -F "seed" said
    dlt-report figure F1 -o f1.svg ./*-[123]
    [ "$(words f1.svg | grep -c '^conventional')" -eq 1 ] # all three: every layer its own
    words f1.svg | grep -F "dynamic, seed"
    dlt-report figure F1 --format tsv ./*-[123] >f1
    [ "$(sed 1d f1 | wc -l)" -eq 36 ] # the data have every run: 6 of 6 layers
}

@test "many methods: named beside their points, or left to the data aloud" {
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        made_up simulate --method "way-$i" --episodes 3 --floor $((20 + i)) >"way-$i"
        made_up simulate --method "way-$i" --episodes 3 --seed 2 --arch bert >"bert-$i"
    done
    dlt-report figure F5 -o f5.svg way-*
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do [ "$(words f5.svg | grep -cxF "way-$i")" -eq 1 ]; done
    dlt-report figure F2 -o f2.svg way-*
    words f2.svg | grep -xF "6 more, not drawn"
    [ "$(dlt-report figure F2 --format tsv way-* | cut -f 3 | sort -u | wc -l)" -eq 14 ]
    # Two architectures, each with its own panels; thirteen maps over time, no seed twice.
    dlt-report figure F5 -o f5.svg way-* bert-*
    [ "$(words f5.svg | grep -cxF 'wiki2 (BERT)')" -eq 1 ]
    for seed in 3 4; do made_up simulate --method way-1 --episodes 3 --seed $seed >"more-$seed"; done
    dlt-report figure F3 -o f3.svg way-* more-*
    [ "$(words f3.svg | grep -c 'seed')" -eq 13 ]
    dlt-report figure F1 way-* bert-* | is_picture
}

@test "F4: the matrices and the means; runs without pairs are left out, of many all but one seed" {
    made_up simulate --episodes 2 >run
    similarity a dynamic 0 3 5
    similarity b conventional 0
    dlt-report figure F4 --format tsv run a b >f4
    [ "$(sed 1d f4 | wc -l)" -eq 10 ]
    grep -xF "$(printf 'wiki2\tgpt2\tdynamic\t1\tattention\t3\t5\t0.5')" f4
    grep -xF "$(printf 'wiki2\tgpt2\tdynamic\t1\tfeedforward\t0\t5\t-0.125')" f4
    grep -xF "$(printf 'wiki2\tgpt2\tdynamic\t1\thead\t1\t1\t0.25')" f4
    dlt-report figure F4 -o f4.svg run b a
    words f4.svg >said
    grep -xF "same 0.250, others 0.000" said
    grep -xF "dynamic, seed 1" said
    grep -xF "wiki2" said
    run ! grep -F "conventional" said # b
    [ "$(grep -cxF -- "−0.5" said)" -eq 2 ]  # both scales end at the next round number: 0.5
    dlt-report macros run a b | grep -F 'sentence.F4' |
        grep -F 'In the dynamic network, the mean cosine is 0.250 between heads of the same index and 0.000 between others. Over all methods, heads of the same index are the more alike in 1 of 1 network.'
    dlt-report macros run b | grep -F 'No network with several independent layers was measured.'
    # Records that make no sense are passed over.
    dlt-cat a >lines
    sed 's/^/ /; s/"layer":0/"layer":-7/' lines | made_up json >c
    dlt-report figure F4 run c | is_picture
    dlt-report figure F4 -o f4.svg run
    [ "$(words f4.svg)" = "No network with several independent layers was measured." ]
    # Of thirteen seeds, the first that has pairs.
    SEED=1 similarity s-1 dynamic 0
    for seed in $(seq 2 14); do SEED=$seed similarity "s-$seed" dynamic 0 3; done
    dlt-report figure F4 -o f4.svg run s-*
    [ "$(words f4.svg | grep "seed")" = "dynamic, seed 2" ]
    dlt-report figure F4 -o f4.svg run s-1 s-2 s-3
    [ "$(words f4.svg | grep -c "seed")" -eq 2 ]
}

@test "forty-eight layers, three hundred episodes" {
    made_up simulate --layers 48 --episodes 300 >big
    similarity a dynamic $(seq 0 47)
    for figure in F1 F2 F3 F4 F5; do dlt-report figure $figure big a | is_picture; done
}

# script FIGURE FILE...: what gnuplot is given.
script() {
    mkdir -p seen
    printf '#!/bin/sh\ncat >script\necho "<svg/>"\n' >seen/gnuplot
    chmod +x seen/gnuplot
    PATH="$PWD/seen:$PATH" dlt-report figure "$@" >/dev/null
}

# changed FILE SED: the run with its records changed.
changed() { dlt-cat "$1" | grep -v '^{"kind":"end"' | sed "$2" | made_up json; }

@test "F2: steps, bands and bars are centred on their episodes" {
    three_seeds
    script F2 conventional-1
    [ "$(grep -c '^set xrange \[0.5:4.5\]' script)" -eq "$(grep -c '^set xrange' script)" ]
    # Layers: six from the beginning of the first episode to the end of the last.
    grep -A 8 -xF '0.5 6' script | tr '\n' '|' | grep -F '0.5 6|1.5 6|1.5 6|2.5 6|2.5 6|3.5 6|3.5 6|4.5 6|EOD'
    script F2 dynamic-1 dynamic-2 dynamic-3
    grep -E '^0\.5 [0-9]+ [0-9]+$' script # the band of layers
    grep -E '^4\.5 [0-9]+ [0-9]+$' script
    # One shape of all bars, each from the beginning of its episode to the end.
    changes="$(dlt-report figure F2 --format tsv dynamic-1 | awk -F '\t' 'NR > 1 { printf "%g %d|%g %d|", $5 - 0.5, $12, $5 + 0.5, $12 }')"
    script F2 dynamic-1
    tr '\n' '|' <script | grep -F "|${changes}EOD"
    grep -F 'filledcurves y1=0 fillcolor' script
    # A run of one episode has a width; what was tested before the first has room.
    made_up simulate --episodes 1 >one
    script F2 one
    grep -F 'set xrange [0.5:1.5]' script
    changed one 's/^{"kind":"visit","visit":1,/{"kind":"eval","episode":0,"split":"test","perplexity":900.0}\n&/' >early
    script F2 early
    grep -F 'set xrange [-0.5:1.5]' script
}

@test "F2 names what it draws, and says which curves are covered" {
    made_up simulate --episodes 4 >a
    changed a 's/"method":"dynamic"/"method":"b"/; s/\("kind":"eval",.*"perplexity":\)/\11/' >b
    changed a 's/"method":"dynamic"/"method":"c"/; s/\("kind":"reward",.*"perplexity":\)/\11/; s/"stored":/"stored":1/' >c
    dlt-report figure F2 -o f2.svg a b c
    words f2.svg >said
    grep -A 1 -xF "Batch" said | grep -xF "perplexity"
    run -1 grep -F "Reward" said
    grep -xF "test perplexity, independent layers" said # of one stroke
    grep -xF "stored layers" said
    # Layers, changes and exploration are the same of all three, tests of two, rewards of two.
    [ "$(grep -cxF "2 of 3 curves covered" said)" -eq 3 ]
    [ "$(grep -cxF "1 of 3 curves covered" said)" -eq 2 ]
    dlt-report figure F2 -o f2.svg a
    words f2.svg >said
    run -1 grep -F "covered" said
    run -1 grep -F "stored" said
}

@test "F2: the true entropy is a line where it is near the curves, else a number" {
    made_up simulate --episodes 4 >none
    changed none 's/"labels":{/&"floor_ppl":"25",/' >near
    dlt-report figure F2 -o f2.svg near
    words f2.svg >said
    grep -xF "true entropy" said
    run -1 grep -F "far below" said
    script F2 near
    grep -xF "4.5 25" script
    changed none 's/"labels":{/&"floor_ppl":"1.5",/' >far
    dlt-report figure F2 -o f2.svg far
    words f2.svg >said
    grep -xF "true entropy, far below: 1.5" said
    run -1 grep -xF "true entropy" said
    script F2 far
    run -1 grep -xF "4.5 1.5" script
    # Each panel for itself.
    changed near 's/"wiki2"/"lambada"/' >other
    dlt-report figure F2 -o f2.svg far other
    words f2.svg >said
    [ "$(grep -cF "far below" said)" -eq 1 ]
    grep -xF "true entropy, far below: 1.5" said
    grep -xF "true entropy" said
    changed none 's/"labels":{/&"floor_ppl":"1e9",/' >above
    dlt-report figure F2 -o f2.svg above
    run -1 grep -F "true entropy" <(words f2.svg)
    # Its axis is the curves' own.
    script F2 none
    grep '^set yrange' script >none.axes
    script F2 far
    grep '^set yrange' script | diff none.axes -
}

@test "networks that were not tested" {
    made_up simulate --episodes 4 >a
    changed a '/"kind":"eval"/d; s/"best_test":{[^}]*},"best_valid":{[^}]*}/"nothing":0/' >untested
    dlt-report figure F2 -o f2.svg untested
    words f2.svg >said
    run -1 grep -F "test perplexity" said
    grep -xF "training perplexity" said
    grep -xF "independent layers" said
    dlt-report figure F5 -o f5.svg untested
    [ "$(words f5.svg)" = "No run has a finite perplexity to set against its cost." ]
    [ "$(dlt-report figure F5 --format tsv untested | wc -l)" -eq 2 ]
    # Beside one that was: left out of panels and methods, and counted; the data have it.
    changed untested 's/"wiki2"/"shake"/; s/"method":"dynamic"/"method":"other"/' >other
    dlt-report figure F5 -o f5.svg a other
    words f5.svg >said
    grep -xF "1 run without a finite perplexity" said
    run -1 grep -F "shake" said
    run -1 grep -F "other" said
    [ "$(dlt-report figure F5 --format tsv a other | wc -l)" -eq 3 ]
    changed untested 's/"method":"dynamic"/"method":"third"/' >third
    dlt-report figure F5 -o f5.svg a other third
    words f5.svg | grep -xF "2 runs without a finite perplexity"
    # One that was tested, and whose perplexity was infinite throughout.
    changed a 's/"perplexity":[0-9.e+]*/"perplexity":Infinity/g; s/"method":"dynamic"/"method":"fourth"/' >fourth
    dlt-report figure F5 -o f5.svg a fourth
    words f5.svg | grep -xF "1 run without a finite perplexity"
    dlt-report figure F5 -o f5.svg a
    words f5.svg >said
    run -1 grep -F "without" said
}

@test "F5: where no log tells its time, the panel says so" {
    made_up simulate --episodes 4 >a
    changed a '/"kind":"timing"/d; s/"wiki2"/"shake"/' >b
    dlt-report figure F5 -o f5.svg a b
    [ "$(words f5.svg | grep -cxF "no times")" -eq 1 ]
    dlt-report figure F5 --untimed -o f5.svg a b
    [ "$(words f5.svg | grep -cxF "no times")" -eq 2 ]
    dlt-report figure F5 -o f5.svg a
    words f5.svg >said
    run -1 grep -xF "no times" said
}

@test "F5: logarithmic axes are named and have ticks, and curves have room" {
    made_up simulate --episodes 30 --floor 60 >a
    dlt-report figure F5 -o f5.svg a
    words f5.svg >said
    for axis in 'Test perplexity (log)' 'Best test perplexity (log)' 'Trainable parameters (log)' 'Training time (s)'; do
        grep -xF "$axis" said
    done
    # A curve that begins below five times the best is not cut.
    script F5 a
    highest="$(dlt-report figure F2 --format tsv a | awk -F '\t' 'NR > 1 && $6 > most { most = $6 } END { print most }')"
    sed -n 's/^set yrange \[.*:\(.*\)\].*/\1/p' script | tail -n 1 | awk -v most="$highest" '{ exit !($1 > most) }'
    # Within a power of ten there are round numbers enough.
    for method in a b c d e; do
        changed a "s/\"method\":\"dynamic\"/\"method\":\"$method\"/; s/\"best_test\":{\"perplexity\":[0-9.]*/\"best_test\":{\"perplexity\":$((80 + $(printf %d "'$method") % 5 * 20))/" >way-$method
    done
    dlt-report figure F5 -o f5.svg way-*
    for tick in 100 125 150; do words f5.svg | grep -xF $tick; done
    # An axis is as long as what stands on it is far apart: two that are nearly the same fill it.
    for method in a b; do
        changed a "s/\"method\":\"dynamic\"/\"method\":\"$method\"/; s/\"best_test\":{\"perplexity\":[0-9.]*/\"best_test\":{\"perplexity\":10$((3 * $(printf %d "'$method") % 5))/" >near-$method
    done
    script F5 near-*
    sed -n 's/^set yrange \[\(.*\)\].*/\1/p' script | head -n 1 | awk -F : '{ exit !($2 / $1 < 1.1) }'
}

@test "F1 counts stored layers where they are not the independent ones" {
    made_up simulate --episodes 2 >a
    changed a 's/"stored":[0-9.]*/"stored":1.0/' >b
    independent="$(dlt-cat -k final b | jq .independent)"
    [ "$independent" -gt 1 ]
    dlt-report figure F1 -o f1.svg b
    words f1.svg | grep -xF "$independent of 6, 1 stored"
    dlt-report figure F1 -o f1.svg a
    words f1.svg | grep -xF "$independent of 6"
}

@test "a figure has one caption: the page's and the paper's" {
    made_up simulate --episodes 2 >a
    dlt-report macros -o m.tex a
    dlt-report html -o page.html a
    grep -F '\caption{\dlt{title.#1}. \dlt{caption.#1} ' "$ROOT/paper/paper.tex"
    for id in F1 F2 F3 F4 F5; do
        grep -F "\\generatedfigure{$id}" "$ROOT/paper/paper.tex"
        caption="$(sed -n "s/^.expandafter.def.csname dlt:caption.$id.endcsname{\(.*\)}\$/\1/p" m.tex)"
        [ -n "$caption" ]
        sed "s/&#39;/'/g" page.html | grep -F "<figcaption>$caption "
    done
    caption() { sed -n "s/.*csname dlt:caption.$1.endcsname//p" m.tex; }
    caption F1 | grep -F 'several independent layers may share one storage'
    caption F3 | grep -F 'several independent layers may share one storage'
    caption F2 | grep -F 'the perplexity of the training batches that rewards are of'
    caption F2 | grep -F 'a band from the lowest to the highest is of test perplexity, independent layers and the batches'
    caption F5 | grep -F 'what is above about five times the highest of these is cut'
}
