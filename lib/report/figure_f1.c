// F1, the final tying map of each run: a strip of L cells in the colour of the independent layer that
// the sources lead to, and, unless there are too many strips, an arc from each tied layer to its source.
// Seeds that ended with the same map share a strip. A log does not tell which storage each layer used,
// only how many there were: where that is another number, it is printed.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"

enum {
    RIGHT = 58, // at least
    AXIS = 22,
    ARC_POINTS = 48,
    DATASET_GAP = 9,
    TOP = 2,
    HEADING = 13,
    GUTTER = 14
};
// Strips with arcs, those that are set wide, and those that stand in one column.
enum { ARCS_MAX = 8, ROOMY_MAX = 20, COLUMN_MAX = 28 };
static const double ARC_HEIGHT = 46;
static const double WIDEST = 1.1; // what some browsers' fonts take more than is estimated

struct strip {
    const struct run *run; // the first of the seeds
    struct group group;    // that it is one of
    bool starts;           // a dataset or architecture, or a column
    double x, y;           // where its cells begin, lower left
};

// Where things are: the cells begin at `left` of a column, behind the names. A single column has the
// datasets' names at its left; two have them above the strips.
struct layout {
    const struct run_set *set;
    struct strip *strips;
    size_t count;
    int layers; // the most of any run
    bool arcs, arches;
    size_t columns;
    double column, left, right, cell, height, gap;
};

static bool is_tied(const struct run *run) {
    for (int i = 0; i < run->layers; i++) {
        if (run->final_state[i] != i) {
            return true;
        }
    }
    return false;
}

static int count_independent(const struct run *run) {
    int count = 0;
    for (int i = 0; i < run->layers; i++) {
        count += run->final_state[i] == i;
    }
    return count;
}

// "2 of 12", and the stored layers where they are not as many: "2 of 12, 1 stored".
static void add_counts(struct text *text, const struct run *run) {
    int independent = count_independent(run);
    double stored = quantity_of(STORED_FINAL, run);
    text_format(text, "%d of %d", independent, run->layers);
    if (isfinite(stored) && stored != independent) {
        text_format(text, ", %.4g stored", stored);
    }
}

static bool same_map(const struct run *a, const struct run *b) {
    return a->layers == b->layers &&
           memcmp(a->final_state, b->final_state, (size_t)a->layers * sizeof *a->final_state) == 0;
}

// Half an ellipse above the strip; its height grows with the distance, slower than it.
static void draw_arc(struct plot *plot, double from, double to, double share, double y) {
    int series = plot_series(plot);
    double middle = (from + to) / 2, radius = fabs(from - to) / 2;
    double height = (ARC_HEIGHT - 6) * (0.25 + 0.75 * sqrt(share));
    for (int i = 0; i <= ARC_POINTS; i++) {
        // Rational points of the half circle: no cosine is needed.
        double t = -1 + 2.0 * i / ARC_POINTS;
        plot_point(plot, middle + radius * 2 * t / (1 + t * t),
                   y + height * (1 - t * t) / (1 + t * t));
    }
    plot_draw(plot, "$s%d with lines linecolor rgb '" PLOT_FAINT_INK "' linewidth 0.9", series);
}

static void draw_cells(struct plot *plot, const struct strip *strip, const struct layout *at) {
    const struct run *run = strip->run;
    double y = strip->y;
    for (int i = 0; i < run->layers; i++) {
        int root = run_root(run->final_state, i);
        unsigned colour = plot_layer_colour(root, run->layers);
        double x = strip->x + i * at->cell, cell = at->cell, gap = cell > 6 ? 1 : 0.4;
        plot_rectangle(plot, x, y, cell - gap, at->height, colour);
        char number[16];
        snprintf(number, sizeof number, "%d", root);
        double size = cell > 12 && at->height > 12 ? 8 : fmin(cell, at->height) * 0.62;
        bool fits = plot_text_width(number, size) <= cell - gap;
        if (fits && size >= 5) {
            plot_text(plot, &(struct plot_label){.x = x + (cell - gap) / 2,
                                                 .y = y + at->height / 2,
                                                 .string = number,
                                                 .align = PLOT_CENTER,
                                                 .weight = root == i ? PLOT_BOLD : PLOT_PLAIN,
                                                 .size = size,
                                                 .colour = plot_ink_on(colour)});
        }
    }
}

