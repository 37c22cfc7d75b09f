#include "lib/train/unigram.h"

#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/train/metrics.h"

enum status unigram_evaluate(const struct token_file *train, const struct token_file *tokens,
                             struct evaluation *result, struct error *error) {
    uint64_t *counts = NULL;
    size_t size = train->vocabulary.size;
    enum status status = token_file_same_vocabulary(train, tokens, error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&counts, size, sizeof *counts, "token counts", error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < train->count; i++) {
        counts[token_file_id(train, i)]++;
    }
    *result =
        (struct evaluation){.tokens = tokens->count, .text_tokens = tokens->count, .full = true};
    double log_total = math_log((double)train->count + (double)size);
    for (size_t i = 0; i < tokens->count; i++) {
        result->nll += log_total - math_log((double)counts[token_file_id(tokens, i)] + 1);
    }
    free(counts);
    token_file_measure(tokens, 0, tokens->count, &result->text_bytes, &result->text_words);
    result->loss = result->nll / (double)tokens->count;
    evaluation_derive(result);
    return STATUS_OK;
}

static enum status write_metrics(const struct unigram_options *chosen, const struct option *table,
                                 const char *output, const struct token_file *const files[2],
                                 const struct invocation *invocation,
                                 const struct evaluation *result, struct error *error) {
    static const char *const ROLES[] = {"train", "tokens"};
    struct metrics_writer writer;
    enum status status = metrics_begin(&writer, "dlt-eval unigram", table, chosen->labels, output,
                                       invocation, error);
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        status = metrics_put_input(&writer, ROLES[i], files[i]->content_digest, error);
    }
    if (status == STATUS_OK) {
        metrics_put_task(&writer, "unigram");
        evaluation_put(result, &writer.record);
        status = metrics_write(&writer, error);
    }
    return metrics_end(&writer, status, result->tokens, error);
}

enum status unigram_write_metrics(const struct unigram_options *chosen, const struct option *table,
                                  const char *output, const struct invocation *invocation,
                                  struct evaluation *result, struct error *error) {
    struct token_file train = {0}, tokens = {0};
    enum status status = settings_check_labels(chosen->labels, error);
    if (status == STATUS_OK) {
        status = settings_check_utf8("labels", chosen->labels, error);
    }
    if (status == STATUS_OK) {
        status = token_file_read(&train, chosen->train, error);
    }
    if (status == STATUS_OK) {
        status = token_file_read(&tokens, chosen->tokens, error);
    }
    if (status == STATUS_OK) {
        status = unigram_evaluate(&train, &tokens, result, error);
    }
    if (status == STATUS_OK) {
        const struct token_file *const files[2] = {&train, &tokens};
        status = write_metrics(chosen, table, output, files, invocation, result, error);
    }
    token_file_free(&tokens);
    token_file_free(&train);
    return status;
}
