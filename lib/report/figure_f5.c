// F5, cost: best test perplexity against trainable parameters (mean over training, and final), and
// test perplexity against training time, on logarithmic axes but for the time. Datasets with few
// methods stand side by side; one with many has a row of its own, where the methods' names stand
// beside their points.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/report/figure_f5.h"
#include "lib/report/figures.h"

enum {
    LEFT = 44,
    RIGHT = 10,
    GAP = 15,
    BOTTOM = 34,
    TITLE = PLOT_TITLE_HEIGHT + 2,
    PANEL_GAP = 44, // between one panel and the one below it
    BAND_GAP = 8,
    HEIGHT = 116,
    WIDE = 170,
    HOLLOW = 1,  // below the filled marker
    PITCH = 11,  // of the names beside points
    NAMES = 118, // width of their column
};

struct place {
    double x, y, width, height;
    bool labels; // of the vertical axis
};

// ---- What a panel shows ------------------------------------------------------------------------------

static struct plot_style style_of(const struct f5_band *band, const struct curve *curve) {
    return plot_method_style(band->facets->set, curve->group.runs[0]->method);
}

static double mean_of(const struct curve *curve, enum quantity quantity) {
    return group_statistic(&curve->group, quantity).mean;
}

static void draw_marker(struct plot *plot, double x, double y, const char *colour, int marker) {
    int series = plot_series(plot);
    plot_point(plot, x, y);
    plot_draw(plot, "$s%d with points pointtype %d pointsize marker linecolor rgb '%s'", series,
              marker, colour);
}

// From the lowest to the highest seed.
static void draw_spread(struct plot *plot, const struct curve *curve, double x,
                        const char *colour) {
    struct plot_range range = PLOT_RANGE_EMPTY;
    for (size_t i = 0; i < curve->group.count; i++) {
        plot_range_add(&range, quantity_of(PERPLEXITY_BEST, curve->group.runs[i]));
    }
    if (curve->group.count > 1 && !plot_range_is_empty(&range)) {
        int series = plot_series(plot);
        plot_point(plot, x, range.low);
        plot_point(plot, x, range.high);
        plot_draw(plot, "$s%d with lines linecolor rgb '%s' linewidth 0.8", series, colour);
    }
}

static void draw_parameters(const struct f5_band *band, const struct curve *curve) {
    struct plot_style style = style_of(band, curve);
    double best = mean_of(curve, PERPLEXITY_BEST), mean = mean_of(curve, PARAMETERS_MEAN),
           final = mean_of(curve, PARAMETERS_FINAL);
    int line = plot_series(band->plot);
    plot_point(band->plot, mean, best);
    plot_point(band->plot, final, best);
    plot_draw(band->plot, "$s%d with lines linecolor rgb '%s' linewidth 0.8", line, style.colour);
    draw_spread(band->plot, curve, mean, style.colour);
    draw_marker(band->plot, final, best, style.colour, style.marker - HOLLOW);
    draw_marker(band->plot, mean, best, style.colour, style.marker);
}

// Where it was best, and unless there are many the way there.
static void draw_time(const struct f5_band *band, const struct curve *curve, bool way) {
    struct plot_style style = style_of(band, curve);
    if (!way) {
        double seconds = mean_of(curve, SECONDS) / band->unit;
        draw_spread(band->plot, curve, seconds, style.colour);
        draw_marker(band->plot, seconds, mean_of(curve, PERPLEXITY_BEST), style.colour,
                    style.marker);
        return;
    }
    int series = plot_series(band->plot);
    size_t best = 0;
    for (size_t e = 0; e < curve->mean.count; e++) {
        const struct history_point *points = curve->mean.points;
        plot_point(band->plot, points[e].seconds / band->unit, points[e].test);
        best = points[e].test < points[best].test || isnan(points[best].test) ? e : best;
    }
    plot_draw(band->plot, "$s%d with lines linecolor rgb '%s' linewidth 1.3", series, style.colour);
    draw_marker(band->plot, curve->mean.points[best].seconds / band->unit,
                curve->mean.points[best].test, style.colour, style.marker);
}

// Set smaller where its panel is narrow.
static double fit(const char *name, double room) {
    double length = plot_text_width(name, 8);
    return length > room ? 8 * room / length : 8;
}

static void draw_axis_names(const struct f5_band *band, struct place place, enum f5_against against,
                            bool way) {
    const char *vertical =
        against == F5_TIME && way ? "Test perplexity (log)" : "Best test perplexity (log)";
    const char *horizontal = against == F5_TIME ? band->unit_name : "Trainable parameters (log)";
    if (place.labels) {
        plot_text(band->plot, &(struct plot_label){.x = place.x - LEFT + 9,
                                                   .y = place.y + place.height / 2,
                                                   .string = vertical,
                                                   .align = PLOT_CENTER,
                                                   .size = fit(vertical, place.height),
                                                   .upright = true});
    }
    plot_text(band->plot, &(struct plot_label){.x = place.x + place.width / 2,
                                               .y = place.y - 22,
                                               .string = horizontal,
                                               .align = PLOT_CENTER,
                                               .size = fit(horizontal, place.width)});
}

