// The trainer's end: starts the agent, asks, and trusts nothing that it answers.

#define _GNU_SOURCE
#include "lib/agent/agent.h"

#include <stdlib.h>
#include <string.h>

#include "lib/agent/channel.h"
#include "lib/agent/protocol.h"
#include "lib/base/file.h"
#include "lib/base/process.h"
#include "lib/base/utf8.h"

struct agent {
    struct process process;
    struct channel channel;
    char *command; // for messages
    double timeout;
    int layers;
    bool begun;  // it has said that it is ready
    bool failed; // no further word is exchanged with it
};

// How long an agent whose pipe is closed may take to end before it is called closed, not ended.
static const double SECONDS_TO_END = 1;

// ---- Failures --------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static enum status
agent_failed(struct agent *agent, struct error *error, const char *format, ...) {
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    agent->failed = true;
    return error_set(error, STATUS_AGENT, "agent '%.400s' %s", agent->command, what);
}

// Its pipe is closed: says how it ended, if it did.
static enum status agent_gone(struct agent *agent, const char *when, struct error *error) {
    char how[64];
    if (!process_wait(&agent->process, SECONDS_TO_END, how, sizeof how)) {
        return agent_failed(agent, error, "closed its pipe %s", when);
    }
    return agent_failed(agent, error, "%s %s", how, when);
}

// ---- Sending and receiving -------------------------------------------------------------------

static struct record_builder *begin(struct agent *agent, const char *kind) {
    record_begin(&agent->channel.builder, kind);
    return &agent->channel.builder;
}

static enum status agent_send(struct agent *agent, const char *kind, struct error *error) {
    bool closed;
    if (agent->failed) {
        return agent_failed(agent, error, "failed before");
    }
    // What nobody asked for would be taken for the answer to the next question.
    if (agent->begun &&
        (channel_holds_more(&agent->channel) || process_has_spoken(&agent->process))) {
        return agent_failed(agent, error, "spoke before '%s', without being asked", kind);
    }
    enum status status = channel_send(&agent->channel, &closed, error);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    char why[256];
    snprintf(why, sizeof why, "before it took '%s'", kind);
    return closed ? agent_gone(agent, why, error)
                  : agent_failed(agent, error, "did not take '%s': %.200s", kind, error->message);
}

// The answer to `question`, which has to be of kind `answer`.
static enum status agent_receive(struct agent *agent, const char *question, const char *answer,
                                 size_t limit, struct record *message, struct error *error) {
    bool more = true;
    enum status status = channel_receive(&agent->channel, limit, message, &more, error);
    if (!more) {
        char when[256];
        snprintf(when, sizeof when, "%s answer to '%s'",
                 status == STATUS_OK ? "without an" : "in the middle of its", question);
        return agent_gone(agent, when, error);
    }
    if (status == STATUS_DAMAGED) {
        return agent_failed(agent, error, "answered '%s' with nonsense: %.200s", question,
                            error->message);
    }
    if (status != STATUS_OK) {
        return agent_failed(agent, error, "did not answer '%s': %.200s", question, error->message);
    }
    if (strcmp(message->kind, answer) != 0) {
        return agent_failed(agent, error, "answered '%s' with '%s' instead of '%s'", question,
                            message->kind, answer);
    }
    return STATUS_OK;
}

static enum status exchange(struct agent *agent, const char *question, const char *answer,
                            size_t limit, struct record *message, struct error *error) {
    enum status status = agent_send(agent, question, error);
    return status == STATUS_OK ? agent_receive(agent, question, answer, limit, message, error)
                               : status;
}

// ---- Hello and ready -------------------------------------------------------------------------

static void put_hello(struct agent *agent, uint64_t seed, const msgpack_object *config) {
    struct record_builder *r = begin(agent, "hello");
    record_put_int(r, "protocol", PROTOCOL_VERSION);
    record_put_int(r, "layers", agent->layers);
    record_put_int(r, "seed", (int64_t)seed);
    if (config) {
        record_put_object(r, "config", config);
    } else {
        record_put_map(r, "config");
        record_end_map(r);
    }
}

static void copy_policy_name(const msgpack_object *map, char *name, size_t size) {
    const char *text;
    size_t length;
    if (record_get_string(map, "policy", &text, &length)) {
        length = length < size - 1 ? length : size - 1;
        memcpy(name, text, length);
        name[length] = '\0';
        utf8_make_printable(name);
    }
}

