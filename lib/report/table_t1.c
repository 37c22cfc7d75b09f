// T1: GPT-2 on every dataset, a row for each method: quality, tying and cost, with the published
// value beside ours where it is known.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/tables.h"

// A column is a quantity of ours, or what was published for one.
enum source { DATASET, METHOD, RUNS, OURS, PUBLISHED, UNIGRAM };

static const struct {
    enum source source;
    enum quantity quantity;
} SOURCES[] = {
    {DATASET, 0},
    {METHOD, 0},
    {PUBLISHED, PERPLEXITY_BEST},
    {OURS, PERPLEXITY_BEST},
    {OURS, PERPLEXITY_FINAL},
    {OURS, PERPLEXITY_AT_BEST_VALID},
    {OURS, PERPLEXITY_PER_WORD},
    {UNIGRAM, 0},
    {PUBLISHED, INDEPENDENT_FINAL},
    {OURS, INDEPENDENT_FINAL},
    {OURS, INDEPENDENT_MEAN},
    {OURS, STORED_FINAL},
    {OURS, STORED_MEAN},
    {PUBLISHED, PARAMETERS_MEAN},
    {OURS, PARAMETERS_MEAN},
    {OURS, PARAMETERS_FINAL},
    {RUNS, 0},
    {OURS, TOKENS},
    {OURS, SECONDS},
    {OURS, TOKENS_PER_SECOND},
    {OURS, PEAK_MEMORY},
};

#define PERPLEXITY "Test perplexity"
#define PER_WORD "Per word"
#define INDEPENDENT "Independent layers"
#define STORED "Stored layers"
#define PARAMETERS "Trainable parameters"
#define COST "Cost"

static const struct table_column COLUMNS[] = {
    {"dataset", "Dataset", NULL, -1, false, false},
    {"method", "Method", NULL, -1, false, false},
    {"published_perplexity", "published", PERPLEXITY, 0, true, false},
    {"perplexity_best", "best", PERPLEXITY, 0, true, true},
    {"perplexity_final", "final", PERPLEXITY, 0, true, true},
    {"perplexity_at_best_valid", "at best validation", PERPLEXITY, 0, true, true},
    {"perplexity_per_word", "best", PER_WORD, 0, true, true},
    {"unigram_per_word", "unigram", PER_WORD, 0, true, false},
    {"published_independent_final", "published", INDEPENDENT, 1, true, false},
    {"independent_final", "final", INDEPENDENT, 1, true, true},
    {"independent_mean", "mean", INDEPENDENT, 1, true, true},
    {"stored_final", "final", STORED, 1, true, true},
    {"stored_mean", "mean", STORED, 1, true, true},
    {"published_parameters", "published", PARAMETERS, 1, true, false},
    {"parameters_mean", "mean", PARAMETERS, 1, true, true},
    {"parameters_final", "final", PARAMETERS, 1, true, true},
    {"runs", "runs", COST, 2, true, false},
    {"tokens", "tokens", COST, 2, true, true},
    {"seconds", "time (s)", COST, 2, true, true},
    {"tokens_per_second", "tokens/s", COST, 2, true, true},
    {"peak_memory", "peak memory (MB)", COST, 2, true, true},
};
_Static_assert(ARRAY_LENGTH(COLUMNS) == ARRAY_LENGTH(SOURCES), "a source for each column");

// The perplexity per word of the dataset's unigram model, from a metrics file of `dlt-eval unigram`.
static void set_unigram(struct table_cell *cell, const struct run_set *set, const char *dataset) {
    for (size_t i = 0; i < set->metrics_count; i++) {
        const struct metrics *metrics = &set->metrics[i];
        const char *of = run_pairs_find(&metrics->labels, "dataset");
        for (size_t j = 0; of && strcmp(of, dataset) == 0 && j < metrics->record_count; j++) {
            const char *task = run_pairs_find(&metrics->records[j], "task");
            const char *value = run_pairs_find(&metrics->records[j], "perplexity_per_word");
            if (task && strcmp(task, "unigram") == 0 && value) {
                table_set_real(cell, strtod(value, NULL), PERPLEXITY_PER_WORD);
                return;
            }
        }
    }
    table_set_text(cell, "n/a");
}

static void set_cell(struct table_cell *cell, size_t column, const struct group *group,
                     const struct run_set *set, const struct published *published) {
    const struct run *run = group->runs[0];
    enum quantity quantity = SOURCES[column].quantity;
    char count[24];
    const char *value = NULL;
    switch (SOURCES[column].source) {
    case DATASET:
        table_set_text(cell, run->dataset);
        break;
    case METHOD:
        table_set_text(cell, run->method);
        break;
    case RUNS:
        snprintf(count, sizeof count, "%zu", group->count);
        table_set_text(cell, count);
        break;
    case OURS:
        table_set_number(cell, group, quantity);
        break;
    case UNIGRAM:
        set_unigram(cell, set, run->dataset);
        break;
    case PUBLISHED:
        value = published_find(published, "T1", run->dataset, run->arch, run->method,
                               QUANTITY_TYPES[quantity].key);
        table_set_text(cell, value ? value : "n/a");
        break;
    }
}

static enum status build(struct table *table, const struct report_input *input,
                         struct error *error) {
    struct group group;
    const char *dataset = "";
    bool several = false;
    for (size_t next = 0; group_next(input->set, &next, &group);) {
        if (strcmp(group.runs[0]->arch, "gpt2") != 0) {
            continue;
        }
        bool starts = strcmp(dataset, group.runs[0]->dataset) != 0;
        dataset = group.runs[0]->dataset;
        several = several || group.count > 1;
        struct table_cell *row = table_add_row(table, starts, error);
        if (!row) {
            return STATUS_FAILURE;
        }
        for (size_t i = 0; i < ARRAY_LENGTH(COLUMNS); i++) {
            set_cell(&row[i], i, &group, input->set, input->published);
        }
    }
    text_add(&table->caption,
             "Test perplexity per token: the best over training, the last, and the one at the best "
             "validation step; per word, beside the unigram model of the same tokens. Independent "
             "layers are those of the state vector, stored layers "
             "those with weights of their own; means are over all visits of the agent. Published "
             "values are of networks of 48 layers of width 1600 and the datasets themselves. ");
    if (several) {
        text_add(&table->caption, "Mean and standard deviation over seeds. ");
    }
    report_add_setting(&table->caption, input->set);
    return STATUS_OK;
}

const struct table_type TABLE_T1 = {
    .id = "T1",
    .title = "GPT-2, conventional training against dynamic layer tying",
    .columns = COLUMNS,
    .column_count = ARRAY_LENGTH(COLUMNS),
    .build = build,
};
