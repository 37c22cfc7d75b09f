// F1, the final tying map of each run: a strip of L cells in the colour of the layer whose weights
// are used, and an arc from each tied layer to its source.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/report/figures.h"

enum { RIGHT = 66, CELL = 15, AXIS = 22, ARC_POINTS = 48, ROW_GAP = 9, DATASET_GAP = 9, TOP = 2 };
static const double ARC_HEIGHT = 46;

// Where things are: the strips begin at `left`, behind the names.
struct layout {
    double left, cell;
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

static int most_layers(const struct run_set *set) {
    int most = 1;
    for (size_t i = 0; i < set->count; i++) {
        most = set->runs[i]->layers > most ? set->runs[i]->layers : most;
    }
    return most;
}

static double row_height(const struct run *run) {
    return CELL + ROW_GAP + (is_tied(run) ? ARC_HEIGHT : 0);
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

static void draw_cells(struct plot *plot, const struct run *run, double y, struct layout at) {
    for (int i = 0; i < run->layers; i++) {
        int root = run_root(run->final_state, i);
        unsigned colour = plot_layer_colour(root, run->layers);
        double x = at.left + i * at.cell, cell = at.cell, gap = cell > 6 ? 1 : 0.4;
        plot_rectangle(plot, x, y, cell - gap, CELL, colour);
        char number[16];
        snprintf(number, sizeof number, "%d", root);
        double size = cell > 12 ? 8 : cell * 0.62;
        bool fits = plot_text_width(number, size) <= cell - gap;
        if (fits && size >= 5) {
            plot_text(plot,
                      &(struct plot_label){.x = x + (cell - gap) / 2,
                                           .y = y + CELL / 2.0,
                                           .string = number,
                                           .align = PLOT_CENTER,
                                           .weight = root == i ? PLOT_BOLD : PLOT_PLAIN,
                                           .size = size,
                                           .colour = plot_is_dark(colour) ? "#ffffff" : "#1a1a1a"});
        }
    }
}

static void draw_arcs(struct plot *plot, const struct run *run, double y, struct layout at) {
    for (int i = run->layers - 1; i > 0; i--) {
        int source = run->final_state[i];
        if (source != i) {
            double half = (at.cell - 1) / 2;
            double share = run->layers > 1 ? (double)(i - source) / (run->layers - 1) : 1;
            draw_arc(plot, at.left + source * at.cell + half, at.left + i * at.cell + half, share,
                     y + CELL + 1);
        }
    }
}

static bool same_dataset(const struct run_set *set, size_t i, size_t j) {
    return strcmp(set->runs[i]->dataset, set->runs[j]->dataset) == 0;
}

static double gap_before(const struct run_set *set, size_t i) {
    return i > 0 && !same_dataset(set, i, i - 1) ? DATASET_GAP : 0;
}

// The method, and the seed where there are several.
static void add_name(struct text *name, const struct run_set *set, size_t index) {
    const struct run *run = set->runs[index];
    text_add(name, run->method);
    for (size_t i = 0; i < set->count; i++) {
        if (i != index && same_dataset(set, i, index) &&
            strcmp(set->runs[i]->method, run->method) == 0) {
            text_format(name, ", seed %s", run->seed);
            return;
        }
    }
}

static void draw_names(struct plot *plot, const struct run_set *set, size_t index, double y,
                       struct layout at) {
    const struct run *run = set->runs[index];
    double middle = y + CELL / 2.0;
    if (index == 0 || !same_dataset(set, index, index - 1)) {
        plot_text(plot, &(struct plot_label){
                            .x = 2, .y = middle, .string = run->dataset, .weight = PLOT_BOLD});
    }
    struct text name = {0};
    add_name(&name, set, index);
    plot_text(plot, &(struct plot_label){.x = at.left - 8,
                                         .y = middle,
                                         .string = text_string(&name),
                                         .align = PLOT_RIGHT});
    text_clear(&name);
    text_format(&name, "%d of %d", count_independent(run), run->layers);
    plot_text(plot, &(struct plot_label){.x = at.left + run->layers * at.cell + 6,
                                         .y = middle,
                                         .string = text_string(&name),
                                         .colour = PLOT_FAINT_INK});
    plot->script.failed = plot->script.failed || name.failed;
    text_free(&name);
}

static struct layout lay_out(const struct run_set *set, int layers) {
    double dataset = 0, method = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct text name = {0};
        add_name(&name, set, i);
        double width = plot_text_width(text_string(&name), 0);
        method = width > method ? width : method;
        width = plot_text_width(set->runs[i]->dataset, 0) * 1.08; // bold
        dataset = width > dataset ? width : dataset;
        text_free(&name);
    }
    double left = dataset + method + 24;
    left = left > PLOT_WIDTH / 2.0 ? PLOT_WIDTH / 2.0 : left;
    return (struct layout){.left = left, .cell = (PLOT_WIDTH - RIGHT - left) / layers};
}

static void add_data(struct text *data, const struct run *run) {
    const char *names[] = {run->dataset, run->arch, run->method, run->seed};
    for (int i = 0; i < run->layers; i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(names); j++) {
            text_add_field(data, names[j]);
            text_add(data, "\t");
        }
        text_format(data, "%d\t%d\t%d\n", i, run->final_state[i], run_root(run->final_state, i));
    }
}

