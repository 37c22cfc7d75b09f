#include "lib/model/internal.h"

static double matrix_weights(const struct tensor_layout *tensor) {
    bool matrix = tensor->spec->columns != EXTENT_ONE;
    return matrix ? (double)tensor->rows * (double)tensor->columns : 0;
}

// Forward, of one layer and one token.
static double layer_operations(const struct model_config *config) {
    double weights = 0, T = config->context;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        struct layout layout;
        layout_part(&layout, config, part);
        for (size_t i = 0; i < layout.count; i++) {
            weights += matrix_weights(&layout.tensors[i]);
        }
    }
    double columns = config->bidirectional ? T : (T + 1) / 2;
    return 2 * weights + 4 * columns * config->width;
}

// Forward, of one token behind the layers: what stands there, and the head.
static double final_operations(const struct model_config *config) {
    struct layout layout;
    layout_base(&layout, config, 1);
    double weights = matrix_weights(&layout.tensors[BASE_TOKEN]);
    for (size_t i = architecture_of(config)->base_final; i < layout.count; i++) {
        weights += matrix_weights(&layout.tensors[i]);
    }
    return 2 * weights;
}

void model_count_operations(const struct model_config *config, struct model_operations *count) {
    double layers = config->layers * layer_operations(config), T = config->context;
    bool again = config->recompute == MODEL_RECOMPUTE_LAYER;
    count->forward = T * (layers + final_operations(config));
    count->training = 3 * count->forward + (again ? T * layers : 0);
}
