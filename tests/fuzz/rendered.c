#include "tests/fuzz/rendered.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

#include "lib/report/gnuplot.h"
#include "tests/fuzz/seal.h"

// ---- Forms ---------------------------------------------------------------------------------------

void rendered_check_text(const struct text *text, const char *allowed) {
    const char *bytes = text_string(text);
    for (size_t at = 0, length = text_length(text); at < length;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)bytes + at,
                                                 (utf8proc_ssize_t)(length - at), &character);
        FUZZ_CHECK(used > 0);
        FUZZ_CHECK((character >= 0x20 && character != 0x7f) ||
                   (character != 0 && strchr(allowed, character)));
        at += (size_t)used;
    }
}

// Braces open before they close, dollars come in pairs; a backslash takes both their meaning.
static void check_tex(const struct text *text) {
    int depth = 0, dollars = 0;
    rendered_check_text(text, "\n");
    for (const char *p = text_string(text); *p; p++) {
        if (*p == '\\' && p[1] && p[1] != '\n') {
            p++;
            continue;
        }
        depth += (*p == '{') - (*p == '}');
        dollars += *p == '$';
        FUZZ_CHECK(depth >= 0);
    }
    FUZZ_CHECK(depth == 0 && dollars % 2 == 0);
}

// Every line has as many fields as the first; quotes come in pairs.
static void check_csv(const struct text *text) {
    size_t fields = 1, first = 0;
    bool quoted = false;
    rendered_check_text(text, "\n");
    for (const char *p = text_string(text); *p; p++) {
        quoted ^= *p == '"';
        fields += *p == ',' && !quoted;
        if (*p == '\n' && !quoted) {
            FUZZ_CHECK(first == 0 || fields == first);
            first = fields;
            fields = 1;
        }
    }
    FUZZ_CHECK(!quoted);
}

// Rows that follow each other have as many cells.
static void check_markdown(const struct text *text) {
    size_t before = 0;
    rendered_check_text(text, "\n");
    for (const char *line = text_string(text); *line; line += strcspn(line, "\n") + 1) {
        size_t bars = 0;
        for (const char *p = line; *line == '|' && *p != '\n'; p++) {
            bars += *p == '|';
            p += *p == '\\' && p[1] != '\n';
        }
        FUZZ_CHECK(before == 0 || bars == 0 || bars == before);
        before = bars;
    }
}

static size_t name_length(const char *tag) {
    return strcspn(tag, " \n/>");
}

static bool is_named(const char *tag, const char *name) {
    return name_length(tag) == strlen(name) && strncmp(tag, name, strlen(name)) == 0;
}

static bool is_void(const char *tag) {
    static const char *const NAMES[] = {"!DOCTYPE", "!doctype", "meta", "link", "input",
                                        "br",       "img",      "col",  "hr",   "!--"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (is_named(tag, NAMES[i])) {
            return true;
        }
    }
    return false;
}

// Behind a tag's '>', which does not stand in an attribute's quotes.
static const char *tag_end(const char *tag) {
    bool quoted = false;
    for (; *tag && (quoted || *tag != '>'); tag++) {
        quoted ^= *tag == '"';
        FUZZ_CHECK(quoted || *tag != '<');
    }
    FUZZ_CHECK(*tag == '>');
    return tag + 1;
}

// Every element that opens closes, in its parent; between tags no '<' stands by itself.
static void check_html(const struct text *text) {
    const char *open[64];
    size_t depth = 0;
    rendered_check_text(text, "\n\t");
    for (const char *p = strchr(text_string(text), '<'); p; p = strchr(p, '<')) {
        const char *tag = p + 1, *end = tag_end(tag);
        if (*tag == '/') {
            FUZZ_CHECK(depth > 0);
            size_t length = name_length(open[--depth]);
            FUZZ_CHECK(name_length(tag + 1) == length &&
                       strncmp(tag + 1, open[depth], length) == 0);
        } else if (!is_void(tag) && end[-2] != '/') {
            FUZZ_CHECK((*tag >= 'a' && *tag <= 'z') && depth < 64);
            open[depth++] = tag;
        }
        p = end;
        if (*tag != '/' && (is_named(tag, "script") || is_named(tag, "style"))) {
            p = strstr(p, "</");
            FUZZ_CHECK(p);
        }
    }
    FUZZ_CHECK(depth == 0);
}

