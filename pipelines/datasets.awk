# The profile's datasets as Make variables; of one that cannot be had, why: MISSING_NAME.
#   awk -f table.awk -f datasets.awk -v source=corpus|data -v datasets='wiki2 ...' -v folder=DLT_DATA
#       datasets.tsv
BEGIN {
    n_wanted = split(datasets, wanted, " ")
    want["datasets.tsv"] = "name title style language prepare files sample"
}
{
    title[$1] = $2; style[$1] = $3; language[$1] = $4; prepare[$1] = $5; files[$1] = $6
    sample[$1] = $7
    if ($3 != "-" && $3 !~ /^(wiki|stories|passages|news)(:(wiki|stories|passages|news))?$/)
        fail("unknown style '" $3 "'")
}
END {
    if (failed) exit 2
    for (d in title) print "DATASETS_KNOWN += " d
    for (i = 1; i <= n_wanted; i++) dataset_variables(wanted[i])
}
function dataset_variables(d, n, i, part, parts, names, sums, styles) {
    if (!(d in title)) {
        print "dlt: the profile names an unknown dataset, '" d "'" > "/dev/stderr"
        exit 2
    }
    if (source == "corpus") {
        if (style[d] == "-") { left_out(d, "it has no generated stand-in"); return }
        n = split(style[d], styles, ":")
        print "STYLE_train_" d " := " styles[1]
        print "STYLE_valid_" d " := " styles[n]
        print "STYLE_test_" d " := " styles[n]
        print "LANGUAGE_" d " := " language[d]
        print "SPLITS_" d " := train valid test"
    } else {
        if (folder == "") { left_out(d, "DLT_DATA names no folder with the data"); return }
        n = split(files[d], parts, ",")
        for (i = 1; i <= n; i++) {
            split(parts[i], part, "=")
            if (!readable(folder "/" part[1])) { left_out(d, folder "/" part[1] " is not there"); return }
            names = names " " part[1]
            if (part[2] != "-") sums = sums part[2] "  " part[1] "\\n"
        }
        print "PREPARE_" d " := " prepare[d]
        print "FILES_" d " :=" names
        print "SUMS_" d " := " sums
        print "SPLITS_" d " := train" (prepare[d] ~ /^(wikitext|shakespeare)$/ ? " valid" : "") " test"
    }
    print "TITLE_" d " := " title[d]
    print "SAMPLE_" d " := " (source == "corpus" ? "generated text in its style" : (sample[d] == "-" ? "" : sample[d]))
    print "DATASETS_HERE += " d
}
function readable(path, line, status) {
    status = (getline line < path)
    close(path)
    return status >= 0
}
function left_out(d, why) {
    print "dlt: dataset " d " is left out of this profile: " why > "/dev/stderr"
    print "MISSING_" d " := " why
}
