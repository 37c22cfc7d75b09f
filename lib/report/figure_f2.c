// F2, training: rows of small panels over a shared episode axis, a column for each dataset, a block of
// them for each architecture.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"

enum history_row { PERPLEXITY, LAYERS, CHANGES, EPSILON, REWARD, ROWS };
enum {
    LEFT = 44,
    RIGHT = 8,
    GAP = 10,
    COLUMN_GAP = 15,
    BLOCK_GAP = 10,
    BOTTOM = 30,
    LAYERS_LOG = 16,
    METHODS = 7, // whose colours can be told apart
};

static const struct {
    const char *name;
    double height;
    int ticks;
} ROW[ROWS] = {
    [PERPLEXITY] = {"Perplexity", 112, 4}, [LAYERS] = {"Layers", 62, 4},
    [CHANGES] = {"Changes", 46, 2},        [EPSILON] = {"Exploration", 46, 2},
    [REWARD] = {"Reward", 62, 3},
};

// What is drawn of one architecture: its panels share their axes.
struct context {
    struct plot *plot;
    const struct facets *facets;
    size_t first, end; // facets of the block
    struct plot_range ranges[ROWS], episodes;
    double left, width; // of a column of panels
    double scale;       // of the rows' heights
    int layers;         // the most of any run
    bool stored;        // some run's stored layers are not its independent ones
};

static double value_of(const struct history_point *p, enum history_row row) {
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
        figure_add_names(data, run);
        text_format(data, "%zu", e);
        for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
            text_add(data, "\t");
            text_add_real(data, values[i]);
        }
        text_add(data, "\n");
    }
}

static void add_all_data(struct text *data, const struct facets *facets) {
    text_add(data, "dataset\tarch\tmethod\tseed\tepisode\ttest_perplexity\tvalid_perplexity\t"
                   "train_perplexity\tindependent\tstored\tparameters\tchanges\tepsilon\t"
                   "reward_batch_perplexity\n");
    for (size_t i = 0; i < facets->curve_count; i++) {
        const struct curve *curve = &facets->curves[i];
        for (size_t j = 0; j < curve->group.count; j++) {
            add_data(data, curve->group.runs[j], &curve->histories[j]);
        }
    }
}

static bool moves(const struct curve *curve) {
    for (size_t i = 0; i < curve->group.count; i++) {
        if (run_map_changes(curve->group.runs[i])) {
            return true;
        }
    }
    return false;
}

static void measure_curve(struct context *c, const struct curve *curve) {
    const struct run *run = curve->group.runs[0];
    const struct history *parts[] = {&curve->low, &curve->high};
    c->layers = run->layers > c->layers ? run->layers : c->layers;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        for (size_t e = 0; e < parts[i]->count; e++) {
            const struct history_point *p = &parts[i]->points[e];
            for (int row = 0; row < ROWS; row++) {
                if (row != CHANGES || moves(curve)) {
                    plot_range_add(&c->ranges[row], value_of(p, (enum history_row)row));
                }
            }
            plot_range_add(&c->ranges[PERPLEXITY], p->train);
            c->stored = c->stored || (isfinite(p->stored) && p->stored != p->independent);
        }
    }
    plot_range_add(&c->ranges[PERPLEXITY], run_floor_perplexity(run));
    plot_range_add(&c->episodes, (double)curve->mean.count - 1);
}

static void measure(struct context *c) {
    for (int row = 0; row < ROWS; row++) {
        c->ranges[row] = PLOT_RANGE_EMPTY;
    }
    c->episodes = PLOT_RANGE_EMPTY;
    for (size_t i = c->first; i < c->end; i++) {
        for (size_t j = 0; j < c->facets->items[i].count; j++) {
            measure_curve(c, &c->facets->items[i].curves[j]);
        }
    }
    c->episodes.low = 0;
}

// Between the lowest and the highest seed; nothing for one.
#define BAND(c, curve, field, colour)                                                              \
    do {                                                                                           \
        if ((curve)->group.count > 1) {                                                            \
            int series = plot_series((c)->plot);                                                   \
            for (size_t e = 0; e < (curve)->mean.count; e++) {                                     \
                plot_band((c)->plot, (double)e, (curve)->low.points[e].field,                      \
                          (curve)->high.points[e].field);                                          \
            }                                                                                      \
            plot_draw((c)->plot, "$s%d using 1:2:3 with filledcurves fillcolor rgb '#c0%s'",       \
                      series, (colour) + 1);                                                       \
        }                                                                                          \
    } while (0)

