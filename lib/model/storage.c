#include <assert.h>

#include "lib/model/internal.h"

static enum status allocate_floats(struct model *model, float **memory, size_t n, const char *what,
                                   struct error *error) {
    void *pointer = NULL;
    enum status status = model->ops->allocate(model->dev, &pointer, n * sizeof(float), what, error);
    *memory = pointer;
    return status;
}

// n numbers of the state type.
static enum status allocate_state(struct model *model, void **memory, size_t n, const char *what,
                                  struct error *error) {
    return model->ops->allocate(model->dev, memory, n * model->ops->state_bytes, what, error);
}

static void release_state(struct model *model, void **memory, size_t n) {
    if (*memory) {
        model->ops->release(model->dev, *memory, n * model->ops->state_bytes);
    }
    *memory = NULL;
}

static void release_floats(struct model *model, float **memory, size_t n) {
    if (*memory) {
        model->ops->release(model->dev, *memory, n * sizeof(float));
    }
    *memory = NULL;
}

static bool one_array(const struct model *model) {
    return model->ops->act_bytes == model->ops->state_bytes;
}

static enum status block_allocate(struct model *model, struct block *block,
                                  const struct layout *layout, struct error *error) {
    assert(!block->master);
    enum status status = allocate_state(model, &block->master, layout->n, "weights", error);
    if (status != STATUS_OK) {
        return status;
    }
    if (one_array(model)) {
        block->weight = block->master;
        return STATUS_OK;
    }
    void *pointer = NULL;
    status = model->ops->allocate(model->dev, &pointer, layout->n * model->ops->act_bytes,
                                  "weights", error);
    block->weight = pointer;
    return status;
}

static void block_release(struct model *model, struct block *block, const struct layout *layout) {
    if (block->weight && !one_array(model)) {
        model->ops->release(model->dev, block->weight, layout->n * model->ops->act_bytes);
    }
    release_state(model, &block->master, layout->n);
    block->weight = NULL;
}

static void block_copy(struct model *model, const struct block *to, const struct block *from,
                       const struct layout *layout) {
    model->ops->copy(model->dev, to->master, from->master, layout->n * model->ops->state_bytes);
    if (!one_array(model)) {
        model->ops->copy(model->dev, to->weight, from->weight, layout->n * model->ops->act_bytes);
    }
}

static void owner_release(struct model *model, struct owner *owner, const struct layout *layout,
                          bool moments) {
    release_floats(model, &owner->gradient, layout->n);
    owner->gradient_begun = false;
    if (moments) {
        release_state(model, &owner->moment1, layout->n);
        release_state(model, &owner->moment2, layout->n);
        owner->steps = 0;
    }
}

// Takes what is missing of a gradient and moments; what is there stays.
static enum status owner_complete(struct model *model, struct owner *owner,
                                  const struct layout *layout, bool gradient, struct error *error) {
    enum status status = STATUS_OK;
    if (gradient && !owner->gradient) {
        status = allocate_floats(model, &owner->gradient, layout->n, "gradients", error);
    }
    if (status == STATUS_OK && !owner->moment1) {
        status = allocate_state(model, &owner->moment1, layout->n, "first moments", error);
    }
    if (status == STATUS_OK && !owner->moment2) {
        status = allocate_state(model, &owner->moment2, layout->n, "second moments", error);
    }
    return status;
}

static enum status owner_begin(struct model *model, struct owner *owner,
                               const struct layout *layout, bool fresh, struct error *error) {
    if (fresh && owner->moment1) {
        model->ops->zero(model->dev, owner->moment1, layout->n * model->ops->state_bytes);
        model->ops->zero(model->dev, owner->moment2, layout->n * model->ops->state_bytes);
    }
    if (fresh) {
        owner->steps = 0;
    }
    return owner_complete(model, owner, layout, true, error);
}

enum status storage_open_base(struct model *model, struct error *error) {
    enum status status = block_allocate(model, &model->base, &model->base_layout, error);
    if (status == STATUS_OK) {
        status = owner_begin(model, &model->base_owner, &model->base_layout, true, error);
    }
    bool ghosts = model->config.tying.retire == TYING_RETIRE_GHOST;
    for (enum tying_part part = 0; status == STATUS_OK && ghosts && part < TYING_PARTS; part++) {
        status = allocate_floats(model, &model->zeros[part], model->part_layouts[part].n,
                                 "gradients", error);
    }
    if (status == STATUS_OK) {
        status = init_block(model, &model->base, &model->base_layout, 0, 0, error);
    }
    return status;
}

