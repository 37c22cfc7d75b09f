// Each worker reads parts and encodes them, in slots of its own; the first one also writes those of
// all, before it does anything else. So what becomes of a part stays in the caches of one processor,
// all but its ids: fetching from another one's, and writing there again, was measured at 2 GB/s.
//
// Invariants, under the mutex: part n, written <= n < read, lives in *parts[n % capacity]; a slot is
// busy from the reading of its part to the writing; one thread reads at most; parts are read, and
// written, in order. Which thread encodes a part changes nothing of its ids.
#define _GNU_SOURCE // MAP_ANONYMOUS
#include "lib/text/tokenize.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/program.h"

enum {
    WORKERS_MAXIMUM = 16, // bounds memory (a worker has caches and slots); more would wait to read
    SLOTS_OF_WORKER = 4,
};

struct slot {
    struct text_part text;
    struct buffer ids;       // packed: half as many bytes for the writer to fetch
    struct buffer line_ends; // of uint32_t
    struct token_part part;
    bool busy;
    bool ready; // encoded, not yet written
};

struct worker {
    struct pipeline *pipeline;
    bool writes;
    struct text_encoder encoder;
    struct token_list tokens; // of one part; nobody else reads them
    struct slot slots[SLOTS_OF_WORKER];
};

struct pipeline {
    const struct text_model *model;
    struct text_source *source;
    token_sink *sink;
    void *context;
    struct worker *workers; // (threads)
    size_t threads;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct slot *parts[WORKERS_MAXIMUM * SLOTS_OF_WORKER];
    uint64_t read, written; // parts
    bool reading, ended;
    enum status status; // the first failure stops all
    struct error error;
};

static enum status encode_lines(struct worker *worker, struct slot *slot, struct error *error) {
    const uint8_t *text = slot->text.text.data;
    const uint8_t *end = text + slot->text.text.length;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && text < end) {
        const uint8_t *line_end = memchr(text, '\n', (size_t)(end - text));
        const uint8_t *next = line_end ? line_end + 1 : end;
        status = text_encoder_encode(&worker->encoder, text, (size_t)(next - text), &worker->tokens,
                                     error);
        text = next;
        if (status == STATUS_OK) {
            uint32_t count = (uint32_t)worker->tokens.count;
            status = buffer_append(&slot->line_ends, &count, sizeof count, error);
        }
    }
    return status;
}

static enum status encode_slot(struct worker *worker, struct slot *slot, struct error *error) {
    const struct buffer *text = &slot->text.text;
    const struct token_list *tokens = &worker->tokens;
    size_t width = tokens_width(text_model_size(worker->pipeline->model));
    worker->tokens.count = slot->ids.length = slot->line_ends.length = 0;
    enum status status = worker->pipeline->source->cut == TEXT_CUT_LINES
                             ? encode_lines(worker, slot, error)
                             : text_encoder_encode(&worker->encoder, text->data, text->length,
                                                   &worker->tokens, error);
    if (status == STATUS_OK) {
        status = buffer_reserve(&slot->ids, width * tokens->count, error);
    }
    if (status == STATUS_OK) {
        struct text_counts counts = text_count(&slot->text, false);
        tokens_pack(slot->ids.data, width, tokens->ids, tokens->count);
        slot->part =
            (struct token_part){.ids = slot->ids.data,
                                .width = width,
                                .count = tokens->count,
                                .line_ends = (const uint32_t *)(void *)slot->line_ends.data,
                                .line_count = slot->line_ends.length / sizeof(uint32_t),
                                .text_bytes = text->length,
                                .text_words = counts.words,
                                .text_lines = counts.lines};
    }
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

static struct slot **place_of(struct pipeline *pipeline, uint64_t part) {
    return &pipeline->parts[part % ARRAY_LENGTH(pipeline->parts)];
}

// The two below are called with the mutex held and give it back meanwhile.

static void write_next(struct pipeline *pipeline) {
    struct error error = {0};
    struct slot *slot = *place_of(pipeline, pipeline->written);
    pthread_mutex_unlock(&pipeline->mutex);
    enum status status = pipeline->sink(pipeline->context, &slot->part, &error);
    note_result(pipeline, status, &error);
    slot->ready = slot->busy = false;
    pipeline->written++;
}

static void encode_next(struct worker *worker, struct slot *slot) {
    struct pipeline *pipeline = worker->pipeline;
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
        return;
    }
    slot->busy = true;
    *place_of(pipeline, pipeline->read++) = slot;
    pthread_mutex_unlock(&pipeline->mutex);
    status = encode_slot(worker, slot, &error);
    note_result(pipeline, status, &error);
    slot->ready = status == STATUS_OK;
}

