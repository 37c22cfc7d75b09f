# Where real texts come from: downloads from a home with TLS, archives, the choice of files, and the
# text that is made of them.
load helpers

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    mkdir home
    seq 20000 >home/numbers.txt # 108,894 bytes
    for tool in curl openssl unzip; do
        command -v $tool >/dev/null || { echo "no $tool" >no_server; return; }
    done
    python3 -c 'import ssl, http.server' 2>/dev/null || { echo "no Python with ssl" >no_server; return; }
    key='ec -pkeyopt ec_paramgen_curve:prime256v1'
    openssl req -x509 -newkey $key -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=test CA' 2>/dev/null
    openssl req -newkey $key -nodes -keyout key.pem -out request.pem -subj '/CN=127.0.0.1' 2>/dev/null
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out cert.pem \
        -extfile <(echo subjectAltName=IP:127.0.0.1) 2>/dev/null
    python3 "$BATS_TEST_DIRNAME/https_server.py" home cert.pem key.pem port log 3>&- >server.log 2>&1 &
    echo $! >server.pid
    serves_or_ended() { [ -s port ] || ! kill -0 "$(cat server.pid)" 2>/dev/null; }
    wait_until serves_or_ended && [ -s port ] || { cat server.log; return 1; }
}

teardown_file() {
    if [ -e "$BATS_FILE_TMPDIR/server.pid" ]; then kill "$(cat "$BATS_FILE_TMPDIR/server.pid")"; fi
}

# The server's address, empty log, and no data but what the test puts there.
server() {
    if [ -e "$BATS_FILE_TMPDIR/no_server" ]; then skip "$(cat "$BATS_FILE_TMPDIR/no_server")"; fi
    home="https://127.0.0.1:$(cat "$BATS_FILE_TMPDIR/port")"
    files="$BATS_FILE_TMPDIR/home"
    log="$BATS_FILE_TMPDIR/log"
    : >"$log"
    printf 'file\tbytes\thash\tfrom\n' >files.tsv
    unset DLT_DATA
    export CURL_CA_BUNDLE="$BATS_FILE_TMPDIR/ca.pem"
}
sum() { sha256sum <"$1" | cut -d ' ' -f 1; }
line() { # FILE BYTES HASH FROM
    printf '%s\t%s\t%s\t%s\n' "$@" >>files.tsv
}
numbers() { # FILE FROM: a line of the table for numbers.txt
    line "$1" 108894 "$(sum "$files/numbers.txt")" "$2"
}
fetch() { DLT_DOWNLOADS=downloads "$ROOT/pipelines/fetch" files.tsv "$@"; }

@test "fetch: a good download; the second time nothing is asked for" {
    server
    numbers d/n.txt "$home/plain/numbers.txt"
    run --separate-stderr -0 fetch d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
    [[ "$stderr" == *"d/n.txt, 109KB, from $home"* ]]
    [ "$(ls downloads/d)" = n.txt ]
    run --separate-stderr -0 fetch d/n.txt
    [ -z "$stderr" ]
    [ "$(wc -l <"$log")" -eq 1 ]
}

@test "fetch: what DLT_DATA has is not downloaded" {
    server
    numbers d/n.txt "$home/plain/numbers.txt"
    mkdir -p data/d && cp "$files/numbers.txt" data/d/n.txt
    DLT_DATA=data run -0 fetch d/n.txt
    [ ! -s "$log" ] && [ ! -e downloads/d/n.txt ]
}

@test "fetch: a wrong hash or size is said with both values, kept out, and stops nothing else" {
    server
    wrong=$(echo | sha256sum | cut -c 1-64)
    line d/wrong.txt 108894 "$wrong" "$home/plain/numbers.txt"
    line d/short.txt 100 "$wrong" "$home/plain/numbers.txt"
    line d/long.txt 200000 "$wrong" "$home/plain/numbers.txt"
    numbers d/right.txt "$home/plain/numbers.txt"
    run --separate-stderr -1 fetch d/wrong.txt d/short.txt d/long.txt d/right.txt
    [[ "$stderr" == *"d/wrong.txt cannot be had: its SHA-256 is $(sum "$files/numbers.txt"), not $wrong"* ]]
    [[ "$stderr" == *"d/short.txt cannot be had: "* ]]
    [[ "$stderr" == *"d/long.txt cannot be had: it has 108894 bytes, not 200000"* ]]
    cmp downloads/d/right.txt "$files/numbers.txt"
    [ "$(cd downloads/d; echo *)" = "long.txt.failed right.txt short.txt.failed wrong.txt.failed" ]
    grep -q "$wrong" downloads/d/wrong.txt.failed
}

