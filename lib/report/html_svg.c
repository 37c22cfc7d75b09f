#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/html.h"

// The colours of plot.h that change with the page's ground.
static const struct {
    int red, green, blue;
    const char *variable;
} COLOURS[] = {
    {0x33, 0x33, 0x33, "var(--ink)"},   {0x76, 0x76, 0x76, "var(--faint)"},
    {0x9a, 0x9a, 0x9a, "var(--axis)"},  {0xe4, 0xe4, 0xe4, "var(--grid)"},
    {0x00, 0x72, 0xb2, "var(--blue)"},  {0xd5, 0x5e, 0x00, "var(--vermilion)"},
    {0x00, 0x9e, 0x73, "var(--green)"},
};

// "rgb( 51,  51,  51)" at *p: adds its variable and moves on; false for anything else.
static bool add_colour(struct text *text, const char **p) {
    int red = 0, green = 0, blue = 0, length = 0;
    if (strncmp(*p, "rgb(", 4) != 0 ||
        sscanf(*p, "rgb(%d,%d,%d)%n", &red, &green, &blue, &length) != 3 || length == 0) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(COLOURS); i++) {
        if (COLOURS[i].red == red && COLOURS[i].green == green && COLOURS[i].blue == blue) {
            text_add(text, COLOURS[i].variable);
            *p += length;
            return true;
        }
    }
    return false;
}

// Strings after which an id stands.
static bool add_id(struct text *text, const char **p, const char *id) {
    static const char *const BEFORE_ID[] = {"id='", "id=\"", "href='#", "url(#"};
    for (size_t i = 0; i < ARRAY_LENGTH(BEFORE_ID); i++) {
        if (strncmp(*p, BEFORE_ID[i], strlen(BEFORE_ID[i])) == 0) {
            text_add(text, BEFORE_ID[i]);
            text_format(text, "%s-", id);
            *p += strlen(BEFORE_ID[i]);
            return true;
        }
    }
    return false;
}

void html_add_svg(struct text *text, const char *svg, const char *id, const char *label) {
    const char *start = strstr(svg, "<svg"), *box = start ? strstr(start, "viewBox=\"") : NULL;
    const char *body = start ? strstr(start, "<g id=") : NULL;
    if (!box || !body) {
        return;
    }
    box += strlen("viewBox=\"");
    double width = 0;
    sscanf(box, "%*f %*f %lf", &width);
    text_format(text, "<svg viewBox=\"%.*s\" style=\"max-width:%.0fpx\" role=\"img\" aria-label=\"",
                (int)strcspn(box, "\""), box, width * 1.35);
    text_add_xml(text, label);
    text_add(text, "\">\n");
    for (const char *p = body; *p;) {
        if (!add_colour(text, &p) && !add_id(text, &p, id)) {
            // Everything up to the next place that may need a change, at once.
            size_t plain = 1 + strcspn(p + 1, "riuh");
            text_add_bytes(text, p, plain);
            p += plain;
        }
    }
}
