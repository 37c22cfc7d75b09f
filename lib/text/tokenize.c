// Workers that all do the same: whoever is free writes the next part if it is ready and nobody else
// writes; else reads a part if nobody else reads and few wait to be encoded; else encodes one.
//
// Invariants, under the mutex: written <= begun <= read <= written + slot_count; part n lives in
// slots[n % slot_count] from its reading to its writing; one thread reads at most and one writes at
// most; parts are read, begun to be encoded, and written in order. Which thread encodes a part
// changes nothing of its ids.
#include "lib/text/tokenize.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/program.h"

enum {
    WORKERS_MAXIMUM = 16, // bounds memory (a worker has caches and slots); more would wait to read
    SLOTS_OF_WORKER = 4,
};

struct slot {
    struct text_part text;
    struct token_list tokens;
    struct buffer line_ends; // of uint32_t
    struct token_part part;
    bool ready; // encoded, not yet written
};

struct pipeline {
    const struct text_model *model;
    struct text_source *source;
    token_sink *sink;
    void *context;
    struct slot *slots;
    size_t slot_count;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t read_ahead; // parts that are to wait for a worker
    uint64_t read, begun, written;
    bool reading, writing, ended;
    enum status status; // the first failure stops all
    struct error error;
};

static enum status encode_lines(const struct text_encoder *encoder, struct slot *slot,
                                struct error *error) {
    const uint8_t *text = slot->text.text.data;
    const uint8_t *end = text + slot->text.text.length;
    enum status status = STATUS_OK;
    slot->line_ends.length = 0;
    while (status == STATUS_OK && text < end) {
        const uint8_t *line_end = memchr(text, '\n', (size_t)(end - text));
        const uint8_t *next = line_end ? line_end + 1 : end;
        status = text_encoder_encode(encoder, text, (size_t)(next - text), &slot->tokens, error);
        text = next;
        if (status == STATUS_OK) {
            uint32_t count = (uint32_t)slot->tokens.count;
            status = buffer_append(&slot->line_ends, &count, sizeof count, error);
        }
    }
    return status;
}

static enum status encode_slot(struct pipeline *pipeline, const struct text_encoder *encoder,
                               struct slot *slot, struct error *error) {
    const struct buffer *text = &slot->text.text;
    slot->tokens.count = 0;
    enum status status =
        pipeline->source->cut == TEXT_CUT_LINES
            ? encode_lines(encoder, slot, error)
            : text_encoder_encode(encoder, text->data, text->length, &slot->tokens, error);
    struct text_counts counts = text_count(&slot->text, false);
    slot->part = (struct token_part){.ids = slot->tokens.ids,
                                     .count = slot->tokens.count,
                                     .line_ends = (const uint32_t *)(void *)slot->line_ends.data,
                                     .line_count = slot->line_ends.length / sizeof(uint32_t),
                                     .text_bytes = text->length,
                                     .text_words = counts.words,
                                     .text_lines = counts.lines};
    return status;
}

// Takes the mutex again.
static void note_result(struct pipeline *pipeline, enum status status, const struct error *error) {
    pthread_mutex_lock(&pipeline->mutex);
    if (status != STATUS_OK && pipeline->status == STATUS_OK) {
        pipeline->status = status;
        pipeline->error = *error;
    }
    pthread_cond_broadcast(&pipeline->changed);
}

// The three below are called with the mutex held and give it back meanwhile.

static void write_next(struct pipeline *pipeline, struct slot *slot) {
    struct error error = {0};
    pipeline->writing = true;
    pthread_mutex_unlock(&pipeline->mutex);
    enum status status = pipeline->sink(pipeline->context, &slot->part, &error);
    note_result(pipeline, status, &error);
    pipeline->writing = false;
    slot->ready = false;
    pipeline->written++;
}