// The mean over the seeds of one field.
#define DRAW(c, curve, field, style, ...)                                                          \
    do {                                                                                           \
        int series = plot_series((c)->plot);                                                       \
        for (size_t e = 0; e < (curve)->mean.count; e++) {                                         \
            plot_point((c)->plot, (double)e, (curve)->mean.points[e].field);                       \
        }                                                                                          \
        plot_draw((c)->plot, "$s%d using 1:2 with " style, series, __VA_ARGS__);                   \
    } while (0)

// Bars are for one method; several would hide each other.
static bool changes_alone(const struct facet *facet) {
    int moving = 0;
    for (size_t i = 0; i < facet->count; i++) {
        moving += moves(&facet->curves[i]);
    }
    return moving == 1;
}

static void draw_curve(struct context *c, enum history_row row, const struct facet *facet,
                       const struct curve *curve) {
    const char *colour = plot_method_style(c->facets->set, curve->group.runs[0]->method).colour;
    switch (row) {
    case PERPLEXITY:
        BAND(c, curve, test, colour);
        DRAW(c, curve, train, "lines linecolor rgb '#80%s' linewidth 0.8", colour + 1);
        DRAW(c, curve, test, "lines linecolor rgb '%s' linewidth 1.6", colour);
        break;
    case LAYERS:
        BAND(c, curve, independent, colour);
        DRAW(c, curve, independent, "fsteps linecolor rgb '%s' linewidth 1.4", colour);
        if (c->stored && moves(curve)) {
            DRAW(c, curve, stored, "fsteps linecolor rgb '%s' linewidth 1 dashtype (4,3)", colour);
        }
        break;
    case CHANGES:
        if (moves(curve) && changes_alone(facet)) {
            DRAW(c, curve, changes, "boxes fillcolor rgb '#50%s'", colour + 1);
        } else if (moves(curve)) {
            DRAW(c, curve, changes, "lines linecolor rgb '%s' linewidth 0.9", colour);
        }
        break;
    case EPSILON:
        DRAW(c, curve, epsilon, "lines linecolor rgb '%s' linewidth 1.4", colour);
        break;
    case REWARD:
        BAND(c, curve, reward, colour);
        DRAW(c, curve, reward, "lines linecolor rgb '%s' linewidth 1.2", colour);
        break;
    case ROWS:
        break;
    }
}

