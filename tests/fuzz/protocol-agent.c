// Any bytes as what a trainer says to an agent. The first byte chooses the policy and its options.
#define _GNU_SOURCE // memmem, pread
#include <string.h>
#include <unistd.h>

#include "lib/agent/policy.h"
#include "lib/record/little_endian.h"
#include "tests/fuzz/seal.h"

enum { DIGEST_BYTES = 8 };

struct agent {
    const char *name;
    struct policy_options options;
};

static struct agent choose_agent(uint8_t choice) {
    static const char *const NAMES[] = {"qlearn",     "random",        "greedy",  "round-robin",
                                        "fixed:half", "fixed:cycle:2", "map:0,0", "qlearn"};
    struct agent agent = {.name = NAMES[choice % 8], .options = POLICY_DEFAULTS};
    agent.options.hidden = 3;
    agent.options.reward = choice >> 3 & 3;
    agent.options.replay = choice & 32 ? 5 : 0;
    agent.options.target_every = choice & 64 ? 2 : 0;
    return agent;
}

// ---- The conversation as a file, and the answers to it ---------------------------------------------

static enum status converse(const struct agent *agent, const void *said, size_t size,
                            struct buffer *answers, struct error *error) {
    struct fuzz_file input = fuzz_file_open(said, size), output = fuzz_file_open("", 0);
    FUZZ_CHECK(lseek(input.descriptor, 0, SEEK_SET) == 0);
    enum status status =
        policy_serve(input.descriptor, output.descriptor, agent->name, &agent->options, -1, error);
    off_t length = lseek(output.descriptor, 0, SEEK_CUR);
    struct error ignored;
    FUZZ_CHECK(length >= 0 && buffer_reserve(answers, (size_t)length + 1, &ignored) == STATUS_OK);
    FUZZ_CHECK(pread(output.descriptor, answers->data, (size_t)length, 0) == length);
    answers->length = (size_t)length;
    fuzz_file_close(&input);
    fuzz_file_close(&output);
    return status;
}

// A saved state ends with its digest, which no mutation would get right.
static void mend_digests(uint8_t *said, size_t size) {
    struct record record;
    const void *blob;
    size_t length;
    for (size_t at = 0; at < size && seal_next(said, size, &at, &record);) {
        if (strcmp(record.kind, "restore") == 0 &&
            record_get_binary(&record.map, "blob", &blob, &length) && length >= DIGEST_BYTES) {
            size_t place = (size_t)((const uint8_t *)blob - said) + length - DIGEST_BYTES;
            store_le(said + place, XXH64(blob, length - DIGEST_BYTES, 0), DIGEST_BYTES);
        }
    }
}

// The agent's network, and the state saved of it, grow with the square of the layers, so that an input
// of a hundred of them takes the time of a hundred others: some choices keep as many as 63, the others
// 15. What is no number of layers stays.
static void mend_layers(uint8_t choice, uint8_t *said, size_t size) {
    enum {
        FIXINT_MAX = 0x7f,
        UINT8 = 0xcc,
        INT64 = 0xd3
    }; // first bytes, by msgpack's specification
    static const char KEY[] = "\xa6layers";
    const uint8_t most = choice >= 224 ? 63 : 15;
    struct record record;
    int64_t layers;
    size_t hello = 0;
    if (!seal_next(said, size, &hello, &record) ||
        !record_get_int(&record.map, "layers", &layers) || layers <= most ||
        layers > TYING_LAYERS_MAX) {
        return;
    }
    uint8_t *key = memmem(said, hello, KEY, strlen(KEY));
    uint8_t *type = key ? key + strlen(KEY) : said + hello;
    size_t behind = (size_t)(said + hello - type);
    if (behind > 0 && *type <= FIXINT_MAX) {
        *type &= most;
    } else if (behind > 0 && *type >= UINT8 && *type <= INT64) {
        size_t width = (size_t)1 << (*type & 3);
        if (behind > width) {
            memset(type + 1, 0, width - 1);
            type[width] &= most;
        }
    }
}

// ---- What must hold --------------------------------------------------------------------------------

struct answers {
    size_t ready, acts, saved;
    int64_t layers;
    struct buffer blob; // the last one saved
};

