// A language: words, what they go with, and every table that words are drawn from.
//
// Within a category, words are numbered by falling frequency. The forms of a noun or verb have the
// same number in each of their categories: that number is the lexeme.
#ifndef DLT_CORPUS_LEXICON_H
#define DLT_CORPUS_LEXICON_H

#include <stdint.h>

#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/corpus/corpus.h"
#include "lib/corpus/grammar.h"
#include "lib/corpus/table.h"

enum {
    WORD_SPACE = 16,       // bytes a word is stored in, copied as one
    LEXICON_WORDS = 16384, // at most
    TOPICS = 17,           // 0: not yet known
    CLASSES = 10,          // of nouns: 1 to 8 for things, 9 for persons; 0: any
    PERSON = 9,
    ENTITIES = 6,  // persons that a text keeps in mind
    MIX_BITS = 12, // the ways to come by a word are weighed in shares of 2^-12
    MIX_SHARES = 1 << MIX_BITS
};
enum noun_adjective { LEXICON_NOUN, LEXICON_ADJECTIVE };
enum verb_kind { VERB_TRANSITIVE, VERB_INTRANSITIVE, VERB_TOWARDS, VERB_CLAUSAL, VERB_KINDS };
enum name_use { NAME_FOR_SUBJECT, NAME_FOR_OTHER, NAME_FOR_SPEAKER, NAME_USES };

struct word {
    char text[WORD_SPACE]; // lower case
    uint8_t length;
    uint8_t category;
    uint8_t topic;       // that it belongs to; 0: to all alike
    uint8_t class;       // of a noun; that an adjective, preposition or a verb's subject asks for
    uint8_t object;      // class that a transitive verb asks for in its object
    uint8_t preposition; // lexeme of the one that a verb is fond of
};

struct corpus_language {
    struct word *words;
    uint32_t word_count;
    uint16_t first[CATEGORIES + 1]; // first word of each category
    uint16_t *index;                // open addressing by spelling; word + 1, 0 empty
    uint32_t *storage;              // of the tables
    struct table *tables;           // all of them, owned
    struct table *closed;           // (CATEGORIES): regardless of topic
    struct table *place;            // (TOPICS)
    struct table *nominal[2];       // (TOPICS, CLASSES): nouns, adjectives
    struct table *verb[VERB_KINDS]; // (TOPICS, CLASSES): by class of the subject
    // Shares of the persons in mind, by how lately they were met, and of a new one: by use, style
    // that knows few or many new persons, and how many can be meant.
    uint16_t name_share[NAME_USES][2][ENTITIES + 1][ENTITIES + 1];
    struct grammar grammar;
};

static inline uint32_t lexicon_word(const struct corpus_language *language, enum category category,
                                    size_t lexeme) {
    return language->first[category] + (uint32_t)lexeme;
}

static inline uint32_t lexicon_lexeme(const struct corpus_language *language, uint32_t word) {
    return word - language->first[language->words[word].category];
}

// The word spelled like this, or -1.
int32_t lexicon_find(const struct corpus_language *language, const char *text, size_t length);

// spelling.c: invented words and their forms, each a NUL-terminated text of WORD_SPACE bytes.
void spelling_invent(struct random_sequence *random, enum category category, unsigned rank,
                     char text[WORD_SPACE]);
void spelling_inflect(const char *base, enum category category, char text[WORD_SPACE]);

#endif
