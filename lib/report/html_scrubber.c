// The map over time, an episode at a time: a strip of cells for each run, a slider and a button. The
// script reads the data that the page hands out as F3.tsv, so that they stand in it once; without it
// the whole stays hidden, and the picture above it says the same.
#include <nettle/sha2.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/html.h"

const char HTML_SCRUBBER_STYLE[] =
    ".scrub{margin:.4rem 0 1rem}.scrub[hidden]{display:none}"
    ".scrub .controls{display:flex;align-items:center;gap:.7rem;flex-wrap:wrap}"
    ".scrub button{font:inherit;min-width:5.2rem;min-height:2.75rem;border:1px solid var(--line);"
    "border-radius:.4rem;background:var(--card);color:var(--ink);cursor:pointer}"
    ".scrub input{flex:1 1 10rem;min-width:0;height:2.75rem;accent-color:var(--link);"
    "touch-action:manipulation}"
    ".scrub output{font-variant-numeric:tabular-nums;min-width:9.5rem}"
    ".strip{display:grid;grid-template-columns:minmax(0,11rem) minmax(0,1fr) 4.4rem;gap:.1rem "
    ".7rem;"
    "align-items:center;font-size:.85rem;margin:.3rem 0}"
    ".strip .cells{display:flex;height:1.5rem}"
    ".strip i{flex:1 1 0;min-width:0;font-style:normal;font-size:.75rem;line-height:1.5rem;"
    "text-align:center;overflow:hidden;border-right:1px solid var(--ground)}"
    ".strip i.own{font-weight:700}.strip.many i{border-right:0}"
    ".strip .count{color:var(--faint);font-variant-numeric:tabular-nums}\n"
    "@media(max-width:40rem){.strip{grid-template-columns:minmax(0,1fr) 4.4rem}"
    ".strip .name{grid-column:1/3}}\n";

static const char SCRIPT[] =
    "'use strict';\n"
    "(() => {\n"
    "  const box = document.getElementById('F3-episodes');\n"
    "  const link = document.querySelector('a[download=\"F3.tsv\"]');\n"
    "  const bytes = Uint8Array.from(atob(link.href.split(',')[1]), c => c.charCodeAt(0));\n"
    "  const lines = new TextDecoder().decode(bytes).trim().split('\\n').slice(1);\n"
    "  const runs = new Map();\n"
    "  for (const line of lines) {\n"
    "    const cut = line.lastIndexOf('\\t');\n"
    "    const key = line.slice(0, line.lastIndexOf('\\t', cut - 1) + 1);\n"
    "    if (!runs.has(key)) runs.set(key, []);\n"
    "    runs.get(key).push(line.slice(cut + 1).split(' ').map(Number));\n"
    "  }\n"
    "  let last = 1;\n"
    "  const strips = [...box.querySelectorAll('.strip')].map(strip => {\n"
    "    const colours = strip.dataset.colours.split(' ');\n"
    "    const maps = runs.get(strip.dataset.run).filter(map => map.length === colours.length);\n"
    "    const cells = strip.querySelector('.cells'), count = strip.querySelector('.count');\n"
    "    const many = colours.length > 16;\n"
    "    strip.classList.toggle('many', many);\n"
    "    for (let i = 0; i < colours.length; i++) cells.append(document.createElement('i'));\n"
    "    last = Math.max(last, maps.length);\n"
    "    return episode => {\n"
    "      const map = maps[Math.min(episode, maps.length) - 1];\n"
    "      let own = 0;\n"
    "      map.forEach((root, i) => {\n"
    "        const cell = cells.children[i], [colour, ink] = colours[root].split('/');\n"
    "        cell.style.background = '#' + colour;\n"
    "        cell.style.color = '#' + ink;\n"
    "        cell.textContent = many ? '' : root;\n"
    "        cell.classList.toggle('own', root === i);\n"
    "        own += root === i;\n"
    "      });\n"
    "      count.textContent = own + ' of ' + map.length;\n"
    "      cells.setAttribute('aria-label', 'roots of the layers: ' + map.join(' '));\n"
    "    };\n"
    "  });\n"
    "  const slider = box.querySelector('input'), button = box.querySelector('button');\n"
    "  const output = box.querySelector('output');\n"
    "  let timer = 0;\n"
    "  const show = () => {\n"
    "    output.textContent = 'Episode ' + slider.value + ' of ' + last;\n"
    "    for (const draw of strips) draw(Number(slider.value));\n"
    "  };\n"
    "  const stop = () => {\n"
    "    clearInterval(timer);\n"
    "    timer = 0;\n"
    "    button.textContent = 'Play';\n"
    "  };\n"
    "  const play = () => {\n"
    "    if (timer) return stop();\n"
    "    if (Number(slider.value) === last) slider.value = 0;\n"
    "    button.textContent = 'Pause';\n"
    "    timer = setInterval(() => {\n"
    "      slider.value = Number(slider.value) + 1;\n"
    "      show();\n"
    "      if (Number(slider.value) === last) stop();\n"
    "    }, Math.max(40, Math.min(250, 15000 / last)));\n"
    "  };\n"
    "  slider.max = last;\n"
    "  slider.value = last;\n"
    "  slider.addEventListener('input', () => { stop(); show(); });\n"
    "  slider.addEventListener('keydown', event => {\n"
    "    if (event.key === ' ') { event.preventDefault(); play(); }\n"
    "  });\n"
    "  button.addEventListener('click', play);\n"
    "  show();\n"
    "  box.hidden = false;\n"
    "})();\n";