static void draw_panel(const struct f5_band *band, const struct facet *facet, struct place place,
                       enum f5_against against, bool titled) {
    struct plot_range x = f5_horizontal(band, against), y = f5_vertical(band, against);
    bool way = !f5_is_crowded(facet);
    struct text title = {0};
    facets_add_title(&title, band->facets, facet);
    struct plot_panel panel = {
        .x = place.x, .y = place.y, .width = place.width, .height = place.height};
    panel.title = titled ? text_string(&title) : NULL;
    panel.x_axis = (struct plot_axis){.from = x.low,
                                      .to = x.high,
                                      .log = against == F5_PARAMETERS,
                                      .labels = true,
                                      .shown_k = against == F5_PARAMETERS,
                                      .ticks = place.width > 150 ? 4 : 3};
    panel.y_axis = (struct plot_axis){
        .from = y.low, .to = y.high, .log = true, .labels = place.labels, .ticks = 4};
    draw_axis_names(band, place, against, way);
    if (against == F5_TIME && !f5_is_timed(facet)) {
        panel.x_axis.ticks = 0;
        plot_text(band->plot, &(struct plot_label){.x = place.x + place.width / 2,
                                                   .y = place.y + place.height / 2,
                                                   .string = "no times",
                                                   .align = PLOT_CENTER,
                                                   .colour = PLOT_FAINT_INK});
    }
    plot_panel(band->plot, &panel);
    for (size_t i = 0; i < facet->count; i++) {
        if (against == F5_TIME) {
            draw_time(band, &facet->curves[i], way);
        } else {
            draw_parameters(band, &facet->curves[i]);
        }
    }
    plot_end_panel(band->plot);
    text_free(&title);
}

// ---- Names beside the points of many methods ----------------------------------------------------------

struct name {
    const struct curve *curve;
    double x, point, y; // where its point is, and where the name comes to stand
};

static int from_low_to_high(const void *a, const void *b) {
    const struct name *left = a, *right = b;
    return left->point < right->point ? -1 : left->point > right->point;
}

// Apart by PITCH at least, near their points, from `low` up to `high` as far as there is room.
static void spread(struct name *names, size_t count, double low, double high) {
    qsort(names, count, sizeof *names, from_low_to_high);
    for (size_t i = 0; i < count; i++) {
        double least = i > 0 ? names[i - 1].y + PITCH : low;
        names[i].y = names[i].point > least ? names[i].point : least;
    }
    for (size_t i = count; i-- > 0;) {
        double most = i + 1 < count ? names[i + 1].y - PITCH : high;
        names[i].y = names[i].y < most ? names[i].y : most;
    }
}

static double share(double value, struct plot_range range, bool log) {
    return log ? log10(value / range.low) / log10(range.high / range.low)
               : (value - range.low) / (range.high - range.low);
}

// To the right of the panel of times, a line leading from each point to its name.
static void draw_names(const struct f5_band *band, struct name *names, const struct facet *facet,
                       struct place place) {
    struct plot_range x = f5_horizontal(band, F5_TIME), y = f5_vertical(band, F5_TIME);
    size_t count = 0;
    for (size_t i = 0; i < facet->count; i++) {
        const struct curve *curve = &facet->curves[i];
        double best = mean_of(curve, PERPLEXITY_BEST), seconds = mean_of(curve, SECONDS);
        if (best > 0) {
            double at = isfinite(seconds) ? share(seconds / band->unit, x, false) : 1;
            double point = place.y + place.height * share(best, y, true);
            names[count++] = (struct name){
                .curve = curve, .x = place.x + place.width * at, .point = point, .y = point};
        }
    }
    spread(names, count, place.y, place.y + place.height);
    double left = place.x + place.width + 10;
    for (size_t i = 0; i < count; i++) {
        struct plot_style style = style_of(band, names[i].curve);
        plot_line(band->plot, names[i].x + 5, names[i].point, left, names[i].y, PLOT_AXIS, 0.4,
                  NULL);
        struct plot_legend legend = {.left = left, .x = left + 3, .y = names[i].y};
        plot_legend_marker(band->plot, &legend, names[i].curve->group.runs[0]->method, style.colour,
                           style.marker);
    }
}

// ---- Bands -------------------------------------------------------------------------------------------

static double panel_height(const struct f5_band *band) {
    const struct facet *facet = &band->facets->items[band->first];
    double names = (double)facet->count * PITCH;
    return f5_is_crowded(facet) && names > HEIGHT ? names : HEIGHT;
}

static bool is_stacked(const struct f5_band *band) {
    return band->end - band->first > 1;
}

static double band_height(const struct f5_band *band) {
    double panel = panel_height(band);
    return TITLE + panel + BOTTOM + (is_stacked(band) ? panel + PANEL_GAP : 0);
}

