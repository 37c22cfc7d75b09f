// One table of options drives the parser, the help text and the configuration in a file's header.
#ifndef DLT_BASE_OPTIONS_H
#define DLT_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

enum option_type {
    OPTION_FLAG,    // bool *; --name and --no-name
    OPTION_INTEGER, // int64_t *; within [minimum, maximum]: a seed, or a count that stays small
    OPTION_SIZE,    // int64_t *; any other count: k, M, G (1000s) or Ki, Mi, Gi may stand behind
    OPTION_REAL,    // double *; within [minimum, maximum]
    OPTION_STRING,  // const char **; NULL where not given
    OPTION_CHOICE,  // int *; index into `choices`
};

struct option {
    const char *name; // long name without "--"; NULL ends the table
    char letter;      // short name, 0 where there is none
    enum option_type type;
    void *value;                // where the value goes; what stands there is the default
    const char *argument;       // its name in the help, e.g. "FILE"; NULL for flags and choices
    const char *help;           // one phrase, without its default
    const char *group;          // heading in the help; NULL: as the option before
    const char *const *choices; // OPTION_CHOICE: names, NULL-terminated
    double minimum, maximum;    // both 0: any value
    bool outside;               // not part of the configuration: threads, device, paths
};

// The words that are not options, in order. Owned; the words themselves are argv's.
struct operands {
    const char **words;
    size_t count;
};
void operands_free(struct operands *operands);

// Parses argv[1..]. Options and operands may be mixed, "--" ends the options, "-" is an operand.
// `tables` is NULL-terminated; the first table that knows a name takes it.
// STATUS_USAGE: unknown option, missing or superfluous value, not a number, out of range.
enum status options_parse(const struct option *const *tables, int argc, char **argv,
                          struct operands *operands, struct error *error);

// How often the command line gives the option called `name`: as an option, not as the value of one,
// nor behind "--". Words that are no good are passed over.
size_t options_given(const struct option *const *tables, int argc, char **argv, const char *name);

// Parses one value as the option's type would, and stores it. STATUS_USAGE.
enum status option_set(const struct option *option, const char *text, struct error *error);

// The current value as text ("" for a string that is not given).
void option_format(const struct option *option, char *text, size_t size);

#endif
