#include "lib/corpus/grammar.h"

#include <assert.h>
#include <string.h>

static uint64_t category_bit(unsigned category) {
    return UINT64_C(1) << category;
}

uint64_t grammar_terminal_categories(enum symbol terminal) {
    switch (terminal) {
    case TRANSITIVE_PRESENT:
        return category_bit(TRANSITIVE_S) | category_bit(TRANSITIVE_BASE);
    case INTRANSITIVE_PRESENT:
        return category_bit(INTRANSITIVE_S) | category_bit(INTRANSITIVE_BASE);
    case TOWARDS_PRESENT:
        return category_bit(TOWARDS_S) | category_bit(TOWARDS_BASE);
    case CLAUSAL_PRESENT:
        return category_bit(CLAUSAL_S) | category_bit(CLAUSAL_BASE);
    case OWN_PREPOSITION:
        return category_bit(PREPOSITION);
    case NAME_NEW:
    case NAME_OTHER:
    case NAME_SPEAKER:
        return category_bit(NAME);
    case POSSESSED:
        return category_bit(NOUN_SINGULAR);
    default:
        assert((int)terminal > (int)END_OF_RULE && (int)terminal < (int)CATEGORIES);
        return category_bit(terminal);
    }
}

static void prepare_weights(struct grammar_choice *choice) {
    for (unsigned column = 0; column < GRAMMAR_COLUMNS; column++) {
        uint32_t total = 0, sum = 0;
        for (unsigned i = 0; i < choice->rules; i++) {
            total += GRAMMAR_RULES[choice->first + i].weight[column];
        }
        for (unsigned i = 0; total && i < choice->rules; i++) {
            sum += GRAMMAR_RULES[choice->first + i].weight[column];
            choice->last[column][i] = (sum << 16) / total;
        }
    }
}

static void prepare_body(struct grammar_rule *prepared, const struct rule *rule) {
    while (prepared->length < GRAMMAR_BODY && rule->body[prepared->length]) {
        prepared->length++;
    }
    for (unsigned i = 0; i < prepared->length; i++) {
        prepared->reversed[i] = rule->body[prepared->length - 1 - i];
    }
}

// What a rule's body can begin with, given what is known so far of the nonterminals in it.
static struct grammar_rule rule_beginning(const struct grammar *grammar, struct grammar_rule rule,
                                          const struct rule *source) {
    rule.nullable = true;
    for (unsigned i = 0; rule.nullable && i < rule.length; i++) {
        enum symbol symbol = source->body[i];
        if ((int)symbol < (int)NONTERMINALS) {
            rule.first |= grammar_terminal_categories(symbol);
            rule.nullable = false;
        } else if (symbol < ACTIONS) {
            const struct grammar_choice *choice = &grammar->choice[symbol];
            rule.nullable = false;
            for (unsigned r = choice->first; r < choice->first + choice->rules; r++) {
                rule.first |= grammar->rule[r].first;
                rule.nullable |= grammar->rule[r].nullable;
            }
        }
    }
    return rule;
}

void grammar_prepare(struct grammar *grammar) {
    assert(GRAMMAR_RULE_COUNT <= GRAMMAR_MAXIMUM_RULES && (int)CATEGORIES <= 64);
    memset(grammar, 0, sizeof *grammar);
    for (unsigned r = 0; r < GRAMMAR_RULE_COUNT; r++) {
        struct grammar_choice *choice = &grammar->choice[GRAMMAR_RULES[r].symbol];
        choice->first = choice->rules ? choice->first : (uint8_t)r;
        assert(choice->first + choice->rules == (int)r && choice->rules < GRAMMAR_CHOICES);
        choice->rules++;
        prepare_body(&grammar->rule[r], &GRAMMAR_RULES[r]);
    }
    for (unsigned s = 0; s < SYMBOLS; s++) {
        prepare_weights(&grammar->choice[s]);
    }
    bool changed = true;
    while (changed) { // to the least fixed point
        changed = false;
        for (unsigned r = 0; r < GRAMMAR_RULE_COUNT; r++) {
            struct grammar_rule now = rule_beginning(grammar, grammar->rule[r], &GRAMMAR_RULES[r]);
            changed |=
                now.first != grammar->rule[r].first || now.nullable != grammar->rule[r].nullable;
            grammar->rule[r] = now;
        }
    }
}
