// T3, T4 and T6: variants of the method, fixed tying and semantics, each against the dynamic method.
#include "lib/report/tables.h"

#define PERPLEXITY "Test perplexity"
#define AGAINST "Perplexity against dynamic (%)"
#define INDEPENDENT "Independent layers"
#define STORED "Stored layers"
#define PARAMETERS "Trainable parameters"

#define HEADS                                                                                      \
    {"dataset", "Dataset", NULL, -1, false, false, CELL_DATASET, 0},                               \
        {"method", "Method", NULL, -1, false, false, CELL_TITLE, 0},                               \
        {"perplexity_best", "best", PERPLEXITY, 0, true, true, CELL_QUANTITY, PERPLEXITY_BEST},    \
        {"perplexity_final", "final", PERPLEXITY, 0, true, true, CELL_QUANTITY, PERPLEXITY_FINAL}, \
    {                                                                                              \
        "perplexity_at_best_valid", "at best validation", PERPLEXITY, 0, true, true,               \
            CELL_QUANTITY, PERPLEXITY_AT_BEST_VALID                                                \
    }

#define DIFFERENCE                                                                                 \
    {"difference", "difference", AGAINST, 1, true, false, CELL_DIFFERENCE, 0},                     \
        {"difference_low", "from", AGAINST, 1, true, false, CELL_LOW, 0},                          \
        {"difference_high", "to", AGAINST, 1, true, false, CELL_HIGH, 0},                          \
        {"pairs", "pairs", AGAINST, 1, true, false, CELL_PAIRS, 0}, {                              \
        "verdict", "verdict", AGAINST, 1, false, false, CELL_VERDICT, 0                            \
    }

#define TYING                                                                                      \
    {"independent_mean", "mean", INDEPENDENT, 2, true, true, CELL_QUANTITY, INDEPENDENT_MEAN},     \
        {"independent_final", "final",          INDEPENDENT, 2, true, true,                        \
         CELL_QUANTITY,       INDEPENDENT_FINAL},                                                  \
        {"stored_mean", "mean", STORED, 2, true, true, CELL_QUANTITY, STORED_MEAN},                \
        {"stored_final", "final", STORED, 2, true, true, CELL_QUANTITY, STORED_FINAL},             \
        {"parameters_mean", "mean", PARAMETERS, 2, true, true, CELL_QUANTITY, PARAMETERS_MEAN},    \
        {"parameters_final", "final", PARAMETERS, 2, true, true, CELL_QUANTITY, PARAMETERS_FINAL}, \
    {                                                                                              \
        "tokens", "Tokens", NULL, 2, true, false, CELL_QUANTITY, TOKENS                            \
    }

// Of T3 and T6: what becomes of the reward.
static const struct table_column VARIANTS[] = {
    HEADS,
    {"reward_clipped", "clipped (%)", "Rewards", 0, true, true, CELL_QUANTITY, REWARD_CLIPPED},
    DIFFERENCE,
    TYING,
};

static const struct table_column FIXED[] = {
    HEADS,
    {"published", "published", AGAINST, 1, false, false, CELL_PUBLISHED, PERPLEXITY_BEST},
    DIFFERENCE,
    TYING,
};

#define CAPTION                                                                                    \
    "Test perplexity per token; independent layers are those of the state vector, stored layers "  \
    "those with weights of their own, means over all visits. "

const struct table_type TABLE_T3 = {
    .id = "T3",
    .title = "Ablation: variants of the dynamic method",
    .columns = VARIANTS,
    .column_count = ARRAY_LENGTH(VARIANTS),
    .arch = "gpt2",
    .reference = "dynamic",
    .caption = CAPTION "A clipped reward is one that the agent cut off at its limit.",
    .conclude = conclude_variants,
};

const struct table_type TABLE_T4 = {
    .id = "T4",
    .title = "Dynamic against fixed tying",
    .columns = FIXED,
    .column_count = ARRAY_LENGTH(FIXED),
    .arch = "gpt2",
    .reference = "dynamic",
    .caption = CAPTION "A verdict is of the row: “worse” where dynamic tying is better.",
    .conclude = conclude_fixed,
};

const struct table_type TABLE_T6 = {
    .id = "T6",
    .title = "Semantics of tying: what the result depends on",
    .columns = VARIANTS,
    .column_count = ARRAY_LENGTH(VARIANTS),
    .arch = "gpt2",
    .reference = "dynamic",
    .caption = CAPTION "Each option of the released code is switched alone, from the dynamic "
                       "method, which has none of them; “Released code” has all of them but the "
                       "ghost updates, which depend on the version of a library.",
    .conclude = conclude_semantics,
};
