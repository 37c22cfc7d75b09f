# dlt-report: the tables of experiments, on run logs whose numbers can be checked by hand.
load helpers

made_up() { python3 "$ROOT/tests/report/make_run.py" "$@"; }

# a_run METHOD SEED PERPLEXITY: one episode of a network of two layers. Variables: DATASET, ARCH, TOKENS,
# AGENT, OBJECTIVE, WEIGHTS (bytes of them; of the rest as many, twice, and 50).
a_run() {
    local weights="${WEIGHTS:-100}"
    made_up json >"$1-${DATASET:-wiki2}-s$2" <<END
{"kind":"header","format":"dlt","version":1,"content":"run","program":"dlt-train","labels":{"dataset":"${DATASET:-wiki2}","method":"$1","arch":"${ARCH:-gpt2}","seed":"$2","profile":"hand"},"config":{"agent":"${AGENT:-dlt-qagent --policy qlearn}","objective":"${OBJECTIVE:-causal}"}}
{"kind":"start","layers":2,"vocabulary":300,"map":[0,0],"tokens_per_step":10,"planned_steps":4,"agent":"qlearn"}
{"kind":"visit","visit":1,"episode":1,"layer":1,"action":1,"changed":true,"state":[0,1],"independent":2,"stored":2.0,"parameters":2000}
{"kind":"reward","episode":1,"layer":1,"perplexity":50.0,"loss":3.9}
{"kind":"reward","episode":1,"layer":1,"perplexity":9.5,"loss":2.3}
{"kind":"eval","episode":1,"step":4,"split":"test","loss":1.0,"perplexity":$3,"tokens":10,"full":true}
{"kind":"memory","episode":1,"weights":$weights,"gradients":$weights,"optimizer":$((2 * weights)),"activations":50,"total":$((4 * weights + 50))}
{"kind":"timing","episode":1,"step":4,"seconds":2.0,"peak_resident":9000000,"peak_device":$((5 * weights)),"peak_memory":{"total":$((4 * weights + 60))}}
{"kind":"final","steps":4,"episodes":1,"tokens":${TOKENS:-1000},"state":[0,1],"independent":2,"stored":2.0,"parameters":2000,"best_test":{"perplexity":$3,"episode":1}}
END
}

lines() { printf '%s\n' "$@" | tr '|' '\t'; }
HEADING='tables|arch|dataset|method|title|seeds|missing'

# cell COLUMN METHOD FILE: of the CSV's row of that method; no field of it has a comma.
cell() {
    awk -F, -v name="$1" -v method="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        $2 == method { print $c }' "$3"
}

macro() { sed -n "s/^.expandafter.def.csname dlt:$1.endcsname{\(.*\)}\$/\1/p" "$2"; }

