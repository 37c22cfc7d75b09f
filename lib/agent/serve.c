// The agent's end: says hello, then does what the trainer asks until "bye" or the end of the input.

#include <stdlib.h>
#include <string.h>

#include "lib/agent/channel.h"
#include "lib/agent/policy.h"
#include "lib/agent/protocol.h"
#include "lib/base/memory.h"

struct server {
    struct channel channel;
    const char *name; // of the policy, with its argument
    const struct policy_options *options;
    const struct policy_type *type;
    struct policy *policy;
    int layers;
    int64_t seed; // below 0: the trainer's
};

static enum status answer_send(struct server *s, struct error *error) {
    bool closed;
    enum status status = channel_send(&s->channel, &closed, error);
    return status == STATUS_OK ? status : error_prefix(error, status, "cannot answer the trainer");
}

static enum status bad_message(const struct record *message, const char *why, struct error *error) {
    return error_set(error, STATUS_DAMAGED, "cannot understand the trainer's '%s': %s",
                     message->kind, why);
}

// ---- Hello -----------------------------------------------------------------------------------

static enum status send_ready(struct server *s, const int *start, struct error *error) {
    struct record_builder *r = &s->channel.builder;
    bool wants_reward = s->type->reward != NULL;
    record_begin(r, "ready");
    record_put_int(r, "protocol", PROTOCOL_VERSION);
    record_put_int_array(r, "start", start, (size_t)s->layers);
    record_put_bool(r, "reward", wants_reward);
    record_put_bool(r, "loss_before", wants_reward && s->options->reward == POLICY_REWARD_DELTA);
    record_put_bool(r, "save", true);
    record_put_string(r, "policy", s->name);
    return answer_send(s, error);
}

static enum status do_hello(struct server *s, const struct record *message, struct error *error) {
    int64_t protocol, layers, seed;
    int start[TYING_LAYERS_MAX];
    if (strcmp(message->kind, "hello") != 0) {
        return bad_message(message, "it came before 'hello'", error);
    }
    if (!record_get_int(&message->map, "protocol", &protocol)) {
        return bad_message(message, "no protocol", error);
    }
    if (protocol != PROTOCOL_VERSION) {
        return error_set(error, STATUS_DAMAGED,
                         "the trainer speaks protocol %lld, this program speaks %d",
                         (long long)protocol, PROTOCOL_VERSION);
    }
    if (!record_get_int(&message->map, "layers", &layers) || layers < 1 ||
        layers > TYING_LAYERS_MAX) {
        return bad_message(message, "the number of layers is not in 1 .. 256", error);
    }
    if (!record_get_int(&message->map, "seed", &seed)) {
        return bad_message(message, "no seed", error);
    }
    s->layers = (int)layers;
    enum status status = policy_open(&s->type, &s->policy, s->name, s->options, s->layers,
                                     (uint64_t)(s->seed < 0 ? seed : s->seed), start, error);
    return status == STATUS_OK ? send_ready(s, start, error) : status;
}

// ---- What is asked ---------------------------------------------------------------------------

static enum status get_visit(const struct server *s, const struct record *message, int *layer,
                             int state[static TYING_LAYERS_MAX], struct error *error) {
    int64_t number;
    size_t count;
    struct error why;
    if (!record_get_int(&message->map, "layer", &number) || number < 1 || number >= s->layers) {
        return bad_message(message, "no layer that has a choice", error);
    }
    if (!record_get_int_array(&message->map, "state", state, TYING_LAYERS_MAX, &count) ||
        count != (size_t)s->layers || tying_map_check(state, s->layers, &why) != STATUS_OK) {
        return bad_message(message, "no state of its layers", error);
    }
    *layer = (int)number;
    return STATUS_OK;
}

