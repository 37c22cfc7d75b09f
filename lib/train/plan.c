// What a run will take, before anything of it is done.
#include "lib/train/trainer.h"

// Blocks of one evaluation of a split on `batches` batches (0: all).
static double evaluation_blocks(const struct trainer *t, enum split split, int64_t batches) {
    double all = (double)t->blocks[split].count,
           some = (double)batches * (double)t->settings->batch;
    return batches > 0 && some < all ? some : all;
}

// The last evaluation is on the whole texts, beside one like the others where these are not.
static double all_evaluation_blocks(const struct trainer *t, int64_t evaluations) {
    double usual = 0, whole = 0;
    for (enum split split = SPLIT_VALID; split <= SPLIT_TEST; split++) {
        if (t->has[split]) {
            usual += evaluation_blocks(t, split, t->settings->eval_batches);
            whole += evaluation_blocks(t, split, 0);
        }
    }
    return usual * (double)evaluations + (usual < whole ? whole : 0);
}

static int64_t divide_up(int64_t n, int64_t by) {
    return (n + by - 1) / by;
}

void trainer_plan(const struct trainer *t, struct plan *plan) {
    const struct settings *s = t->settings;
    const struct agent_ready *agent = &t->dialogue.ready;
    struct model_operations block;
    model_count_operations(&t->config, &block);
    double batch = (double)s->batch, all = (double)t->blocks[SPLIT_TRAIN].count;
    batch = batch < all ? batch : all;
    int64_t visits = divide_up(t->planned, s->steps_per_action);
    int64_t episodes = divide_up(visits, settings_visits(s));
    double rewards = s->layers > 1 && agent->wants_reward ? 1 + agent->wants_loss_before : 0;
    *plan = (struct plan){
        .episodes = episodes,
        .tokens = (double)t->planned * batch * (double)s->context,
        .training = (double)t->planned * batch * block.training,
        .rewards = (double)visits * rewards * batch * block.forward,
        .evaluation = all_evaluation_blocks(t, divide_up(episodes, s->eval_every)) * block.forward};
    plan->operations = plan->training + plan->rewards + plan->evaluation;
}

void trainer_most_memory(const struct trainer *t, struct model_memory *memory) {
    struct tying independent;
    struct tying_plan unused;
    int map[TYING_LAYERS_MAX];
    for (int i = 0; i < t->config.layers; i++) {
        map[i] = i;
    }
    tying_begin(&independent, &t->config.tying, t->config.layers, map, &unused);
    model_count_memory(&t->config, &independent, t->ops, memory);
}
