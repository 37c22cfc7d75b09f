// The look of every figure: page, panels, axes, colours, legends. Writes gnuplot commands.
//
// All places and sizes are in points (1/72 inch), from the lower left corner of the figure:
//     plot_begin(&plot, 460, 300);
//     int a = plot_series(&plot); plot_point(&plot, 1, 2.5); ...       data blocks, any number
//     plot_panel(&plot, &(struct plot_panel){...});                    axes; then one plot command:
//     plot_draw(&plot, "$s%d with lines ...", a); plot_draw(...);
//     plot_end_panel(&plot);
// Everything that is foreign goes through plot_text(), which quotes it.
#ifndef DLT_REPORT_PLOT_H
#define DLT_REPORT_PLOT_H

#include "lib/report/run.h"
#include "lib/report/text.h"

enum plot_terminal { PLOT_SVG, PLOT_PDF, PLOT_PNG };

struct plot {
    double width, height;
    struct text blocks; // data blocks of the script
    struct text script; // what draws them
    struct text data;   // the figure's data as TSV
    int series;         // data blocks so far
    bool block_open;
    int drawn; // elements of the open plot command
};

// Sets the page's size; what was drawn or added before stays.
void plot_begin(struct plot *plot, double width, double height);
void plot_free(struct plot *plot);
// The whole script for one terminal; `name` goes before the ids of an SVG.
void plot_finish(struct plot *plot, struct text *script, const char *name,
                 enum plot_terminal terminal);

// ---- Colours ------------------------------------------------------------------------------------

// One language for all figures: these greys, a colour and a marker for each method, and an even
// scale for layers. On a page with a dark ground the greys change (html.c).
#define PLOT_INK "#333333"
#define PLOT_FAINT_INK "#767676"
#define PLOT_AXIS "#9a9a9a"
#define PLOT_GRID "#e4e4e4"

struct plot_style {
    const char *colour; // "#rrggbb", of Okabe and Ito's palette: distinct to the colour-blind
    int marker;         // gnuplot's point type, filled
};
// The same for a method in every figure of a set.
struct plot_style plot_method_style(const struct run_set *set, const char *method);
// Dark for layer 0 to light for the last of `layers`: even steps in lightness.
unsigned plot_layer_colour(int layer, int layers); // 0xrrggbb
// White or black: what can be read on that colour.
const char *plot_ink_on(unsigned colour);

// ---- Panels -------------------------------------------------------------------------------------

struct plot_axis {
    double from, to;
    bool log;
    bool labels;  // numbers at the ticks; false in the inner panels of a row or column
    bool whole;   // ticks at whole numbers only
    bool shown_k; // 12,000,000 as 12M
    int ticks;    // about how many; 0: none, and no grid
};

struct plot_panel {
    double x, y, width, height;
    struct plot_axis x_axis, y_axis;
    const char *title; // above, bold; NULL: none
};
void plot_panel(struct plot *plot, const struct plot_panel *panel);
__attribute__((format(printf, 2, 3))) void plot_draw(struct plot *plot, const char *format, ...);
void plot_end_panel(struct plot *plot);

// A range around what was seen so far; start with an empty one.
struct plot_range {
    double low, high;
};
#define PLOT_RANGE_EMPTY ((struct plot_range){INFINITY, -INFINITY})
bool plot_can_show(double value); // false: not finite, or too large or small for any axis
void plot_range_add(struct plot_range *range, double value); // ignores what cannot be shown
bool plot_range_is_empty(const struct plot_range *range);
// With a margin of `share` of its length on both sides; never of length zero.
struct plot_range plot_range_widen(struct plot_range range, bool log, double share);

// ---- Data blocks --------------------------------------------------------------------------------

// Opens a block and returns its number: it is "$sN". Then rows of it, "x y".
int plot_series(struct plot *plot);
void plot_point(struct plot *plot, double x, double y); // left out where one cannot be shown
void plot_band(struct plot *plot, double x, double low, double high); // likewise
__attribute__((format(printf, 2, 3))) void plot_row(struct plot *plot, const char *format, ...);

// ---- Marks outside the axes, in points of the figure; before plot_panel() -----------------------

enum plot_align { PLOT_LEFT, PLOT_CENTER, PLOT_RIGHT };
enum plot_weight { PLOT_PLAIN, PLOT_BOLD };
struct plot_label {
    double x, y;
    const char *string;
    enum plot_align align;
    enum plot_weight weight;
    double size;        // 0: the usual
    const char *colour; // NULL: ink
    bool upright;       // turned by 90 degrees
};
void plot_text(struct plot *plot, const struct plot_label *label);
void plot_line(struct plot *plot, double x1, double y1, double x2, double y2, const char *colour,
               double width, const char *dash); // dash NULL: solid
void plot_rectangle(struct plot *plot, double x, double y, double width, double height,
                    unsigned colour);
// Items of "mark name" from (x, y) to the right, in as many lines as they need, PLOT_LEGEND_HEIGHT
// apart; y is that of the last one. With `measure` nothing is drawn.
struct plot_legend {
    double left, x, y;
    bool measure;
};
// A sample line and its meaning. NULL dash: solid.
void plot_legend_line(struct plot *plot, struct plot_legend *legend, const char *name,
                      const char *colour, double width, const char *dash);
void plot_legend_marker(struct plot *plot, struct plot_legend *legend, const char *name,
                        const char *colour, int marker);
void plot_legend_note(struct plot *plot, struct plot_legend *legend, const char *note);

// The whole figure is a line of text.
void plot_note(struct plot *plot, const char *note);

enum { PLOT_WIDTH = 470, PLOT_LEGEND_HEIGHT = 14, PLOT_TITLE_HEIGHT = 14 };
double plot_text_width(const char *string, double size); // estimated

#endif