@test "fetch: a home that is not there: the next one serves" {
    server
    numbers d/n.txt "$home/plain/nonesuch https://127.0.0.1:9/n $home/plain/numbers.txt"
    run --separate-stderr -0 fetch d/n.txt
    [[ "$stderr" == *"404"* ]]
    cmp downloads/d/n.txt "$files/numbers.txt"
}

@test "fetch: a connection that is cut, again and again, is gone on with" {
    server
    numbers d/n.txt "$home/cut/numbers.txt"
    run -0 fetch d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
    [ "$(cut -d ' ' -f 2 "$log" | paste -sd ' ')" = "all bytes=30000- bytes=60000- bytes=90000-" ]
}

@test "fetch: an earlier fetch's beginning is gone on with; one that is wrong is thrown away" {
    server
    numbers d/n.txt "$home/plain/numbers.txt"
    mkdir -p downloads/d
    head -c 5000 "$files/numbers.txt" >downloads/d/n.txt.partial
    run -0 fetch d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
    [ "$(cat "$log")" = "/plain/numbers.txt bytes=5000-" ]

    rm downloads/d/n.txt
    head -c 5000 /dev/zero >downloads/d/n.txt.partial
    run --separate-stderr -1 fetch d/n.txt
    [[ "$stderr" == *"its SHA-256 is"* ]]
    [ ! -e downloads/d/n.txt ] && [ ! -e downloads/d/n.txt.partial ]
    run -0 fetch d/n.txt
    [ ! -e downloads/d/n.txt.failed ]
}

@test "fetch: a home that gives no parts is asked for the whole" {
    server
    numbers d/n.txt "$home/whole/numbers.txt"
    mkdir -p downloads/d
    head -c 5000 "$files/numbers.txt" >downloads/d/n.txt.partial
    run -0 fetch d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
}

@test "fetch: http, a redirection to it, and a certificate of no known CA are refused" {
    server
    numbers d/http.txt "http://127.0.0.1:9/numbers.txt"
    numbers d/redirected.txt "$home/to-http/numbers.txt"
    numbers d/https.txt "$home/plain/numbers.txt"
    run --separate-stderr -1 fetch d/http.txt d/redirected.txt
    [[ "$stderr" == *'d/http.txt cannot be had: Protocol "http" not supported'* ]]
    [[ "$stderr" == *'d/redirected.txt cannot be had: Protocol "http" not supported'* ]]
    CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt run --separate-stderr -1 fetch d/https.txt
    [[ "$stderr" == *"certificate"* ]]
    [ -z "$(find downloads -name '*.txt')" ]
}

@test "fetch: a file of this machine is a home; a server cannot send there" {
    server
    numbers d/local.txt "file://$files/numbers.txt"
    numbers d/moved.txt "$home/to-self/numbers.txt"
    numbers d/sent.txt "$home/to-file/numbers.txt"
    run --separate-stderr -1 fetch d/local.txt d/moved.txt d/sent.txt
    cmp downloads/d/local.txt "$files/numbers.txt"
    cmp downloads/d/moved.txt "$files/numbers.txt"
    [[ "$stderr" == *'d/sent.txt cannot be had: Protocol "file" not supported'* ]]
    [ ! -e downloads/d/sent.txt ] && [ ! -e downloads/d/sent.txt.partial ]
}

@test "fetch: nothing without a pinned hash, whatever the size and the home" {
    server
    for hash in - "" 0 "$(sum "$files/numbers.txt" | cut -c 1-40)x"; do
        : >files.tsv
        line d/n.txt 108894 "$hash" "$home/plain/numbers.txt"
        line d/m.txt - "$hash" "file://$files/numbers.txt"
        run --separate-stderr -1 fetch d/n.txt d/m.txt
        [[ "$stderr" == *"d/n.txt cannot be had: "*"d/m.txt cannot be had: "* ]] || { echo "$stderr"; false; }
        [ -z "$(find downloads -name '*.txt' -o -name '*.partial')" ]
    done
}

