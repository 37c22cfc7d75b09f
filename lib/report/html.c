#include "lib/report/html.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/program.h"
#include "lib/report/figure.h"

static const char STYLE[] =
    ":root{color-scheme:light dark;--ground:#fff;--card:#f6f7f9;--ink:#24292f;--faint:#66707b;"
    "--axis:#9a9a9a;--grid:#e4e4e4;--line:#d7dce1;--shade:#0003;--link:#0b62a4;"
    "--blue:#0072b2;--vermilion:#d55e00;--green:#009e73}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1c2126;--ink:#dfe4e9;"
    "--faint:#98a2ad;--axis:#6d757d;--grid:#2c3238;--line:#343b42;--shade:#fff4;--link:#7fbcf0;"
    "--blue:#4aa8e0;--vermilion:#f58a3c;--green:#2fc295}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 "
    "system-ui,-apple-system,"
    "'Segoe UI',Roboto,sans-serif;-webkit-text-size-adjust:100%}\n"
    "main,header,footer{max-width:66rem;margin:0 auto;padding:0 1rem}\n"
    "header{padding-top:2.2rem}h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}\n"
    "h2{font-size:1.2rem;line-height:1.3;margin:3rem 0 .3rem;scroll-margin-top:1rem}\n"
    "h2 .id{color:var(--faint);font-weight:400;margin-right:.5rem}\n"
    "p{margin:.3rem 0 .9rem;max-width:46rem}.faint,figcaption{color:var(--faint)}"
    "figcaption{max-width:46rem}\n"
    "a{color:var(--link)}nav{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0}\n"
    // Shades at the edges behind which there is more: ground that is scrolled along covers the others.
    ".scroll{overflow-x:auto;margin:0 0 1rem;background:"
    "linear-gradient(90deg,var(--ground) 30%,transparent) 0 0/2.5rem 100% no-repeat local,"
    "linear-gradient(270deg,var(--ground) 30%,transparent) 100% 0/2.5rem 100% no-repeat local,"
    "linear-gradient(90deg,var(--shade),transparent) 0 0/.7rem 100% no-repeat,"
    "linear-gradient(270deg,var(--shade),transparent) 100% 0/.7rem 100% no-repeat}\n"
    "table{border-collapse:collapse;font-size:.9rem;"
    "font-variant-numeric:tabular-nums;white-space:nowrap;min-width:60%}\n"
    "th,td{padding:.28rem .7rem;text-align:left;vertical-align:bottom}td{vertical-align:baseline}"
    "th:first-child,td:first-child{padding-left:0}\n"
    "th{font-weight:600}thead tr:first-child th{border-top:2px solid var(--line)}"
    "thead tr:last-child th{font-weight:400;color:var(--faint)}\n"
    "th.group{border-bottom:1px solid var(--line);text-align:center}"
    ".right{text-align:right}tbody tr.starts td{border-top:1px solid var(--line)}"
    "tbody tr:last-child td{border-bottom:2px solid var(--line)}\n"
    "figure{margin:0 0 .4rem}figure .scroll{margin:0 0 .6rem}"
    "svg{display:block;width:100%;min-width:40rem;height:auto}"
    "svg text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\n"
    "details{margin:.2rem 0}summary{cursor:pointer;color:var(--link);width:max-content;"
    "max-width:100%}pre{background:var(--card);padding:.7rem .9rem;border-radius:.4rem;"
    "overflow-x:auto;font-size:.82rem;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".more{display:flex;flex-wrap:wrap;align-items:baseline;gap:.1rem "
    "1.2rem;font-size:.9rem;margin-bottom:.4rem}"
    "code{font-family:ui-monospace,'Cascadia Mono',Menlo,monospace;font-size:.92em}\n"
    "footer{margin:3rem auto 2rem;color:var(--faint);font-size:.9rem}\n"
    "@media(max-width:40rem){body{font-size:15px}h1{font-size:1.4rem}th,td{padding:.25rem "
    ".5rem}td:nth-child(2){white-space:normal;min-width:7rem;"
    "line-height:1.3}}\n";

enum { PATHS_SPELLED_OUT = 4, RECORDS_SHOWN = 4 };

// ---- Parts -------------------------------------------------------------------------------------------------

static void add_setting(struct text *text, const struct run_set *set) {
    struct text setting = {0};
    if (set->count == 0) {
        return;
    }
    report_add_setting(&setting, set);
    text_add_xml(text, text_string(&setting));
    text_free(&setting);
}

// What the tables and figures would show if it could be had.
static void add_missing(struct text *text, const struct experiments *experiments) {
    size_t next = 0, count = 0;
    const struct experiment *missing = NULL;
    while (experiments && (missing = experiments_next_missing(experiments, NULL, &next)) != NULL) {
        text_add(text, count++ == 0 ? "<p class=\"missing\">Not to be had, and left out: " : "; ");
        text_add_xml(text, missing->dataset);
        text_add(text, " (");
        text_add_xml(text, missing->missing);
        text_add(text, ")");
    }
    text_add(text, count > 0 ? ".</p>\n" : "");
}

static void add_head(struct text *text, const struct report_input *input,
                     const struct run_set *moving) {
    const struct run_set *set = input->set;
    text_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'; img-src data:");
    if (html_scrubber_is_wanted(moving)) {
        text_add(text, "; script-src ");
        html_scrubber_add_hash(text);
    }
    text_add(text, "\">\n<title>Dynamic Layer Tying: a reproduction</title>\n<style>\n");
    text_add(text, STYLE);
    text_add(text, HTML_SCRUBBER_STYLE);
    text_add(text, "</style>\n</head>\n<body>\n<header>\n"
                   "<h1>Dynamic Layer Tying: a reproduction</h1>\n<p>");
    add_setting(text, set);
    text_add(text, " Perplexities are per token of each run's own vocabulary unless they say "
                   "otherwise. Every number follows from the run logs listed below.</p>\n");
    add_missing(text, input->experiments);
    text_add(text, "<nav>");
    for (size_t i = 0; TABLE_TYPES[i]; i++) {
        text_format(text, "<a href=\"#%s\">%s</a> ", TABLE_TYPES[i]->id, TABLE_TYPES[i]->title);
    }
    for (size_t i = 0; FIGURE_TYPES[i]; i++) {
        text_format(text, "<a href=\"#%s\">%s</a> ", FIGURE_TYPES[i]->id, FIGURE_TYPES[i]->title);
    }
    text_add(text, "<a href=\"#runs\">Runs</a></nav>\n</header>\n<main>\n");
}

static void add_download(struct text *text, const char *name, const char *type,
                         const struct text *data) {
    text_format(text, "<a download=\"%s\" href=\"data:%s;base64,", name, type);
    text_add_base64(text, text_string(data), text_length(data));
    text_add(text, "\">Data</a>\n");
}

static void add_path(struct text *command, const char *option, const char *path) {
    char clean[RUN_NAME * 4];
    text_copy_clean(clean, sizeof clean, path, strlen(path));
    text_add(command, option);
    text_add(command, " ");
    text_add_shell(command, clean);
}

static void add_paths(struct text *command, const struct report_input *input) {
    for (size_t i = 0; i < input->path_count; i++) {
        add_path(command, "", input->paths[i]);
    }
}

// The command that makes a part again, from the same files; many files are named once, under "Files".
static void add_command(struct text *text, const char *words, const struct report_input *input,
                        bool published) {
    struct text command = {0};
    text_format(&command, "dlt-report %s", words);
    if (published && input->published_path) {
        add_path(&command, " --published", input->published_path);
    }
    if (input->experiments_path) {
        add_path(&command, " --experiments", input->experiments_path);
    }
    bool many = input->path_count > PATHS_SPELLED_OUT;
    if (many) {
        text_add(&command, " \"$@\"");
    } else {
        add_paths(&command, input);
    }
    text_add(text, "<details><summary>Command</summary><pre><code>");
    text_add_xml(text, text_string(&command));
    text_add(text, "</code></pre>");
    text_add(text, many ? "<p class=\"faint\"><code>\"$@\"</code>: all run logs and metrics, as "
                          "set by the command under <a href=\"#files\">Files</a>.</p>"
                        : "");
    text_add(text, "</details>\n");
    text->failed = text->failed || command.failed;
    text_free(&command);
}

static void add_heading(struct text *text, const char *id, const char *title) {
    text_format(text, "<section>\n<h2 id=\"%s\"><span class=\"id\">%s</span>", id, id);
    text_add_xml(text, title);
    text_add(text, "</h2>\n");
}

static enum status add_table(struct text *text, const struct table_type *type,
                             const struct report_input *input, struct error *error) {
    struct table table;
    struct text csv = {0};
    char name[32], words[64];
    enum status status = table_build(&table, type, input, error);
    if (status == STATUS_OK) {
        add_heading(text, type->id, type->title);
        if (text_length(&table.caption) > 0) {
            text_add(text, "<p class=\"faint\">");
            text_add_xml(text, text_string(&table.caption));
            text_add(text, "</p>\n");
        }
        table_render(text, type, &table, TABLE_HTML);
        table_render(&csv, type, &table, TABLE_CSV);
        snprintf(name, sizeof name, "%s.csv", type->id);
        snprintf(words, sizeof words, "table %s --format csv -o %s", type->id, name);
        text_add(text, "<div class=\"more\">");
        add_download(text, name, "text/csv", &csv);
        add_command(text, words, input, true);
        text_add(text, "</div>\n</section>\n");
        status = text_status(&csv, error);
    }
    text_free(&csv);
    table_free(&table);
    return status;
}

static enum status add_figure(struct text *text, const struct figure_type *type,
                              const struct report_input *input, const struct run_set *moving,
                              struct error *error) {
    struct text svg = {0}, tsv = {0};
    char name[32], words[64];
    struct run_set shown;
    enum status status = figure_choose_runs(&shown, input, type->id, error);
    if (status == STATUS_OK) {
        status = figure_render(&svg, type, input, FIGURE_SVG, error);
    }
    if (status == STATUS_OK) {
        status = figure_render(&tsv, type, input, FIGURE_TSV, error);
    }
    if (status == STATUS_OK) {
        add_heading(text, type->id, type->title);
        text_add(text, "<figure>\n<div class=\"scroll\">");
        html_add_svg(text, text_string(&svg), type->id, type->title);
        text_add(text, "</div>\n<figcaption>");
        text_add_xml(text, type->caption);
        text_add(text, " ");
        add_setting(text, &shown);
        text_add(text, "</figcaption>\n</figure>\n");
        if (strcmp(type->id, "F3") == 0 && html_scrubber_is_wanted(moving)) {
            html_scrubber_add(text, moving);
        }
        text_add(text, "<div class=\"more\">");
        snprintf(name, sizeof name, "%s.tsv", type->id);
        snprintf(words, sizeof words, "figure %s --format svg -o %s.svg", type->id, type->id);
        add_download(text, name, "text/tab-separated-values", &tsv);
        add_command(text, words, input, false);
        text_add(text, "</div>\n</section>\n");
    }
    figure_free_chosen(&shown);
    text_free(&svg);
    text_free(&tsv);
    return status;
}

// ---- Runs ----------------------------------------------------------------------------------------------------

static void add_text_cell(struct text *text, const char *value) {
    text_add(text, "<td>");
    text_add_xml(text, *value ? value : "n/a");
    text_add(text, "</td>");
}

static void add_run(struct text *text, const struct run *run) {
    char digest[HASH_XXH64_TEXT];
    hash_xxh64_text(run->digest, digest);
    text_add(text, "<tr>");
    const char *names[] = {run->dataset, run->arch, run->method, run->seed};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        add_text_cell(text, names[i]);
    }
    text_format(text, "<td class=\"right\">%lld</td><td class=\"right\">%lld</td>",
                (long long)run->episodes, (long long)run->steps);
    text_format(text, "<td><code>%s</code></td>", run->complete ? digest : "incomplete");
    add_text_cell(text, file_base_name(run->path));
    text_add(text, "</tr>\n");
}

