#include "lib/train/metrics.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/record/tokens.h"
#include "lib/train/fit.h"

enum status trained_open(struct trained *trained, const char *path, int64_t batch,
                         struct error *error) {
    *trained = (struct trained){0};
    struct checkpoint *checkpoint = &trained->checkpoint;
    enum status status = checkpoint_open(checkpoint, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct model_config config;
    const int all_tied[TYING_LAYERS_MAX] = {0}; // the least memory until the checkpoint's map comes
    status = ops_cpu(&trained->ops, error);
    if (status == STATUS_OK) {
        settings_model_config(&checkpoint->settings, checkpoint->state.vocabulary, &config);
        config.batch = batch > 0 ? (int)batch : config.batch;
        status = fit_check(&config, &checkpoint->tying, trained->ops, error);
    }
    if (status == STATUS_OK) {
        status = trained->ops->open(&trained->dev, error);
    }
    if (status == STATUS_OK) {
        status = model_open(&trained->model, trained->ops, trained->dev, &config, all_tied, error);
    }
    if (status == STATUS_OK) {
        status =
            checkpoint_load(checkpoint, trained->model, trained->ops, trained->dev, NULL, error);
    }
    if (status != STATUS_OK) {
        trained_close(trained);
    }
    return status;
}

void trained_close(struct trained *trained) {
    if (trained->model) {
        model_close(trained->model);
    }
    if (trained->dev) {
        trained->ops->close(trained->dev);
    }
    checkpoint_close(&trained->checkpoint);
    *trained = (struct trained){0};
}

static enum status check_text(const struct trained *trained, const struct token_file *tokens,
                              struct error *error) {
    uint32_t size = trained->checkpoint.state.vocabulary;
    if (tokens->vocabulary.size != size) {
        return error_set(error, STATUS_DAMAGED,
                         "tokens '%s' have a vocabulary of %u, the checkpoint's network of %u",
                         tokens->name, tokens->vocabulary.size, size);
    }
    return STATUS_OK;
}

static enum status evaluate_text(const struct trained *trained, const struct token_file *tokens,
                                 int64_t stride, struct evaluation *result, struct error *error) {
    size_t batch = (size_t)model_get_config(trained->model)->batch;
    if (stride > trained->checkpoint.settings.context) {
        return error_set(error, STATUS_USAGE, "--stride %lld is longer than the context, %lld",
                         (long long)stride, (long long)trained->checkpoint.settings.context);
    }
    if (stride > 0) {
        return evaluate_windows(trained->model, tokens, batch, (size_t)stride, result, error);
    }
    struct blocks blocks;
    enum status status =
        blocks_open(&blocks, tokens, (enum blocks_kind)trained->checkpoint.settings.blocks,
                    (size_t)trained->checkpoint.settings.context, error);
    return status == STATUS_OK
               ? evaluate_blocks(trained->model, &blocks, batch, 0, result, NULL, error)
               : status;
}

// One metric record, with what it was measured on.
struct measurement {
    const struct option *table; // dlt-eval's options, for the header
    const struct trained *trained;
    const struct token_file *tokens;
    const struct invocation *invocation;
    const struct evaluation *result;
    double seconds;
};

static enum status write_inputs(struct record_writer *writer, struct record_builder *r,
                                const struct measurement *m, struct error *error) {
    char digest[HASH_XXH64_TEXT];
    hash_xxh64_text(m->tokens->content_digest, digest);
    record_begin(r, "input");
    record_put_string(r, "role", "tokens");
    record_put_string(r, "content_xxh64", digest);
    enum status status = record_write(writer, r, error);
    if (status != STATUS_OK) {
        return status;
    }
    hash_xxh64_text(record_reader_content_digest(m->trained->checkpoint.reader), digest);
    record_begin(r, "input");
    record_put_string(r, "role", "checkpoint");
    record_put_string(r, "content_xxh64", digest);
    return record_write(writer, r, error);
}

static enum status write_metric(struct record_writer *writer, struct record_builder *r,
                                const struct measurement *m, struct error *error) {
    record_begin(r, "metric");
    record_put_string(r, "task", "perplexity");
    evaluation_put(m->result, r);
    record_put_real(r, "accuracy", (double)m->result->correct / (double)m->result->tokens);
    record_put_int(r, "step", m->trained->checkpoint.state.step);
    enum status status = record_write(writer, r, error);
    if (status != STATUS_OK) {
        return status;
    }
    record_begin(r, "timing");
    record_put_real(r, "seconds", m->seconds);
    record_put_real(r, "tokens_per_second", (double)m->result->tokens / m->seconds);
    record_put_int(r, "peak_resident", (int64_t)memory_peak_resident());
    return record_write(writer, r, error);
}

static enum status write_metrics(struct record_writer *writer, const struct measurement *m,
                                 struct error *error) {
    struct record_builder r = {0};
    record_begin_header(&r, "metrics", "dlt-eval perplexity",
                        (const struct option *const[]){m->table, NULL});
    settings_put_labels(m->trained->checkpoint.settings.labels, &r);
    enum status status = record_write(writer, &r, error);
    if (status == STATUS_OK) {
        status = record_write_env(writer, &r, m->invocation->threads, m->invocation->argc,
                                  m->invocation->argv, error);
    }
    if (status == STATUS_OK) {
        status = write_inputs(writer, &r, m, error);
    }
    if (status == STATUS_OK) {
        status = write_metric(writer, &r, m, error);
    }
    record_builder_free(&r);
    return status;
}

enum status metrics_perplexity(const struct perplexity_options *options, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct evaluation *result, struct error *error) {
    struct trained trained;
    struct token_file tokens;
    enum status status = trained_open(&trained, options->checkpoint, options->batch, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = token_file_read(&tokens, options->tokens, error);
    if (status != STATUS_OK) {
        trained_close(&trained);
        return status;
    }
    struct record_writer *writer = NULL;
    double began = clock_seconds();
    status = check_text(&trained, &tokens, error);
    if (status == STATUS_OK) {
        status = record_writer_open(
            &writer, &(struct record_writer_options){.path = output, .content = "metrics"}, error);
    }
    if (status == STATUS_OK) {
        status = evaluate_text(&trained, &tokens, options->stride, result, error);
    }
    if (status == STATUS_OK) {
        const struct measurement measurement = {table,      &trained, &tokens,
                                                invocation, result,   clock_seconds() - began};
        status = write_metrics(writer, &measurement, error);
    }
    if (status == STATUS_OK) {
        status = record_writer_finish(writer, error);
    } else if (writer) {
        record_writer_abandon(writer, false);
    }
    token_file_free(&tokens);
    trained_close(&trained);
    return status;
}