@test "fetch: what lies in wait in the folder of downloads is not written through" {
    server
    numbers d/n.txt "$home/plain/numbers.txt"
    mkdir -p downloads/d
    echo precious >other
    ln -s "$PWD/other" downloads/d/n.txt.partial
    run --separate-stderr -1 fetch d/n.txt
    [[ "$stderr" == *"d/n.txt cannot be had: downloads/d/n.txt.partial is a link"* ]]
    [ "$(cat other)" = precious ]
    [ ! -e downloads/d/n.txt ]
}

@test "fetch: a full disk: said before a download of known size, and when it happens" {
    server
    line d/huge.txt 1000000000000000000 "$(sum "$files/numbers.txt")" "$home/plain/numbers.txt"
    run --separate-stderr -1 fetch d/huge.txt
    [[ "$stderr" == *"d/huge.txt cannot be had: it needs 1.0EB in downloads, where "*" are free"* ]]
    [ ! -s "$log" ]
    line d/n.txt - "$(sum "$files/numbers.txt")" "$home/plain/numbers.txt"
    full() { (trap '' XFSZ; ulimit -f 40; fetch d/n.txt); }
    run --separate-stderr -1 full
    [[ "$stderr" == *"d/n.txt cannot be had: "*"cannot be written; is the disk full?"* ]]
    [ ! -e downloads/d/n.txt ]
    run -0 fetch d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
}

@test "fetch: where the reason cannot be written either, the next file is got all the same" {
    server
    line d/absent.txt - "$(sum "$files/numbers.txt")" "$home/plain/nonesuch"
    numbers d/n.txt "$home/plain/numbers.txt"
    mkdir -p downloads/d/absent.txt.failed
    run -1 fetch d/absent.txt d/n.txt
    cmp downloads/d/n.txt "$files/numbers.txt"
}

@test "fetch: members of zip and tar.gz, from an archive that is fetched once" {
    server
    mkdir -p in/text && cp "$files/numbers.txt" in/text/a.tokens && echo b >in/text/b.tokens
    (cd in && python3 -m zipfile -c "$files/good.zip" text && tar -czf "$files/good.tar.gz" ./text)
    for kind in zip tar.gz; do
        line "$kind/good.$kind" - "$(sum "$files/good.$kind")" "$home/plain/good.$kind"
        line "$kind/a.txt" 108894 "$(sum in/text/a.tokens)" "$kind/good.$kind!text/a.tokens"
        line "$kind/b.txt" - "$(sha1sum <in/text/b.tokens | cut -c 1-40)" "$kind/good.$kind!text/b.tokens"
        line "$kind/c.txt" - "$(sum in/text/b.tokens)" "$kind/good.$kind!text/c.tokens"
        run --separate-stderr -1 fetch "$kind/a.txt" "$kind/b.txt" "$kind/c.txt"
        cmp "downloads/$kind/a.txt" "$files/numbers.txt"
        cmp "downloads/$kind/b.txt" in/text/b.tokens
        [[ "$stderr" == *"$kind/c.txt cannot be had: downloads/$kind/good.$kind holds no 'text/c.tokens'"* ]]
    done
    [ "$(wc -l <"$log")" -eq 2 ]
}

@test "fetch: an archive with a link or a member outside its folder is refused, and so is a wrong one" {
    server
    python3 - "$files" <<'MAKE'
import io, sys, tarfile, zipfile

def tar(name, *members):
    with tarfile.open(f"{sys.argv[1]}/{name}.tar.gz", "w:gz") as archive:
        for path, target in members:
            info = tarfile.TarInfo(path)
            if target:
                info.type, info.linkname = tarfile.SYMTYPE, target
            else:
                info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))

tar("above", ("a", None), ("text/../../outside", None))
tar("absolute", ("a", None), ("/tmp/outside", None))
tar("link", ("a", "/etc/hostname"))
with zipfile.ZipFile(f"{sys.argv[1]}/above.zip", "w") as archive:
    archive.writestr("a", "x")
    archive.writestr("../outside", "x")
with zipfile.ZipFile(f"{sys.argv[1]}/link.zip", "w") as archive:
    info = zipfile.ZipInfo("a")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    archive.writestr(info, "/etc/hostname")
