// F2, training: rows of small panels over a shared episode axis, a column for each dataset, a block of
// them for each architecture. An episode is as wide as 1 and centred on its number.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"

enum history_row { PERPLEXITY, LAYERS, CHANGES, EPSILON, BATCH, ROWS };
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
    [BATCH] = {"Batch perplexity", 62, 3},
};

// Where an episode's value is drawn: at its middle, or from its beginning to its end.
static const double POINT = 0, STEP = 0.5;

// What the legend explains.
struct lines {
    bool test, training, independent;
    bool stored; // some run's stored layers are not its independent ones
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
    struct lines lines;
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

static void add_lines(struct lines *lines, const struct history_point *p) {
    lines->test = lines->test || isfinite(p->test);
    lines->training = lines->training || isfinite(p->train);
    lines->independent = lines->independent || isfinite(p->independent);
    lines->stored = lines->stored || (isfinite(p->stored) && p->stored != p->independent);
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
            add_lines(&c->lines, p);
            if (e == 0 && plot_can_show(p->test)) {
                c->episodes.low = -STEP; // tested before the first
            }
        }
    }
    plot_range_add(&c->ranges[PERPLEXITY], run_floor_perplexity(run));
    plot_range_add(&c->episodes, (double)curve->mean.count - 1 + STEP);
}

static void measure(struct context *c) {
    for (int row = 0; row < ROWS; row++) {
        c->ranges[row] = PLOT_RANGE_EMPTY;
    }
    c->episodes = (struct plot_range){STEP, 1 + STEP};
    for (size_t i = c->first; i < c->end; i++) {
        for (size_t j = 0; j < c->facets->items[i].count; j++) {
            measure_curve(c, &c->facets->items[i].curves[j]);
        }
    }
}

// Between the lowest and the highest seed; nothing for one. `reach`: POINT or STEP.
#define BAND(c, curve, field, reach, colour)                                                       \
    do {                                                                                           \
        if ((curve)->group.count > 1) {                                                            \
            int series = plot_series((c)->plot);                                                   \
            for (size_t i = 0; i < (reach > 0 ? 2 : 1) * (curve)->mean.count; i++) {               \
                size_t e = reach > 0 ? i / 2 : i;                                                  \
                double x = (double)e + (i % 2 ? reach : -reach);                                   \
                plot_band((c)->plot, x, (curve)->low.points[e].field,                              \
                          (curve)->high.points[e].field);                                          \
            }                                                                                      \
            plot_draw((c)->plot, "$s%d using 1:2:3 with filledcurves fillcolor rgb '#c0%s'",       \
                      series, (colour) + 1);                                                       \
        }                                                                                          \
    } while (0)

// The mean over the seeds of one field.
#define DRAW(c, curve, field, reach, style, ...)                                                   \
    do {                                                                                           \
        int series = plot_series((c)->plot);                                                       \
        for (size_t i = 0; i < (reach > 0 ? 2 : 1) * (curve)->mean.count; i++) {                   \
            size_t e = reach > 0 ? i / 2 : i;                                                      \
            double x = (double)e + (i % 2 ? reach : -reach);                                       \
            plot_point((c)->plot, x, (curve)->mean.points[e].field);                               \
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
        BAND(c, curve, test, POINT, colour);
        DRAW(c, curve, train, POINT, "lines linecolor rgb '#80%s' linewidth 0.8", colour + 1);
        DRAW(c, curve, test, POINT, "lines linecolor rgb '%s' linewidth 1.6", colour);
        break;
    case LAYERS:
        BAND(c, curve, independent, STEP, colour);
        DRAW(c, curve, independent, STEP, "lines linecolor rgb '%s' linewidth 1.4", colour);
        if (c->lines.stored && moves(curve)) {
            DRAW(c, curve, stored, STEP, "lines linecolor rgb '%s' linewidth 1 dashtype (4,3)",
                 colour);
        }
        break;
    case CHANGES:
        if (moves(curve) && changes_alone(facet)) {
            DRAW(c, curve, changes, POINT, "boxes fillcolor rgb '#50%s'", colour + 1);
        } else if (moves(curve)) {
            DRAW(c, curve, changes, POINT, "lines linecolor rgb '%s' linewidth 0.9", colour);
        }
        break;
    case EPSILON:
        DRAW(c, curve, epsilon, POINT, "lines linecolor rgb '%s' linewidth 1.4", colour);
        break;
    case BATCH:
        BAND(c, curve, reward, POINT, colour);
        DRAW(c, curve, reward, POINT, "lines linecolor rgb '%s' linewidth 1.2", colour);
        break;
    case ROWS:
        break;
    }
}

