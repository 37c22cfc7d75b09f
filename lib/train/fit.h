// Whether a network fits into memory, asked before any of it is taken.
#ifndef DLT_TRAIN_FIT_H
#define DLT_TRAIN_FIT_H

#include "lib/model/model.h"

// FIT_KEPT: training that writes checkpoints.
enum fit_use { FIT_TRAINING, FIT_KEPT, FIT_EVALUATION };

// STATUS_FAILURE if more is needed than there is, with the option that would help.
enum status fit_check(const struct model_config *config, const struct tying *tying,
                      enum fit_use use, const struct ops *ops, device *dev, struct error *error);
// Says so if there is too little for the most that a run may come to need.
void fit_warn(const struct model_memory *most, const struct ops *ops, device *dev);

#endif