// One facet: parameters at the left, time at the right.
static enum status draw_pair(const struct f5_band *band, double bottom, struct error *error) {
    const struct facet *facet = &band->facets->items[band->first];
    bool crowded = f5_is_crowded(facet);
    double room = band->plot->width - LEFT - RIGHT - (crowded ? GAP + NAMES : GAP + LEFT);
    struct place place = {
        .x = LEFT, .y = bottom, .width = room / 2, .height = panel_height(band), .labels = true};
    draw_panel(band, facet, place, F5_PARAMETERS, true);
    place.labels = !crowded;
    place.x += place.width + GAP + (crowded ? 0 : LEFT);
    void *names = NULL;
    enum status status =
        memory_allocate(&names, facet->count, sizeof(struct name), "the names", error);
    if (status == STATUS_OK && crowded) {
        draw_names(band, names, facet, place);
    }
    draw_panel(band, facet, place, F5_TIME, !crowded && place.width >= WIDE);
    free(names);
    return status;
}

// Several: a column each, parameters above time.
static void draw_columns(const struct f5_band *band, double bottom) {
    double columns = (double)(band->end - band->first), height = panel_height(band);
    double width = (band->plot->width - LEFT - RIGHT - GAP * (columns - 1)) / columns;
    struct place place = {.x = LEFT, .width = width, .height = height, .labels = true};
    for (size_t i = band->first; i < band->end; i++) {
        place.y = bottom + height + PANEL_GAP;
        draw_panel(band, &band->facets->items[i], place, F5_PARAMETERS, true);
        place.y = bottom;
        draw_panel(band, &band->facets->items[i], place, F5_TIME, false);
        place.x += width + GAP;
        place.labels = false;
    }
}

// Returns the height that it takes below y. `unknown`: runs that are left out.
static double draw_legend(struct plot *plot, const struct facets *facets, size_t unknown, double y,
                          bool measure) {
    struct plot_legend legend = {.left = LEFT, .x = LEFT, .y = y, .measure = measure};
    facets_legend_methods(plot, &legend, facets, FACETS_MARKERS, F5_FEW);
    plot_legend_marker(plot, &legend, "mean over training", PLOT_INK, 7);
    plot_legend_marker(plot, &legend, "at the end", PLOT_INK, 7 - HOLLOW);
    if (unknown > 0) {
        char note[64];
        snprintf(note, sizeof note, "%zu %s without a finite perplexity", unknown,
                 unknown == 1 ? "run" : "runs");
        plot_legend_note(plot, &legend, note);
    }
    return y - legend.y + PLOT_LEGEND_HEIGHT;
}

static enum status draw(struct plot *plot, const struct facets *facets, size_t unknown,
                        struct f5_band *bands, struct error *error) {
    enum status status = STATUS_OK;
    size_t count = f5_divide(bands, plot, facets);
    plot_begin(plot, PLOT_WIDTH, 0);
    double height = draw_legend(plot, facets, unknown, 0, true) + BAND_GAP * ((double)count - 1);
    for (size_t i = 0; i < count; i++) {
        height += band_height(&bands[i]);
    }
    plot_begin(plot, PLOT_WIDTH, height);
    double y = height - draw_legend(plot, facets, unknown, height - 8, false);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        double bottom = y - band_height(&bands[i]) + BOTTOM;
        if (is_stacked(&bands[i])) {
            draw_columns(&bands[i], bottom);
        } else {
            status = draw_pair(&bands[i], bottom, error);
        }
        y -= band_height(&bands[i]) + BAND_GAP;
    }
    return status;
}

static enum status draw_known(struct plot *plot, const struct run_set *set,
                              const struct run_set *known, struct error *error) {
    struct facets facets;
    void *bands = NULL;
    enum status status = facets_build(&facets, known, SIZE_MAX, error);
    facets.set = set; // of which every figure takes its colours
    if (status == STATUS_OK) {
        status = memory_allocate(&bands, facets.count, sizeof(struct f5_band), "the panels", error);
    }
    if (status == STATUS_OK) {
        status = draw(plot, &facets, set->count - known->count, bands, error);
    }
    free(bands);
    facets_free(&facets);
    return status;
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct run_set known;
    enum status status = f5_choose_known(&known, set, error);
    f5_add_data(&plot->data, set);
    if (status == STATUS_OK && known.count > 0) {
        status = draw_known(plot, set, &known, error);
    } else if (status == STATUS_OK) {
        plot_note(plot, "No run has a finite perplexity to set against its cost.");
    }
    free(known.runs);
    return status;
}

const struct figure_type FIGURE_F5 = {
    .id = "F5",
    .title = "Cost",
    .caption =
        "Best test perplexity against trainable parameters, their mean over training (filled) and "
        "at the end (hollow), and test perplexity against training time, with the best marked; "
        "what is above about five times the highest of these is cut. Where there are many methods, "
        "only the best, against the whole time. All axes but the time's are logarithmic. With "
        "several seeds, their mean, and where only the best is shown a line from its lowest to its "
        "highest. Runs without a finite perplexity are left out; the legend counts them. Methods "
        "go by the names of their run logs.",
    .build = build,
};
