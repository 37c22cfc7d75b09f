// The training loop. Between two visits everything is in t->state, the network and the dialogue; a
// message to the agent is sent only after the state has moved on, so that a checkpoint written when
// the agent fails is one of a moment between two visits as well.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "lib/base/math.h"
#include "lib/base/program.h"
#include "lib/train/trainer.h"

// ---- Steps and visits ---------------------------------------------------------------------------

static void show_progress(struct trainer *t, double loss) {
    char detail[96];
    snprintf(detail, sizeof detail, "episode %" PRId64 "  loss %.3f", t->state.episode, loss);
    progress_update(&t->progress, (double)t->state.step, detail);
}

static enum status train_step(struct trainer *t, int layer, struct error *error) {
    const struct settings *s = t->settings;
    const struct model_update_options options = {.lr = s->lr,
                                                 .beta1 = s->beta1,
                                                 .beta2 = s->beta2,
                                                 .eps = 1e-8,
                                                 .weight_decay = s->weight_decay,
                                                 .clip = s->clip};
    double began = clock_seconds(), loss = 0, norm = 0;
    int B = sampler_next(&t->train, t->inputs, t->targets);
    enum status status =
        model_accumulate(t->model, t->inputs, t->targets, B, t->state.step + 1, &loss, error);
    if (status == STATUS_OK && !isfinite(loss)) {
        status = trainer_loss_diverged(t, layer, loss, error);
    }
    if (status == STATUS_OK) {
        status = model_update(t->model, &options, &norm, error);
    }
    if (status == STATUS_OK && !isfinite(norm)) {
        status = trainer_gradient_diverged(t, layer, norm, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    double seconds = clock_seconds() - began;
    int64_t tokens = (int64_t)B * s->context;
    t->saved = false;
    t->state.step++;
    t->state.tokens += tokens;
    t->step_tokens += tokens;
    t->step_seconds += seconds;
    t->loss_sum += loss;
    t->loss_count++;
    log_verbose("step %" PRId64 " episode %" PRId64
                " loss %.6f norm %.4f lr %g ms %.1f tokens/s %.0f",
                t->state.step, t->state.episode, loss, norm, s->lr, 1e3 * seconds,
                (double)tokens / seconds);
    show_progress(t, loss);
    return run_log_step(t, loss, norm, error);
}

static enum status reward_loss(struct trainer *t, int B, double *loss, struct error *error) {
    double sum = 0;
    int64_t count = 0;
    enum status status = model_evaluate(t->model, t->reward_inputs, t->reward_targets, B, &sum,
                                        &count, NULL, NULL, error);
    *loss = count > 0 ? sum / (double)count : 0;
    return status;
}

static enum status choose_source(struct trainer *t, int layer, struct error *error) {
    int source = 0;
    bool changed = false;
    msgpack_object info = {.type = MSGPACK_OBJECT_NIL};
    enum status status = dialogue_ask(&t->dialogue, t->state.episode, layer,
                                      model_tying(t->model)->map, &source, &info, error);
    if (status == STATUS_OK) {
        t->state.visits++;
        status = model_tie(t->model, layer, source, &changed, error);
        trainer_note_memory(t);
    }
    if (status == STATUS_OK) {
        t->state.changes += changed;
        record_get_real(&info, "epsilon", &t->epsilon);
        status = run_log_visit(t, layer, source, changed, &info, error);
    }
    return status;
}

// The batch that a reward is measured on, drawn before the steps because "delta" needs its loss
// then.
static int draw_reward_batch(struct trainer *t) {
    if (t->settings->sampling == SAMPLING_RESHUFFLE) {
        sampler_begin_pass(&t->reward);
    }
    return sampler_next(&t->reward, t->reward_inputs, t->reward_targets);
}

static enum status give_reward(struct trainer *t, int layer, int B, struct agent_reward *reward,
                               struct error *error) {
    enum status status = reward_loss(t, B, &reward->loss, error);
    reward->perplexity = math_exp(reward->loss);
    if (!t->dialogue.ready.wants_loss_before) {
        reward->loss_before = reward->loss; // not measured
    }
    if (status == STATUS_OK && !isfinite(reward->loss)) {
        status = trainer_reward_diverged(t, layer, reward->loss, error);
    }
    if (status == STATUS_OK) {
        status = run_log_reward(t, layer, reward, error);
    }
    t->state.visit++; // from here on the visit is made, whatever becomes of the agent
    return status == STATUS_OK ? dialogue_reward(&t->dialogue, t->state.episode, layer,
                                                 model_tying(t->model)->map, reward, error)
                               : status;
}

// layer 0: a network of one layer, for which there is nothing to ask.
static enum status make_visit(struct trainer *t, struct error *error) {
    int layer = t->config.layers > 1 ? (int)t->state.visit + 1 : 0;
    bool rewarded = layer > 0 && t->dialogue.ready.wants_reward;
    struct agent_reward reward = {0};
    int B = 0;
    enum status status = layer > 0 ? choose_source(t, layer, error) : STATUS_OK;
    if (status == STATUS_OK && rewarded) {
        B = draw_reward_batch(t);
        if (t->dialogue.ready.wants_loss_before) {
            status = reward_loss(t, B, &reward.loss_before, error);
        }
    }
    if (status == STATUS_OK && t->settings->sampling == SAMPLING_RESHUFFLE) {
        sampler_begin_pass(&t->train);
    }
    for (int64_t k = 0;
         k < t->settings->steps_per_action && t->state.step < t->planned && status == STATUS_OK;
         k++) {
        status = train_step(t, layer, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (rewarded) {
        return give_reward(t, layer, B, &reward, error);
    }
    t->state.visit++;
    return STATUS_OK;
}

// ---- Episodes -----------------------------------------------------------------------------------

// Perplexities that are infinite are told apart by their losses.
static bool is_better(const struct evaluation *result, const struct best *best) {
    return best->episode == 0 || result->perplexity < best->perplexity ||
           (isinf(best->perplexity) && result->loss < best->loss);
}

static void keep_best(struct trainer *t, const struct evaluation *valid,
                      const struct evaluation *test) {
    struct train_state *s = &t->state;
    double test_perplexity = test ? test->perplexity : 0;
    if (test && is_better(test, &s->best_test)) {
        s->best_test = (struct best){test_perplexity, test->loss, s->episode, test_perplexity};
    }
    if (valid && is_better(valid, &s->best_valid)) {
        s->best_valid = (struct best){valid->perplexity, valid->loss, s->episode, test_perplexity};
    }
}

static enum status evaluate_texts(struct trainer *t, uint64_t batches,
                                  struct evaluation results[SPLITS], bool *stopped,
                                  struct error *error) {
    enum status status = STATUS_OK;
    for (int i = SPLIT_VALID; i <= SPLIT_TEST && status == STATUS_OK && !*stopped; i++) {
        if (t->has[i]) {
            status = evaluate_blocks(t->model, &t->blocks[i], (size_t)t->settings->batch, batches,
                                     &results[i], stopped, error);
            if (status == STATUS_OK && !*stopped && !isfinite(results[i].loss)) {
                status = trainer_evaluation_diverged(t, (enum split)i, results[i].loss, error);
            }
        }
    }
    return status;
}

static enum status record_evaluations(struct trainer *t, const struct evaluation results[SPLITS],
                                      struct error *error) {
    enum status status = STATUS_OK;
    for (int i = SPLIT_VALID; i <= SPLIT_TEST && status == STATUS_OK; i++) {
        if (t->has[i]) {
            status = run_log_evaluation(t, (enum split)i, &results[i], error);
        }
    }
    return status;
}

static bool on_whole_texts(const struct trainer *t, const struct evaluation results[SPLITS]) {
    return (!t->has[SPLIT_VALID] || results[SPLIT_VALID].full) &&
           (!t->has[SPLIT_TEST] || results[SPLIT_TEST].full);
}

// The last evaluation is on the whole texts; where the others are not, it comes beside one like
// theirs, and only that one competes for the best. All are made before one is recorded: a signal in
// between leaves no trace.
static enum status evaluate_episode(struct trainer *t, bool last, double *test_perplexity,
                                    bool *stopped, struct error *error) {
    struct evaluation usual[SPLITS] = {0}, whole[SPLITS] = {0};
    enum status status =
        evaluate_texts(t, (uint64_t)t->settings->eval_batches, usual, stopped, error);
    bool both = last && !on_whole_texts(t, usual);
    if (status == STATUS_OK && both && !*stopped) {
        status = evaluate_texts(t, 0, whole, stopped, error);
    }
    if (status != STATUS_OK || *stopped) {
        return status;
    }
    keep_best(t, t->has[SPLIT_VALID] ? &usual[SPLIT_VALID] : NULL,
              t->has[SPLIT_TEST] ? &usual[SPLIT_TEST] : NULL);
    status = record_evaluations(t, usual, error);
    if (status == STATUS_OK && both) {
        status = record_evaluations(t, whole, error);
    }
    *test_perplexity = (both ? whole : usual)[SPLIT_TEST].perplexity;
    return status;
}

static void tell_episode(struct trainer *t, double test_perplexity) {
    const struct tying *tying = model_tying(t->model);
    char test[48] = "", epsilon[48] = "";
    if (test_perplexity > 0) {
        snprintf(test, sizeof test, " test-perplexity %.2f", test_perplexity);
    }
    if (t->epsilon >= 0) {
        snprintf(epsilon, sizeof epsilon, " epsilon %.3f", t->epsilon);
    }
    log_line("episode %" PRId64 " step %" PRId64
             " loss %.4f%s independent %d stored %g changes %" PRId64 "%s tokens/s %.0f",
             t->state.episode, t->state.step,
             t->loss_count > 0 ? t->loss_sum / (double)t->loss_count : 0, test,
             tying_independent(tying), tying_stored_layers(tying), t->state.changes, epsilon,
             t->step_seconds > 0 ? (double)t->step_tokens / t->step_seconds : 0);
}

static enum status end_episode(struct trainer *t, struct error *error) {
    bool last = t->state.step >= t->planned, stopped = false;
    double test_perplexity = 0;
    enum status status = STATUS_OK;
    if (last || t->state.episode % t->settings->eval_every == 0) {
        status = evaluate_episode(t, last, &test_perplexity, &stopped, error);
    }
    if (status != STATUS_OK || stopped) {
        return status;
    }
    status = run_log_episode(t, error);
    if (status != STATUS_OK) {
        return status;
    }
    tell_episode(t, test_perplexity);
    t->saved = false;
    t->step_seconds = t->loss_sum = 0;
    t->step_tokens = t->loss_count = 0;
    if (last) {
        t->state.finished = true;
        return run_log_final(t, error);
    }
    int64_t ended = t->state.episode++;
    t->state.visit = 0;
    t->state.changes = 0;
    return dialogue_end_episode(&t->dialogue, ended, error);
}

// ---- The run ------------------------------------------------------------------------------------

static bool checkpoint_due(const struct trainer *t) {
    int64_t every = t->settings->checkpoint_every;
    return every > 0 && t->state.step - t->checkpoint_step >= every;
}

// An agent that failed between two visits leaves a state worth keeping; what else fails does not.
// Whoever stops all processes at once stops the agent too: then the run is stopped as it was asked to.
static enum status keep_after_failure(struct trainer *t, enum status status) {
    if (status != STATUS_AGENT) {
        return status;
    }
    struct error second = {0};
    if (trainer_checkpoint(t, true, &second) != STATUS_OK) {
        log_warning("%s", second.message);
        return status;
    }
    return t->settings->checkpoint && interrupt_pending() ? STATUS_INTERRUPTED : status;
}

enum status trainer_loop(struct trainer *t, int *signal, struct error *error) {
    enum status status = STATUS_OK;
    progress_start(&t->progress, "training", (double)t->planned, (double)t->state.step);
    while (status == STATUS_OK && !t->state.finished) {
        *signal = interrupt_pending();
        if (*signal) {
            break;
        }
        bool episode_over =
            t->state.visit == settings_visits(t->settings) || t->state.step >= t->planned;
        status = episode_over ? end_episode(t, error) : make_visit(t, error);
        if (status == STATUS_OK && checkpoint_due(t)) {
            status = trainer_checkpoint(t, false, error);
        } else if (status == STATUS_OK && t->dialogue.count >= DIALOGUE_EXCHANGES_MAX) {
            status = dialogue_save(&t->dialogue, model_tying(t->model)->map, error);
        }
    }
    progress_finish(&t->progress);
    if (status == STATUS_OK) {
        status = trainer_checkpoint(t, false, error);
    }
    return keep_after_failure(t, status);
}