static struct plot_axis vertical_axis(const struct context *c, enum history_row row, bool first) {
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

static void draw_panel(struct context *c, enum history_row row, const struct facet *facet,
                       const struct plot_panel *panel) {
    if (panel->y_axis.labels) {
        double length = plot_text_width(ROW[row].name, 0), room = panel->height + GAP - 4;
        plot_text(c->plot, &(struct plot_label){.x = 9,
                                                .y = panel->y + panel->height / 2,
                                                .string = ROW[row].name,
                                                .align = PLOT_CENTER,
                                                .size = length > room ? 8 * room / length : 8,
                                                .upright = true});
    }
    if (panel->x_axis.labels) {
        plot_text(c->plot, &(struct plot_label){.x = panel->x + panel->width / 2,
                                                .y = panel->y - 22,
                                                .string = "Episode",
                                                .align = PLOT_CENTER});
    }
    plot_panel(c->plot, panel);
    if (row == PERPLEXITY) {
        facet_draw_floor(c->plot, facet, 0, c->episodes.high);
    }
    for (size_t i = 0; i < facet->count; i++) {
        draw_curve(c, row, facet, &facet->curves[i]);
    }
    plot_end_panel(c->plot);
}

static int last_row(const struct context *c) {
    int last = ROWS - 1;
    while (last > 0 && plot_range_is_empty(&c->ranges[last])) {
        last--;
    }
    return last;
}

// The panels of a facet, from the top down.
static void draw_column(struct context *c, const struct facet *facet, size_t column, double top) {
    double x = c->left + (double)column * (c->width + COLUMN_GAP), y = top;
    struct text title = {0};
    facets_add_title(&title, c->facets, facet);
    const char *name = text_string(&title);
    int last = last_row(c);
    for (int row = 0; row <= last; row++) {
        if (plot_range_is_empty(&c->ranges[row])) {
            continue;
        }
        double height = ROW[row].height * c->scale;
        y -= height;
        struct plot_panel panel = {
            .x = x, .y = y, .width = c->width, .height = height, .title = name};
        name = NULL;
        panel.x_axis = (struct plot_axis){.from = 0,
                                          .to = c->episodes.high > 0 ? c->episodes.high : 1,
                                          .labels = row == last,
                                          .whole = true,
                                          .ticks = c->width > 200 ? 6 : 3};
        panel.y_axis = vertical_axis(c, (enum history_row)row, column == 0);
        draw_panel(c, (enum history_row)row, facet, &panel);
        y -= GAP;
    }
    text_free(&title);
}

// Returns the height that it takes below y.
static double draw_legend(const struct context *c, double y, bool measure) {
    struct plot_legend legend = {.left = LEFT, .x = LEFT, .y = y, .measure = measure};
    facets_legend_methods(c->plot, &legend, c->facets, FACETS_LINES, METHODS);
    plot_legend_line(c->plot, &legend, "test", PLOT_INK, 1.6, NULL);
    plot_legend_line(c->plot, &legend, "training", "#80333333", 0.8, NULL);
    if (c->stored) {
        plot_legend_line(c->plot, &legend, "stored", PLOT_INK, 1, "(4,3)");
    }
    facets_legend_floor(c->plot, &legend, c->facets);
    if (c->facets->seeds) {
        plot_legend_line(c->plot, &legend, "lowest to highest seed", "#c0333333", 6, NULL);
    }
    return y - legend.y + PLOT_LEGEND_HEIGHT;
}

static double block_height(const struct context *c) {
    double height = BOTTOM - GAP + PLOT_TITLE_HEIGHT;
    for (int row = 0; row < ROWS; row++) {
        if (!plot_range_is_empty(&c->ranges[row])) {
            height += ROW[row].height * c->scale + GAP;
        }
    }
    return height;
}

// A block for each architecture, from the top down.
static void draw_blocks(struct context *blocks, size_t count, double height, double width) {
    double y = height - 8;
    y -= draw_legend(&blocks[0], y, false) - 8;
    for (size_t b = 0; b < count; b++) {
        struct context *c = &blocks[b];
        double columns = (double)(c->end - c->first);
        c->left = LEFT;
        c->width = (width - LEFT - RIGHT - COLUMN_GAP * (columns - 1)) / columns;
        for (size_t i = c->first; i < c->end; i++) {
            draw_column(c, &c->facets->items[i], i - c->first, y - PLOT_TITLE_HEIGHT);
        }
        y -= block_height(c) + BLOCK_GAP;
    }
}

static void draw(struct plot *plot, const struct facets *facets, struct context *blocks,
                 size_t count) {
    size_t columns = 1;
    bool stored = false;
    for (size_t b = 0, first = 0; b < count; b++) {
        size_t end = facets_block_end(facets, first);
        blocks[b] = (struct context){.plot = plot, .facets = facets, .first = first, .end = end};
        blocks[b].scale = count > 1 ? 0.66 : 1;
        measure(&blocks[b]);
        columns = end - first > columns ? end - first : columns;
        stored = stored || blocks[b].stored;
        first = end;
    }
    blocks[0].stored = stored; // for the legend
    double width = columns <= 4 ? PLOT_WIDTH : PLOT_WIDTH * (double)columns / 4, height = 0;
    plot_begin(plot, width, 0);
    height = draw_legend(&blocks[0], 0, true) + BLOCK_GAP * ((double)count - 1);
    for (size_t b = 0; b < count; b++) {
        height += block_height(&blocks[b]);
    }
    plot_begin(plot, width, height);
    draw_blocks(blocks, count, height, width);
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct facets facets;
    void *blocks = NULL;
    enum status status = facets_build(&facets, set, METHODS, error);
    size_t count = facets_blocks(&facets);
    if (status == STATUS_OK) {
        status = memory_allocate(&blocks, count, sizeof(struct context), "the panels", error);
    }
    if (status == STATUS_OK) {
        add_all_data(&plot->data, &facets);
        draw(plot, &facets, blocks, count);
    }
    free(blocks);
    facets_free(&facets);
    return status;
}

const struct figure_type FIGURE_F2 = {
    .id = "F2",
    .title = "Training",
    .caption =
        "Test perplexity (thick) and training perplexity (thin), independent layers, changes "
        "of the map in each episode, exploration, and the reward, which is minus the "
        "perplexity of a training batch. With several seeds, their mean, and a band from the "
        "lowest to the highest.",
    .build = build,
};
