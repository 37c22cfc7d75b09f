# dlt-report: tables, figures, macros, the page and compare, on run logs made up for it.
load helpers

made_up() { python3 "$ROOT/tests/report/make_run.py" "$@"; }

# exact FILE METHOD SEED BEST LAST WORD: three layers, two episodes of two visits; numbers to check by
# hand. Test perplexities LAST + 10, BEST, LAST; BEST is worth WORD per word.
exact() {
    made_up json >"$1" <<END
{"kind":"header","format":"dlt","version":1,"content":"run","program":"dlt-train","labels":{"dataset":"${DATASET:-wiki2}","method":"$2","arch":"gpt2","seed":"$3","profile":"hand"},"config":{"width":16,"layers":3}}
{"kind":"start","layers":3,"vocabulary":300,"map":[0,0,0],"tokens_per_step":10,"train_tokens":1000,"planned_steps":4,"parameters":{"conventional":3000},"memory":{"total":1},"agent":"qlearn"}
{"kind":"visit","visit":1,"episode":1,"layer":1,"action":1,"changed":true,"state":[0,1,0],"independent":2,"stored":2.0,"parameters":2000,"info":{"epsilon":1.0}}
{"kind":"visit","visit":2,"episode":1,"layer":2,"action":2,"changed":true,"state":[0,1,2],"independent":3,"stored":3.0,"parameters":3000,"info":{"epsilon":1.0}}
{"kind":"step","step":1,"episode":1,"loss":4.0,"norm":1.0,"lr":0.001}
{"kind":"reward","episode":1,"layer":2,"perplexity":50.0,"loss":3.9}
{"kind":"eval","episode":1,"step":2,"split":"test","loss":1.0,"perplexity":$(($5 + 10)),"tokens":10,"text_bytes":40,"perplexity_per_word":999.0,"full":true}
{"kind":"timing","episode":1,"step":2,"seconds":1.5,"tokens_per_second":20.0,"peak_resident":3000000}
{"kind":"visit","visit":3,"episode":2,"layer":1,"action":0,"changed":true,"state":[0,0,2],"independent":2,"stored":1.5,"parameters":2000,"info":{"epsilon":0.5}}
{"kind":"visit","visit":4,"episode":2,"layer":2,"action":1,"changed":true,"state":[0,0,1],"independent":1,"stored":1.0,"parameters":1000,"info":{"epsilon":0.5}}
{"kind":"eval","episode":2,"step":4,"split":"valid","loss":1.0,"perplexity":77.0,"full":true}
{"kind":"eval","episode":2,"step":4,"split":"test","loss":1.0,"perplexity":$4,"tokens":10,"text_bytes":40,"perplexity_per_word":$6,"full":false}
{"kind":"eval","episode":2,"step":4,"split":"test","loss":1.0,"perplexity":$5,"tokens":10,"text_bytes":40,"perplexity_per_word":998.0,"full":true}
{"kind":"timing","episode":2,"step":4,"seconds":2.5,"tokens_per_second":16.0,"peak_resident":2000000}
{"kind":"final","steps":4,"episodes":2,"tokens":40,"state":[0,0,1],"independent":1,"stored":1.0,"parameters":1000,"best_test":{"perplexity":$4,"episode":2},"best_valid":{"perplexity":77.0,"episode":2,"test_perplexity":61.25}}
END
}

two_seeds() {
    exact a dynamic 1 40.0 42 300.0
    exact b dynamic 2 44.0 46 310.0
    exact c conventional 1 50.5 51 400.0
}

column() { # column NAME ROW FILE: a cell of a CSV without quotes
    awk -F, -v name="$1" -v row="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR == row + 1 { print $c }' "$3"
}

@test "help, version, usage errors" {
    for command in table figure macros html compare; do
        run --separate-stderr -0 dlt-report $command --help
        [ -z "$stderr" ]
        [[ "$output" == "dlt-report $command: "*"Usage: dlt-report $command "* ]]
    done
    run --separate-stderr -2 dlt-report
    expect_error_line dlt-report "no command given"
    run --separate-stderr -2 dlt-report tables
    expect_error_line dlt-report "unknown command 'tables'"
    run --separate-stderr -2 dlt-report table
    expect_error_line "dlt-report table" "which table? There are T1"
    run --separate-stderr -2 dlt-report figure F1
    expect_error_line "dlt-report figure" "no run logs given"
    run --separate-stderr -2 dlt-report compare a
    expect_error_line "dlt-report compare" "give two run logs"
}

