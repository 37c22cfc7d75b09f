// Reads a text word by word, works out the one derivation that it can have, and adds up what each
// choice in it was worth. Knows nothing of the generator and of its random numbers.
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/corpus/source.h"

struct corpus_scorer {
    struct state state;
    uint64_t lines;
};

enum { NO_RULE = -1 };

enum status corpus_scorer_create(struct corpus_scorer **created,
                                 const struct corpus_language *language, enum corpus_style style,
                                 struct error *error) {
    enum status status =
        memory_allocate((void **)created, 1, sizeof(struct corpus_scorer), "a text scorer", error);
    if (status == STATUS_OK) {
        state_start(&(*created)->state, language, style);
    }
    return status;
}

void corpus_scorer_free(struct corpus_scorer *scorer) {
    free(scorer);
}

// The rule, numbered within its nonterminal, that a word of this category calls for: one that can
// begin with it, else the one that writes nothing.
static int predict_rule(const struct corpus_language *language, const struct grammar_choice *choice,
                        unsigned column, unsigned category) {
    int empty = NO_RULE;
    for (unsigned i = 0; i < choice->rules; i++) {
        const struct grammar_rule *rule = &language->grammar.rule[choice->first + i];
        if (grammar_mass(choice, column, i) == 0) {
            continue;
        }
        if (rule->first >> category & 1) {
            return (int)i;
        }
        empty = rule->nullable ? (int)i : empty;
    }
    return empty;
}

static double information(uint64_t mass, int bits) {
    return bits - math_log2((double)mass);
}

enum { ANY_CASE = -1 };

// Takes the state past `word` and adds its bits; false where the word, with or without a capital,
// cannot come next.
static bool score_word(struct state *state, uint32_t word, int capital, double *bits) {
    const struct corpus_language *language = state->language;
    unsigned category = language->words[word].category;
    state_settle(state);
    while (state_top(state) >= NONTERMINALS) {
        enum symbol symbol = state_top(state);
        const struct grammar_choice *choice = &language->grammar.choice[symbol];
        unsigned column = state_column(state, symbol);
        int rule = predict_rule(language, choice, column, category);
        if (rule == NO_RULE) {
            return false;
        }
        *bits += information(grammar_mass(choice, column, (unsigned)rule), 16);
        state_expand(state, choice->first + (unsigned)rule);
        state_settle(state);
    }
    if (!(grammar_terminal_categories(state_top(state)) >> category & 1)) {
        return false;
    }
    struct source source;
    source_find(&source, state, state_top(state));
    uint64_t mass = source_mass(&source, word);
    if (mass == 0 || (capital != ANY_CASE && capital != state_capitalises(state, word))) {
        return false;
    }
    *bits += information(mass, SOURCE_BITS);
    state_accept(state, word);
    return true;
}

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

// The word that a piece of text is, -1 for none, and whether it has a capital.
static int32_t read_word(const struct corpus_language *language, const char *text, size_t length,
                         bool *capital) {
    char folded[WORD_SPACE];
    if (length == 0 || length >= WORD_SPACE) {
        return -1;
    }
    memcpy(folded, text, length);
    folded[0] = lower(folded[0]);
    *capital = folded[0] != text[0];
    return lexicon_find(language, folded, length);
}

static enum status not_of_this_language(const struct corpus_scorer *scorer, size_t at,
                                        struct error *error) {
    return error_set(
        error, STATUS_DAMAGED,
        "cannot score the text: line %llu is not of this language and style at byte %zu",
        (unsigned long long)scorer->lines + 1, at + 1);
}

enum status corpus_score_line(struct corpus_scorer *scorer, const char *line, size_t length,
                              struct corpus_totals *totals, struct error *error) {
    struct state *state = &scorer->state;
    bool wiki = state->style == CORPUS_WIKI;
    size_t at = 0;
    for (bool at_start = true, ended = false; !ended; at_start = false) {
        bool blank = at < length && line[at] == ' ';
        at += blank;
        size_t end = at;
        while (end < length && line[end] != ' ' && line[end] != '\n') {
            end++;
        }
        ended = end == at;
        end += ended && end < length;
        bool wants_blank = at_start || ended ? wiki : true;
        bool capital = false;
        int32_t word = blank == wants_blank
                           ? read_word(state->language, line + at, end - at, &capital)
                           : -1;
        if (word < 0 || !score_word(state, (uint32_t)word, capital, &totals->bits)) {
            return not_of_this_language(scorer, at, error);
        }
        totals->words++;
        if (totals->count) {
            totals->count[word]++;
        }
        at = end;
    }
    if (at != length) {
        return not_of_this_language(scorer, at, error);
    }
    scorer->lines++;
    totals->lines++;
    totals->bytes += length;
    return STATUS_OK;
}

double corpus_scorer_total(const struct corpus_scorer *scorer) {
    const struct corpus_language *language = scorer->state.language;
    double total = 0;
    for (uint32_t word = 0; word < language->word_count; word++) {
        struct state state = scorer->state;
        double bits = 0;
        if (score_word(&state, word, ANY_CASE, &bits)) {
            total += math_exp(-bits * 0x1.62e42fefa39efp-1); // 2^-bits
        }
    }
    return total;
}
