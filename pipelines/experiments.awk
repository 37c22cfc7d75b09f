# Checks experiments.tsv and writes the runs of a profile as Make variables.
#   awk -f table.awk -f experiments.awk -v known='DATASET...' -v here='DATASET...' -v seeds='1 2'
#       experiments.tsv
# known: the datasets that there are; here: those of the profile that can be had.
BEGIN {
    n = split(known, names, " ")
    for (i = 1; i <= n; i++) dataset_known[names[i]] = 1
    n_here = split(here, dataset_here, " ")
    n_seeds = split(seeds, seed, " ")
    want["experiments.tsv"] = "name tables arch dataset method policy options"
}
{
    if ($3 != "gpt2" && $3 != "bert") fail("unknown arch '" $3 "'")
    if ($4 != "*" && !($4 in dataset_known)) fail("unknown dataset '" $4 "'")
    n = split($2, t, ",")
    for (i = 1; i <= n; i++) if (t[i] !~ /^(T[1-6]|F[1-5])$/) fail("unknown table '" t[i] "'")
    order[++n_experiments] = $1
    arch[$1] = $3; dataset[$1] = $4; method[$1] = $5; policy[$1] = $6; tables[$1] = $2
    options[$1] = $7 == "-" ? "" : $7
}
END {
    if (failed) exit 2
    for (e = 1; e <= n_experiments; e++)
        for (i = 1; i <= n_here; i++)
            if (dataset[order[e]] == "*" || dataset[order[e]] == dataset_here[i])
                for (s = 1; s <= n_seeds; s++) run_variables(order[e], dataset_here[i], seed[s])
}
function run_variables(e, d, s, run, i, n, t) {
    run = e "-" d "-s" s
    print "RUNS += " run
    print "RUN_ARCH_" run " := " arch[e]
    print "RUN_DATASET_" run " := " d
    print "RUN_METHOD_" run " := " method[e]
    print "RUN_SEED_" run " := " s
    print "RUN_POLICY_" run " := " policy[e]
    print "RUN_OPTIONS_" run " := " options[e]
    n = split(tables[e], t, ",")
    for (i = 1; i <= n; i++) print "RUNS_" t[i] " += " run
}
