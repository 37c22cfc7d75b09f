// The grammar: an LL(1) phrase grammar with probabilities.
//
// A symbol is a terminal (one word is drawn), a nonterminal (one rule is chosen), or an action
// (changes the state, writes nothing). In any state the rules of a nonterminal begin with different
// word categories, so the next word of a text decides each choice and every text has exactly one
// derivation. A nonterminal's selector reads a column number off the state; the column holds the
// weights of its rules there.
#ifndef DLT_CORPUS_GRAMMAR_H
#define DLT_CORPUS_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

// What a word is. Every word has one category; every category is also a terminal that draws any of
// its words, unless state.c says otherwise.
enum category {
    END_OF_RULE, // no category
    // Closed categories: their words are listed in lexicon.c.
    NEWLINE,
    EQUALS,
    PERIOD,
    COMMA,
    QUESTION,
    OPEN_QUOTE,
    CLOSE_QUOTE,
    THE,
    A,
    EACH, // determiners of the singular
    MANY, // and of the plural
    OF,
    IN,
    BY,
    THAT,
    AND,
    BUT, // joins clauses, after a comma
    WHEN,
    HOWEVER,
    I,
    MODAL,
    NOT,
    SAID,
    SECTION, // the usual headings
    PREPOSITION,
    PRONOUN,
    POSSESSIVE,
    BE_PRESENT,
    BE_PAST,
    HAVE,
    HAD,
    YEAR,
    CLOSED_CATEGORIES, // the rest is invented
    ADVERB = CLOSED_CATEGORIES,
    ADJECTIVE,
    PLACE,
    NAME,
    NOUN_SINGULAR,
    NOUN_PLURAL,
    // Four forms of four kinds of verb: transitive, intransitive, one that takes its own
    // preposition and a person (reach out to NAME), one that takes a clause (believe that ...).
    TRANSITIVE_S,
    TRANSITIVE_BASE,
    TRANSITIVE_PAST,
    TRANSITIVE_ING,
    INTRANSITIVE_S,
    INTRANSITIVE_BASE,
    INTRANSITIVE_PAST,
    INTRANSITIVE_ING,
    TOWARDS_S,
    TOWARDS_BASE,
    TOWARDS_PAST,
    TOWARDS_ING,
    CLAUSAL_S,
    CLAUSAL_BASE,
    CLAUSAL_PAST,
    CLAUSAL_ING,
    CATEGORIES
};
enum verb_form { FORM_S, FORM_BASE, FORM_PAST, FORM_ING, FORMS };

enum symbol {
    // More terminals: a category drawn in a special way.
    TRANSITIVE_PRESENT = CATEGORIES, // agrees with the subject: S or BASE
    INTRANSITIVE_PRESENT,
    TOWARDS_PRESENT,
    CLAUSAL_PRESENT,
    OWN_PREPOSITION, // mostly the one that the verb is fond of
    NAME_NEW,        // of a title: not one already met
    NAME_OTHER,      // somebody other than the subject
    NAME_SPEAKER,    // whose turn it is to speak
    POSSESSED,       // a noun: mostly what the owner was said to own before
    NONTERMINALS,
    // Texts by style, in the order of enum corpus_style.
    ROOT_WIKI = NONTERMINALS,
    ROOT_STORIES,
    ROOT_PASSAGES,
    ROOT_NEWS,
    ARTICLE,
    TITLE,
    HEADING,
    SECTION_TITLE,
    BODY,
    BODY_MORE,
    STORY,
    STORY_MORE,
    PARAGRAPH,
    PARAGRAPH_MORE,
    SENTENCE,
    SENTENCE_START,
    SENTENCE_END,
    AND_CLAUSE,
    CLAUSE,
    QUOTE_END,
    SPEAKER,
    SPEAKER_MORE,
    SUBJECT,
    SUBJECT_SIMPLE,
    NAME_AND,
    SUBJECT_MORE,
    RELATIVE,
    NOUN,
    NOMINAL,
    NOMINAL_NOUN,
    NOMINAL_SINGULAR,
    NOMINAL_PLURAL,
    PHRASE,
    PREDICATE,
    AND_VERB,
    VERB,
    VERB_SIMPLE,
    VERB_MORE,
    TOWARDS_MORE,
    TRANSITIVE_FINITE,
    INTRANSITIVE_FINITE,
    TOWARDS_FINITE,
    CLAUSAL_FINITE,
    BE_FINITE,
    HAVE_FINITE,
    COMPLEMENT,
    PARTICIPLE,
    INFINITIVE,
    OBJECT,
    OBJECT_MORE,
    IN_WHAT,
    ACTIONS,
    // Actions.
    START_DOCUMENT = ACTIONS, // forgets topic, tense, entities
    START_PASSAGE,            // the same, if the last line is finished
    START_PARAGRAPH,
    START_SENTENCE,
    START_TITLE, // each word with a capital
    END_TITLE,
    START_CLAUSE,   // opens a frame: number and kind of the subject
    START_RELATIVE, // opens a frame whose subject is the last noun
    END_CLAUSE,
    START_QUOTE, // inside, another tense and a first person
    END_QUOTE,
    SUBJECT_IS_NAME, // the last word is the subject of the clause
    SUBJECT_IS_NOUN,
    SUBJECT_IS_PRONOUN,
    SUBJECT_IS_FIRST, // first or second person
    SUBJECT_IS_PLURAL,
    TENSE_IS_PRESENT,
    TENSE_IS_PAST,
    SPEAKER_IS_NAME, // whom a pronoun will mean next
    SYMBOLS
};