static void draw_arcs(struct plot *plot, const struct strip *strip, const struct layout *at) {
    const struct run *run = strip->run;
    for (int i = run->layers - 1; i > 0; i--) {
        int source = run->final_state[i];
        if (source != i) {
            double half = (at->cell - 1) / 2;
            double share = run->layers > 1 ? (double)(i - source) / (run->layers - 1) : 1;
            draw_arc(plot, strip->x + source * at->cell + half, strip->x + i * at->cell + half,
                     share, strip->y + at->height + 1);
        }
    }
}

// The method, and where its seeds ended with different maps, those that ended with this one.
static void add_name(struct text *name, const struct strip *strip) {
    size_t same = 0;
    struct text seeds = {0};
    for (size_t i = 0; i < strip->group.count; i++) {
        if (same_map(strip->group.runs[i], strip->run)) {
            text_format(&seeds, "%s%s", same++ ? ", " : "", strip->group.runs[i]->seed);
        }
    }
    text_add(name, strip->run->method);
    if (same < strip->group.count) {
        text_format(name, ", seed%s %s", same > 1 ? "s" : "", text_string(&seeds));
    }
    text_free(&seeds);
}

static void add_dataset(struct text *name, const struct layout *at, const struct run *run) {
    text_add(name, run->dataset);
    if (at->arches) {
        text_format(name, " (%s)", figure_arch_name(run->arch));
    }
}

static void draw_names(struct plot *plot, const struct strip *strip, const struct layout *at) {
    const struct run *run = strip->run;
    double middle = strip->y + at->height / 2;
    struct text name = {0};
    if (strip->starts) {
        add_dataset(&name, at, run);
        plot_text(plot, &(struct plot_label){.x = strip->x - at->left + 2,
                                             .y = at->columns > 1 ? middle + HEADING : middle,
                                             .string = text_string(&name),
                                             .weight = PLOT_BOLD});
        text_clear(&name);
    }
    add_name(&name, strip);
    plot_text(plot, &(struct plot_label){.x = strip->x - 8,
                                         .y = middle,
                                         .string = text_string(&name),
                                         .align = PLOT_RIGHT});
    text_clear(&name);
    add_counts(&name, run);
    plot_text(plot, &(struct plot_label){.x = strip->x + run->layers * at->cell + 6,
                                         .y = middle,
                                         .string = text_string(&name),
                                         .colour = PLOT_FAINT_INK});
    plot->script.failed = plot->script.failed || name.failed;
    text_free(&name);
}

// ---- Layout ----------------------------------------------------------------------------------------

static bool map_is_new(const struct group *group, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (same_map(group->runs[i], group->runs[index])) {
            return false;
        }
    }
    return true;
}

static void add_strips(struct layout *at) {
    struct group group;
    const struct run *last = NULL;
    for (size_t next = 0; group_next(at->set, &next, &group);) {
        for (size_t i = 0; i < group.count; i++) {
            const struct run *run = group.runs[i];
            if (map_is_new(&group, i)) {
                bool starts = !last || strcmp(last->dataset, run->dataset) != 0 ||
                              strcmp(last->arch, run->arch) != 0;
                at->strips[at->count++] =
                    (struct strip){.run = run, .group = group, .starts = starts};
                last = run;
            }
        }
        at->arches = at->arches || strcmp(group.runs[0]->arch, at->set->runs[0]->arch) != 0;
    }
}

static void measure(struct layout *at) {
    double dataset = 0, method = 0, counts = 0;
    size_t tied = 0;
    at->layers = 1;
    for (size_t i = 0; i < at->count; i++) {
        const struct run *run = at->strips[i].run;
        struct text name = {0};
        add_name(&name, &at->strips[i]);
        method = fmax(method, plot_text_width(text_string(&name), 0));
        text_clear(&name);
        add_dataset(&name, at, run);
        dataset = fmax(dataset, plot_text_width(text_string(&name), 0) * 1.08); // bold
        text_clear(&name);
        add_counts(&name, run);
        counts = fmax(counts, plot_text_width(text_string(&name), 0));
        text_free(&name);
        tied += is_tied(run);
        at->layers = run->layers > at->layers ? run->layers : at->layers;
    }
    at->arcs = tied <= ARCS_MAX;
    at->height = at->count > ROOMY_MAX ? 11 : 15;
    at->gap = at->count > ROOMY_MAX ? 4 : 9;
    at->columns = at->count > COLUMN_MAX ? 2 : 1;
    at->column = (PLOT_WIDTH - GUTTER * ((double)at->columns - 1)) / (double)at->columns;
    at->left = fmin((at->columns > 1 ? 0 : dataset + 14) + WIDEST * method + 10, at->column / 2);
    at->right = fmax(RIGHT, 6 + WIDEST * counts);
    at->cell = (at->column - at->right - at->left) / at->layers;
}

