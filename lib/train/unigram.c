#include "lib/train/unigram.h"

#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/base/memory.h"
#include "lib/train/settings.h"

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

static enum status write_records(struct record_writer *writer, struct record_builder *r,
                                 const struct unigram_options *chosen, const struct option *table,
                                 const struct token_file *const files[2],
                                 const struct invocation *invocation,
                                 const struct evaluation *result, struct error *error) {
    static const char *const ROLES[] = {"train", "tokens"};
    record_begin_header(r, "metrics", "dlt-eval unigram",
                        (const struct option *const[]){table, NULL});
    settings_put_labels(chosen->labels, r);
    enum status status = record_write(writer, r, error);
    if (status == STATUS_OK) {
        status = record_write_env(writer, r, invocation->threads, invocation->argc,
                                  invocation->argv, error);
    }
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        char digest[HASH_XXH64_TEXT];
        hash_xxh64_text(files[i]->content_digest, digest);
        record_begin(r, "input");
        record_put_string(r, "role", ROLES[i]);
        record_put_string(r, "content_xxh64", digest);
        status = record_write(writer, r, error);
    }
    if (status == STATUS_OK) {
        record_begin(r, "metric");
        record_put_string(r, "task", "unigram");
        evaluation_put(result, r);
        status = record_write(writer, r, error);
    }
    return status;
}

static enum status write_metrics(const struct unigram_options *chosen, const struct option *table,
                                 const char *output, const struct token_file *const files[2],
                                 const struct invocation *invocation,
                                 const struct evaluation *result, struct error *error) {
    struct record_writer *writer = NULL;
    struct record_builder r = {0};
    enum status status = record_writer_open(
        &writer, &(struct record_writer_options){.path = output, .content = "metrics"}, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = write_records(writer, &r, chosen, table, files, invocation, result, error);
    record_builder_free(&r);
    if (status != STATUS_OK) {
        record_writer_abandon(writer, false);
        return status;
    }
    return record_writer_finish(writer, error);
}

enum status unigram_write_metrics(const struct unigram_options *chosen, const struct option *table,
                                  const char *output, const struct invocation *invocation,
                                  struct evaluation *result, struct error *error) {
    struct token_file train = {0}, tokens = {0};
    enum status status = settings_check_labels(chosen->labels, error);
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