static enum status read_ready(struct agent *agent, const msgpack_object *map,
                              struct agent_ready *ready, struct error *error) {
    int64_t protocol;
    size_t count = 0;
    struct error why;
    *ready = (struct agent_ready){0};
    if (!record_get_int(map, "protocol", &protocol)) {
        return agent_failed(agent, error, "is ready, but tells no protocol");
    }
    if (protocol != PROTOCOL_VERSION) {
        return agent_failed(agent, error, "speaks protocol %lld, this program speaks %d",
                            (long long)protocol, PROTOCOL_VERSION);
    }
    if (!record_get_int_array(map, "start", ready->start, TYING_LAYERS_MAX, &count)) {
        return agent_failed(agent, error, "is ready, but gives no map to start with");
    }
    if (count != (size_t)agent->layers) {
        return agent_failed(agent, error, "starts with a map of %zu layers, not %d", count,
                            agent->layers);
    }
    if (tying_map_check(ready->start, agent->layers, &why) != STATUS_OK) {
        return agent_failed(agent, error, "starts with a map that is none: %.200s", why.message);
    }
    const struct {
        const char *name;
        bool *value;
    } wishes[] = {{"reward", &ready->wants_reward},
                  {"loss_before", &ready->wants_loss_before},
                  {"save", &ready->can_save}};
    for (size_t i = 0; i < ARRAY_LENGTH(wishes); i++) {
        if (!record_get_bool(map, wishes[i].name, wishes[i].value) &&
            record_find(map, wishes[i].name)) {
            return agent_failed(agent, error, "is ready, but '%s' is neither true nor false",
                                wishes[i].name);
        }
    }
    copy_policy_name(map, ready->policy, sizeof ready->policy);
    return STATUS_OK;
}

// ---- The public functions --------------------------------------------------------------------

static enum status start(struct agent *agent, const char *command, double timeout,
                         struct error *error) {
    char *directory = NULL;
    agent->command = strdup(command);
    if (!agent->command) {
        return error_set(error, STATUS_FAILURE, "cannot allocate an agent");
    }
    if (strspn(command, " \t\n") == strlen(command)) {
        return error_set(error, STATUS_USAGE, "the agent's command is empty");
    }
    enum status status = file_program_directory(&directory, error);
    if (status == STATUS_OK) {
        status = process_start(&agent->process, command, directory, error);
    }
    free(directory);
    return status == STATUS_OK ? channel_open(&agent->channel, agent->process.output,
                                              agent->process.input, timeout, error)
                               : status;
}

enum status agent_open(struct agent **agent, const char *command, double timeout, int layers,
                       uint64_t seed, const msgpack_object *config, struct agent_ready *ready,
                       struct error *error) {
    struct record message;
    *agent = calloc(1, sizeof **agent);
    if (!*agent) {
        return error_set(error, STATUS_FAILURE, "cannot allocate an agent");
    }
    (*agent)->layers = layers;
    (*agent)->timeout = timeout;
    enum status status = start(*agent, command, timeout, error);
    if (status == STATUS_OK) {
        put_hello(*agent, seed, config);
        status = exchange(*agent, "hello", "ready", CHANNEL_LIMIT, &message, error);
    }
    if (status == STATUS_OK) {
        status = read_ready(*agent, &message.map, ready, error);
    }
    if (status != STATUS_OK) {
        (*agent)->failed = true;
        agent_close(*agent);
        *agent = NULL;
        return status;
    }
    (*agent)->begun = true;
    return STATUS_OK;
}

// What is to be logged: its values, itself counted, and the bytes of its strings and binaries. It is not
// looked at further than its limits.
struct measure {
    size_t values, bytes;
};

static bool is_too_much(const struct measure *m) {
    return m->values > PROTOCOL_INFO_VALUES || m->bytes > PROTOCOL_INFO_BYTES;
}

