// Any bytes as what an agent answers, message by message. No process is started: what process.h promises
// is done here with the input in place of the agent's output.
#define _GNU_SOURCE // O_CLOEXEC, SOCK_CLOEXEC
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/process.h"
#include "lib/record/builder.h"
#include "lib/train/dialogue.h"
#include "tests/fuzz/seal.h"

enum { LAYERS = 4, EPISODES = 3 };

static const uint8_t *answers;
static size_t answers_size;

// A packet for each message, which is what one read() gets; what is no message comes at once. What finds
// no room in the socket is not sent: the agent has ended there.
static int answer_ahead(void) {
    int ends[2];
    struct record record;
    FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    for (size_t at = 0, from = 0; from < answers_size; from = at) {
        at = seal_next(answers, answers_size, &at, &record) ? at : answers_size;
        if (send(ends[1], answers + from, at - from, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    close(ends[1]);
    return ends[0];
}

enum status process_start(struct process *process, const char *command, const char *directory,
                          struct error *error) {
    (void)command;
    (void)directory;
    (void)error;
    *process = (struct process){
        .pid = 1, .input = open("/dev/null", O_WRONLY | O_CLOEXEC), .output = answer_ahead()};
    FUZZ_CHECK(process->input >= 0 && process->output >= 0);
    return STATUS_OK;
}

bool process_has_spoken(const struct process *process) {
    FUZZ_CHECK(process->pid == 1);
    return false; // each answer is there before its question
}

bool process_wait(const struct process *process, double seconds, char *text, size_t size) {
    FUZZ_CHECK(process->pid == 1 && seconds >= 0);
    snprintf(text, size, "exited with status 0");
    return true;
}

void process_end(struct process *process, double grace) {
    FUZZ_CHECK(grace >= 0);
    if (process->pid != 0) {
        close(process->input);
        close(process->output);
        process->pid = 0;
    }
}

// ---- The trainer's part ----------------------------------------------------------------------------

// What the agent says of itself goes into the run log as it is: it has to fit in there.
static void check_info(const msgpack_object *info) {
    struct record_builder r = {0};
    struct error error;
    FUZZ_CHECK(info->type == MSGPACK_OBJECT_NIL || info->type == MSGPACK_OBJECT_MAP);
    record_begin(&r, "visit");
    record_put_object(&r, "info", info);
    FUZZ_CHECK(record_builder_finish(&r, &error) == STATUS_OK);
    record_builder_free(&r);
}

static enum status visit(struct dialogue *dialogue, int64_t episode, int layer, int *map,
                         struct error *error) {
    const struct agent_reward reward = {.perplexity = 20, .loss = 3, .loss_before = 4};
    msgpack_object info;
    int source = -1;
    enum status status = dialogue_ask(dialogue, episode, layer, map, &source, &info, error);
    if (status != STATUS_OK) {
        return status;
    }
    FUZZ_CHECK(source >= 0 && source <= layer);
    check_info(&info);
    map[layer] = source;
    return dialogue->ready.wants_reward
               ? dialogue_reward(dialogue, episode, layer, map, &reward, error)
               : STATUS_OK;
}

static enum status train(struct dialogue *dialogue, struct error *error) {
    int map[TYING_LAYERS_MAX];
    enum status status = STATUS_OK;
    memcpy(map, dialogue->ready.start, sizeof map);
    for (int episode = 1; episode <= EPISODES && status == STATUS_OK; episode++) {
        for (int layer = 1; layer < LAYERS && status == STATUS_OK; layer++) {
            status = visit(dialogue, episode, layer, map, error);
        }
        if (status == STATUS_OK) {
            status = dialogue_end_episode(dialogue, episode, error);
        }
        if (status == STATUS_OK && dialogue->keeps && episode == 2) {
            status = dialogue_save(dialogue, map, error);
        }
    }
    return status;
}

void fuzz_one(const uint8_t *data, size_t size) {
    struct settings settings;
    struct dialogue dialogue;
    struct error error = {0}, again = {0};
    settings_defaults(&settings);
    settings.layers = LAYERS;
    settings.checkpoint = "checkpoint";
    settings.precision = PRECISION_FP32;
    answers = data;
    answers_size = size;
    enum status status = dialogue_open(&dialogue, &settings, &error);
    if (status == STATUS_OK) {
        FUZZ_CHECK(tying_map_check(dialogue.ready.start, LAYERS, &error) == STATUS_OK);
        FUZZ_CHECK(memchr(dialogue.ready.policy, '\0', sizeof dialogue.ready.policy));
        status = train(&dialogue, &error);
        if (status != STATUS_OK) { // and then nothing more is said to it
            FUZZ_CHECK(dialogue_end_episode(&dialogue, 9, &again) == STATUS_AGENT);
        } else if (dialogue.keeps) { // as a run that goes on: the blob, and what was said since
            status = dialogue_restore(&dialogue, &error);
        }
    }
    fuzz_check_outcome(status, &error, FUZZ_MAY(STATUS_AGENT));
    dialogue_close(&dialogue);
}
