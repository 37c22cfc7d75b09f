# The profile's datasets as Make variables; of one that cannot be had, why: MISSING_NAME.
#   awk -f table.awk -f datasets.awk -v source=corpus|data|sample -v datasets='wiki2 ...'
#       -v profile=NAME -v vocabulary=SIZE|NAME -v dry=yes -v unsaid='wiki2 ...'
#       files.tsv vocabularies.tsv datasets.tsv
# Files are looked for in the environment's DLT_DATA and DLT_DOWNLOADS.
# With dry, what `make fetch` would try to get counts as there, and nothing is said of what is not.
# Nothing is said of the datasets in unsaid either.
BEGIN {
    folder = ENVIRON["DLT_DATA"]; downloads = ENVIRON["DLT_DOWNLOADS"]
    n_wanted = split(datasets, wanted, " ")
    unsaid = " " unsaid " "
    want["files.tsv"] = "file bytes hash from"
    name_like["files.tsv"] = "^[a-z0-9][A-Za-z0-9._-]*(/[a-z0-9][A-Za-z0-9._-]*)+$"
    want["vocabularies.tsv"] = "name file options"
    want["datasets.tsv"] = "name title style language prepare files sample sample-text"
}
file == "files.tsv" {
    bytes[$1] = $2; hash[$1] = $3; from[$1] = $4
    if ($2 != "-" && $2 !~ /^[0-9]+$/) fail("'" $2 "' is no size")
    if ($3 !~ /^[0-9a-f]+$/ || (length($3) != 64 && length($3) != 40)) fail("'" $3 "' is no SHA-256 and no SHA-1")
    check_home($4)
}
file == "vocabularies.tsv" {
    vocabulary_file[$1] = $2; vocabulary_options[$1] = $3
    check_files($2)
}
file == "datasets.tsv" {
    title[$1] = $2; style[$1] = $3; language[$1] = $4; rule[$1] = $5; files[$1] = $6
    sample[$1] = $7; sample_text[$1] = $8
    if ($3 != "-" && $3 !~ /^(wiki|stories|passages|news)(:(wiki|stories|passages|news))?$/)
        fail("unknown style '" $3 "'")
    check_files($6)
    if (($7 == "-") != ($8 == "-") || ($7 != "-" && $7 !~ /=/)) fail("'" $7 "' and '" $8 "' are no sample")
    if ($8 ~ /[,='"`$#\\]/) fail("'" $8 "' has a character that a label cannot hold")
    if ($7 != "-") check_files(substr($7, index($7, "=") + 1))
}
END {
    if (failed) exit 2
    if (source !~ /^(corpus|data|sample)$/) mistake("an unknown source, '" source "'")
    for (d in title) print "DATASETS_KNOWN += " d
    vocabulary_variables()
    for (i = 1; i <= n_wanted; i++) dataset_variables(wanted[i])
}
function vocabulary_variables() {
    if (vocabulary ~ /^[0-9]+$/) return
    if (!(vocabulary in vocabulary_file)) mistake("an unknown vocabulary, '" vocabulary "'")
    to_fetch(vocabulary_file[vocabulary])
    no_vocabulary = absent(vocabulary_file[vocabulary])
    print "VOCABULARY_FILE := " located(vocabulary_file[vocabulary])
    print "VOCABULARY_HASH := " hash[vocabulary_file[vocabulary]]
    print "VOCABULARY_OPTIONS := " (vocabulary_options[vocabulary] == "-" ? "" : vocabulary_options[vocabulary])
}
function dataset_variables(d, what) {
    if (!(d in title)) mistake("an unknown dataset, '" d "'")
    what = source == "corpus" ? corpus_variables(d) : text_variables(d)
    if (what == "") return
    print "TITLE_" d " := " title[d]
    print "SAMPLE_" d " := " (what == "all" ? "" : what)
    print "DATASETS_HERE += " d
}
# Both say what the text is: "all" of the dataset, or else what; "" if it cannot be had.
function corpus_variables(d, n, styles) {
    if (style[d] == "-") return left_out(d, "it has no generated stand-in")
    if (no_vocabulary) return left_out(d, no_vocabulary)
    n = split(style[d], styles, ":")
    print "STYLE_train_" d " := " styles[1]
    print "STYLE_valid_" d " := " styles[n]
    print "STYLE_test_" d " := " styles[n]
    print "LANGUAGE_" d " := " language[d]
    print "SPLITS_" d " := train valid test"
    if (styles[n] == "passages") print "PASSAGES_" d " := passages"
    return "generated text in its style"
}
function text_variables(d, part, sampled, lacks, sample_lacks) {
    split(sample[d], part, "=")
    sampled = source == "sample" && sample[d] != "-"
    to_fetch(sampled ? part[2] : files[d])
    if (no_vocabulary) return left_out(d, no_vocabulary)
    sample_lacks = sample[d] == "-" ? "there is none" : absent(part[2])
    lacks = sampled ? sample_lacks : absent(files[d])
    if (lacks && sample_lacks) return left_out(d, lacks)
    if (sampled || lacks) return chosen(d, part[1], part[2], sample_text[d])
    return chosen(d, rule[d], files[d], "all")
}
function chosen(d, how, list, what, n, part, i) {
    print "PREPARE_" d " := " how
    n = split(list, part, ",")
    for (i = 1; i <= n; i++) {
        print "FILES_" d " += " located(part[i])
        print "HASHES_" d " += " hash[part[i]]
        print "CHECKS_" d " += " hash[part[i]] " " located(part[i])
    }
    print "SPLITS_" d " := train" (how ~ /-sample$/ ? "" : " valid") " test"
    if (how ~ /^(novels|passages-sample)$/) print "PASSAGES_" d " := passages"
    return what
}
# Of a list of files: the first one that is not there, and why; "" if all are.
function absent(list, n, part, i, f, reason) {
    n = split(list, part, ",")
    for (i = 1; i <= n; i++) {
        f = part[i]
        if (place(f) != "" || (dry && from[f] != "-")) continue
        if (f in wrong) return wrong[f]
        if (from[f] == "-") return f " is not in DLT_DATA"
        if ((getline reason < (downloads "/" f ".failed")) > 0) return f " cannot be fetched: " reason
        return f " is not there; make fetch" (profile == "" ? "" : " PROFILE=" profile) " gets it"
    }
    return ""
}
function to_fetch(list, n, part, i) {
    n = split(list, part, ",")
    for (i = 1; i <= n; i++)
        if (place(part[i]) == "" && !(part[i] in wrong) && !fetched[part[i]]++) print "FETCH += " part[i]
}
# The file's place, or the one that it would be fetched to, as a word for the shell that Make reads.
function located(f, word) {
    word = quoted(place(f) != "" ? place(f) : downloads "/" f)
    gsub(/\$/, "$$", word)
    gsub(/#/, "$(hash)", word)
    return word
}
# Where a file is, or "". One of another size than the table's counts as not there.
function place(f) {
    if (!(f in places)) {
        places[f] = folder == "" ? "" : right_size(f, folder "/" f)
        if (places[f] == "" && !(f in wrong)) places[f] = right_size(f, downloads "/" f)
    }
    return places[f]
}
function right_size(f, path, command, size) {
    command = "stat -L -c %s " quoted(path) " 2>/dev/null"
    command | getline size
    close(command)
    if (size == "") return ""
    if (bytes[f] == "-" || size == bytes[f]) return path
    wrong[f] = path " has " size " bytes, not " bytes[f]
    return ""
}
function quoted(text) {
    gsub(/'/, "'\\''", text)
    return "'" text "'"
}
# The reason goes through Make and the shell: what these would read as theirs is taken out.
function left_out(d, why) {
    gsub(/[$#'`\\]/, "", why)
    if (!index(unsaid, " " d " ")) print "dlt: dataset " d " is left out of this profile: " why > "/dev/stderr"
    print "MISSING_" d " := " why
    return ""
}
function check_files(list, n, part, i) {
    n = split(list, part, ",")
    for (i = 1; i <= n; i++) if (!(part[i] in hash)) fail("'" part[i] "' is no file of files.tsv")
}
function check_home(home, n, part, i) {
    if (home == "-") return
    if (home ~ /!/) {
        if (!(substr(home, 1, index(home, "!") - 1) in hash)) fail("the archive of '" $1 "' is no line above")
        return
    }
    n = split(home, part, " ")
    for (i = 1; i <= n; i++)
        if (part[i] !~ /^(https|file):\/\//) fail("'" part[i] "' is neither https:// nor file://")
}
function mistake(why) {
    print "dlt: the profile names " why > "/dev/stderr"
    exit 2
}