open(f"{sys.argv[1]}/broken.tar.gz", "w").write("no archive")
MAKE
    x=$(printf x | sha256sum | cut -c 1-64)
    for archive in above.tar.gz absolute.tar.gz link.tar.gz above.zip link.zip; do
        line "$archive/$archive" - "$(sum "$files/$archive")" "$home/plain/$archive"
        line "$archive/a" - "$x" "$archive/$archive!a"
        run --separate-stderr -1 fetch "$archive/a"
        [[ "$stderr" == *"$archive is refused: "*" is a link, or lies outside its folder"* ]] || { echo "$stderr"; false; }
        [ ! -e "downloads/$archive/a" ]
    done
    line d/broken.tar.gz - "$(sum "$files/broken.tar.gz")" "$home/plain/broken.tar.gz"
    line d/broken - "$x" "d/broken.tar.gz!a"
    run --separate-stderr -1 fetch d/broken
    [[ "$stderr" == *"broken.tar.gz is no archive that can be read"* ]]
    # An archive in DLT_DATA is not trusted either.
    line d/other.zip - "$x" "$home/plain/above.zip"
    line d/other - "$x" "d/other.zip!a"
    mkdir -p data/d && cp "$files/above.zip" data/d/other.zip
    DLT_DATA=data run --separate-stderr -1 fetch d/other
    [[ "$stderr" == *"data/d/other.zip: its SHA-256 is"*"not $x"* ]]
}

# Tables of the test's own: the dataset `d` has a whole and a sample, `e` no sample, `f` no home.
write_tables() {
    mkdir -p data/x downloads/x
    hash=$(printf 12345 | sha256sum | cut -c 1-64)
    printf 'file\tbytes\thash\tfrom\n' >files.tsv
    line x/whole.tar.gz 5 "$hash" https://127.0.0.1/whole
    line x/part.txt 5 "$hash" "x/whole.tar.gz!part"
    line x/hand.txt - "$hash" -
    line v/vocab.bpe 5 "$hash" https://127.0.0.1/vocab
    printf 'name\tfile\toptions\nv\tv/vocab.bpe\t--model wordpiece\n' >vocabularies.tsv
    { printf 'name\ttitle\tstyle\tlanguage\tprepare\tfiles\tsample\tsample-text\n'
      printf 'd\tD\twiki\t1\tnovels\tx/whole.tar.gz\tpassages-sample=x/part.txt\ta part\n'
      printf 'e\tE\t-\t-\tshakespeare\tx/whole.tar.gz\t-\t-\n'
      printf 'f\tF\t-\t-\tshakespeare\tx/hand.txt\t-\t-\n'; } >datasets.tsv
}
datasets() { # AWK-VARIABLES
    DLT_DATA=data DLT_DOWNLOADS=downloads awk -f "$ROOT/pipelines/table.awk" -f "$ROOT/pipelines/datasets.awk" \
        -v vocabulary=300 "$@" files.tsv vocabularies.tsv datasets.tsv
}
has() { printf '%s\n' "$output" | grep -qxF "$1" || { echo "no '$1' in: $output"; return 1; }; }
has_no() { ! printf '%s\n' "$output" | grep -q "$1" || { echo "'$1' in: $output"; return 1; }; }

@test "datasets: the whole, or its sample where the profile says so or the whole is not there" {
    write_tables
    printf 12345 >data/x/part.txt
    run --separate-stderr -0 datasets -v source=data -v datasets='d e f'
    has "FILES_d += 'data/x/part.txt'"; has "CHECKS_d += $hash 'data/x/part.txt'"
    has "SPLITS_d := train test"; has "PASSAGES_d := passages"; has "SAMPLE_d := a part"
    has "FETCH += x/whole.tar.gz"
    has "MISSING_e := x/whole.tar.gz is not there; make fetch gets it"
    has "MISSING_f := x/hand.txt is not in DLT_DATA"
    [[ "$stderr" == *"dataset e is left out of this profile: x/whole.tar.gz is not there"* ]]

    printf 12345 >downloads/x/whole.tar.gz
    run --separate-stderr -0 datasets -v source=data -v datasets='d e'
    has "FILES_d += 'downloads/x/whole.tar.gz'"; has "SPLITS_d := train valid test"; has "SAMPLE_d := "
    has "DATASETS_HERE += e"; has_no FETCH
    run --separate-stderr -0 datasets -v source=sample -v datasets='d e'
    has "FILES_d += 'data/x/part.txt'"; has "FILES_e += 'downloads/x/whole.tar.gz'"
}

