// The trainer's end against agents that are shell commands: good ones, and every kind of bad one.

#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/agent/agent.h"
#include "lib/base/log.h"
#include "lib/base/process.h"
#include "lib/record/record.h"
#include "tests/unit/check.h"

enum { LAYERS = 3 };

// Reads one message.
#define TAKE "dd bs=4096 count=1 >/dev/null 2>&1; "

static struct error error;
static char command[4096];

// Appends a command that says the message in the builder: printf with octal escapes.
static void say(struct record_builder *r) {
    struct buffer bytes = {0};
    record_message_append(&bytes, r, &error);
    size_t used = strlen(command);
    used += (size_t)snprintf(command + used, sizeof command - used, "printf '");
    for (size_t i = 0; i < bytes.length; i++) {
        used += (size_t)snprintf(command + used, sizeof command - used, "\\%03o", bytes.data[i]);
    }
    snprintf(command + used, sizeof command - used, "'; ");
    buffer_free(&bytes);
    record_builder_free(r);
}

static void add(const char *text) {
    size_t used = strlen(command);
    snprintf(command + used, sizeof command - used, "%s", text);
}

static void say_ready(int protocol, const int *start, size_t count) {
    struct record_builder r = {0};
    snprintf(command, sizeof command, TAKE);
    record_begin(&r, "ready");
    record_put_int(&r, "protocol", protocol);
    record_put_int_array(&r, "start", start, count);
    record_put_bool(&r, "save", true);
    record_put_string(&r, "policy", "shell");
    say(&r);
}

static void say_act(int source) {
    struct record_builder r = {0};
    record_begin(&r, "act");
    record_put_int(&r, "source", source);
    record_put_map(&r, "info");
    record_put_int(&r, "answer", 42);
    record_end_map(&r);
    say(&r);
}

static const int START[LAYERS] = {0, 0, 2};

// Seconds that a busy machine may take for what is a matter of milliseconds.
static const double PATIENCE = 30;

// The agent fails where it is opened, in time, with one line.
static void check_open_fails_within(double timeout, const char *text, const char *why) {
    struct agent *agent;
    struct agent_ready ready;
    double begin = clock_seconds();
    CHECK_INT(agent_open(&agent, text, timeout, LAYERS, 1, NULL, &ready, &error), STATUS_AGENT);
    CHECK_STRING(error.message, why);
    CHECK(!agent);
    CHECK(clock_seconds() - begin < timeout + PATIENCE);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0); // no child, no zombie
}

static void check_open_fails(const char *text, const char *why) {
    check_open_fails_within(PATIENCE, text, why);
}

static void test_bad_beginnings(void) {
    check_open_fails("exit 7", "agent 'exit 7' exited with status 7 ");
    check_open_fails("kill -9 $$", "was killed by signal 9 ");
    check_open_fails("no-such-agent 2>/dev/null", "exited with status 127 ");
    check_open_fails_within(0.3, "cat >/dev/null", "did not answer 'hello': not done within 0.3 s");
    check_open_fails("cat", "answered 'hello' with 'hello' instead of 'ready'");
    check_open_fails("exec >&-; sleep 9", "closed its pipe without an answer to 'hello'");
    check_open_fails(TAKE "printf '\\336\\000'", "in the middle of its answer to 'hello'");
    check_open_fails_within(0.3, "printf '\\336\\000'; sleep 9",
                            "did not answer 'hello': not done");
}

static void test_nonsense(void) {
    check_open_fails("echo hello; sleep 9", "answered 'hello' with nonsense");
    check_open_fails("yes", "answered 'hello' with nonsense");
    check_open_fails("cat /dev/zero", "answered 'hello' with nonsense");
    check_open_fails("printf '\\337\\377\\377\\377\\377'; cat /dev/zero", "answered 'hello'");
    check_open_fails("printf '\\201\\244kind\\306\\377\\377\\377\\377'; cat /dev/zero",
                     "answered 'hello' with nonsense");
    check_open_fails("printf '\\201\\244kind\\306\\007\\377\\377\\377'; cat /dev/zero",
                     "a message larger than 16777216 bytes");
}

static void test_bad_ready(void) {
    say_ready(2, START, LAYERS);
    check_open_fails(command, "speaks protocol 2, this program speaks 1");
    say_ready(1, START, LAYERS - 1);
    check_open_fails(command, "starts with a map of 2 layers, not 3");
    say_ready(1, (int[]){0, 2, 0}, LAYERS);
    check_open_fails(command, "starts with a map that is none: layer 1");
}

static struct agent *open_good(double timeout, struct agent_ready *ready) {
    struct agent *agent;
    if (!CHECK_INT(agent_open(&agent, command, timeout, LAYERS, 1, NULL, ready, &error),
                   STATUS_OK)) {
        printf("# %s\n", error.message);
    }
    return agent;
}

