#include <assert.h>
#include <stdio.h>

#include "lib/model/internal.h"

typedef enum status visit_tensor(void *context, const struct model_tensor *tensor,
                                 struct error *error);

static const char *const KIND_SUFFIX[] = {"", ".gradient", ".moment1", ".moment2"};
static const char *const PART_NAME[] = {"attention", "feedforward"};

// The tensors of one run; `prefix` as "layers.3.attention.".
static enum status visit_run(const struct model *model, void *data, const struct layout *layout,
                             const char *prefix, enum model_tensor_kind kind, visit_tensor *visit,
                             void *context, struct error *error) {
    size_t size = kind == MODEL_GRADIENT ? sizeof(float) : model->ops->state_bytes;
    enum status status = STATUS_OK;
    for (size_t i = 0; data && status == STATUS_OK && i < layout->count; i++) {
        const struct tensor_layout *at = &layout->tensors[i];
        bool vector = at->spec->columns == EXTENT_ONE;
        struct model_tensor tensor = {.kind = kind,
                                      .dimensions = vector ? 1 : 2,
                                      .shape = {at->rows, at->columns, 1},
                                      .data = (void *)((char *)data + at->offset * size),
                                      .n = at->rows * at->columns};
        snprintf(tensor.name, sizeof tensor.name, "%s%s%s", prefix, at->spec->name,
                 KIND_SUFFIX[kind]);
        status = visit(context, &tensor, error);
    }
    return status;
}

static enum status visit_owner(const struct model *model, const struct owner *owner,
                               const struct layout *layout, const char *prefix, visit_tensor *visit,
                               void *context, struct error *error) {
    void *const runs[] = {owner->gradient, owner->moment1, owner->moment2};
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < 3; i++) {
        status = visit_run(model, runs[i], layout, prefix,
                           (enum model_tensor_kind)(MODEL_GRADIENT + i), visit, context, error);
    }
    return status;
}

// Weights by slot, the rest by layer.
enum status model_visit_tensors(struct model *model, visit_tensor *visit, void *context,
                                struct error *error) {
    enum status status = visit_run(model, model->base.master, &model->base_layout, "", MODEL_WEIGHT,
                                   visit, context, error);
    if (status == STATUS_OK) {
        status =
            visit_owner(model, &model->base_owner, &model->base_layout, "", visit, context, error);
    }
    for (int i = 0; i < model->config.layers; i++) {
        for (enum tying_part part = 0; status == STATUS_OK && part < TYING_PARTS; part++) {
            const struct layout *layout = &model->part_layouts[part];
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layers.%d.%s.", i, PART_NAME[part]);
            status = visit_run(model, model->storages[part][i].master, layout, prefix, MODEL_WEIGHT,
                               visit, context, error);
            if (status == STATUS_OK) {
                status = visit_owner(model, &model->owners[part][i], layout, prefix, visit, context,
                                     error);
            }
        }
    }
    return status;
}

static const struct owner *find_owner(const struct model *model, enum tying_part part, int layer) {
    assert(part == TYING_PARTS || (0 <= layer && layer < model->config.layers));
    return part == TYING_PARTS ? &model->base_owner : &model->owners[part][layer];
}

int64_t model_get_owner_steps(const struct model *model, enum tying_part part, int layer) {
    return find_owner(model, part, layer)->steps;
}

void model_set_owner_steps(struct model *model, enum tying_part part, int layer, int64_t steps) {
    ((struct owner *)find_owner(model, part, layer))->steps = steps;
}
