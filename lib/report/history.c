#include "lib/report/history.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/math.h"

static void add_evals(struct history *history, const struct run *run) {
    for (size_t i = 0; i < run->eval_count; i++) {
        const struct run_eval *e = &run->evals[i];
        struct history_point *point = &history->points[e->episode];
        double *places[RUN_SPLITS] = {&point->train, &point->valid, &point->test};
        *places[e->split] = e->perplexity;
    }
}

static void add_visits(struct history *history, const struct run *run) {
    for (size_t i = 0; i < run->visit_count; i++) {
        const struct run_visit *visit = &run->visits[i];
        struct history_point *point = &history->points[visit->episode];
        point->changes = (isnan(point->changes) ? 0 : point->changes) + visit->changed;
        point->independent = visit->independent;
        point->stored = visit->stored;
        point->parameters = visit->parameters;
        point->epsilon = visit->epsilon;
    }
}

// Of the steps where there was no evaluation of the training split.
static void add_losses(struct history *history, const struct run *run) {
    for (size_t i = 0; i < run->loss_count; i++) {
        const struct run_episode_loss *loss = &run->losses[i];
        struct history_point *point = &history->points[i + 1];
        if (loss->steps > 0 && isnan(point->train)) {
            point->train = math_exp(loss->sum / (double)loss->steps);
        }
    }
}

// Means of runs of records of the same episode.
static void add_batches(struct history *history, const struct run *run) {
    for (size_t i = 0; i < run->reward_count;) {
        double sum = 0;
        size_t first = i;
        while (i < run->reward_count && run->rewards[i].episode == run->rewards[first].episode) {
            sum += run->rewards[i++].perplexity;
        }
        history->points[run->rewards[first].episode].batch_perplexity = sum / (double)(i - first);
    }
}

static void add_timings(struct history *history, const struct run *run) {
    for (size_t i = 0; i < run->timing_count; i++) {
        const struct run_timing *timing = &run->timings[i];
        if (timing->episode >= 0 && (size_t)timing->episode < history->count) {
            history->points[timing->episode].seconds = timing->seconds;
        }
    }
}

static size_t last_episode(const struct run *run) {
    int64_t last = (int64_t)run->loss_count;
    for (size_t i = 0; i < run->eval_count; i++) {
        last = run->evals[i].episode > last ? run->evals[i].episode : last;
    }
    for (size_t i = 0; i < run->reward_count; i++) {
        last = run->rewards[i].episode > last ? run->rewards[i].episode : last;
    }
    if (run->visit_count > 0 && run->visits[run->visit_count - 1].episode > last) {
        last = run->visits[run->visit_count - 1].episode;
    }
    return (size_t)last;
}

enum status history_allocate(struct history *history, size_t count, struct error *error) {
    void *points = NULL;
    enum status status =
        memory_allocate(&points, count, sizeof *history->points, "a history", error);
    if (status != STATUS_OK) {
        return status;
    }
    *history = (struct history){.points = points, .count = count};
    double nan = math_canonical(NAN);
    for (size_t i = 0; i < count; i++) {
        history->points[i] =
            (struct history_point){nan, nan, nan, nan, nan, nan, nan, nan, nan, nan};
    }
    return STATUS_OK;
}

enum status history_build(struct history *history, const struct run *run, struct error *error) {
    enum status status = history_allocate(history, last_episode(run) + 1, error);
    if (status != STATUS_OK) {
        return status;
    }
    add_evals(history, run);
    add_visits(history, run);
    add_losses(history, run);
    add_batches(history, run);
    add_timings(history, run);
    return STATUS_OK;
}

void history_free(struct history *history) {
    free(history->points);
    *history = (struct history){0};
}

double *history_field(const struct history *history, size_t episode, size_t offset) {
    return (double *)(void *)((char *)&history->points[episode] + offset);
}
