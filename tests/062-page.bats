# The page in a browser: wide and narrow, light and dark, and the slider of the map over time.
load helpers

made_up() { python3 "$ROOT/tests/report/make_run.py" "$@"; }

# In a frame of each width: how far the page is wider than it, how many pictures are smaller than their
# texts are set for, and what the slider does.
frame() {
    cat <<'END'
<!DOCTYPE html><meta charset="utf-8"><body><iframe id="frame" height="800" src="page.html"></iframe><script>
const frame = document.getElementById("frame"), told = [];
const pause = ms => new Promise(done => setTimeout(done, ms));
frame.onload = async () => {
    const page = frame.contentDocument, box = page.getElementById("F3-episodes");
    for (const width of [390, 1280]) {
        frame.width = width;
        await pause(50);
        told.push(`${width}: ${page.documentElement.scrollWidth - page.documentElement.clientWidth} over`);
        const small = [...page.querySelectorAll("svg")].filter(picture =>
            picture.getBoundingClientRect().width < picture.viewBox.baseVal.width - 1);
        told.push(`${width}: ${small.length} small`);
    }
    const slider = box.querySelector("input"), button = box.querySelector("button");
    const shown = () => told.push(box.querySelector("output").textContent + ": " +
        [...box.querySelectorAll(".strip")].map(strip => strip.querySelector(".cells").textContent + ", " +
            strip.querySelector(".count").textContent).join("; "));
    const resources = frame.contentWindow.performance.getEntriesByType("resource");
    told.push(`${resources.length} fetched`, ...resources.map(resource => resource.name));
    told.push(box.hidden ? "hidden" : "visible");
    shown();
    slider.value = 1;
    slider.dispatchEvent(new Event("input"));
    shown();
    slider.dispatchEvent(new KeyboardEvent("keydown", {key: " "}));
    told.push(button.textContent);
    await pause(2000);
    shown();
    told.push(button.textContent);
    document.body.innerText = told.join("\n");
};
</script>
END
}

browse() { # browse SCHEME FILE: 0 dark, 1 light
    chromium --headless --no-sandbox --disable-gpu --disable-background-networking \
        --disable-component-update --user-data-dir="$PWD/profile" --allow-file-access-from-files \
        --enable-logging=stderr \
        --blink-settings="preferredColorScheme=$1" --virtual-time-budget=8000 \
        --dump-dom "file://$PWD/$2" 2>messages
}