// ---- All of it -------------------------------------------------------------------------------------

// Every axis goes from one number to another.
static void check_ranges(const char *script) {
    for (const char *p = script; (p = strstr(p, "\nset ")); p++) {
        double from, to;
        char axis[2], more;
        int read = sscanf(p, "\nset %1[xy]range [%lf:%lf%c", axis, &from, &to, &more);
        FUZZ_CHECK(read < 2 || (read == 4 && from != to && isfinite(from) && isfinite(to)));
    }
}

// A string ends on its line, where gnuplot would take what follows for commands.
static void check_quotes(const char *script) {
    char quote = 0;
    for (const char *p = script; *p; p++) {
        FUZZ_CHECK(*p != '\n' || !quote);
        if (quote == '"' && *p == '\\') {
            p++;
        } else if (*p == quote) {
            quote = 0;
        } else if (!quote && (*p == '"' || *p == '\'')) {
            quote = *p;
        }
    }
    FUZZ_CHECK(!quote);
}

// In place of the one of lib/report: checks the script, and draws nothing.
enum status gnuplot_run(struct text *picture, const char *script, enum plot_terminal terminal,
                        struct error *error) {
    struct text text = {0};
    (void)terminal;
    (void)error;
    text_add(&text, script);
    rendered_check_text(&text, "\n\t");
    check_ranges(script);
    check_quotes(script);
    text_free(&text);
    text_add(picture, "<svg width=\"1\" height=\"1\" viewBox=\"0 0 1 1\"><title>Gnuplot</title>\n"
                      "<g><path d='M0,0'/></g></svg>\n");
    return STATUS_OK;
}

static void check_table(const struct table_type *type, const struct report_input *input) {
    static void (*const CHECKS[TABLE_FORMATS])(const struct text *) = {[TABLE_TEX] = check_tex,
                                                                       [TABLE_MD] = check_markdown,
                                                                       [TABLE_CSV] = check_csv,
                                                                       [TABLE_HTML] = check_html};
    struct table table;
    struct error error;
    FUZZ_CHECK(table_build(&table, type, input, &error) == STATUS_OK);
    for (enum table_format format = 0; format < TABLE_FORMATS; format++) {
        struct text text = {0};
        table_render(&text, type, &table, format);
        FUZZ_CHECK(text_status(&text, &error) == STATUS_OK);
        CHECKS[format](&text);
        text_free(&text);
    }
    table_free(&table);
}

static void check_figure(const struct figure_type *type, const struct report_input *input) {
    struct text data = {0}, picture = {0};
    struct error error;
    FUZZ_CHECK(figure_render(&data, type, input, FIGURE_TSV, &error) == STATUS_OK);
    rendered_check_text(&data, "\n\t");
    FUZZ_CHECK(figure_render(&picture, type, input, FIGURE_SVG, &error) == STATUS_OK);
    text_free(&data);
    text_free(&picture);
}

static void check_written(enum status (*write)(struct text *, const struct report_input *,
                                               struct error *),
                          const struct report_input *input, void (*check)(const struct text *)) {
    struct text text = {0};
    struct error error;
    FUZZ_CHECK(write(&text, input, &error) == STATUS_OK);
    FUZZ_CHECK(text_status(&text, &error) == STATUS_OK);
    check(&text);
    text_free(&text);
}

