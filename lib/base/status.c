#define _GNU_SOURCE
#include "lib/base/status.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"

enum status(error_set)(struct error *error, enum status status, const char *format, ...) {
    char message[sizeof error->message]; // the arguments may hold the message that was there before
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    memcpy(error->message, message, strlen(message) + 1);
    utf8_make_printable(error->message);
    return status;
}

enum status error_prefix(struct error *error, enum status status, const char *format, ...) {
    char context[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(context, sizeof context - 2, format, arguments);
    va_end(arguments);
    strcat(context, ": ");
    size_t before = strlen(context), room = sizeof context - 1 - before;
    size_t after = strnlen(error->message, room);
    memmove(error->message + before, error->message, after);
    memcpy(error->message, context, before);
    error->message[before + after] = '\0';
    utf8_make_printable(error->message);
    return status;
}