@test "unknown tables, figures and formats are told apart from known ones" {
    exact a dynamic 1 40.0 42 300.0
    run --separate-stderr -2 dlt-report table T9 a
    expect_error_line "dlt-report table" "unknown table 'T9': there are T1"
    run --separate-stderr -2 dlt-report figure F9 a
    expect_error_line "dlt-report figure" "unknown figure 'F9': there are F1, F2, F3"
    run --separate-stderr -2 dlt-report table T1 --format html a
    expect_error_line "dlt-report table" "'html' is not one of auto, tex, md, csv"
}

@test "the format is that of the output's suffix, and a contradiction is refused" {
    exact a dynamic 1 40.0 42 300.0
    mkdir there.png
    for format in md csv tex; do
        dlt-report table T1 -o there.png/t.$format a
        same_output 'cat there.png/t.$format' 'dlt-report table T1 --format $format a'
    done
    for format in svg pdf png tsv; do
        dlt-report figure F1 -o f.$format a
        same_output 'cat f.$format' 'dlt-report figure F1 --format $format a | cat'
    done
    # What is none of a format says nothing.
    dlt-report table T1 -o there.png/t a
    dlt-report table T1 -o t.auto a
    dlt-report table T1 --format tex -o t.partial a
    for file in there.png/t t.auto t.partial; do cmp $file there.png/t.tex; done
    run --separate-stderr -2 dlt-report table T1 --format md -o no.csv a
    expect_error_line "dlt-report table" "'no.csv' would hold md; name it so"
    run --separate-stderr -2 dlt-report table T1 -o no.pdf a
    expect_error_line "dlt-report table" "'no.pdf' would hold tex; name it so"
    run --separate-stderr -2 dlt-report figure F1 -o no.html a
    expect_error_line "dlt-report figure" "'no.html' would hold svg; name it so"
    [ -z "$(find . -name "no.*")" ]
}

@test "T1 as CSV: the numbers computed by hand" {
    two_seeds
    dlt-report table T1 --format csv --published "$ROOT/results/published.tsv" -o t.csv b c a
    [ "$(wc -l <t.csv)" -eq 3 ]
    [ "$(column method 1 t.csv)" = conventional ]
    [ "$(column method 2 t.csv)" = dynamic ]
    [ "$(column runs 2 t.csv)" = 2 ]
    [ "$(column perplexity_best 2 t.csv)" = 42 ] # of 40 and 44
    [ "$(column perplexity_best_sd 2 t.csv)" = 2.8284271247461903 ]
    [ "$(column perplexity_best_sd 1 t.csv)" = n/a ] # one seed: no deviation
    [ "$(column perplexity_final 2 t.csv)" = 44 ]
    [ "$(column perplexity_at_best_valid 2 t.csv)" = 61.25 ]
    [ "$(column perplexity_per_word 2 t.csv)" = 305 ]
    [ "$(column independent_mean 2 t.csv)" = 2 ] # of 2 3 2 1
    [ "$(column independent_final 2 t.csv)" = 1 ]
    [ "$(column stored_mean 2 t.csv)" = 1.875 ]
    [ "$(column parameters_mean 2 t.csv)" = 2000 ]
    [ "$(column parameters_final 2 t.csv)" = 1000 ]
    [ "$(column tokens 2 t.csv)" = 40 ]
    [ "$(column seconds 2 t.csv)" = 2.5 ]
    [[ "$(column tokens_per_second 2 t.csv)" == 17.7777777* ]] # 40 in 20/20 + 20/16 seconds
    [ "$(column peak_memory 2 t.csv)" = 3000000 ]
    [ "$(column published_perplexity 2 t.csv)" = "below conventional" ]
    [ "$(column published_parameters 1 t.csv)" = 1.6B ]
}

