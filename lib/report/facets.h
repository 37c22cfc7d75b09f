// What figures of many runs share: the runs that differ only in their seed drawn as one curve, and
// the curves of one dataset and architecture in one facet, which a figure gives its own panels.
#ifndef DLT_REPORT_FACETS_H
#define DLT_REPORT_FACETS_H

#include "lib/report/history.h"
#include "lib/report/plot.h"
#include "lib/report/summary.h"

struct curve {
    struct group group;             // its seeds
    struct history *histories;      // one for each
    struct history mean, low, high; // over the seeds that tell a value
};

struct facet {
    const struct curve *curves;
    size_t count;
};

struct facets {
    const struct run_set *set;
    struct curve *curves; // in the set's order
    size_t curve_count;
    struct facet *items; // by architecture, then by dataset: a block for each architecture
    size_t count;
    bool seeds;      // some curve has several
    size_t left_out; // curves in no facet, since it had `most` already
};

enum status facets_build(struct facets *facets, const struct run_set *set, size_t most,
                         struct error *error);
void facets_free(struct facets *facets); // also after a failure

// The first run of it: its dataset and architecture are those of all.
const struct run *facet_run(const struct facet *facet);
// Where the block of facet `first` ends: facets of the same architecture.
size_t facets_block_end(const struct facets *facets, size_t first);
size_t facets_blocks(const struct facets *facets);

// "wiki2", or "wiki2 (BERT)" where there are several architectures.
void facets_add_title(struct text *text, const struct facets *facets, const struct facet *facet);

// Every method of the facets that have at most `most` of them, as a line or as its marker; then how
// many were left out.
enum facets_mark { FACETS_LINES, FACETS_MARKERS };
void facets_legend_methods(struct plot *plot, struct plot_legend *legend,
                           const struct facets *facets, enum facets_mark mark, size_t most);

// "dataset", "arch", "method", "seed" and a tab behind each: how every row of data begins.
void figure_add_names(struct text *data, const struct run *run);
// An architecture as printed: "GPT-2".
const char *figure_arch_name(const char *arch);

#endif
