// F4, similarity: for each run measured by dlt-eval similarity, a matrix of its independent layers
// (attention above the diagonal, feed-forward below it), and one of attention heads by index.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"
#include "lib/report/similarity.h"

enum {
    LEFT = 12,  // room for the numbers of rows
    GAP = 18,   // between the two matrices
    SPACE = 14, // between runs
    TITLE = 26,
    BELOW = 34, // numbers of columns, and the means
    BAR = 60,
    BAR_STEPS = 30,
    SEEDS_MAX = 12 // networks, beyond which one seed of each method is drawn
};

struct layout {
    const struct similarity **items; // those that are drawn
    size_t count, columns;
    bool arches;                // of several architectures
    double side, width;         // of a matrix, of a run
    double layers_to, heads_to; // the colours' scales go from minus this to this
};

static void add_matrix_data(struct text *data, const struct similarity *item,
                            const struct similarity_matrix *matrix, bool head) {
    for (int row = 0; row < matrix->size; row++) {
        for (int column = 0; column < matrix->size; column++) {
            double cosine = matrix->cells[row * matrix->size + column];
            bool below = row > column, swap = below && !head;
            if (!isnan(cosine)) {
                figure_add_names(data, &item->names);
                text_format(data, "%s\t%d\t%d\t",
                            head    ? "head"
                            : below ? "feedforward"
                                    : "attention",
                            matrix->names[swap ? column : row], matrix->names[swap ? row : column]);
                text_add_real(data, cosine);
                text_add(data, "\n");
            }
        }
    }
}

// ---- Drawing ---------------------------------------------------------------------------------------

// From blue at -1 over almost white to red at 1.
static unsigned colour_of(double share) {
    static const double ENDS[2][3] = {{0x21, 0x66, 0xac}, {0xb2, 0x18, 0x2b}};
    const double white = 0xf7;
    double strength = fmin(fabs(share), 1);
    unsigned colour = 0;
    for (int i = 0; i < 3; i++) {
        double value = white + strength * (ENDS[share > 0][i] - white);
        colour = colour << 8 | (unsigned)(value + 0.5);
    }
    return colour;
}

static void measure_scale(const struct similarity_matrix *matrix, double *most) {
    for (int i = 0; i < matrix->size * matrix->size; i++) {
        double cosine = fabs(matrix->cells[i]);
        *most = cosine > *most ? cosine : *most;
    }
}

static double round_up(double value) {
    static const double STEPS[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.5};
    for (size_t i = 0; i < ARRAY_LENGTH(STEPS); i++) {
        if (value <= STEPS[i]) {
            return STEPS[i];
        }
    }
    return 1;
}

// The numbers of rows and columns: as many as there is room for.
static void draw_numbers(struct plot *plot, const struct similarity_matrix *matrix, double x,
                         double y, double side) {
    double cell = side / matrix->size;
    int step = 1 + (int)(9 / cell);
    for (int i = 0; i < matrix->size; i += step) {
        char number[16];
        snprintf(number, sizeof number, "%d", matrix->names[i]);
        double middle = (i + 0.5) * cell;
        plot_text(plot, &(struct plot_label){.x = x - 3,
                                             .y = y + side - middle,
                                             .string = number,
                                             .align = PLOT_RIGHT,
                                             .size = 6});
        plot_text(
            plot,
            &(struct plot_label){
                .x = x + middle, .y = y - 6, .string = number, .align = PLOT_CENTER, .size = 6});
    }
}

static void draw_matrix(struct plot *plot, const struct similarity_matrix *matrix, double x,
                        double y, double side, double scale) {
    int series = plot_series(plot), size = matrix->size;
    for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
            double cosine = matrix->cells[row * size + column];
            unsigned colour = isnan(cosine) ? 0xbdbdbd : colour_of(cosine / scale);
            plot_row(plot, "%d %d %u %u %u", column, size - 1 - row, colour >> 16,
                     colour >> 8 & 255, colour & 255);
        }
    }
    draw_numbers(plot, matrix, x, y, side);
    struct plot_axis axis = {.from = -0.5, .to = size - 0.5};
    plot_panel(plot,
               &(struct plot_panel){
                   .x = x, .y = y, .width = side, .height = side, .x_axis = axis, .y_axis = axis});
    plot_draw(plot, "$s%d using 1:2:3:4:5 with rgbimage", series);
    plot_end_panel(plot);
}

static void draw_means(struct plot *plot, const struct similarity *item, double x, double y) {
    if (!isfinite(item->same) || !isfinite(item->others)) {
        return;
    }
    struct text line = {0};
    text_add(&line, "same ");
    similarity_add_cosine(&line, item->same);
    text_add(&line, ", others ");
    similarity_add_cosine(&line, item->others);
    plot_text(
        plot,
        &(struct plot_label){
            .x = x, .y = y, .string = text_string(&line), .size = 6.5, .colour = PLOT_FAINT_INK});
    text_free(&line);
}

static void draw_item(struct plot *plot, const struct layout *at, const struct similarity *item,
                      double x, double y) {
    struct text title = {0};
    text_add(&title, item->names.dataset);
    if (at->arches) {
        text_format(&title, " (%s)", figure_arch_name(item->names.arch));
    }
    plot_text(plot, &(struct plot_label){.x = x,
                                         .y = y + at->side + 18,
                                         .string = text_string(&title),
                                         .weight = PLOT_BOLD});
    text_clear(&title);
    text_format(&title, "%s%s%s", item->names.method, item->names.seed[0] ? ", seed " : "",
                item->names.seed);
    plot_text(plot, &(struct plot_label){
                        .x = x, .y = y + at->side + 8, .string = text_string(&title), .size = 7});
    text_free(&title);
    draw_means(plot, item, x, y - 18);
    draw_matrix(plot, &item->layers, x, y, at->side, at->layers_to);
    draw_matrix(plot, &item->heads, x + at->side + GAP, y, at->side, at->heads_to);
}