@test "T1 as Markdown and LaTeX, with what was published beside it" {
    two_seeds
    DATASET=1b exact d dynamic 1 70.0 71 500.0
    dlt-report table T1 --format md --published "$ROOT/results/published.tsv" a b c d >t.md
    grep -F '| wiki2 | dynamic | below conventional | 42.00 ± 2.83 | 44.00 ± 2.83 | 61.25 ± 0.00 | 305 ± 7 |' t.md
    grep -F '| 1b | dynamic | 72.35 | 70.00 | 71.00 | 61.25 | 500 |' t.md
    grep -F 'Profile hand; 4 runs; data: wiki2, 1b.' t.md
    # What is known in words alone.
    grep -F '| not much above 151M | 2.00k ' t.md
    dlt-report table T4 --format md --published "$ROOT/results/published.tsv" a c <(exact half half 1 40.0 42 300.0; cat half) |
        grep -F '| wiki2 | half | worse; as good as conventional |'
    # What words, the unigram model, times and memory are of.
    grep -F "per word, a line end being one as is usual for WikiText, beside the unigram model of the same tokens, whose counts are the training text's plus one." t.md
    grep -F 'Time is that of the whole run, with evaluations and the agent; tokens/s are all tokens over the time of the training steps alone; peak memory is that of the whole process.' t.md
    dlt-report table T1 --published "$ROOT/results/published.tsv" a b c d >t.tex
    grep -F '\label{tab:T1}' t.tex
    grep -F ' & dynamic & below conventional & 42.00 \ensuremath{\pm} 2.83 &' t.tex
    grep -F '1b & dynamic & 72.35 & 70.00 &' t.tex
    # Without --published nothing is known.
    dlt-report table T1 --format csv d >t.csv
    [ "$(column published_perplexity 1 t.csv)" = n/a ]
}

@test "the order of the files changes nothing" {
    two_seeds
    for what in "table T1" "figure F2" "figure F1 --format tsv" macros; do
        [ "$(dlt-report $what a b c | sha256sum)" = "$(dlt-report $what c b a | sha256sum)" ]
    done
}

@test "runs of the same dataset, method and seed are not taken for two" {
    two_seeds
    exact again dynamic 2 45.0 47 310.0
    run --separate-stderr -2 dlt-report table T1 -o t c a again b
    expect_error_line "dlt-report table" "'again' and 'b' are both of dataset wiki2, gpt2, method dynamic, seed 2; to show both, name them apart with dlt-train --labels method=NAME"
    dlt-report table --help | grep -F 'dlt-train --labels method=NAME'
    for id in T1 T2 T3 T4 T5 T6; do dlt-report table --help | grep -E "^  $id  [A-Z]"; done
    for id in F1 F2 F3 F4 F5; do dlt-report figure --help | grep -E "^  $id  [A-Z]"; done
    run --separate-stderr -2 dlt-report html -o t a a
    expect_error_line "dlt-report html" "run log 'a' is given twice"
    run --separate-stderr -2 dlt-report figure F2 -o t a - <a
    expect_error_line "dlt-report figure" "are both of"
    [ ! -e t ]
}

@test "what is read is neither replaced nor read twice" {
    two_seeds
    cp a kept
    run --separate-stderr -2 dlt-report table T1 -o a b ./a
    expect_error_line "dlt-report table" "cannot write 'a': it is read"
    run --separate-stderr -2 dlt-report compare -o a a b
    expect_error_line "dlt-report compare" "it is read"
    cmp a kept
    run --separate-stderr -2 dlt-report table T1 --published - - <a
    expect_error_line "dlt-report table" "only one input"
    run --separate-stderr -2 dlt-report compare - - <a
    expect_error_line "dlt-report compare" "only one input"
}

@test "names from outside are escaped in every format" {
    DATASET='<script>alert(1)</script>' exact a '_&%#${}~^|' 1 40.0 42 300.0
    dlt-report html -o p.html a
    [ "$(grep -c '<script' p.html)" -eq 1 ] # its own
    grep -F '&lt;script&gt;alert(1)&lt;/script&gt;' p.html
    dlt-report table T1 a >t.tex
    grep -F '\textless{}script\textgreater{}' t.tex
    grep -F '\_\&\%\#\$\{\}\textasciitilde{}\textasciicircum{}\textbar{}' t.tex
    dlt-report table T1 --format md a >t.md
    grep -F '&lt;script>' t.md
    for figure in F1 F2 F3 F4 F5; do
        dlt-report figure $figure a >f.svg
        python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' f.svg
        run -1 grep -c '<script' f.svg
    done
    dlt-report macros a | grep -F '\csname dlt:-script-alert-1---script-.' >/dev/null
}

@test "a name cannot reach gnuplot's commands" {
    DATASET="it's \`touch pwned\` @x" exact a "x'; system('touch pwned') #" 1 40.0 42 300.0
    for figure in F1 F2 F3 F4 F5; do dlt-report figure $figure a >/dev/null; done
    [ ! -e pwned ]
}