void rendered_check(const struct report_input *input, const uint8_t *data, size_t size) {
    size_t tables = 0, figures = 0;
    while (TABLE_TYPES[tables]) {
        tables++;
    }
    while (FIGURE_TYPES[figures]) {
        figures++;
    }
    size_t pick = fuzz_pick((unsigned)(tables + figures + 2), data, size);
    if (pick < tables) {
        check_table(TABLE_TYPES[pick], input);
    } else if (pick < tables + figures) {
        check_figure(FIGURE_TYPES[pick - tables], input);
    } else if (pick == tables + figures) {
        check_written(macros_write, input, check_tex);
    } else {
        check_written(html_write, input, check_html);
    }
}

// ---- Small runs ------------------------------------------------------------------------------------

static void put_header(struct record_builder *r, size_t i) {
    const char *const labels[][2] = {{"dataset", "wiki2"},
                                     {"method", i < 2 ? "dynamic" : "conventional"},
                                     {"seed", i % 2 ? "2" : "1"},
                                     {"floor_ppl", "5"}};
    record_begin_header(r, "run", "dlt-train", NULL);
    record_put_map(r, "labels");
    for (size_t n = 0; n < ARRAY_LENGTH(labels); n++) {
        record_put_string(r, labels[n][0], labels[n][1]);
    }
    record_end_map(r);
}

static void put_eval(struct record_builder *r, int episode, const char *split, size_t i) {
    record_begin(r, "eval");
    record_put_int(r, "episode", episode);
    record_put_int(r, "step", 2 * episode);
    record_put_string(r, "split", split);
    record_put_real(r, "perplexity", (20.0 + (double)i) / episode);
    record_put_real(r, "perplexity_per_word", 40.0 / episode);
    record_put_real(r, "bits_per_byte", 2.5);
    record_put_real(r, "text_bytes", 4000);
    record_put_real(r, "text_tokens", 1000);
}

// Record n of run i.
static void put_record(struct record_builder *r, int n, size_t i) {
    static const int MAPS[][3] = {{0, 0, 0}, {0, 1, 0}, {0, 1, 1}};
    switch (n) {
    case 0:
        put_header(r, i);
        break;
    case 1:
        record_begin(r, "start");
        record_put_int(r, "layers", 3);
        record_put_int(r, "tokens_per_step", 64);
        record_put_int_array(r, "map", MAPS[0], 3);
        break;
    case 2:
    case 3:
        record_begin(r, "visit");
        record_put_int(r, "episode", n - 1);
        record_put_int(r, "layer", n - 1);
        record_put_bool(r, "changed", true);
        record_put_int_array(r, "state", MAPS[n - 1], 3);
        record_put_int(r, "independent", 2);
        break;
    default:
        put_eval(r, n / 2 - 1, n % 2 ? "test" : "valid", i);
    }
}

// Not compressed, which would be the most of reading it.
static struct fuzz_file make_run(size_t i) {
    struct record_builder r = {0};
    struct buffer records = {0};
    struct error error;
    for (int n = 0; n < 8; n++) {
        put_record(&r, n, i);
        FUZZ_CHECK(record_message_append(&records, &r, &error) == STATUS_OK);
    }
    struct fuzz_file file = seal_open(records.data, records.length);
    record_builder_free(&r);
    buffer_free(&records);
    return file;
}

const char *rendered_path(size_t i) {
    static struct fuzz_file files[RENDERED_RUNS];
    if (!files[i].path[0]) {
        files[i] = make_run(i);
    }
    return files[i].path;
}

const struct run_set *rendered_set(void) {
    static struct run_set set;
    const char *paths[RENDERED_RUNS];
    struct error error;
    for (size_t i = 0; set.count == 0 && i < RENDERED_RUNS; i++) {
        paths[i] = rendered_path(i);
    }
    FUZZ_CHECK(set.count > 0 || run_set_read(&set, paths, RENDERED_RUNS, &(struct run_reading){0},
                                             &error) == STATUS_OK);
    return &set;
}
