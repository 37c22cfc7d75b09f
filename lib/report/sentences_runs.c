// What is said of the runs as a whole: their sizes, how dynamic networks end, what became of rewards.
#include <math.h>
#include <string.h>

#include "lib/report/facets.h"
#include "lib/report/figures.h"
#include "lib/report/macros.h"

// The architectures of the runs, each once, in their order. Returns how many.
enum { ARCHS_MAX = 8 };

static size_t find_archs(const char *archs[ARCHS_MAX], const struct run_set *set) {
    size_t count = 0;
    for (size_t i = 0; i < set->count; i++) {
        bool seen = count == ARCHS_MAX;
        for (size_t j = 0; j < count && !seen; j++) {
            seen = strcmp(archs[j], set->runs[i]->arch) == 0;
        }
        if (!seen) {
            archs[count++] = set->runs[i]->arch;
        }
    }
    return count;
}

// ---- Sizes ------------------------------------------------------------------------------------------

// Runs of an architecture that are of the profile's own size: those of the method that the others are
// variants of, or where there is none all.
struct sized {
    const struct run_set *set;
    const char *arch, *method; // NULL: of any
};

static bool is_sized(const struct sized *sized, const struct run *run) {
    return strcmp(run->arch, sized->arch) == 0 &&
           (!sized->method || strcmp(run->method, sized->method) == 0);
}

static size_t count_sized(const struct sized *sized) {
    size_t count = 0;
    for (size_t i = 0; i < sized->set->count; i++) {
        count += is_sized(sized, sized->set->runs[i]);
    }
    return count;
}

static struct sized find_sized(const struct run_set *set, const char *arch) {
    static const char *const METHODS[] = {"dynamic", "conventional"};
    struct sized sized = {set, arch, NULL};
    for (size_t i = 0; i < ARRAY_LENGTH(METHODS); i++) {
        sized.method = METHODS[i];
        if (count_sized(&sized) > 0) {
            return sized;
        }
    }
    sized.method = NULL;
    return sized;
}

// What they agree on; NULL where they do not, or do not tell.
static const char *size_of(const struct sized *sized, const char *option) {
    const char *value = NULL;
    bool first = true;
    for (size_t i = 0; i < sized->set->count; i++) {
        const struct run *run = sized->set->runs[i];
        if (is_sized(sized, run)) {
            const char *here = run_pairs_find(&run->config, option);
            if (!here || (!first && strcmp(here, value) != 0)) {
                return NULL;
            }
            value = here;
            first = false;
        }
    }
    return value;
}

static const struct {
    const char *option, *before, *after;
} SIZES[] = {{"layers", " have ", " layers"},
             {"width", " of width ", ""},
             {"heads", " with ", " heads"},
             {"context", ", a context of ", " tokens"},
             {"dropout", " and dropout ", ""},
             {"batch", "; a step is a batch of ", ""},
             {"lr", " at a learning rate of ", ""},
             {"steps-per-action", ", an action is followed by k = ", " steps"},
             {"episodes", ", and training lasts ", " episodes"}};

static void add_sizes(struct text *text, const struct sized *sized) {
    for (size_t i = 0; i < ARRAY_LENGTH(SIZES); i++) {
        const char *value = size_of(sized, SIZES[i].option), *after = SIZES[i].after;
        int length = (int)strlen(after);
        bool one = value && strcmp(value, "1") == 0 && length > 0; // of what is counted: no plural
        text_format(text, "%s%s%.*s", SIZES[i].before, value ? value : "various", length - one,
                    after);
    }
    text_add(text, ".");
}

void sentence_sizes(struct text *text, const struct run_set *set) {
    const char *archs[ARCHS_MAX];
    size_t count = find_archs(archs, set);
    struct text first = {0}, other = {0};
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        struct sized sized = find_sized(set, archs[i]);
        text_clear(&other);
        add_sizes(i == 0 ? &first : &other, &sized);
        same = same && (i == 0 || strcmp(text_string(&first), text_string(&other)) == 0);
    }
    for (size_t i = 0; i < count && !(same && i > 0); i++) {
        struct sized sized = find_sized(set, archs[i]);
        text_add(text, i > 0 ? " " : "");
        if (!same) {
            text_format(text, "%s ", figure_arch_name(archs[i]));
        }
        text_add(text, same ? "Networks" : "networks");
        add_sizes(text, &sized);
    }
    text->failed = text->failed || first.failed || other.failed;
    text_free(&first);
    text_free(&other);
}