@test "figures are well-formed, the same each time, and of the format asked for" {
    two_seeds
    for figure in F1 F2 F3 F4 F5; do
        for format in svg pdf png tsv; do
            dlt-report figure $figure --format $format -o 1 a b c
            dlt-report figure $figure --format $format -o 2 a b c
            cmp 1 2
            case $format in
            svg) python3 -c 'import xml.dom.minidom as m; m.parse("1")' ;;
            pdf) [ "$(head -c 5 1)" = "%PDF-" ] ;;
            png) [ "$(head -c 4 1 | tail -c 3)" = "PNG" ] ;;
            tsv) [ "$(awk -F '\t' '{ print NF }' 1 | sort -u | wc -l)" -eq 1 ] ;;
            esac
        done
    done
}

@test "the data behind the figures" {
    exact a dynamic 1 40.0 42 300.0
    dlt-report figure F2 --format tsv a >f2
    [ "$(sed -n 2p f2)" = "$(printf 'wiki2\tgpt2\tdynamic\t1\t1\t52\tn/a\t54.598150033144236\t3\t3\t3000\t2\t1\t50')" ]
    [ "$(sed -n 3p f2)" = "$(printf 'wiki2\tgpt2\tdynamic\t1\t2\t42\t77\tn/a\t1\t1\t1000\t2\t0.5\tn/a')" ]
    dlt-report figure F1 --format tsv a >f1
    [ "$(tail -n 1 f1)" = "$(printf 'wiki2\tgpt2\tdynamic\t1\t2\t1\t0')" ] # 2 -> 1 -> 0
    dlt-report figure F3 --format tsv a >f3
    [ "$(cut -f 6 f3 | tr '\n' '|')" = "roots|0 1 2|0 0 0|" ]
    dlt-report figure F5 --format tsv a >f5
    [ "$(tail -n 1 f5)" = "$(printf 'wiki2\tgpt2\tdynamic\t1\t40\t42\t2000\t1000\t2.5')" ]
}

@test "a run that says little is drawn all the same" {
    made_up json >a <<END
{"kind":"header","format":"dlt","version":1,"content":"run","program":"dlt-train","config":{}}
{"kind":"start","layers":1,"map":[0]}
END
    for figure in F1 F2 F3 F4 F5; do dlt-report figure $figure a >/dev/null; done
    dlt-report table T1 --format csv a >t.csv
    [ "$(column dataset 1 t.csv)" = data ]
    [ "$(column perplexity_best 1 t.csv)" = n/a ]
    dlt-report macros a >/dev/null
    dlt-report html a >/dev/null
}

@test "many layers and episodes, eight runs, standard input" {
    made_up simulate --layers 48 --episodes 40 >big
    for dataset in wiki2 wiki103 lambada 1b; do
        for method in conventional dynamic; do
            made_up simulate --dataset $dataset --method $method >"$dataset.$method"
        done
    done
    for figure in F1 F2 F3 F4 F5; do
        dlt-report figure $figure big | python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin)'
        dlt-report figure $figure ./*.dynamic ./*.conventional |
            python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.stdin)'
    done
    dlt-report table T1 --format csv - <big | grep -F wiki2,dynamic,
}

@test "macros: keys, n/a for the unknown, sentences" {
    two_seeds
    dlt-report macros --published "$ROOT/results/published.tsv" a b c >m.tex
    value() { sed -n "s/^.expandafter.def.csname dlt:$1.endcsname{\(.*\)}\$/\1/p" m.tex; }
    [ "$(value wiki2.dynamic.perplexity-best)" = 42.00 ]
    [ "$(value wiki2.dynamic.perplexity-best.sd)" = 2.83 ]
    [ "$(value gpt2.wiki2.dynamic.runs)" = 2 ]
    [ "$(value wiki2.conventional.published.parameters-mean)" = 1.6B ]
    [ "$(value profile)" = hand ]
    [ "$(value runs)" = 3 ] && [ "$(value runs-covered)" = "3 runs" ]
    [[ "$(value setting.F5)" == "Profile hand; 3 runs; data: "*. ]]
    [ "$(value width)" = 16 ]
    [ "$(value layers)" = 3 ]
    [[ "$(value sentence.T1)" == *"% lower than the conventional"*"100\\%"* ]]
    command -v pdflatex >/dev/null || skip "no pdflatex: LaTeX was not run"
    dlt-report table T1 -o t.tex a b c
    printf '%s\n' '\documentclass{article}\usepackage{booktabs}\input{m}' '\begin{document}\dlt{runs}, \dlt{no.such}' \
        '\input{t}\end{document}' >d.tex
    pdflatex -halt-on-error -interaction=batchmode d.tex >/dev/null
}

@test "the page is complete in itself" {
    two_seeds
    dlt-report html --published "$ROOT/results/published.tsv" -o p.html a b c
    for id in T1 F1 F2 F3 F4 F5 runs; do grep -F "id=\"$id\"" p.html >/dev/null; done
    # Nothing is fetched: no address but names of XML, none in src or href but data: and #.
    run -1 grep -oE '(src|href)=["'"'"'](https?:)?//' p.html
    python3 - p.html <<'END'
import collections, html.parser, sys
class Check(html.parser.HTMLParser):
    stack, ids, void = [], collections.Counter(), {"meta", "br", "link", "input"}
    def handle_starttag(self, tag, attributes):
        self.ids.update(v for k, v in attributes if k == "id")
        for k, v in attributes:
            assert k not in ("src",) and not k.startswith("on"), (tag, k)
            assert not k.endswith("href") or v[0] == "#" or v.startswith("data:"), v
        if tag not in self.void:
            self.stack.append(tag)
    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.stack.pop()
    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, tag
check = Check()
check.feed(open(sys.argv[1], encoding="utf-8").read())
assert not check.stack, check.stack
assert max(check.ids.values()) == 1, check.ids.most_common(3)
END
    # The data behind a figure, as the page hands it out.
    sed -n 's/.*download="F2.tsv" href="data:text\/tab-separated-values;base64,\([^"]*\)".*/\1/p' p.html >handed_out
    same_output 'base64 -d handed_out' 'dlt-report figure F2 --format tsv a b c'
}

