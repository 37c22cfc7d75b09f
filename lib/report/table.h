// Tables: columns as data (table_main.c, ...) and one line in tables.h each; what a column shows is the
// business of table_cells.c, how it is written that of render_*.c.
#ifndef DLT_REPORT_TABLE_H
#define DLT_REPORT_TABLE_H

#include "lib/report/published.h"
#include "lib/report/rows.h"

// What tables and figures are made from.
struct report_input {
    const struct run_set *set;
    const struct published *published;     // may be empty
    const struct experiments *experiments; // NULL: every run that fits stands in a table
    const char *const *paths;              // as given, for the command that makes it again
    size_t path_count;
    const char *published_path;   // NULL: not given
    const char *experiments_path; // NULL: not given
};

// What a column shows of a row.
enum cell_source {
    CELL_DATASET,
    CELL_TITLE,
    CELL_RUNS,       // how many
    CELL_QUANTITY,   // mean over the runs
    CELL_PUBLISHED,  // what the paper says of the quantity
    CELL_UNIGRAM,    // perplexity per word of the dataset's unigram model
    CELL_LAST_WORD,  // accuracy in percent, of the last word of passages
    CELL_DIFFERENCE, // in percent, against the reference, with its interval
    CELL_LOW,
    CELL_HIGH,
    CELL_PAIRS,
    CELL_VERDICT,
};

struct table_column {
    const char *key;   // in CSV
    const char *title; // below the group
    const char *group; // heading over the columns that share it; NULL: none
    int panel;         // a wide table is cut into panels; the row heads stand in each (panel -1)
    bool right;        // set to the right
    bool spread;       // in CSV, a column KEY_sd stands behind it
    enum cell_source source;
    enum quantity quantity;
};

struct table_cell {
    char text[128]; // as printed, not escaped; used where there is no value, "" for n/a
    bool has_value;
    struct statistic value;
    enum number_format format;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    struct table_cell *cells; // (rows, columns)
    bool *starts;             // (rows) a new dataset starts here
    size_t row_count, row_capacity;
    struct text caption;    // what, profile, data: sentences, not escaped
    struct text notes;      // below it: what is missing
    struct text conclusion; // what the numbers say; LaTeX has it as \dlt{sentence.ID} instead
};

struct table_type {
    const char *id;    // "T1"
    const char *title; // a phrase
    const struct table_column *columns;
    size_t column_count;
    const char *arch;      // whose runs, where no list of experiments says
    const char *reference; // method that the others are compared with; NULL: none
    const char *caption;   // what the columns are
    // A sentence or more that follow from the rows.
    void (*conclude)(struct text *text, const struct rows *rows);
    // Further rows behind those of the runs; NULL: none.
    enum status (*extend)(struct table *table, const struct rows *rows,
                          const struct report_input *input, struct error *error);
};
extern const struct table_type *const TABLE_TYPES[]; // NULL-terminated
void table_ids(char *list, size_t size);             // "T1, T2"
const struct table_type *table_find(const char *id); // NULL: there is none

// The caller frees the table, also after a failure.
enum status table_build(struct table *table, const struct table_type *type,
                        const struct report_input *input, struct error *error);
void table_free(struct table *table);

// ---- For the builders --------------------------------------------------------------------------

// A new row of "n/a" cells; NULL and *error on failure.
struct table_cell *table_add_row(struct table *table, bool starts, struct error *error);
void table_set_text(struct table_cell *cell, const char *string);
// Fills a row's cells, a column each, as their sources say.
void table_fill(struct table_cell *cells, const struct table_type *type, const struct row *row,
                const struct report_input *input);
void table_set_number(struct table_cell *cell, const struct group *group, enum quantity quantity);
// One value; NaN is none.
void table_set_real(struct table_cell *cell, double value, enum number_format format);
// What follows from the numbers of a table; the sentences of `type->conclude`.
enum status table_conclude(struct text *text, const struct table_type *type,
                           const struct report_input *input, struct error *error);
// "Profile quick, 8 runs; data: wiki2, 1b (generated text)." for captions.
void report_add_setting(struct text *text, const struct run_set *set);
// "wiki2, lambada (a sample: ...)", and whether the texts are generated; how many datasets they are.
size_t report_add_datasets(struct text *text, const struct run_set *set);
// Whether every run was trained on generated text, whose entropy is known.
bool report_is_generated(const struct run_set *set);

// ---- Writing them -------------------------------------------------------------------------------

enum table_format { TABLE_TEX, TABLE_MD, TABLE_CSV, TABLE_HTML, TABLE_FORMATS };
void table_render(struct text *text, const struct table_type *type, const struct table *table,
                  enum table_format format);
void table_render_tex(struct text *text, const struct table_type *type, const struct table *table);
void table_render_md(struct text *text, const struct table_type *type, const struct table *table);
void table_render_csv(struct text *text, const struct table_type *type, const struct table *table);
void table_render_html(struct text *text, const struct table_type *type, const struct table *table);

const struct table_cell *table_cell(const struct table *table, size_t row, size_t column);
// The columns of a panel: the row heads (panel -1) and its own. Returns how many; 0 behind the
// last, and for a table without rows.
size_t table_panel(const struct table *table, int panel, size_t *columns, size_t capacity);
// How many of columns[0..count), from `first` on, share the group of the first.
size_t table_span(const struct table *table, const size_t *columns, size_t count, size_t first);

enum { TABLE_COLUMNS_MAX = 64 };

#endif