static void add_details(struct text *text, const struct run *run) {
    text_add(text, "<details><summary>");
    text_add_xml(text, file_base_name(run->path));
    text_add(text, "</summary><pre><code>");
    const struct run_pairs *parts[] = {&run->labels, &run->config, &run->versions};
    static const char *const NAMES[] = {"label", "option", "made with"};
    for (size_t part = 0; part < ARRAY_LENGTH(parts); part++) {
        for (size_t i = 0; i < parts[part]->count; i++) {
            const struct run_pair *pair = &parts[part]->items[i];
            if (pair->value[0] && strcmp(pair->name, "kind") != 0) {
                text_format(text, "%-10s", NAMES[part]);
                text_add_xml(text, pair->name);
                text_add(text, " = ");
                text_add_xml(text, pair->value);
                text_add(text, "\n");
            }
        }
    }
    for (size_t i = 0; i < run->input_count; i++) {
        text_add(text, "input     ");
        text_add_xml(text, run->inputs[i].role);
        text_add(text, " = ");
        text_add_xml(text, run->inputs[i].name);
        text_add(text, run->inputs[i].sha256[0] ? ", SHA-256 " : "");
        text_add_xml(text, run->inputs[i].sha256);
        text_add(text, "\n");
    }
    text_add(text, "</code></pre></details>\n");
}

