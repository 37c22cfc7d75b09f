#define _GNU_SOURCE
#include "lib/base/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/threads.h"

#ifndef DLT_VERSION
#define DLT_VERSION "0.1.0"
#endif
const char PROGRAM_VERSION[] = DLT_VERSION;

enum { HELP_COLUMN = 30, HELP_WIDTH = 100 };

// A failed write to standard output (a full disk behind a pipe) is a failure.
static bool flush_output(void) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "%s: cannot write standard output: %s\n", log_program(), strerror(errno));
        return false;
    }
    return true;
}

_Noreturn static void exit_after_output(int status) {
    exit(flush_output() ? status : STATUS_FAILURE);
}

static void print_wrapped(const char *text, int column) {
    int at = column;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (at > column && at + 1 + (int)word > HELP_WIDTH) {
            printf("\n%*s", column, "");
            at = column;
        } else if (at > column) {
            putchar(' ');
            at++;
        }
        printf("%.*s", (int)word, text);
        at += (int)word;
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_choices(char *text, size_t size, const struct option *option) {
    size_t used = strlen(text);
    for (int i = 0; option->choices[i] && used < size; i++) {
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", i ? "|" : "", option->choices[i]);
    }
}

static void print_option(const struct option *option) {
    char left[256];
    char letter[8] = "    ";
    if (option->letter) {
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    snprintf(left, sizeof left, "  %s--%s%s", letter,
             option->type == OPTION_FLAG && *(bool *)option->value ? "no-" : "", option->name);
    size_t used = strlen(left);
    if (option->type == OPTION_CHOICE) {
        snprintf(left + used, sizeof left - used, " ");
        print_choices(left, sizeof left, option);
    } else if (option->argument) {
        snprintf(left + used, sizeof left - used, " %s", option->argument);
    }
    char value[128];
    char help[1024];
    option_format(option, value, sizeof value);
    bool show_default = option->type != OPTION_FLAG && *value;
    snprintf(help, sizeof help, show_default ? "%s [%s]" : "%s", option->help, value);
    if ((int)strlen(left) + 2 > HELP_COLUMN) {
        printf("%s\n%*s", left, HELP_COLUMN, "");
    } else {
        printf("%-*s", HELP_COLUMN, left);
    }
    print_wrapped(help, HELP_COLUMN);
}

static void print_options(const struct option *options, const char *group) {
    for (const struct option *o = options; o && o->name; o++) {
        if (o == options || o->group) {
            printf("\n%s:\n", o->group ? o->group : group);
        }
        if (o->help) {
            print_option(o);
        }
    }
}

static void print_help(const struct program *program, const struct option *common) {
    printf("%s: %s\n\nUsage: %s %s\n", program->name, program->summary, program->name,
           program->usage);
    if (program->operands) {
        printf("\n%s", program->operands);
    }
    print_options(program->options, "Options");
    print_options(common, "Common options");
    if (program->examples) {
        printf("\nExamples:\n%s", program->examples);
    }
}

// Whether a message says what to do: behind a semicolon, and not in what it quotes.
static bool has_hint(const char *message) {
    bool quoted = false;
    for (const char *c = message; *c; c++) {
        quoted = quoted != (*c == '\'');
        if (!quoted && c[0] == ';' && c[1] == ' ') {
            return true;
        }
    }
    return false;
}

_Noreturn static void exit_usage(const char *name, const struct error *error) {
    if (has_hint(error->message)) {
        fprintf(stderr, "%s: %s\n", name, error->message);
    } else {
        fprintf(stderr, "%s: %s; see '%s --help'\n", name, error->message, name);
    }
    exit(STATUS_USAGE);
}

// A standard stream that is closed would leave its number to the next file that is opened, which then
// got what is meant for the stream: messages, in the middle of a checkpoint. Input and output stay as
// useless as they were; what is said goes nowhere.
static void fill_standard_streams(void) {
    static const int WAYS[] = {
        [STDIN_FILENO] = O_WRONLY, [STDOUT_FILENO] = O_RDONLY, [STDERR_FILENO] = O_RDWR};
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", WAYS[stream]) != stream) {
            _exit(STATUS_FAILURE);
        }
    }
}

// What every program can be asked; the rest of the common options is in struct common_options.
struct requests {
    bool help, version, progress, no_progress;
};

enum { COMMON_OPTIONS = 8 };

// Fills table[0 ..], which ends with a NULL name.
static void common_table(struct option table[static COMMON_OPTIONS + 1],
                         const struct program *program, struct common_options *common,
                         struct requests *asked) {
    const struct option options[COMMON_OPTIONS] = {
        {.name = "output",
         .letter = 'o',
         .type = OPTION_STRING,
         .value = &common->output,
         .argument = "FILE",
         .help = "write to FILE instead of standard output"},
        {.name = "threads",
         .type = OPTION_INTEGER,
         .value = &common->threads,
         .argument = "N",
         .minimum = 1,
         .maximum = 4096,
         .help = program->threads ? "use N threads; never changes a result"
                                  : "taken by every program; this one uses one thread"},
        {.name = "help", .letter = 'h', .value = &asked->help, .help = "show this help and exit"},
        {.name = "version", .value = &asked->version, .help = "show the version and exit"},
        {.name = "quiet", .letter = 'q', .value = &common->quiet, .help = "say only what failed"},
        {.name = "verbose", .letter = 'v', .value = &common->verbose, .help = "say more"},
        {.name = "progress",
         .value = &asked->progress,
         .help = "show progress, or --no-progress never [on a terminal]"},
        {.name = "no-progress", .value = &asked->no_progress}};
    size_t first = program->output ? 0 : 1, count = COMMON_OPTIONS - first;
    memcpy(table, options + first, count * sizeof *table);
    table[count] = (struct option){0};
}

