#include "lib/train/lastword.h"

#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/train/blocks.h"
#include "lib/train/metrics.h"

// ---- Words --------------------------------------------------------------------------------------

static bool is_space(const struct token_vocabulary *v, uint32_t id) {
    const uint8_t both = TOKEN_STARTS_WITH_SPACE | TOKEN_ENDS_WITH_SPACE;
    return v->bytes[id] == 0 || ((v->flags[id] & both) == both && v->words[id] == 0);
}

// Whether a word begins within id i, or with it.
static bool begins_word(const struct token_file *tokens, size_t from, size_t i) {
    const struct token_vocabulary *v = &tokens->vocabulary;
    uint32_t id = token_file_id(tokens, i);
    bool behind_space = i == from || v->flags[token_file_id(tokens, i - 1)] & TOKEN_ENDS_WITH_SPACE;
    return v->words[id] > 0 || (behind_space && !(v->flags[id] & TOKEN_STARTS_WITH_SPACE));
}

bool lastword_find(const struct token_file *tokens, size_t from, size_t to, size_t *first,
                   size_t *end) {
    while (to > from && is_space(&tokens->vocabulary, token_file_id(tokens, to - 1))) {
        to--;
    }
    if (to == from) {
        return false;
    }
    *first = *end = to;
    do {
        (*first)--;
    } while (*first > from && !begins_word(tokens, from, *first));
    return true;
}

// ---- Passages -----------------------------------------------------------------------------------

struct asking {
    const struct trained *trained;
    const struct token_file *tokens;
    size_t T, batch;
    bool leads; // the end-of-text token stands before each passage, as in training
    int32_t *inputs, *targets, *correct; // (B, T)
    float *losses;                       // (B, T)
    struct lastword *result;
};

static enum status asking_open(struct asking *a, const struct trained *trained,
                               const struct token_file *tokens, struct lastword *result,
                               struct error *error) {
    const struct model_config *config = model_get_config(trained->model);
    *a = (struct asking){.trained = trained,
                         .tokens = tokens,
                         .T = (size_t)config->context,
                         .batch = (size_t)config->batch,
                         .leads = trained->checkpoint.settings.blocks == BLOCKS_RELEASED &&
                                  tokens->vocabulary.end_of_text >= 0,
                         .result = result};
    void *memory[4] = {0};
    enum status status = STATUS_OK;
    for (int i = 0; i < 4 && status == STATUS_OK; i++) {
        status = memory_allocate(&memory[i], a->batch * a->T, sizeof(float), "passages", error);
    }
    a->inputs = memory[0];
    a->targets = memory[1];
    a->correct = memory[2];
    a->losses = memory[3];
    return status;
}

static void asking_close(struct asking *a) {
    free(a->inputs);
    free(a->targets);
    free(a->correct);
    free(a->losses);
}

// Fills a row with the passage ids[from .. to) up to its last word, whose tokens are the targets
// that count. False: it cannot be asked.
//
// Target p of a row is token `start` + p. With the leading end-of-text token input p is the token
// before it, and the row's last target is not used: there every block of training ends.
static bool fill_row(const struct asking *a, size_t row, size_t from, size_t to) {
    size_t first, end;
    if (!lastword_find(a->tokens, from, to, &first, &end)) {
        return false;
    }
    size_t start = a->leads ? from : from + 1, room = a->leads ? a->T - 1 : a->T;
    start = end > room && end - room > start ? end - room : start;
    if (first < start) {
        return false;
    }
    int32_t *inputs = a->inputs + row * a->T, *targets = a->targets + row * a->T;
    for (size_t p = 0; p < a->T; p++) {
        size_t at = start + p;
        bool leading = a->leads && p == 0;
        inputs[p] = at >= end ? 0
                    : leading ? (int32_t)a->tokens->vocabulary.end_of_text
                              : (int32_t)token_file_id(a->tokens, at - 1);
        targets[p] = first <= at && at < end ? (int32_t)token_file_id(a->tokens, at) : -1;
    }
    return true;
}

static void add_row(const struct asking *a, size_t row) {
    bool all = true;
    for (size_t i = row * a->T; i < (row + 1) * a->T; i++) {
        if (a->targets[i] >= 0) {
            a->result->nll += (double)a->losses[i];
            a->result->tokens++;
            all = all && a->correct[i] == 1;
        }
    }
    a->result->passages++;
    a->result->correct += all;
}

