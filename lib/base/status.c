#include "lib/base/status.h"

#include <stdio.h>
#include <string.h>

// A message is one line on a terminal, whatever bytes a file name or a file's content put in it.
static void message_sanitise(char *message) {
    for (unsigned char *p = (unsigned char *)message; *p; p++) {
        if (*p < 0x20 || *p == 0x7f) {
            *p = '?';
        }
    }
}

enum status error_set(struct error *error, enum status status, const char *format, ...) {
    char message[sizeof error->message]; // the arguments may hold the message that was there before
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    memcpy(error->message, message, strlen(message) + 1);
    message_sanitise(error->message);
    return status;
}

enum status error_prefix(struct error *error, enum status status, const char *format, ...) {
    char rest[sizeof error->message];
    memcpy(rest, error->message, sizeof rest);
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof error->message) {
        snprintf(error->message + length, sizeof error->message - (size_t)length, ": %s", rest);
    }
    message_sanitise(error->message);
    return status;
}
