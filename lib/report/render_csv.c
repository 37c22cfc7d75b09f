// A table as CSV: every column of every panel, numbers in full and with their standard deviation. A
// mean that some runs have no part in is n/a: a reader of numbers would not see that.
#include <math.h>

#include "lib/base/math.h"
#include "lib/report/table.h"

static void add_cell(struct text *text, const struct table_cell *cell, bool spread) {
    bool whole = cell->has_value && !statistic_is_partial(&cell->value);
    if (whole) {
        text_add_real(text, cell->value.mean);
    } else {
        text_add_csv(text, cell->text[0] ? cell->text : "n/a");
    }
    if (spread) {
        text_add(text, ",");
        text_add_real(text, whole ? cell->value.sd : math_canonical(NAN));
    }
}

void table_render_csv(struct text *text, const struct table_type *type, const struct table *table) {
    (void)type;
    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];
        text_format(text, "%s%s", i > 0 ? "," : "", column->key);
        if (column->spread) {
            text_format(text, ",%s_sd", column->key);
        }
    }
    text_add(text, "\n");
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            text_add(text, i > 0 ? "," : "");
            add_cell(text, table_cell(table, row, i), table->columns[i].spread);
        }
        text_add(text, "\n");
    }
}