static enum status ask(const struct asking *a, size_t rows, struct error *error) {
    double sum;
    int64_t count;
    enum status status = model_evaluate(a->trained->model, a->inputs, a->targets, (int)rows, &sum,
                                        &count, a->correct, a->losses, error);
    for (size_t row = 0; status == STATUS_OK && row < rows; row++) {
        add_row(a, row);
    }
    return status;
}

static enum status ask_lines(const struct asking *a, struct error *error) {
    size_t rows = 0, from = 0;
    enum status status = STATUS_OK;
    for (size_t line = 0; status == STATUS_OK && line < a->tokens->line_count; line++) {
        size_t to = (size_t)a->tokens->line_ends[line];
        if (fill_row(a, rows, from, to)) {
            rows++;
        } else {
            a->result->skipped++;
        }
        from = to;
        if (rows == a->batch) {
            status = ask(a, rows, error);
            rows = 0;
        }
    }
    return status == STATUS_OK && rows > 0 ? ask(a, rows, error) : status;
}

static enum status check(const struct token_file *tokens, struct error *error) {
    if (!tokens->line_ends) {
        return error_set(error, STATUS_DAMAGED,
                         "tokens '%s' have no line ends; dlt-tokenize encode --lines keeps them",
                         tokens->name);
    }
    return STATUS_OK;
}

enum status lastword_evaluate(const struct trained *trained, const struct token_file *tokens,
                              struct lastword *result, struct error *error) {
    struct asking a;
    *result = (struct lastword){0};
    enum status status = trained_require_causal(trained, "lastword", error);
    if (status == STATUS_OK) {
        status = check(tokens, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = asking_open(&a, trained, tokens, result, error);
    if (status == STATUS_OK) {
        status = ask_lines(&a, error);
    }
    asking_close(&a);
    if (status == STATUS_OK && result->passages == 0) {
        status = error_set(error, STATUS_DAMAGED, "no line of '%s' has a last word to predict",
                           tokens->name);
    }
    if (status == STATUS_OK) {
        status = trained_require_finite(trained, "loss", result->nll, error);
    }
    if (status == STATUS_OK) {
        result->accuracy = (double)result->correct / (double)result->passages;
        result->perplexity = math_exp(result->nll / (double)result->passages);
    }
    return status;
}

// ---- The task -----------------------------------------------------------------------------------

static enum status write_metric(struct metrics_writer *w, const struct trained *trained,
                                const struct lastword *result, struct error *error) {
    metrics_put_task(w, "lastword");
    record_put_real(&w->record, "accuracy", result->accuracy);
    record_put_real(&w->record, "perplexity", result->perplexity);
    record_put_int(&w->record, "passages", (int64_t)result->passages);
    record_put_int(&w->record, "skipped", (int64_t)result->skipped);
    record_put_int(&w->record, "correct", (int64_t)result->correct);
    record_put_int(&w->record, "tokens", (int64_t)result->tokens);
    record_put_real(&w->record, "nll", result->nll);
    record_put_int(&w->record, "step", trained->checkpoint.state.step);
    return metrics_write(w, error);
}

enum status lastword_measure(const struct lastword_options *chosen, const struct option *table,
                             const char *output, const struct invocation *invocation,
                             struct lastword *result, struct error *error) {
    struct trained trained;
    struct token_file tokens;
    struct metrics_writer writer;
    enum status status = trained_open_with_text(&trained, &tokens, &chosen->network, chosen->tokens,
                                                chosen->batch, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = metrics_begin(&writer, "dlt-eval lastword", table, trained.checkpoint.settings.labels,
                           output, invocation, error);
    if (status == STATUS_OK) {
        status = lastword_evaluate(&trained, &tokens, result, error);
    }
    if (status == STATUS_OK) {
        status = metrics_put_trained(&writer, &trained, &tokens, error);
    }
    if (status == STATUS_OK) {
        status = write_metric(&writer, &trained, result, error);
    }
    status = metrics_end(&writer, status, result->tokens, error);
    token_file_free(&tokens);
    trained_close(&trained);
    return status;
}