// The command line that program_start() parsed, and all options that it knew.
static struct {
    struct option shown[COMMON_OPTIONS + 1];
    const struct option *tables[3];
    int argc;
    char **argv;
} line;

size_t program_given(const char *option) {
    return options_given(line.tables, line.argc, line.argv, option);
}

void program_start(const struct program *program, int argc, char **argv,
                   struct common_options *common, struct operands *operands) {
    fill_standard_streams();
    signal(SIGXFSZ, SIG_IGN); // too large a file is seen when writing
    static const struct option NOTHING[] = {{0}};
    struct requests asked = {0};
    *common = (struct common_options){.threads = program->threads ? threads_available() : 1};
    common_table(line.shown, program, common, &asked);
    log_configure(program->name, 0, 0);
    line.tables[0] = line.shown;
    line.tables[1] = program->options ? program->options : NOTHING;
    line.argc = argc;
    line.argv = argv;
    // Before a value replaces the default that is shown.
    if (program_given("help") > 0) {
        print_help(program, line.shown);
        exit_after_output(STATUS_OK);
    }
    struct error error = {0};
    enum status status = options_parse(line.tables, argc, argv, operands, &error);
    log_configure(program->name, common->quiet ? -1 : common->verbose,
                  asked.no_progress ? 0 : (asked.progress ? 1 : -1));
    if (status != STATUS_OK) {
        exit_usage(program->name, &error);
    }
    if (asked.version) {
        printf("%s %s\n", program->name, PROGRAM_VERSION);
        exit_after_output(STATUS_OK);
    }
    // A command of a tool has its tool's name before it.
    threads_start(program->threads && !program->own_threads ? common->threads : 1,
                  strchr(program->name, ' ') ? argv - 1 : argv);
}

// "TOOL COMMAND" -> "COMMAND"
static const char *command_of(const struct program *program) {
    return strchr(program->name, ' ') + 1;
}

static void print_tool_help(const struct program *programs, const char *tool, const char *summary) {
    printf("%s: %s\n\nUsage: %s COMMAND [OPTION...] [FILE...]\n\nCommands:\n", tool, summary, tool);
    for (const struct program *p = programs; p->name; p++) {
        printf("  %-14s", command_of(p));
        print_wrapped(p->summary, 16);
    }
    printf("\n'%s COMMAND --help' tells a command's options.\n", tool);
}

const struct program *program_select(const struct program *programs, const char *summary, int argc,
                                     char **argv) {
    char tool[64];
    fill_standard_streams();
    snprintf(tool, sizeof tool, "%.*s", (int)(strchr(programs->name, ' ') - programs->name),
             programs->name);
    struct error error = {0};
    log_configure(programs->name, 0, 0);
    if (argc < 2) {
        error_set(&error, STATUS_USAGE, "no command given");
        exit_usage(tool, &error);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_tool_help(programs, tool, summary);
        exit_after_output(STATUS_OK);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", tool, PROGRAM_VERSION);
        exit_after_output(STATUS_OK);
    }
    for (const struct program *p = programs; p->name; p++) {
        if (strcmp(argv[1], command_of(p)) == 0) {
            return p;
        }
    }
    error_set(&error, STATUS_USAGE, "unknown command '%s'", argv[1]);
    exit_usage(tool, &error);
}

int program_finish(enum status status, const struct error *error) {
    if (status == STATUS_USAGE) {
        exit_usage(log_program(), error);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", log_program(), error->message);
        return (int)status + (status == STATUS_INTERRUPTED ? interrupt_pending() : 0);
    }
    return flush_output() ? STATUS_OK : STATUS_FAILURE;
}

// Any thread may be the one that handles a signal, and all ask for it.
static atomic_int pending_signal;
static atomic_long first_second; // when it came

// One wish to stop may come twice: from the terminal and from the shell that passes it on.
static void note_signal(int signal_number) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int none = 0;
    if (atomic_compare_exchange_strong(&pending_signal, &none, signal_number)) {
        first_second = now.tv_sec;
    } else if (first_second > 0 && now.tv_sec - first_second >= 2) {
        _exit(128 + signal_number);
    }
}

void interrupt_install(void) {
    struct sigaction action = {.sa_handler = note_signal};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT); // one at a time
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int interrupt_pending(void) {
    return pending_signal;
}

enum status interrupt_check(struct error *error) {
    return pending_signal ? error_set(error, STATUS_INTERRUPTED, "interrupted") : STATUS_OK;
}

enum status interrupt_status(void) {
    return errno == EINTR && pending_signal ? STATUS_INTERRUPTED : STATUS_FAILURE;
}
