#include "lib/corpus/state.h"

#include <assert.h>
#include <string.h>

enum { LATE_IN_PASSAGE = 4, TOO_LATE_IN_PASSAGE = 8, SHORT_PARAGRAPH = 3 };

static const struct subject NO_SUBJECT = {.person = NOBODY};

static bool is_narrative(const struct state *state) {
    return state->style == CORPUS_STORIES || state->style == CORPUS_PASSAGES;
}

static void start_document(struct state *state) {
    state->topic = 0;
    state->class = 0;
    state->tense[0] = is_narrative(state) ? TENSE_PAST : TENSE_UNKNOWN;
    state->tense[1] = TENSE_UNKNOWN;
    state->quoting = 0;
    state->sentences = 0;
    state->recalled = 0;
    state->focus = NO_SUBJECT;
    state->has_focus = false;
    state->person_count = 0;
    state->noun_count = 0;
    state->noun_next = 0;
}

void state_start(struct state *state, const struct corpus_language *language,
                 enum corpus_style style) {
    memset(state, 0, sizeof *state);
    state->language = language;
    state->style = (uint8_t)style;
    state->last = lexicon_word(language, NEWLINE, 0);
    state->stack_height = 1;
    state->stack[0] = (uint8_t)(ROOT_WIKI + style);
    start_document(state);
}

static uint16_t last_lexeme(const struct state *state) {
    return (uint16_t)lexicon_lexeme(state->language, state->last);
}

static struct subject *innermost(struct state *state) {
    assert(state->frame_count > 0);
    return &state->frames[state->frame_count - 1];
}

static void open_frame(struct state *state, struct subject subject) {
    assert(state->frame_count < FRAME_SPACE);
    state->frames[state->frame_count++] = subject;
}

// Only subjects of main clauses are what later pronouns mean.
static void set_subject(struct state *state, struct subject subject) {
    *innermost(state) = subject;
    if (state->frame_count == 1 && !state->quoting) {
        state->focus = subject;
        state->has_focus = true;
    }
}

static struct subject named_subject(const struct state *state) {
    return (struct subject){.number = SINGULAR, .class = PERSON, .person = last_lexeme(state)};
}

static struct subject first_person_subject(const struct state *state) {
    return (struct subject){.number = last_lexeme(state) == 0 ? FIRST_PERSON : PLURAL, // I; you, we
                            .class = PERSON,
                            .person = NOBODY};
}

const struct person *state_person(const struct state *state, uint16_t name) {
    for (unsigned i = 0; i < state->person_count; i++) {
        if (state->persons[i].name == name) {
            return &state->persons[i];
        }
    }
    return NULL;
}

// Moves the person to the front; a new one pushes out who was met longest ago.
static struct person *meet_person(struct state *state, uint16_t name) {
    unsigned at = 0;
    while (at < state->person_count && state->persons[at].name != name) {
        at++;
    }
    struct person person = {.name = name, .possessed = NOBODY};
    if (at < state->person_count) {
        person = state->persons[at];
    } else if (state->person_count < ENTITIES) {
        state->person_count++;
    } else {
        at = ENTITIES - 1;
    }
    memmove(state->persons + 1, state->persons, at * sizeof *state->persons);
    state->persons[0] = person;
    return &state->persons[0];
}

static void take_up_focus(struct state *state) {
    *innermost(state) = state->focus;
    if (state->focus.person != NOBODY) {
        meet_person(state, state->focus.person);
    }
}

static void start_sentence(struct state *state) {
    state->sentences = (uint8_t)(state->sentences + (state->sentences < UINT8_MAX));
    state->capital = CAPITAL_NEXT;
    state->frame_count = 0;
    state->class = 0;
    state->recalled = 0;
}

void state_act(struct state *state, enum symbol action) {
    const struct subject noun = {
        .number = state->noun_number, .class = state->noun_class, .person = NOBODY};
    switch (action) {
    case START_DOCUMENT:
        start_document(state);
        break;
    case START_PASSAGE:
        if (state->last == lexicon_word(state->language, NEWLINE, 0)) {
            start_document(state);
        }
        break;
    case START_PARAGRAPH:
        state->sentences = 0;
        break;
    case START_SENTENCE:
        start_sentence(state);
        break;
    case START_TITLE:
        state->capital = CAPITAL_ALL;
        state->in_title = true;
        break;
    case END_TITLE:
        state->capital = CAPITAL_NONE;
        state->in_title = false;
        break;
    case START_CLAUSE:
        open_frame(state, NO_SUBJECT);
        break;
    case START_RELATIVE:
        open_frame(state, noun);
        break;
    case END_CLAUSE:
        assert(state->frame_count > 0);
        state->frame_count--;
        break;
    case START_QUOTE:
        state->quoting = 1;
        break;
    case END_QUOTE:
        state->quoting = 0;
        break;
    case SUBJECT_IS_NAME:
        set_subject(state, named_subject(state));
        break;
    case SUBJECT_IS_NOUN:
        set_subject(state, noun);
        break;
    case SUBJECT_IS_PRONOUN:
        take_up_focus(state);
        break;
    case SUBJECT_IS_FIRST:
        *innermost(state) = first_person_subject(state);
        break;
    case SUBJECT_IS_PLURAL:
        set_subject(state, (struct subject){.number = PLURAL, .class = PERSON, .person = NOBODY});
        break;
    case TENSE_IS_PRESENT:
        state->tense[state->quoting] = TENSE_PRESENT;
        break;
    case TENSE_IS_PAST:
        state->tense[state->quoting] = TENSE_PAST;
        break;
    case SPEAKER_IS_NAME:
        state->focus = named_subject(state);
        state->has_focus = true;
        break;
    default:
        assert(false);
    }
}

