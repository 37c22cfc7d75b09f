# Checks experiments.tsv and writes the runs of a profile as Make variables; with list=yes instead the
# list of experiments that dlt-report reads: a line per experiment and dataset of the profile.
#   awk -f table.awk -f experiments.awk -v known='DATASET...' -v wanted='DATASET...'
#       -v here='DATASET...' -v seeds='1' -v seeds_T1='1 2 3' ... [-v list=yes] experiments.tsv
# known: the datasets that there are; wanted: those of the profile; here: those of them that can be
# had. What the list says of one that is missing is the environment's variable MISSING_DATASET.
BEGIN {
    n = split(known, names, " ")
    for (i = 1; i <= n; i++) dataset_known[names[i]] = 1
    n = split(here, names, " ")
    for (i = 1; i <= n; i++) is_here[names[i]] = 1
    n_wanted = split(wanted, dataset_wanted, " ")
    table_seeds["T1"] = seeds_T1; table_seeds["T2"] = seeds_T2; table_seeds["T3"] = seeds_T3
    table_seeds["T4"] = seeds_T4; table_seeds["T5"] = seeds_T5; table_seeds["T6"] = seeds_T6
    PLACEHOLDER = "[{][^{}]*[}]"
    want["experiments.tsv"] = "name tables arch dataset method title policy options"
}
{
    if ($3 != "gpt2" && $3 != "bert") fail("unknown arch '" $3 "'")
    if ($4 != "*" && !($4 in dataset_known)) fail("unknown dataset '" $4 "'")
    check_tables($2)
    if ($5 !~ /^[a-z0-9][a-z0-9.-]*$/) fail("'" $5 "' is no method: small letters, digits, '.' and '-'")
    if ($6 == "" || $6 == "-") fail("'" $1 "' has no title")
    if ($7 !~ /^(qlearn|random|greedy|round-robin|fixed:[^ ]+|map:[^ ]+)( --[a-z].*)?$/)
        fail("unknown policy '" $7 "'")
    if ($8 != "-" && $8 !~ /^--[a-z]/) fail("the options '" $8 "' begin with no option")
    if (($7 " " $8) ~ /['"`$\\#]/) fail("'" $1 "' has a quote or another character of the shell's")
    order[++n_experiments] = $1
    line_of[$1] = FNR
    arch[$1] = $3; dataset[$1] = $4; method[$1] = $5; title[$1] = $6; policy[$1] = $7; tables[$1] = $2
    options[$1] = $8 == "-" ? "" : $8
}
END {
    if (failed) exit 2
    for (e = 1; e <= n_experiments; e++) check_needs(order[e])
    for (e = 1; e <= n_experiments; e++) check_cycle(order[e], order[e], "")
    if (list) print "tables\tarch\tdataset\tmethod\ttitle\tseeds\tmissing"
    for (e = 1; e <= n_experiments; e++)
        for (i = 1; i <= n_wanted; i++)
            if (dataset[order[e]] == "*" || dataset[order[e]] == dataset_wanted[i])
                expand(order[e], dataset_wanted[i])
    for (i = 1; i <= n_needs; i++) {
        split(needed[i], need, " ")
        if (!(need[2] in is_run)) fail_at(need[1], need[2] ", whose outcome it needs, is no run of this profile")
    }
}

# A table is an id, or ID:DATASET for a row that the table shows of that dataset alone.
function check_tables(list_of, n, i, t) {
    n = split(list_of, t, ",")
    for (i = 1; i <= n; i++) {
        if (t[i] ~ /^[^:]*:/ && !(substr(t[i], index(t[i], ":") + 1) in dataset_known))
            fail("unknown dataset in '" t[i] "'")
        sub(/:.*/, "", t[i])
        if (t[i] !~ /^(T[1-6]|F[1-5])$/) fail("unknown table '" t[i] "'")
    }
}

# The experiments whose outcomes {NAME.map}, {NAME.independent} or {NAME.stored} stand for.
function check_needs(e, text, place, name, field) {
    text = policy[e] " " options[e]
    while (match(text, PLACEHOLDER)) {
        place = substr(text, RSTART + 1, RLENGTH - 2)
        text = substr(text, RSTART + RLENGTH)
        name = field = place
        sub(/\.[^.]*$/, "", name)
        sub(/^.*\./, "", field)
        if (place == "layers.half") continue
        if (field !~ /^(map|independent|stored)$/) fail_at(e, "unknown placeholder '{" place "}'")
        if (!(name in arch)) fail_at(e, "'{" place "}' names no experiment")
        if (dataset[name] != "*" && dataset[name] != dataset[e]) fail_at(e, "'{" place "}' is of another dataset")
        if (!((e, name) in is_need)) needs[e] = needs[e] " " name
        is_need[e, name] = 1
    }
    if (text ~ /[{}]/) fail_at(e, "a brace without its other")
}

function check_cycle(e, at, path, n, i, names) {
    n = split(needs[at], names, " ")
    for (i = 1; i <= n; i++) {
        if (names[i] == e) fail_at(e, "it needs its own outcome:" path " " at " " e)
        if (index(path " ", " " names[i] " ") == 0) check_cycle(e, names[i], path " " at)
    }
}

# One experiment on one dataset: its tables there, its seeds (all that these ask for), its runs.
function expand(e, d, n, i, t, shown, all, missing, seed) {
    n = split(tables[e], t, ",")
    for (i = 1; i <= n; i++) {
        if (index(t[i], ":") && substr(t[i], index(t[i], ":") + 1) != d) continue
        sub(/:.*/, "", t[i])
        shown = shown (shown ? "," : "") t[i]
        if (t[i] ~ /^T/) all = all " " (table_seeds[t[i]] ? table_seeds[t[i]] : seeds)
    }
    if (!shown) return
    if ((arch[e], d, method[e]) in has_method)
        fail_at(e, "its method is that of '" has_method[arch[e], d, method[e]] "', on " d ": reports would mix their runs")
    has_method[arch[e], d, method[e]] = e
    all = sorted_seeds(all ? all : seeds)
    missing = ENVIRON["MISSING_" d] == "" ? "-" : ENVIRON["MISSING_" d]
    n = split(all, seed, " ")
    gsub(/ /, ",", all)
    if (list) print shown "\t" arch[e] "\t" d "\t" method[e] "\t" title[e] "\t" all "\t" missing
    if (d in is_here) for (i = 1; i <= n; i++) run_variables(e, d, seed[i], shown)
}

function sorted_seeds(all, n, i, j, seed, kept, text) {
    n = split(all, seed, " ")
    for (i = 1; i <= n; i++) {
        if (seed[i] !~ /^[0-9]+$/) fail_at(order[1], "'" seed[i] "' is no seed")
        for (j = i; j > 1 && kept[j - 1] + 0 > seed[i] + 0; j--) kept[j] = kept[j - 1]
        kept[j] = seed[i]
    }
    for (i = 1; i <= n; i++) if (i == 1 || kept[i] != kept[i - 1]) text = text (text ? " " : "") kept[i]
    return text
}

function run_variables(e, d, s, shown, run, i, n, t, names) {
    run = e "-" d "-s" s
    if (run in is_run) fail_at(e, "two runs are called " run)
    is_run[run] = 1
    variable("RUNS += " run)
    if (!(e in has_first)) variable("FIRST_RUNS += " run)
    has_first[e] = 1
    variable("RUN_ARCH_" run " := " arch[e])
    variable("RUN_DATASET_" run " := " d)
    variable("RUN_METHOD_" run " := " method[e])
    variable("RUN_SEED_" run " := " s)
    variable("RUN_POLICY_" run " := " policy[e])
    variable("RUN_OPTIONS_" run " := " options[e])
    n = split(needs[e], names, " ")
    for (i = 1; i <= n; i++) {
        variable("RUN_NEEDS_" run " += " names[i] "-" d "-s" s)
        needed[++n_needs] = e " " names[i] "-" d "-s" s
    }
    n = split(shown, t, ",")
    for (i = 1; i <= n; i++) variable("RUNS_" t[i] " += " run)
}

function variable(line) { if (!list) print line }

function fail_at(e, why) {
    print "dlt: experiments.tsv:" line_of[e] ": " e ": " why > "/dev/stderr"
    exit 2
}
