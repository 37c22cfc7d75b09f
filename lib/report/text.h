// Text that grows: what tables, figures and pages are written into before any of it goes out.
//
// The append functions remember a failed allocation; text_status() tells it once, at the end.
#ifndef DLT_REPORT_TEXT_H
#define DLT_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

struct text {
    struct buffer buffer; // with a NUL behind its length
    bool failed;
};

void text_free(struct text *text);
void text_clear(struct text *text);
const char *text_string(const struct text *text); // never NULL
size_t text_length(const struct text *text);
enum status text_status(const struct text *text, struct error *error);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t length);
__attribute__((format(printf, 2, 3))) void text_format(struct text *text, const char *format, ...);

// ---- Foreign strings, made harmless for where they go ------------------------------------------

void text_add_tex(struct text *text, const char *string);      // LaTeX, text mode
void text_add_xml(struct text *text, const char *string);      // element content and attributes
void text_add_markdown(struct text *text, const char *string); // a table's cell
void text_add_csv(struct text *text, const char *string);      // quoted where needed
void text_add_field(struct text *text, const char *string);    // of a TSV line: no tab, no line end
void text_add_gnuplot(struct text *text, const char *string);  // with its quotes
void text_add_shell(struct text *text, const char *string);    // a word, quoted where needed
// What XML would read goes past gnuplot under other characters. This gives it back: to a script for
// the other formats, or to the SVG that was drawn, as entities.
void text_add_past_gnuplot(struct text *text, const char *string, bool xml);
// Lower-case letters, digits, '.', '-': anything else becomes '-'.
void text_add_key(struct text *text, const char *string);
void text_add_base64(struct text *text, const void *bytes, size_t length);

// The shortest decimal that reads back as the same double, a whole number below 10^15 with all its
// digits; "n/a" for NaN.
void text_add_real(struct text *text, double value);

// Copies `length` bytes as UTF-8: what is not valid, and control characters, become '?'. Cut to fit
// at the start of a character.
void text_copy_clean(char *copy, size_t size, const char *string, size_t length);

// All of it to a file ("-" or NULL: standard output), which comes to be whole or not at all.
enum status text_write(const struct text *text, const char *path, bool binary, struct error *error);

#endif
