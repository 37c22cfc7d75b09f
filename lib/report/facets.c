#include "lib/report/facets.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"

// ---- Histories over seeds ------------------------------------------------------------------------

// One field at one episode: mean, lowest and highest of the seeds that tell it.
static void summarise(struct curve *curve, size_t episode, size_t offset) {
    double sum = 0, low = INFINITY, high = -INFINITY;
    size_t count = 0;
    for (size_t i = 0; i < curve->group.count; i++) {
        struct history *history = &curve->histories[i];
        double value = episode < history->count ? *history_field(history, episode, offset) : NAN;
        if (isfinite(value)) {
            sum += value;
            low = value < low ? value : low;
            high = value > high ? value : high;
            count++;
        }
    }
    double nan = math_canonical(NAN);
    *history_field(&curve->mean, episode, offset) = count > 0 ? sum / (double)count : nan;
    *history_field(&curve->low, episode, offset) = count > 0 ? low : nan;
    *history_field(&curve->high, episode, offset) = count > 0 ? high : nan;
}

static enum status build_summary(struct curve *curve, struct error *error) {
    size_t episodes = 0;
    for (size_t i = 0; i < curve->group.count; i++) {
        size_t count = curve->histories[i].count;
        episodes = count > episodes ? count : episodes;
    }
    struct history *parts[] = {&curve->mean, &curve->low, &curve->high};
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
        enum status status = history_allocate(parts[i], episodes, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (size_t e = 0; e < episodes; e++) {
        for (size_t offset = 0; offset < sizeof(struct history_point); offset += sizeof(double)) {
            summarise(curve, e, offset);
        }
    }
    return STATUS_OK;
}

static enum status build_curve(struct curve *curve, struct error *error) {
    void *histories = NULL;
    enum status status =
        memory_allocate(&histories, curve->group.count, sizeof(struct history), "a curve", error);
    curve->histories = histories;
    for (size_t i = 0; i < curve->group.count && status == STATUS_OK; i++) {
        status = history_build(&curve->histories[i], curve->group.runs[i], error);
    }
    return status == STATUS_OK ? build_summary(curve, error) : status;
}

static void free_curve(struct curve *curve) {
    for (size_t i = 0; curve->histories && i < curve->group.count; i++) {
        history_free(&curve->histories[i]);
    }
    free(curve->histories);
    history_free(&curve->mean);
    history_free(&curve->low);
    history_free(&curve->high);
}

// ---- Facets ----------------------------------------------------------------------------------------

static const struct run *curve_run(const struct curve *curve) {
    return curve->group.runs[0];
}

static bool same_facet(const struct curve *a, const struct curve *b) {
    return strcmp(curve_run(a)->dataset, curve_run(b)->dataset) == 0 &&
           strcmp(curve_run(a)->arch, curve_run(b)->arch) == 0;
}

// Curves of an architecture that no facet before has taken, dataset by dataset.
static void add_block(struct facets *facets, const char *arch, size_t most) {
    for (size_t i = 0; i < facets->curve_count; i++) {
        const struct curve *curve = &facets->curves[i];
        if (strcmp(curve_run(curve)->arch, arch) != 0) {
            continue;
        }
        if (i == 0 || !same_facet(curve, curve - 1)) {
            facets->items[facets->count++] = (struct facet){.curves = curve};
        }
        struct facet *facet = &facets->items[facets->count - 1];
        if (facet->count < most) {
            facet->count++;
        } else {
            facets->left_out++;
        }
    }
}

static bool has_block(const struct facets *facets, const char *arch) {
    for (size_t i = 0; i < facets->count; i++) {
        if (strcmp(facet_run(&facets->items[i])->arch, arch) == 0) {
            return true;
        }
    }
    return false;
}

enum status facets_build(struct facets *facets, const struct run_set *set, size_t most,
                         struct error *error) {
    *facets = (struct facets){.set = set};
    void *curves = NULL, *items = NULL;
    enum status status =
        memory_allocate(&curves, set->count, sizeof(struct curve), "the curves", error);
    if (status == STATUS_OK) {
        status = memory_allocate(&items, set->count, sizeof(struct facet), "the panels", error);
    }
    facets->curves = curves;
    facets->items = items;
    struct group group;
    for (size_t next = 0; status == STATUS_OK && group_next(set, &next, &group);) {
        struct curve *curve = &facets->curves[facets->curve_count++];
        curve->group = group;
        facets->seeds = facets->seeds || group.count > 1;
        status = build_curve(curve, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < facets->curve_count; i++) {
        const char *arch = curve_run(&facets->curves[i])->arch;
        if (!has_block(facets, arch)) {
            add_block(facets, arch, most);
        }
    }
    return status;
}

void facets_free(struct facets *facets) {
    for (size_t i = 0; i < facets->curve_count; i++) {
        free_curve(&facets->curves[i]);
    }
    free(facets->curves);
    free(facets->items);
    *facets = (struct facets){0};
}

const struct run *facet_run(const struct facet *facet) {
    return curve_run(&facet->curves[0]);
}

size_t facets_block_end(const struct facets *facets, size_t first) {
    size_t end = first + 1;
    while (end < facets->count && strcmp(facet_run(&facets->items[end])->arch,
                                         facet_run(&facets->items[first])->arch) == 0) {
        end++;
    }
    return end;
}

size_t facets_blocks(const struct facets *facets) {
    size_t blocks = 0;
    for (size_t i = 0; i < facets->count; i = facets_block_end(facets, i)) {
        blocks++;
    }
    return blocks;
}

void facets_add_title(struct text *text, const struct facets *facets, const struct facet *facet) {
    text_add(text, facet_run(facet)->dataset);
    if (facets_blocks(facets) > 1) {
        text_format(text, " (%s)", figure_arch_name(facet_run(facet)->arch));
    }
}

// ---- Legends -----------------------------------------------------------------------------------------

// No curve before it, in facets that are counted, has its method.
static bool is_first(const struct facets *facets, size_t facet, size_t curve, size_t most) {
    const char *method = curve_run(&facets->items[facet].curves[curve])->method;
    for (size_t i = 0; i <= facet; i++) {
        const struct facet *before = &facets->items[i];
        for (size_t j = 0; before->count <= most && j < (i < facet ? before->count : curve); j++) {
            if (strcmp(curve_run(&before->curves[j])->method, method) == 0) {
                return false;
            }
        }
    }
    return true;
}

static void add_method(struct plot *plot, struct plot_legend *legend, const struct facets *facets,
                       const char *method, enum facets_mark mark) {
    struct plot_style style = plot_method_style(facets->set, method);
    if (mark == FACETS_LINES) {
        plot_legend_line(plot, legend, method, style.colour, 1.8, NULL);
    } else {
        plot_legend_marker(plot, legend, method, style.colour, style.marker);
    }
}

void facets_legend_methods(struct plot *plot, struct plot_legend *legend,
                           const struct facets *facets, enum facets_mark mark, size_t most) {
    for (size_t i = 0; i < facets->count; i++) {
        const struct facet *facet = &facets->items[i];
        for (size_t j = 0; facet->count <= most && j < facet->count; j++) {
            if (is_first(facets, i, j, most)) {
                add_method(plot, legend, facets, curve_run(&facet->curves[j])->method, mark);
            }
        }
    }
    if (facets->left_out > 0) {
        struct text note = {0};
        text_format(&note, "%zu more, not drawn", facets->left_out);
        plot_legend_note(plot, legend, text_string(&note));
        text_free(&note);
    }
    legend->x += 8;
}

// ---- Names -------------------------------------------------------------------------------------------

void figure_add_names(struct text *data, const struct run *run) {
    const char *names[] = {run->dataset, run->arch, run->method, run->seed};
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        text_add_field(data, names[i]);
        text_add(data, "\t");
    }
}

const char *figure_arch_name(const char *arch) {
    return strcmp(arch, "gpt2") == 0 ? "GPT-2" : strcmp(arch, "bert") == 0 ? "BERT" : arch;
}