static bool is_late_in_passage(const struct state *state) {
    return state->style == CORPUS_PASSAGES && state->sentences >= LATE_IN_PASSAGE;
}

static unsigned subject_column(const struct state *state) {
    if (state->quoting) {
        return 5;
    }
    if (is_narrative(state) && state->person_count == 0) {
        return 4;
    }
    return (is_narrative(state) ? 2U : 0U) + state->has_focus;
}

static unsigned predicate_column(const struct state *state) {
    if (state->frame_count > 1) {
        return 1;
    }
    if (is_late_in_passage(state) && !state->quoting) {
        return state->sentences < TOO_LATE_IN_PASSAGE ? 2 : 3;
    }
    return 0;
}

static bool can_finish(const struct state *state) {
    return is_late_in_passage(state) && state->recalled >= 2;
}

unsigned state_column(const struct state *state, enum symbol nonterminal) {
    bool late = is_late_in_passage(state) && !state->quoting;
    switch ((enum selector)GRAMMAR_SELECTOR[nonterminal]) {
    case SELECT_STYLE:
        return state->style;
    case SELECT_LENGTH:
        return state->sentences >= SHORT_PARAGRAPH;
    case SELECT_SUBJECT:
        return subject_column(state);
    case SELECT_DEPTH:
        return state->frame_count > 1;
    case SELECT_PREDICATE:
        return predicate_column(state);
    case SELECT_OWNER:
        return state_subject(state)->person == NOBODY ? 0 : late ? 2 : 1;
    case SELECT_SPEAKER:
        return late ? 2 : state->has_focus;
    case SELECT_TENSE:
        return state->tense[state->quoting];
    case SELECT_FINISH:
        return can_finish(state);
    case SELECT_NOTHING:
        break;
    }
    return 0;
}

static void accept_name(struct state *state, uint16_t name) {
    struct person *person = meet_person(state, name);
    state->recalled = (uint8_t)(person->mentions < UINT8_MAX ? person->mentions : UINT8_MAX);
    person->mentions = (uint16_t)(person->mentions + (person->mentions < UINT16_MAX));
}

static void accept_noun(struct state *state, const struct word *word, uint16_t lexeme) {
    state->noun_number = word->category == NOUN_PLURAL ? PLURAL : SINGULAR;
    state->noun_class = word->class;
    state->class = 0;
    state->topic = state->topic ? state->topic : word->topic;
    if (!state->in_title) {
        state->nouns[state->noun_next] = lexeme;
        state->noun_next = (uint8_t)((state->noun_next + 1) % NOUNS_IN_MIND);
        state->noun_count = (uint8_t)(state->noun_count + (state->noun_count < NOUNS_IN_MIND));
    }
}

static void accept_possessed(struct state *state, uint16_t lexeme) {
    uint16_t owner = state_subject(state)->person;
    for (unsigned i = 0; i < state->person_count; i++) {
        struct person *person = &state->persons[i];
        if (person->name != owner) {
            continue;
        }
        bool known = person->possessed == lexeme;
        state->recalled = (uint8_t)(known ? person->possessed_mentions : 0);
        person->possessed = lexeme;
        person->possessed_mentions = (uint16_t)(known ? person->possessed_mentions + 1 : 1);
        person->possessed_mentions &= 0xFF;
    }
}

static void accept_verb(struct state *state, const struct word *word) {
    state->class = word->category <= TRANSITIVE_ING ? word->object : 0;
    state->fond_of = word->preposition;
}

void state_accept(struct state *state, uint32_t accepted) {
    const struct word *word = &state->language->words[accepted];
    enum symbol terminal = state_top(state);
    uint16_t lexeme = (uint16_t)lexicon_lexeme(state->language, accepted);
    state->stack_height--;
    state->last = accepted;
    state->recalled = 0;
    if (state->capital == CAPITAL_NEXT && word->category != OPEN_QUOTE) {
        state->capital = CAPITAL_NONE;
    }
    switch ((enum category)word->category) {
    case NAME:
        accept_name(state, lexeme);
        break;
    case NOUN_SINGULAR:
    case NOUN_PLURAL:
        accept_noun(state, word, lexeme);
        if (terminal == POSSESSED) {
            accept_possessed(state, lexeme);
        }
        break;
    case ADJECTIVE:
    case PREPOSITION:
        state->class = word->class;
        break;
    default:
        if (word->category >= TRANSITIVE_S) {
            accept_verb(state, word);
        }
    }
}

bool state_capitalises(const struct state *state, uint32_t word) {
    const struct word *written = &state->language->words[word];
    bool letter = written->text[0] >= 'a' && written->text[0] <= 'z';
    return letter && !is_narrative(state) &&
           (state->capital != CAPITAL_NONE || written->category == NAME ||
            written->category == PLACE);
}
