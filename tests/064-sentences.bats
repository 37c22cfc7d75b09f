# dlt-report macros: what the paper says of the runs as a whole, for any set of runs.
load helpers

made_up() { python3 "$ROOT/tests/report/make_run.py" "$@"; }

macro() { sed -n "s/^.expandafter.def.csname dlt:$1.endcsname{\(.*\)}\$/\1/p" "$2"; }

# changed FILE SED: the run with its records changed.
changed() { dlt-cat "$1" | grep -v '^{"kind":"end"' | sed "$2" | made_up json; }

# experiments LINE...: a list of them, blanks between the fields.
experiments() {
    printf 'tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing\n'
    printf '%s\n' "$@" | tr ' ' '\t'
}

@test "sizes: one sentence where the architectures agree, else one for each" {
    made_up simulate --episodes 2 | dlt-cat | sed 's/"lr":/"dropout":0.1,&/' | grep -v '"end"' | made_up json >gpt2
    changed gpt2 's/"arch":"gpt2"/"arch":"bert"/g' >bert
    dlt-report macros gpt2 bert >m
    [ "$(macro sentence.sizes m)" = "Networks have 6 layers of width 64 with 4 heads, a context of 64 tokens and dropout 0.1; a step is a batch of 16 at a learning rate of 0.001, an action is followed by k = 4 steps, and training lasts 2 episodes." ]
    changed bert 's/"width":64/"width":32/' >narrow
    dlt-report macros gpt2 narrow >m
    [[ "$(macro sentence.sizes m)" == "GPT-2 networks have 6 layers of width 64 "*". BERT networks have 6 layers of width 32 "* ]]
    changed gpt2 's/"steps-per-action":4/"steps-per-action":1/; s/"episodes":2,/"episodes":1,/' >once
    dlt-report macros once >m
    [[ "$(macro sentence.sizes m)" == *" followed by k = 1 step, and training lasts 1 episode." ]]
    # A variant of another size is not what the sentence is about; without a dynamic run it is.
    changed gpt2 's/"method":"dynamic"/"method":"shallow"/; /"kind":"header"/s/"layers":6/"layers":2/' >shallow
    dlt-report macros gpt2 shallow >m
    [[ "$(macro sentence.sizes m)" == "Networks have 6 layers "* ]]
    dlt-report macros shallow >m
    [[ "$(macro sentence.sizes m)" == "Networks have 2 layers "* ]]
    # Seeds that differ, and the published size.
    changed gpt2 's/"seed":"1"/"seed":"2"/; s/"width":64/"width":1600/' >wide
    dlt-report macros gpt2 wide >m
    [[ "$(macro sentence.sizes m)" == "Networks have 6 layers of width various "* ]]
    [ -z "$(macro sentence.other-size m)" ]
    changed wide 's/"config":{"arch":"gpt2","layers":6/"config":{"arch":"gpt2","layers":48/' >published
    dlt-report macros published >m
    [ -z "$(macro sentence.other-size m)" ]
    dlt-report macros gpt2 >m
    [[ "$(macro sentence.other-size m)" == "What holds for 6 layers of width 64 need not hold for the published size"* ]]
}

@test "how dynamic networks end is told by architecture, masked ones among them" {
    made_up simulate --episodes 20 --layers 12 >a
    made_up simulate --episodes 20 --layers 3 --arch bert >b
    dlt-report macros a b >m
    independent() { dlt-cat --kind final "$1" | jq .independent; }
    [[ "$(macro sentence.F2 m)" == "The dynamic GPT-2 networks end with $(independent a) of 12 layers independent"*". The dynamic BERT networks end with $(independent b) of 3 layers independent"* ]]
    changed b 's/"method":"dynamic"/"method":"mlm-dynamic"/' >masked
    dlt-report macros a masked >m
    [[ "$(macro sentence.F2 m)" == *" BERT networks end with $(independent b) of 3 layers independent"* ]]
    changed a 's/"changed":true/"changed":false/' >still
    dlt-report macros still >m
    [[ "$(macro sentence.F2 m)" == *" their maps hardly change any more." ]]
    # Those that the list has for the figure.
    experiments 'F2 gpt2 wiki2 dynamic Dynamic 1 -' 'T2 bert wiki2 dynamic Dynamic 1 -' >list
    dlt-report macros --experiments list a b >m
    [[ "$(macro sentence.F2 m)" == "The dynamic networks end with $(independent a) of 12 "* ]]
}

