# The house rules that a machine can check.
load helpers

# Which rooms a room may include, from the Makefile's own table.
allowed() {
    sed -n "s/^DEPENDS_$1 := *//p" "$ROOT/Makefile"
}

@test "every room includes only what it may use" {
    cd "$ROOT"
    bad=0
    for room in base record corpus text tying agent model train report; do
        for file in lib/"$room"/*.[ch]; do
            while read -r included; do
                case $included in
                lib/*) other=$(echo "$included" | cut -d / -f 2) ;;
                kernels/ops.h) other=cpu ;;
                kernels/*) other=none ;; # the rest of them is the kernels' own
                *) continue ;;
                esac
                if [ "$other" != "$room" ] && ! [[ " $(allowed $room) " == *" $other "* ]]; then
                    echo "$file includes $included"
                    bad=1
                fi
            done < <(sed -n 's/^#include "\(.*\)"$/\1/p' "$file")
        done
    done
    [ "$bad" -eq 0 ]
}

@test "kernels include only the operations table and lib/base" {
    cd "$ROOT"
    run grep -nE '^#include "(tools|lib/(record|corpus|text|tying|agent|model|train|report))' -r kernels
    [ "$status" -eq 1 ]
}

@test "nobody includes a tool" {
    cd "$ROOT"
    run grep -rn '^#include "tools/' lib kernels tools tests
    [ "$status" -eq 1 ]
}

@test "nothing but the front door exits or prints to standard output in the library" {
    cd "$ROOT"
    run grep -nE '\b(exit|abort|printf|puts|putchar) *\(' -r lib --include=*.c
    [ -z "$(printf '%s\n' "$output" | grep -v '^lib/base/program.c:' | grep -v '_exit(127)')" ] || { echo "$output"; false; }
}

# With the next version of an installed library token ids would be others. WordPiece asks for a warning.
@test "no installed library says which characters make a token" {
    cd "$ROOT"
    run -0 grep -rlE 'utf8proc|wctype|locale' lib/text
    [ "$output" = lib/text/wordpiece.c ]
    run -0 grep -c 'utf8proc_' lib/text/wordpiece.c
    [ "$output" -eq 1 ]
}

@test "files and folders that the README names are there" {
    cd "$ROOT"
    grep -oE '\]\([^)#]+\)' README.md | tr -d '()]' | grep -v '^http' | while read -r link; do
        [ -e "$link" ] || { echo "README.md links to $link"; return 1; }
    done
}

@test "make help lists every target that the README names" {
    make -s -C "$ROOT" help >help
    { echo paper; echo test; grep -oE '`make [a-z][a-z-]*`?' "$ROOT/README.md" | tr -d '`' | cut -d ' ' -f 2
        sed -nE 's/^make ([a-z][a-z-]*)( .*)?$/\1/p' "$ROOT/README.md"; } | sort -u >named
    [ "$(wc -l <named)" -gt 10 ]
    while read -r target; do
        grep -q "^  make $target  " help || { echo "make help does not list $target"; return 1; }
    done <named
}

@test "the README's picture is what its command draws" {
    [[ "$(gnuplot --version 2>&1)" == "gnuplot 5.4 "* ]] || skip "no gnuplot 5.4, which drew the picture"
    cp -r "$ROOT/results" .
    mkdir paper
    sh -ec "$(grep '^dlt-report.* -o paper/map-over-time.svg ' "$ROOT/README.md")"
    cmp paper/map-over-time.svg "$ROOT/paper/map-over-time.svg"
}

@test "the README's pipelines run as written" {
    # Blocks marked ```sh run are examples that must work in an empty folder, offline.
    awk '/^```sh run/ {on = 1; next} /^```/ {on = 0} on' "$ROOT/README.md" >examples.sh
    [ -s examples.sh ]
    run -0 bash -euo pipefail examples.sh
}
