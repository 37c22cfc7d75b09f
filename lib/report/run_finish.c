// What follows from a run's records once the last one was read: its names, and where it was cut off
// what the end would have said.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/run.h"
#include "lib/report/text.h"

// As the trainer holds it: infinite perplexities are told apart by their losses. NULL: there is none.
static const struct run_eval *best_of(const struct run *run, enum run_split split) {
    const struct run_eval *best = NULL;
    for (size_t i = 0; i < run->eval_count; i++) {
        const struct run_eval *e = &run->evals[i];
        bool known = e->split == split && !isnan(e->perplexity);
        if (known && (!best || e->perplexity < best->perplexity ||
                      (isinf(best->perplexity) && e->loss < best->loss))) {
            best = e;
        }
    }
    return best;
}

// What `final` would have said, from the evaluations: for a run that was cut off.
static void fill_best(struct run *run) {
    const struct run_eval *test = best_of(run, RUN_TEST), *valid = best_of(run, RUN_VALID);
    if (isnan(run->best_test) && test) {
        run->best_test = test->perplexity;
        run->best_test_episode = test->episode;
    }
    if (!isnan(run->test_at_best_valid) || !valid) {
        return;
    }
    run->best_valid = valid->perplexity;
    run->best_valid_episode = valid->episode;
    for (size_t i = 0; i < run->eval_count; i++) {
        const struct run_eval *e = &run->evals[i];
        if (e->split == RUN_TEST && e->episode == valid->episode) {
            run->test_at_best_valid = e->perplexity;
        }
    }
}

// The first of: a label, an option of that name, what else is known.
static void name_from(const struct run *run, const char *key, const char *otherwise, char *name) {
    const char *value = run_pairs_find(&run->labels, key);
    value = value && *value ? value : run_pairs_find(&run->config, key);
    value = value && *value ? value : otherwise;
    text_copy_clean(name, RUN_NAME, value, strlen(value));
}

// "wiki2.train.tokens.msgpack.zst" is of "wiki2".
static void dataset_from_input(const struct run *run, char *name) {
    snprintf(name, RUN_NAME, "data");
    for (size_t i = 0; i < run->input_count; i++) {
        const struct run_input *input = &run->inputs[i];
        if (strcmp(input->role, "train") == 0 && strcmp(input->name, "standard input") != 0 &&
            input->name[0] && input->name[0] != '.') {
            snprintf(name, RUN_NAME, "%s", input->name);
            name[strcspn(name, ".")] = 0;
        }
    }
}

enum status run_finish(struct run *run, struct error *error) {
    if (!run->has_start) {
        return error_set(error, STATUS_DAMAGED, "it has no start record");
    }
    char dataset[RUN_NAME];
    dataset_from_input(run, dataset);
    const char *method = strcmp(run->agent, "fixed:independent") == 0 ? "conventional"
                         : strcmp(run->agent, "qlearn") == 0          ? "dynamic"
                         : run->agent[0]                              ? run->agent
                                                                      : "run";
    name_from(run, "dataset", dataset, run->dataset);
    name_from(run, "arch", "gpt2", run->arch);
    name_from(run, "method", method, run->method);
    name_from(run, "profile", "", run->profile);
    name_from(run, "seed", "", run->seed);
    fill_best(run);
    if (!run->has_final) {
        const uint16_t *last =
            run->visit_count > 0 ? run_state(run, run->visit_count - 1) : run->start;
        memcpy(run->final_state, last, (size_t)run->layers * sizeof *last);
        run->tokens = run->tokens_per_step > 0 ? (double)run->steps * (double)run->tokens_per_step
                                               : math_canonical(NAN);
    }
    return STATUS_OK;
}
