// What is said of a training whose numbers are no longer finite.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "lib/train/trainer.h"

// The same steps would be taken again, so the checkpoint is nothing to go on from. The run log, made
// readable to its end, tells how it came to that.
static enum status diverged(struct trainer *t, int layer, const char *what, int64_t step,
                            double value, struct error *error) {
    char visited[32] = "", left[512] = "";
    struct record_position position;
    struct error unwritten;
    if (layer > 0) {
        snprintf(visited, sizeof visited, ", at layer %d's visit", layer);
    }
    t->diverged = true;
    if (trainer_keeps_log(t) && record_position_mark(t->log, &position, &unwritten) == STATUS_OK) {
        snprintf(left, sizeof left,
                 "; dlt-cat --salvage '%.400s.partial' shows how it came to that", t->output);
    }
    return error_set(error, STATUS_FAILURE,
                     "training diverged: the %s step %" PRId64 " (episode %" PRId64
                     "%s) is %s; a smaller --lr%s may help%s",
                     what, step, t->state.episode, visited,
                     isnan(value) ? "not a number" : "infinite",
                     t->settings->checkpoint ? ", with --restart," : "", left);
}

enum status trainer_loss_diverged(struct trainer *t, int layer, double loss, struct error *error) {
    int place = 0;
    enum status status = model_find_not_finite(t->model, &place, error);
    if (status != STATUS_OK) {
        return status;
    }
    char what[64] = "loss, from the embedding on, of";
    if (place == t->config.layers) {
        snprintf(what, sizeof what, "loss, not yet behind the last layer, of");
    } else if (place >= 0) {
        snprintf(what, sizeof what, "loss, from layer %d on, of", place);
    }
    return diverged(t, layer, what, t->state.step + 1, loss, error);
}

enum status trainer_gradient_diverged(struct trainer *t, int layer, double norm,
                                      struct error *error) {
    int owner = model_find_gradient_not_finite(t->model);
    char what[64] = "gradient, outside the layers, of";
    if (owner >= 0) {
        snprintf(what, sizeof what, "gradient, of layer %d's weights, of", owner);
    }
    return diverged(t, layer, what, t->state.step + 1, norm, error);
}

enum status trainer_reward_diverged(struct trainer *t, int layer, double loss,
                                    struct error *error) {
    return diverged(t, layer, "reward's loss, after", t->state.step, loss, error);
}

enum status trainer_evaluation_diverged(struct trainer *t, enum split split, double loss,
                                        struct error *error) {
    char what[64];
    snprintf(what, sizeof what, "loss on the %s text after", SPLIT_NAMES[split]);
    return diverged(t, 0, what, t->state.step, loss, error);
}
