// F2, training: rows of small panels over a shared episode axis, a column for each dataset.
#include <math.h>
#include <string.h>

#include "lib/report/figures.h"
#include "lib/report/history.h"

enum row { PERPLEXITY, LAYERS, CHANGES, EPSILON, REWARD, ROWS };
enum { LEFT = 44, RIGHT = 8, GAP = 10, COLUMN_GAP = 15, BOTTOM = 30, LAYERS_LOG = 16 };

static const struct {
    const char *name;
    double height;
    int ticks;
} ROW[ROWS] = {
    [PERPLEXITY] = {"Perplexity", 112, 4}, [LAYERS] = {"Layers", 62, 4},
    [CHANGES] = {"Changes", 46, 2},        [EPSILON] = {"Exploration", 46, 2},
    [REWARD] = {"Reward", 62, 3},
};

struct context {
    struct plot *plot;
    const struct run_set *set;
    struct history *histories;
    struct plot_range ranges[ROWS], episodes;
    double left, width; // of a column of panels
    int layers;         // the most of any run
    bool stored;        // some run's stored layers are not its independent ones
    bool floor;
};

static double value_of(const struct history_point *p, enum row row) {
    const double values[ROWS] = {p->test, p->independent, p->changes, p->epsilon, p->reward};
    return values[row];
}

static void add_data(struct text *data, const struct run *run, const struct history *history) {
    for (size_t e = 0; e < history->count; e++) {
        const struct history_point *p = &history->points[e];
        const double values[] = {p->test,       p->valid,   p->train,   p->independent, p->stored,
                                 p->parameters, p->changes, p->epsilon, p->reward};
        bool any = false;
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            any = any || !isnan(values[i]);
        }
        if (!any) {
            continue;
        }
        const char *names[] = {run->dataset, run->arch, run->method, run->seed};
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
            text_add_field(data, names[i]);
            text_add(data, "\t");
        }
        text_format(data, "%zu", e);
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            text_add(data, "\t");
            text_add_real(data, values[i]);
        }
        text_add(data, "\n");
    }
}

static void measure(struct context *c) {
    text_add(&c->plot->data, "dataset\tarch\tmethod\tseed\tepisode\ttest_perplexity\t"
                             "valid_perplexity\ttrain_perplexity\tindependent\tstored\t"
                             "parameters\tchanges\tepsilon\treward_batch_perplexity\n");
    for (int row = 0; row < ROWS; row++) {
        c->ranges[row] = PLOT_RANGE_EMPTY;
    }
    c->episodes = PLOT_RANGE_EMPTY;
    for (size_t i = 0; i < c->set->count; i++) {
        const struct run *run = c->set->runs[i];
        const struct history *history = &c->histories[i];
        bool moves = run_map_changes(run);
        c->layers = run->layers > c->layers ? run->layers : c->layers;
        for (size_t e = 0; e < history->count; e++) {
            const struct history_point *p = &history->points[e];
            for (int row = 0; row < ROWS; row++) {
                if (row != CHANGES || moves) {
                    plot_range_add(&c->ranges[row], value_of(p, (enum row)row));
                }
            }
            plot_range_add(&c->ranges[PERPLEXITY], p->train);
            c->stored = c->stored || (isfinite(p->stored) && p->stored != p->independent);
        }
        double floor = run_floor_perplexity(run);
        c->floor = c->floor || isfinite(floor);
        plot_range_add(&c->ranges[PERPLEXITY], floor);
        plot_range_add(&c->episodes, (double)history->count - 1);
        add_data(&c->plot->data, run, history);
    }
    c->episodes.low = 0;
}

// Draws one field of a run's history.
#define DRAW(c, history, field, style, ...)                                                        \
    do {                                                                                           \
        int series = plot_series((c)->plot);                                                       \
        for (size_t e = 0; e < (history)->count; e++) {                                            \
            plot_point((c)->plot, (double)e, (history)->points[e].field);                          \
        }                                                                                          \
        plot_draw((c)->plot, "$s%d using 1:2 with " style, series, __VA_ARGS__);                   \
    } while (0)

// Bars are for one run; several would hide each other.
static bool changes_alone(const struct run_set *set, size_t index) {
    for (size_t i = 0; i < set->count; i++) {
        if (i != index && strcmp(set->runs[i]->dataset, set->runs[index]->dataset) == 0 &&
            run_map_changes(set->runs[i])) {
            return false;
        }
    }
    return true;
}

static void draw_run(struct context *c, enum row row, size_t index) {
    const struct run *run = c->set->runs[index];
    const struct history *h = &c->histories[index];
    const char *colour = plot_method_style(c->set, run->method).colour;
    switch (row) {
    case PERPLEXITY:
        DRAW(c, h, train, "lines linecolor rgb '#80%s' linewidth 0.8", colour + 1);
        DRAW(c, h, test, "lines linecolor rgb '%s' linewidth 1.6", colour);
        break;
    case LAYERS:
        DRAW(c, h, independent, "fsteps linecolor rgb '%s' linewidth 1.4", colour);
        if (c->stored && run_map_changes(run)) {
            DRAW(c, h, stored, "fsteps linecolor rgb '%s' linewidth 1 dashtype (4,3)", colour);
        }
        break;
    case CHANGES:
        if (run_map_changes(run) && changes_alone(c->set, index)) {
            DRAW(c, h, changes, "boxes fillcolor rgb '#50%s'", colour + 1);
        } else if (run_map_changes(run)) {
            DRAW(c, h, changes, "lines linecolor rgb '%s' linewidth 0.9", colour);
        }
        break;
    case EPSILON:
        DRAW(c, h, epsilon, "lines linecolor rgb '%s' linewidth 1.4", colour);
        break;
    case REWARD:
        DRAW(c, h, reward, "lines linecolor rgb '%s' linewidth 1.2", colour);
        break;
    case ROWS:
        break;
    }
}