@test "compare: equal, different, and where" {
    exact a dynamic 1 40.0 42 300.0
    cp a same
    exact b dynamic 1 40.5 42 300.0
    run --separate-stderr -0 dlt-report compare a same
    [[ "$output" == *"results: equal, to the bit"*"configuration: the same"* ]]
    run --separate-stderr -1 dlt-report compare a b
    [ -z "$stderr" ]
    [[ "$output" == *"results: different"*"differs: record 11 of A, eval, episode 2, step 4: 'perplexity'"* ]]
    exact c conventional 1 40.0 42 300.0
    run --separate-stderr -1 dlt-report compare a c
    [[ "$output" == *"differs: record 0 of A, header: 'labels'"*"method "*"dynamic "*"conventional"* ]]
    # Volatile records do not count.
    made_up simulate --episodes 3 >d
    dlt-cat d | sed 's/"seconds":[0-9.]*/"seconds":99.5/' | made_up json >e
    run --separate-stderr -0 dlt-report compare d e
}

@test "compare: what cannot be told is not a difference" {
    exact a dynamic 1 40.0 42 300.0
    run --separate-stderr -2 dlt-report compare a no-such-file
    expect_error_line "dlt-report compare" "no-such-file"
    run --separate-stderr -2 dlt-report compare -o /dev/full a a
    expect_error_line "dlt-report compare" "/dev/full"
    head -c 300 a >cut
    run --separate-stderr -3 dlt-report compare a cut
    expect_error_line "dlt-report compare" "truncated"
    dlt-report compare --help | grep -F 'exits 0 if their results are equal, 1 if they differ, 2 or more on trouble'
}

@test "an incomplete run is refused, and salvaged where asked for" {
    made_up simulate --no-end >a
    run --separate-stderr -3 dlt-report table T1 --format csv a
    expect_error_line "dlt-report table" "cannot read run log 'a'"
    [ -z "$output" ]
    run --separate-stderr -0 dlt-report table T1 --format csv --salvage a
    head -c 20000 a >cut
    dlt-report table T1 --format csv --salvage cut >t.csv
    [ "$(column independent_final 1 t.csv)" != n/a ]
    [ "$(column perplexity_best 1 t.csv)" != n/a ]
    dlt-report figure F3 --salvage cut >/dev/null
}

@test "what is no run log gets one line and leaves nothing behind" {
    head -c 3000 /dev/urandom >garbage
    : >empty
    mkdir clean
    for file in garbage empty; do
        run --separate-stderr -3 dlt-report figure F2 -o clean/f.svg "$file"
        expect_error_line "dlt-report figure" "cannot read run log '$file'"
    done
    run --separate-stderr -1 dlt-report html -o clean/p.html no-such-file
    expect_error_line "dlt-report html" "no-such-file"
    [ -z "$(ls clean)" ]
}

