// Sentences that say what the numbers say, whichever way they come out.
#include <math.h>
#include <string.h>

#include "lib/report/macros.h"

// A dataset's conventional and dynamic runs; false where one is missing.
struct pair {
    struct group conventional, dynamic;
};

static bool find_pair(const struct run_set *set, const char *dataset, struct pair *pair) {
    struct group group;
    *pair = (struct pair){0};
    for (size_t next = 0; group_next(set, &next, &group);) {
        const struct run *run = group.runs[0];
        if (strcmp(run->dataset, dataset) == 0 && strcmp(run->arch, "gpt2") == 0) {
            if (strcmp(run->method, "conventional") == 0) {
                pair->conventional = group;
            } else if (strcmp(run->method, "dynamic") == 0) {
                pair->dynamic = group;
            }
        }
    }
    return pair->conventional.count > 0 && pair->dynamic.count > 0;
}

static double mean_of(const struct group *group, enum quantity quantity) {
    return group_statistic(group, quantity).mean;
}

void sentence_t1(struct text *text, const struct run_set *set) {
    int pairs = 0, better = 0;
    double least = INFINITY, most = -INFINITY;
    const char *dataset = "";
    for (size_t i = 0; i < set->count; i++) {
        struct pair pair;
        if (strcmp(set->runs[i]->dataset, dataset) == 0) {
            continue;
        }
        dataset = set->runs[i]->dataset;
        if (find_pair(set, dataset, &pair)) {
            double share = 100 * mean_of(&pair.dynamic, PARAMETERS_MEAN) /
                           mean_of(&pair.conventional, PARAMETERS_MEAN);
            pairs++;
            better += mean_of(&pair.dynamic, PERPLEXITY_BEST) <
                      mean_of(&pair.conventional, PERPLEXITY_BEST);
            least = share < least ? share : least;
            most = share > most ? share : most;
        }
    }
    if (pairs == 0 || !isfinite(least)) {
        text_add(text, "No dataset has both a conventional and a dynamic run yet.");
        return;
    }
    if (pairs == 1) {
        text_format(text,
                    "The dynamic network's best test perplexity is %s than the conventional "
                    "network's; on average over training, ",
                    better ? "lower" : "no lower");
    } else {
        text_format(text,
                    "On %d of %d datasets the dynamic network's best test perplexity is lower "
                    "than the conventional network's; on average over training, ",
                    better, pairs);
    }
    if (rint(least) == rint(most)) {
        text_format(text, "it trains %.0f%% of the parameters.", least);
    } else {
        text_format(text, "it trains between %.0f%% and %.0f%% of the parameters.", least, most);
    }
}

// Changes of the map per episode over the last tenth of a run.
static double late_changes(const struct run *run) {
    int64_t from = run->episodes - run->episodes / 10;
    int64_t episodes = run->episodes - from, changes = 0;
    for (size_t i = 0; i < run->visit_count; i++) {
        changes += run->visits[i].episode > from && run->visits[i].changed;
    }
    return episodes > 0 ? (double)changes / (double)episodes : NAN;
}

void sentence_f2(struct text *text, const struct run_set *set) {
    double fewest = INFINITY, most = -INFINITY, calm = INFINITY, busy = -INFINITY;
    int layers = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct run *run = set->runs[i];
        if (strcmp(run->method, "dynamic") != 0 || run->visit_count == 0) {
            continue;
        }
        double independent = quantity_of(INDEPENDENT_FINAL, run), changes = late_changes(run);
        layers = run->layers > layers ? run->layers : layers;
        fewest = independent < fewest ? independent : fewest;
        most = independent > most ? independent : most;
        calm = changes < calm ? changes : calm;
        busy = changes > busy ? changes : busy;
    }
    if (!(fewest <= most)) {
        text_add(text, "There is no dynamic run yet.");
        return;
    }
    if (fewest == most) {
        text_format(text, "The dynamic networks end with %.0f of %d layers independent", most,
                    layers);
    } else {
        text_format(text, "The dynamic networks end with %.0f to %.0f of %d layers independent",
                    fewest, most, layers);
    }
    if (calm <= busy) {
        text_format(text, ", and in the last tenth of training their maps still change %.1f", calm);
        if (busy - calm >= 0.05) {
            text_format(text, " to %.1f", busy);
        }
        text_add(text, " times an episode");
    }
    text_add(text, ".");
}