static enum status carry_out_step(struct model *model, const struct tying_step *step,
                                  struct error *error) {
    enum tying_part part = step->part;
    const struct layout *layout = &model->part_layouts[part];
    struct block *storages = model->storages[part];
    struct owner *owners = model->owners[part];
    switch (step->kind) {
    case TYING_STEP_ALLOCATE:
        return block_allocate(model, &storages[step->storage], layout, error);
    case TYING_STEP_INITIALISE:
        return init_block(model, &storages[step->storage], layout,
                          (1 + (int)part) * MODEL_INIT_SITES, step->layer, error);
    case TYING_STEP_COPY:
        block_copy(model, &storages[step->storage], &storages[step->source], layout);
        return STATUS_OK;
    case TYING_STEP_ALIAS: // model->tying says which storage the layer uses
        return STATUS_OK;
    case TYING_STEP_OWN:
        return owner_begin(model, &owners[step->layer], layout, step->fresh, error);
    case TYING_STEP_DISOWN:
        owner_release(model, &owners[step->layer], layout, step->fresh);
        return STATUS_OK;
    case TYING_STEP_FREE:
        block_release(model, &storages[step->storage], layout);
        return STATUS_OK;
    }
    return STATUS_OK;
}

enum status storage_carry_out(struct model *model, const struct tying_plan *plan,
                              struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < plan->count; i++) {
        status = carry_out_step(model, &plan->steps[i], error);
    }
    return status;
}

static void match_release(struct model *model, const struct tying_part_state *state,
                          enum tying_part part) {
    const struct layout *layout = &model->part_layouts[part];
    for (int i = 0; i < model->config.layers; i++) {
        if (!state->in_use[i]) {
            block_release(model, &model->storages[part][i], layout);
        }
        if (state->owner[i] != TYING_OWNER_ACTIVE) {
            owner_release(model, &model->owners[part][i], layout,
                          state->owner[i] == TYING_OWNER_NONE);
        }
    }
}

static enum status match_take(struct model *model, const struct tying_part_state *state,
                              enum tying_part part, struct error *error) {
    const struct layout *layout = &model->part_layouts[part];
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && i < model->config.layers; i++) {
        if (state->in_use[i] && !model->storages[part][i].master) {
            status = block_allocate(model, &model->storages[part][i], layout, error);
        }
        if (status == STATUS_OK && state->owner[i] != TYING_OWNER_NONE) {
            status = owner_complete(model, &model->owners[part][i], layout,
                                    state->owner[i] == TYING_OWNER_ACTIVE, error);
        }
    }
    return status;
}

enum status storage_match(struct model *model, const struct tying *tying, struct error *error) {
    enum status status = STATUS_OK;
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        match_release(model, &tying->parts[part], part);
    }
    for (enum tying_part part = 0; status == STATUS_OK && part < TYING_PARTS; part++) {
        status = match_take(model, &tying->parts[part], part, error);
    }
    return status;
}

void storage_close(struct model *model) {
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        const struct layout *layout = &model->part_layouts[part];
        for (int i = 0; i < model->config.layers; i++) {
            block_release(model, &model->storages[part][i], layout);
            owner_release(model, &model->owners[part][i], layout, true);
        }
        release_floats(model, &model->zeros[part], layout->n);
    }
    block_release(model, &model->base, &model->base_layout);
    owner_release(model, &model->base_owner, &model->base_layout, true);
}

void model_refresh(struct model *model) {
    model->ops->cast(model->dev, model->base.weight, model->base.master, model->base_layout.n);
    for (enum tying_part part = 0; part < TYING_PARTS; part++) {
        for (int i = 0; i < model->config.layers; i++) {
            const struct block *block = &model->storages[part][i];
            if (block->master) {
                model->ops->cast(model->dev, block->weight, block->master,
                                 model->part_layouts[part].n);
            }
        }
    }
}
