// English-like text of exactly known entropy.
//
// A language is an invented lexicon and the grammar of grammar.h. Text is drawn word by word from a
// distribution that depends on the text so far and on nothing else: the derivation, topic, entities
// and tense are all read off the words already written. The true bits of a text are therefore the
// sum of -log2 p(word | text before it), and a scorer that sees only the text finds the same sum as
// the generator that wrote it.
//
//     corpus_language_create(&language, 1, error)
//     corpus_generator_create(&generator, language, CORPUS_WIKI, CORPUS_TRAIN, 1, error)
//     corpus_generate_line(generator, &buffer, error) ...
#ifndef DLT_CORPUS_CORPUS_H
#define DLT_CORPUS_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum corpus_style {
    CORPUS_WIKI,     // articles with headings, case kept, a paragraph a line
    CORPUS_STORIES,  // long narratives with dialogue, lower case, a paragraph a line
    CORPUS_PASSAGES, // the same language; a passage a line, whose last word occurred before in it
    CORPUS_NEWS,     // independent sentences, one a line
    CORPUS_STYLES
};
enum corpus_split { CORPUS_TRAIN, CORPUS_VALID, CORPUS_TEST, CORPUS_SPLITS };

// NULL-terminated, in the order of the enumerations.
extern const char *const CORPUS_STYLE_NAMES[];
extern const char *const CORPUS_SPLIT_NAMES[];

// What a text amounts to.
struct corpus_totals {
    uint64_t bytes;
    uint64_t words;        // names, marks and line ends included
    uint64_t lines;        // line ends
    double bits;           // -log2 of the text's probability
    double last_word_bits; // of these, the bits of each line's last word, counted by the scorer
    uint64_t *count;       // (corpus_language_words) occurrences; NULL where not wanted
};

struct corpus_language;
enum status corpus_language_create(struct corpus_language **language, uint64_t seed,
                                   struct error *error);
void corpus_language_free(struct corpus_language *language);
// Words are numbered from 0; no two are spelled alike.
size_t corpus_language_words(const struct corpus_language *language);
const char *corpus_language_spelling(const struct corpus_language *language, size_t word);

struct corpus_generator;
// The language must outlive the generator. Texts of different splits or styles share no random
// numbers; a longer text of the same seeds begins with the shorter one.
enum status corpus_generator_create(struct corpus_generator **generator,
                                    const struct corpus_language *language, enum corpus_style style,
                                    enum corpus_split split, uint64_t seed, struct error *error);
void corpus_generator_free(struct corpus_generator *generator);
// Appends one line, its '\n' included.
enum status corpus_generate_line(struct corpus_generator *generator, struct buffer *text,
                                 struct error *error);
// As above, and adds to *totals, but for `last_word_bits` and `count`; slower.
enum status corpus_generate_line_measured(struct corpus_generator *generator, struct buffer *text,
                                          struct corpus_totals *totals, struct error *error);

struct corpus_scorer;
enum status corpus_scorer_create(struct corpus_scorer **scorer,
                                 const struct corpus_language *language, enum corpus_style style,
                                 struct error *error);
void corpus_scorer_free(struct corpus_scorer *scorer);
// The bits of the next line of a text (its '\n' included), knowing all lines before. Fails with
// STATUS_DAMAGED where the line could not have been written in this language and style.
enum status corpus_score_line(struct corpus_scorer *scorer, const char *line, size_t length,
                              struct corpus_totals *totals, struct error *error);

#endif
