// Reads a text word by word, works out the one derivation that it can have, and adds up what each
// choice in it was worth. Knows nothing of the generator and of its random numbers.
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/corpus/scorer.h"
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

bool scorer_accept(struct state *state, uint32_t word, enum scorer_case written, double *bits) {
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
        *bits += source_information(grammar_mass(choice, column, (unsigned)rule), 16);
        state_expand(state, choice->first + (unsigned)rule);
        state_settle(state);
    }
    if (!(grammar_terminal_categories(state_top(state)) >> category & 1)) {
        return false;
    }
    struct source source;
    source_find(&source, state, state_top(state));
    uint64_t mass = source_mass(&source, word);
    bool capital = state_capitalises(state, word);
    if (mass == 0 || (written != CASE_ANY && capital != (written == CASE_CAPITAL))) {
        return false;
    }
    *bits += source_information(mass, SOURCE_BITS);
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

// Where the word that begins at `at` ends; a line end is a word of its own.
static size_t word_end(const char *line, size_t length, size_t at) {
    size_t end = at;
    while (end < length && line[end] != ' ' && line[end] != '\n') {
        end++;
    }
    return end + (end == at && end < length);
}

// Scores the word behind the blank that belongs there; false where it cannot stand there.
static bool score_next(struct state *state, const char *line, size_t length, size_t *at,
                       struct corpus_totals *totals, double *bits) {
    bool wiki = state->style == CORPUS_WIKI, at_start = *at == 0;
    bool blank = *at < length && line[*at] == ' ';
    *at += blank;
    size_t end = word_end(line, length, *at);
    bool ends = *at < length && line[*at] == '\n', capital = false;
    if (blank != (at_start || ends ? wiki : true)) {
        return false;
    }
    int32_t word = read_word(state->language, line + *at, end - *at, &capital);
    *bits = 0;
    if (word < 0 ||
        !scorer_accept(state, (uint32_t)word, capital ? CASE_CAPITAL : CASE_LOWER, bits)) {
        return false;
    }
    *at = end;
    totals->words++;
    totals->bits += *bits;
    if (totals->count) {
        totals->count[word]++;
    }
    return true;
}

enum status corpus_score_line(struct corpus_scorer *scorer, const char *line, size_t length,
                              struct corpus_totals *totals, struct error *error) {
    size_t at = 0;
    double bits = 0, last_word_bits = 0;
    bool known = true;
    while (known && (at == 0 || line[at - 1] != '\n')) {
        last_word_bits = bits;
        known = score_next(&scorer->state, line, length, &at, totals, &bits);
    }
    scorer->lines++;
    if (!known || at != length) {
        return error_set(error, STATUS_DAMAGED,
                         "cannot score line %llu: at byte %zu it is not of this language and style",
                         (unsigned long long)scorer->lines, at + 1);
    }
    totals->last_word_bits += last_word_bits;
    totals->lines++;
    totals->bytes += length;
    return STATUS_OK;
}

double scorer_total(const struct state *state) {
    double total = 0;
    for (uint32_t word = 0; word < state->language->word_count; word++) {
        struct state next = *state;
        double bits = 0;
        if (scorer_accept(&next, word, CASE_ANY, &bits)) {
            total += math_pow(2, -bits);
        }
    }
    return total;
}
