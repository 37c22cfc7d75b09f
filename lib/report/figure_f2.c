// F2, training: rows of small panels over a shared episode axis, a column for each dataset, a block of
// them for each architecture.
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/figure_f2.h"
#include "lib/report/figures.h"

enum {
    LEFT = 44,
    RIGHT = 8,
    GAP = 10,
    COLUMN_GAP = 15,
    BLOCK_GAP = 10,
    BOTTOM = 30,
    METHODS = 7, // whose colours can be told apart
};

static const struct {
    const char *name, *second; // line of it
    double height;
    int ticks;
} ROW[F2_ROWS] = {
    [F2_PERPLEXITY] = {"Perplexity", NULL, 112, 4}, [F2_LAYERS] = {"Layers", NULL, 62, 4},
    [F2_CHANGES] = {"Changes", NULL, 46, 2},        [F2_EPSILON] = {"Exploration", NULL, 46, 2},
    [F2_BATCH] = {"Batch", "perplexity", 62, 3},
};

// What is drawn of one architecture.
struct context {
    struct plot *plot;
    const struct f2_block *block;
    double left, width; // of a column of panels
    double scale;       // of the rows' heights
};

// ---- Lines -----------------------------------------------------------------------------------------

// Where an episode's value is drawn: at its middle, or from its beginning to its end.
#define POINT 0.0
#define STEP 0.5

struct line {
    const char *name; // in the legend
    unsigned bit;     // of enum f2_line; 0: the panel's own, which needs no legend
    size_t field;     // of struct history_point
    double reach;     // POINT or STEP
    const char *alpha;
    double width;
    const char *dash;
};
#define FIELD(name) offsetof(struct history_point, name)
static const struct line
    TEST = {"test perplexity", F2_TEST, FIELD(test), POINT, "", 1.5, NULL},
    TRAINING = {"training perplexity", F2_TRAINING, FIELD(train), POINT, "80", 0.8, NULL},
    INDEPENDENT = {"independent layers", F2_INDEPENDENT, FIELD(independent), STEP, "", 1.5, NULL},
    STORED = {"stored layers", F2_STORED, FIELD(stored), STEP, "", 1, "(4,3)"},
    CHANGES = {NULL, 0, FIELD(changes), STEP, "", 0.9, NULL},
    BARS = {NULL, 0, FIELD(changes), STEP, "50", 0, NULL},
    EPSILON = {NULL, 0, FIELD(epsilon), POINT, "", 1.4, NULL},
    BATCH = {NULL, 0, FIELD(batch_perplexity), POINT, "", 1.2, NULL};
#define FLOOR_DASH "(5,3)"
static const double FLOOR_WIDTH = 0.9;
static const struct line *const LEGEND[] = {&TEST, &TRAINING, &INDEPENDENT, &STORED};

// The corners of a line: one in the middle of each episode, or its beginning and its end.
static size_t corners(const struct line *line, const struct curve *curve) {
    return (line->reach > 0 ? 2 : 1) * curve->mean.count;
}

static size_t corner_episode(const struct line *line, size_t corner) {
    return line->reach > 0 ? corner / 2 : corner;
}

static double corner_x(const struct line *line, size_t corner) {
    return (double)corner_episode(line, corner) + (corner % 2 ? line->reach : -line->reach);
}

// The mean over the seeds, as a data block.
static int add_mean(struct plot *plot, const struct curve *curve, const struct line *line) {
    int series = plot_series(plot);
    for (size_t i = 0; i < corners(line, curve); i++) {
        plot_point(plot, corner_x(line, i),
                   *history_field(&curve->mean, corner_episode(line, i), line->field));
    }
    return series;
}

static void draw_mean(struct plot *plot, const struct curve *curve, const struct line *line,
                      const char *colour) {
    plot_draw(plot, "$s%d using 1:2 with lines linecolor rgb '#%s%s' linewidth %g%s%s",
              add_mean(plot, curve, line), line->alpha, colour + 1, line->width,
              line->dash ? " dashtype " : "", line->dash ? line->dash : "");
}