// What a strip takes, with the room above it.
static double strip_height(const struct layout *at, const struct strip *strip, bool first) {
    double above = strip->starts && !first ? DATASET_GAP : 0;
    above += strip->starts && at->columns > 1 ? HEADING : 0;
    return above + at->height + at->gap + (at->arcs && is_tied(strip->run) ? ARC_HEIGHT : 0);
}

// Places all strips, in columns of about the same height, below the top of the page at 0. Returns the
// height.
static double place(struct layout *at) {
    double all = 0, lowest = 0, y = 0;
    for (size_t i = 0; i < at->count; i++) {
        all += strip_height(at, &at->strips[i], false);
    }
    size_t column = 0;
    for (size_t i = 0; i < at->count; i++) {
        struct strip *strip = &at->strips[i];
        bool full = column + 1 < at->columns && -y > all / (double)at->columns;
        bool first = i == 0 || full;
        column += full;
        strip->starts = strip->starts || first;
        y = (first ? -TOP : y) - strip_height(at, strip, first);
        strip->x = (double)column * (at->column + GUTTER) + at->left;
        strip->y = y + at->gap / 2;
        lowest = fmin(lowest, y);
    }
    return AXIS - lowest;
}

static void add_data(struct text *data, const struct run *run) {
    for (int i = 0; i < run->layers; i++) {
        figure_add_names(data, run);
        text_format(data, "%d\t%d\t%d\n", i, run->final_state[i], run_root(run->final_state, i));
    }
}

static void draw_axis(struct plot *plot, const struct layout *at, double left) {
    int layers = at->layers;
    int step = layers <= 16 ? 1 : layers <= 64 ? 4 : 16;
    for (int i = 0; i < layers; i += step) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        plot_text(plot, &(struct plot_label){.x = left + (i + 0.5) * at->cell - 0.5,
                                             .y = AXIS - 4,
                                             .string = number,
                                             .align = PLOT_CENTER,
                                             .size = 7});
    }
    plot_text(plot, &(struct plot_label){.x = left + layers * at->cell / 2,
                                         .y = 6,
                                         .string = "Layer",
                                         .align = PLOT_CENTER});
    plot_text(plot, &(struct plot_label){.x = left + layers * at->cell + 6,
                                         .y = AXIS - 4,
                                         .string = "independent",
                                         .size = 7,
                                         .colour = PLOT_FAINT_INK});
}

static void draw(struct plot *plot, struct layout *at) {
    double height = place(at);
    plot_begin(plot, PLOT_WIDTH, height);
    for (size_t i = 0; i < at->columns; i++) {
        draw_axis(plot, at, (double)i * (at->column + GUTTER) + at->left);
    }
    for (size_t i = 0; i < at->count; i++) {
        at->strips[i].y += height;
        draw_cells(plot, &at->strips[i], at);
        draw_names(plot, &at->strips[i], at);
    }
    // One panel over the whole page, in points: the arcs.
    plot_panel(plot, &(struct plot_panel){.width = PLOT_WIDTH,
                                          .height = height,
                                          .x_axis = {.to = PLOT_WIDTH},
                                          .y_axis = {.to = height}});
    for (size_t i = 0; at->arcs && i < at->count; i++) {
        draw_arcs(plot, &at->strips[i], at);
    }
    plot_end_panel(plot);
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct layout at = {.set = set};
    void *strips = NULL;
    enum status status =
        memory_allocate(&strips, set->count, sizeof(struct strip), "the strips", error);
    at.strips = strips;
    if (status == STATUS_OK) {
        add_strips(&at);
        measure(&at);
        text_add(&plot->data, "dataset\tarch\tmethod\tseed\tlayer\tsource\troot\n");
        for (size_t i = 0; i < set->count; i++) {
            add_data(&plot->data, set->runs[i]);
        }
        draw(plot, &at);
    }
    free(strips);
    return status;
}

const struct figure_type FIGURE_F1 = {
    .id = "F1",
    .title = "Final tying maps",
    .caption =
        "A cell is a layer, its colour and, where there is room, its number the independent layer "
        "that its sources lead to, whose weights it uses, except under the released code's "
        "options: there several "
        "independent layers may share one storage, and a layer may have kept an older one. An "
        "arc, where there is room, leads from a tied layer to its source. At the right, how many "
        "layers are independent and, where they are not as many, stored. Seeds that ended with "
        "the same map share a strip. Methods go by the names of their run logs.",
    .build = build,
};
