// F3, the map over time: a raster for each run, a row per layer, a column per episode, in the colour
// of the independent layer that the sources lead to. The strip at its right shows each layer's own colour.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"

enum { LEFT = 34, RIGHT = 16, GAP = 30, TITLE = 16, LINE = 10, STRIP = 7, NOTE = 2, ROW_GAP = 26 };
enum { SEEDS_MAX = 12 };     // maps, beyond which only the first seed of each method is drawn
enum { COLUMNS_MAX = 4096 }; // episodes, beyond which not every one is drawn: none could be seen

// (episodes, L) the roots at the end of each episode from 1 on; those without a visit repeat the last.
static enum status roots_build(const struct run *run, uint16_t **roots, size_t *episodes,
                               struct error *error) {
    size_t layers = (size_t)run->layers;
    *episodes = run->visit_count > 0 ? (size_t)run->visits[run->visit_count - 1].episode : 1;
    *episodes = *episodes > 0 ? *episodes : 1;
    enum status status =
        memory_allocate((void **)roots, *episodes * layers, sizeof **roots, "a map", error);
    if (status != STATUS_OK) {
        return status;
    }
    size_t visit = 0;
    const uint16_t *state = run->start;
    for (size_t e = 0; e < *episodes; e++) {
        while (visit < run->visit_count && run->visits[visit].episode <= (int64_t)e + 1) {
            state = run_state(run, visit++);
        }
        for (size_t i = 0; i < layers; i++) {
            (*roots)[e * layers + i] = (uint16_t)run_root(state, (int)i);
        }
    }
    return STATUS_OK;
}

static void add_data(struct text *data, const struct run *run, const uint16_t *roots,
                     size_t episodes) {
    for (size_t e = 0; e < episodes; e++) {
        figure_add_names(data, run);
        text_format(data, "%zu\t", e + 1);
        for (int i = 0; i < run->layers; i++) {
            text_format(data, "%s%d", i > 0 ? " " : "", roots[e * (size_t)run->layers + (size_t)i]);
        }
        text_add(data, "\n");
    }
}

// Which runs are drawn, and how large.
struct layout {
    const struct run_set *set;
    bool all;         // maps that never change too, since none does
    bool first_seeds; // of several
    bool arches;
    size_t shown, columns;
    double width, height; // of a panel
    double title;         // of its name
};

static bool is_first_seed(const struct run_set *set, size_t index) {
    const struct run *run = set->runs[index], *before = index > 0 ? set->runs[index - 1] : NULL;
    return !before || strcmp(before->dataset, run->dataset) != 0 ||
           strcmp(before->arch, run->arch) != 0 || strcmp(before->method, run->method) != 0;
}

static bool is_drawn(const struct layout *at, size_t index) {
    return (at->all || run_map_changes(at->set->runs[index])) &&
           (!at->first_seeds || is_first_seed(at->set, index));
}

static size_t count_drawn(const struct layout *at) {
    size_t count = 0;
    for (size_t i = 0; i < at->set->count; i++) {
        count += is_drawn(at, i);
    }
    return count;
}

static struct layout lay_out(const struct run_set *set) {
    struct layout at = {.set = set};
    at.all = count_drawn(&at) == 0;
    at.first_seeds = count_drawn(&at) > SEEDS_MAX;
    at.shown = count_drawn(&at);
    at.columns = at.shown <= 1 ? 1 : at.shown <= 4 ? 2 : at.shown <= 9 ? 3 : 4;
    at.width = (PLOT_WIDTH - LEFT - RIGHT - GAP * ((double)at.columns - 1)) / (double)at.columns;
    at.title = at.columns > 2 ? TITLE + LINE : TITLE;
    double most = at.columns <= 2 ? 150 : at.columns == 3 ? 96 : 66, least = most < 60 ? most : 60;
    for (size_t i = 0; i < set->count; i++) {
        double height = set->runs[i]->layers * 9.0;
        height = height < least ? least : height > most ? most : height;
        at.height = is_drawn(&at, i) && height > at.height ? height : at.height;
        at.arches = at.arches || strcmp(set->runs[i]->arch, set->runs[0]->arch) != 0;
    }
    return at;
}

static void draw_strip(struct plot *plot, const struct plot_panel *panel, int layers) {
    double cell = panel->height / layers;
    for (int i = 0; i < layers; i++) {
        plot_rectangle(plot, panel->x + panel->width + 3, panel->y + i * cell, STRIP,
                       cell * (layers > 16 ? 1.02 : 0.94), plot_layer_colour(i, layers));
    }
}