@test "in a browser nothing overflows, the slider works, nothing is fetched, nothing complained of" {
    command -v chromium >/dev/null || skip "no chromium: the page was not opened in a browser"
    for dataset in wiki2 lambada; do
        for method in dynamic conventional; do
            made_up simulate --dataset $dataset --method $method --episodes 8 >"$method-$dataset"
        done
    done
    made_up simulate --method '"><script>alert(1)</script>' --episodes 3 >hostile
    dlt-report html --published "$ROOT/results/published.tsv" -o page.html ./*-wiki2 ./*-lambada hostile
    # A heading stands over its cells: verdicts to the left, numbers to the right.
    grep -F '<th scope="col">verdict</th>' page.html
    grep -F '<th scope="col" class="right">pairs</th>' page.html
    frame >frame.html
    for scheme in 0 1; do
        browse $scheme frame.html | sed 's/<br>/\n/g; s/<[^>]*>//g' >told
        cat told
        for line in "390: 0 over" "1280: 0 over" "390: 0 small" "1280: 0 small" "0 fetched" visible Pause Play; do grep -qxF "$line" told; done
        # At the end, moved to the first episode, and played from there to the end again.
        [ "$(grep -c '^Episode 8 of 8: ' told)" -eq 2 ]
        [ "$(grep '^Episode 8 of 8: ' told | sort -u | wc -l)" -eq 1 ]
        [ "$(grep '^Episode 1 of 8: ' told | tr ';' '\n' | wc -l)" -eq 3 ]
        run -1 grep -i 'console' messages
    done
    # The slider shows what the data say: the roots of the first run's last episode.
    roots="$(dlt-report figure F3 --format tsv ./*-wiki2 ./*-lambada hostile | awk -F '\t' \
        '$1 == "wiki2" && $3 == "dynamic" { r = $6 } END { gsub(" ", "", r); print r }')"
    grep -E "^Episode 8 of 8: (.*; )?$roots, " told
}

# similarity NAME METHOD: of two layers and two heads, with the widest numbers.
similarity() {
    { printf '{"kind":"header","format":"dlt","version":1,"content":"metrics","program":"dlt-eval similarity","labels":{"dataset":"wiki2","arch":"gpt2","method":"%s","seed":"1"}}\n' "$2"
        printf '{"kind":"metric","task":"similarity","part":"%s","layer":0,"other":1,"cosine":0.5}\n' attention feedforward
        printf '{"kind":"metric","task":"head-similarity","head":%s,"other":%s,"pairs":1,"cosine":-0.004}\n' 0 0 0 1 1 0 1 1
    } | made_up json >"$1"
}

@test "no text of a figure is cut off at its edge, whatever the browser's fonts" {
    command -v chromium >/dev/null || skip "no chromium: the page was not opened in a browser"
    for seed in $(seq 30); do made_up simulate --seed $seed --episodes 2 >dynamic-$seed; done
    for method in mlm-conventional mlm-dynamic start-independent reward-unclipped k15; do
        made_up simulate --arch bert --method $method --episodes 2 >$method-b
        similarity $method-s $method
    done
    dlt-report html -o page.html dynamic-* ./*-[bs]
    cat >>page.html <<'END'
<script>
const told = [];
for (const picture of document.querySelectorAll("svg")) {
    const edge = picture.getBoundingClientRect();
    for (const text of picture.querySelectorAll("text")) {
        const box = text.getBoundingClientRect();
        told.push(box.left < edge.left - 1 || box.right > edge.right + 1 ? "cut: " + text.textContent : "fits");
    }
}
document.body.innerText = told.join("\n");
</script>
END
    sed -i 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' page.html
    for font in 'DejaVu Sans' 'Liberation Sans'; do
        sed "s/svg text{font-family:[^}]*}/svg text{font-family:'$font'}/" page.html >font.html
        browse 1 font.html | sed 's/<br>/\n/g; s/<[^>]*>//g' >told
        [ "$(grep -c '^fits$' told)" -gt 100 ]
        run -1 grep '^cut: ' told
    done
}

@test "the page's policy lets its own script run and no other" {
    made_up simulate --episodes 2 >a
    dlt-report html -o page.html a
    python3 - page.html <<'END'
import base64, hashlib, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
(script,) = re.findall(r"<script>(.*?)</script>", page, re.S)
digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
assert f"script-src 'sha256-{digest}'\"" in page
assert "default-src 'none'" in page
END
    # A page whose maps never change needs no slider and has no script.
    made_up simulate --method conventional --episodes 2 >b
    dlt-report html -o page.html b
    run -1 grep -c '<script\|script-src\|F3-episodes"' page.html
}

@test "numbers can be read on every layer's colour" {
    made_up simulate --episodes 2 --layers 12 >a
    made_up simulate --episodes 2 --layers 48 --method b >b
    dlt-report html -o page.html a b
    python3 - page.html <<'END'
import re, sys
def light(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
page = open(sys.argv[1], encoding="utf-8").read()
pairs = [pair.split("/") for colours in re.findall('data-colours="(.*?)"', page) for pair in colours.split()]
assert len(pairs) == 60
for pair in pairs:
    low, high = sorted(map(light, pair))
    assert (high + 0.05) / (low + 0.05) >= 4.5, pair
END
}

@test "architectures are named where there are several" {
    made_up simulate --episodes 2 >a
    made_up simulate --episodes 2 --arch bert >b
    dlt-report html -o page.html a
    grep -F '<span class="name">wiki2, dynamic, seed 1</span>' page.html
    dlt-report html -o page.html a b
    grep -F '<span class="name">wiki2 (GPT-2), dynamic, seed 1</span>' page.html
    grep -F '<span class="name">wiki2 (BERT), dynamic, seed 1</span>' page.html
}

@test "many files are named once" {
    for seed in 1 2 3 4 5; do made_up simulate --seed $seed --episodes 2 >run$seed; done
    dlt-report html -o page.html run*
    [ "$(grep -c "set -- run1 run2 run3 run4 run5" page.html)" -eq 1 ]
    [ "$(grep -o 'dlt-report figure F2 [^<]*' page.html)" = 'dlt-report figure F2 --format svg -o F2.svg &quot;$@&quot;' ]
    dlt-report html -o page.html run[1-3]
    grep -F "dlt-report figure F2 --format svg -o F2.svg run1 run2 run3" page.html
}