static void add_record(struct text *text, const struct run_pairs *record) {
    for (size_t i = 0; i < record->count; i++) {
        const struct run_pair *pair = &record->items[i];
        if (pair->value[0] && strcmp(pair->name, "kind") != 0) {
            text_add(text, "  ");
            text_add_xml(text, pair->name);
            text_add(text, " = ");
            text_add_xml(text, pair->value);
            text_add(text, "\n");
        }
    }
}

// What a file measured, or where it has many records, how many: a figure draws those.
static void add_metrics(struct text *text, const struct run_set *set) {
    if (set->metrics_count == 0) {
        return;
    }
    text_add(text, "<section>\n<h2 id=\"measurements\">Measurements</h2>\n");
    for (size_t i = 0; i < set->metrics_count; i++) {
        const struct metrics *metrics = &set->metrics[i];
        char digest[HASH_XXH64_TEXT];
        hash_xxh64_text(metrics->digest, digest);
        text_add(text, "<details><summary>");
        text_add_xml(text, file_base_name(metrics->path));
        text_format(text, "</summary><pre><code>digest %s\n", digest);
        for (size_t j = 0; j < metrics->record_count && j < RECORDS_SHOWN; j++) {
            add_record(text, &metrics->records[j]);
        }
        if (metrics->record_count > RECORDS_SHOWN) {
            text_format(text, "and %zu records more\n", metrics->record_count - RECORDS_SHOWN);
        }
        text_add(text, "</code></pre></details>\n");
    }
    text_add(text, "</section>\n");
}

