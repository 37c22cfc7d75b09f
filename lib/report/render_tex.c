// A table as LaTeX: a float with caption and label, one tabular under the other for each panel.
// Needs the package booktabs only.
#include <string.h>

#include "lib/report/table.h"

static void add_cell(struct text *text, const struct table_cell *cell) {
    if (cell->has_value) {
        struct text number = {0};
        number_add(&number, &cell->value, cell->format, " ± ");
        text_add_tex(text, text_string(&number));
        text->failed = text->failed || number.failed;
        text_free(&number);
    } else {
        text_add_tex(text, cell->text[0] ? cell->text : "n/a");
    }
}

// The groups over their columns, with a rule under each.
static void add_groups(struct text *text, const struct table *table, const size_t *columns,
                       size_t count) {
    struct text rules = {0};
    bool any = false;
    for (size_t i = 0; i < count;) {
        size_t span = table_span(table, columns, count, i);
        const char *group = table->columns[columns[i]].group;
        if (i > 0) {
            text_add(text, " & ");
        }
        if (group) {
            text_format(text, "\\multicolumn{%zu}{c}{", span);
            text_add_tex(text, group);
            text_add(text, "}");
            text_format(&rules, "\\cmidrule(lr){%zu-%zu}", i + 1, i + span);
            any = true;
        }
        i += span;
    }
    text_add(text, " \\\\\n");
    if (any) {
        text_format(text, "%s\n", text_string(&rules));
    }
    text_free(&rules);
}

// Room for so many letters.
static void add_room(struct text *text, size_t letters) {
    text_add(text, letters > 0 ? "\\hphantom{" : "");
    for (size_t i = 0; i < letters; i++) {
        text_add(text, "e"); // as wide as letters are on average
    }
    text_add(text, letters > 0 ? "}" : "");
}

// LaTeX gives all that a group's name is wider than its columns to the last of them: each title is made
// as long as its share of that name, so that nothing is left over.
static void add_titles(struct text *text, const struct table *table, const size_t *columns,
                       size_t count) {
    size_t end = 0, share = 0;
    for (size_t i = 0; i < count; i++) {
        const struct table_column *column = &table->columns[columns[i]];
        if (i == end) {
            size_t span = table_span(table, columns, count, i);
            share = span > 1 ? strlen(column->group) / span : 0;
            end = i + span;
        }
        size_t length = strlen(column->title), missing = length < share ? share - length : 0;
        text_add(text, i > 0 ? " & " : "");
        add_room(text, column->right ? missing : 0);
        text_add_tex(text, column->title);
        add_room(text, column->right ? 0 : missing);
    }
}

static void add_panel(struct text *text, const struct table *table, const size_t *columns,
                      size_t count) {
    text_add(text, "\\begin{tabular*}{\\linewidth}{@{\\extracolsep{\\fill}}");
    for (size_t i = 0; i < count; i++) {
        text_add(text, table->columns[columns[i]].right ? "r" : "l");
    }
    text_add(text, "@{}}\n\\toprule\n");
    add_groups(text, table, columns, count);
    add_titles(text, table, columns, count);
    text_add(text, " \\\\\n\\midrule\n");
    for (size_t row = 0; row < table->row_count; row++) {
        if (row > 0 && table->starts[row]) {
            text_add(text, "\\addlinespace\n");
        }
        for (size_t i = 0; i < count; i++) {
            text_add(text, i > 0 ? " & " : "");
            if (i > 0 || table->starts[row]) {
                add_cell(text, table_cell(table, row, columns[i]));
            }
        }
        text_add(text, " \\\\\n");
    }
    text_add(text, "\\bottomrule\n\\end{tabular*}");
}

void table_render_tex(struct text *text, const struct table_type *type, const struct table *table) {
    text_add(text, "\\begin{table}[tbp]\n\\centering\\footnotesize\n"
                   "\\setlength{\\tabcolsep}{5pt}\n\\caption{");
    text_add_tex(text, type->title);
    text_add(text, ". ");
    text_add_tex(text, text_string(&table->caption));
    text_format(text, "}\n\\label{tab:%s}\n", type->id);
    size_t columns[TABLE_COLUMNS_MAX];
    for (int panel = 0;; panel++) {
        size_t count = table_panel(table, panel, columns, TABLE_COLUMNS_MAX);
        if (count == 0) {
            break;
        }
        text_add(text, panel > 0 ? "\n\n\\medskip\n" : "");
        add_panel(text, table, columns, count);
    }
    if (text_length(&table->notes) > 0) {
        text_add(text, "\n\n\\smallskip\n\\raggedright ");
        text_add_tex(text, text_string(&table->notes));
    }
    text_add(text, "\n\\end{table}\n");
}
