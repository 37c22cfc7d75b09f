// Text on its way to a file: with more than one thread, one of them only writes, while the caller
// makes the next text.
//
// Calling sequence: open, put any number of times, close; close also after a put that failed.
#ifndef DLT_TEXT_TEXT_WRITER_H
#define DLT_TEXT_TEXT_WRITER_H

#include <pthread.h>
#include <signal.h>

#include "lib/base/file.h"

// While there is a thread that writes, it alone takes SIGINT and SIGTERM, which end its wait for a
// reader that stands still. The caller learns of them as ever (program.h).
//
// In place for as long as it is open. Under the mutex: what is `waiting` is the thread's, which
// empties it and leaves the memory as `spare`; `status` is the thread's failure, after which it writes
// no more.
struct text_writer {
    struct file_output file;
    bool threaded;
    pthread_t thread;
    sigset_t signals; // that the caller blocked before
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct buffer waiting, spare;
    bool ended;
    enum status status;
    struct error error;
};

// `path` NULL: standard output.
enum status text_writer_open(struct text_writer *writer, const char *path, int threads,
                             struct error *error);
// Writes the text, now or later, and leaves the buffer empty.
enum status text_writer_put(struct text_writer *writer, struct buffer *text, struct error *error);
// With STATUS_OK writes what is left and commits the file, else abandons it; returns the status.
enum status text_writer_close(struct text_writer *writer, enum status status, struct error *error);

#endif
