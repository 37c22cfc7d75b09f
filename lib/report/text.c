#include "lib/report/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"
#include "lib/base/math.h"
#include "lib/base/utf8.h"

static const double WHOLE_MAX = 1e15; // below which a whole number is written with all its digits

void text_free(struct text *text) {
    buffer_free(&text->buffer);
    text->failed = false;
}

void text_clear(struct text *text) {
    text->buffer.length = 0;
    text->failed = false;
}

const char *text_string(const struct text *text) {
    return text->buffer.length > 0 ? (const char *)text->buffer.data : "";
}

size_t text_length(const struct text *text) {
    return text->buffer.length;
}

enum status text_status(const struct text *text, struct error *error) {
    return text->failed ? error_set(error, STATUS_FAILURE, "cannot allocate memory for the report")
                        : STATUS_OK;
}

void text_add_bytes(struct text *text, const void *bytes, size_t length) {
    struct error ignored = {0};
    if (length == 0) {
        return;
    }
    if (buffer_reserve(&text->buffer, length + 1, &ignored) != STATUS_OK) {
        text->failed = true;
        return;
    }
    memcpy(text->buffer.data + text->buffer.length, bytes, length);
    text->buffer.length += length;
    text->buffer.data[text->buffer.length] = 0;
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    struct error ignored = {0};
    if (length < 0 || buffer_reserve(&text->buffer, (size_t)length + 1, &ignored) != STATUS_OK) {
        text->failed = true;
    } else {
        vsnprintf((char *)text->buffer.data + text->buffer.length, (size_t)length + 1, format,
                  again);
        text->buffer.length += (size_t)length;
    }
    va_end(again);
}

// ---- Escaping: each is a table of the characters that mean something there ----------------------

struct replacement {
    const char *character; // UTF-8
    const char *with;
};