static void test_answers(void) {
    struct agent_ready ready;
    msgpack_object info;
    int source = -1;
    int64_t answer = 0;
    say_ready(1, START, LAYERS);
    add(TAKE);
    say_act(1);
    add(TAKE);
    say_act(5);
    add("cat >/dev/null");
    struct agent *agent = open_good(PATIENCE, &ready);
    CHECK_INT(ready.start[2], 2);
    CHECK(ready.can_save && !ready.wants_reward && !ready.wants_loss_before);
    CHECK_STRING(ready.policy, "shell");
    CHECK_INT(agent_ask(agent, 1, 1, START, &source, &info, &error), STATUS_OK);
    CHECK_INT(source, 1);
    CHECK(record_get_int(&info, "answer", &answer) && answer == 42);
    CHECK_INT(agent_ask(agent, 1, 2, START, &source, &info, &error), STATUS_AGENT);
    CHECK_STRING(error.message, "gives layer 2 source 5, which is not in 0 .. 2");
    CHECK_INT(agent_ask(agent, 1, 2, START, &source, &info, &error), STATUS_AGENT);
    CHECK_STRING(error.message, "failed before");
    agent_close(agent);
    agent_close(NULL);
}

// A second answer to one question is not kept for the next one.
static void test_unasked(void) {
    struct agent_ready ready;
    msgpack_object info;
    int source = -1;
    say_ready(1, START, LAYERS);
    add(TAKE);
    say_act(1);
    say_act(0);
    add("cat >/dev/null");
    struct agent *agent = open_good(PATIENCE, &ready);
    CHECK_INT(agent_ask(agent, 1, 1, START, &source, &info, &error), STATUS_OK);
    enum status status = STATUS_OK;
    for (int n = 0; n < 1000 && status == STATUS_OK; n++) { // until it has come
        usleep(2000);
        status = agent_end_episode(agent, 1, &error);
    }
    CHECK_INT(status, STATUS_AGENT);
    CHECK_STRING(error.message, "spoke before 'episode', without being asked");
    agent_close(agent);
}

// Writing to an agent that is gone is an error, not a signal; so is one that does not read.
static void test_closed_and_deaf(void) {
    struct agent_ready ready;
    struct agent_reward reward = {1, 0, 0};
    enum status status = STATUS_OK;
    say_ready(1, START, LAYERS);
    add("exec <&-; exit 5");
    struct agent *agent = open_good(PATIENCE, &ready);
    for (int n = 0; n < 10000 && status == STATUS_OK; n++) {
        usleep(2000);
        status = agent_reward(agent, 1, 1, START, &reward, &error);
    }
    CHECK_INT(status, STATUS_AGENT);
    CHECK_STRING(error.message, "exited with status 5 before it took 'reward'");
    agent_close(agent);
    say_ready(1, START, LAYERS);
    add("exec sleep 9");
    agent = open_good(3, &ready);
    size_t large = 1 << 20; // more than a pipe holds
    void *blob = calloc(large, 1);
    CHECK_INT(agent_restore(agent, blob, large, &error), STATUS_AGENT);
    CHECK_STRING(error.message, "did not take 'restore': not done within 3 s");
    free(blob);
    agent_close(agent);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);
}

// An agent that does not go at "bye" is killed, with what it started.
static void test_close_kills(void) {
    struct agent_ready ready;
    char name[] = "/tmp/dlt-session-XXXXXX";
    int file = mkstemp(name);
    say_ready(1, START, LAYERS);
    add("sleep 60 & echo $! >");
    add(name);
    add("; trap '' TERM; while :; do sleep 1; done");
    struct agent *agent = open_good(3, &ready);
    char text[32] = "";
    for (int n = 0; n < 10000 && !strchr(text, '\n'); n++) {
        usleep(5000);
        ssize_t got = pread(file, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
    }
    pid_t grandchild = (pid_t)atoi(text);
    CHECK(grandchild > 0 && getpgid(grandchild) != getpgrp());
    double begin = clock_seconds();
    agent_close(agent);
    CHECK(clock_seconds() - begin < 3 + PATIENCE); // the other one sleeps for 60
    for (int n = 0; n < 200 && kill(grandchild, 0) == 0 && getpgid(grandchild) > 0; n++) {
        usleep(5000); // until init has reaped it
    }
    CHECK(waitpid(-1, NULL, WNOHANG) < 0);
    close(file);
    unlink(name);
}

static void test_process(void) {
    struct process process;
    char text[256] = "";
    CHECK_INT(process_start(&process, "read x; echo \"$x $PATH\"; exit 3", "/here", &error),
              STATUS_OK);
    CHECK(!process_wait(&process, 0, text, sizeof text));
    CHECK(write(process.input, "word\n", 5) == 5);
    CHECK(process_wait(&process, PATIENCE, text, sizeof text));
    CHECK_STRING(text, "exited with status 3");
    CHECK(process_wait(&process, 0, text, sizeof text)); // still there to be asked
    ssize_t got = read(process.output, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    CHECK_STRING(text, "word /here:");
    process_end(&process, 1);
    process_end(&process, 1); // once is enough
    CHECK_INT(process.pid, 0);
}

int main(void) {
    RUN(test_process);
    RUN(test_bad_beginnings);
    RUN(test_nonsense);
    RUN(test_bad_ready);
    RUN(test_answers);
    RUN(test_unasked);
    RUN(test_closed_and_deaf);
    RUN(test_close_kills);
    return check_finish();
}