@test "the list says which rows there are, in which order, under which titles" {
    a_run conventional 1 50.0
    a_run dynamic 1 40.0
    a_run random 1 45.0
    DATASET=1b a_run dynamic 1 70.0
    lines "$HEADING" 'T1,T4|gpt2|wiki2|dynamic|Dynamic|1|-' 'T4|gpt2|wiki2|random|Random policy|1|-' \
        'T1,T4|gpt2|wiki2|conventional|Conventional|1|-' 'T1|gpt2|1b|dynamic|Dynamic|1|-' \
        'T4|gpt2|wiki2|cycle-m|Cycle, as many|1|-' >list
    dlt-report table T4 --format csv --experiments list ./*-s1 >t.csv
    [ "$(cut -d, -f 1,2 t.csv | tr '\n' '|')" = 'dataset,method|wiki2,Dynamic|wiki2,Random policy|wiki2,Conventional|wiki2,"Cycle|' ]
    [ "$(tail -n 1 t.csv | tr ',' '\n' | grep -cvxF n/a)" -eq 3 ] # a run that is not there is n/a
    dlt-report macros --experiments list -o m.tex ./*-s1
    [ "$(macro runs-covered m.tex)" = "4 of the 5 runs" ]
    # T1 keeps a dataset's rows together.
    dlt-report table T1 --format csv --experiments list ./*-s1 >t.csv
    [ "$(cut -d, -f 1,2 t.csv | tr '\n' '|')" = 'dataset,method|wiki2,Dynamic|wiki2,Conventional|1b,Dynamic|' ]
    # Without a list, every run of the architecture.
    dlt-report table T4 --format csv ./*-s1 >t.csv
    [ "$(cut -d, -f 1,2 t.csv | tr '\n' '|')" = 'dataset,method|wiki2,conventional|wiki2,dynamic|wiki2,random|1b,dynamic|' ]
}

@test "only the seeds listed stand in a row" {
    a_run dynamic 1 40.0
    a_run dynamic 2 44.0
    a_run dynamic 7 99.0
    lines "$HEADING" 'T1|gpt2|wiki2|dynamic|Dynamic|1,2|-' >list
    dlt-report table T1 --format csv --experiments list dynamic-* >t.csv
    [ "$(cell perplexity_best Dynamic t.csv)" = 42 ]
    [ "$(cell runs Dynamic t.csv)" = 2 ]
}

@test "a missing dataset: a sentence under the table, a line on standard error" {
    a_run dynamic 1 40.0
    lines "$HEADING" 'T1|gpt2|wiki2|dynamic|Dynamic|1|-' 'T1|gpt2|1b|conventional|Conventional|1|no file 1b/dev.txt' \
        'T1|gpt2|1b|dynamic|Dynamic|1|no file 1b/dev.txt' >list
    run --separate-stderr -0 dlt-report table T1 --format md --experiments list dynamic-*
    expect_error_line "dlt-report table" "dataset '1b' is missing: no file 1b/dev.txt"
    [ "$(grep -cF '1b is missing: no file 1b/dev.txt.' <<<"$output")" -eq 1 ]
    run --separate-stderr -0 dlt-report html --experiments list dynamic-*
    expect_error_line "dlt-report html" "dataset '1b' is missing"
    [ "$(grep -cF '1b is missing: no file 1b/dev.txt.' <<<"$output")" -eq 1 ]
    # Not of another table.
    run --separate-stderr -0 dlt-report table T5 --format md --experiments list dynamic-*
    [ -z "$stderr" ]
    run --separate-stderr -0 dlt-report table T1 --format md --quiet --experiments list dynamic-*
    [ -z "$stderr" ]
}

@test "rows without a run: one is n/a; where they are most of the table, a sentence names them" {
    a_run conventional 1 50.0
    a_run dynamic 1 40.0
    lines "$HEADING" 'T4|gpt2|wiki2|random|Random policy|1|-' 'T4|gpt2|wiki2|dynamic|Dynamic|1|-' \
        'T4|gpt2|wiki2|conventional|Conventional|1|-' >list
    dlt-report table T4 --format md --experiments list ./*-s1 >t.md
    grep -F '| wiki2 | Random policy | n/a |' t.md
    run -1 grep -F 'Not run' t.md
    lines 'T4|gpt2|wiki2|half|Half|1|-' 'T4|gpt2|wiki2|all|All, tied|1|-' >>list
    dlt-report table T4 --format md --experiments list ./*-s1 >t.md
    grep -xF 'Not run yet: “Random policy”, “Half”, “All, tied”.' t.md
    run -1 grep -F '| Random policy' t.md
    # The first row that is left has its dataset.
    grep -F '| wiki2 | Dynamic | 40.00 |' t.md
    dlt-report table T4 --experiments list ./*-s1 | grep '^wiki2 & Dynamic & '
    # Of another dataset, which is named; of one that cannot be had, the rows stay.
    lines "$HEADING" 'T1|gpt2|shake|dynamic|Dynamic|1|-' 'T1|gpt2|shake|conventional|Conventional|1|-' \
        'T1|gpt2|lambada|dynamic|Dynamic|1|-' 'T1|gpt2|wiki2|dynamic|Dynamic|1|-' 'T1|gpt2|1b|dynamic|Dynamic|1|no 1b.txt' >list
    dlt-report table T1 --format md --quiet --experiments list ./*-s1 >t.md
    grep -xF 'Not run yet: “Dynamic” (shake), “Conventional” (shake), “Dynamic” (lambada). 1b is missing: no 1b.txt.' t.md
    grep -F '| 1b | Dynamic | n/a |' t.md
}

@test "what Table 1 says, of one dataset and of several" {
    a_run conventional 1 80.0
    a_run dynamic 1 100.0
    a_run conventional 2 80.0
    said() { dlt-report table T1 --format md "$@" | tail -n 1; }
    [ "$(said ./*)" = "The dynamic network's best test perplexity is 25.0% higher than the conventional network's; on average over training, it trains 100% of the parameters. Seed by seed, there is no verdict, which takes three seeds." ]
    for seed in 1 2 3; do
        DATASET=1b a_run conventional $seed 80.0
        DATASET=1b a_run dynamic $seed 60.0
        DATASET=lambada a_run conventional $seed 80.0
        DATASET=lambada a_run dynamic $seed 60.0
    done
    [[ "$(said ./*-1b-* ./*-lambada-*)" == "On both datasets the dynamic network's best test perplexity is lower than "*"Seed by seed, on both datasets it is better." ]]
    [[ "$(said ./*)" == "On 2 of 3 datasets "*"Seed by seed, on 1 of 3 datasets there is no verdict, which takes three seeds; on 2 of 3 datasets it is better." ]]
    DATASET=1b a_run dynamic 1 90.0
    [[ "$(said ./*-s1)" == "On 1 of 3 datasets the dynamic network's best test perplexity is lower than "* ]]
    DATASET=lambada a_run dynamic 1 90.0
    [[ "$(said ./*-s1)" == "On none of 3 datasets is the dynamic network's best test perplexity lower than the conventional network's; "* ]]
    DATASET=1b a_run dynamic 1 80.01
    [[ "$(said conventional-1b-s1 dynamic-1b-s1)" == *"perplexity differs by less than 0.1% from the conventional network's; "* ]]
}

@test "a table without a run says so in one line" {
    a_run dynamic 1 40.0
    for format in md tex; do
        dlt-report table T2 --format $format dynamic-* >t
        [ "$(grep -cF 'No run of this table is among the files.' t)" -eq 1 ]
        run -1 grep -F 'Test perplexity per token' t # a caption of nothing
    done
    run -1 grep -F tabular t
    dlt-report table T2 --format csv dynamic-* >t
    [ "$(wc -l <t)" -eq 1 ]
    dlt-report macros dynamic-* >m
    [ "$(macro sentence.T2 m)" = "There is no run for this table yet." ]
    [[ "$(macro sentence.T4 m)" == "There is no run to compare with “dynamic” yet." ]]
}

@test "paired differences, intervals and verdicts" {
    for seed in 1 2 3; do
        a_run dynamic $seed $((40 * seed)).0
        a_run random $seed $((80 * seed)).0 # twice, whatever the seed
        a_run all $seed $((20 * seed)).0
    done
    a_run shallow 1 41.0
    a_run shallow 2 70.0
    a_run shallow 3 140.0
    a_run cycle-m 1 44.0
    TOKENS=900 a_run half 1 44.0
    dlt-report table T4 --format csv ./*-s? >t.csv
    [ "$(cell verdict random t.csv)" = worse ]
    [ "$(cell difference all t.csv | cut -c 1-3)" = -50 ]
    [ "$(cell verdict all t.csv)" = better ]
    [ "$(cell verdict shallow t.csv)" = "no difference seen" ]
    [ "$(cell pairs shallow t.csv)" = 3 ]
    [ "$(cell verdict cycle-m t.csv)" = "too few seeds" ]
    [ "$(cell pairs cycle-m t.csv)" = 1 ]
    [ "$(cell difference_low cycle-m t.csv)" = n/a ]
    [ "$(cell verdict half t.csv)" = "not compared: tokens differ" ]
    [ "$(cell difference half t.csv)" = n/a ]
    [ "$(cell verdict dynamic t.csv)" = reference ]
    dlt-report macros ./*-s? >m
    sentence="$(macro sentence.T4 m | sed 's/.ensuremath{-}/−/g; s/.%/%/g')"
    [[ "$sentence" == *'better than “random” (+100.00%). '* ]]
    [[ "$sentence" == *'worse than “all” (−50.00%). '* ]]
    [[ "$sentence" == *'no difference is seen between dynamic tying and “shallow”'* ]]
    [[ "$sentence" == *'below the yardstick with “cycle-m” (+10.00%)'* ]] # twice what the seeds differ by
    [[ "$sentence" == *'Not compared, for other numbers of tokens or other seeds: “half”.'* ]]
    [ "$(macro T4.wiki2.random.verdict m)" = worse ]
    [ "$(macro T4.wiki2.random.difference m)" = +100.00 ]
}

@test "a run that diverged does not leave the mean of the others in its place" {
    for seed in 1 2 3 4; do
        a_run conventional $seed 50.0
        a_run dynamic $seed 40.0
        a_run random $seed 45.0
    done
    a_run dynamic 4 NaN # it would be better than both, by three pairs
    for id in T1 T4; do
        for format in md tex; do
            dlt-report table $id --format $format ./*-s? >t
            grep -F '40.00' t | grep -F ' (3 of 4)'
            grep -F '(k of n)”: a number of k runs; the others of the n have none.' t
        done
    done
    dlt-report table T1 --format csv ./*-s? >t.csv
    [ "$(cell runs dynamic t.csv) $(cell perplexity_best dynamic t.csv) $(cell perplexity_best_sd dynamic t.csv)" = "4 n/a n/a" ]
    dlt-report table T4 --format csv ./*-s? >t.csv
    [ "$(cell perplexity_best random t.csv)" = 45 ]
    [ "$(cell verdict random t.csv)" = "not compared: no finite perplexity" ]
    [ "$(cell difference random t.csv)$(cell difference_low random t.csv)" = n/an/a ]
    dlt-report html ./*-s? >p.html
    grep -F '<td class="right">40.00 ± 0.00 (3 of 4)</td>' p.html
    dlt-report macros ./*-s? >m
    [ "$(macro wiki2.dynamic.perplexity-best m)" = "40.00 (3 of 4)" ]
    [ "$(macro sentence.T1 m)" = "1 comparison is left out, where a run has no finite perplexity." ]
    [[ "$(macro sentence.T4 m)" == *"Not compared, for a run has no finite perplexity: “conventional”; “random”."* ]]
    # Nor does one whose perplexity was infinite throughout, or that has none.
    for perplexity in Infinity NaN; do
        a_run dynamic 4 40.0
        a_run random 4 $perplexity
        dlt-report table T4 --format csv ./*-s? >t.csv
        [ "$(cell verdict random t.csv)" = "not compared: no finite perplexity" ]
        [ "$(cell verdict conventional t.csv)" = worse ]
        [ "$(cell perplexity_best random t.csv) $(cell perplexity_best_sd random t.csv)" = "n/a n/a" ]
        dlt-report table T4 --format md ./*-s? >t.md
        grep -F '| random | 45.00' t.md | grep -F ' (3 of 4)'
        grep -F '(k of n)”: a number of k runs; the others of the n have none.' t.md
    done
    # Nor is a dynamic run lower by 100% than a conventional one that diverged.
    for perplexity in Infinity NaN; do
        made_up simulate --episodes 2 --method conventional >conventional
        dlt-cat conventional | sed "s/\"perplexity\":[0-9.e+]*/\"perplexity\":$perplexity/g" | made_up json >diverged
        made_up simulate --episodes 2 >dynamic
        dlt-report table T1 --format md dynamic diverged >t.md
        [ "$(tail -n 1 t.md)" = "1 comparison is left out, where a run has no finite perplexity." ]
    done
    # One of 0 is finite, and has no logarithm to compare.
    a_run conventional 1 50.0
    a_run dynamic 1 0.0
    dlt-report table T1 --format md conventional-*-s1 dynamic-*-s1 >t.md
    [ "$(tail -n 1 t.md)" = "1 comparison is left out, where a run has no finite perplexity." ]
}

