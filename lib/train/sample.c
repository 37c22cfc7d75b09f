#include "lib/train/sample.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/train/blocks.h"

struct candidate {
    float logit;
    int32_t id;
};

struct continuation {
    const struct trained *trained;
    const struct sample_options *options;
    int64_t end_of_text;
    size_t V, room;               // room: tokens that the network looks at
    bool leads;                   // the first of them is the end-of-text token, always
    int32_t *window;              // (room)
    size_t filled;                // of it
    float *logits;                // (V)
    struct candidate *candidates; // (V)
};

static enum status continuation_open(struct continuation *s, const struct trained *trained,
                                     const struct sample_options *options, int64_t end_of_text,
                                     struct error *error) {
    const struct model_config *config = model_get_config(trained->model);
    bool released = trained->checkpoint.settings.blocks == BLOCKS_RELEASED;
    // The last position of a released block has only ever seen the end of the text come next.
    *s = (struct continuation){.trained = trained,
                               .options = options,
                               .end_of_text = end_of_text,
                               .V = (size_t)config->vocabulary,
                               .room = (size_t)config->context - (released ? 1 : 0),
                               .leads = released && end_of_text >= 0};
    enum status status =
        memory_allocate((void **)&s->window, s->room, sizeof *s->window, "a context", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&s->logits, s->V, sizeof *s->logits, "logits", error);
    }
    return status == STATUS_OK ? memory_allocate((void **)&s->candidates, s->V,
                                                 sizeof *s->candidates, "logits", error)
                               : status;
}

static void continuation_close(struct continuation *s) {
    free(s->window);
    free(s->logits);
    free(s->candidates);
}

static void append(struct continuation *s, int32_t id) {
    size_t kept = s->leads ? 1 : 0;
    if (s->filled == s->room && s->room > kept) {
        memmove(s->window + kept, s->window + kept + 1, (s->room - kept - 1) * sizeof *s->window);
        s->filled--;
    }
    if (s->filled < s->room) {
        s->window[s->filled++] = id;
    }
}

// The likelier first, of equals the lower id.
static int compare_candidates(const void *a, const void *b) {
    const struct candidate *x = a, *y = b;
    if (x->logit != y->logit) {
        return x->logit > y->logit ? -1 : 1;
    }
    return x->id < y->id ? -1 : 1;
}

static double weight(const struct continuation *s, size_t i) {
    double below = (double)s->candidates[i].logit - (double)s->candidates[0].logit;
    return math_exp(below / s->options->temperature);
}

// One of the first `count` candidates.
static int32_t draw_candidate(const struct continuation *s, size_t count, int64_t step) {
    struct random_sequence sequence;
    random_sequence_start(&sequence, (struct random_place){.seed = (uint64_t)s->options->seed,
                                                           .step = (uint64_t)step,
                                                           .stream = RANDOM_SAMPLE});
    double total = 0, reached = 0;
    for (size_t i = 0; i < count; i++) {
        total += weight(s, i);
    }
    double wanted = random_uniform(&sequence) * total;
    size_t chosen = 0;
    while (chosen + 1 < count && (reached += weight(s, chosen)) <= wanted) {
        chosen++;
    }
    return s->candidates[chosen].id;
}

// They have an order only where each is a number.
static enum status check_logits(const struct continuation *s, struct error *error) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < s->V && status == STATUS_OK; i++) {
        status =
            trained_require_finite(s->trained, "logit of a token", (double)s->logits[i], error);
    }
    return status;
}

static int32_t draw(struct continuation *s, int64_t step) {
    int64_t k = s->options->top_k;
    for (size_t i = 0; i < s->V; i++) {
        s->candidates[i] = (struct candidate){s->logits[i], (int32_t)i};
    }
    qsort(s->candidates, s->V, sizeof *s->candidates, compare_candidates);
    size_t count = k > 0 && (uint64_t)k < s->V ? (size_t)k : s->V;
    return s->options->temperature > 0 ? draw_candidate(s, count, step) : s->candidates[0].id;
}

static enum status begin(struct continuation *s, const uint32_t *prompt, size_t length,
                         struct error *error) {
    if (length == 0 && s->end_of_text < 0) {
        return error_set(error, STATUS_USAGE,
                         "the vocabulary has no end-of-text token to begin with: give --prompt");
    }
    if (s->leads || length == 0) {
        append(s, (int32_t)s->end_of_text);
    }
    for (size_t i = 0; i < length; i++) {
        append(s, (int32_t)prompt[i]);
    }
    return STATUS_OK;
}

enum status sample_continue(const struct trained *trained, const struct sample_options *options,
                            int64_t end_of_text, const uint32_t *prompt, size_t prompt_length,
                            sample_sink *sink, void *context, struct error *error) {
    struct continuation s = {0};
    enum status status = trained_require_causal(trained, "sample", error);
    if (status == STATUS_OK) {
        status = continuation_open(&s, trained, options, end_of_text, error);
    }
    if (status == STATUS_OK) {
        status = begin(&s, prompt, prompt_length, error);
    }
    for (int64_t step = 0; status == STATUS_OK && step < options->length; step++) {
        status = model_next_logits(trained->model, s.window, (int)s.filled, s.logits, error);
        if (status == STATUS_OK) {
            status = check_logits(&s, error);
        }
        if (status != STATUS_OK) {
            break;
        }
        int32_t id = draw(&s, step);
        if (id == end_of_text) {
            break;
        }
        append(&s, id);
        status = sink(context, (uint32_t)id, error);
    }
    continuation_close(&s);
    return status;
}
