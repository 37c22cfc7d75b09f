#define _GNU_SOURCE
#include "lib/base/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"

void operands_free(struct operands *operands) {
    free(operands->words);
    *operands = (struct operands){0};
}

static const struct option *find_name(const struct option *const *tables, const char *name,
                                      size_t length) {
    for (; *tables; tables++) {
        for (const struct option *o = *tables; o->name; o++) {
            if (strlen(o->name) == length && strncmp(o->name, name, length) == 0) {
                return o;
            }
        }
    }
    return NULL;
}

// Finds "name" or, with `negated` set on return, the flag behind "no-name".
static const struct option *find_long(const struct option *const *tables, const char *name,
                                      size_t length, bool *negated) {
    const struct option *option = find_name(tables, name, length);
    *negated = false;
    if (!option && length > 3 && strncmp(name, "no-", 3) == 0) {
        option = find_name(tables, name + 3, length - 3);
        *negated = option && option->type == OPTION_FLAG;
        option = *negated ? option : NULL;
    }
    return option;
}

static const struct option *find_letter(const struct option *const *tables, char letter) {
    for (; *tables; tables++) {
        for (const struct option *o = *tables; o->name; o++) {
            if (o->letter == letter) {
                return o;
            }
        }
    }
    return NULL;
}

static bool has_range(const struct option *option) {
    return option->minimum != 0 || option->maximum != 0;
}

static enum status check_range(const struct option *option, double value, const char *text,
                               struct error *error) {
    if (has_range(option) && !(value >= option->minimum && value <= option->maximum)) {
        return error_set(error, STATUS_USAGE, "option --%s: %s is not within %.15g .. %.15g",
                         option->name, text, option->minimum, option->maximum);
    }
    return STATUS_OK;
}

static bool parse_size_suffix(const char *suffix, int64_t *factor) {
    static const struct {
        const char *suffix;
        int64_t factor;
    } SUFFIXES[] = {{"", 1},           {"k", 1000},       {"K", 1000},       {"M", 1000000},
                    {"G", 1000000000}, {"Ki", 1LL << 10}, {"Mi", 1LL << 20}, {"Gi", 1LL << 30}};
    for (size_t i = 0; i < sizeof SUFFIXES / sizeof *SUFFIXES; i++) {
        if (strcmp(suffix, SUFFIXES[i].suffix) == 0) {
            *factor = SUFFIXES[i].factor;
            return true;
        }
    }
    return false;
}

static enum status set_integer(const struct option *option, const char *text, struct error *error) {
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    int64_t factor = 1;
    bool suffix_ok = option->type == OPTION_SIZE ? parse_size_suffix(end, &factor) : !*end;
    int64_t scaled = 0;
    if (end == text || errno || !suffix_ok || __builtin_mul_overflow(value, factor, &scaled)) {
        return error_set(error, STATUS_USAGE, "option --%s: '%s' is not a whole number%s",
                         option->name, text,
                         option->type == OPTION_SIZE ? ", such as 4096, 2M or 1Gi" : "");
    }
    enum status status = check_range(option, (double)scaled, text, error);
    if (status == STATUS_OK) {
        *(int64_t *)option->value = scaled;
    }
    return status;
}

static enum status set_real(const struct option *option, const char *text, struct error *error) {
    char *end = NULL;
    errno = 0;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value)) {
        return error_set(error, STATUS_USAGE, "option --%s: '%s' is not a number", option->name,
                         text);
    }
    enum status status = check_range(option, value, text, error);
    if (status == STATUS_OK) {
        *(double *)option->value = value;
    }
    return status;
}

static enum status set_choice(const struct option *option, const char *text, struct error *error) {
    char list[512] = "";
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *(int *)option->value = i;
            return STATUS_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", option->choices[i]);
    }
    return error_set(error, STATUS_USAGE, "option --%s: '%s' is not one of %s", option->name, text,
                     list);
}

enum status option_set(const struct option *option, const char *text, struct error *error) {
    switch (option->type) {
    case OPTION_INTEGER:
    case OPTION_SIZE:
        return set_integer(option, text, error);
    case OPTION_REAL:
        return set_real(option, text, error);
    case OPTION_CHOICE:
        return set_choice(option, text, error);
    case OPTION_STRING:
        *(const char **)option->value = text;
        return STATUS_OK;
    case OPTION_FLAG:
        break;
    }
    return error_set(error, STATUS_USAGE, "option --%s takes no value", option->name);
}

// ---- The words of a command line ---------------------------------------------------------------

struct scan {
    const struct option *const *tables;
    int argc;
    char **argv;
    int next;            // word
    const char *letters; // what is left of a word of several, or NULL
    bool options_ended;
};

