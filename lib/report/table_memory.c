// T5: what training holds in memory, as counted and as measured; conventional against dynamic.
#include <stdio.h>

#include "lib/report/tables.h"

#define COUNTED "Counted, mean (MB)"
#define TRAINED "Without activations (MB)"
#define PEAK "Peak (MB)"

static const struct table_column COLUMNS[] = {
    {"dataset", "Dataset", NULL, -1, false, false, CELL_DATASET, 0},
    {"method", "Method", NULL, -1, false, false, CELL_TITLE, 0},
    {"weights", "weights", COUNTED, 0, true, true, CELL_QUANTITY, MEMORY_WEIGHTS},
    {"gradients", "gradients", COUNTED, 0, true, true, CELL_QUANTITY, MEMORY_GRADIENTS},
    {"optimizer", "optimiser", COUNTED, 0, true, true, CELL_QUANTITY, MEMORY_OPTIMIZER},
    {"activations", "activations", COUNTED, 0, true, true, CELL_QUANTITY, MEMORY_ACTIVATIONS},
    {"published_trained", "published", TRAINED, 1, true, false, CELL_PUBLISHED, MEMORY_TRAINED},
    {"trained", "mean", TRAINED, 1, true, true, CELL_QUANTITY, MEMORY_TRAINED},
    {"trained_max", "largest", TRAINED, 1, true, true, CELL_QUANTITY, MEMORY_TRAINED_MAX},
    {"predicted", "predicted", PEAK, 1, true, true, CELL_QUANTITY, MEMORY_TOTAL_MAX},
    {"measured", "measured", PEAK, 1, true, true, CELL_QUANTITY, PEAK_DEVICE},
    {"process", "process", PEAK, 1, true, true, CELL_QUANTITY, PEAK_MEMORY},
};

// Conventional over dynamic, one line for each way of keeping activations.
static const struct {
    const char *over, *under, *title;
} RATIOS[] = {
    {"conventional", "dynamic", "Conventional / dynamic"},
    {"conventional-recompute", "dynamic-recompute", "The same, recomputing"},
};

static void fill_ratio(struct table_cell *cells, const struct row *over, const struct row *under,
                       const struct report_input *input) {
    for (size_t i = 0; i < ARRAY_LENGTH(COLUMNS); i++) {
        enum quantity quantity = COLUMNS[i].quantity;
        if (COLUMNS[i].source == CELL_QUANTITY) {
            double below = group_mean(&under->group, quantity);
            double above = group_mean(&over->group, quantity);
            if (below > 0) {
                table_set_real(&cells[i], above / below, NUMBER_RATIO);
            }
        } else if (COLUMNS[i].source == CELL_PUBLISHED) {
            char key[2 * RUN_NAME];
            snprintf(key, sizeof key, "%s/%s", over->method, under->method);
            const char *value = published_find(input->published, "T5", over->dataset, over->arch,
                                               key, QUANTITY_TYPES[quantity].key);
            table_set_text(&cells[i], value ? value : "n/a");
        }
    }
}

static enum status extend(struct table *table, const struct rows *rows,
                          const struct report_input *input, struct error *error) {
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t j = 0; rows->items[i].starts && j < ARRAY_LENGTH(RATIOS); j++) {
            const char *dataset = rows->items[i].dataset;
            const struct row *over = rows_find(rows, dataset, RATIOS[j].over);
            const struct row *under = rows_find(rows, dataset, RATIOS[j].under);
            struct table_cell *cells = NULL;
            if (over && under) {
                cells = table_add_row(table, j == 0, error);
                if (!cells) {
                    return STATUS_FAILURE;
                }
                table_set_text(&cells[0], dataset);
                table_set_text(&cells[1], RATIOS[j].title);
                fill_ratio(cells, over, under, input);
            }
        }
    }
    return STATUS_OK;
}

const struct table_type TABLE_T5 = {
    .id = "T5",
    .title = "Memory in training",
    .columns = COLUMNS,
    .column_count = ARRAY_LENGTH(COLUMNS),
    .arch = "gpt2",
    .caption = "Millions of bytes that the run held at the ends of its episodes, counted from its "
               "map: the mean, and without activations, which is the published quantity, also the "
               "largest. Peaks: predicted is the largest sum that was counted, with activations; "
               "measured is what was allocated on the device, scratch included; process is the "
               "memory of the whole process, program and data included.",
    .conclude = conclude_memory,
    .extend = extend,
};
