// Draws batches of blocks in shuffled passes.
//
// A pass is a permutation of the blocks, a function of (seed, stream, pass number) and of nothing
// else; it is drawn only as far as it is used. So pass number and position are the whole state.
//
// Invariant: entries 0 .. position-1 of `order` are the pass so far; undoing their exchanges from
// the last to the first leaves the identity, from which every pass starts.
#ifndef DLT_TRAIN_SAMPLER_H
#define DLT_TRAIN_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/train/blocks.h"

struct sampler {
    const struct blocks *blocks; // not owned
    size_t batch;                // B
    uint64_t seed;
    enum random_stream stream;
    uint64_t pass;   // number of the open pass, from 1; 0: none is open
    size_t position; // blocks taken from it
    struct random_sequence sequence;
    uint32_t *order;     // (blocks)
    uint32_t *exchanged; // (blocks) entry i was exchanged with entry exchanged[i] >= i
};

enum status sampler_open(struct sampler *sampler, const struct blocks *blocks, size_t batch,
                         uint64_t seed, enum random_stream stream, struct error *error);
void sampler_close(struct sampler *sampler);
void sampler_begin_pass(struct sampler *sampler);
// The next batch of the pass; the last one may be smaller. Begins a pass where none is open or the
// open one is used up. inputs, targets: (B, T). Returns the number of blocks.
int sampler_next(struct sampler *sampler, int32_t *inputs, int32_t *targets);
// Goes to where a saved run was. STATUS_DAMAGED: there is no such place.
enum status sampler_restore(struct sampler *sampler, uint64_t pass, uint64_t position,
                            struct error *error);

#endif
