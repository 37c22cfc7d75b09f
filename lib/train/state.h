// Where a run is: everything that a checkpoint holds but the network and the agent.
#ifndef DLT_TRAIN_STATE_H
#define DLT_TRAIN_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/record/record.h"
#include "lib/record/tokens.h"
#include "lib/train/settings.h"

// The best evaluation so far; episode 0: there was none.
struct best {
    double perplexity;
    double loss; // orders infinite perplexities; infinite where a checkpoint does not tell it
    int64_t episode;
    double test_perplexity; // at the best validation, 0 without a test text
};

struct train_state {
    int64_t episode; // the episode in hand, from 1
    int64_t visit;   // visits of it that were made; the next one is to layer visit + 1
    int64_t step;    // training steps done
    int64_t visits;  // visits made, of all episodes
    int64_t tokens;  // targets trained on
    int64_t changes; // of the map, in this episode
    bool finished;
    struct best best_test, best_valid;
    uint32_t vocabulary;                                                          // V
    char vocabulary_model[TOKEN_MODEL_TEXT], vocabulary_sha256[HASH_SHA256_TEXT]; // "": not known
    uint64_t inputs[SPLITS]; // content digests of the texts; 0: none
    uint64_t train_pass, train_position, reward_pass, reward_position; // the samplers' places
};

// The most memory that a run ever took, over all resumes. Bytes.
struct memory_peak {
    struct model_memory counted; // by kind, at the visit with the largest total
    uint64_t resident;           // of the process, 0 where the system does not say
    uint64_t device;             // allocated on the device, scratch included
};

void model_memory_put(const struct model_memory *memory, struct record_builder *r);
// Fields peak_resident, peak_device and the map peak_memory.
void memory_peak_put(const struct memory_peak *peak, struct record_builder *r);
// Zeros where it is missing, as in checkpoints of before it was kept.
void memory_peak_get(struct memory_peak *peak, const msgpack_object *map);

void train_state_put(const struct train_state *state, struct record_builder *r);
bool train_state_get(struct train_state *state, const msgpack_object *map);

#endif