static const struct replacement *find_replacement(const char *string,
                                                  const struct replacement *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *character = table[i].character;
        if (*string == *character && strncmp(string, character, strlen(character)) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static void add_replaced(struct text *text, const char *string, const struct replacement *table,
                         size_t count) {
    const char *start = string; // of what stays as it is
    while (*string) {
        const struct replacement *found = find_replacement(string, table, count);
        if (!found) {
            string++;
            continue;
        }
        text_add_bytes(text, start, (size_t)(string - start));
        text_add(text, found->with);
        string += strlen(found->character);
        start = string;
    }
    text_add_bytes(text, start, (size_t)(string - start));
}

void text_add_tex(struct text *text, const char *string) {
    static const struct replacement TABLE[] = {
        {"\\", "\\textbackslash{}"},
        {"{", "\\{"},
        {"}", "\\}"},
        {"_", "\\_"},
        {"&", "\\&"},
        {"%", "\\%"},
        {"#", "\\#"},
        {"$", "\\$"},
        {"~", "\\textasciitilde{}"},
        {"^", "\\textasciicircum{}"},
        {"<", "\\textless{}"},
        {">", "\\textgreater{}"},
        {"|", "\\textbar{}"},
        {"\"", "\\textquotedbl{}"},
        {"−", "\\ensuremath{-}"},
        {"±", "\\ensuremath{\\pm}"},
    };
    // At the start of a row these two would belong to the end of the row before: \\[...] and \\*.
    text_add(text, *string == '[' || *string == '*' ? "{}" : "");
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
}

void text_add_xml(struct text *text, const char *string) {
    static const struct replacement TABLE[] = {
        {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}};
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
}

void text_add_markdown(struct text *text, const char *string) {
    static const struct replacement TABLE[] = {
        {"\\", "\\\\"}, {"|", "\\|"}, {"*", "\\*"},   {"_", "\\_"}, {"`", "\\`"}, {"<", "&lt;"},
        {"[", "\\["},   {"]", "\\]"}, {"&", "&amp;"}, {"$", "\\$"}, {"~", "\\~"}};
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
}

void text_add_csv(struct text *text, const char *string) {
    if (!strpbrk(string, ",\"\n\r")) {
        text_add(text, string);
        return;
    }
    static const struct replacement TABLE[] = {{"\"", "\"\""}};
    text_add(text, "\"");
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
    text_add(text, "\"");
}

void text_add_field(struct text *text, const char *string) {
    static const struct replacement TABLE[] = {{"\t", " "}, {"\n", " "}, {"\r", " "}};
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
}

// In single quotes gnuplot replaces nothing: no escapes, no macros, no commands in back quotes. A quote
// is doubled there, but at the start of a string it takes that for the end; so it gets the apostrophe.
// Its SVG takes "&lt;" for itself and leaves "]]>" as it is: what XML would read goes past it, as
// characters that have no other meaning.
#define PAST_GNUPLOT_LIST                                                                          \
    {"&", "\xee\x80\x80"}, {"<", "\xee\x80\x81"}, {                                                \
        ">", "\xee\x80\x82"                                                                        \
    }
static const struct replacement PAST_GNUPLOT[] = {PAST_GNUPLOT_LIST};

void text_add_gnuplot(struct text *text, const char *string) {
    static const struct replacement TABLE[] = {
        {"'", "’"}, {"\n", " "}, {"\r", " "}, PAST_GNUPLOT_LIST};
    text_add(text, "'");
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
    text_add(text, "'");
}

void text_add_past_gnuplot(struct text *text, const char *string, bool xml) {
    struct replacement table[ARRAY_LENGTH(PAST_GNUPLOT)];
    static const char *const ENTITIES[] = {"&amp;", "&lt;", "&gt;"};
    for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
        table[i].character = PAST_GNUPLOT[i].with;
        table[i].with = xml ? ENTITIES[i] : PAST_GNUPLOT[i].character;
    }
    add_replaced(text, string, table, ARRAY_LENGTH(table));
}

void text_add_shell(struct text *text, const char *string) {
    static const char SAFE[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "_-+=.,:/@%";
    if (*string && strspn(string, SAFE) == strlen(string)) {
        text_add(text, string);
        return;
    }
    static const struct replacement TABLE[] = {{"'", "'\\''"}};
    text_add(text, "'");
    add_replaced(text, string, TABLE, ARRAY_LENGTH(TABLE));
    text_add(text, "'");
}

void text_add_key(struct text *text, const char *string) {
    for (; *string; string++) {
        char c = *string;
        if (c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
        text_add(text, kept ? (char[2]){c, 0} : "-");
    }
}

void text_add_base64(struct text *text, const void *bytes, size_t length) {
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t group = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                         (left > 2 ? in[i + 2] : 0);
        char out[4] = {DIGITS[group >> 18], DIGITS[group >> 12 & 63],
                       left > 1 ? DIGITS[group >> 6 & 63] : '=',
                       left > 2 ? DIGITS[group & 63] : '='};
        text_add_bytes(text, out, 4);
    }
}

void text_add_real(struct text *text, double value) {
    if (isnan(value)) {
        text_add(text, "n/a");
        return;
    }
    char number[MATH_TEXT];
    if (rint(value) == value && fabs(value) < WHOLE_MAX) {
        snprintf(number, sizeof number, "%.0f", value);
    } else {
        math_format(value, MATH_DIGITS, number);
    }
    text_add(text, number);
}

// ---- Bytes from a file -----------------------------------------------------------------------

void text_copy_clean(char *copy, size_t size, const char *string, size_t length) {
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        bool printable;
        size_t bytes = utf8_character(string + i, length - i, &printable);
        size_t kept = printable ? bytes : 1;
        if (used + kept >= size) {
            break;
        }
        memcpy(copy + used, printable ? string + i : "?", kept);
        used += kept;
        i += bytes;
    }
    copy[used] = 0;
}

enum status text_write(const struct text *text, const char *path, bool binary,
                       struct error *error) {
    struct file_output output;
    enum status status = file_output_open(&output, path, binary, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = file_output_write(&output, text_string(text), text_length(text), error);
    if (status == STATUS_OK) {
        status = file_output_commit(&output, error);
    }
    if (status != STATUS_OK) {
        file_output_abandon(&output, false);
    }
    return status;
}
