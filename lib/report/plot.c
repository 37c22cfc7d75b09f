#include "lib/report/plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 8.0

void plot_begin(struct plot *plot, double width, double height) {
    plot->width = width;
    plot->height = height;
}

void plot_free(struct plot *plot) {
    text_free(&plot->blocks);
    text_free(&plot->script);
    text_free(&plot->data);
    *plot = (struct plot){0};
}

static void add_format(struct text *text, const char *format, va_list arguments) {
    char line[1024];
    int length = vsnprintf(line, sizeof line, format, arguments);
    if (length < 0 || (size_t)length >= sizeof line) {
        text->failed = true;
    } else {
        text_add(text, line);
    }
}

// ---- Data blocks ---------------------------------------------------------------------------------------

static void close_block(struct plot *plot) {
    if (plot->block_open) {
        text_add(&plot->blocks, "EOD\n");
        plot->block_open = false;
    }
}

int plot_series(struct plot *plot) {
    close_block(plot);
    text_format(&plot->blocks, "$s%d << EOD\n", plot->series);
    plot->block_open = true;
    return plot->series++;
}

void plot_point(struct plot *plot, double x, double y) {
    if (plot_can_show(x) && plot_can_show(y)) {
        text_format(&plot->blocks, "%.10g %.10g\n", x, y);
    }
}

void plot_band(struct plot *plot, double x, double low, double high) {
    if (plot_can_show(x) && plot_can_show(low) && plot_can_show(high)) {
        text_format(&plot->blocks, "%.10g %.10g %.10g\n", x, low, high);
    }
}

void plot_row(struct plot *plot, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_format(&plot->blocks, format, arguments);
    va_end(arguments);
    text_add(&plot->blocks, "\n");
}

// ---- Terminals -----------------------------------------------------------------------------------------

// The script's variables `plain` and `bold` name the fonts; `marker` is the size of points.
static void add_terminal(struct text *script, const struct plot *plot, const char *name,
                         enum plot_terminal terminal) {
    const double svg = 96.0 / 72, png = 200.0 / 72;
    if (terminal == PLOT_SVG) {
        text_format(script,
                    "plain = 'sans-serif'\nbold = 'sans-serif:Bold'\n"
                    "set terminal svg size %.0f,%.0f font plain.',%g' fontscale %.4f "
                    "linewidth %.4f noenhanced name '%s'\nmarker = 0.95\n",
                    plot->width * svg, plot->height * svg, TEXT_SIZE, svg, svg, name);
        return;
    }
    text_add(script, "plain = 'LM Sans 8'\nbold = 'LM Sans 10:Bold'\n");
    if (terminal == PLOT_PDF) {
        // Cairo's terminals take 96 points for an inch.
        text_format(script,
                    "set terminal pdfcairo size %.4fin,%.4fin font plain.',%g' fontscale 0.75 "
                    "linewidth 1.25 noenhanced\nmarker = 0.55\n",
                    plot->width / 72, plot->height / 72, TEXT_SIZE);
    } else {
        text_format(script,
                    "set terminal pngcairo size %.0f,%.0f font plain.',%g' fontscale %.4f "
                    "linewidth %.4f noenhanced\nmarker = 1.5\n",
                    plot->width * png, plot->height * png, TEXT_SIZE, png * 72 / 96, png);
    }
}

void plot_finish(struct plot *plot, struct text *script, const char *name,
                 enum plot_terminal terminal) {
    close_block(plot);
    text_add(script, "set encoding utf8\nset minussign\n");
    add_terminal(script, plot, name, terminal);
    text_add(script, text_string(&plot->blocks));
    text_add(script, "unset key\nset samples 2\nset style fill solid noborder\n"
                     "set border 3 linecolor rgb '" PLOT_AXIS "' linewidth 0.6\n"
                     "set tics nomirror out scale 0.35\n"
                     "set grid back linecolor rgb '" PLOT_GRID "' linewidth 0.6 linetype 1\n"
                     "set multiplot\n");
    text_add(script, text_string(&plot->script));
    text_add(script, "unset multiplot\n");
    script->failed = script->failed || plot->blocks.failed || plot->script.failed;
}

// ---- Colours -------------------------------------------------------------------------------------------

static bool is_known(const char *method, size_t *index) {
    static const char *const KNOWN[] = {"conventional", "dynamic"};
    for (*index = 0; *index < ARRAY_LENGTH(KNOWN); ++*index) {
        if (strcmp(method, KNOWN[*index]) == 0) {
            return true;
        }
    }
    return false;
}

// The other methods are counted as strcmp() orders them: the same in every figure of a set.
static size_t method_index(const struct run_set *set, const char *method) {
    size_t index = 0, ignored = 0;
    if (is_known(method, &index)) {
        return index;
    }
    for (size_t i = 0; i < set->count; i++) {
        const char *other = set->runs[i]->method;
        bool seen = is_known(other, &ignored) || strcmp(other, method) >= 0;
        for (size_t j = 0; j < i && !seen; j++) {
            seen = strcmp(set->runs[j]->method, other) == 0;
        }
        index += seen ? 0 : 1;
    }
    return index;
}

struct plot_style plot_method_style(const struct run_set *set, const char *method) {
    static const struct plot_style STYLES[] = {{"#0072b2", 5},  {"#d55e00", 7},  {"#009e73", 9},
                                               {"#cc79a7", 13}, {"#e69f00", 11}, {"#56b4e9", 15},
                                               {"#7f7f7f", 5}};
    const size_t count = ARRAY_LENGTH(STYLES), own = 2; // the first two are never used again
    size_t index = method_index(set, method);
    if (index < count) {
        return STYLES[index];
    }
    // A colour again, with the marker of another.
    size_t again = index - count, round = again / (count - own) + 1;
    struct plot_style style = STYLES[own + again % (count - own)];
    style.marker = STYLES[own + (again + round) % (count - own)].marker;
    return style;
}

