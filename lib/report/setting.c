// What every caption says of where its numbers are from.
#include <string.h>

#include "lib/report/table.h"

bool report_is_generated(const struct run_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        if (!run_pairs_find(&set->runs[i]->labels, "floor_bits_per_byte") &&
            !run_pairs_find(&set->runs[i]->labels, "floor_ppl")) {
            return false;
        }
    }
    return set->count > 0;
}

// The distinct profiles, in the order of the runs.
static void add_profiles(struct text *text, const struct run_set *set) {
    size_t named = 0;
    for (size_t i = 0; i < set->count; i++) {
        bool seen = !set->runs[i]->profile[0];
        for (size_t j = 0; j < i && !seen; j++) {
            seen = strcmp(set->runs[i]->profile, set->runs[j]->profile) == 0;
        }
        if (!seen) {
            text_add(text, named++ ? ", " : "Profile ");
            text_add(text, set->runs[i]->profile);
        }
    }
    if (named > 0) {
        text_add(text, "; ");
    }
}

size_t report_add_datasets(struct text *text, const struct run_set *set) {
    size_t named = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct run *run = set->runs[i];
        if (i > 0 && strcmp(run->dataset, set->runs[i - 1]->dataset) == 0) {
            continue;
        }
        text_add(text, named++ ? ", " : "");
        text_add(text, run->dataset);
        const char *sample = run_pairs_find(&run->labels, "sample");
        if (sample) {
            text_format(text, " (a sample: %s)", sample);
        }
    }
    text_add(text, report_is_generated(set) ? " (generated text)" : "");
    return named;
}

void report_add_setting(struct text *text, const struct run_set *set) {
    add_profiles(text, set);
    text_format(text, "%zu run%s; data: ", set->count, set->count == 1 ? "" : "s");
    report_add_datasets(text, set);
    text_add(text, ".");
}
