#include <stdlib.h>
#include <string.h>

#include "lib/corpus/source.h"

struct corpus_generator {
    struct state state;
    struct random_place place;
    uint64_t block; // of random numbers
    uint32_t words[4];
    unsigned left; // of words
    uint32_t half; // 16 random bits where has_half
    bool has_half;
};

enum status corpus_generator_create(struct corpus_generator **created,
                                    const struct corpus_language *language, enum corpus_style style,
                                    enum corpus_split split, uint64_t seed, struct error *error) {
    enum status status = memory_allocate((void **)created, 1, sizeof(struct corpus_generator),
                                         "a text generator", error);
    if (status == STATUS_OK) {
        struct corpus_generator *generator = *created;
        state_start(&generator->state, language, style);
        // Site 0 is the language's own.
        generator->place =
            (struct random_place){.seed = seed,
                                  .stream = RANDOM_CORPUS,
                                  .site = (uint8_t)(1 + (int)split * CORPUS_STYLES + (int)style)};
    }
    return status;
}

void corpus_generator_free(struct corpus_generator *generator) {
    free(generator);
}

static uint32_t draw_32(struct corpus_generator *generator) {
    if (generator->left == 0) {
        generator->place.layer = (uint16_t)(generator->block >> 32);
        random_block(&generator->place, (uint32_t)generator->block, generator->words);
        generator->block++;
        generator->left = 4;
    }
    return generator->words[--generator->left];
}

static uint32_t draw_16(struct corpus_generator *generator) {
    generator->has_half = !generator->has_half;
    if (!generator->has_half) {
        return generator->half;
    }
    uint32_t both = draw_32(generator);
    generator->half = both >> 16;
    return both & 0xFFFF;
}

// Chooses a rule for the nonterminal on top; returns its mass of 2^16.
static uint32_t choose_rule(struct corpus_generator *generator) {
    struct state *state = &generator->state;
    enum symbol symbol = state_top(state);
    const struct grammar_choice *choice = &state->language->grammar.choice[symbol];
    unsigned rule = 0;
    uint32_t mass = 1 << 16;
    if (choice->rules > 1) {
        unsigned column = state_column(state, symbol);
        uint32_t u = draw_16(generator);
        while (u >= choice->last[column][rule]) {
            rule++;
        }
        mass = grammar_mass(choice, column, rule);
    }
    state_expand(state, choice->first + rule);
    return mass;
}

// Blanks stand between words; wiki lines also begin and end with one, as WikiText's do.
static size_t write_word(const struct state *state, uint32_t written, bool at_start, char *at) {
    const struct word *word = &state->language->words[written];
    bool wiki = state->style == CORPUS_WIKI, ends = word->category == NEWLINE;
    size_t blank = at_start ? wiki : !ends || wiki;
    at[0] = ' ';
    memcpy(at + blank, word->text, WORD_SPACE);
    if (state_capitalises(state, written)) {
        at[blank] = (char)(at[blank] - 'a' + 'A');
    }
    return blank + word->length;
}

// The next word; the state then stands before it. Adds its bits where they are wanted.
static inline uint32_t draw_word(struct corpus_generator *generator, double *bits) {
    struct state *state = &generator->state;
    state_settle(state);
    while (state_top(state) >= NONTERMINALS) {
        uint32_t mass = choose_rule(generator);
        if (bits) {
            *bits += source_information(mass, 16);
        }
        state_settle(state);
    }
    struct source source;
    source_find(&source, state, state_top(state));
    uint32_t mix = source_is_mixed(&source) ? draw_32(generator) : 0;
    uint32_t u = source_is_wide(&source) ? draw_32(generator) : 0;
    uint32_t word = source_draw(&source, mix, u);
    if (bits) {
        *bits += source_information(source_mass(&source, word), SOURCE_BITS);
    }
    return word;
}

static inline enum status generate_line(struct corpus_generator *generator, struct buffer *text,
                                        struct corpus_totals *totals, struct error *error) {
    struct state *state = &generator->state;
    size_t start = text->length;
    bool ended = false;
    while (!ended) {
        if (text->capacity - text->length < WORD_SPACE + 1) {
            enum status status = buffer_reserve(text, 1 << 16, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        uint32_t word = draw_word(generator, totals ? &totals->bits : NULL);
        char *at = (char *)text->data + text->length;
        text->length += write_word(state, word, text->length == start, at);
        state_accept(state, word);
        ended = state->language->words[word].category == NEWLINE;
        if (totals) {
            totals->words++;
            totals->lines += ended;
        }
    }
    if (totals) {
        totals->bytes += text->length - start;
    }
    return STATUS_OK;
}

enum status corpus_generate_line(struct corpus_generator *generator, struct buffer *text,
                                 struct error *error) {
    return generate_line(generator, text, NULL, error);
}

enum status corpus_generate_line_measured(struct corpus_generator *generator, struct buffer *text,
                                          struct corpus_totals *totals, struct error *error) {
    return generate_line(generator, text, totals, error);
}
