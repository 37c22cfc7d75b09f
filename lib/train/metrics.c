#include "lib/train/metrics.h"

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/train/device.h"

enum status metrics_begin(struct metrics_writer *w, const char *program, const struct option *table,
                          const char *labels, const char *output,
                          const struct invocation *invocation, struct error *error) {
    *w = (struct metrics_writer){.began = clock_seconds()};
    enum status status = record_writer_open(
        &w->file, &(struct record_writer_options){.path = output, .content = "metrics"}, error);
    if (status != STATUS_OK) {
        return status;
    }
    record_begin_header(&w->record, "metrics", program,
                        (const struct option *const[]){table, NULL});
    settings_put_labels(labels, &w->record);
    status = record_write(w->file, &w->record, error);
    return status == STATUS_OK ? record_write_env(w->file, &w->record, invocation->threads,
                                                  invocation->argc, invocation->argv, error)
                               : status;
}

enum status metrics_put_input(struct metrics_writer *w, const char *role, uint64_t content_digest,
                              struct error *error) {
    char digest[HASH_XXH64_TEXT];
    hash_xxh64_text(content_digest, digest);
    record_begin(&w->record, "input");
    record_put_string(&w->record, "role", role);
    record_put_string(&w->record, "content_xxh64", digest);
    return metrics_write(w, error);
}

enum status metrics_put_trained(struct metrics_writer *w, const struct trained *trained,
                                const struct token_file *tokens, struct error *error) {
    enum status status = STATUS_OK;
    if (tokens) {
        status = metrics_put_input(w, "tokens", tokens->content_digest, error);
    }
    if (status == STATUS_OK) {
        status = metrics_put_input(w, "checkpoint",
                                   record_reader_content_digest(trained->checkpoint.reader), error);
    }
    return status == STATUS_OK
               ? device_write_choices(w->file, &w->record, trained->ops, trained->dev, error)
               : status;
}

void metrics_put_task(struct metrics_writer *w, const char *task) {
    record_begin(&w->record, "metric");
    record_put_string(&w->record, "task", task);
}

enum status metrics_write(struct metrics_writer *w, struct error *error) {
    return record_write(w->file, &w->record, error);
}

static enum status write_timing(struct metrics_writer *w, uint64_t tokens, struct error *error) {
    double seconds = clock_seconds() - w->began;
    record_begin(&w->record, "timing");
    record_put_real(&w->record, "seconds", seconds);
    if (tokens > 0) {
        record_put_real(&w->record, "tokens_per_second", (double)tokens / seconds);
    }
    record_put_int(&w->record, "peak_resident", (int64_t)memory_peak_resident());
    return metrics_write(w, error);
}

enum status metrics_end(struct metrics_writer *w, enum status status, uint64_t tokens,
                        struct error *error) {
    if (status == STATUS_OK) {
        status = write_timing(w, tokens, error);
    }
    record_builder_free(&w->record);
    if (status == STATUS_OK) {
        return record_writer_finish(w->file, error);
    }
    if (w->file) {
        record_writer_abandon(w->file, false);
    }
    return status;
}