static void check_answer(struct answers *answers, const struct record *record) {
    int64_t source = -1;
    const void *blob;
    size_t length;
    struct error error;
    if (strcmp(record->kind, "ready") == 0) {
        const msgpack_object *start = record_find(&record->map, "start");
        FUZZ_CHECK(start && start->type == MSGPACK_OBJECT_ARRAY);
        answers->layers = start->via.array.size;
        answers->ready++;
    } else if (strcmp(record->kind, "act") == 0) {
        FUZZ_CHECK(record_get_int(&record->map, "source", &source));
        FUZZ_CHECK(source >= 0 && source < answers->layers);
        answers->acts++;
    } else {
        FUZZ_CHECK(strcmp(record->kind, "saved") == 0);
        FUZZ_CHECK(record_get_binary(&record->map, "blob", &blob, &length));
        answers->blob.length = 0;
        FUZZ_CHECK(buffer_append(&answers->blob, blob, length, &error) == STATUS_OK);
        answers->saved++;
    }
}

static void read_answers(struct answers *answers, const struct buffer *bytes) {
    struct record record;
    size_t at = 0;
    while (at < bytes->length && seal_next(bytes->data, bytes->length, &at, &record)) {
        FUZZ_CHECK((answers->ready == 0) == (strcmp(record.kind, "ready") == 0));
        check_answer(answers, &record);
    }
    FUZZ_CHECK(at == bytes->length);
}

// Each question has one answer, in order, up to the one that ended the conversation.
static void check_count(const uint8_t *said, size_t size, enum status status,
                        const struct answers *answers) {
    static const char *const QUESTIONS[] = {"hello", "ask", "save"};
    size_t asked[3] = {0}, answered[3] = {answers->ready, answers->acts, answers->saved};
    struct record record;
    for (size_t at = 0; at < size && seal_next(said, size, &at, &record);) {
        if (strcmp(record.kind, "bye") == 0) {
            break;
        }
        for (size_t i = 0; i < ARRAY_LENGTH(QUESTIONS); i++) {
            asked[i] += strcmp(record.kind, QUESTIONS[i]) == 0;
        }
    }
    for (size_t i = 0; i < ARRAY_LENGTH(QUESTIONS); i++) {
        FUZZ_CHECK(status == STATUS_OK ? answered[i] == asked[i] : answered[i] <= asked[i]);
    }
}

static void say(struct buffer *said, struct record_builder *r) {
    struct error error;
    FUZZ_CHECK(record_message_append(said, r, &error) == STATUS_OK);
}

// An agent that is given a saved state, and saves itself, gives the same back.
static void check_restored(const struct agent *agent, const uint8_t *hello, size_t size,
                           const struct buffer *blob) {
    struct buffer said = {0}, bytes = {0};
    struct record_builder r = {0};
    struct answers answers = {0};
    struct error error;
    FUZZ_CHECK(buffer_append(&said, hello, size, &error) == STATUS_OK);
    record_begin(&r, "restore");
    record_put_binary(&r, "blob", blob->data, blob->length);
    say(&said, &r);
    record_begin(&r, "save");
    say(&said, &r);
    FUZZ_CHECK(converse(agent, said.data, said.length, &bytes, &error) == STATUS_OK);
    read_answers(&answers, &bytes);
    FUZZ_CHECK(answers.saved == 1 && answers.blob.length == blob->length);
    FUZZ_CHECK(blob->length == 0 || memcmp(answers.blob.data, blob->data, blob->length) == 0);
    buffer_free(&answers.blob);
    buffer_free(&said);
    buffer_free(&bytes);
    record_builder_free(&r);
}

void fuzz_one(const uint8_t *data, size_t size) {
    if (size == 0) {
        return;
    }
    struct agent agent = choose_agent(data[0]);
    struct buffer said = {0}, bytes = {0};
    struct answers answers = {0};
    struct record record;
    struct error error = {0};
    size_t hello = 0;
    FUZZ_CHECK(buffer_append(&said, data, size, &error) == STATUS_OK);
    mend_layers(data[0], said.data + 1, said.length - 1);
    mend_digests(said.data + 1, said.length - 1);
    enum status status = converse(&agent, said.data + 1, said.length - 1, &bytes, &error);
    // A map that is not of the trainer's number of layers is the user's fault.
    bool has_argument = strchr(agent.name, ':') != NULL;
    fuzz_check_outcome(status, &error,
                       FUZZ_MAY(STATUS_DAMAGED) | (has_argument ? FUZZ_MAY(STATUS_USAGE) : 0));
    read_answers(&answers, &bytes);
    check_count(said.data + 1, said.length - 1, status, &answers);
    if (answers.saved > 0 && seal_next(said.data + 1, said.length - 1, &hello, &record)) {
        check_restored(&agent, said.data + 1, hello, &answers.blob);
    }
    buffer_free(&answers.blob);
    buffer_free(&said);
    buffer_free(&bytes);
}