// One shape, so that no ground shines through between the bars; none of an episode that tells nothing.
static void draw_bars(struct plot *plot, const struct curve *curve, const struct line *line,
                      const char *colour) {
    int series = plot_series(plot);
    for (size_t i = 0; i < corners(line, curve); i++) {
        double value = *history_field(&curve->mean, corner_episode(line, i), line->field);
        plot_point(plot, corner_x(line, i), plot_can_show(value) ? value : 0);
    }
    plot_draw(plot, "$s%d using 1:2 with filledcurves y1=0 fillcolor rgb '#%s%s'", series,
              line->alpha, colour + 1);
}

// Between the lowest and the highest seed; nothing for one.
static void draw_band(struct plot *plot, const struct curve *curve, const struct line *line,
                      const char *colour) {
    if (curve->group.count < 2) {
        return;
    }
    int series = plot_series(plot);
    for (size_t i = 0; i < corners(line, curve); i++) {
        size_t e = corner_episode(line, i);
        plot_band(plot, corner_x(line, i), *history_field(&curve->low, e, line->field),
                  *history_field(&curve->high, e, line->field));
    }
    plot_draw(plot, "$s%d using 1:2:3 with filledcurves fillcolor rgb '#c0%s'", series, colour + 1);
}

static void draw_banded(struct plot *plot, const struct curve *curve, const struct line *line,
                        const char *colour) {
    draw_band(plot, curve, line, colour);
    draw_mean(plot, curve, line, colour);
}

// ---- Panels ----------------------------------------------------------------------------------------

// Bars are for one method; several would hide each other.
static bool changes_alone(const struct facet *facet) {
    int moving = 0;
    for (size_t i = 0; i < facet->count; i++) {
        moving += f2_moves(&facet->curves[i]);
    }
    return moving == 1;
}

static void draw_curve(const struct context *c, enum f2_row row, const struct facet *facet,
                       const struct curve *curve) {
    struct plot *plot = c->plot;
    const char *colour =
        plot_method_style(c->block->facets->set, curve->group.runs[0]->method).colour;
    bool moves = f2_moves(curve);
    switch (row) {
    case F2_PERPLEXITY:
        draw_band(plot, curve, &TEST, colour);
        draw_mean(plot, curve, &TRAINING, colour);
        draw_mean(plot, curve, &TEST, colour);
        break;
    case F2_LAYERS:
        draw_banded(plot, curve, &INDEPENDENT, colour);
        if (moves && c->block->lines & F2_STORED) {
            draw_mean(plot, curve, &STORED, colour);
        }
        break;
    case F2_CHANGES:
        if (moves && changes_alone(facet)) {
            draw_bars(plot, curve, &BARS, colour);
        } else if (moves) {
            draw_mean(plot, curve, &CHANGES, colour);
        }
        break;
    case F2_EPSILON:
        draw_mean(plot, curve, &EPSILON, colour);
        break;
    case F2_BATCH:
        draw_banded(plot, curve, &BATCH, colour);
        break;
    case F2_ROWS:
        break;
    }
}

