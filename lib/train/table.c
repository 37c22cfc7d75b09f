// The start-up table: every setting as resolved, the texts, the parameters and the memory.
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/train/trainer.h"

__attribute__((format(printf, 3, 4))) static enum status
append_line(struct buffer *text, struct error *error, const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the table of settings");
    }
    enum status status = buffer_append(text, line, (size_t)length, error);
    free(line);
    return status == STATUS_OK ? buffer_append(text, "\n", 1, error) : status;
}

static enum status append_settings(const struct trainer *t, struct buffer *text,
                                   struct error *error) {
    struct settings copy = *t->settings;
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_describe(&copy, table);
    enum status status = STATUS_OK;
    for (const struct option *o = table; o->name && status == STATUS_OK; o++) {
        char value[512];
        option_format(o, value, sizeof value);
        if (o->group) {
            status = append_line(text, error, "%s", o->group);
        }
        if (status == STATUS_OK) {
            status = append_line(text, error, "  %-18s %s", o->name, *value ? value : "-");
        }
    }
    return status;
}

static enum status append_texts(const struct trainer *t, struct buffer *text, struct error *error) {
    enum status status = append_line(text, error, "Blocks of %" PRId64 " tokens, vocabulary of %d",
                                     t->settings->context, t->config.vocabulary);
    for (int i = 0; i < SPLITS && status == STATUS_OK; i++) {
        if (t->has[i]) {
            status = append_line(
                text, error, "  %-18s %zu blocks, %zu tokens, %" PRIu64 " bytes of text",
                SPLIT_NAMES[i], t->blocks[i].count, t->tokens[i].count, t->tokens[i].text_bytes);
        }
    }
    return status;
}

static enum status append_parameters(const struct trainer *t, struct buffer *text,
                                     struct error *error) {
    struct model_parameters count;
    model_count_parameters(&t->config, &count);
    enum status status = append_line(text, error, "Parameters");
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"embedding", count.embedding},
                {"each layer", count.layer},
                {"final", count.final},
                {"conventional", count.conventional},
                {"trainable at start", model_count_trainable(&t->config, &t->begin)}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && status == STATUS_OK; i++) {
        status = append_line(text, error, "  %-18s %" PRIu64, rows[i].name, rows[i].value);
    }
    return status;
}

static enum status append_plan(const struct trainer *t, struct buffer *text, struct error *error) {
    struct plan plan;
    trainer_plan(t, &plan);
    return append_line(text, error,
                       "Planned\n  %-18s %" PRId64 "\n  %-18s %.0f\n  %-18s %.3g training, "
                       "%.3g rewards, %.3g evaluation",
                       "training steps", t->planned, "tokens", plan.tokens, "operations",
                       plan.training, plan.rewards, plan.evaluation);
}

static double megabytes(uint64_t bytes) {
    return (double)bytes / 1e6;
}

static enum status append_memory(const struct trainer *t, struct buffer *text,
                                 struct error *error) {
    struct model_memory start, most;
    model_count_memory(&t->config, &t->begin, t->ops, &start);
    trainer_most_memory(t, &most);
    const struct {
        const char *name;
        uint64_t start, most;
    } rows[] = {{"weights", start.weights, most.weights},
                {"gradients", start.gradients, most.gradients},
                {"optimizer", start.optimizer, most.optimizer},
                {"activations", start.activations, most.activations},
                {"total", start.total, most.total}};
    enum status status =
        append_line(text, error, "Memory in MB        at the start   all layers independent");
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && status == STATUS_OK; i++) {
        status = append_line(text, error, "  %-18s %12.2f %24.2f", rows[i].name,
                             megabytes(rows[i].start), megabytes(rows[i].most));
    }
    return status;
}

enum status trainer_table(const struct trainer *t, struct buffer *text, struct error *error) {
    enum status status = append_settings(t, text, error);
    if (status == STATUS_OK) {
        status = append_texts(t, text, error);
    }
    if (status == STATUS_OK) {
        status = append_line(text, error, "Start\n  %-18s %s\n  %-18s %s\n  %-18s %d of %d",
                             "computes on", t->ops->name, "policy",
                             *t->dialogue.ready.policy ? t->dialogue.ready.policy : "-",
                             "independent layers", tying_independent(&t->begin), t->config.layers);
    }
    if (status == STATUS_OK) {
        status = append_plan(t, text, error);
    }
    if (status == STATUS_OK) {
        status = append_parameters(t, text, error);
    }
    return status == STATUS_OK ? append_memory(t, text, error) : status;
}
