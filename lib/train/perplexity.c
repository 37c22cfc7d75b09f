#include "lib/train/perplexity.h"

#include "lib/train/metrics.h"

static enum status evaluate_text(const struct trained *trained, const struct token_file *tokens,
                                 int64_t stride, struct evaluation *result, struct error *error) {
    size_t batch = (size_t)model_get_config(trained->model)->batch;
    const struct settings *settings = &trained->checkpoint.settings;
    enum blocks_kind kind = (enum blocks_kind)settings->blocks;
    size_t room = evaluate_window_room(kind, (size_t)settings->context);
    if (stride > 0 && (size_t)stride > room) {
        return error_set(error, STATUS_USAGE,
                         "--stride %lld is longer than a window of this network, %zu",
                         (long long)stride, room);
    }
    struct blocks blocks;
    enum status status =
        stride > 0 ? trained_require_causal(trained, "--stride", error)
                   : blocks_open(&blocks, tokens, kind, (enum objective)settings->objective,
                                 (size_t)settings->context, error);
    if (status == STATUS_OK && stride > 0) {
        status =
            evaluate_windows(trained->model, tokens, kind, batch, (size_t)stride, result, error);
    } else if (status == STATUS_OK) {
        status = evaluate_blocks(trained->model, &blocks, batch, 0, result, NULL, error);
    }
    return status == STATUS_OK ? trained_require_finite(trained, "loss", result->loss, error)
                               : status;
}

static enum status write_metric(struct metrics_writer *w, const struct trained *trained,
                                const struct evaluation *result, struct error *error) {
    metrics_put_task(w, "perplexity");
    evaluation_put(result, &w->record);
    record_put_real(&w->record, "accuracy", (double)result->correct / (double)result->tokens);
    record_put_int(&w->record, "step", trained->checkpoint.state.step);
    return metrics_write(w, error);
}

enum status perplexity_measure(const struct perplexity_options *chosen, const struct option *table,
                               const char *output, const struct invocation *invocation,
                               struct evaluation *result, struct error *error) {
    struct trained trained;
    struct token_file tokens;
    struct metrics_writer writer;
    enum status status = trained_open_with_text(&trained, &tokens, &chosen->network, chosen->tokens,
                                                chosen->batch, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = metrics_begin(&writer, "dlt-eval perplexity", table,
                           trained.checkpoint.settings.labels, output, invocation, error);
    if (status == STATUS_OK) {
        status = evaluate_text(&trained, &tokens, chosen->stride, result, error);
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