static void read_next(struct pipeline *pipeline, struct slot *slot) {
    struct error error = {0};
    pipeline->reading = true;
    pthread_mutex_unlock(&pipeline->mutex);
    enum status status = interrupt_check(&error);
    if (status == STATUS_OK) {
        status = text_source_read(pipeline->source, &slot->text, &error);
    }
    note_result(pipeline, status, &error);
    pipeline->reading = false;
    if (status != STATUS_OK || slot->text.text.length == 0) {
        pipeline->ended = true;
    } else {
        pipeline->read++;
    }
}

static void encode_next(struct pipeline *pipeline, const struct text_encoder *encoder,
                        struct slot *slot) {
    struct error error = {0};
    pipeline->begun++;
    pthread_mutex_unlock(&pipeline->mutex);
    enum status status = encode_slot(pipeline, encoder, slot, &error);
    note_result(pipeline, status, &error);
    slot->ready = status == STATUS_OK;
}

static struct slot *slot_of(struct pipeline *pipeline, uint64_t part) {
    return &pipeline->slots[part % pipeline->slot_count];
}

static bool can_read(const struct pipeline *pipeline) {
    return !pipeline->ended && !pipeline->reading &&
           pipeline->read < pipeline->written + pipeline->slot_count &&
           pipeline->read < pipeline->begun + pipeline->read_ahead;
}

static void work(struct pipeline *pipeline, const struct text_encoder *encoder) {
    pthread_mutex_lock(&pipeline->mutex);
    while (pipeline->status == STATUS_OK) {
        struct slot *oldest = slot_of(pipeline, pipeline->written);
        if (oldest->ready && !pipeline->writing) {
            write_next(pipeline, oldest);
        } else if (can_read(pipeline)) {
            read_next(pipeline, slot_of(pipeline, pipeline->read));
        } else if (pipeline->begun < pipeline->read) {
            encode_next(pipeline, encoder, slot_of(pipeline, pipeline->begun));
        } else if (pipeline->ended && pipeline->written == pipeline->read) {
            break;
        } else {
            pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
        }
    }
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->mutex);
}

static void *worker_main(void *argument) {
    struct pipeline *pipeline = argument;
    struct text_encoder encoder;
    struct error error = {0};
    enum status status = text_encoder_create(&encoder, pipeline->model, &error);
    if (status == STATUS_OK) {
        work(pipeline, &encoder);
    } else {
        note_result(pipeline, status, &error);
        pthread_mutex_unlock(&pipeline->mutex);
    }
    text_encoder_free(&encoder);
    return NULL;
}

// This thread is a worker too. Fewer threads than wanted do the same work, only slower.
static void run_workers(struct pipeline *pipeline, int threads) {
    pthread_t workers[WORKERS_MAXIMUM];
    int started = 0;
    while (started < threads - 1 &&
           pthread_create(&workers[started], NULL, worker_main, pipeline) == 0) {
        started++;
    }
    worker_main(pipeline);
    for (int i = 0; i < started; i++) {
        pthread_join(workers[i], NULL);
    }
}

enum status text_tokenize(const struct text_model *model, struct text_source *source, int threads,
                          token_sink *sink, void *context, struct error *error) {
    threads = threads < WORKERS_MAXIMUM ? threads : WORKERS_MAXIMUM;
    struct pipeline pipeline = {.model = model,
                                .source = source,
                                .sink = sink,
                                .context = context,
                                .slot_count = SLOTS_OF_WORKER * (size_t)threads,
                                .read_ahead = (size_t)threads,
                                .mutex = PTHREAD_MUTEX_INITIALIZER,
                                .changed = PTHREAD_COND_INITIALIZER};
    enum status status = memory_allocate((void **)&pipeline.slots, pipeline.slot_count,
                                         sizeof *pipeline.slots, "the tokeniser", error);
    if (status != STATUS_OK) {
        return status;
    }
    run_workers(&pipeline, threads);
    for (size_t i = 0; i < pipeline.slot_count; i++) {
        buffer_free(&pipeline.slots[i].text.text);
        buffer_free(&pipeline.slots[i].line_ends);
        token_list_free(&pipeline.slots[i].tokens);
    }
    free(pipeline.slots);
    *error = pipeline.status == STATUS_OK ? *error : pipeline.error;
    return pipeline.status;
}
