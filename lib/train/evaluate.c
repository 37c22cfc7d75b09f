#include "lib/train/evaluate.h"

#include <assert.h>
#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/base/program.h"

static const double LN2 = 0.69314718055994530942;

// Host memory of one batch.
struct workspace {
    int32_t *inputs, *targets, *correct; // (B, T)
    float *losses;                       // (B, T)
};

static void workspace_free(struct workspace *w) {
    free(w->inputs);
    free(w->targets);
    free(w->correct);
    free(w->losses);
}

static enum status workspace_open(struct workspace *w, size_t rows, struct error *error) {
    *w = (struct workspace){0};
    void *memory[4] = {0};
    enum status status = STATUS_OK;
    for (int i = 0; i < 4 && status == STATUS_OK; i++) {
        status = memory_allocate(&memory[i], rows, sizeof(float), "an evaluation batch", error);
    }
    *w = (struct workspace){memory[0], memory[1], memory[2], memory[3]};
    return status;
}

// The evaluation of one batch, added up. Targets below 0 do not count.
static enum status add_batch(struct model *model, const struct workspace *w, size_t batch,
                             struct evaluation *result, struct error *error) {
    double loss_sum = 0;
    int64_t count = 0;
    enum status status = model_evaluate(model, w->inputs, w->targets, (int)batch, &loss_sum, &count,
                                        w->correct, w->losses, error);
    if (status == STATUS_OK && count > 0) {
        result->loss += loss_sum / (double)count;
        result->tokens += (uint64_t)count;
        result->batches++;
        size_t rows = batch * (size_t)model_get_config(model)->context;
        for (size_t i = 0; i < rows; i++) {
            result->correct += w->correct[i] == 1;
        }
    }
    return status;
}

void evaluation_derive(struct evaluation *result) {
    result->perplexity = math_exp(result->loss);
    if (result->text_bytes > 0) {
        result->bits_per_byte = result->nll / LN2 / (double)result->text_bytes;
    }
    if (result->text_words > 0) {
        result->perplexity_per_word = math_exp(result->nll / (double)result->text_words);
    }
}

static void finish(struct evaluation *result) {
    result->loss /= (double)result->batches;
    evaluation_derive(result);
}

enum status evaluate_blocks(struct model *model, const struct blocks *blocks, size_t batch,
                            uint64_t batches, struct evaluation *result, bool *stopped,
                            struct error *error) {
    size_t T = blocks->context, text_targets = blocks_text_targets(blocks);
    size_t limit = blocks->count;
    if (batches > 0 && batches < (blocks->count + batch - 1) / batch) {
        limit = (size_t)batches * batch;
    }
    *result = (struct evaluation){.blocks = limit, .full = limit == blocks->count};
    struct workspace w;
    enum status status = workspace_open(&w, batch * T, error);
    for (size_t first = 0; status == STATUS_OK && first < limit; first += batch) {
        if (stopped && interrupt_pending()) {
            *stopped = true;
            break;
        }
        size_t taken = limit - first < batch ? limit - first : batch;
        for (size_t b = 0; b < taken; b++) {
            blocks_fill(blocks, first + b, &MASKS_OF_EVALUATION, w.inputs + b * T,
                        w.targets + b * T);
        }
        status = add_batch(model, &w, taken, result, error);
        for (size_t b = 0; status == STATUS_OK && b < taken; b++) {
            for (size_t t = 0; t < text_targets; t++) {
                result->nll += (double)w.losses[b * T + t];
            }
        }
    }
    result->text_tokens =
        blocks->objective == OBJECTIVE_MLM ? result->tokens : (uint64_t)limit * text_targets;
    blocks_measure(blocks, limit, &result->text_bytes, &result->text_words);
    finish(result);
    workspace_free(&w);
    return status;
}

size_t evaluate_window_room(enum blocks_kind kind, size_t T) {
    return kind == BLOCKS_RELEASED ? T - 1 : T;
}

// Window w predicts `room` tokens from w stride + skipped on; the last may predict fewer. Those that
// count follow each other without gap.
static void fill_window(const struct token_file *tokens, size_t window, size_t stride, size_t room,
                        size_t skipped, int32_t *inputs, int32_t *targets, size_t T) {
    size_t uncounted = window > 0 ? room - stride : 0;
    for (size_t t = 0; t < T; t++) {
        size_t at = window * stride + skipped + t;
        bool inside = t < room && at < tokens->count, leads = skipped == 0 && t == 0;
        inputs[t] = !inside ? 0
                    : leads ? (int32_t)tokens->vocabulary.end_of_text
                            : (int32_t)token_file_id(tokens, at - 1);
        targets[t] = inside && t >= uncounted ? (int32_t)token_file_id(tokens, at) : -1;
    }
}

enum status evaluate_windows(struct model *model, const struct token_file *tokens,
                             enum blocks_kind kind, size_t batch, size_t stride,
                             struct evaluation *result, struct error *error) {
    size_t T = (size_t)model_get_config(model)->context, room = evaluate_window_room(kind, T);
    size_t skipped = kind == BLOCKS_RELEASED ? 0 : 1; // the first token has nothing before it
    assert(stride >= 1 && stride <= room);
    if (tokens->count < skipped + 1) {
        return error_set(error, STATUS_DAMAGED, "the text '%s' has no token to predict",
                         tokens->name);
    }
    if (kind == BLOCKS_RELEASED && tokens->vocabulary.end_of_text < 0) {
        return error_set(error, STATUS_DAMAGED, "the vocabulary of '%s' has no end-of-text token",
                         tokens->name);
    }
    size_t targets = tokens->count - skipped;
    size_t windows = targets <= room ? 1 : 1 + (targets - room + stride - 1) / stride;
    *result = (struct evaluation){.blocks = windows, .full = true};
    struct workspace w;
    enum status status = workspace_open(&w, batch * T, error);
    for (size_t first = 0; status == STATUS_OK && first < windows; first += batch) {
        size_t taken = windows - first < batch ? windows - first : batch;
        for (size_t b = 0; b < taken; b++) {
            fill_window(tokens, first + b, stride, room, skipped, w.inputs + b * T,
                        w.targets + b * T, T);
        }
        status = add_batch(model, &w, taken, result, error);
        for (size_t i = 0; status == STATUS_OK && i < taken * T; i++) {
            result->nll += w.targets[i] >= 0 ? (double)w.losses[i] : 0;
        }
    }
    result->text_tokens = result->tokens;
    token_file_measure(tokens, skipped, tokens->count, &result->text_bytes, &result->text_words);
    finish(result);
    workspace_free(&w);
    return status;
}

void evaluation_put(const struct evaluation *result, struct record_builder *r) {
    record_put_real(r, "loss", result->loss);
    record_put_real(r, "perplexity", result->perplexity);
    record_put_int(r, "blocks", (int64_t)result->blocks);
    record_put_int(r, "tokens", (int64_t)result->tokens);
    record_put_bool(r, "full", result->full);
    record_put_real(r, "nll", result->nll);
    record_put_int(r, "text_tokens", (int64_t)result->text_tokens);
    record_put_int(r, "text_bytes", (int64_t)result->text_bytes);
    record_put_int(r, "text_words", (int64_t)result->text_words);
    if (result->text_words > 0) {
        record_put_real(r, "perplexity_per_word", result->perplexity_per_word);
    }
    if (result->text_bytes > 0) {
        record_put_real(r, "bits_per_byte", result->bits_per_byte);
    }
}