// A bar of the colours with the numbers at its ends, and what it is of.
static void draw_bar(struct plot *plot, double x, double y, const char *name, double scale) {
    char end[32];
    plot_text(plot, &(struct plot_label){.x = x, .y = y + 4, .string = name});
    x += plot_text_width(name, 0) + 6;
    snprintf(end, sizeof end, "−%g", scale);
    plot_text(plot, &(struct plot_label){.x = x, .y = y + 4, .string = end, .size = 7});
    x += plot_text_width(end, 7) + 7;
    for (int i = 0; i < BAR_STEPS; i++) {
        double share = 2.0 * i / (BAR_STEPS - 1) - 1;
        plot_rectangle(plot, x + i * BAR / (double)BAR_STEPS, y, BAR / (double)BAR_STEPS + 0.2, 8,
                       colour_of(share));
    }
    snprintf(end, sizeof end, "%g", scale);
    plot_text(plot, &(struct plot_label){.x = x + BAR + 4, .y = y + 4, .string = end, .size = 7});
}

static bool has_pairs(const struct similarity *item) {
    return item->layers.size > 0 && item->heads.size > 0;
}

// Nothing drawn before it is of its dataset, architecture and method.
static bool is_first_seed(const struct layout *at, const struct similarity *item) {
    const struct run *run = &item->names;
    const struct run *before = at->count > 0 ? &at->items[at->count - 1]->names : NULL;
    return !before || strcmp(before->dataset, run->dataset) != 0 ||
           strcmp(before->arch, run->arch) != 0 || strcmp(before->method, run->method) != 0;
}

// Networks without pairs have nothing to show; of many, one seed of each method is enough.
static void choose(struct layout *at, const struct similarity *items, size_t count) {
    size_t with_pairs = 0;
    for (size_t i = 0; i < count; i++) {
        with_pairs += has_pairs(&items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (has_pairs(&items[i]) && (with_pairs <= SEEDS_MAX || is_first_seed(at, &items[i]))) {
            at->items[at->count++] = &items[i];
        }
    }
}

static void measure(struct layout *at) {
    for (size_t i = 0; i < at->count; i++) {
        const char *arch = at->items[i]->names.arch;
        at->arches = at->arches || strcmp(arch, at->items[0]->names.arch) != 0;
        measure_scale(&at->items[i]->layers, &at->layers_to);
        measure_scale(&at->items[i]->heads, &at->heads_to);
    }
    at->layers_to = round_up(at->layers_to);
    at->heads_to = round_up(at->heads_to);
    at->columns = at->count > 4 ? 4 : 2;
    double columns = (double)at->columns;
    at->width = (PLOT_WIDTH - SPACE * (columns - 1)) / columns;
    at->side = (at->width - LEFT - GAP) / 2;
}

static void draw(struct plot *plot, const struct layout *at) {
    if (at->count == 0) {
        plot_note(plot, "No network with several independent layers was measured.");
        return;
    }
    size_t rows = (at->count + at->columns - 1) / at->columns;
    double row_height = TITLE + at->side + BELOW;
    plot_begin(plot, PLOT_WIDTH, (double)rows * row_height + 22);
    draw_bar(plot, 2, plot->height - 12, "Layers", at->layers_to);
    draw_bar(plot, PLOT_WIDTH / 2.0, plot->height - 12, "Heads", at->heads_to);
    for (size_t i = 0; i < at->count; i++) {
        size_t row = i / at->columns, column = i % at->columns;
        double x = (double)column * (at->width + SPACE) + LEFT;
        double top = plot->height - 22 - (double)row * row_height;
        draw_item(plot, at, at->items[i], x, top - TITLE - at->side);
    }
}

static enum status build(struct plot *plot, const struct run_set *set, struct error *error) {
    struct layout at = {0};
    struct similarity *items = NULL;
    size_t count = 0;
    void *drawn = NULL;
    enum status status = similarities_read(&items, &count, set, error);
    if (status == STATUS_OK) {
        status = memory_allocate(&drawn, count, sizeof *at.items, "the panels", error);
    }
    if (status == STATUS_OK) {
        text_add(&plot->data, "dataset\tarch\tmethod\tseed\tof\tfirst\tsecond\tcosine\n");
        for (size_t i = 0; i < count; i++) {
            add_matrix_data(&plot->data, &items[i], &items[i].layers, false);
            add_matrix_data(&plot->data, &items[i], &items[i].heads, true);
        }
        at.items = drawn;
        choose(&at, items, count);
        measure(&at);
        draw(plot, &at);
    }
    free(drawn);
    similarities_free(items, count);
    return status;
}

const struct figure_type FIGURE_F4 = {
    .id = "F4",
    .title = "Similarity",
    .caption =
        "Left of each pair: the cosine between the weights of independent layers, attention above "
        "the diagonal and feed-forward below it. Right: between the attention heads of two "
        "independent layers, the lower layer's head in the row and the higher one's in the column, "
        "the mean over all pairs of layers. Were heads aligned by their index, the diagonal would "
        "stand out; below are the mean cosines on it and off it. A network with one independent "
        "layer has no pairs and is left out; of more than twelve, only the first seed of each "
        "method that has pairs is drawn.",
    .of_metrics = true,
    .conclude = conclude_similarity,
    .build = build,
};
