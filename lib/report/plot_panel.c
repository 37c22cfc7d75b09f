// Panels: ranges, ticks at round numbers, and the plot command.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/math.h"
#include "lib/report/plot.h"

// ---- Ranges ------------------------------------------------------------------------------------------------

// The powers of ten of an axis's ends are counted, so what is beyond these is no number of a run.
bool plot_can_show(double value) {
    double size = fabs(value);
    return size == 0 || (size >= 1e-30 && size <= 1e30);
}

void plot_range_add(struct plot_range *range, double value) {
    if (plot_can_show(value)) {
        range->low = value < range->low ? value : range->low;
        range->high = value > range->high ? value : range->high;
    }
}

bool plot_range_is_empty(const struct plot_range *range) {
    return !(range->low <= range->high);
}

struct plot_range plot_range_widen(struct plot_range range, bool log, double share) {
    if (plot_range_is_empty(&range) || (log && !(range.low > 0))) {
        return (struct plot_range){1, 10};
    }
    if (log) {
        double ratio = range.high / range.low;
        ratio = ratio > 1 ? fmax(math_pow(ratio, share), 1.02) : 1.1;
        return (struct plot_range){range.low / ratio, range.high * ratio};
    }
    double length = range.high - range.low;
    double margin = length > 0 ? length * share : (range.high != 0 ? fabs(range.high) * 0.1 : 1);
    return (struct plot_range){range.low - margin, range.high + margin};
}

// ---- Ticks -------------------------------------------------------------------------------------------------

static double power_of_ten(int exponent) {
    double power = 1;
    for (int i = 0; i < abs(exponent); i++) {
        power *= 10;
    }
    return exponent < 0 ? 1 / power : power;
}

// The ticks of an axis so far. Along a horizontal one, a number that would run into the one before it
// is left out: its tick stays.
struct ticks {
    int count;
    double length; // of the axis in points; 0: upright
    double end;    // of the last number
};

static bool has_room(struct ticks *ticks, const struct plot_axis *axis, double value,
                     const char *number) {
    double share = axis->log ? math_log(value / axis->from) / math_log(axis->to / axis->from)
                             : (value - axis->from) / (axis->to - axis->from);
    double middle = share * ticks->length, half = plot_text_width(number, 0) / 2;
    bool fits = ticks->length == 0 || ticks->count == 0 || middle - half > ticks->end + 3;
    ticks->end = fits ? middle + half : ticks->end;
    return fits;
}

static void add_tick(struct text *text, const struct plot_axis *axis, double value,
                     struct ticks *ticks) {
    struct text number = {0};
    if (axis->labels && axis->shown_k) {
        struct tick_unit {
            double unit;
            const char *suffix;
        } scale = value >= 1e9   ? (struct tick_unit){1e9, "B"}
                  : value >= 1e6 ? (struct tick_unit){1e6, "M"}
                  : value >= 1e3 ? (struct tick_unit){1e3, "k"}
                                 : (struct tick_unit){1, ""};
        text_format(&number, "%.4g%s", value / scale.unit, scale.suffix);
    } else if (axis->labels) {
        text_format(&number, "%.6g", value);
    }
    if (!has_room(ticks, axis, value, text_string(&number))) {
        text_clear(&number);
    }
    text_format(text, "%s'%s' %.10g", ticks->count++ ? ", " : "", text_string(&number), value);
    text_free(&number);
}

static void add_linear_ticks(struct text *text, const struct plot_axis *axis, struct ticks *ticks) {
    double length = axis->to - axis->from;
    double step = power_of_ten((int)floor(math_log(length / axis->ticks) / math_log(10)));
    static const double NICE[] = {1, 2, 2.5, 5, 10};
    for (size_t i = 0; i < ARRAY_LENGTH(NICE); i++) {
        double nice = NICE[i] * step;
        bool fits = length / nice <= axis->ticks + 0.5 && !(axis->whole && nice != rint(nice));
        if (fits || i + 1 == ARRAY_LENGTH(NICE)) {
            step = axis->whole && nice < 1 ? 1 : nice;
            break;
        }
    }
    for (double k = ceil(axis->from / step - 1e-9); k * step <= axis->to + 1e-9 * length; k++) {
        add_tick(text, axis, k * step == 0 ? 0 : k * step, ticks);
    }
}

