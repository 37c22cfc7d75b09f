#define _GNU_SOURCE // pthread_sigmask
#include "lib/text/text_writer.h"

// With the mutex held: writes what waits, and gives the mutex back meanwhile. After a failure drops it.
static void write_waiting(struct text_writer *writer) {
    struct buffer text = writer->waiting;
    writer->waiting = (struct buffer){0};
    bool failed = writer->status != STATUS_OK;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    struct error error = {0};
    enum status status =
        failed ? STATUS_OK : file_output_write(&writer->file, text.data, text.length, &error);
    text.length = 0;
    pthread_mutex_lock(&writer->mutex);
    buffer_free(&writer->spare);
    writer->spare = text;
    if (status != STATUS_OK) {
        writer->status = status;
        writer->error = error;
    }
}

static void *writer_main(void *argument) {
    struct text_writer *writer = argument;
    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        if (writer->waiting.length > 0) {
            write_waiting(writer);
        } else if (writer->ended) {
            break;
        } else {
            pthread_cond_wait(&writer->changed, &writer->mutex);
        }
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

// Only after the thread was made, which has the caller's mask.
static void leave_signals_to_thread(struct text_writer *writer) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &writer->signals);
}

enum status text_writer_open(struct text_writer *writer, const char *path, int threads,
                             struct error *error) {
    *writer = (struct text_writer){.mutex = PTHREAD_MUTEX_INITIALIZER,
                                   .changed = PTHREAD_COND_INITIALIZER};
    enum status status = file_output_open(&writer->file, path, false, error);
    if (status == STATUS_OK && threads > 1) { // without the thread it is done all the same
        writer->threaded = pthread_create(&writer->thread, NULL, writer_main, writer) == 0;
    }
    if (writer->threaded) {
        leave_signals_to_thread(writer);
    }
    return status;
}

enum status text_writer_put(struct text_writer *writer, struct buffer *text, struct error *error) {
    if (!writer->threaded) {
        enum status status = file_output_write(&writer->file, text->data, text->length, error);
        text->length = 0;
        return status;
    }
    pthread_mutex_lock(&writer->mutex);
    while (writer->waiting.length > 0) {
        pthread_cond_wait(&writer->changed, &writer->mutex);
    }
    writer->waiting = *text;
    *text = writer->spare;
    writer->spare = (struct buffer){0};
    enum status status = writer->status;
    *error = status == STATUS_OK ? *error : writer->error;
    pthread_cond_signal(&writer->changed);
    pthread_mutex_unlock(&writer->mutex);
    return status;
}

enum status text_writer_close(struct text_writer *writer, enum status status, struct error *error) {
    if (writer->threaded) {
        pthread_mutex_lock(&writer->mutex);
        writer->ended = true;
        pthread_cond_signal(&writer->changed);
        pthread_mutex_unlock(&writer->mutex);
        pthread_join(writer->thread, NULL);
        pthread_sigmask(SIG_SETMASK, &writer->signals, NULL);
        if (status == STATUS_OK && writer->status != STATUS_OK) {
            status = writer->status;
            *error = writer->error;
        }
    }
    if (status == STATUS_OK) {
        status = file_output_commit(&writer->file, error);
    }
    if (status != STATUS_OK) {
        file_output_abandon(&writer->file, false);
    }
    buffer_free(&writer->waiting);
    buffer_free(&writer->spare);
    return status;
}
