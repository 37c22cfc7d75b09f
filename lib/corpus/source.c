#include "lib/corpus/source.h"

#include "lib/base/math.h"

enum {
    OWNED_SHARE = 3712, // of MIX_SHARES: a person's thing is the one it was before
    FOND_SHARE = 3584,  // a verb's preposition is its own
    NOUN_SHARE = 44,    // a noun is this one of the last NOUNS_IN_MIND
};

static const uint16_t NOUN_SHARES[NOUNS_IN_MIND] = {
    NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE,
    NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE, NOUN_SHARE};

static void from_table(struct source *source, const struct state *state, const struct table *table,
                       enum category category) {
    source->table = table;
    source->first = state->language->first[category];
    source->table_share = MIX_SHARES;
    source->recalled = 0;
}

// One lexeme with a share; what is left of MIX_SHARES stays with the table.
static void recall_one(struct source *source, uint32_t lexeme, uint16_t share) {
    source->own[0] = (uint16_t)lexeme;
    source->own_share[0] = share;
    source->lexeme = source->own;
    source->share = source->own_share;
    source->recalled = 1;
    source->table_share = (uint16_t)(MIX_SHARES - share);
}

static void always(struct source *source, const struct state *state, enum category category,
                   uint32_t lexeme) {
    from_table(source, state, NULL, category);
    recall_one(source, lexeme, MIX_SHARES);
}

static unsigned gender(uint16_t name) {
    return name % 2; // 0 he, 1 she
}

static uint32_t pronoun_for(const struct subject *subject) {
    if (subject->person != NOBODY) {
        return gender(subject->person);
    }
    return subject->number == SINGULAR ? 2 : 3; // it, they
}

// Persons lately met and the table of all; the subject is not meant by NAME_OTHER.
static void find_name(struct source *source, const struct state *state, enum symbol terminal) {
    enum name_use use = terminal == NAME_OTHER     ? NAME_FOR_OTHER
                        : terminal == NAME_SPEAKER ? NAME_FOR_SPEAKER
                                                   : NAME_FOR_SUBJECT;
    from_table(source, state, &state->language->closed[NAME], NAME);
    bool skip_subject = use == NAME_FOR_OTHER && state->person_count > 0 &&
                        state_subject(state)->person == state->persons[0].name;
    unsigned known = state->person_count - (unsigned)skip_subject;
    for (unsigned i = 0; i < known; i++) {
        source->own[i] = state->persons[i + skip_subject].name;
    }
    unsigned few = state->style == CORPUS_STORIES || state->style == CORPUS_PASSAGES;
    source->lexeme = source->own;
    source->share = state->language->name_share[use][few][known];
    source->table_share = source->share[known];
    source->recalled = (uint16_t)known;
}

static void find_noun(struct source *source, const struct state *state, enum category category) {
    const struct table *tables = state->language->nominal[LEXICON_NOUN];
    from_table(source, state, &tables[state->topic * CLASSES + state->class], category);
    if (state->noun_count == NOUNS_IN_MIND && !state->in_title) {
        source->lexeme = state->nouns;
        source->share = NOUN_SHARES;
        source->recalled = NOUNS_IN_MIND;
        source->table_share = MIX_SHARES - NOUNS_IN_MIND * NOUN_SHARE;
    }
}

static void find_possessed(struct source *source, const struct state *state) {
    const struct table *tables = state->language->nominal[LEXICON_NOUN];
    from_table(source, state, &tables[state->topic * CLASSES], NOUN_SINGULAR);
    const struct person *owner = state_person(state, state_subject(state)->person);
    if (owner && owner->possessed != NOBODY) {
        recall_one(source, owner->possessed, OWNED_SHARE);
    }
}

static void find_verb(struct source *source, const struct state *state, enum verb_kind kind,
                      enum verb_form form) {
    unsigned class = state_subject(state)->class;
    from_table(source, state, &state->language->verb[kind][state->topic * CLASSES + class],
               (enum category)((int)TRANSITIVE_S + (int)kind * FORMS + (int)form));
}

static void find_fitting(struct source *source, const struct state *state, enum category category) {
    static const uint8_t BE[] = {[SINGULAR] = 0, [PLURAL] = 1, [FIRST_PERSON] = 2};
    static const uint8_t PLURAL_IS_1[] = {[SINGULAR] = 0, [PLURAL] = 1, [FIRST_PERSON] = 0};
    const struct subject *subject = category == PRONOUN ? &state->focus : state_subject(state);
    switch (category) {
    case PRONOUN:
        always(source, state, category, pronoun_for(subject));
        break;
    case POSSESSIVE:
        always(source, state, category, gender(subject->person));
        break;
    case BE_PRESENT:
        always(source, state, category, BE[subject->number]);
        break;
    case BE_PAST:
        always(source, state, category, PLURAL_IS_1[subject->number]);
        break;
    default: // has; have
        always(source, state, category, subject->number != SINGULAR);
    }
}

void source_find(struct source *source, const struct state *state, enum symbol terminal) {
    const struct corpus_language *language = state->language;
    unsigned context = (unsigned)state->topic * CLASSES + state->class;
    switch ((int)terminal) {
    case PRONOUN:
    case POSSESSIVE:
    case BE_PRESENT:
    case BE_PAST:
    case HAVE:
        find_fitting(source, state, (enum category)terminal);
        break;
    case PLACE:
        from_table(source, state, &language->place[state->topic], PLACE);
        break;
    case ADJECTIVE:
        from_table(source, state, &language->nominal[LEXICON_ADJECTIVE][context], ADJECTIVE);
        break;
    case NOUN_SINGULAR:
    case NOUN_PLURAL:
        find_noun(source, state, (enum category)terminal);
        break;
    case NAME:
    case NAME_OTHER:
    case NAME_SPEAKER:
        find_name(source, state, terminal);
        break;
    case NAME_NEW:
        from_table(source, state, &language->closed[NAME], NAME);
        break;
    case POSSESSED:
        find_possessed(source, state);
        break;
    case OWN_PREPOSITION:
        from_table(source, state, &language->closed[PREPOSITION], PREPOSITION);
        recall_one(source, state->fond_of, FOND_SHARE);
        break;
    case TRANSITIVE_PRESENT:
    case INTRANSITIVE_PRESENT:
    case TOWARDS_PRESENT:
    case CLAUSAL_PRESENT:
        find_verb(source, state, (enum verb_kind)(terminal - TRANSITIVE_PRESENT),
                  state_subject(state)->number == SINGULAR ? FORM_S : FORM_BASE);
        break;
    default:
        if ((int)terminal >= (int)TRANSITIVE_S) {
            unsigned verb = (unsigned)terminal - TRANSITIVE_S;
            find_verb(source, state, verb / FORMS, verb % FORMS);
        } else {
            from_table(source, state, &language->closed[terminal], (enum category)terminal);
        }
    }
}

uint64_t source_mass(const struct source *source, uint32_t word) {
    uint64_t mass = 0;
    uint32_t lexeme = word - source->first; // beyond every lexeme where the form does not fit
    if (source->table_share && lexeme < source->table->count) {
        mass = source->table_share * table_mass(source->table, lexeme);
    }
    for (unsigned i = 0; i < source->recalled; i++) {
        if (source->lexeme[i] == lexeme) {
            mass += (uint64_t)source->share[i] << 32;
        }
    }
    return mass;
}

double source_information(uint64_t mass, int bits) {
    return bits - math_log2((double)mass);
}
