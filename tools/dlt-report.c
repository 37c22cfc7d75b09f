// dlt-report: tables, figures, numbers and a page from run logs.
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/file_names.h"
#include "lib/base/log.h"
#include "lib/base/memory.h"
#include "lib/base/program.h"
#include "lib/report/report.h"

// ---- What the commands share -----------------------------------------------------------------------

struct command {
    struct common_options common;
    struct operands operands;
    const char *published_path, *experiments_path;
    struct run_reading reading;
    int format;
};

// "auto", then as enum table_format and enum figure_format number them.
enum { FORMAT_AUTO, FORMAT_FIRST };
static const char *const TABLE_FORMAT_NAMES[] = {"auto", "tex", "md", "csv", NULL};
static const char *const FIGURE_FORMAT_NAMES[] = {"auto", "svg", "pdf", "png", "tsv", NULL};

static void start(struct command *command, const struct program *program,
                  const char *const *formats, bool tables, int argc, char **argv) {
    struct option options[6] = {{0}};
    size_t count = 0;
    if (formats) {
        options[count++] =
            (struct option){.name = "format",
                            .type = OPTION_CHOICE,
                            .value = &command->format,
                            .choices = formats,
                            .help = "what to write: auto goes by the suffix of -o; "
                                    "where that says nothing, it is the one behind auto"};
    }
    if (tables) {
        options[count++] = (struct option){.name = "published",
                                           .type = OPTION_STRING,
                                           .value = (void *)&command->published_path,
                                           .argument = "FILE",
                                           .help = "the paper's numbers, to stand beside ours"};
    }
    options[count++] = (struct option){
        .name = "experiments",
        .type = OPTION_STRING,
        .value = (void *)&command->experiments_path,
        .argument = "FILE",
        .help = "which runs each table and figure shows, in which order, under which titles; "
                "'make plan PROFILE=quick' writes one, build/state/quick/experiments.tsv"};
    options[count++] =
        (struct option){.name = "untimed",
                        .value = &command->reading.untimed,
                        .help = "leave out times and measured memory: the rest is the same of "
                                "every run of one configuration"};
    options[count++] = (struct option){.name = "salvage",
                                       .value = &command->reading.salvage,
                                       .help = "take incomplete run logs too, as far as they go"};
    struct program own = *program;
    own.options = options;
    own.output = true;
    program_start(&own, argc, argv, &command->common, &command->operands);
}

static int find_format(const char *const *formats, const char *name) {
    int i = FORMAT_FIRST;
    while (formats[i] && strcmp(formats[i], name) != 0) {
        i++;
    }
    return formats[i] ? i : FORMAT_AUTO;
}

// A suffix that is the name of another format is a mistake, and any other is none of one.
static enum status choose_format(struct command *command, const char *const *formats,
                                 struct error *error) {
    const char *output = command->common.output ? command->common.output : "";
    const char *dot = strrchr(file_base_name(output), '.'), *suffix = dot ? dot + 1 : "";
    int named = find_format(formats, suffix);
    bool other = named == FORMAT_AUTO &&
                 (find_format(TABLE_FORMAT_NAMES, suffix) ||
                  find_format(FIGURE_FORMAT_NAMES, suffix) || strcmp(suffix, "html") == 0);
    if (command->format == FORMAT_AUTO) {
        command->format = named != FORMAT_AUTO ? named : FORMAT_FIRST;
    }
    if (other || (named != FORMAT_AUTO && named != command->format)) {
        const char *format = formats[command->format];
        return error_set(error, STATUS_USAGE,
                         "'%s' would hold %s; name it so, or give the --format of its name", output,
                         format);
    }
    return STATUS_OK;
}

// `id`: the table that is written; NULL: all of them.
static void warn_of_missing(const struct experiments *experiments, const char *id) {
    const struct experiment *e = NULL;
    for (size_t next = 0; (e = experiments_next_missing(experiments, id, &next));) {
        log_warning("dataset '%s' is missing: %s", e->dataset, e->missing);
    }
}

static enum status read_lists(const struct command *command, struct published *published,
                              struct experiments *experiments, const char *id,
                              struct error *error) {
    enum status status = command->published_path
                             ? published_read(published, command->published_path, error)
                             : STATUS_OK;
    if (status == STATUS_OK && command->experiments_path) {
        status = experiments_read(experiments, command->experiments_path, error);
    }
    if (status == STATUS_OK) {
        warn_of_missing(experiments, id);
    }
    return status;
}

