// The start-up table, and the refusal of a run that does not fit into memory.
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

static enum status append_parameters(const struct trainer *t, const struct tying *start,
                                     struct buffer *text, struct error *error) {
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
                {"trainable at start", model_count_trainable(&t->config, start)}};
    for (size_t i = 0; i < ARRAY_LENGTH(rows) && status == STATUS_OK; i++) {
        status = append_line(text, error, "  %-18s %" PRIu64, rows[i].name, rows[i].value);
    }
    return status;
}

static void begin_tying(const struct trainer *t, const int *map, struct tying *tying) {
    struct tying_plan unused;
    tying_begin(tying, &t->config.tying, t->config.layers, map, &unused);
}

static void independent_map(int *map) {
    for (int i = 0; i < TYING_LAYERS_MAX; i++) {
        map[i] = i;
    }
}

void trainer_count_memory(const struct trainer *t, struct model_memory *memory) {
    struct tying start;
    begin_tying(t, t->dialogue.ready.start, &start);
    model_count_memory(&t->config, &start, t->ops, memory);
}

static double megabytes(uint64_t bytes) {
    return (double)bytes / 1e6;
}

static enum status append_memory(const struct trainer *t, struct buffer *text,
                                 struct error *error) {
    int map[TYING_LAYERS_MAX];
    struct tying tying;
    struct model_memory start, most;
    trainer_count_memory(t, &start);
    independent_map(map);
    begin_tying(t, map, &tying);
    model_count_memory(&t->config, &tying, t->ops, &most);
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
    struct tying start;
    begin_tying(t, t->dialogue.ready.start, &start);
    enum status status = append_settings(t, text, error);
    if (status == STATUS_OK) {
        status = append_texts(t, text, error);
    }
    if (status == STATUS_OK) {
        status = append_line(
            text, error, "Start\n  %-18s %s\n  %-18s %s\n  %-18s %d of %d\n  %-18s %" PRId64,
            "computes on", t->ops->name, "policy",
            *t->dialogue.ready.policy ? t->dialogue.ready.policy : "-", "independent layers",
            tying_independent(&start), t->config.layers, "training steps", t->planned);
    }
    if (status == STATUS_OK) {
        status = append_parameters(t, &start, text, error);
    }
    return status == STATUS_OK ? append_memory(t, text, error) : status;
}

// Bytes that the system can give without swapping; 0 where it does not say.
static uint64_t available_memory(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    if (!file) {
        return 0;
    }
    char line[256];
    uint64_t kilobytes = 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %" SCNu64, &kilobytes) == 1) {
            break;
        }
    }
    fclose(file);
    return kilobytes * 1024;
}

enum status trainer_check_memory(const struct trainer *t, struct error *error) {
    struct model_memory memory;
    trainer_count_memory(t, &memory);
    uint64_t available = available_memory();
    if (available == 0 || memory.total <= available) {
        return STATUS_OK;
    }
    const char *help = "fewer --layers or a smaller --width";
    if (memory.activations > memory.total / 2) {
        help = t->config.recompute == MODEL_RECOMPUTE_LAYER
                   ? "a smaller --batch"
                   : "--recompute layer or a smaller --batch";
    }
    return error_set(error, STATUS_FAILURE,
                     "the run needs %.1f GB of memory and %.1f GB are available; %s would help",
                     (double)memory.total / 1e9, (double)available / 1e9, help);
}