static void add_files(struct text *text, const struct report_input *input) {
    if (input->path_count <= PATHS_SPELLED_OUT) {
        return;
    }
    struct text command = {0};
    text_add(&command, "set --");
    add_paths(&command, input);
    text_add(text, "<section>\n<h2 id=\"files\">Files</h2>\n<p class=\"faint\">What the commands "
                   "on this page call <code>\"$@\"</code>.</p>\n<details><summary>Command</summary>"
                   "<pre><code>");
    text_add_xml(text, text_string(&command));
    text_add(text, "</code></pre></details>\n</section>\n");
    text->failed = text->failed || command.failed;
    text_free(&command);
}

static void add_runs(struct text *text, const struct run_set *set) {
    text_add(text,
             "<section>\n<h2 id=\"runs\">Runs</h2>\n<p class=\"faint\">The digest is of a run "
             "log's content: the same digest is the same result, to the bit.</p>\n"
             "<div class=\"scroll\"><table>\n<thead><tr>");
    static const struct {
        const char *name;
        bool right;
    } COLUMNS[] = {{"Dataset", false}, {"Architecture", false}, {"Method", false}, {"Seed", false},
                   {"Episodes", true}, {"Steps", true},         {"Digest", false}, {"File", false}};
    for (size_t i = 0; i < ARRAY_LENGTH(COLUMNS); i++) {
        text_format(text, "<th scope=\"col\"%s>%s</th>", COLUMNS[i].right ? " class=\"right\"" : "",
                    COLUMNS[i].name);
    }
    text_add(text, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < set->count; i++) {
        add_run(text, set->runs[i]);
    }
    text_add(text, "</tbody>\n</table></div>\n");
    for (size_t i = 0; i < set->count; i++) {
        add_details(text, set->runs[i]);
    }
    text_add(text, "</section>\n");
}

enum status html_write(struct text *text, const struct report_input *input, struct error *error) {
    struct run_set moving; // the runs of the map over time
    enum status status = figure_choose_runs(&moving, input, "F3", error);
    if (status == STATUS_OK) {
        add_head(text, input, &moving);
    }
    for (size_t i = 0; TABLE_TYPES[i] && status == STATUS_OK; i++) {
        status = add_table(text, TABLE_TYPES[i], input, error);
    }
    for (size_t i = 0; FIGURE_TYPES[i] && status == STATUS_OK; i++) {
        status = add_figure(text, FIGURE_TYPES[i], input, &moving, error);
    }
    add_metrics(text, input->set);
    add_runs(text, input->set);
    add_files(text, input);
    text_format(text, "</main>\n<footer>Written by dlt-report %s.</footer>\n", PROGRAM_VERSION);
    if (html_scrubber_is_wanted(&moving)) {
        html_scrubber_add_script(text);
    }
    text_add(text, "</body>\n</html>\n");
    figure_free_chosen(&moving);
    return status;
}
