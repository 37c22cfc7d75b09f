#define _GNU_SOURCE
#include "lib/agent/channel.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"

enum { READ_SIZE = 1 << 16 };

enum status channel_open(struct channel *channel, int input, int output, double timeout,
                         struct error *error) {
    *channel = (struct channel){.input = input, .output = output, .timeout = timeout};
    channel->zone = msgpack_zone_new(MSGPACK_ZONE_CHUNK_SIZE);
    return channel->zone ? STATUS_OK
                         : error_set(error, STATUS_FAILURE, "cannot allocate a message");
}

void channel_close(struct channel *channel) {
    record_builder_free(&channel->builder);
    buffer_free(&channel->incoming);
    buffer_free(&channel->outgoing);
    if (channel->zone) {
        msgpack_zone_free(channel->zone);
    }
    *channel = (struct channel){.input = -1, .output = -1};
}

// ---- Waiting and writing ---------------------------------------------------------------------

// What is left of the time for one message. It is counted in slices, none of which counts for more than
// it is long: whoever stops trainer and agent together, as a container that is paused, takes a slice of
// the agent's time at most.
struct patience {
    double left;  // seconds
    double slice; // seconds
    double since; // clock up to which time is counted
};

static struct patience patience_of(const struct channel *channel) {
    static const double LONGEST = 1, SHORTEST = 0.001; // which poll() can wait
    if (channel->timeout < 0) {
        return (struct patience){.left = INFINITY};
    }
    double slice = fmin(fmax(channel->timeout / 10, SHORTEST), LONGEST);
    return (struct patience){channel->timeout, slice, clock_seconds()};
}

static void patience_count(struct patience *patience) {
    double now = clock_seconds();
    patience->left -= fmin(now - patience->since, patience->slice);
    patience->since = now;
}

// Milliseconds that poll() is to wait; below 0: any time.
static int patience_slice(const struct patience *patience) {
    double seconds = fmax(fmin(patience->left, patience->slice), 0);
    return isinf(patience->left) ? -1 : (int)ceil(1000 * seconds);
}

// Until the descriptor is ready for `events`, its other end closed, or the time is up.
static enum status wait_until_ready(const struct channel *channel, int descriptor, short events,
                                    struct patience *patience, struct error *error) {
    for (;;) {
        struct pollfd entry = {.fd = descriptor, .events = events};
        int ready = poll(&entry, 1, patience_slice(patience));
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            return error_set(error, STATUS_FAILURE, "cannot wait: %s", strerror(errno));
        }
        patience_count(patience);
        if (ready > 0) {
            return STATUS_OK;
        }
        if (patience->left <= 0) {
            return error_set(error, STATUS_FAILURE, "not done within %g s", channel->timeout);
        }
    }
}

// write() to a pipe that nobody reads any more: EPIPE, without the signal that would end us, and
// without changing what the program does with that signal elsewhere.
static ssize_t write_without_signal(int descriptor, const void *data, size_t length) {
    sigset_t broken_pipe, before, pending;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
    ssize_t written = write(descriptor, data, length);
    int failure = written < 0 ? errno : 0;
    // A reader that leaves during the write brings the signal with a count of what it still took.
    if (written != (ssize_t)length && !sigismember(&pending, SIGPIPE)) {
        while (sigtimedwait(&broken_pipe, NULL, &(struct timespec){0}) < 0 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failure;
    return written;
}

enum status channel_send(struct channel *channel, bool *closed, struct error *error) {
    struct buffer *bytes = &channel->outgoing;
    struct patience patience = patience_of(channel);
    *closed = false;
    bytes->length = 0;
    enum status status = record_message_append(bytes, &channel->builder, error);
    for (size_t sent = 0; status == STATUS_OK && sent < bytes->length;) {
        status = wait_until_ready(channel, channel->output, POLLOUT, &patience, error);
        if (status != STATUS_OK) {
            break;
        }
        ssize_t written =
            write_without_signal(channel->output, bytes->data + sent, bytes->length - sent);
        if (written >= 0) {
            sent += (size_t)written;
        } else if (errno != EINTR && errno != EAGAIN) {
            *closed = errno == EPIPE;
            status = error_set(error, STATUS_FAILURE, "cannot write: %s", strerror(errno));
        }
    }
    return status;
}

// ---- Reading ---------------------------------------------------------------------------------

static enum status read_some(struct channel *channel, struct patience *patience, size_t *length,
                             struct error *error) {
    struct buffer *bytes = &channel->incoming;
    *length = 0;
    enum status status = buffer_reserve(bytes, READ_SIZE, error);
    while (status == STATUS_OK) {
        status = wait_until_ready(channel, channel->input, POLLIN, patience, error);
        if (status != STATUS_OK) {
            break;
        }
        ssize_t got = read(channel->input, bytes->data + bytes->length, READ_SIZE);
        if (got >= 0) {
            *length = (size_t)got;
            bytes->length += *length;
            break;
        }
        if (errno != EINTR && errno != EAGAIN) {
            status = error_set(error, STATUS_FAILURE, "cannot read: %s", strerror(errno));
        }
    }
    return status;
}

static void discard_handed_out(struct channel *channel) {
    struct buffer *bytes = &channel->incoming;
    if (channel->handed_out > 0) {
        bytes->length -= channel->handed_out;
        memmove(bytes->data, bytes->data + channel->handed_out, bytes->length);
        channel->handed_out = 0;
    }
}

bool channel_holds_more(const struct channel *channel) {
    return channel->incoming.length > channel->handed_out;
}

enum status channel_receive(struct channel *channel, size_t limit, struct record *message,
                            bool *more, struct error *error) {
    struct buffer *bytes = &channel->incoming;
    struct patience patience = patience_of(channel);
    *more = true;
    discard_handed_out(channel);
    for (;;) {
        size_t length;
        enum status status =
            record_message_parse_on(&channel->scan, bytes->data, bytes->length,
                                    &channel->handed_out, message, channel->zone, error);
        if (status != STATUS_OK || channel->handed_out > 0) {
            return status;
        }
        if (bytes->length > limit) {
            return error_set(error, STATUS_DAMAGED, "a message larger than %zu bytes", limit);
        }
        status = read_some(channel, &patience, &length, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (length == 0) {
            *more = false;
            return bytes->length == 0
                       ? STATUS_OK
                       : error_set(error, STATUS_DAMAGED, "a message that ends in its middle");
        }
    }
}