@test "one seed: no verdict, and a yardstick that is called a convention" {
    a_run dynamic 1 100.0
    a_run released 1 90.0
    a_run untie-alias 1 104.0
    a_run retie-orphan 1 101.0
    dlt-report table T6 --format md ./*-s1 >t.md
    grep -F 'higher by more than the yardstick with “untie-alias” (+4.00%). ' t.md
    grep -F 'lower by more than the yardstick with “released” (−10.00%). ' t.md
    grep -F 'stays below the yardstick with “retie-orphan” (+1.00%). ' t.md
    grep -F 'the yardstick of 2% is a convention' t.md
    run -1 grep -F 'over seeds with' t.md
    # LaTeX has the text as a macro, not twice.
    dlt-report table T6 ./*-s1 >t.tex
    run -1 grep -F yardstick t.tex
    dlt-report macros ./*-s1 >m
    [[ "$(macro sentence.T6 m)" == *"is a convention"* ]]
}

@test "Table 6 says on which options alone the result depends most" {
    a_run dynamic 1 40.0
    a_run retie-orphan 1 44.0
    a_run untie-alias 1 41.2
    a_run moments-kept 1 40.1
    dlt-report table T6 --format md ./*-s1 >t.md
    grep -F 'Of the options alone, the result depends most on “retie-orphan” (+10.00%), then on “untie-alias” (+3.00%).' t.md
    # Nor on "released", which is all of them.
    a_run released 1 80.0
    rm retie-orphan-* untie-alias-*
    dlt-report table T6 --format md ./*-s1 | grep -F 'No option alone is seen to change the result.'
}

@test "clipped rewards" {
    a_run dynamic 1 100.0
    AGENT='dlt-qagent --policy qlearn --reward-clip 0' a_run reward-unclipped 1 90.0
    AGENT='dlt-qagent --policy qlearn --reward constant' a_run reward-constant 1 90.0
    dlt-report table T3 --format csv ./*-s1 >t.csv
    [ "$(cell reward_clipped dynamic t.csv)" = 50 ] # 50 is above 10, 9.5 is not
    [ "$(cell reward_clipped reward-unclipped t.csv)" = 0 ]
    [ "$(cell reward_clipped reward-constant t.csv)" = n/a ]
    dlt-report macros ./*-s1 >m
    [ "$(macro wiki2.dynamic.reward-clipped m)" = 50.0 ]
}

@test "memory: counted, measured, and the ratio" {
    WEIGHTS=300000 a_run conventional 1 50.0
    WEIGHTS=100000 a_run dynamic 1 50.0
    dlt-report table T5 --format csv --published "$ROOT/results/published.tsv" ./*-s1 >t.csv
    [ "$(cell weights dynamic t.csv)" = 100000 ]
    [ "$(cell trained conventional t.csv)" = 1200000 ]
    [ "$(cell predicted dynamic t.csv)" = 400060 ]
    [ "$(cell measured dynamic t.csv)" = 500000 ]
    [ "$(cell trained 'Conventional / dynamic' t.csv)" = 3 ]
    [ "$(cell published_trained 'Conventional / dynamic' t.csv)" = "up to 10" ]
    [ "$(cell process "Conventional / dynamic" t.csv)" = 1 ]
    dlt-report macros ./*-s1 >m
    [[ "$(macro sentence.T5 m)" == *"3.0 times as much"* ]]
}

@test "BERT: rows of its own, masked positions marked and compared among themselves" {
    for seed in 1 2 3; do
        ARCH=bert a_run conventional $seed 100.0
        ARCH=bert a_run dynamic $seed 101.0
        ARCH=bert OBJECTIVE=mlm a_run mlm-conventional $seed 10.0
        ARCH=bert OBJECTIVE=mlm a_run mlm-dynamic $seed 9.0
    done
    dlt-report table T2 --format csv ./*-s? >t.csv
    [ "$(cell verdict dynamic t.csv)" = worse ]
    [ "$(cell verdict 'mlm-dynamic (masked positions)' t.csv)" = better ]
    [ "$(cell verdict 'mlm-conventional (masked positions)' t.csv)" = reference ]
    dlt-report macros ./*-s? >m
    [[ "$(macro sentence.T2 m)" == *" Over masked positions the dynamic network's perplexity is 10.0\\% lower than the conventional network's. Seed by seed, "* ]]
    dlt-report table T1 --format csv ./*-s? >t.csv
    [ "$(wc -l <t.csv)" -eq 1 ]
}

@test "T1: the last word's accuracy, from measurements" {
    DATASET=lambada a_run dynamic 1 40.0
    DATASET=lambada a_run dynamic 2 40.0
    for seed in 1 2; do
        made_up json >m$seed <<END
{"kind":"header","format":"dlt","version":1,"content":"metrics","program":"dlt-eval lastword","labels":{"dataset":"lambada","arch":"gpt2","method":"dynamic","seed":"$seed"},"config":{}}
{"kind":"metric","task":"lastword","accuracy":0.$seed,"perplexity":300.0,"passages":10}
END
    done
    dlt-report table T1 --format csv dynamic-* m1 m2 >t.csv
    [ "$(cell last_word_accuracy dynamic t.csv | cut -c 1-4)" = 15 ]
    dlt-report table T1 --format md dynamic-* m1 >t.md
    grep -F '| 10.0 (1 of 2) |' t.md
}

@test "titles and reasons from outside are escaped in every format" {
    a_run dynamic 1 40.0
    lines "$HEADING" 'T1|gpt2|wiki2|dynamic|<script>_&%#${}~^"|1|-' \
        'T1|gpt2|1b|dynamic|x|1|<script>alert(1)</script> 50% \input{x}' >list
    dlt-report table T1 --experiments list --quiet dynamic-* >t.tex
    grep -F '\textless{}script\textgreater{}\_\&\%\#\$\{\}\textasciitilde{}\textasciicircum{}\textquotedbl{}' t.tex
    grep -F '50\% \textbackslash{}input\{x\}' t.tex
    dlt-report html --experiments list --quiet dynamic-* >p.html
    run -1 grep -F '<script>alert' p.html
    run -1 grep -F '<script>_' p.html
    dlt-report macros --experiments list --quiet dynamic-* >m.tex
    run -1 grep -F '<script>' m.tex
}

@test "every table is one that LaTeX takes" {
    command -v pdflatex >/dev/null || skip "no pdflatex: LaTeX was not run"
    a_run dynamic 1 40.0
    a_run conventional 1 50.0
    a_run random 1 44.0
    dlt-report macros ./*-s1 -o m.tex
    { printf '%s\n' '\documentclass{article}\usepackage[T1]{fontenc}\usepackage{booktabs}\input{m}' '\begin{document}'
      for id in T1 T2 T3 T4 T5 T6; do
          dlt-report table $id -o $id.tex ./*-s1
          echo "\\input{$id}\\dlt{sentence.$id}"
      done
      echo '\end{document}'; } >d.tex
    pdflatex -halt-on-error -interaction=batchmode d.tex >/dev/null
}

@test "columns share the room of their group's name" {
    a_run dynamic 1 40.0
    # 18 letters over two columns: 9 for each.
    dlt-report table T3 dynamic-*-s1 | grep -F '& \hphantom{eeeee}mean & \hphantom{eeee}final &'
    # One that is long enough, and a group of one column, have what they need.
    dlt-report table T3 dynamic-*-s1 | grep -F ' & at best validation & clipped (\%) '
}

@test "a list of another shape is refused" {
    a_run dynamic 1 40.0
    printf 'tables\tarch\n' >list
    run --separate-stderr -3 dlt-report table T1 --experiments list dynamic-*
    expect_error_line "dlt-report table" "cannot read experiments 'list': line 1: the names of the 7 columns"
    expect_error_line "dlt-report table" "; the list that make writes is build/state/PROFILE/experiments.tsv"
    # The list that such lists are made from.
    run --separate-stderr -3 dlt-report table T1 --experiments "$ROOT/pipelines/experiments.tsv" dynamic-*
    expect_error_line "dlt-report table" "pipelines/experiments.tsv' has the experiments of all profiles; give the list of one, which 'make plan PROFILE=quick' writes: build/state/quick/experiments.tsv"
    dlt-report table --help | grep -F build/state/quick/experiments.tsv
    lines "$HEADING" 'T1|gpt2' >list
    run --separate-stderr -3 dlt-report table T1 --experiments list dynamic-*
    expect_error_line "dlt-report table" "line 2: there should be 7 columns"
    : >list
    run --separate-stderr -3 dlt-report table T1 --experiments list dynamic-*
    expect_error_line "dlt-report table" "it is empty"
    # A pipe is not opened again, which would wait for another writer.
    mkfifo pipe
    printf 'tables\tarch\n' >pipe &
    run --separate-stderr -3 timeout 10 dlt-report table T1 --experiments pipe dynamic-*
    expect_error_line "dlt-report table" "cannot read experiments 'pipe': line 1: the names of the 7 columns"
    run --separate-stderr -1 dlt-report table T1 --experiments no-such-list dynamic-*
    expect_error_line "dlt-report table" "no-such-list"
}

@test "the locale changes nothing" {
    a_run dynamic 1 1040.5
    a_run random 1 44.25
    mkdir locales
    localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null || skip "no localedef, or no sources of locales"
    for id in T1 T4; do
        for format in csv md tex; do
            same_output 'dlt-report table $id --format $format ./*-s1' \
                'LOCPATH=$PWD/locales LC_ALL=de_DE.UTF-8 dlt-report table $id --format $format ./*-s1'
        done
    done
}

@test "--untimed: tables and figures of logs that differ in times alone are the same" {
    a_run dynamic 1 40.0
    mv dynamic-wiki2-s1 fast
    sed_log() { dlt-cat fast | grep -v '^{"kind":"end"' | sed "$1" | made_up json; }
    sed_log 's/"seconds":2.0/"seconds":9.5/; s/"peak_resident":9000000/"peak_resident":777/; s/"peak_device":500/"peak_device":9/' >slow
    same() { same_output "dlt-report $* fast" "dlt-report $* slow"; }
    for what in "table T1" "table T5 --format csv" "table T5 --format md" "figure F5 --format tsv" macros; do
        # shellcheck disable=SC2086
        run -1 same $what
        # shellcheck disable=SC2086
        same $what --untimed
    done
    dlt-report table T1 --untimed --format csv fast >t.csv
    [ "$(cell seconds dynamic t.csv)$(cell peak_memory dynamic t.csv)" = n/an/a ]
    [ "$(cell perplexity_best dynamic t.csv)" = 40 ]
}

@test "a table that is too long or too wide for a page of the paper is set smaller" {
    command -v pdflatex >/dev/null || skip "no pdflatex: LaTeX was not run"
    for method in $(seq 30); do ARCH=bert a_run "a-method-of-a-long-name-$method" 1 40.0; done
    mkdir tables figures
    dlt-report macros -o macros.tex ./*-s1
    dlt-report table T2 -o tables/T2.tex ./*-s1
    { sed '/^.begin{document}/q' "$ROOT/paper/paper.tex"; echo '\generatedtable{T2}{Text.}\end{document}'; } >d.tex
    pdflatex -halt-on-error -interaction=batchmode d.tex >/dev/null
    grep -qF 'newlabel{tab:T2}' d.aux
    run -1 grep -E 'too large for page|^Overfull' d.log
}