@test "a file of ours of another kind is called what it is" {
    exact a dynamic 1 40.0 42 300.0
    made_up json >c <<<'{"kind":"header","format":"dlt","version":1,"content":"checkpoint","program":"x","config":{}}'
    run --separate-stderr -3 dlt-report table T1 a c
    [ "$stderr" = "dlt-report table: cannot read run log 'c': is a checkpoint, not a run log or a file of metrics" ]
    run --separate-stderr -3 dlt-report compare a c
    [ "$stderr" = "dlt-report compare: cannot read run log 'c': is a checkpoint, not a run log" ]
    made_up json >p <<<'{"kind":"header","format":"dlt","version":1,"content":"plan","program":"x","config":{}}'
    run --separate-stderr -3 dlt-report table T1 p
    expect_error_line "dlt-report table" "is 'plan', not a run log or a file of metrics"
}

@test "records that contradict themselves are refused" {
    refused() { # refused TEXT: a run of two layers with the record on standard input
        { printf '%s\n' '{"kind":"header","format":"dlt","version":1,"content":"run","program":"x","config":{}}' \
            '{"kind":"start","layers":2,"map":[0,0]}'; cat; } | made_up json >bad
        run --separate-stderr -3 dlt-report table T1 bad
        expect_error_line "dlt-report table" "$1"
    }
    refused "ties layer 1 to 2" <<<'{"kind":"visit","episode":1,"layer":1,"state":[0,2]}'
    refused "not a map of 2 layers" <<<'{"kind":"visit","episode":1,"layer":1,"state":[0]}'
    refused "episode is missing" <<<'{"kind":"visit","layer":1,"state":[0,0]}'
    refused "out of range" <<<'{"kind":"eval","episode":99999999999,"split":"test","perplexity":1.0}'
    local visit='"kind":"visit","visit":1,"episode":1,"state":[0,0]' number
    for number in 3 -1 4294967297 1099511627776 18446744073709551615 1.5 '"1"'; do
        refused "visit: its layer, or how many are independent, is out of range" <<<"{$visit,\"layer\":1,\"independent\":$number}"
        refused "out of range" <<<"{$visit,\"layer\":$number,\"independent\":1}"
    done
    refused "a second start" <<<'{"kind":"start","layers":2,"map":[0,0]}'
    printf '%s\n' '{"kind":"header","format":"dlt","version":1,"content":"run","program":"x","config":{}}' |
        made_up json >bad
    run --separate-stderr -3 dlt-report macros bad
    expect_error_line "dlt-report macros" "no start record"
}

@test "published numbers of another shape are refused" {
    exact a dynamic 1 40.0 42 300.0
    printf 'T1\t1b\n' >p.tsv
    run --separate-stderr -3 dlt-report table T1 --published p.tsv a
    expect_error_line "dlt-report table" "line 1: the names of the 7 columns should stand first: table, "
    { grep -v '^#' "$ROOT/results/published.tsv" | head -n 1; printf 'T1\t1b\n'; } >p.tsv
    run --separate-stderr -3 dlt-report table T1 --published p.tsv a
    expect_error_line "dlt-report table" "line 2: there should be 7 columns"
}

@test "without gnuplot: one line, and tables and data still work" {
    exact a dynamic 1 40.0 42 300.0
    tool="$(command -v dlt-report)"
    mkdir none
    run --separate-stderr -1 env PATH="$PWD/none" "$tool" figure F2 -o f.svg a
    expect_error_line "dlt-report figure" "gnuplot"
    [ ! -e f.svg ]
    PATH="$PWD/none" "$tool" figure F2 --format tsv -o f.tsv a
    # A gnuplot that fails is told from one that is not there.
    printf '#!/bin/sh\necho "no such terminal" >&2\nexit 1\n' >none/gnuplot
    chmod +x none/gnuplot
    run --separate-stderr -1 env PATH="$PWD/none" "$tool" figure F2 -o f.svg a
    expect_error_line "dlt-report figure" "gnuplot failed: no such terminal"
    printf '#!/bin/sh\nprintf "  line 0: warning: a wish\\n\\ngnuplot> x\\n   ^\\n line 7: no x\\n" >&2\nexit 1\n' >none/gnuplot
    run --separate-stderr -1 env PATH="$PWD/none" "$tool" figure F2 -o f.svg a
    expect_error_line "dlt-report figure" "gnuplot failed: line 7: no x"
}

@test "a full disk" {
    exact a dynamic 1 40.0 42 300.0
    for what in "table T1" "figure F2" macros html; do
        run --separate-stderr -1 dlt-report $what -o /dev/full a
        expect_error_line "dlt-report" "/dev/full"
    done
}
