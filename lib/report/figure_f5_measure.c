#include "lib/report/figure_f5.h"

#include <math.h>

enum {
    COLUMNS = 4,    // of facets in one band
    CURVE_MOST = 5, // times the highest best: what of a curve is above that is cut
};

// ---- What is drawn -------------------------------------------------------------------------------

enum status f5_choose_known(struct run_set *known, const struct run_set *set, struct error *error) {
    void *runs = NULL;
    enum status status = memory_allocate(&runs, set->count, sizeof *set->runs, "the runs", error);
    *known = (struct run_set){.runs = runs};
    for (size_t i = 0; status == STATUS_OK && i < set->count; i++) {
        if (run_has_perplexity(set->runs[i])) {
            known->runs[known->count++] = set->runs[i];
        }
    }
    return status;
}

bool f5_is_timed(const struct facet *facet) {
    for (size_t i = 0; i < facet->count; i++) {
        if (isfinite(group_statistic(&facet->curves[i].group, SECONDS).mean)) {
            return true;
        }
    }
    return false;
}

bool f5_is_crowded(const struct facet *facet) {
    return facet->count > F5_FEW;
}

// ---- Ranges ----------------------------------------------------------------------------------------

static void measure_run(struct f5_band *band, const struct run *run) {
    plot_range_add(&band->perplexity, quantity_of(PERPLEXITY_BEST, run));
    plot_range_add(&band->parameters, quantity_of(PARAMETERS_MEAN, run));
    plot_range_add(&band->parameters, quantity_of(PARAMETERS_FINAL, run));
    plot_range_add(&band->seconds, quantity_of(SECONDS, run));
}

// Of the perplexities that the curves go through.
static double highest(const struct f5_band *band) {
    struct plot_range range = band->perplexity;
    for (size_t i = band->first; i < band->end; i++) {
        const struct facet *facet = &band->facets->items[i];
        for (size_t j = 0; j < facet->count; j++) {
            const struct history *mean = &facet->curves[j].mean;
            for (size_t e = 0; e < mean->count; e++) {
                plot_range_add(&range, mean->points[e].test);
            }
        }
    }
    return range.high;
}

static void measure(struct f5_band *band) {
    band->perplexity = band->curve = band->parameters = band->seconds = PLOT_RANGE_EMPTY;
    for (size_t i = band->first; i < band->end; i++) {
        const struct facet *facet = &band->facets->items[i];
        for (size_t j = 0; j < facet->count; j++) {
            const struct group *group = &facet->curves[j].group;
            for (size_t k = 0; k < group->count; k++) {
                measure_run(band, group->runs[k]);
            }
        }
    }
    // The start of training, at the vocabulary's size, would leave no room for the rest.
    band->curve = band->perplexity;
    plot_range_add(&band->curve, fmin(highest(band), band->perplexity.high * CURVE_MOST));
    double longest = band->seconds.high;
    bool hours = longest > 3 * 3600, minutes = longest > 300;
    band->unit = hours ? 3600 : minutes ? 60 : 1;
    band->unit_name = hours     ? "Training time (h)"
                      : minutes ? "Training time (min)"
                                : "Training time (s)";
}

struct plot_range f5_horizontal(const struct f5_band *band, enum f5_against against) {
    double longest = band->seconds.high; // not above 0 where no log tells it, or one tells nonsense
    return against == F5_PARAMETERS
               ? plot_range_widen(band->parameters, true, 0.15)
               : (struct plot_range){0, longest > 0 ? longest / band->unit * 1.05 : 1};
}

struct plot_range f5_vertical(const struct f5_band *band, enum f5_against against) {
    const struct facet *facet = &band->facets->items[band->first];
    return against == F5_TIME && !f5_is_crowded(facet)
               ? plot_range_widen(band->curve, true, 0.05)
               : plot_range_widen(band->perplexity, true, 0.12);
}

// ---- Bands ---------------------------------------------------------------------------------------

size_t f5_divide(struct f5_band *bands, struct plot *plot, const struct facets *facets) {
    size_t count = 0;
    for (size_t first = 0; first < facets->count;) {
        size_t end = first + 1, most = facets_block_end(facets, first);
        while (!f5_is_crowded(&facets->items[first]) && end < most && end < first + COLUMNS &&
               !f5_is_crowded(&facets->items[end])) {
            end++;
        }
        bands[count] = (struct f5_band){.plot = plot, .facets = facets, .first = first, .end = end};
        measure(&bands[count++]);
        first = end;
    }
    return count;
}

// ---- Data ----------------------------------------------------------------------------------------

void f5_add_data(struct text *data, const struct run_set *set) {
    const enum quantity quantities[] = {PERPLEXITY_BEST, PERPLEXITY_FINAL, PARAMETERS_MEAN,
                                        PARAMETERS_FINAL, SECONDS};
    text_add(data, "dataset\tarch\tmethod\tseed\tbest_test_perplexity\tfinal_test_perplexity\t"
                   "parameters_mean\tparameters_final\tseconds\n");
    for (size_t i = 0; i < set->count; i++) {
        figure_add_names(data, set->runs[i]);
        for (size_t j = 0; j < ARRAY_LENGTH(quantities); j++) {
            text_add(data, j > 0 ? "\t" : "");
            text_add_real(data, quantity_of(quantities[j], set->runs[i]));
        }
        text_add(data, "\n");
    }
}