static struct plot_axis vertical_axis(const struct context *c, enum row row, bool first) {
    struct plot_axis axis = {.labels = first, .ticks = ROW[row].ticks};
    struct plot_range range = c->ranges[row];
    axis.log = row == PERPLEXITY || row == REWARD || (row == LAYERS && c->layers > LAYERS_LOG);
    axis.reversed = row == REWARD;
    axis.whole = row == LAYERS || row == CHANGES;
    switch (row) {
    case LAYERS:
        range = axis.log ? (struct plot_range){0.9, c->layers * 1.2}
                         : (struct plot_range){0, c->layers + 0.4};
        break;
    case CHANGES:
        range = (struct plot_range){0, range.high > 0 ? range.high * 1.1 : 1};
        break;
    case EPSILON:
        range = (struct plot_range){0, range.high > 0 ? range.high * 1.08 : 1};
        break;
    default:
        range = plot_range_widen(range, true, 0.06);
    }
    axis.from = range.low;
    axis.to = range.high;
    return axis;
}

static void draw_floor(struct context *c, size_t first, size_t end) {
    for (size_t i = first; i < end; i++) {
        double floor = run_floor_perplexity(c->set->runs[i]);
        if (isfinite(floor)) {
            int series = plot_series(c->plot);
            plot_point(c->plot, 0, floor);
            plot_point(c->plot, c->episodes.high, floor);
            plot_draw(c->plot,
                      "$s%d with lines linecolor rgb '" PLOT_FAINT_INK "' linewidth 0.9 "
                      "dashtype (5,3)",
                      series);
            return;
        }
    }
}

// The panels of one dataset, runs [first, end), from the top down.
static void draw_column(struct context *c, size_t first, size_t end, size_t column, double top) {
    double x = c->left + (double)column * (c->width + COLUMN_GAP), y = top;
    bool titled = false;
    int last = ROWS - 1;
    while (last > 0 && plot_range_is_empty(&c->ranges[last])) {
        last--;
    }
    for (int row = 0; row <= last; row++) {
        if (plot_range_is_empty(&c->ranges[row])) {
            continue;
        }
        y -= ROW[row].height;
        struct plot_panel panel = {.x = x, .y = y, .width = c->width, .height = ROW[row].height};
        panel.title = titled ? NULL : c->set->runs[first]->dataset;
        titled = true;
        panel.x_axis = (struct plot_axis){.from = 0,
                                          .to = c->episodes.high > 0 ? c->episodes.high : 1,
                                          .labels = row == last,
                                          .whole = true,
                                          .ticks = c->width > 200 ? 6 : 3};
        panel.y_axis = vertical_axis(c, (enum row)row, column == 0);
        if (column == 0) {
            plot_text(c->plot, &(struct plot_label){.x = 9,
                                                    .y = y + ROW[row].height / 2,
                                                    .string = ROW[row].name,
                                                    .align = PLOT_CENTER,
                                                    .upright = true});
        }
        if (row == last) {
            plot_text(c->plot, &(struct plot_label){.x = x + c->width / 2,
                                                    .y = y - 22,
                                                    .string = "Episode",
                                                    .align = PLOT_CENTER});
        }
        plot_panel(c->plot, &panel);
        if (row == PERPLEXITY) {
            draw_floor(c, first, end);
        }
        for (size_t i = first; i < end; i++) {
            draw_run(c, (enum row)row, i);
        }
        plot_end_panel(c->plot);
        y -= GAP;
    }
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
    plot_legend_methods(c->plot, &legend, c->set);
    legend.x += 8;
    plot_legend_line(c->plot, &legend, "test", PLOT_INK, 1.6, NULL);
    plot_legend_line(c->plot, &legend, "training", "#80333333", 0.8, NULL);
    if (c->stored) {
        plot_legend_line(c->plot, &legend, "stored", PLOT_INK, 1, "(4,3)");
    }
    if (c->floor) {
        plot_legend_line(c->plot, &legend, "true entropy", PLOT_FAINT_INK, 0.9, "(5,3)");
    }
    return y - legend.y + PLOT_LEGEND_HEIGHT;
}

static void draw(struct context *c) {
    size_t columns = 0;
    for (size_t i = 0; i < c->set->count; i = dataset_end(c->set, i)) {
        columns++;
    }
    double height = BOTTOM - GAP + PLOT_TITLE_HEIGHT;
    for (int row = 0; row < ROWS; row++) {
        if (!plot_range_is_empty(&c->ranges[row])) {
            height += ROW[row].height + GAP;
        }
    }
    double width = columns <= 4 ? PLOT_WIDTH : PLOT_WIDTH * (double)columns / 4;
    plot_begin(c->plot, width, height);
    double legend = draw_legend(c, 0, true);
    height += legend;
    plot_begin(c->plot, width, height);
    c->left = LEFT;
    c->width = (width - LEFT - RIGHT - COLUMN_GAP * ((double)columns - 1)) / (double)columns;
    draw_legend(c, height - 8, false);
    double top = height - legend - PLOT_TITLE_HEIGHT;
    for (size_t i = 0, column = 0; i < c->set->count; i = dataset_end(c->set, i)) {
        draw_column(c, i, dataset_end(c->set, i), column++, top);
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

const struct figure_type FIGURE_F2 = {
    .id = "F2",
    .title = "Training",
    .caption =
        "Test perplexity (thick) and training perplexity (thin), independent layers, changes "
        "of the map in each episode, exploration, and the reward, which is minus the "
        "perplexity of a training batch.",
    .build = build,
};