static void draw_axis(struct plot *plot, int layers, struct layout at) {
    int step = layers <= 16 ? 1 : layers <= 64 ? 4 : 16;
    for (int i = 0; i < layers; i += step) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        plot_text(plot, &(struct plot_label){.x = at.left + (i + 0.5) * at.cell - 0.5,
                                             .y = AXIS - 4,
                                             .string = number,
                                             .align = PLOT_CENTER,
                                             .size = 7});
    }
    plot_text(plot, &(struct plot_label){.x = at.left + layers * at.cell / 2,
                                         .y = 6,
                                         .string = "Layer",
                                         .align = PLOT_CENTER});
    plot_text(plot, &(struct plot_label){.x = at.left + layers * at.cell + 6,
                                         .y = AXIS - 4,
                                         .string = "independent",
                                         .size = 7,
                                         .colour = PLOT_FAINT_INK});
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    (void)error;
    double height = AXIS + TOP;
    for (size_t i = 0; i < set->count; i++) {
        height += row_height(set->runs[i]) + gap_before(set, i);
    }
    int layers = most_layers(set);
    struct layout at = lay_out(set, layers);
    plot_begin(plot, PLOT_WIDTH, height);
    text_add(&plot->data, "dataset\tarch\tmethod\tseed\tlayer\tsource\troot\n");
    draw_axis(plot, layers, at);
    double y = height - TOP;
    for (size_t i = 0; i < set->count; i++) {
        y -= row_height(set->runs[i]) + gap_before(set, i);
        draw_cells(plot, set->runs[i], y + ROW_GAP / 2.0, at);
        draw_names(plot, set, i, y + ROW_GAP / 2.0, at);
        add_data(&plot->data, set->runs[i]);
    }
    // One panel over the whole page, in points: the arcs.
    plot_panel(plot, &(struct plot_panel){.width = PLOT_WIDTH,
                                          .height = height,
                                          .x_axis = {.to = PLOT_WIDTH},
                                          .y_axis = {.to = height}});
    y = height - TOP;
    for (size_t i = 0; i < set->count; i++) {
        y -= row_height(set->runs[i]) + gap_before(set, i);
        draw_arcs(plot, set->runs[i], y + ROW_GAP / 2.0, at);
    }
    plot_end_panel(plot);
    return STATUS_OK;
}

const struct figure_type FIGURE_F1 = {
    .id = "F1",
    .title = "Final tying maps",
    .caption =
        "A cell is a layer, its colour and number the layer whose weights it uses; an arc "
        "leads from a tied layer to its source. At the right, how many layers are independent.",
    .build = build,
};