enum { GRAMMAR_COLUMNS = 6, GRAMMAR_BODY = 10, GRAMMAR_CHOICES = 12, GRAMMAR_MAXIMUM_RULES = 192 };

// What decides the column of a nonterminal; state_column() computes it.
enum selector {
    SELECT_NOTHING,
    SELECT_STYLE,     // enum corpus_style
    SELECT_LENGTH,    // of a paragraph: short, long enough
    SELECT_SUBJECT,   // wiki or news, without and with somebody to mean by a pronoun; stories, the
                      // same; the first sentence of a story; in a quotation
    SELECT_DEPTH,     // main clause, deeper
    SELECT_PREDICATE, // main clause, deeper, late in a passage, too late in a passage
    SELECT_OWNER,     // subject owns nothing, may own, may own and late in a passage
    SELECT_SPEAKER,   // nobody to mean by a pronoun, somebody, late in a passage
    SELECT_TENSE,     // not yet known, present, past
    SELECT_FINISH     // whether a passage may end here
};

struct rule {
    uint8_t symbol;
    uint8_t weight[GRAMMAR_COLUMNS]; // by column; 0: cannot be
    uint8_t body[GRAMMAR_BODY];      // ends with END_OF_RULE
};
extern const struct rule GRAMMAR_RULES[]; // those of a symbol stand together
extern const unsigned GRAMMAR_RULE_COUNT;
extern const uint8_t GRAMMAR_SELECTOR[SYMBOLS];

// The rules prepared for drawing and for prediction.
struct grammar_choice {
    uint8_t rules;                                   // how many
    uint8_t first;                                   // the first of them in GRAMMAR_RULES
    uint32_t last[GRAMMAR_COLUMNS][GRAMMAR_CHOICES]; // rule i is drawn up to last[i] of 2^16
};
struct grammar_rule {
    uint64_t first; // categories that it can begin with, as a bit set
    bool nullable;  // it can end without a word
    uint8_t length;
    uint8_t reversed[GRAMMAR_BODY]; // as pushed onto the stack
};
struct grammar {
    struct grammar_choice choice[SYMBOLS];
    struct grammar_rule rule[GRAMMAR_MAXIMUM_RULES];
};
void grammar_prepare(struct grammar *grammar);

// The categories that a terminal accepts, as a bit set.
uint64_t grammar_terminal_categories(enum symbol terminal);

// Of 2^16 draws in this column, how many choose the rule (numbered within its symbol).
static inline uint32_t grammar_mass(const struct grammar_choice *choice, unsigned column,
                                    unsigned rule) {
    const uint32_t *last = choice->last[column];
    return rule ? last[rule] - last[rule - 1] : last[0];
}

#endif
