// What the text so far means for the next word. A state is a function of the words written, and of
// nothing else:
//
//     state_start(&state, style)
//     for each word
//         state_settle()                 runs the actions on top of the stack
//         while the top is a nonterminal
//             state_expand(one of its rules), state_settle()
//         state_accept(a word of the terminal)
//
// Invariants: the stack's top is the next symbol; `frames` holds one frame per open clause, the
// innermost last; `persons` holds those met lately, the latest first, each once.
#ifndef DLT_CORPUS_STATE_H
#define DLT_CORPUS_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/corpus/lexicon.h"

enum { STACK_SPACE = 96, FRAME_SPACE = 12, NOUNS_IN_MIND = 16, NOBODY = UINT16_MAX };
enum number { SINGULAR, PLURAL, FIRST_PERSON };
enum tense { TENSE_UNKNOWN, TENSE_PRESENT, TENSE_PAST };
enum capital { CAPITAL_NONE, CAPITAL_NEXT, CAPITAL_ALL };

struct person {
    uint16_t name;      // lexeme
    uint16_t mentions;  // by name
    uint16_t possessed; // lexeme of a noun, NOBODY for none
    uint16_t possessed_mentions;
};

struct subject {
    uint8_t number;  // enum number
    uint8_t class;   // of the noun, PERSON for a person, 0 unknown
    uint16_t person; // lexeme of the name, NOBODY where it is no single person
};

struct state {
    const struct corpus_language *language;
    uint8_t style;
    uint8_t capital; // enum capital
    uint8_t topic;
    uint8_t class;     // that the words before ask for in the next noun, 0: any
    uint8_t tense[2];  // narration, quotation
    uint8_t quoting;   // index into `tense`
    uint8_t sentences; // of this paragraph or passage
    uint8_t recalled;  // how often the last word was mentioned before, if it was a recall
    bool in_title;
    uint16_t fond_of;     // the last verb's own preposition
    uint32_t last;        // the last word
    struct subject focus; // whom or what a pronoun means
    bool has_focus;
    uint8_t noun_number, noun_class; // of the last noun
    uint8_t frame_count, person_count, noun_count, noun_next;
    struct subject frames[FRAME_SPACE];
    struct person persons[ENTITIES];
    uint16_t nouns[NOUNS_IN_MIND]; // lexemes, a ring; in use once it is full
    uint32_t stack_height;
    uint8_t stack[STACK_SPACE];
};

void state_start(struct state *state, const struct corpus_language *language,
                 enum corpus_style style);
void state_act(struct state *state, enum symbol action);
unsigned state_column(const struct state *state, enum symbol nonterminal);
void state_accept(struct state *state, uint32_t word);
// Whether the word is to be written with a capital now.
bool state_capitalises(const struct state *state, uint32_t word);

static inline enum symbol state_top(const struct state *state) {
    return (enum symbol)state->stack[state->stack_height - 1];
}

// Runs the actions on top of the stack.
static inline void state_settle(struct state *state) {
    while (state->stack[state->stack_height - 1] >= ACTIONS) {
        state_act(state, (enum symbol)state->stack[--state->stack_height]);
        assert(state->stack_height > 0);
    }
}

// Replaces the top of the stack by the body of a rule of GRAMMAR_RULES.
static inline void state_expand(struct state *state, unsigned rule) {
    const struct grammar_rule *body = &state->language->grammar.rule[rule];
    assert(state->stack_height + GRAMMAR_BODY <= STACK_SPACE);
    uint32_t top = state->stack_height - 1;
    memcpy(state->stack + top, body->reversed, GRAMMAR_BODY); // what is beyond the length is free
    state->stack_height = top + body->length;
}

// The subject of the innermost clause.
static inline const struct subject *state_subject(const struct state *state) {
    return &state->frames[state->frame_count - 1];
}

// The person of this name, or NULL.
const struct person *state_person(const struct state *state, uint16_t name);

#endif