// On one line, or where panels are narrow on two.
static void draw_title(struct plot *plot, const struct layout *at, const struct run *run,
                       struct plot_panel *panel, struct text *title) {
    struct text method = {0};
    text_add(title, run->dataset);
    if (at->arches) {
        text_format(title, " (%s)", figure_arch_name(run->arch));
    }
    text_format(&method, "%s%s%s", run->method, run->seed[0] ? ", seed " : "", run->seed);
    double y = panel->y + panel->height + 8;
    if (at->columns <= 2) {
        text_format(title, ", %s", text_string(&method));
    } else {
        plot_text(plot, &(struct plot_label){
                            .x = panel->x, .y = y, .string = text_string(&method), .size = 7});
        y += LINE;
    }
    plot_text(plot, &(struct plot_label){
                        .x = panel->x, .y = y, .string = text_string(title), .weight = PLOT_BOLD});
    plot->script.failed = plot->script.failed || method.failed;
    text_free(&method);
}

static void draw_run(struct plot *plot, const struct layout *at, const struct run *run,
                     const uint16_t *roots, size_t episodes, struct plot_panel panel) {
    int series = plot_series(plot);
    size_t step = (episodes + COLUMNS_MAX - 1) / COLUMNS_MAX;
    for (size_t e = step - 1; e < episodes; e += step) {
        double middle = (double)(e + 1) - (double)(step - 1) / 2;
        for (int i = 0; i < run->layers; i++) {
            int root = roots[e * (size_t)run->layers + (size_t)i];
            unsigned colour = plot_layer_colour(root, run->layers);
            plot_row(plot, "%.10g %d %u %u %u", middle, i, colour >> 16, colour >> 8 & 255,
                     colour & 255);
        }
    }
    struct text title = {0};
    draw_title(plot, at, run, &panel, &title);
    text_free(&title);
    panel.x_axis = (struct plot_axis){.from = 0.5,
                                      .to = (double)episodes + 0.5,
                                      .labels = true,
                                      .whole = true,
                                      .ticks = panel.width > 250 ? 6 : 4};
    panel.y_axis =
        (struct plot_axis){.from = -0.5,
                           .to = run->layers - 0.5,
                           .labels = true,
                           .whole = true,
                           .ticks = run->layers > 12 || at->height < 60 ? 6 : run->layers};
    draw_strip(plot, &panel, run->layers);
    plot_panel(plot, &panel);
    plot_draw(plot, "$s%d using 1:2:3:4:5 with rgbimage", series);
    plot_end_panel(plot);
}

// The panel at `place`, counted along the rows, with the names of its axes.
static struct plot_panel place_panel(struct plot *plot, const struct layout *at, size_t place) {
    size_t row = place / at->columns, column = place % at->columns;
    struct plot_panel panel = {.width = at->width, .height = at->height};
    panel.x = LEFT + (double)column * (at->width + GAP);
    panel.y = plot->height - (double)(row + 1) * (at->title + at->height + ROW_GAP) + ROW_GAP;
    if (column == 0) {
        plot_text(plot, &(struct plot_label){.x = 8,
                                             .y = panel.y + at->height / 2,
                                             .string = "Layer",
                                             .align = PLOT_CENTER,
                                             .upright = true});
    }
    if (place + at->columns >= at->shown) {
        plot_text(plot, &(struct plot_label){.x = panel.x + at->width / 2,
                                             .y = panel.y - 21,
                                             .string = "Episode",
                                             .align = PLOT_CENTER});
    }
    return panel;
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct layout at = lay_out(set);
    size_t rows = (at.shown + at.columns - 1) / at.columns, place = 0;
    plot_begin(plot, PLOT_WIDTH, NOTE + (double)rows * (at.title + at.height + ROW_GAP));
    text_add(&plot->data, "dataset\tarch\tmethod\tseed\tepisode\troots\n");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        uint16_t *roots = NULL;
        size_t episodes = 0;
        status = roots_build(set->runs[i], &roots, &episodes, error);
        if (status == STATUS_OK) {
            add_data(&plot->data, set->runs[i], roots, episodes);
        }
        if (status == STATUS_OK && is_drawn(&at, i)) {
            struct plot_panel panel = place_panel(plot, &at, place++);
            draw_run(plot, &at, set->runs[i], roots, episodes, panel);
        }
        free(roots);
    }
    return status;
}

const struct figure_type FIGURE_F3 = {
    .id = "F3",
    .title = "The map over time",
    .caption =
        "A row is a layer, a column an episode, and the colour that of the independent layer that "
        "the sources led to at its end, whose weights were used, except under the released code's "
        "options: there several independent layers may share one storage, and a layer may have "
        "kept an older one. The strip beside each map shows every layer's own colour, so that a "
        "layer in its own colour is independent. Runs whose map never changes are left out; of "
        "more than twelve, only the first seed of each method is drawn.",
    .build = build,
};