// Above the panel, how many of its curves are covered by others.
static void draw_covered(const struct context *c, enum f2_row row, const struct facet *facet,
                         const struct plot_panel *panel) {
    size_t drawn, covered;
    f2_count(facet, row, &drawn, &covered);
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

// Where the true perplexity is too far below the curves to be drawn, it stands as a number.
static void draw_far_floor(const struct context *c, const struct facet *facet,
                           const struct plot_panel *panel) {
    double floor = f2_floor(facet);
    if (isfinite(floor) && floor < c->block->ranges[F2_PERPLEXITY].low) {
        char note[64];
        snprintf(note, sizeof note, "true entropy, far below: %.3g", floor);
        plot_text(c->plot, &(struct plot_label){.x = panel->x + 4,
                                                .y = panel->y + 6,
                                                .string = note,
                                                .size = 6.5,
                                                .colour = PLOT_FAINT_INK});
    }
}

static void draw_floor(const struct context *c, const struct facet *facet) {
    double floor = f2_floor(facet);
    const struct plot_range *axis = &c->block->ranges[F2_PERPLEXITY];
    if (floor >= axis->low && floor <= axis->high) {
        int series = plot_series(c->plot);
        plot_point(c->plot, c->block->episodes.low, floor);
        plot_point(c->plot, c->block->episodes.high, floor);
        plot_draw(c->plot,
                  "$s%d with lines linecolor rgb '" PLOT_FAINT_INK
                  "' linewidth %g dashtype " FLOOR_DASH,
                  series, FLOOR_WIDTH);
    }
}

// A line of a row's name, set smaller where the next row's would be too near.
static void draw_name(struct plot *plot, const char *line, double x,
                      const struct plot_panel *panel) {
    double length = plot_text_width(line, 0), room = panel->height + GAP - 6;
    plot_text(plot, &(struct plot_label){.x = x,
                                         .y = panel->y + panel->height / 2,
                                         .string = line,
                                         .align = PLOT_CENTER,
                                         .size = length > room ? 8 * room / length : 8,
                                         .upright = true});
}

static void draw_panel(const struct context *c, enum f2_row row, const struct facet *facet,
                       const struct plot_panel *panel) {
    if (panel->y_axis.labels && ROW[row].second) {
        draw_name(c->plot, ROW[row].name, 5.5, panel);
        draw_name(c->plot, ROW[row].second, 14.5, panel);
    } else if (panel->y_axis.labels) {
        draw_name(c->plot, ROW[row].name, 9, panel);
    }
    if (panel->x_axis.labels) {
        plot_text(c->plot, &(struct plot_label){.x = panel->x + panel->width / 2,
                                                .y = panel->y - 22,
                                                .string = "Episode",
                                                .align = PLOT_CENTER});
    }
    draw_covered(c, row, facet, panel);
    if (row == F2_PERPLEXITY) {
        draw_far_floor(c, facet, panel);
    }
    plot_panel(c->plot, panel);
    if (row == F2_PERPLEXITY) {
        draw_floor(c, facet);
    }
    for (size_t i = 0; i < facet->count; i++) {
        draw_curve(c, row, facet, &facet->curves[i]);
    }
    plot_end_panel(c->plot);
}

static struct plot_panel place(const struct context *c, enum f2_row row, double x, double y,
                               bool first) {
    struct plot_panel panel = {
        .x = x, .y = y, .width = c->width, .height = ROW[row].height * c->scale};
    panel.x_axis = (struct plot_axis){.from = c->block->episodes.low,
                                      .to = c->block->episodes.high,
                                      .labels = (int)row == f2_last_row(c->block),
                                      .whole = true,
                                      .ticks = c->width > 200 ? 6 : 3};
    panel.y_axis = f2_vertical_axis(c->block, row);
    panel.y_axis.labels = first;
    panel.y_axis.ticks = ROW[row].ticks;
    return panel;
}

// The panels of a facet, from the top down.
static void draw_column(const struct context *c, const struct facet *facet, size_t column,
                        double top) {
    double x = c->left + (double)column * (c->width + COLUMN_GAP), y = top;
    struct text title = {0};
    facets_add_title(&title, c->block->facets, facet);
    const char *name = text_string(&title);
    for (int row = 0; row < F2_ROWS; row++) {
        if (!plot_range_is_empty(&c->block->ranges[row])) {
            y -= ROW[row].height * c->scale;
            struct plot_panel panel = place(c, (enum f2_row)row, x, y, column == 0);
            panel.title = name;
            name = NULL;
            draw_panel(c, (enum f2_row)row, facet, &panel);
            y -= GAP;
        }
    }
    text_free(&title);
}

// ---- The page --------------------------------------------------------------------------------------

static bool same_stroke(const struct line *a, const struct line *b) {
    return a->width == b->width && a->dash == b->dash && strcmp(a->alpha, b->alpha) == 0;
}

// The stroke of a line that is drawn, with the names of all that have it; once, for the first of them.
static void add_stroke(struct plot *plot, struct plot_legend *legend, unsigned lines,
                       const struct line *line) {
    const struct line *first = NULL;
    struct text names = {0};
    for (size_t i = 0; i < ARRAY_LENGTH(LEGEND); i++) {
        if (lines & LEGEND[i]->bit && same_stroke(LEGEND[i], line)) {
            text_format(&names, "%s%s", first ? ", " : "", LEGEND[i]->name);
            first = first ? first : LEGEND[i];
        }
    }
    if (first == line) {
        char colour[16];
        snprintf(colour, sizeof colour, "#%s%s", line->alpha, &PLOT_INK[1]);
        plot_legend_line(plot, legend, text_string(&names), colour, line->width, line->dash);
    }
    text_free(&names);
}

// Returns the height that it takes below y. `lines`: of all blocks, of enum f2_line.
static double draw_legend(struct plot *plot, const struct facets *facets, unsigned lines, double y,
                          bool measure) {
    struct plot_legend legend = {.left = LEFT, .x = LEFT, .y = y, .measure = measure};
    facets_legend_methods(plot, &legend, facets, FACETS_LINES, METHODS);
    for (size_t i = 0; i < ARRAY_LENGTH(LEGEND); i++) {
        add_stroke(plot, &legend, lines, LEGEND[i]);
    }
    if (lines & F2_FLOOR) {
        plot_legend_line(plot, &legend, "true entropy", PLOT_FAINT_INK, FLOOR_WIDTH, FLOOR_DASH);
    }
    if (facets->seeds) {
        plot_legend_line(plot, &legend, "lowest to highest seed", "#c0333333", 6, NULL);
    }
    return y - legend.y + PLOT_LEGEND_HEIGHT + 3;
}

static double block_height(const struct f2_block *block, double scale) {
    double height = BOTTOM - GAP + PLOT_TITLE_HEIGHT;
    for (int row = 0; row < F2_ROWS; row++) {
        if (!plot_range_is_empty(&block->ranges[row])) {
            height += ROW[row].height * scale + GAP;
        }
    }
    return height;
}

static void draw_block(struct plot *plot, const struct f2_block *block, double scale, double top) {
    double columns = (double)(block->end - block->first);
    struct context c = {.plot = plot, .block = block, .left = LEFT, .scale = scale};
    c.width = (plot->width - LEFT - RIGHT - COLUMN_GAP * (columns - 1)) / columns;
    for (size_t i = block->first; i < block->end; i++) {
        draw_column(&c, &block->facets->items[i], i - block->first, top - PLOT_TITLE_HEIGHT);
    }
}

// A block for each architecture, from the top down.
static void draw(struct plot *plot, const struct facets *facets, struct f2_block *blocks,
                 size_t count) {
    size_t columns = 4;
    unsigned lines = 0;
    double height = BLOCK_GAP * ((double)count - 1), scale = count > 1 ? 0.66 : 1;
    for (size_t b = 0, first = 0; b < count; first = blocks[b++].end) {
        size_t end = facets_block_end(facets, first);
        blocks[b] = (struct f2_block){.facets = facets, .first = first, .end = end};
        f2_measure(&blocks[b]);
        columns = end - first > columns ? end - first : columns;
        lines |= blocks[b].lines;
        height += block_height(&blocks[b], scale);
    }
    plot_begin(plot, PLOT_WIDTH * (double)columns / 4, 0);
    height += draw_legend(plot, facets, lines, 0, true);
    plot_begin(plot, plot->width, height);
    double y = height - draw_legend(plot, facets, lines, height - 8, false);
    for (size_t b = 0; b < count; b++) {
        draw_block(plot, &blocks[b], scale, y);
        y -= block_height(&blocks[b], scale) + BLOCK_GAP;
    }
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct facets facets;
    void *blocks = NULL;
    enum status status = facets_build(&facets, set, METHODS, error);
    size_t count = facets_blocks(&facets);
    if (status == STATUS_OK) {
        status = memory_allocate(&blocks, count, sizeof(struct f2_block), "the panels", error);
    }
    if (status == STATUS_OK) {
        f2_add_data(&plot->data, &facets);
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
        "generated text; a number stands for one that is far below. Above a panel stands how many "
        "of its curves coincide with one later in the legend, which covers them. With several "
        "seeds, their mean; a band from the lowest to the highest is of test perplexity, "
        "independent layers and the batches.",
    .conclude = conclude_training,
    .build = build,
};