static void measure(struct measure *m, const msgpack_object *object) {
    m->values++;
    switch (object->type) {
    case MSGPACK_OBJECT_STR:
    case MSGPACK_OBJECT_BIN:
        m->bytes += object->via.bin.size;
        break;
    case MSGPACK_OBJECT_EXT:
        m->bytes += object->via.ext.size;
        break;
    case MSGPACK_OBJECT_ARRAY:
        for (uint32_t i = 0; i < object->via.array.size && !is_too_much(m); i++) {
            measure(m, &object->via.array.ptr[i]);
        }
        break;
    case MSGPACK_OBJECT_MAP:
        for (uint32_t i = 0; i < object->via.map.size && !is_too_much(m); i++) {
            measure(m, &object->via.map.ptr[i].key);
            measure(m, &object->via.map.ptr[i].val);
        }
        break;
    default:
        break;
    }
}

// *info: a map, or nil where there is none.
static enum status read_info(struct agent *agent, const msgpack_object *map, msgpack_object *info,
                             struct error *error) {
    const msgpack_object *found = record_find(map, "info");
    struct measure m = {0, 0};
    *info = (msgpack_object){.type = MSGPACK_OBJECT_NIL};
    if (!found || found->type == MSGPACK_OBJECT_NIL) {
        return STATUS_OK;
    }
    if (found->type != MSGPACK_OBJECT_MAP) {
        return agent_failed(agent, error, "has something to be logged that is no map");
    }
    measure(&m, found);
    if (is_too_much(&m)) {
        return agent_failed(agent, error, "has more than %d %s to be logged",
                            m.bytes > PROTOCOL_INFO_BYTES ? PROTOCOL_INFO_BYTES
                                                          : PROTOCOL_INFO_VALUES,
                            m.bytes > PROTOCOL_INFO_BYTES ? "bytes" : "values");
    }
    *info = *found;
    return STATUS_OK;
}

enum status agent_ask(struct agent *agent, int64_t episode, int layer, const int *state,
                      int *source, msgpack_object *info, struct error *error) {
    struct record message;
    int64_t answer;
    struct record_builder *r = begin(agent, "ask");
    record_put_int(r, "episode", episode);
    record_put_int(r, "layer", layer);
    record_put_int_array(r, "state", state, (size_t)agent->layers);
    enum status status = exchange(agent, "ask", "act", CHANNEL_LIMIT, &message, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!record_get_int(&message.map, "source", &answer)) {
        return agent_failed(agent, error, "gives no source for layer %d", layer);
    }
    if (answer < 0 || answer > layer) {
        return agent_failed(agent, error, "gives layer %d source %lld, which is not in 0 .. %d",
                            layer, (long long)answer, layer);
    }
    *source = (int)answer;
    return read_info(agent, &message.map, info, error);
}

enum status agent_reward(struct agent *agent, int64_t episode, int layer, const int *state,
                         const struct agent_reward *reward, struct error *error) {
    struct record_builder *r = begin(agent, "reward");
    record_put_int(r, "episode", episode);
    record_put_int(r, "layer", layer);
    record_put_int_array(r, "state", state, (size_t)agent->layers);
    record_put_real(r, "perplexity", reward->perplexity);
    record_put_real(r, "loss", reward->loss);
    record_put_real(r, "loss_before", reward->loss_before);
    return agent_send(agent, "reward", error);
}

enum status agent_end_episode(struct agent *agent, int64_t episode, struct error *error) {
    record_put_int(begin(agent, "episode"), "episode", episode);
    return agent_send(agent, "episode", error);
}

enum status agent_save(struct agent *agent, struct buffer *blob, struct error *error) {
    struct record message;
    const void *data;
    size_t length;
    begin(agent, "save");
    enum status status = exchange(agent, "save", "saved", CHANNEL_BLOB_LIMIT, &message, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!record_get_binary(&message.map, "blob", &data, &length)) {
        return agent_failed(agent, error, "saved itself without a blob");
    }
    return buffer_append(blob, data, length, error);
}

enum status agent_restore(struct agent *agent, const void *blob, size_t length,
                          struct error *error) {
    record_put_binary(begin(agent, "restore"), "blob", blob, length);
    return agent_send(agent, "restore", error);
}

void agent_close(struct agent *agent) {
    if (!agent) {
        return;
    }
    if (!agent->failed) {
        struct error ignored;
        begin(agent, "bye");
        agent_send(agent, "bye", &ignored);
    }
    process_end(&agent->process, agent->failed ? 0 : agent->timeout);
    channel_close(&agent->channel);
    free(agent->command);
    free(agent);
}
