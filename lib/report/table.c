#include "lib/report/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/tables.h"

#define LIST(name) &name,
const struct table_type *const TABLE_TYPES[] = {TABLES(LIST) NULL};

void table_ids(char *list, size_t size) {
    size_t used = 0;
    for (size_t i = 0; TABLE_TYPES[i] && used < size; i++) {
        used += (size_t)snprintf(list + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 TABLE_TYPES[i]->id);
    }
}

const struct table_type *table_find(const char *id) {
    for (size_t i = 0; TABLE_TYPES[i]; i++) {
        if (strcmp(TABLE_TYPES[i]->id, id) == 0) {
            return TABLE_TYPES[i];
        }
    }
    return NULL;
}

// A row that could have a run, and has none.
static bool is_not_run(const struct row *row) {
    return row->group.count == 0 && !row->missing;
}

// Where more than half of the rows are such, a sentence names them in their stead.
static bool names_not_run(const struct rows *rows) {
    size_t not_run = 0;
    for (size_t i = 0; i < rows->count; i++) {
        not_run += is_not_run(&rows->items[i]);
    }
    return 2 * not_run > rows->count;
}

static void add_not_run(struct text *notes, const struct rows *rows) {
    size_t named = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->items[i];
        if (is_not_run(row)) {
            text_format(notes, "%s“%s”", named++ ? ", " : "Not run yet: ", row->title);
            if (strcmp(rows->items[0].dataset, rows->items[rows->count - 1].dataset) != 0) {
                text_format(notes, " (%s)", row->dataset);
            }
        }
    }
    text_add(notes, ".");
}

// What "(2 of 3)" means, where a cell has it.
static void add_partial(struct table *table) {
    bool partial = false;
    for (size_t i = 0; i < table->row_count * table->column_count; i++) {
        partial =
            partial || (table->cells[i].has_value && statistic_is_partial(&table->cells[i].value));
    }
    if (partial) {
        text_format(&table->notes,
                    "%s“(k of n)”: a number of k runs; the others of the n have none.",
                    text_length(&table->notes) > 0 ? " " : "");
    }
}

static enum status add_rows(struct table *table, const struct table_type *type,
                            const struct rows *rows, const struct report_input *input,
                            struct error *error) {
    bool names = names_not_run(rows), starts = false;
    for (size_t i = 0; i < rows->count; i++) {
        starts = starts || rows->items[i].starts;
        if (names && is_not_run(&rows->items[i])) {
            continue;
        }
        struct table_cell *cells = table_add_row(table, starts, error);
        if (!cells) {
            return STATUS_FAILURE;
        }
        table_fill(cells, type, &rows->items[i], input);
        starts = false;
    }
    if (names) {
        add_not_run(&table->notes, rows);
    }
    return type->extend ? type->extend(table, rows, input, error) : STATUS_OK;
}

static void add_caption(struct table *table, const struct table_type *type,
                        const struct rows *rows) {
    bool several = false;
    for (size_t i = 0; i < rows->count; i++) {
        several = several || rows->items[i].group.count > 1;
    }
    text_format(&table->caption, "%s ", type->caption);
    if (type->reference) {
        text_add(
            &table->caption,
            "The difference is the mean over seeds of the paired difference of the logarithm "
            "of the best test perplexity, as a change in percent, with Student's 95% interval; "
            "a verdict takes three seeds, and a row of one is compared with the same seed of the "
            "reference alone. Runs are compared that saw the same number of tokens, to "
            "within 1%: in passes over the text, each one's last batch is short. ");
    }
    if (several) {
        text_add(&table->caption, "Mean and standard deviation over seeds. ");
    }
    struct run_set shown = {.runs = rows->runs, .count = rows->run_count};
    report_add_setting(&table->caption, &shown);
}

// A sentence for each dataset of the table that cannot be had.
static void add_missing(struct text *notes, const struct table_type *type,
                        const struct report_input *input) {
    const struct experiment *e = NULL;
    for (size_t next = 0; input->experiments &&
                          (e = experiments_next_missing(input->experiments, type->id, &next));) {
        char dataset[RUN_NAME], why[RUN_VALUE];
        text_copy_clean(dataset, sizeof dataset, e->dataset, strlen(e->dataset));
        text_copy_clean(why, sizeof why, e->missing, strlen(e->missing));
        text_format(notes, "%s%s is missing: %s.", text_length(notes) > 0 ? " " : "", dataset, why);
    }
}

