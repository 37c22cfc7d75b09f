// F3, the map over time: a raster for each run, a row per layer, a column per episode, in the colour
// of the layer whose weights are used. The strip at its right shows each layer's own colour.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/figures.h"

enum { LEFT = 34, RIGHT = 16, GAP = 30, TITLE = 16, STRIP = 7, NOTE = 2, ROW_GAP = 26 };

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
        const char *names[] = {run->dataset, run->arch, run->method, run->seed};
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
            text_add_field(data, names[i]);
            text_add(data, "\t");
        }
        text_format(data, "%zu\t", e + 1);
        for (int i = 0; i < run->layers; i++) {
            text_format(data, "%s%d", i > 0 ? " " : "", roots[e * (size_t)run->layers + (size_t)i]);
        }
        text_add(data, "\n");
    }
}

// Which runs are drawn: those whose map changes, or all if none does.
static bool is_drawn(const struct run_set *set, const struct run *run) {
    bool any = false;
    for (size_t i = 0; i < set->count; i++) {
        any = any || run_map_changes(set->runs[i]);
    }
    return !any || run_map_changes(run);
}

static void draw_strip(struct plot *plot, const struct plot_panel *panel, int layers) {
    double cell = panel->height / layers;
    for (int i = 0; i < layers; i++) {
        plot_rectangle(plot, panel->x + panel->width + 3, panel->y + i * cell, STRIP,
                       cell * (layers > 16 ? 1.02 : 0.94), plot_layer_colour(i, layers));
    }
}

static void draw_run(struct plot *plot, const struct run *run, const uint16_t *roots,
                     size_t episodes, struct plot_panel panel) {
    int series = plot_series(plot);
    for (size_t e = 0; e < episodes; e++) {
        for (int i = 0; i < run->layers; i++) {
            int root = roots[e * (size_t)run->layers + (size_t)i];
            unsigned colour = plot_layer_colour(root, run->layers);
            plot_row(plot, "%zu %d %u %u %u", e + 1, i, colour >> 16, colour >> 8 & 255,
                     colour & 255);
        }
    }
    char title[4 * RUN_NAME];
    snprintf(title, sizeof title, "%s, %s%s%s", run->dataset, run->method,
             run->seed[0] ? ", seed " : "", run->seed);
    panel.title = title;
    panel.x_axis = (struct plot_axis){.from = 0.5,
                                      .to = (double)episodes + 0.5,
                                      .labels = true,
                                      .whole = true,
                                      .ticks = panel.width > 250 ? 6 : 4};
    panel.y_axis = (struct plot_axis){.from = -0.5,
                                      .to = run->layers - 0.5,
                                      .labels = true,
                                      .whole = true,
                                      .ticks = run->layers > 12 ? 6 : run->layers};
    draw_strip(plot, &panel, run->layers);
    plot_panel(plot, &panel);
    plot_draw(plot, "$s%d using 1:2:3:4:5 with rgbimage", series);
    plot_end_panel(plot);
}

static double panel_height(int layers) {
    double height = layers * 9.0;
    return height < 60 ? 60 : height > 150 ? 150 : height;
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    size_t shown = 0;
    double row_height = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (is_drawn(set, set->runs[i])) {
            double height = panel_height(set->runs[i]->layers);
            row_height = height > row_height ? height : row_height;
            shown++;
        }
    }
    size_t columns = shown > 1 ? 2 : 1, rows = (shown + columns - 1) / columns, place = 0;
    double height = NOTE + (double)rows * (TITLE + row_height + ROW_GAP);
    plot_begin(plot, PLOT_WIDTH, height);
    double width = (PLOT_WIDTH - LEFT - RIGHT - GAP * ((double)columns - 1)) / (double)columns;
    text_add(&plot->data, "dataset\tarch\tmethod\tseed\tepisode\troots\n");
    enum status status = STATUS_OK;
    for (size_t i = 0; i < set->count && status == STATUS_OK; i++) {
        const struct run *run = set->runs[i];
        uint16_t *roots = NULL;
        size_t episodes = 0;
        status = roots_build(run, &roots, &episodes, error);
        if (status == STATUS_OK) {
            add_data(&plot->data, run, roots, episodes);
        }
        if (status == STATUS_OK && is_drawn(set, run)) {
            size_t row = place / columns, column = place % columns;
            struct plot_panel panel = {.width = width, .height = row_height};
            panel.x = LEFT + (double)column * (width + GAP);
            panel.y = height - (double)(row + 1) * (TITLE + row_height + ROW_GAP) + ROW_GAP;
            if (column == 0) {
                plot_text(plot, &(struct plot_label){.x = 8,
                                                     .y = panel.y + row_height / 2,
                                                     .string = "Layer",
                                                     .align = PLOT_CENTER,
                                                     .upright = true});
            }
            if (place + columns >= shown) {
                plot_text(plot, &(struct plot_label){.x = panel.x + width / 2,
                                                     .y = panel.y - 21,
                                                     .string = "Episode",
                                                     .align = PLOT_CENTER});
            }
            draw_run(plot, run, roots, episodes, panel);
            place++;
        }
        free(roots);
    }
    return status;
}

const struct figure_type FIGURE_F3 = {
    .id = "F3",
    .title = "The map over time",
    .caption =
        "For each layer and episode, the colour of the layer whose weights it uses; the strip "
        "beside each map shows every layer's own colour, so that a layer in its own colour is "
        "independent. Runs whose map never changes are left out.",
    .build = build,
};
