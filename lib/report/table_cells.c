// What each kind of column shows of a row.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/table.h"

// A number in a record of a task, NaN where it is not there.
static double metric(const struct run_pairs *record, const char *task, const char *name) {
    const char *is = run_pairs_find(record, "task"), *value = run_pairs_find(record, name);
    return is && value && strcmp(is, task) == 0 ? strtod(value, NULL) : math_canonical(NAN);
}

static bool label_is(const struct metrics *metrics, const char *label, const char *value) {
    const char *is = run_pairs_find(&metrics->labels, label);
    return is && strcmp(is, value) == 0;
}

// From a metrics file of `dlt-eval unigram`.
static double unigram(const struct run_set *set, const char *dataset) {
    for (size_t i = 0; i < set->metrics_count; i++) {
        const struct metrics *m = &set->metrics[i];
        for (size_t j = 0; label_is(m, "dataset", dataset) && j < m->record_count; j++) {
            double value = metric(&m->records[j], "unigram", "perplexity_per_word");
            if (!isnan(value)) {
                return value;
            }
        }
    }
    return math_canonical(NAN);
}

struct last_words {
    const struct run_set *set;
    const struct group *group;
};

// Of the i-th run, from a metrics file of `dlt-eval lastword`; in percent.
static double last_word_at(const void *of, size_t i) {
    const struct last_words *w = of;
    const struct run *run = w->group->runs[i];
    for (size_t k = 0; k < w->set->metrics_count; k++) {
        const struct metrics *m = &w->set->metrics[k];
        bool fits = label_is(m, "dataset", run->dataset) && label_is(m, "arch", run->arch) &&
                    label_is(m, "method", run->method) && label_is(m, "seed", run->seed);
        for (size_t j = 0; fits && j < m->record_count; j++) {
            double value = metric(&m->records[j], "lastword", "accuracy");
            if (!isnan(value)) {
                return 100 * value;
            }
        }
    }
    return math_canonical(NAN);
}

static void set_last_word(struct table_cell *cell, const struct row *row,
                          const struct run_set *set) {
    struct last_words words = {set, &row->group};
    cell->value = statistic_of(last_word_at, &words, row->group.count);
    cell->has_value = cell->value.count > 0;
    cell->format = NUMBER_PERCENT;
}

// A network that fills in masked positions: its perplexity is another quantity.
static bool is_masked(const struct row *row) {
    const char *objective =
        row->group.count > 0 ? run_pairs_find(&row->group.runs[0]->config, "objective") : NULL;
    return (objective && strcmp(objective, "mlm") == 0) || strncmp(row->method, "mlm-", 4) == 0;
}

static void set_title(struct table_cell *cell, const struct row *row) {
    char title[sizeof cell->text];
    snprintf(title, sizeof title, "%s%s", row->title, is_masked(row) ? " (masked positions)" : "");
    table_set_text(cell, title);
}

static void set_count(struct table_cell *cell, size_t count) {
    char text[24];
    snprintf(text, sizeof text, "%zu", count);
    table_set_text(cell, text);
}

static void set_cell(struct table_cell *cell, const struct table_type *type,
                     const struct table_column *column, const struct row *row,
                     const struct report_input *input) {
    const struct comparison *c = &row->against;
    const char *value = NULL;
    switch (column->source) {
    case CELL_DATASET:
        table_set_text(cell, row->dataset);
        break;
    case CELL_TITLE:
        set_title(cell, row);
        break;
    case CELL_RUNS:
        set_count(cell, row->group.count);
        break;
    case CELL_QUANTITY:
        table_set_number(cell, &row->group, column->quantity);
        break;
    case CELL_PUBLISHED:
        value = published_find(input->published, type->id, row->dataset, row->arch, row->method,
                               QUANTITY_TYPES[column->quantity].key);
        table_set_text(cell, value ? value : "n/a");
        break;
    case CELL_UNIGRAM:
        if (!is_masked(row)) {
            table_set_real(cell, unigram(input->set, row->dataset), NUMBER_WHOLE);
        }
        break;
    case CELL_LAST_WORD:
        set_last_word(cell, row, input->set);
        break;
    case CELL_DIFFERENCE:
        table_set_real(cell, change_percent(c->difference), NUMBER_CHANGE);
        break;
    case CELL_LOW:
        table_set_real(cell, change_percent(c->low), NUMBER_CHANGE);
        break;
    case CELL_HIGH:
        table_set_real(cell, change_percent(c->high), NUMBER_CHANGE);
        break;
    case CELL_PAIRS:
        if (c->verdict != VERDICT_NONE && c->verdict != VERDICT_REFERENCE) {
            set_count(cell, c->pairs);
        }
        break;
    case CELL_VERDICT:
        table_set_text(cell, VERDICT_NAMES[c->verdict]);
        break;
    }
}

void table_fill(struct table_cell *cells, const struct table_type *type, const struct row *row,
                const struct report_input *input) {
    for (size_t i = 0; i < type->column_count; i++) {
        set_cell(&cells[i], type, &type->columns[i], row, input);
    }
}