struct item {
    const struct option *option; // NULL: an operand
    const char *text;            // the option's value, NULL of a flag; or the operand
    bool negated;
};

// `text`: what stands in the option's own word, or NULL.
static enum status take_value(struct scan *scan, struct item *item, const char *text,
                              struct error *error) {
    if (!text && scan->next >= scan->argc) {
        return error_set(error, STATUS_USAGE, "option --%s needs a value", item->option->name);
    }
    item->text = text ? text : scan->argv[scan->next++];
    return STATUS_OK;
}

static enum status scan_long(struct scan *scan, struct item *item, const char *word,
                             struct error *error) {
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    item->option = find_long(scan->tables, word, length, &item->negated);
    if (!item->option) {
        return error_set(error, STATUS_USAGE, "unknown option --%.*s", (int)length, word);
    }
    if (item->option->type != OPTION_FLAG) {
        return take_value(scan, item, equals ? equals + 1 : NULL, error);
    }
    return equals ? error_set(error, STATUS_USAGE, "option --%s takes no value", item->option->name)
                  : STATUS_OK;
}

// "-o FILE", "-oFILE", and several flags in one word.
static enum status scan_letter(struct scan *scan, struct item *item, struct error *error) {
    const char *letter = scan->letters, *rest = letter[1] ? letter + 1 : NULL;
    item->option = find_letter(scan->tables, *letter);
    scan->letters = NULL;
    if (!item->option) {
        return error_set(error, STATUS_USAGE, "unknown option -%c", *letter);
    }
    if (item->option->type != OPTION_FLAG) {
        return take_value(scan, item, rest, error);
    }
    scan->letters = rest;
    return STATUS_OK;
}

// The next option or operand, and whether it is a good one. False: there is none.
static bool scan_next(struct scan *scan, struct item *item, enum status *status,
                      struct error *error) {
    *item = (struct item){0};
    *status = STATUS_OK;
    if (scan->letters) {
        *status = scan_letter(scan, item, error);
        return true;
    }
    if (scan->next >= scan->argc) {
        return false;
    }
    const char *word = scan->argv[scan->next++];
    if (scan->options_ended || word[0] != '-' || !word[1]) {
        item->text = word;
    } else if (strcmp(word, "--") == 0) {
        scan->options_ended = true;
        return scan_next(scan, item, status, error);
    } else if (word[1] == '-') {
        *status = scan_long(scan, item, word + 2, error);
    } else {
        scan->letters = word + 1;
        *status = scan_letter(scan, item, error);
    }
    return true;
}

static enum status store(const struct item *item, struct error *error) {
    if (item->option->type == OPTION_FLAG) {
        *(bool *)item->option->value = !item->negated;
        return STATUS_OK;
    }
    return option_set(item->option, item->text, error);
}

enum status options_parse(const struct option *const *tables, int argc, char **argv,
                          struct operands *operands, struct error *error) {
    *operands = (struct operands){0};
    operands->words = calloc((size_t)argc + 1, sizeof *operands->words);
    if (!operands->words) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the command line");
    }
    struct scan scan = {.tables = tables, .argc = argc, .argv = argv, .next = 1};
    struct item item;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && scan_next(&scan, &item, &status, error)) {
        if (status == STATUS_OK && item.option) {
            status = store(&item, error);
        } else if (status == STATUS_OK) {
            operands->words[operands->count++] = item.text;
        }
    }
    return status;
}

size_t options_given(const struct option *const *tables, int argc, char **argv, const char *name) {
    struct scan scan = {.tables = tables, .argc = argc, .argv = argv, .next = 1};
    struct item item;
    struct error ignored;
    enum status status;
    size_t times = 0;
    while (scan_next(&scan, &item, &status, &ignored)) {
        times += status == STATUS_OK && item.option && !item.negated &&
                 strcmp(item.option->name, name) == 0;
    }
    return times;
}

void option_format(const struct option *option, char *text, size_t size) {
    switch (option->type) {
    case OPTION_FLAG:
        snprintf(text, size, "%s", *(bool *)option->value ? "yes" : "no");
        break;
    case OPTION_INTEGER:
    case OPTION_SIZE:
        snprintf(text, size, "%lld", (long long)*(int64_t *)option->value);
        break;
    case OPTION_REAL: {
        char number[MATH_TEXT];
        math_format(*(double *)option->value, MATH_DIGITS, number);
        snprintf(text, size, "%s", number);
        break;
    }
    case OPTION_STRING: {
        const char *string = *(const char **)option->value;
        snprintf(text, size, "%s", string ? string : "");
        break;
    }
    case OPTION_CHOICE:
        snprintf(text, size, "%s", option->choices[*(int *)option->value]);
        break;
    }
}
