// F5, cost: best test perplexity against trainable parameters (mean over training, and final), and
// test perplexity against training time; a column for each dataset.
#include <math.h>
#include <string.h>

#include "lib/report/figures.h"
#include "lib/report/history.h"

enum {
    LEFT = 44,
    RIGHT = 10,
    GAP = 15,
    BOTTOM = 34,
    ROW_GAP = 44,
    HEIGHT = 116,
    WIDE = 170,
    HOLLOW = 1
};

struct context {
    struct plot *plot;
    const struct run_set *set;
    struct history *histories;
    struct plot_range perplexity, curve, parameters, seconds;
    double unit; // of time, in seconds
    const char *unit_name;
};

static void add_data(struct text *data, const struct run *run) {
    const char *names[] = {run->dataset, run->arch, run->method, run->seed};
    const enum quantity quantities[] = {PERPLEXITY_BEST, PERPLEXITY_FINAL, PARAMETERS_MEAN,
                                        PARAMETERS_FINAL, SECONDS};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        text_add(data, i > 0 ? "\t" : "");
        text_add_field(data, names[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(quantities); i++) {
        text_add(data, "\t");
        text_add_real(data, quantity_of(quantities[i], run));
    }
    text_add(data, "\n");
}

static void measure(struct context *c) {
    c->perplexity = c->curve = c->parameters = c->seconds = PLOT_RANGE_EMPTY;
    text_add(&c->plot->data, "dataset\tarch\tmethod\tseed\tbest_test_perplexity\t"
                             "final_test_perplexity\tparameters_mean\tparameters_final\tseconds\n");
    for (size_t i = 0; i < c->set->count; i++) {
        const struct run *run = c->set->runs[i];
        plot_range_add(&c->perplexity, quantity_of(PERPLEXITY_BEST, run));
        plot_range_add(&c->perplexity, run_floor_perplexity(run));
        plot_range_add(&c->parameters, quantity_of(PARAMETERS_MEAN, run));
        plot_range_add(&c->parameters, quantity_of(PARAMETERS_FINAL, run));
        plot_range_add(&c->seconds, quantity_of(SECONDS, run));
        add_data(&c->plot->data, run);
    }
    // The start of training, at the vocabulary's size, would leave no room for the rest.
    c->curve = c->perplexity;
    plot_range_add(&c->curve, c->perplexity.high * 3);
    double longest = c->seconds.high;
    bool hours = longest > 3 * 3600, minutes = longest > 300;
    c->unit = hours ? 3600 : minutes ? 60 : 1;
    c->unit_name = hours     ? "Training time (h)"
                   : minutes ? "Training time (min)"
                             : "Training time (s)";
}

static void draw_floor(struct context *c, const struct run *run, double from, double to) {
    double floor = run_floor_perplexity(run);
    if (isfinite(floor)) {
        int series = plot_series(c->plot);
        plot_point(c->plot, from, floor);
        plot_point(c->plot, to, floor);
        plot_draw(c->plot,
                  "$s%d with lines linecolor rgb '" PLOT_FAINT_INK "' linewidth 0.9 dashtype (5,3)",
                  series);
    }
}

static void draw_parameters(struct context *c, const struct run *run) {
    struct plot_style style = plot_method_style(c->set, run->method);
    double best = quantity_of(PERPLEXITY_BEST, run);
    double mean = quantity_of(PARAMETERS_MEAN, run), final = quantity_of(PARAMETERS_FINAL, run);
    int line = plot_series(c->plot);
    plot_point(c->plot, mean, best);
    plot_point(c->plot, final, best);
    int hollow = plot_series(c->plot);
    plot_point(c->plot, final, best);
    int solid = plot_series(c->plot);
    plot_point(c->plot, mean, best);
    plot_draw(c->plot, "$s%d with lines linecolor rgb '%s' linewidth 0.8", line, style.colour);
    plot_draw(c->plot, "$s%d with points pointtype %d pointsize marker linecolor rgb '%s'", hollow,
              style.marker - HOLLOW, style.colour);
    plot_draw(c->plot, "$s%d with points pointtype %d pointsize marker linecolor rgb '%s'", solid,
              style.marker, style.colour);
}

static void draw_time(struct context *c, const struct run *run, const struct history *history) {
    struct plot_style style = plot_method_style(c->set, run->method);
    int curve = plot_series(c->plot);
    for (size_t e = 0; e < history->count; e++) {
        plot_point(c->plot, history->points[e].seconds / c->unit, history->points[e].test);
    }
    int best = plot_series(c->plot);
    if (run->best_test_episode >= 0 && (size_t)run->best_test_episode < history->count) {
        plot_point(c->plot, history->points[run->best_test_episode].seconds / c->unit,
                   run->best_test);
    }
    plot_draw(c->plot, "$s%d with lines linecolor rgb '%s' linewidth 1.3", curve, style.colour);
    plot_draw(c->plot, "$s%d with points pointtype %d pointsize marker linecolor rgb '%s'", best,
              style.marker, style.colour);
}

struct place {
    double x, y, width;
    bool labels; // of the vertical axis
};

static void draw_panel(struct context *c, size_t first, size_t end, struct place place, bool time) {
    struct plot_range x = time ? (struct plot_range){0, c->seconds.high / c->unit * 1.05}
                               : plot_range_widen(c->parameters, true, 0.15);
    struct plot_range y =
        plot_range_widen(time ? c->curve : c->perplexity, true, time ? 0.05 : 0.12);
    x.high = x.high > x.low ? x.high : x.low + 1;
    struct plot_panel panel = {.x = place.x, .y = place.y, .width = place.width, .height = HEIGHT};
    panel.title = time && place.width < WIDE ? NULL : c->set->runs[first]->dataset;
    panel.x_axis = (struct plot_axis){.from = x.low,
                                      .to = x.high,
                                      .log = !time,
                                      .labels = true,
                                      .shown_k = !time,
                                      .ticks = place.width > 150 ? 4 : 3};
    panel.y_axis = (struct plot_axis){
        .from = y.low, .to = y.high, .log = true, .labels = place.labels, .ticks = 4};
    if (place.labels) {
        plot_text(c->plot,
                  &(struct plot_label){.x = place.x - LEFT + 9,
                                       .y = place.y + HEIGHT / 2.0,
                                       .string = time ? "Test perplexity" : "Best test perplexity",
                                       .align = PLOT_CENTER,
                                       .upright = true});
    }
    plot_text(c->plot, &(struct plot_label){.x = place.x + place.width / 2,
                                            .y = place.y - 22,
                                            .string = time ? c->unit_name : "Trainable parameters",
                                            .align = PLOT_CENTER});
    plot_panel(c->plot, &panel);
    draw_floor(c, c->set->runs[first], x.low, x.high);
    for (size_t i = first; i < end; i++) {
        if (time) {
            draw_time(c, c->set->runs[i], &c->histories[i]);
        } else {
            draw_parameters(c, c->set->runs[i]);
        }
    }
    plot_end_panel(c->plot);
}

static size_t dataset_end(const struct run_set *set, size_t first) {
    size_t end = first + 1;
    while (end < set->count && strcmp(set->runs[end]->dataset, set->runs[first]->dataset) == 0) {
        end++;
    }
    return end;
}

// Returns the height that it takes below y.
static double draw_legend(struct context *c, double y, bool measure) {
    struct plot_legend legend = {.left = LEFT, .x = LEFT, .y = y, .measure = measure};
    plot_legend_method_markers(c->plot, &legend, c->set);
    legend.x += 8;
    plot_legend_marker(c->plot, &legend, "mean over training", PLOT_INK, 7);
    plot_legend_marker(c->plot, &legend, "at the end", PLOT_INK, 7 - HOLLOW);
    if (isfinite(run_floor_perplexity(c->set->runs[0]))) {
        plot_legend_line(c->plot, &legend, "true entropy", PLOT_FAINT_INK, 0.9, "(5,3)");
    }
    return y - legend.y + PLOT_LEGEND_HEIGHT;
}

static void draw(struct context *c) {
    size_t columns = 0;
    for (size_t i = 0; i < c->set->count; i = dataset_end(c->set, i)) {
        columns++;
    }
    const double title = PLOT_TITLE_HEIGHT + 2;
    bool side_by_side = columns == 1;
    double height = BOTTOM + HEIGHT + title;
    height += side_by_side ? 0 : ROW_GAP + HEIGHT;
    double page = columns <= 4 ? PLOT_WIDTH : PLOT_WIDTH * (double)columns / 4;
    plot_begin(c->plot, page, height);
    height += draw_legend(c, 0, true);
    plot_begin(c->plot, page, height);
    draw_legend(c, height - 8, false);
    if (side_by_side) {
        double width = (page - 2 * LEFT - RIGHT - GAP) / 2;
        draw_panel(c, 0, c->set->count, (struct place){LEFT, BOTTOM, width, true}, false);
        draw_panel(c, 0, c->set->count, (struct place){2 * LEFT + GAP + width, BOTTOM, width, true},
                   true);
        return;
    }
    double width = (page - LEFT - RIGHT - GAP * ((double)columns - 1)) / (double)columns;
    struct place place = {.x = LEFT, .width = width, .labels = true};
    for (size_t i = 0; i < c->set->count; i = dataset_end(c->set, i)) {
        size_t end = dataset_end(c->set, i);
        place.y = BOTTOM + HEIGHT + ROW_GAP;
        draw_panel(c, i, end, place, false);
        place.y = BOTTOM;
        draw_panel(c, i, end, place, true);
        place.x += width + GAP;
        place.labels = false;
    }
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct context c = {.plot = plot, .set = set};
    enum status status = histories_build(&c.histories, set, error);
    if (status == STATUS_OK) {
        measure(&c);
        draw(&c);
    }
    histories_free(c.histories, set);
    return status;
}

const struct figure_type FIGURE_F5 = {
    .id = "F5",
    .title = "Cost",
    .caption =
        "Best test perplexity against trainable parameters, their mean over training (filled) "
        "and at the end (hollow), and test perplexity against training time, with the best "
        "marked.",
    .build = build,
};