void sentence_other_size(struct text *text, const struct run_set *set) {
    struct sized sized = find_sized(set, "gpt2");
    const char *layers = size_of(&sized, "layers"), *width = size_of(&sized, "width");
    bool published = layers && width && strcmp(layers, "48") == 0 && strcmp(width, "1600") == 0;
    if (layers && width && !published) {
        text_format(text,
                    "What holds for %s layer%s of width %s need not hold for the published size; "
                    "the profile “paper” has that size, for whoever has the machine.",
                    layers, strcmp(layers, "1") == 0 ? "" : "s", width);
    }
}

// ---- Rewards ----------------------------------------------------------------------------------------

void sentence_rewards(struct text *text, const struct run_set *set) {
    struct group group;
    size_t said = 0;
    for (size_t next = 0; group_next(set, &next, &group);) {
        const struct run *run = group.runs[0];
        double percent = group_mean(&group, REWARD_CLIPPED);
        if (strcmp(run->method, "dynamic") == 0 && strcmp(run->arch, "gpt2") == 0 &&
            !isnan(percent)) {
            text_add(text, said > 0 ? ", " : "Of the rewards of the dynamic GPT-2 runs, ");
            text_format(text, "%.1f%%%s on %s", percent, said > 0 ? "" : " were clipped",
                        run->dataset);
            said++;
        }
    }
    text_add(text, said > 0 ? "." : "");
}

// ---- F2 -------------------------------------------------------------------------------------------

// Changes of the map per episode over the last tenth of a run.
static double late_changes(const struct run *run) {
    int64_t from = run->episodes - run->episodes / 10;
    int64_t episodes = run->episodes - from, changes = 0;
    for (size_t i = 0; i < run->visit_count; i++) {
        changes += run->visits[i].episode > from && run->visits[i].changed;
    }
    return episodes > 0 ? (double)changes / (double)episodes : NAN;
}

// How the dynamic networks of one architecture end.
struct ends {
    double fewest, most;      // independent layers
    double calm, busy;        // late changes
    int least_layers, layers; // of the networks
};

static struct ends find_ends(const struct run_set *set, const char *arch) {
    struct ends ends = {INFINITY, -INFINITY, INFINITY, -INFINITY, INT32_MAX, 0};
    for (size_t i = 0; i < set->count; i++) {
        const struct run *run = set->runs[i];
        bool dynamic =
            strcmp(run->method, "dynamic") == 0 || strcmp(run->method, "mlm-dynamic") == 0;
        if (!dynamic || strcmp(run->arch, arch) != 0 || run->visit_count == 0) {
            continue;
        }
        double independent = quantity_of(INDEPENDENT_FINAL, run), changes = late_changes(run);
        ends.least_layers = run->layers < ends.least_layers ? run->layers : ends.least_layers;
        ends.layers = run->layers > ends.layers ? run->layers : ends.layers;
        ends.fewest = independent < ends.fewest ? independent : ends.fewest;
        ends.most = independent > ends.most ? independent : ends.most;
        ends.calm = changes < ends.calm ? changes : ends.calm;
        ends.busy = changes > ends.busy ? changes : ends.busy;
    }
    return ends;
}

static void add_ends(struct text *text, const struct ends *ends, const char *kind) {
    text_format(text, "The dynamic %snetworks end with %.0f", kind, ends->fewest);
    if (ends->fewest < ends->most) {
        text_format(text, " to %.0f", ends->most);
    }
    text_format(text, " of %s%d layers independent",
                ends->least_layers < ends->layers ? "up to " : "", ends->layers);
    if (ends->calm <= ends->busy && ends->busy < 0.05) {
        text_add(text, ", and in the last tenth of training their maps hardly change any more");
    } else if (ends->calm <= ends->busy) {
        text_format(text, ", and in the last tenth of training their maps still change %.1f",
                    ends->calm);
        if (ends->busy - ends->calm >= 0.05) {
            text_format(text, " to %.1f", ends->busy);
        }
        text_add(text, " times an episode");
    }
    text_add(text, ".");
}

void conclude_training(struct text *text, const struct run_set *shown) {
    const char *archs[ARCHS_MAX];
    size_t count = find_archs(archs, shown), said = 0;
    for (size_t i = 0; i < count; i++) {
        struct ends ends = find_ends(shown, archs[i]);
        if (ends.fewest <= ends.most) {
            char kind[RUN_NAME + 2] = "";
            if (count > 1) {
                snprintf(kind, sizeof kind, "%s ", figure_arch_name(archs[i]));
            }
            text_add(text, said++ ? " " : "");
            add_ends(text, &ends, kind);
        }
    }
    text_add(text, said == 0 ? "There is no dynamic run yet." : "");
}
