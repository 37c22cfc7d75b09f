# Reads the tables of pipelines/: comments and empty lines are passed over, the first line names the
# columns, the first column is a unique name. Any mistake is one line on standard error, and exit 2.
# Used with the file that knows the columns: awk -f table.awk -f datasets.awk ... datasets.tsv
# which sets want[FILE] to the names of its columns, and name_like[FILE] where names are not plain words.
BEGIN { FS = "\t" }
FNR == 1 {
    file = FILENAME
    sub(/.*\//, "", file)
    header = 0
}
/^#/ || /^[ \t]*$/ { next }
!header {
    header = 1
    line = $1
    for (i = 2; i <= NF; i++) line = line " " $i
    if (line != want[file]) fail("the columns are '" line "', not '" want[file] "'")
    columns = NF
    next
}
NF != columns { fail(NF " columns, not " columns) }
!(file in name_like) && $1 !~ /^[a-z0-9][a-z0-9.-]*$/ {
    fail("'" $1 "' is no name: small letters, digits, '.' and '-'")
}
file in name_like && $1 !~ name_like[file] { fail("'" $1 "' is no name of a file in a folder") }
seen[file, $1]++ { fail("'" $1 "' stands there twice") }
function fail(why) {
    print "dlt: " file ":" FNR ": " why > "/dev/stderr"
    failed = 1
    exit 2
}