@test "datasets: what could not be fetched, or has another size, says so; with dry it counts as there" {
    write_tables
    echo "it's not to be had" >downloads/x/whole.tar.gz.failed
    run --separate-stderr -0 datasets -v source=data -v datasets=e
    has "MISSING_e := x/whole.tar.gz cannot be fetched: its not to be had"
    run --separate-stderr -0 datasets -v source=data -v datasets='e f' -v dry=yes
    has "DATASETS_HERE += e"; has_no "DATASETS_HERE += f"
    printf 1234 >data/x/whole.tar.gz
    run --separate-stderr -0 datasets -v source=data -v datasets=e
    has "MISSING_e := data/x/whole.tar.gz has 4 bytes, not 5"; has_no FETCH
}

@test "datasets: a vocabulary by name; without it no dataset" {
    write_tables
    printf 12345 >data/x/hand.txt
    run --separate-stderr -0 datasets -v source=data -v datasets=f -v vocabulary=v
    has "FETCH += v/vocab.bpe"; has "MISSING_f := v/vocab.bpe is not there; make fetch gets it"
    mkdir data/v && printf 12345 >data/v/vocab.bpe
    run --separate-stderr -0 datasets -v source=data -v datasets=f -v vocabulary=v
    has "VOCABULARY_FILE := 'data/v/vocab.bpe'"; has "VOCABULARY_OPTIONS := --model wordpiece"
    has "DATASETS_HERE += f"
    run --separate-stderr -2 datasets -v source=data -v datasets=f -v vocabulary=nonesuch
    [[ "$stderr" == *"unknown vocabulary, 'nonesuch'"* ]]
    run --separate-stderr -2 datasets -v source=data -v datasets=nonesuch
    [[ "$stderr" == *"unknown dataset, 'nonesuch'"* ]]
}

@test "files.tsv: mistakes are found" {
    check() { # REST-OF-LINE MESSAGE
        printf 'file\tbytes\thash\tfrom\n%s\n' "$1" >files.tsv
        run --separate-stderr -2 awk -f "$ROOT/pipelines/table.awk" -f "$ROOT/pipelines/datasets.awk" \
            -v source=data -v vocabulary=300 files.tsv
        [[ "$stderr" == *"files.tsv:2: "*"$2"* ]] || { echo "$stderr"; return 1; }
    }
    hash=$(printf 12345 | sha256sum | cut -c 1-64)
    check "x/a	5	-	-" "'-' is no SHA-256 and no SHA-1"
    check "x/a	5 MB	$hash	-" "'5 MB' is no size"
    check "x/a	5	$hash	http://127.0.0.1/a" "neither https:// nor file://"
    check "x/a	5	$hash	x/b.zip!a" "the archive of 'x/a' is no line above"
    check "../a	5	$hash	-" "'../a' is no name"
    check "a	5	$hash	-" "'a' is no name"
}

@test "verify: SHA-256, SHA-1, and what is neither" {
    printf 12345 >a
    s256=$(sha256sum <a | cut -c 1-64) s1=$(sha1sum <a | cut -c 1-40)
    "$ROOT/pipelines/verify" "$s256" a "$s1" a
    run --separate-stderr -1 "$ROOT/pipelines/verify" "$s256" a "${s1%?}x" a
    [ "$stderr" = "verify: a: its SHA-1 is $s1, not ${s1%?}x" ]
    run --separate-stderr -2 "$ROOT/pipelines/verify" 12345 a
}

prepare() { "$ROOT/pipelines/prepare" "$@"; }

@test "prepare: LAMBADA's novels out of the archive in its archive, a blank between their lines" {
    mkdir -p train-novels/Romance train-novels/Fantasy
    printf 'one\ntwo' >train-novels/Romance/a.txt # its last line is not ended
    printf 'three\n\nfour\n' >train-novels/Fantasy/b.txt
    echo "no novel" >train-novels/README
    tar -cf train-novels.tar train-novels/Romance/a.txt train-novels/README train-novels/Fantasy/b.txt
    printf 'development passage\nof two\n' >development.txt
    printf 'test passage\nof two\n' >test.txt
    tar -czf lambada.tar.gz test.txt train-novels.tar
    [ "$(prepare novels train lambada.tar.gz development.txt test.txt)" = "one two three  four " ]
    [ "$(prepare novels valid lambada.tar.gz development.txt test.txt)" = "development passage of two " ]
    [ "$(prepare novels test lambada.tar.gz development.txt test.txt)" = "test passage of two " ]
    [ "$(prepare novels passages lambada.tar.gz development.txt test.txt)" = "$(cat test.txt)" ]
    printf 'only here\ntest passage\n' >development.txt
    [ "$(prepare passages-sample train development.txt test.txt)" = "only here " ]
    tar -czf empty.tar.gz test.txt
    run ! prepare novels train empty.tar.gz development.txt test.txt
}

