// T1 and T2: conventional training against dynamic tying, on every dataset: quality, tying and cost,
// with the published value beside ours where it is known.
#include "lib/report/tables.h"

#define PERPLEXITY "Test perplexity"
#define PER_WORD "Per word"
#define INDEPENDENT "Independent layers"
#define STORED "Stored layers"
#define PARAMETERS "Trainable parameters"
#define COST "Cost"
#define AGAINST "Perplexity against conventional (%)"

static const struct table_column COLUMNS[] = {
    {"dataset", "Dataset", NULL, -1, false, false, CELL_DATASET, 0},
    {"method", "Method", NULL, -1, false, false, CELL_TITLE, 0},
    {"published_perplexity", "published", PERPLEXITY, 0, true, false, CELL_PUBLISHED,
     PERPLEXITY_BEST},
    {"perplexity_best", "best", PERPLEXITY, 0, true, true, CELL_QUANTITY, PERPLEXITY_BEST},
    {"perplexity_final", "final", PERPLEXITY, 0, true, true, CELL_QUANTITY, PERPLEXITY_FINAL},
    {"perplexity_at_best_valid", "at best validation", PERPLEXITY, 0, true, true, CELL_QUANTITY,
     PERPLEXITY_AT_BEST_VALID},
    {"perplexity_per_word", "best", PER_WORD, 0, true, true, CELL_QUANTITY, PERPLEXITY_PER_WORD},
    {"unigram_per_word", "unigram", PER_WORD, 0, true, false, CELL_UNIGRAM, 0},
    {"published_independent_final", "published", INDEPENDENT, 1, true, false, CELL_PUBLISHED,
     INDEPENDENT_FINAL},
    {"independent_final", "final", INDEPENDENT, 1, true, true, CELL_QUANTITY, INDEPENDENT_FINAL},
    {"independent_mean", "mean", INDEPENDENT, 1, true, true, CELL_QUANTITY, INDEPENDENT_MEAN},
    {"stored_final", "final", STORED, 1, true, true, CELL_QUANTITY, STORED_FINAL},
    {"stored_mean", "mean", STORED, 1, true, true, CELL_QUANTITY, STORED_MEAN},
    {"published_parameters", "published", PARAMETERS, 1, true, false, CELL_PUBLISHED,
     PARAMETERS_MEAN},
    {"parameters_mean", "mean", PARAMETERS, 1, true, true, CELL_QUANTITY, PARAMETERS_MEAN},
    {"parameters_final", "final", PARAMETERS, 1, true, true, CELL_QUANTITY, PARAMETERS_FINAL},
    {"difference", "difference", AGAINST, 2, true, false, CELL_DIFFERENCE, 0},
    {"difference_low", "from", AGAINST, 2, true, false, CELL_LOW, 0},
    {"difference_high", "to", AGAINST, 2, true, false, CELL_HIGH, 0},
    {"pairs", "pairs", AGAINST, 2, true, false, CELL_PAIRS, 0},
    {"verdict", "verdict", AGAINST, 2, false, false, CELL_VERDICT, 0},
    {"last_word_accuracy", "accuracy (%)", "Last word", 2, true, true, CELL_LAST_WORD, 0},
    {"runs", "runs", COST, 3, true, false, CELL_RUNS, 0},
    {"tokens", "tokens", COST, 3, true, true, CELL_QUANTITY, TOKENS},
    {"published_time", "published time", COST, 3, true, false, CELL_PUBLISHED, SECONDS},
    {"seconds", "time (s)", COST, 3, true, true, CELL_QUANTITY, SECONDS},
    {"tokens_per_second", "tokens/s", COST, 3, true, true, CELL_QUANTITY, TOKENS_PER_SECOND},
    {"peak_memory", "peak memory (MB)", COST, 3, true, true, CELL_QUANTITY, PEAK_MEMORY},
};

#define CAPTION                                                                                    \
    "Test perplexity per token: the best over training, the last, and the one at the best "        \
    "validation step; per word, a line end being one as is usual for WikiText, beside the "        \
    "unigram model of the same tokens, whose counts are the training text's plus one. "            \
    "Independent layers are those of the state vector, stored layers those with weights of "       \
    "their own; means are over all visits of the agent. Time is that of the whole run, with "      \
    "evaluations and the agent; tokens/s are all tokens over the time of the training steps "      \
    "alone; peak memory is that of the whole process. "

const struct table_type TABLE_T1 = {
    .id = "T1",
    .title = "GPT-2, conventional training against dynamic layer tying",
    .columns = COLUMNS,
    .column_count = ARRAY_LENGTH(COLUMNS),
    .arch = "gpt2",
    .reference = "conventional",
    .caption = CAPTION "Published values are of networks of 48 layers of width 1600 and the "
                       "datasets themselves.",
    .conclude = conclude_main,
};

const struct table_type TABLE_T2 = {
    .id = "T2",
    .title = "BERT, conventional training against dynamic layer tying",
    .columns = COLUMNS,
    .column_count = ARRAY_LENGTH(COLUMNS),
    .arch = "bert",
    .reference = "conventional",
    .caption = CAPTION "Published values are of BERT-base and the datasets themselves. Perplexity "
                       "over masked positions, where a row says so, compares with nothing but "
                       "itself.",
    .conclude = conclude_main,
};
