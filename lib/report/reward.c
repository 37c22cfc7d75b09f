// How much of what an agent was rewarded with its clipping left over: a reward that is always cut off
// at the same value teaches nothing.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/summary.h"

// dlt-qagent's own, where its command names none.
static const char DEFAULT_REWARD[] = "ppl", DEFAULT_CLIP[] = "10";

// The value of an option in a command, "--name value" or "--name=value", the last one given.
static void find_option(const char *command, const char *name, char *value, size_t size) {
    size_t length = strlen(name);
    bool next = false;
    for (const char *p = command; *p;) {
        size_t blanks = strspn(p, " \t"), end = strcspn(p + blanks, " \t");
        const char *word = p + blanks;
        bool named = end >= length && strncmp(word, name, length) == 0;
        if (next) {
            text_copy_clean(value, size, word, end);
        } else if (named && word[length] == '=' && end > length) {
            text_copy_clean(value, size, word + length + 1, end - length - 1);
        }
        next = named && end == length;
        p = word + end;
    }
}

// The reward before it is clipped, as dlt-qagent's --reward of that name makes it; NaN for another.
static double unclipped(const struct run_reward *reward, const char *kind) {
    if (strcmp(kind, "ppl") == 0) {
        return -reward->perplexity;
    }
    if (strcmp(kind, "logppl") == 0) {
        return -reward->loss;
    }
    return strcmp(kind, "delta") == 0 ? reward->loss_before - reward->loss : NAN;
}

double reward_clipped_percent(const struct run *run) {
    const char *agent = run_pairs_find(&run->config, "agent");
    char kind[32], limit[32], *end = NULL;
    if (!agent || !strstr(agent, "dlt-qagent")) {
        return math_canonical(NAN);
    }
    memcpy(kind, DEFAULT_REWARD, sizeof DEFAULT_REWARD);
    memcpy(limit, DEFAULT_CLIP, sizeof DEFAULT_CLIP);
    find_option(agent, "--reward", kind, sizeof kind);
    find_option(agent, "--reward-clip", limit, sizeof limit);
    double clip = strtod(limit, &end);
    size_t known = 0, clipped = 0;
    for (size_t i = 0; i < run->reward_count && !*end; i++) {
        double value = unclipped(&run->rewards[i], kind);
        known += (size_t)!isnan(value);
        clipped += (size_t)(clip > 0 && fabs(value) > clip);
    }
    return known > 0 ? 100 * (double)clipped / (double)known : math_canonical(NAN);
}
