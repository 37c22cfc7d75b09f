// A table as GitHub's Markdown, one for each panel.
#include "lib/report/table.h"

static void add_cell(struct text *text, const struct table_cell *cell) {
    if (cell->has_value) {
        number_add(text, &cell->value, cell->format, " ± ");
    } else {
        text_add_markdown(text, cell->text[0] ? cell->text : "n/a");
    }
}

static void add_panel(struct text *text, const struct table *table, const size_t *columns,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct table_column *column = &table->columns[columns[i]];
        text_format(text, "| %s%s%s ", column->group ? column->group : "",
                    column->group ? ", " : "", column->title);
    }
    text_add(text, "|\n");
    for (size_t i = 0; i < count; i++) {
        text_add(text, table->columns[columns[i]].right ? "|--:" : "|:--");
    }
    text_add(text, "|\n");
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < count; i++) {
            text_add(text, "| ");
            add_cell(text, table_cell(table, row, columns[i]));
            text_add(text, " ");
        }
        text_add(text, "|\n");
    }
}

void table_render_md(struct text *text, const struct table_type *type, const struct table *table) {
    text_format(text, "**%s. %s.** ", type->id, type->title);
    text_add_markdown(text, text_string(&table->caption));
    size_t columns[TABLE_COLUMNS_MAX];
    for (int panel = 0;; panel++) {
        size_t count = table_panel(table, panel, columns, TABLE_COLUMNS_MAX);
        if (count == 0) {
            break;
        }
        text_add(text, panel > 0 ? "\n" : "\n\n");
        add_panel(text, table, columns, count);
    }
    const struct text *const below[] = {&table->notes, &table->conclusion};
    for (size_t i = 0; i < ARRAY_LENGTH(below); i++) {
        if (text_length(below[i]) > 0) {
            text_add(text, table->row_count > 0 || i > 0 ? "\n" : "\n\n");
            text_add_markdown(text, text_string(below[i]));
            text_add(text, "\n");
        }
    }
}