// Even steps in lightness, and still told apart by the colour-blind (the map called viridis).
unsigned plot_layer_colour(int layer, int layers) {
    static const unsigned char MAP[][3] = {
        {68, 1, 84},    {72, 40, 120},  {62, 73, 137},  {49, 104, 142}, {38, 130, 142},
        {31, 158, 137}, {53, 183, 121}, {110, 206, 88}, {181, 222, 43}, {253, 231, 37}};
    const int last = (int)ARRAY_LENGTH(MAP) - 1;
    double at = layers > 1 ? (double)layer * last / (layers - 1) : 0;
    int low = (int)at < last ? (int)at : last - 1;
    unsigned colour = 0;
    for (int i = 0; i < 3; i++) {
        double value = MAP[low][i] + (at - low) * (MAP[low + 1][i] - MAP[low][i]);
        colour = colour << 8 | (unsigned)(value + 0.5);
    }
    return colour;
}

// Between white and black the contrast on every layer's colour is then 4.6 or more.
const char *plot_ink_on(unsigned colour) {
    unsigned luma = 299 * (colour >> 16) + 587 * (colour >> 8 & 255) + 114 * (colour & 255);
    return luma < 103000 ? "#ffffff" : "#000000";
}

// ---- Marks ----------------------------------------------------------------------------------------------

double plot_text_width(const char *string, double size) {
    double ems = 0;
    for (const char *p = string; *p; p++) {
        if ((*p & 0xc0) != 0x80) { // not the rest of a UTF-8 character
            ems += strchr("iljtf.,:;'|! ", *p) ? 0.3 : strchr("mwMW", *p) ? 0.85 : 0.55;
        }
    }
    return ems * (size > 0 ? size : TEXT_SIZE);
}

void plot_text(struct plot *plot, const struct plot_label *label) {
    static const char *const ALIGN[] = {"left", "center", "right"};
    double size = label->size > 0 ? label->size : TEXT_SIZE;
    text_add(&plot->script, "set label ");
    text_add_gnuplot(&plot->script, label->string);
    // gnuplot sets the middle of a line at the place; the baseline is what lines up.
    text_format(
        &plot->script, " at screen %.6f,%.6f %s %s font %s.',%g' textcolor rgb '%s' front\n",
        label->x / plot->width, label->y / plot->height, ALIGN[label->align],
        label->upright ? "rotate by 90" : "norotate", label->weight == PLOT_BOLD ? "bold" : "plain",
        size, label->colour ? label->colour : PLOT_INK);
}

void plot_line(struct plot *plot, double x1, double y1, double x2, double y2, const char *colour,
               double width, const char *dash) {
    text_format(&plot->script,
                "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead front linecolor rgb "
                "'%s' linewidth %g%s%s\n",
                x1 / plot->width, y1 / plot->height, x2 / plot->width, y2 / plot->height, colour,
                width, dash ? " dashtype " : "", dash ? dash : "");
}

void plot_rectangle(struct plot *plot, double x, double y, double width, double height,
                    unsigned colour) {
    text_format(&plot->script,
                "set object rectangle from screen %.6f,%.6f to screen %.6f,%.6f front fillcolor "
                "rgb '#%06x' fillstyle solid noborder\n",
                x / plot->width, y / plot->height, (x + width) / plot->width,
                (y + height) / plot->height, colour);
}

// ---- Legends ---------------------------------------------------------------------------------------------

enum { LEGEND_MARK = 16, LEGEND_POINT = 8, LEGEND_SPACE = 4, LEGEND_GAP = 14 };

// Begins a new line where the item would not fit.
static void legend_fit(const struct plot *plot, struct plot_legend *legend, const char *name,
                       double mark) {
    double width = mark + LEGEND_SPACE + plot_text_width(name, 0);
    if (legend->x > legend->left && legend->x + width > plot->width) {
        legend->x = legend->left;
        legend->y -= PLOT_LEGEND_HEIGHT;
    }
}

static void legend_name(struct plot *plot, struct plot_legend *legend, const char *name,
                        double mark) {
    double x = legend->x + mark + LEGEND_SPACE;
    if (!legend->measure) {
        plot_text(plot, &(struct plot_label){.x = x, .y = legend->y, .string = name});
    }
    legend->x = x + plot_text_width(name, 0) + LEGEND_GAP;
}

void plot_legend_line(struct plot *plot, struct plot_legend *legend, const char *name,
                      const char *colour, double width, const char *dash) {
    legend_fit(plot, legend, name, LEGEND_MARK);
    if (!legend->measure) {
        plot_line(plot, legend->x, legend->y, legend->x + LEGEND_MARK, legend->y, colour, width,
                  dash);
    }
    legend_name(plot, legend, name, LEGEND_MARK);
}

void plot_legend_marker(struct plot *plot, struct plot_legend *legend, const char *name,
                        const char *colour, int marker) {
    legend_fit(plot, legend, name, LEGEND_POINT);
    if (!legend->measure) {
        text_format(&plot->script,
                    "set label '' at screen %.6f,%.6f point pointtype %d pointsize marker "
                    "linecolor rgb '%s' front\n",
                    (legend->x + LEGEND_POINT / 2.0) / plot->width, legend->y / plot->height,
                    marker, colour);
    }
    legend_name(plot, legend, name, LEGEND_POINT);
}

void plot_legend_note(struct plot *plot, struct plot_legend *legend, const char *note) {
    legend_fit(plot, legend, note, 0);
    legend_name(plot, legend, note, 0);
}
