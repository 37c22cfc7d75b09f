// The agent's random numbers: each place its own, keyed by what it is drawn for and by how often,
// so that there is no generator whose state would have to be saved.
#ifndef DLT_AGENT_DRAWS_H
#define DLT_AGENT_DRAWS_H

#include "lib/base/random.h"

enum draw_site {      // part of the results: never renumber
    DRAW_EXPLORE = 1, // step: actions taken
    DRAW_WEIGHT1 = 2,
    DRAW_BIAS1 = 3,
    DRAW_WEIGHT2 = 4,
    DRAW_BIAS2 = 5,
    DRAW_REPLAY = 6, // step: updates made
};

static inline struct random_sequence draw_start(uint64_t seed, enum draw_site site, int64_t step) {
    struct random_sequence sequence;
    random_sequence_start(&sequence, (struct random_place){.seed = seed,
                                                           .step = (uint64_t)step,
                                                           .stream = RANDOM_AGENT,
                                                           .site = (uint8_t)site});
    return sequence;
}

#endif
