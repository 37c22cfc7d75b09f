// What the tests of lib/model share: a model on the CPU, weights and tokens from an integer hash
// (the same as in tests/reference/gpt2_reference.py), and access to tensors by name.
#ifndef DLT_TESTS_MODEL_FIXTURE_H
#define DLT_TESTS_MODEL_FIXTURE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/model.h"
#include "tests/unit/check.h"

struct fixture {
    const struct ops *ops;
    device *dev;
    struct model *model;
    struct error error;
};

// Checks that a call worked, and shows why not.
#define CHECK_OK(fixture, call) check_ok((call), (fixture)->error.message, __FILE__, __LINE__)
static bool check_ok(enum status status, const char *message, const char *file, int line) {
    return status == STATUS_OK || check_report(file, line, "%s", message);
}

__attribute__((unused)) static bool
fixture_open(struct fixture *f, const struct model_config *config, const int *map) {
    *f = (struct fixture){0};
    return CHECK_OK(f, ops_cpu(&f->ops, &f->error)) &&
           CHECK_OK(f, f->ops->open(&f->dev, &f->error)) &&
           CHECK_OK(f, model_open(&f->model, f->ops, f->dev, config, map, &f->error));
}

__attribute__((unused)) static void fixture_close(struct fixture *f) {
    model_close(f->model);
    if (f->dev) {
        f->ops->close(f->dev);
    }
}

__attribute__((unused)) static uint32_t hash32(uint32_t a, uint32_t b) {
    uint32_t h = a * 0x9E3779B1U + b * 0x85EBCA77U + 0x165667B1U;
    h = (h ^ (h >> 16)) * 0x7FEB352DU;
    h = (h ^ (h >> 16)) * 0x846CA68BU;
    return h ^ (h >> 16);
}

// Every eleventh target does not count.
__attribute__((unused)) static void make_batch(int32_t *tokens, int32_t *targets, size_t N, int V,
                                               uint32_t step) {
    for (uint32_t i = 0; i < N; i++) {
        tokens[i] = (int32_t)(hash32(1000 + step, i) % (uint32_t)V);
        targets[i] = i % 11 == 5 ? -1 : (int32_t)(hash32(2000 + step, i) % (uint32_t)V);
    }
}

// One tensor by name: its `data` is host memory on the CPU.
struct tensor_search {
    const char *name;
    struct model_tensor found; // data NULL where there is none
};

__attribute__((unused)) static enum status
match_tensor(void *context, const struct model_tensor *tensor, struct error *error) {
    struct tensor_search *search = context;
    (void)error;
    if (strcmp(search->name, tensor->name) == 0) {
        search->found = *tensor;
    }
    return STATUS_OK;
}

__attribute__((unused)) static struct model_tensor find_tensor(struct fixture *f,
                                                               const char *name) {
    struct tensor_search search = {.name = name};
    CHECK_OK(f, model_visit_tensors(f->model, match_tensor, &search, &f->error));
    return search.found;
}

__attribute__((unused)) static enum status
spread_weight(void *context, const struct model_tensor *tensor, struct error *error) {
    uint32_t *identifier = context;
    (void)error;
    for (uint32_t i = 0; tensor->kind == MODEL_WEIGHT && i < tensor->n; i++) {
        tensor->data[i] += (float)hash32(*identifier, i) * 0x1p-32F - 0.5F;
    }
    ++*identifier;
    return STATUS_OK;
}

// Adds random numbers to all weights: so large that no branch is negligible.
__attribute__((unused)) static void spread_weights(struct fixture *f, uint32_t identifier) {
    CHECK_OK(f, model_visit_tensors(f->model, spread_weight, &identifier, &f->error));
}

// XXH64-like digest of all tensors of the kinds in `kinds` (bits 1 << kind), for comparing bits.
struct digest {
    unsigned kinds;
    uint64_t value;
};

__attribute__((unused)) static enum status
digest_tensor(void *context, const struct model_tensor *tensor, struct error *error) {
    struct digest *digest = context;
    (void)error;
    if (digest->kinds >> tensor->kind & 1) {
        for (size_t i = 0; i < tensor->n; i++) {
            uint32_t bits;
            memcpy(&bits, &tensor->data[i], sizeof bits);
            digest->value = (digest->value ^ bits) * 0x100000001B3U;
        }
    }
    return STATUS_OK;
}

__attribute__((unused)) static uint64_t model_digest(struct fixture *f, unsigned kinds) {
    struct digest digest = {kinds, 0xCBF29CE484222325U};
    CHECK_OK(f, model_visit_tensors(f->model, digest_tensor, &digest, &f->error));
    return digest.value;
}

#endif
