#include "lib/train/sampler.h"

#include <stdlib.h>

#include "lib/base/memory.h"

enum status sampler_open(struct sampler *sampler, const struct blocks *blocks, size_t batch,
                         uint64_t seed, enum random_stream stream, struct error *error) {
    *sampler = (struct sampler){.blocks = blocks, .batch = batch, .seed = seed, .stream = stream};
    void *memory = NULL;
    enum status status = memory_allocate(&memory, blocks->count, sizeof *sampler->order,
                                         "the order of blocks", error);
    sampler->order = memory;
    if (status == STATUS_OK) {
        status = memory_allocate(&memory, blocks->count, sizeof *sampler->exchanged,
                                 "the order of blocks", error);
        sampler->exchanged = memory;
    }
    if (status != STATUS_OK) {
        sampler_close(sampler);
        return status;
    }
    for (size_t i = 0; i < blocks->count; i++) {
        sampler->order[i] = (uint32_t)i;
    }
    return STATUS_OK;
}

void sampler_close(struct sampler *sampler) {
    free(sampler->order);
    free(sampler->exchanged);
    *sampler = (struct sampler){0};
}

static void exchange(struct sampler *sampler, size_t i, size_t j) {
    uint32_t block = sampler->order[i];
    sampler->order[i] = sampler->order[j];
    sampler->order[j] = block;
}

static void open_pass(struct sampler *sampler, uint64_t pass) {
    while (sampler->position > 0) {
        sampler->position--;
        exchange(sampler, sampler->position, sampler->exchanged[sampler->position]);
    }
    sampler->pass = pass;
    random_sequence_start(&sampler->sequence,
                          (struct random_place){.seed = sampler->seed,
                                                .step = pass,
                                                .stream = (uint8_t)sampler->stream});
}

void sampler_begin_pass(struct sampler *sampler) {
    open_pass(sampler, sampler->pass + 1);
}

// One step of the Fisher-Yates shuffle, from the front.
static size_t next_block(struct sampler *sampler) {
    size_t i = sampler->position++;
    size_t j = i + (size_t)random_below(&sampler->sequence, sampler->blocks->count - i);
    sampler->exchanged[i] = (uint32_t)j;
    exchange(sampler, i, j);
    return sampler->order[i];
}

int sampler_next(struct sampler *sampler, int32_t *inputs, int32_t *targets) {
    const struct blocks *blocks = sampler->blocks;
    if (sampler->pass == 0 || sampler->position == blocks->count) {
        sampler_begin_pass(sampler);
    }
    const struct mask_draw masks = {sampler->seed, (uint8_t)sampler->stream, sampler->pass};
    size_t left = blocks->count - sampler->position;
    size_t taken = left < sampler->batch ? left : sampler->batch;
    for (size_t b = 0; b < taken; b++) {
        blocks_fill(blocks, next_block(sampler), &masks, inputs + b * blocks->context,
                    targets + b * blocks->context);
    }
    return (int)taken;
}

enum status sampler_restore(struct sampler *sampler, uint64_t pass, uint64_t position,
                            struct error *error) {
    if (position > sampler->blocks->count || (pass == 0 && position > 0) || pass >= UINT32_MAX) {
        return error_set(error, STATUS_DAMAGED, "its place in the data does not exist");
    }
    open_pass(sampler, pass);
    while (sampler->position < position) {
        next_block(sampler);
    }
    return STATUS_OK;
}