static enum status do_ask(struct server *s, const struct record *message, struct error *error) {
    int layer, state[TYING_LAYERS_MAX];
    enum status status = get_visit(s, message, &layer, state, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct record_builder *r = &s->channel.builder;
    record_begin(r, "act");
    record_put_map(r, "info");
    int source = s->type->act(s->policy, layer, state, r);
    record_end_map(r);
    record_put_int(r, "source", source);
    return answer_send(s, error);
}

static enum status do_reward(struct server *s, const struct record *message, struct error *error) {
    int layer, state[TYING_LAYERS_MAX];
    struct agent_reward reward = {0};
    enum status status = get_visit(s, message, &layer, state, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool before = record_get_real(&message->map, "loss_before", &reward.loss_before);
    if (!record_get_real(&message->map, "perplexity", &reward.perplexity) ||
        !record_get_real(&message->map, "loss", &reward.loss) ||
        (!before && s->options->reward == POLICY_REWARD_DELTA)) {
        return bad_message(message, "a number is missing", error);
    }
    if (s->type->reward) {
        s->type->reward(s->policy, layer, state, &reward);
    }
    return STATUS_OK;
}

static enum status do_episode(struct server *s, const struct record *message, struct error *error) {
    (void)message;
    (void)error;
    if (s->type->end_episode) {
        s->type->end_episode(s->policy);
    }
    return STATUS_OK;
}

static enum status do_save(struct server *s, const struct record *message, struct error *error) {
    (void)message;
    struct buffer blob = {0};
    enum status status = s->type->save ? s->type->save(s->policy, &blob, error) : STATUS_OK;
    if (status == STATUS_OK) {
        record_begin(&s->channel.builder, "saved");
        record_put_binary(&s->channel.builder, "blob", blob.length ? (const void *)blob.data : "",
                          blob.length);
        status = answer_send(s, error);
    }
    buffer_free(&blob);
    return status;
}

static enum status do_restore(struct server *s, const struct record *message, struct error *error) {
    const void *blob;
    size_t length;
    if (!record_get_binary(&message->map, "blob", &blob, &length)) {
        return bad_message(message, "no blob", error);
    }
    if (s->type->restore) {
        return s->type->restore(s->policy, blob, length, error);
    }
    return length == 0 ? STATUS_OK
                       : bad_message(message, "this policy has nothing to restore", error);
}

// ---- The conversation ------------------------------------------------------------------------

static const struct {
    const char *kind;
    enum status (*answer)(struct server *s, const struct record *message, struct error *error);
} KINDS[] = {{"ask", do_ask},
             {"reward", do_reward},
             {"episode", do_episode},
             {"save", do_save},
             {"restore", do_restore}};

static enum status answer(struct server *s, const struct record *message, struct error *error) {
    if (!s->type) {
        return do_hello(s, message, error);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(KINDS); i++) {
        if (strcmp(message->kind, KINDS[i].kind) == 0) {
            return KINDS[i].answer(s, message, error);
        }
    }
    return bad_message(message, "no message of this protocol", error);
}

static enum status converse(struct server *s, struct error *error) {
    for (;;) {
        struct record message;
        bool more;
        enum status status =
            channel_receive(&s->channel, CHANNEL_BLOB_LIMIT, &message, &more, error);
        if (status != STATUS_OK) {
            return error_prefix(error, status, "cannot read the trainer's messages");
        }
        if (!more && !s->type) {
            return error_set(error, STATUS_DAMAGED,
                             "the trainer left without a word; it is dlt-train that starts this "
                             "program: dlt-train --agent 'dlt-qagent ...'");
        }
        if (!more || strcmp(message.kind, "bye") == 0) {
            return STATUS_OK;
        }
        status = answer(s, &message, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
}

enum status policy_serve(int input, int output, const char *name,
                         const struct policy_options *options, int64_t seed, struct error *error) {
    struct server s = {.name = name, .options = options, .seed = seed};
    enum status status = policy_check(name, error);
    if (status == STATUS_OK) {
        status = channel_open(&s.channel, input, output, -1, error);
    }
    if (status == STATUS_OK) {
        status = converse(&s, error);
        channel_close(&s.channel);
    }
    if (s.policy && s.type->close) {
        s.type->close(s.policy);
    }
    return status;
}
