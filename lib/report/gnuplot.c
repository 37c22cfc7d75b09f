#define _GNU_SOURCE
#include "lib/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PICTURE_MAX = 1 << 30, CHUNK = 1 << 16, MESSAGE_MAX = 4096 };

// Three streams of the child. The script goes through a socket, so that a gnuplot that ends early
// is an error here and not a SIGPIPE.
struct child {
    pid_t process;
    int script, picture, messages; // our ends, -1 when closed
};

static void close_end(int *descriptor) {
    if (*descriptor >= 0) {
        close(*descriptor);
        *descriptor = -1;
    }
}

static enum status spawn(struct child *child, int ends[3], struct error *error) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) {
        posix_spawn_file_actions_adddup2(&actions, ends[i], i);
    }
    // -d: without the user's settings, which would change the picture.
    char *arguments[] = {"gnuplot", "-d", "-", NULL};
    int failed = posix_spawnp(&child->process, "gnuplot", &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed) {
        child->process = -1;
        return error_set(error, STATUS_FAILURE, "cannot run gnuplot, which draws the figures: %s",
                         failed == ENOENT ? "it is not installed" : strerror(failed));
    }
    return STATUS_OK;
}

static enum status start(struct child *child, struct error *error) {
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    enum status status = STATUS_OK;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
        pipe2(err, O_CLOEXEC) != 0) {
        status = error_set(error, STATUS_FAILURE, "cannot make a pipe: %s", strerror(errno));
    } else {
        status = spawn(child, (int[]){in[1], out[1], err[1]}, error);
    }
    close_end(&in[1]);
    close_end(&out[1]);
    close_end(&err[1]);
    child->script = in[0];
    child->picture = out[0];
    child->messages = err[0];
    return status;
}

// Reads what is there; closes the end at its end. False on failure or beyond the limit.
static bool drain(int *descriptor, struct text *text, size_t limit) {
    char chunk[CHUNK];
    ssize_t length = read(*descriptor, chunk, sizeof chunk);
    if (length > 0) {
        text_add_bytes(text, chunk, (size_t)length);
        return text_length(text) <= limit;
    }
    if (length == 0 || errno != EINTR) {
        close_end(descriptor);
    }
    return length == 0 || errno == EINTR;
}

static void feed(struct child *child, const char *script, size_t length, size_t *sent) {
    ssize_t done = send(child->script, script + *sent, length - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done > 0) {
        *sent += (size_t)done;
    }
    bool later = done < 0 && (errno == EINTR || errno == EAGAIN);
    if (*sent == length || (done < 0 && !later)) {
        close_end(&child->script);
    }
}

// Everything at once, or each side would wait for the other.
static bool converse(struct child *child, const char *script, struct text *picture,
                     struct text *messages) {
    size_t length = strlen(script), sent = 0;
    bool fine = true;
    while (fine && (child->picture >= 0 || child->messages >= 0)) {
        struct pollfd ends[3] = {
            {child->script, POLLOUT, 0}, {child->picture, POLLIN, 0}, {child->messages, POLLIN, 0}};
        if (poll(ends, 3, -1) < 0) {
            fine = errno == EINTR;
            continue;
        }
        if (ends[0].revents) {
            feed(child, script, length, &sent);
        }
        if (ends[1].revents) {
            fine = drain(&child->picture, picture, PICTURE_MAX);
        }
        if (fine && ends[2].revents) {
            struct text ignored = {0};
            bool full = text_length(messages) > MESSAGE_MAX;
            fine = drain(&child->messages, full ? &ignored : messages, PICTURE_MAX);
            text_free(&ignored);
        }
    }
    return fine;
}

// cairo writes the time of day into a PDF, in a place of fixed length.
static void remove_date(struct text *picture) {
    static const char KEY[] = "/CreationDate (D:";
    if (!picture->buffer.data) {
        return;
    }
    char *at = memmem(picture->buffer.data, text_length(picture), KEY, sizeof KEY - 1);
    char *end = (char *)picture->buffer.data + text_length(picture);
    for (at = at ? at + sizeof KEY - 1 : end; at < end && *at >= '0' && *at <= '9'; at++) {
        *at = '0';
    }
}

// gnuplot's SVG knows neither weights of fonts nor how an enlarged image should look.
static void improve_svg(struct text *picture) {
    static const char *const CHANGES[][2] = {
        {"font-family=\"sans-serif:Bold\"", "font-family=\"sans-serif\" font-weight=\"bold\""},
        {"<image ", "<image style='image-rendering:pixelated' "},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(CHANGES); i++) {
        struct text changed = {0};
        const char *from = text_string(picture), *at;
        while ((at = strstr(from, CHANGES[i][0])) != NULL) {
            text_add_bytes(&changed, from, (size_t)(at - from));
            text_add(&changed, CHANGES[i][1]);
            from = at + strlen(CHANGES[i][0]);
        }
        text_add(&changed, from);
        changed.failed = changed.failed || picture->failed;
        text_free(picture);
        *picture = changed;
    }
}

// The line that says what failed: none of the warnings, the lines at fault and the marks under them.
static const char *find_failure(const char *messages, size_t *length) {
    static const char *const NOT[] = {"warning: ", "gnuplot> ", "multiplot> "};
    for (const char *line = messages + strspn(messages, " \n^"); *line;
         line += *length, line += strspn(line, " \n^")) {
        bool says = true;
        *length = strcspn(line, "\n");
        for (size_t i = 0; i < ARRAY_LENGTH(NOT); i++) {
            says = says && !memmem(line, *length, NOT[i], strlen(NOT[i]));
        }
        if (says) {
            return line;
        }
    }
    *length = strlen("it drew nothing");
    return "it drew nothing";
}

static void add_as_shown(struct text *text, const char *script) {
    text_add_past_gnuplot(text, script, false);
}

enum status gnuplot_run(struct text *picture, const char *script, enum plot_terminal terminal,
                        struct error *error) {
    struct child child = {.process = -1, .script = -1, .picture = -1, .messages = -1};
    struct text given = {0}, result = {0}, messages = {0};
    int exit_status = 0;
    bool svg = terminal == PLOT_SVG;
    (svg ? text_add : add_as_shown)(&given, script);
    enum status status = text_status(&given, error);
    if (status == STATUS_OK) {
        status = start(&child, error);
    }
    bool fine = status == STATUS_OK && converse(&child, text_string(&given), &result, &messages);
    close_end(&child.script);
    close_end(&child.picture);
    close_end(&child.messages);
    if (status == STATUS_OK) {
        while (waitpid(child.process, &exit_status, 0) < 0 && errno == EINTR) {
        }
        if (!fine || exit_status != 0 || text_length(&result) == 0) {
            size_t length = 0;
            const char *why = find_failure(text_string(&messages), &length);
            status = error_set(error, STATUS_FAILURE, "gnuplot failed: %.*s", (int)length, why);
        }
    }
    if (status == STATUS_OK) {
        if (terminal == PLOT_PDF) {
            remove_date(&result);
        } else if (svg) {
            improve_svg(&result);
        }
        if (svg) {
            text_add_past_gnuplot(picture, text_string(&result), true);
        } else {
            text_add_bytes(picture, result.buffer.data, text_length(&result));
        }
        picture->failed = picture->failed || result.failed;
        status = text_status(picture, error);
    }
    text_free(&given);
    text_free(&result);
    text_free(&messages);
    return status;
}
