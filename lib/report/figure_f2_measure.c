#include "lib/report/figure_f2.h"

#include <math.h>

#include "lib/base/math.h"

enum { LAYERS_LOG = 16 }; // more layers have a logarithmic axis

static double value_of(const struct history_point *p, enum f2_row row) {
    const double values[F2_ROWS] = {p->test, p->independent, p->changes, p->epsilon,
                                    p->batch_perplexity};
    return values[row];
}

double f2_floor(const struct facet *facet) {
    double floor = math_canonical(NAN);
    for (size_t i = 0; i < facet->count && isnan(floor); i++) {
        floor = run_floor_perplexity(facet->curves[i].group.runs[0]);
    }
    return floor;
}

bool f2_moves(const struct curve *curve) {
    for (size_t i = 0; i < curve->group.count; i++) {
        if (run_map_changes(curve->group.runs[i])) {
            return true;
        }
    }
    return false;
}

// ---- Ranges ----------------------------------------------------------------------------------------

static unsigned lines_of(const struct history_point *p) {
    unsigned lines = 0;
    lines |= isfinite(p->test) ? F2_TEST : 0;
    lines |= isfinite(p->train) ? F2_TRAINING : 0;
    lines |= isfinite(p->independent) ? F2_INDEPENDENT : 0;
    lines |= isfinite(p->stored) && p->stored != p->independent ? F2_STORED : 0;
    return lines;
}

static void measure_history(struct f2_block *block, const struct history *history, bool moves) {
    for (size_t e = 0; e < history->count; e++) {
        const struct history_point *p = &history->points[e];
        for (int row = 0; row < F2_ROWS; row++) {
            if (row != F2_CHANGES || moves) {
                plot_range_add(&block->ranges[row], value_of(p, (enum f2_row)row));
            }
        }
        plot_range_add(&block->ranges[F2_PERPLEXITY], p->train);
        block->lines |= lines_of(p);
        if (e == 0 && plot_can_show(p->test)) {
            block->episodes.low = -0.5; // tested before the first
        }
    }
}

static void measure_curve(struct f2_block *block, const struct curve *curve) {
    const struct run *run = curve->group.runs[0];
    bool moves = f2_moves(curve);
    block->layers = run->layers > block->layers ? run->layers : block->layers;
    measure_history(block, &curve->low, moves);
    measure_history(block, &curve->high, moves);
    plot_range_add(&block->episodes, (double)curve->mean.count - 0.5);
}

// A true perplexity belongs on the axis where that leaves the curves half of its length or more.
static void measure_floors(struct f2_block *block) {
    struct plot_range *axis = &block->ranges[F2_PERPLEXITY];
    const double ratio = axis->high / axis->low, low = axis->high / (ratio * ratio),
                 high = axis->low * ratio * ratio;
    for (size_t i = block->first; i < block->end; i++) {
        double floor = f2_floor(&block->facets->items[i]);
        if (floor >= low && floor <= high) {
            plot_range_add(axis, floor);
            block->lines |= F2_FLOOR;
        }
    }
}

void f2_measure(struct f2_block *block) {
    for (int row = 0; row < F2_ROWS; row++) {
        block->ranges[row] = PLOT_RANGE_EMPTY;
    }
    block->episodes = (struct plot_range){0.5, 1.5};
    for (size_t i = block->first; i < block->end; i++) {
        for (size_t j = 0; j < block->facets->items[i].count; j++) {
            measure_curve(block, &block->facets->items[i].curves[j]);
        }
    }
    measure_floors(block);
}

struct plot_axis f2_vertical_axis(const struct f2_block *block, enum f2_row row) {
    struct plot_range range = block->ranges[row];
    bool many = block->layers > LAYERS_LOG;
    switch (row) {
    case F2_LAYERS:
        range = many ? (struct plot_range){0.9, block->layers * 1.2}
                     : (struct plot_range){0, block->layers + 0.4};
        break;
    case F2_CHANGES:
        range = (struct plot_range){0, range.high > 0 ? range.high * 1.1 : 1};
        break;
    case F2_EPSILON:
        range = (struct plot_range){0, range.high > 0 ? range.high * 1.08 : 1};
        break;
    default:
        range = plot_range_widen(range, true, 0.06);
    }
    return (struct plot_axis){.from = range.low,
                              .to = range.high,
                              .log = row == F2_PERPLEXITY || row == F2_BATCH ||
                                     (row == F2_LAYERS && many),
                              .whole = row == F2_LAYERS || row == F2_CHANGES};
}

int f2_last_row(const struct f2_block *block) {
    int last = F2_ROWS - 1;
    while (last > 0 && plot_range_is_empty(&block->ranges[last])) {
        last--;
    }
    return last;
}

// ---- Curves that cover others ------------------------------------------------------------------------

static bool is_drawn(const struct curve *curve, enum f2_row row) {
    bool any = false;
    for (size_t e = 0; e < curve->mean.count && !any; e++) {
        any = plot_can_show(value_of(&curve->mean.points[e], row));
    }
    return any && (row != F2_CHANGES || f2_moves(curve));
}

static bool coincide(const struct curve *a, const struct curve *b, enum f2_row row) {
    bool same = a->mean.count == b->mean.count && is_drawn(a, row) && is_drawn(b, row);
    for (size_t e = 0; same && e < a->mean.count; e++) {
        double at_a = value_of(&a->mean.points[e], row), at_b = value_of(&b->mean.points[e], row);
        same = at_a == at_b || (isnan(at_a) && isnan(at_b));
    }
    return same;
}

void f2_count(const struct facet *facet, enum f2_row row, size_t *drawn, size_t *covered) {
    *drawn = *covered = 0;
    for (size_t i = 0; i < facet->count; i++) {
        bool is_covered = false;
        for (size_t j = i + 1; j < facet->count && !is_covered; j++) {
            is_covered = coincide(&facet->curves[i], &facet->curves[j], row);
        }
        *drawn += is_drawn(&facet->curves[i], row);
        *covered += is_covered;
    }
}

// ---- Data ----------------------------------------------------------------------------------------------

static void add_history(struct text *data, const struct run *run, const struct history *history) {
    for (size_t e = 0; e < history->count; e++) {
        const struct history_point *p = &history->points[e];
        const double values[] = {p->test,        p->valid,   p->train,
                                 p->independent, p->stored,  p->parameters,
                                 p->changes,     p->epsilon, p->batch_perplexity};
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

void f2_add_data(struct text *data, const struct facets *facets) {
    text_add(data, "dataset\tarch\tmethod\tseed\tepisode\ttest_perplexity\tvalid_perplexity\t"
                   "train_perplexity\tindependent\tstored\tparameters\tchanges\tepsilon\t"
                   "reward_batch_perplexity\n");
    for (size_t i = 0; i < facets->curve_count; i++) {
        const struct curve *curve = &facets->curves[i];
        for (size_t j = 0; j < curve->group.count; j++) {
            add_history(data, curve->group.runs[j], &curve->histories[j]);
        }
    }
}
