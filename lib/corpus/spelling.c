// Invented words that look English: syllables of onset, vowel and coda, an ending that fits the
// category, regular forms. Frequent words are short. Nouns and adjectives begin with a consonant,
// so that "a" is always right.
#include <stdio.h>
#include <string.h>

#include "lib/corpus/lexicon.h"

struct pieces {
    const char *const *text;
    unsigned count;
};
#define PIECES(...)                                                                                \
    { (const char *const[]){__VA_ARGS__}, ARRAY_LENGTH(((const char *const[]){__VA_ARGS__})) }

// A piece that is listed twice is twice as frequent.
static const struct pieces ONSETS =
    PIECES("b", "b", "c", "d", "d", "f", "g", "h", "h", "l", "l", "m", "m", "n", "p", "r", "r", "s",
           "s", "t", "t", "w", "v", "j", "k", "br", "cl", "cr", "dr", "fl", "gr", "gl", "pl", "pr",
           "sl", "sp", "st", "str", "th", "tr", "sh", "ch", "qu", "sw", "tw", "sn", "bl");
static const struct pieces SIMPLE_ONSETS =
    PIECES("b", "c", "d", "d", "f", "g", "l", "l", "m", "m", "n", "n", "p", "r", "r", "s", "t", "t",
           "v", "st", "th");
static const struct pieces VOWELS = PIECES("a", "a", "a", "e", "e", "e", "e", "i", "i", "i", "o",
                                           "o", "o", "u", "u", "ea", "ee", "ai", "oo", "ou", "oa");
static const struct pieces SIMPLE_VOWELS = PIECES("a", "a", "e", "e", "i", "i", "o", "u");
static const struct pieces CODAS =
    PIECES("n", "n", "n", "r", "r", "l", "l", "t", "t", "d", "m", "p", "g", "ck", "nd", "nt", "st",
           "rd", "rn", "ll", "ng", "sh", "rt", "ld", "mp", "lt", "ss", "nk");
static const struct pieces LIGHT_CODAS = PIECES("", "", "", "", "n", "r", "l", "m", "s");

static const struct pieces NOUN_ENDINGS = PIECES("", "", "", "", "er", "er", "et", "on", "el", "ow",
                                                 "ard", "ment", "ness", "age", "le", "y", "ion");
static const struct pieces VERB_ENDINGS =
    PIECES("", "", "", "", "", "en", "er", "le", "ish", "ate", "ow");
static const struct pieces ADJECTIVE_ENDINGS =
    PIECES("", "", "", "y", "al", "ous", "ish", "ic", "en", "ful", "less", "ive");
static const struct pieces ADVERB_ENDINGS = PIECES("ly");
static const struct pieces MALE_ENDINGS = PIECES("o", "en", "ard", "us", "in", "an", "or", "", "");
static const struct pieces FEMALE_ENDINGS =
    PIECES("a", "a", "ia", "elle", "ine", "y", "eth", "essa");
static const struct pieces PLACE_ENDINGS = PIECES("ton", "ville", "burg", "ford", "land", "ham",
                                                  "mouth", "shire", "field", "bridge", "by");

static void append(struct random_sequence *random, char text[WORD_SPACE],
                   const struct pieces *pieces) {
    size_t used = strlen(text);
    snprintf(text + used, WORD_SPACE - used, "%s",
             pieces->text[random_below(random, pieces->count)]);
}

static const struct pieces *endings(enum category category, unsigned rank) {
    switch (category) {
    case ADVERB:
        return &ADVERB_ENDINGS;
    case ADJECTIVE:
        return &ADJECTIVE_ENDINGS;
    case PLACE:
        return &PLACE_ENDINGS;
    case NAME: // men have even numbers
        return rank % 2 ? &FEMALE_ENDINGS : &MALE_ENDINGS;
    case NOUN_SINGULAR:
        return &NOUN_ENDINGS;
    default:
        return &VERB_ENDINGS;
    }
}

void spelling_invent(struct random_sequence *random, enum category category, unsigned rank,
                     char text[WORD_SPACE]) {
    bool suffixed = category == ADVERB || category == PLACE || category == NAME;
    bool second = rank > 100 && !suffixed && random_below(random, 6) == 0;
    text[0] = '\0';
    append(random, text, category == NAME ? &SIMPLE_ONSETS : &ONSETS);
    append(random, text, second || category == NAME ? &SIMPLE_VOWELS : &VOWELS);
    if (second) {
        append(random, text, &LIGHT_CODAS);
        append(random, text, &SIMPLE_ONSETS);
        append(random, text, &SIMPLE_VOWELS);
    }
    append(random, text, &CODAS);
    if ((rank > 150 && random_below(random, 5) < 2) || suffixed) {
        append(random, text, endings(category, rank));
    }
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

static void inflect_s(const char *base, char text[WORD_SPACE]) {
    bool hissing = ends_with(base, "s") || ends_with(base, "sh") || ends_with(base, "ch");
    int stem = (int)strlen(base) - ends_with(base, "y");
    snprintf(text, WORD_SPACE, "%.*s%s", stem, base,
             ends_with(base, "y") ? "ies"
             : hissing            ? "es"
                                  : "s");
}

void spelling_inflect(const char *base, enum category category, char text[WORD_SPACE]) {
    int stem = (int)strlen(base) - ends_with(base, "e");
    if (category == NOUN_PLURAL) {
        inflect_s(base, text);
        return;
    }
    switch ((category - TRANSITIVE_S) % FORMS) {
    case FORM_S:
        inflect_s(base, text);
        break;
    case FORM_PAST:
        snprintf(text, WORD_SPACE, "%.*sed", stem, base);
        break;
    case FORM_ING:
        snprintf(text, WORD_SPACE, "%.*sing", stem, base);
        break;
    default:
        snprintf(text, WORD_SPACE, "%s", base);
    }
}