static struct plot_axis vertical_axis(const struct context *c, enum history_row row, bool first) {
    struct plot_axis axis = {.labels = first, .ticks = ROW[row].ticks};
    struct plot_range range = c->ranges[row];
    axis.log = row == PERPLEXITY || row == BATCH || (row == LAYERS && c->layers > LAYERS_LOG);
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

static bool is_drawn(const struct curve *curve, enum history_row row) {
    bool any = false;
    for (size_t e = 0; e < curve->mean.count && !any; e++) {
        any = plot_can_show(value_of(&curve->mean.points[e], row));
    }
    return any && (row != CHANGES || moves(curve));
}

static bool coincide(const struct curve *a, const struct curve *b, enum history_row row) {
    bool same = a->mean.count == b->mean.count && is_drawn(a, row) && is_drawn(b, row);
    for (size_t e = 0; same && e < a->mean.count; e++) {
        double at_a = value_of(&a->mean.points[e], row), at_b = value_of(&b->mean.points[e], row);
        same = at_a == at_b || (isnan(at_a) && isnan(at_b));
    }
    return same;
}

// Above the panel, how many curves are the same as a later one, which is drawn over them.
static void draw_covered(const struct context *c, enum history_row row, const struct facet *facet,
                         const struct plot_panel *panel) {
    size_t drawn = 0, covered = 0;
    for (size_t i = 0; i < facet->count; i++) {
        bool is_covered = false;
        for (size_t j = i + 1; j < facet->count && !is_covered; j++) {
            is_covered = coincide(&facet->curves[i], &facet->curves[j], row);
        }
        drawn += is_drawn(&facet->curves[i], row);
        covered += is_covered;
    }
    if (covered > 0) {
        struct text note = {0};
        text_format(&note, "%zu of %zu curves covered", covered, drawn);
        plot_text(c->plot, &(struct plot_label){.x = panel->x + panel->width,
                                                .y = panel->y + panel->height + 5,
                                                .string = text_string(&note),
                                                .align = PLOT_RIGHT,
                                                .size = 6.5,
                                                .colour = PLOT_FAINT_INK});
        c->plot->script.failed = c->plot->script.failed || note.failed;
        text_free(&note);
    }
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
    draw_covered(c, row, facet, panel);
    plot_panel(c->plot, panel);
    if (row == PERPLEXITY) {
        facet_draw_floor(c->plot, facet, c->episodes.low, c->episodes.high);
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
        panel.x_axis = (struct plot_axis){.from = c->episodes.low,
                                          .to = c->episodes.high,
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
static double draw_legend(const struct context *c, const struct lines *lines, double y,
                          bool measure) {
    struct plot_legend legend = {.left = LEFT, .x = LEFT, .y = y, .measure = measure};
    facets_legend_methods(c->plot, &legend, c->facets, FACETS_LINES, METHODS);
    if (lines->test) {
        plot_legend_line(c->plot, &legend, "test", PLOT_INK, 1.6, NULL);
    }
    if (lines->training) {
        plot_legend_line(c->plot, &legend, "training", "#80333333", 0.8, NULL);
    }
    if (lines->independent) {
        plot_legend_line(c->plot, &legend, "independent", PLOT_INK, 1.4, NULL);
    }
    if (lines->stored) {
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
static void draw_blocks(struct context *blocks, size_t count, const struct lines *lines,
                        double height, double width) {
    double y = height - 8;
    y -= draw_legend(&blocks[0], lines, y, false) - 8;
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
    struct lines lines = {0}; // of all blocks
    for (size_t b = 0, first = 0; b < count; b++) {
        size_t end = facets_block_end(facets, first);
        blocks[b] = (struct context){.plot = plot, .facets = facets, .first = first, .end = end};
        blocks[b].scale = count > 1 ? 0.66 : 1;
        measure(&blocks[b]);
        columns = end - first > columns ? end - first : columns;
        lines.test = lines.test || blocks[b].lines.test;
        lines.training = lines.training || blocks[b].lines.training;
        lines.independent = lines.independent || blocks[b].lines.independent;
        lines.stored = lines.stored || blocks[b].lines.stored;
        first = end;
    }
    double width = columns <= 4 ? PLOT_WIDTH : PLOT_WIDTH * (double)columns / 4, height = 0;
    plot_begin(plot, width, 0);
    height = draw_legend(&blocks[0], &lines, 0, true) + BLOCK_GAP * ((double)count - 1);
    for (size_t b = 0; b < count; b++) {
        height += block_height(&blocks[b]);
    }
    plot_begin(plot, width, height);
    draw_blocks(blocks, count, &lines, height, width);
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
        "Test perplexity (thick) and training perplexity (thin), independent layers and, dashed "
        "where they are not as many, stored ones, changes of the map in each episode, "
        "exploration, and the perplexity of the training batches that rewards are of: the "
        "released reward is minus this, clipped. Axes of perplexity, and that of layers where "
        "there are many, are logarithmic. A dashed line below the perplexities is the true one of "
        "generated text. Above a panel stands how many of its curves coincide with one later in "
        "the legend, which covers them. With several seeds, their mean, and a band from the "
        "lowest to the highest.",
    .build = build,
};