static bool can_write(struct pipeline *pipeline) {
    return pipeline->written < pipeline->read && (*place_of(pipeline, pipeline->written))->ready;
}

// The first that is free: it is the most likely one to be in the caches.
static struct slot *free_slot(struct worker *worker) {
    for (size_t i = 0; i < SLOTS_OF_WORKER; i++) {
        if (!worker->slots[i].busy) {
            return &worker->slots[i];
        }
    }
    return NULL;
}

static void work(struct worker *worker) {
    struct pipeline *pipeline = worker->pipeline;
    pthread_mutex_lock(&pipeline->mutex);
    while (pipeline->status == STATUS_OK) {
        struct slot *slot = free_slot(worker);
        if (worker->writes && can_write(pipeline)) {
            write_next(pipeline);
        } else if (slot && !pipeline->reading && !pipeline->ended) {
            encode_next(worker, slot);
        } else if (pipeline->ended && (!worker->writes || pipeline->written == pipeline->read)) {
            break;
        } else {
            pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
        }
    }
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->mutex);
}

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    struct error error = {0};
    enum status status = text_encoder_create(&worker->encoder, worker->pipeline->model, &error);
    if (status == STATUS_OK) {
        work(worker);
    } else if (worker->writes) { // else the others do its work
        note_result(worker->pipeline, status, &error);
        pthread_mutex_unlock(&worker->pipeline->mutex);
    }
    return NULL;
}

// What a limit of the addresses (ulimit -v) leaves room for, since whoever comes first would leave too
// few to the rest. The C library takes 128 MB at first for what a thread allocates; its stack, caches
// and slots come on top.
static size_t workers_with_room(size_t wanted) {
    static const size_t ADDRESSES = (size_t)160 << 20;
    size_t count = wanted;
    for (; count > 1; count--) {
        void *room = mmap(NULL, (count - 1) * ADDRESSES, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (room != MAP_FAILED) {
            munmap(room, (count - 1) * ADDRESSES);
            break;
        }
    }
    return count;
}

// This thread is the first worker. Fewer threads than wanted do the same work, only slower.
static void run_workers(struct pipeline *pipeline) {
    pthread_t threads[WORKERS_MAXIMUM];
    size_t started = 1, wanted = workers_with_room(pipeline->threads);
    while (started < wanted &&
           pthread_create(&threads[started], NULL, worker_main, &pipeline->workers[started]) == 0) {
        started++;
    }
    worker_main(&pipeline->workers[0]);
    for (size_t i = 1; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void worker_free(struct worker *worker) {
    text_encoder_free(&worker->encoder);
    token_list_free(&worker->tokens);
    for (size_t i = 0; i < SLOTS_OF_WORKER; i++) {
        buffer_free(&worker->slots[i].text.text);
        buffer_free(&worker->slots[i].ids);
        buffer_free(&worker->slots[i].line_ends);
    }
}

enum status text_tokenize(const struct text_model *model, struct text_source *source, int threads,
                          token_sink *sink, void *context, struct error *error) {
    threads = threads < WORKERS_MAXIMUM ? threads : WORKERS_MAXIMUM;
    struct pipeline pipeline = {.model = model,
                                .source = source,
                                .sink = sink,
                                .context = context,
                                .threads = (size_t)threads,
                                .mutex = PTHREAD_MUTEX_INITIALIZER,
                                .changed = PTHREAD_COND_INITIALIZER};
    enum status status = memory_allocate((void **)&pipeline.workers, pipeline.threads,
                                         sizeof *pipeline.workers, "the tokeniser", error);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < pipeline.threads; i++) {
        pipeline.workers[i].pipeline = &pipeline;
        pipeline.workers[i].writes = i == 0;
    }
    run_workers(&pipeline);
    for (size_t i = 0; i < pipeline.threads; i++) {
        worker_free(&pipeline.workers[i]);
    }
    free(pipeline.workers);
    *error = pipeline.status == STATUS_OK ? *error : pipeline.error;
    return pipeline.status;
}