enum status table_build(struct table *table, const struct table_type *type,
                        const struct report_input *input, struct error *error) {
    *table = (struct table){.columns = type->columns, .column_count = type->column_count};
    struct rows rows = {0};
    enum status status = rows_select(&rows, input->set, input->experiments, type->id, type->arch,
                                     type->reference, error);
    if (status == STATUS_OK && rows.run_count > 0) {
        status = add_rows(table, type, &rows, input, error);
        add_caption(table, type, &rows);
        add_partial(table);
        type->conclude(&table->conclusion, &rows);
    } else if (status == STATUS_OK) {
        text_add(&table->notes, "No run of this table is among the files.");
    }
    add_missing(&table->notes, type, input);
    rows_free(&rows);
    const struct text *const texts[] = {&table->caption, &table->notes, &table->conclusion};
    for (size_t i = 0; i < ARRAY_LENGTH(texts) && status == STATUS_OK; i++) {
        status = text_status(texts[i], error);
    }
    return status;
}

enum status table_conclude(struct text *text, const struct table_type *type,
                           const struct report_input *input, struct error *error) {
    struct rows rows = {0};
    enum status status = rows_select(&rows, input->set, input->experiments, type->id, type->arch,
                                     type->reference, error);
    if (status == STATUS_OK && rows.run_count > 0) {
        type->conclude(text, &rows);
    } else if (status == STATUS_OK) {
        text_add(text, "There is no run for this table yet.");
    }
    rows_free(&rows);
    return status;
}

void table_free(struct table *table) {
    free(table->cells);
    free(table->starts);
    text_free(&table->caption);
    text_free(&table->notes);
    text_free(&table->conclusion);
    *table = (struct table){0};
}

static enum status make_room(struct table *table, struct error *error) {
    if (table->row_count < table->row_capacity) {
        return STATUS_OK;
    }
    size_t capacity = table->row_capacity ? 2 * table->row_capacity : 16;
    void *cells = realloc(table->cells, capacity * table->column_count * sizeof(struct table_cell));
    table->cells = cells ? cells : table->cells;
    void *starts = realloc(table->starts, capacity * sizeof(bool));
    table->starts = starts ? starts : table->starts;
    if (!cells || !starts) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for a table");
    }
    table->row_capacity = capacity;
    return STATUS_OK;
}

struct table_cell *table_add_row(struct table *table, bool starts, struct error *error) {
    if (make_room(table, error) != STATUS_OK) {
        return NULL;
    }
    struct table_cell *row = table->cells + table->row_count * table->column_count;
    memset(row, 0, table->column_count * sizeof *row);
    table->starts[table->row_count++] = starts;
    return row;
}

void table_set_text(struct table_cell *cell, const char *string) {
    cell->has_value = false;
    text_copy_clean(cell->text, sizeof cell->text, string, strlen(string));
}

void table_set_number(struct table_cell *cell, const struct group *group, enum quantity quantity) {
    cell->value = group_statistic(group, quantity);
    cell->has_value = cell->value.count > 0;
    cell->format = QUANTITY_TYPES[quantity].format;
}

void table_set_real(struct table_cell *cell, double value, enum number_format format) {
    cell->value = (struct statistic){.count = 1, .mean = value, .sd = math_canonical(NAN)};
    cell->has_value = !isnan(value);
    cell->format = format;
}

const struct table_cell *table_cell(const struct table *table, size_t row, size_t column) {
    return table->cells + row * table->column_count + column;
}

size_t table_panel(const struct table *table, int panel, size_t *columns, size_t capacity) {
    size_t count = 0;
    bool any = false;
    for (size_t i = 0; i < table->column_count && count < capacity; i++) {
        if (table->columns[i].panel == -1 || table->columns[i].panel == panel) {
            columns[count++] = i;
            any = any || table->columns[i].panel == panel;
        }
    }
    return any && table->row_count > 0 ? count : 0;
}

size_t table_span(const struct table *table, const size_t *columns, size_t count, size_t first) {
    const char *group = table->columns[columns[first]].group;
    size_t end = first + 1;
    while (group && end < count && table->columns[columns[end]].group &&
           strcmp(table->columns[columns[end]].group, group) == 0) {
        end++;
    }
    return end - first;
}

void table_render(struct text *text, const struct table_type *type, const struct table *table,
                  enum table_format format) {
    static void (*const RENDER[TABLE_FORMATS])(struct text *, const struct table_type *,
                                               const struct table *) = {
        [TABLE_TEX] = table_render_tex,
        [TABLE_MD] = table_render_md,
        [TABLE_CSV] = table_render_csv,
        [TABLE_HTML] = table_render_html,
    };
    RENDER[format](text, type, table);
}