void html_scrubber_add_hash(struct text *text) {
    struct sha256_ctx state;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&state);
    sha256_update(&state, sizeof SCRIPT - 1, (const uint8_t *)SCRIPT);
    sha256_digest(&state, sizeof digest, digest);
    text_add(text, "'sha256-");
    text_add_base64(text, digest, sizeof digest);
    text_add(text, "'");
}

// "rrggbb/ink" of each layer.
static void add_colours(struct text *text, int layers) {
    for (int i = 0; i < layers; i++) {
        unsigned colour = plot_layer_colour(i, layers);
        text_format(text, "%s%06x/%s", i > 0 ? " " : "", colour, plot_ink_on(colour) + 1);
    }
}

static bool has_arches(const struct run_set *set) {
    for (size_t i = 1; i < set->count; i++) {
        if (strcmp(set->runs[i]->arch, set->runs[0]->arch) != 0) {
            return true;
        }
    }
    return false;
}

static void add_strip(struct text *text, const struct run *run, bool arches) {
    struct text key = {0};
    figure_add_names(&key, run);
    text_add(text, "<div class=\"strip\" data-run=\"");
    text_add_xml(text, text_string(&key));
    text_add(text, "\" data-colours=\"");
    add_colours(text, run->layers);
    text_add(text, "\"><span class=\"name\">");
    text_add_xml(text, run->dataset);
    if (arches) {
        text_add(text, " (");
        text_add_xml(text, figure_arch_name(run->arch));
        text_add(text, ")");
    }
    text_add(text, ", ");
    text_add_xml(text, run->method);
    text_add(text, run->seed[0] ? ", seed " : "");
    text_add_xml(text, run->seed);
    text_add(text, "</span><span class=\"cells\" role=\"img\"></span><span class=\"count\">"
                   "</span></div>\n");
    text_free(&key);
}

bool html_scrubber_is_wanted(const struct run_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (run_map_changes(set->runs[i])) {
            return true;
        }
    }
    return false;
}

void html_scrubber_add(struct text *text, const struct run_set *set) {
    text_add(text, "<div class=\"scrub\" id=\"F3-episodes\" hidden>\n<div class=\"controls\">"
                   "<button type=\"button\">Play</button>"
                   "<input type=\"range\" min=\"1\" max=\"1\" step=\"1\" aria-label=\"Episode\">"
                   "<output></output></div>\n");
    for (size_t i = 0; i < set->count; i++) {
        if (run_map_changes(set->runs[i])) {
            add_strip(text, set->runs[i], has_arches(set));
        }
    }
    text_add(text, "</div>\n");
}

void html_scrubber_add_script(struct text *text) {
    text_add(text, "<script>");
    text_add(text, SCRIPT);
    text_add(text, "</script>\n");
}