@test "how many runs, and how long: of the list, in words" {
    made_up simulate --episodes 2 >dynamic
    made_up simulate --episodes 2 --method conventional >conventional
    made_up simulate --episodes 2 --method other >other
    covered() { dlt-report macros "$@" >m && macro runs-covered m; }
    experiments 'T1 gpt2 wiki2 dynamic Dynamic 1 -' 'T1 gpt2 wiki2 conventional Conventional 1,2 -' >list
    [ "$(covered --experiments list dynamic conventional other)" = "2 of the 3 runs" ]
    [ "$(macro runs m)" = 2 ]
    time=$(macro time m)
    [ "$(covered dynamic conventional other)" = "3 runs" ]
    [ "$time" != "$(macro time m)" ]
    experiments 'T1 gpt2 wiki2 dynamic Dynamic 1 -' >one
    [ "$(covered --experiments one dynamic other)" = "the one run" ]
    [ "$(covered dynamic)" = "1 run" ]
    experiments 'T1 gpt2 wiki2 dynamic Dynamic 1 -' 'T1 gpt2 wiki2 conventional Conventional 1 -' >two
    [ "$(covered --experiments two dynamic conventional)" = "all 2 runs" ]
    # A list that has none of the runs is another's.
    experiments 'T1 gpt2 wiki2 neither Neither 1 -' >foreign
    [ "$(covered --experiments foreign dynamic conventional other)" = "3 runs" ]
    # Times that nobody tells take no words.
    covered --untimed dynamic
    [ -z "$(macro time m)" ]
    [ "$(macro hours m)" = n/a ]
    changed dynamic '/"kind":"timing"/s/"seconds":[0-9.e+-]*/"seconds":1.0/' >short
    covered short
    [ "$(macro time m)" = ", 1 second of training in all" ]
}

@test "rewards that were clipped: of the datasets that have them" {
    made_up simulate --episodes 2 >a
    made_up simulate --episodes 2 --dataset lambada >b
    dlt-report macros a b >m
    [[ "$(macro sentence.rewards m)" == "Of the rewards of the dynamic GPT-2 runs, "*"\\% were clipped on lambada, "*"\\% on wiki2." ||
       "$(macro sentence.rewards m)" == "Of the rewards of the dynamic GPT-2 runs, "*"\\% were clipped on wiki2, "*"\\% on lambada." ]]
    changed a 's/--policy qlearn/& --reward constant/' >constant
    dlt-report macros constant >m
    [ -z "$(macro sentence.rewards m)" ]
}

@test "the true entropy is of what is predicted, the ends of blocks among it" {
    made_up simulate --episodes 2 >a
    # 1.5 bits of each of 4000 bytes, over 1000 predictions, 900 of which stand in the text
    changed a 's/"labels":{/&"floor_bits_per_byte":"1.5",/; /"kind":"eval"/{ s/"text_[a-z]*":[0-9.e+]*,*//g; s/"tokens":[0-9]*/"tokens":1000,"text_tokens":900,"text_bytes":4000/; }' >b
    dlt-report macros b >m
    [ "$(macro wiki2.dynamic.floor m)" = 64.00 ]
}

@test "published numbers go before words; measured zeros stand on the page" {
    made_up simulate --episodes 2 --method conventional --dataset 1b >a
    dlt-report macros --published "$ROOT/results/published.tsv" a >m
    [ "$(macro 1b.conventional.published.perplexity-best m)" = 88.35 ]
    made_up json >zero <<'END'
{"kind":"header","format":"dlt","version":1,"content":"metrics","program":"dlt-eval lastword","labels":{"dataset":"1b","arch":"gpt2","method":"conventional","seed":"1"}}
{"kind":"metric","task":"lastword","accuracy":0.0,"correct":0,"passages":7}
END
    dlt-report html a zero >page
    grep -xF '  accuracy = 0' page
    grep -xF '  correct = 0' page
}

@test "F4 shows and counts the networks that the list has for it" {
    made_up simulate --episodes 2 >run
    for method in dynamic other; do
        made_up json >m-$method <<END
{"kind":"header","format":"dlt","version":1,"content":"metrics","program":"dlt-eval similarity","labels":{"dataset":"wiki2","arch":"gpt2","method":"$method","seed":"1"}}
{"kind":"metric","task":"similarity","part":"attention","layer":0,"other":1,"cosine":0.5}
{"kind":"metric","task":"head-similarity","head":0,"other":0,"pairs":1,"cosine":0.5}
{"kind":"metric","task":"head-similarity","head":0,"other":1,"pairs":1,"cosine":0.25}
END
    done
    experiments 'F4 gpt2 wiki2 dynamic Dynamic 1 -' 'T1 gpt2 wiki2 other Other 1 -' >list
    [ "$(dlt-report figure F4 --format tsv --experiments list run m-* | cut -f 3 | sort -u | tr '\n' ' ')" = "dynamic method " ]
    dlt-report macros --experiments list run m-* >m
    [[ "$(macro sentence.F4 m)" == *"in 1 of 1 network." ]]
    dlt-report macros run m-* >m
    [[ "$(macro sentence.F4 m)" == *"in 2 of 2 networks." ]]
}