// Round numbers within each power of ten: the sparsest set that gives enough of them.
static void add_log_ticks(struct text *text, const struct plot_axis *axis, struct ticks *ticks) {
    static const double SETS[][10] = {{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 5, 7}};
    int low = (int)floor(math_log(axis->from) / math_log(10));
    int high = (int)ceil(math_log(axis->to) / math_log(10));
    int step = (high - low) / (axis->ticks + 1) + 1;
    for (size_t s = 0; s < ARRAY_LENGTH(SETS); s++) {
        struct ticks found = {.length = ticks->length};
        struct text list = {0};
        for (int power = low - low % step; power <= high; power += step) {
            for (size_t i = 0; SETS[s][i] > 0; i++) {
                double value = SETS[s][i] * power_of_ten(power);
                if (value >= axis->from * (1 - 1e-9) && value <= axis->to * (1 + 1e-9)) {
                    add_tick(&list, axis, value, &found);
                }
            }
        }
        bool enough = found.count >= axis->ticks - 1 || (found.count >= 3 && s > 0);
        if (enough) {
            text_add(text, text_string(&list));
        }
        text_free(&list);
        if (enough) {
            return;
        }
    }
    add_linear_ticks(text, axis, ticks);
}

static void add_axis(struct plot *plot, const struct plot_axis *axis, char name, double length) {
    struct text *text = &plot->script;
    text_format(text, axis->log ? "set logscale %c\n" : "unset logscale %c\n", name);
    text_format(text, "set %crange [%.10g:%.10g] noextend\n", name, axis->from, axis->to);
    if (axis->ticks == 0) {
        text_format(text, "unset %ctics\n", name);
        return;
    }
    text_format(text, "set %ctics (", name);
    struct ticks ticks = {.length = length};
    (axis->log ? add_log_ticks : add_linear_ticks)(text, axis, &ticks);
    text_add(text, ") textcolor rgb '" PLOT_INK "'");
    text_add(text, name == 'y' ? " offset 0.4,0\n" : " offset 0,0.35\n");
}

// ---- Panels -------------------------------------------------------------------------------------------------

void plot_panel(struct plot *plot, const struct plot_panel *panel) {
    struct text *text = &plot->script;
    if (panel->title) {
        plot_text(plot, &(struct plot_label){.x = panel->x,
                                             .y = panel->y + panel->height + 8,
                                             .string = panel->title,
                                             .weight = PLOT_BOLD});
    }
    text_format(text, "set lmargin at screen %.6f\nset rmargin at screen %.6f\n",
                panel->x / plot->width, (panel->x + panel->width) / plot->width);
    text_format(text, "set bmargin at screen %.6f\nset tmargin at screen %.6f\n",
                panel->y / plot->height, (panel->y + panel->height) / plot->height);
    add_axis(plot, &panel->x_axis, 'x', panel->width);
    add_axis(plot, &panel->y_axis, 'y', 0);
    bool axes = panel->x_axis.ticks > 0 || panel->y_axis.ticks > 0;
    text_format(text, "set border %d\n", axes ? 3 : 0);
    text_format(text, "set grid %s %s\n", panel->x_axis.ticks > 0 ? "xtics" : "noxtics",
                panel->y_axis.ticks > 0 ? "ytics" : "noytics");
    plot->drawn = 0;
}

void plot_draw(struct plot *plot, const char *format, ...) {
    char element[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(element, sizeof element, format, arguments);
    va_end(arguments);
    plot->script.failed = plot->script.failed || length < 0 || (size_t)length >= sizeof element;
    text_add(&plot->script, plot->drawn++ ? ", " : "plot ");
    text_add(&plot->script, element);
}

void plot_end_panel(struct plot *plot) {
    if (plot->drawn == 0) {
        text_add(&plot->script, "plot NaN");
    }
    text_add(&plot->script, "\nunset label\nunset arrow\nunset object\n");
    plot->drawn = 0;
}

void plot_note(struct plot *plot, const char *note) {
    const struct plot_axis axis = {.to = 1};
    plot_begin(plot, PLOT_WIDTH, 30);
    plot_text(plot, &(struct plot_label){.x = plot->width / 2,
                                         .y = plot->height / 2,
                                         .string = note,
                                         .align = PLOT_CENTER,
                                         .colour = PLOT_FAINT_INK});
    plot_panel(plot, &(struct plot_panel){.width = 1, .height = 1, .x_axis = axis, .y_axis = axis});
    plot_end_panel(plot);
}
