// A table as HTML, one for each panel; each scrolls by itself where the page is too narrow.
#include "lib/report/table.h"

static void add_cell(struct text *text, const struct table_cell *cell) {
    if (cell->has_value) {
        number_add(text, &cell->value, cell->format, " ± ");
    } else {
        text_add_xml(text, cell->text[0] ? cell->text : "n/a");
    }
}

// A heading stands over its cells.
static const char *set_to(const struct table_column *column) {
    return column->right ? " class=\"right\"" : "";
}

static void add_heading(struct text *text, const struct table *table, const size_t *columns,
                        size_t count) {
    text_add(text, "<thead>\n<tr>");
    for (size_t i = 0; i < count;) {
        size_t span = table_span(table, columns, count, i);
        const struct table_column *column = &table->columns[columns[i]];
        if (column->group) {
            text_format(text, "<th scope=\"colgroup\" class=\"group\" colspan=\"%zu\">", span);
            text_add_xml(text, column->group);
        } else {
            text_format(text, "<th scope=\"col\" rowspan=\"2\"%s>", set_to(column));
            text_add_xml(text, column->title);
        }
        text_add(text, "</th>");
        i += span;
    }
    text_add(text, "</tr>\n<tr>");
    for (size_t i = 0; i < count; i++) {
        if (table->columns[columns[i]].group) {
            const struct table_column *column = &table->columns[columns[i]];
            text_format(text, "<th scope=\"col\"%s>", set_to(column));
            text_add_xml(text, column->title);
            text_add(text, "</th>");
        }
    }
    text_add(text, "</tr>\n</thead>\n");
}

static void add_panel(struct text *text, const struct table *table, const size_t *columns,
                      size_t count) {
    text_add(text, "<div class=\"scroll\"><table>\n");
    add_heading(text, table, columns, count);
    text_add(text, "<tbody>\n");
    for (size_t row = 0; row < table->row_count; row++) {
        text_format(text, "<tr%s>", table->starts[row] ? " class=\"starts\"" : "");
        for (size_t i = 0; i < count; i++) {
            text_format(text, "<td%s>", set_to(&table->columns[columns[i]]));
            if (i > 0 || table->starts[row]) {
                add_cell(text, table_cell(table, row, columns[i]));
            }
            text_add(text, "</td>");
        }
        text_add(text, "</tr>\n");
    }
    text_add(text, "</tbody>\n</table></div>\n");
}

void table_render_html(struct text *text, const struct table_type *type,
                       const struct table *table) {
    (void)type;
    size_t columns[TABLE_COLUMNS_MAX];
    for (int panel = 0;; panel++) {
        size_t count = table_panel(table, panel, columns, TABLE_COLUMNS_MAX);
        if (count == 0) {
            break;
        }
        add_panel(text, table, columns, count);
    }
    const struct text *const below[] = {&table->notes, &table->conclusion};
    for (size_t i = 0; i < ARRAY_LENGTH(below); i++) {
        if (text_length(below[i]) > 0) {
            text_add(text, "<p>");
            text_add_xml(text, text_string(below[i]));
            text_add(text, "</p>\n");
        }
    }
}
