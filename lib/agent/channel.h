// Messages of the agent protocol over two descriptors: what both ends have in common.
#ifndef DLT_AGENT_CHANNEL_H
#define DLT_AGENT_CHANNEL_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/record/scan.h"

// Bytes of one message. An agent's saved state is the only thing that may be large.
enum { CHANNEL_LIMIT = 16 << 20, CHANNEL_BLOB_LIMIT = 256 << 20 };

struct channel {
    int input, output;             // not owned
    double timeout;                // seconds for one message; below 0: any time
    struct record_builder builder; // the message that is being made
    struct buffer incoming;        // bytes read; the message handed out last comes first
    size_t handed_out;             // its length
    struct record_scan scan;       // of the message that is coming
    struct buffer outgoing;
    msgpack_zone *zone; // of the message handed out last
};

enum status channel_open(struct channel *channel, int input, int output, double timeout,
                         struct error *error);
void channel_close(struct channel *channel);

// Sends the message in channel->builder, whole. STATUS_FAILURE: the other end is closed, reads
// nothing for too long, or the system says no; *closed tells the first from the others.
enum status channel_send(struct channel *channel, bool *closed, struct error *error);
// Receives one message, valid until the next call. *more is false, at STATUS_OK, if the other end
// was closed where a message could have begun. STATUS_DAMAGED: what came is no message, is larger
// than `limit`, or was cut short; STATUS_FAILURE: silence past the time limit, or the system.
enum status channel_receive(struct channel *channel, size_t limit, struct record *message,
                            bool *more, struct error *error);
// Whether more was read than the message handed out last.
bool channel_holds_more(const struct channel *channel);

#endif