static enum status check_files(const struct command *command, const struct report_input *input,
                               struct error *error) {
    const char *const lists[] = {command->published_path, command->experiments_path};
    struct file_names names = {.output = command->common.output};
    enum status status = file_names_add(&names, lists, ARRAY_LENGTH(lists), error);
    return status == STATUS_OK ? file_names_add(&names, input->paths, input->path_count, error)
                               : status;
}

// Reads the inputs, lets `write` make the text, and puts it out whole.
static enum status report(const struct command *command, size_t first,
                          enum status (*write)(struct text *text, const void *what,
                                               const struct report_input *input,
                                               struct error *error),
                          const void *what, bool binary, struct error *error) {
    struct run_set set = {0};
    struct published published = {0};
    struct experiments experiments = {0};
    struct text text = {0};
    struct report_input input = {.set = &set,
                                 .published = &published,
                                 .experiments = command->experiments_path ? &experiments : NULL,
                                 .paths = command->operands.words + first,
                                 .path_count = command->operands.count - first,
                                 .published_path = command->published_path,
                                 .experiments_path = command->experiments_path};
    enum status status = check_files(command, &input, error);
    if (status == STATUS_OK) {
        status = read_lists(command, &published, &experiments,
                            first > 0 ? command->operands.words[0] : NULL, error);
    }
    if (status == STATUS_OK) {
        status = run_set_read(&set, input.paths, input.path_count, &command->reading, error);
    }
    if (status == STATUS_OK) {
        status = write(&text, what, &input, error);
    }
    if (status == STATUS_OK) {
        status = text_status(&text, error);
    }
    if (status == STATUS_OK) {
        status = text_write(&text, command->common.output, binary, error);
    }
    text_free(&text);
    experiments_free(&experiments);
    published_free(&published);
    run_set_free(&set);
    return status;
}

// What --help says of the table's or figure's ID.
static void add_id(struct text *help, const char *heading, const char *id, const char *title) {
    text_format(help, "%s  %-4s%s\n", text_length(help) == 0 ? heading : "", id, title);
}

// The word behind the command, which names a table or a figure.
static enum status check_id(const struct command *command, const char *what, bool known,
                            const char *ids, struct error *error) {
    if (command->operands.count == 0) {
        return error_set(error, STATUS_USAGE, "which %s? There are %s", what, ids);
    }
    return known ? STATUS_OK
                 : error_set(error, STATUS_USAGE, "unknown %s '%s': there are %s", what,
                             command->operands.words[0], ids);
}

// ---- The commands ------------------------------------------------------------------------------------

static enum status write_table(struct text *text, const void *what,
                               const struct report_input *input, struct error *error) {
    const struct command *command = what;
    const struct table_type *type = table_find(command->operands.words[0]);
    struct table table;
    enum status status = table_build(&table, type, input, error);
    if (status == STATUS_OK) {
        table_render(text, type, &table, (enum table_format)(command->format - FORMAT_FIRST));
    }
    table_free(&table);
    return status;
}

static int run_table(const struct program *program, int argc, char **argv) {
    struct command command = {0};
    struct error error = {0};
    struct text help = {0};
    struct program own = *program;
    char ids[128];
    for (size_t i = 0; TABLE_TYPES[i]; i++) {
        add_id(&help, "Tables:\n", TABLE_TYPES[i]->id, TABLE_TYPES[i]->title);
    }
    own.operands = text_string(&help);
    start(&command, &own, TABLE_FORMAT_NAMES, true, argc, argv);
    text_free(&help);
    table_ids(ids, sizeof ids);
    bool known = command.operands.count > 0 && table_find(command.operands.words[0]);
    enum status status = check_id(&command, "table", known, ids, &error);
    if (status == STATUS_OK) {
        status = choose_format(&command, TABLE_FORMAT_NAMES, &error);
    }
    if (status == STATUS_OK) {
        status = report(&command, 1, write_table, &command, false, &error);
    }
    operands_free(&command.operands);
    return program_finish(status, &error);
}

static enum status write_figure(struct text *text, const void *what,
                                const struct report_input *input, struct error *error) {
    const struct command *command = what;
    return figure_render(text, figure_find(command->operands.words[0]), input,
                         (enum figure_format)(command->format - FORMAT_FIRST), error);
}

