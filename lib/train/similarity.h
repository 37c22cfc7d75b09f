// Task "similarity" of dlt-eval: how alike are the weights of independent layers, and is head h of
// one layer like head h of another (Figure F4; REFERENCE.md, section 5)?
//
// Compared are the matrices: norms' gains start at 1 and would make everything alike. A head is its
// rows of the query, key and value matrices and its columns of the output projection.
#ifndef DLT_TRAIN_SIMILARITY_H
#define DLT_TRAIN_SIMILARITY_H

#include "lib/train/trained.h"

// What is told of a network in one line.
struct similarity {
    int layers[TYING_PARTS];        // that train weights which no lower one trains
    double cosine[TYING_PARTS];     // mean over their pairs; 0 where there is none
    int heads;                      // of each layer
    double same_head, another_head; // means over pairs of layers and heads
};

// Writes one metric record of task "similarity" for each pair of layers and part, and one of task
// "head-similarity" for each pair of heads. A network with one layer has no pair: no record.
enum status similarity_measure(const struct trained_choice *network, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct similarity *result, struct error *error);

#endif