@test "prepare: 1b's shards out of the archive, the held-out ones apart" {
    train=benchmark/training-monolingual.tokenized.shuffled
    heldout=benchmark/heldout-monolingual.tokenized.shuffled
    mkdir -p $train $heldout
    for i in 1 2; do echo "train $i" >$train/news.en-0000$i-of-00100; done
    for i in 0 1 2; do echo "held out $i" >$heldout/news.en.heldout-0000$i-of-00050; done
    echo "not a shard" >$train/._news.en-00001-of-00100
    tar -czf 1b.tar.gz --sort=name benchmark
    [ "$(prepare news train 1b.tar.gz)" = "$(printf 'train 1\ntrain 2')" ]
    [ "$(prepare news valid 1b.tar.gz)" = "held out 1" ]
    [ "$(prepare news test 1b.tar.gz)" = "held out 0" ]
    run ! prepare news nonesuch 1b.tar.gz
}

@test "prepare: tiny Shakespeare's shares are 90, 5 and 5 in a hundred, and all of it" {
    seq 100000 >input.txt
    for split in train valid test; do prepare shakespeare $split input.txt >$split; done
    cat train valid test | cmp - input.txt
    [ "$(wc -c <train)" -eq $((588895 * 9 / 10)) ]
    [ "$(wc -c <valid)" -eq 29445 ]
}

@test "a run on a sample: the report says of what" {
    dlt-corpus --style stories --bytes 4k --split train >text
    dlt-tokenize train --quiet --size 260 -o v.bpe text
    dlt-tokenize encode --quiet --vocab v.bpe -o tokens text
    dlt-train --quiet --train tokens --test tokens --layers 2 --width 8 --heads 1 --context 8 --batch 1 \
        --episodes 1 --labels 'dataset=lambada,arch=gpt2,method=dynamic,sample=trained on a part' -o run
    run -0 dlt-report table T1 --format md run
    [[ "$output" == *"data: lambada (a sample: trained on a part)."* ]]
    run -0 dlt-report macros run
    [[ "$output" == *"lambada (a sample: trained on a part)"* ]]
}

# make, with what it writes below the test's own folder.
make_data() {
    make -C "$ROOT" --no-print-directory BUILD="${BUILD_DIR:-$ROOT/build}" DATA="$PWD/data" \
        STATE="$PWD/state" DLT_DOWNLOADS="$PWD/downloads" "$@"
}

@test "make data: real texts with GPT-2's vocabulary; what is missing leaves the others" {
    need_data gpt2/vocab.bpe
    need_data lambada/lambada_test_plain_text.txt
    make_texts() { make_data data PROFILE=wiki2 DATASETS='wiki103 lambada' VOCABULARY=gpt2 "$@"; }
    run --separate-stderr -0 make_texts
    [[ "$stderr" == *"dataset wiki103 is left out of this profile: wikitext-103/train.txt is not there"* ]]
    [ ! -e data/wiki103.train.txt ]
    cmp data/lambada.passages.txt "$DLT_DATA/lambada/lambada_test_plain_text.txt"
    for split in train test passages; do
        dlt-tokenize decode --vocab data/lambada.vocab.bpe data/lambada.$split.tokens.msgpack.zst |
            cmp - data/lambada.$split.txt
        dlt-cat data/lambada.$split.tokens.msgpack.zst | grep -q '"size":50257'
    done

    run --separate-stderr -0 make_texts -n
    [[ "$output" == *"wiki103.train.txt"* ]]
    run --separate-stderr -0 make_texts
    [[ "$output" != *"dlt-tokenize"* ]]
}

@test "make data: a text whose hash is wrong is not used" {
    need_data tinyshakespeare/input.txt
    mkdir -p wrong/tinyshakespeare
    tr a b <"$DLT_DATA/tinyshakespeare/input.txt" >wrong/tinyshakespeare/input.txt
    DLT_DATA=$PWD/wrong run -2 make_data data PROFILE=wiki2 DATASETS=shake
    [[ "$output" == *"verify: $PWD/wrong/tinyshakespeare/input.txt: its SHA-256 is "*", not 86c4e6aa"* ]]
    [ ! -e data/shake.train.txt ]
}

