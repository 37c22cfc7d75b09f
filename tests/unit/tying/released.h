// What the released code does, as objects like PyTorch's: a layer is a parameter whose `data` is a
// tensor that others may point at too; assigning `data` drops the old tensor when nobody is left.
#ifndef DLT_TESTS_TYING_RELEASED_H
#define DLT_TESTS_TYING_RELEASED_H

#include <stdlib.h>

#include "tests/unit/tying/simulate.h"

struct tensor {
    uint64_t value;
    int references;
};

struct parameter {
    struct tensor *data;
    bool requires_grad;
    bool
        has_gradient; // was trained once: its .grad is a tensor (zeros, where gradients are zeroed)
    bool has_moments;
    uint64_t moments;
};

struct released {
    int layers;
    bool zeroes_gradients; // rather than dropping them: what makes ghosts
    int state[TYING_LAYERS_MAX];
    struct parameter parameter[TYING_LAYERS_MAX];
    int tensors; // alive
};

static void released_start(struct released *r, int layers, const int *map, bool zeroes_gradients) {
    *r = (struct released){.layers = layers, .zeroes_gradients = zeroes_gradients};
    for (int i = 0; i < layers; i++) {
        struct tensor *tensor = malloc(sizeof *tensor);
        *tensor = (struct tensor){.value = label_initial(i), .references = 1};
        r->tensors++;
        r->state[i] = map[i];
        r->parameter[i] = (struct parameter){.data = tensor, .requires_grad = map[i] == i};
    }
}

static void released_drop(struct released *r, struct tensor *tensor) {
    if (--tensor->references == 0) {
        r->tensors--;
        free(tensor);
    }
}

static void released_act(struct released *r, int layer, int action) {
    struct parameter *p = &r->parameter[layer];
    if (action == layer) {
        p->requires_grad = true;
    } else {
        struct tensor *old = p->data;
        p->data = r->parameter[action].data;
        p->data->references++;
        released_drop(r, old);
        p->requires_grad = false;
    }
    r->state[layer] = action;
}

// AdamW walks over the parameters that have a gradient tensor; dropped ones have none.
static void released_train(struct released *r) {
    for (int i = 0; i < r->layers; i++) {
        struct parameter *p = &r->parameter[i];
        p->has_gradient = p->requires_grad || (p->has_gradient && r->zeroes_gradients);
        if (p->has_gradient) {
            p->moments = label_mix(p->has_moments ? p->moments : 0, p->requires_grad);
            p->has_moments = true;
            p->data->value = label_mix(p->data->value, p->moments);
        }
    }
}

static void released_end(struct released *r) {
    for (int i = 0; i < r->layers; i++) {
        released_drop(r, r->parameter[i].data);
    }
    CHECK_INT(r->tensors, 0);
}

#endif