static int run_figure(const struct program *program, int argc, char **argv) {
    struct command command = {0};
    struct error error = {0};
    struct text help = {0};
    struct program own = *program;
    char ids[128];
    for (size_t i = 0; FIGURE_TYPES[i]; i++) {
        add_id(&help, "Figures:\n", FIGURE_TYPES[i]->id, FIGURE_TYPES[i]->title);
    }
    own.operands = text_string(&help);
    start(&command, &own, FIGURE_FORMAT_NAMES, false, argc, argv);
    text_free(&help);
    figure_ids(ids, sizeof ids);
    bool known = command.operands.count > 0 && figure_find(command.operands.words[0]);
    enum status status = check_id(&command, "figure", known, ids, &error);
    if (status == STATUS_OK) {
        status = choose_format(&command, FIGURE_FORMAT_NAMES, &error);
    }
    if (status == STATUS_OK) {
        int format = command.format - FORMAT_FIRST;
        bool binary = format == FIGURE_PDF || format == FIGURE_PNG;
        status = report(&command, 1, write_figure, &command, binary, &error);
    }
    operands_free(&command.operands);
    return program_finish(status, &error);
}

static enum status write_macros(struct text *text, const void *what,
                                const struct report_input *input, struct error *error) {
    (void)what;
    return macros_write(text, input, error);
}

static int run_macros(const struct program *program, int argc, char **argv) {
    struct command command = {0};
    struct error error = {0};
    start(&command, program, NULL, true, argc, argv);
    enum status status = report(&command, 0, write_macros, NULL, false, &error);
    operands_free(&command.operands);
    return program_finish(status, &error);
}

static enum status write_html(struct text *text, const void *what, const struct report_input *input,
                              struct error *error) {
    (void)what;
    return html_write(text, input, error);
}

static int run_html(const struct program *program, int argc, char **argv) {
    struct command command = {0};
    struct error error = {0};
    start(&command, program, NULL, true, argc, argv);
    enum status status = report(&command, 0, write_html, NULL, false, &error);
    operands_free(&command.operands);
    return program_finish(status, &error);
}

// As of cmp: what differs is told from what could not be compared.
enum { EXIT_EQUAL = 0, EXIT_DIFFERENT = 1, EXIT_TROUBLE = 2 };

static int run_compare(const struct program *program, int argc, char **argv) {
    struct program own = *program;
    own.output = true;
    struct common_options common;
    struct operands operands;
    struct error error = {0};
    struct text text = {0};
    bool equal = false;
    program_start(&own, argc, argv, &common, &operands);
    struct file_names names = {.output = common.output};
    enum status status = operands.count == 2
                             ? file_names_add(&names, operands.words, 2, &error)
                             : error_set(&error, STATUS_USAGE, "give two run logs to compare");
    if (status == STATUS_OK) {
        status = compare_runs(&text, operands.words[0], operands.words[1], &equal, &error);
    }
    if (status == STATUS_OK) {
        status = text_status(&text, &error);
    }
    if (status == STATUS_OK) {
        status = text_write(&text, common.output, false, &error);
    }
    text_free(&text);
    operands_free(&operands);
    if (status == STATUS_OK) {
        return equal ? EXIT_EQUAL : EXIT_DIFFERENT;
    }
    int trouble = program_finish(status, &error);
    return trouble > EXIT_DIFFERENT ? trouble : EXIT_TROUBLE;
}

static const struct program PROGRAMS[] = {
    {.name = "dlt-report table",
     .summary = "a table of run logs; dlt-train --labels method=NAME tells runs of different "
                "options apart",
     .usage = "ID [OPTION...] FILE...",
     .examples =
         "  dlt-report table T1 --format md --published results/published.tsv *.run.msgpack.zst\n"},
    {.name = "dlt-report figure",
     .summary = "a figure of run logs, drawn by gnuplot, or the data behind it",
     .usage = "ID [OPTION...] FILE...",
     .examples = "  dlt-report figure F2 -o F2.pdf *.run.msgpack.zst\n"},
    {.name = "dlt-report macros",
     .summary = "numbers and names for LaTeX, each as \\dlt{KEY}",
     .usage = "[OPTION...] FILE...",
     .examples = "  dlt-report macros -o macros.tex *.run.msgpack.zst\n"},
    {.name = "dlt-report html",
     .summary = "one page with every table and figure, and their data",
     .usage = "[OPTION...] FILE...",
     .examples = "  dlt-report html -o index.html *.run.msgpack.zst\n"},
    {.name = "dlt-report compare",
     .summary = "two runs side by side; exits 0 if their results are equal, 1 if they differ, 2 "
                "or more on trouble",
     .usage = "[OPTION...] A B",
     .examples = "  dlt-report compare a.run.msgpack.zst b.run.msgpack.zst\n"},
    {0}};

int main(int argc, char **argv) {
    static int (*const RUN[])(const struct program *, int,
                              char **) = {run_table, run_figure, run_macros, run_html, run_compare};
    const struct program *program =
        program_select(PROGRAMS, "write tables, figures and numbers from run logs", argc, argv);
    return RUN[program - PROGRAMS](program, argc - 1, argv + 1);
}