@test "folders of any name hold data: what the shell, Make or awk would read as theirs" {
    odd="$PWD/it's \$HOME, #1 \\n \"2\""
    mkdir -p "$odd/tinyshakespeare"
    truncate -s 1115394 "$odd/tinyshakespeare/input.txt"
    DLT_DATA=$odd run -2 make_data data PROFILE=wiki2 DATASETS=shake
    [[ "$output" == *"verify: $odd/tinyshakespeare/input.txt: its SHA-256 is "* ]]
    DLT_DATA= run -2 make_data data PROFILE=wiki2 DATASETS=shake DLT_DOWNLOADS="${odd//\$/\$\$}"
    [[ "$output" == *"verify: $odd/tinyshakespeare/input.txt: its SHA-256 is "* ]]
    for build in 'a b' "it's" 'a:b' 'a#b'; do
        run -2 make -C "$ROOT" BUILD="$build" why
        [[ "$output" == *"BUILD is '$build': Make cannot have blanks and special characters there"* ]]
    done
}

@test "a source tree of any name makes the paper" {
    odd="$PWD/it's \$HOME, #1 \\n"
    mkdir -p "$odd"/{build,paper,results} && cd "$odd"
    ln -s "$ROOT"/{Makefile,pipelines,lib,tools,kernels,tests} .
    ln -s "$ROOT/paper/paper.tex" paper
    ln -s "$ROOT/results/published.tsv" results
    ln -s "${BUILD_DIR:-$ROOT/build}"/{bin,flags,kernels,lib,tools} build
    grep -P '^(name|dynamic)\t' pipelines/experiments.tsv >experiments.tsv
    run -0 make --no-print-directory PROFILE=tiny DATASETS=wiki2 EXPERIMENTS=experiments.tsv paper
    [[ "$output" != *" CC "* ]]
    [ "$(head -c 5 paper/build/tiny/paper.pdf)" = "%PDF-" ]
}

@test "make fetch: nothing to be had for a profile of generated texts; all of a real one's files" {
    DLT_DATA= run --separate-stderr -0 make_data fetch PROFILE=tiny
    [ -z "$stderr" ] && [ ! -e downloads ]
    DLT_DATA= run --separate-stderr -0 make_data -n fetch PROFILE=wiki2 DATASETS=shake VOCABULARY=bert-uncased
    [[ "$output" == *"pipelines/fetch"*" bert/bert-base-uncased-vocab.txt tinyshakespeare/input.txt"* ]]
}

@test "a profile none of whose datasets can be had has no runs, and says why" {
    DLT_DATA= run --separate-stderr -0 make_data why PROFILE=wiki2 DATASETS=shake RUN_LOGS="$PWD/results"
    [ -z "$output" ]
    [ "$stderr" = "dlt: dataset shake is left out of this profile: tinyshakespeare/input.txt is not there; make fetch PROFILE=wiki2 gets it" ]
}

@test "to plan and to fetch, with -n, the report's list stays what it was" {
    list=state/experiments.tsv
    DLT_DATA= make_data why PROFILE=wiki2 DATASETS=shake >/dev/null 2>&1
    cp "$list" before
    grep -q 'is not there' before
    touch "$list"
    DLT_DATA= make_data plan PROFILE=wiki2 DATASETS=shake >/dev/null 2>&1
    cmp before "$list"
    # One that is older than the experiments is written, but with -n.
    touch -d '2000-01-01' "$list"
    DLT_DATA= make_data -n runs PROFILE=wiki2 DATASETS=shake >/dev/null 2>&1
    cmp before "$list"
    DLT_DATA= make_data plan PROFILE=wiki2 DATASETS=shake >/dev/null 2>&1
    run ! cmp -s before "$list"
    rm "$list"
    DLT_DATA= make_data -n report PROFILE=wiki2 DATASETS=shake >output 2>&1 || { cat output; false; }
    [ ! -e "$list" ]
}

@test "what is missing is said once, and of a report only what it cannot show" {
    run --separate-stderr make_data -n paper PROFILE=tiny DATASETS='wiki2 shake'
    [ "$(grep -c 'shake is left out' <<<"$stderr")" -eq 1 ]
    DLT_DATA= run --separate-stderr -1 make_data -q report PROFILE=wiki2 DATASETS='wiki2 shake'
    [ "$stderr" = "dlt: dataset shake is left out of this profile: tinyshakespeare/input.txt is not there; make fetch PROFILE=wiki2 gets it" ]
}
