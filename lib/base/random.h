// Random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), a function of (seed, place, index) and of nothing else, so that a number never depends
// on the order of threads or on what else was drawn.
//
// The one counter layout, the same on every device:
//     key     = seed, low word first
//     counter = { index, stream << 24 | site << 16 | layer, step low word, step high word }
// Block `index` of a place holds four 32-bit words, or eight 16-bit halves, low half first.
#ifndef DLT_BASE_RANDOM_H
#define DLT_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

enum random_stream { // each its own stream; the numbers are part of the results: never renumber
    RANDOM_INIT = 1,
    RANDOM_DROPOUT = 2,
    RANDOM_SHUFFLE = 3, // order of training blocks
    RANDOM_REWARD = 4,  // order of the blocks that rewards are drawn from
    RANDOM_MASK = 5,    // masked language modelling
    RANDOM_PERMUTE = 6, // permuted heads and hidden units of tied layers
    RANDOM_AGENT = 7,   // exploration and the Q-network's initialisation
    RANDOM_CORPUS = 8,
    RANDOM_SAMPLE = 9, // dlt-eval sample
};

struct random_place {
    uint64_t seed;
    uint64_t step;  // training step, pass over the data, ...: what the stream counts
    uint8_t stream; // enum random_stream
    uint8_t site;   // which use within a layer (embedding, attention, ...)
    uint16_t layer; // layer position, never the storage that the layer uses
};

// The ten rounds themselves: out = philox(counter, key).
void random_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4]);
// The counter and key of block `index` of a place.
void random_counter(const struct random_place *place, uint32_t index, uint32_t counter[4],
                    uint32_t key[2]);
void random_block(const struct random_place *place, uint32_t index, uint32_t out[4]);

// The numbers of one place, one after the other.
struct random_sequence {
    struct random_place place;
    uint64_t drawn; // 32-bit words taken so far; with the place, the whole state
    uint32_t block[4];
};

void random_sequence_start(struct random_sequence *sequence, struct random_place place);
// As it was after `drawn` words.
void random_sequence_resume(struct random_sequence *sequence, struct random_place place,
                            uint64_t drawn);
uint32_t random_u32(struct random_sequence *sequence);
double random_uniform(struct random_sequence *sequence);             // in (0, 1), 52 bits
double random_normal(struct random_sequence *sequence);              // standard normal
uint64_t random_below(struct random_sequence *sequence, uint64_t n); // uniform in 0 .. n-1, n > 0
void random_shuffle_u32(struct random_sequence *sequence, uint32_t *items, size_t count);

#endif
