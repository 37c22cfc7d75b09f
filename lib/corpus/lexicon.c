#include "lib/corpus/lexicon.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/base/math.h"

const char *const CORPUS_STYLE_NAMES[] = {"wiki", "stories", "passages", "news", NULL};
const char *const CORPUS_SPLIT_NAMES[] = {"train", "valid", "test", NULL};

enum { INDEX_SIZE = 2 * LEXICON_WORDS, FIRST_YEAR = 1850, YEARS = 160 };

// Words of the closed categories, the most frequent first.
static const char *const CLOSED_WORDS[CLOSED_CATEGORIES] = {
    [NEWLINE] = "\n",
    [EQUALS] = "=",
    [PERIOD] = ".",
    [COMMA] = ",",
    [QUESTION] = "?",
    [OPEN_QUOTE] = "``",
    [CLOSE_QUOTE] = "''",
    [THE] = "the",
    [A] = "a",
    [EACH] = "this one each another every no",
    [MANY] = "these some many two several few three most all",
    [OF] = "of",
    [IN] = "in",
    [BY] = "by",
    [THAT] = "that",
    [AND] = "and",
    [BUT] = "but so yet or",
    [WHEN] = "when as while because if although until before after",
    [HOWEVER] = "however then later meanwhile instead indeed therefore still",
    [I] = "i you we",
    [MODAL] = "would could will can must might should may",
    [NOT] = "not",
    [SAID] = "said asked replied whispered answered cried muttered",
    [SECTION] =
        "history background career reception legacy production design aftermath description",
    [PREPOSITION] =
        "to with for on at from into over through near under behind across around against "
        "between toward along within beyond",
    [PRONOUN] = "he she it they",
    [POSSESSIVE] = "his her",
    [BE_PRESENT] = "is are am",
    [BE_PAST] = "was were",
    [HAVE] = "has have",
    [HAD] = "had",
};

// The invented categories: how many lexemes, how steeply they fall (weight of rank r is
// (r + shift)^-slope), and how many categories, this one first, hold their forms.
static const struct open_category {
    enum category category;
    unsigned count, forms;
    double slope, shift;
} OPEN_CATEGORIES[] = {
    {ADVERB, 200, 1, 0.7, 4},
    {ADJECTIVE, 1000, 1, 0.8, 5},
    {PLACE, 300, 1, 0.8, 5},
    {NAME, 700, 1, 0.75, 6},
    {NOUN_SINGULAR, 2200, 2, 0.85, 8},
    {TRANSITIVE_S, 700, FORMS, 0.85, 5},
    {INTRANSITIVE_S, 300, FORMS, 0.85, 4},
    {TOWARDS_S, 60, FORMS, 0.7, 3},
    {CLAUSAL_S, 30, FORMS, 0.7, 2},
};

static uint16_t *index_slot(const struct corpus_language *language, const char *text,
                            size_t length) {
    size_t slot = XXH64(text, length, 0) % INDEX_SIZE;
    while (language->index[slot]) {
        const struct word *word = &language->words[language->index[slot] - 1];
        if (word->length == length && memcmp(word->text, text, length) == 0) {
            break;
        }
        slot = (slot + 1) % INDEX_SIZE;
    }
    return &language->index[slot];
}

int32_t lexicon_find(const struct corpus_language *language, const char *text, size_t length) {
    return (int32_t)*index_slot(language, text, length) - 1;
}

static struct word *put_word(struct corpus_language *language, uint32_t at, enum category category,
                             const char *text, size_t length) {
    assert(at < LEXICON_WORDS && length < WORD_SPACE);
    struct word *word = &language->words[at];
    *word = (struct word){.category = (uint8_t)category, .length = (uint8_t)length};
    memcpy(word->text, text, length);
    uint16_t *slot = index_slot(language, text, length);
    assert(*slot == 0);
    *slot = (uint16_t)(at + 1);
    return word;
}

static void add_closed_words(struct corpus_language *language) {
    for (int c = 1; c < CLOSED_CATEGORIES; c++) {
        language->first[c] = (uint16_t)language->word_count;
        const char *text = CLOSED_WORDS[c];
        while (text && *text) {
            size_t length = strcspn(text, " ");
            put_word(language, language->word_count++, (enum category)c, text, length);
            text += length + (text[length] == ' ');
        }
        for (int year = 0; c == YEAR && year < YEARS; year++) {
            int number = FIRST_YEAR + YEARS - 1 - year; // the latest is the most frequent
            const char digits[] = {(char)('0' + number / 1000), (char)('0' + number / 100 % 10),
                                   (char)('0' + number / 10 % 10), (char)('0' + number % 10)};
            put_word(language, language->word_count++, YEAR, digits, sizeof digits);
        }
    }
}

// Invents until no form is spelled like a word that exists.
static void invent_forms(const struct corpus_language *language, struct random_sequence *random,
                         const struct open_category *open, unsigned rank,
                         char forms[FORMS][WORD_SPACE]) {
    enum category category = open->category;
    bool taken = true;
    while (taken) {
        char base[WORD_SPACE];
        spelling_invent(random, category, rank, base);
        taken = strlen(base) + 4 > WORD_SPACE;
        for (unsigned f = 0; f < open->forms; f++) {
            bool as_it_is = open->forms == 1 || (category == NOUN_SINGULAR && f == 0);
            if (as_it_is) {
                memcpy(forms[f], base, WORD_SPACE);
            } else {
                spelling_inflect(base, category + f, forms[f]);
            }
            taken |= lexicon_find(language, forms[f], strlen(forms[f])) >= 0;
            for (unsigned g = 0; g < f; g++) {
                taken |= strcmp(forms[f], forms[g]) == 0;
            }
        }
    }
}

static void add_open_words(struct corpus_language *language, struct random_sequence *random,
                           const struct open_category *open) {
    for (unsigned f = 0; f < open->forms; f++) {
        language->first[open->category + f] = (uint16_t)(language->word_count + f * open->count);
    }
    language->word_count += open->count * open->forms;
    for (unsigned rank = 0; rank < open->count; rank++) {
        char forms[FORMS][WORD_SPACE];
        invent_forms(language, random, open, rank, forms);
        // The commonest words belong to no topic, and a fifth of the others.
        bool general = rank < 12 || random_below(random, 5) == 0;
        uint8_t topic = general ? 0 : (uint8_t)(1 + random_below(random, TOPICS - 1));
        uint8_t class = (uint8_t)(1 + random_below(random, PERSON - 1));
        uint8_t object = (uint8_t)(1 + random_below(random, PERSON - 1));
        uint8_t preposition = (uint8_t)random_below(random, language->first[PREPOSITION + 1] -
                                                                language->first[PREPOSITION]);
        bool by_persons = open->category >= TRANSITIVE_S && random_below(random, 5) < 2;
        for (unsigned f = 0; f < open->forms; f++) {
            enum category category = open->category + f;
            struct word *word = put_word(language, lexicon_word(language, category, rank), category,
                                         forms[f], strlen(forms[f]));
            word->topic = topic;
            word->class = by_persons ? PERSON : class;
            word->object = object;
            word->preposition = preposition;
        }
    }
}

static void add_words(struct corpus_language *language, uint64_t seed) {
    struct random_sequence random;
    random_sequence_start(&random, (struct random_place){.seed = seed, .stream = RANDOM_CORPUS});
    add_closed_words(language);
    for (uint32_t w = language->first[PREPOSITION]; w < language->first[PREPOSITION + 1]; w++) {
        language->words[w].class = (uint8_t)(1 + random_below(&random, PERSON - 1));
    }
    for (size_t i = 0; i < ARRAY_LENGTH(OPEN_CATEGORIES); i++) {
        add_open_words(language, &random, &OPEN_CATEGORIES[i]);
    }
    language->first[CATEGORIES] = (uint16_t)language->word_count;
}

// Takes tables and their numbers from the two allocations, in turn.
struct table_maker {
    struct corpus_language *language;
    struct table *next;
    uint32_t *storage;
    uint32_t zipf[LEXICON_WORDS]; // of the category at hand
    uint32_t weights[LEXICON_WORDS];
};

static void fill_zipf(struct table_maker *maker, size_t count, double slope, double shift) {
    for (size_t rank = 0; rank < count; rank++) {
        maker->zipf[rank] = 1 + (uint32_t)(0x1p20 * math_pow((double)rank + shift, -slope));
    }
}

static void make_table(struct table_maker *maker, const uint32_t *weights, size_t count) {
    table_build(maker->next++, maker->storage, weights, count);
    maker->storage += count;
}

// (TOPICS, CLASSES) tables of a category's words: a word of the topic and class at hand gains.
static void make_topical(struct table_maker *maker, enum category category, size_t classes) {
    const struct corpus_language *language = maker->language;
    const struct word *words = &language->words[language->first[category]];
    size_t count = (size_t)(language->first[category + 1] - language->first[category]);
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        for (unsigned class = 0; class < classes; class ++) {
            for (size_t i = 0; i < count; i++) {
                uint32_t gain = topic && words[i].topic == topic ? 8 : words[i].topic ? 1 : 2;
                gain *= class && words[i].class == class ? 5 : 1;
                maker->weights[i] = maker->zipf[i] * gain;
            }
            make_table(maker, maker->weights, count);
        }
    }
}

static void make_closed(struct table_maker *maker) {
    struct corpus_language *language = maker->language;
    language->closed = maker->next;
    for (unsigned c = 1; c <= CATEGORIES; c++) { // the table of category 0 stays empty
        maker->next = &language->closed[c];
        if (c < CLOSED_CATEGORIES) {
            size_t count = (size_t)(language->first[c + 1] - language->first[c]);
            fill_zipf(maker, count, c == YEAR ? 0.5 : 0.6, c == YEAR ? 20 : 1.5);
            make_table(maker, maker->zipf, count);
        }
    }
}

static void make_open(struct table_maker *maker, const struct open_category *open) {
    struct corpus_language *language = maker->language;
    fill_zipf(maker, open->count, open->slope, open->shift);
    struct table *start = maker->next;
    switch (open->category) {
    case ADVERB:
    case NAME:
        maker->next = &language->closed[open->category];
        make_table(maker, maker->zipf, open->count);
        maker->next = start;
        break;
    case PLACE:
        language->place = start;
        make_topical(maker, PLACE, 1);
        break;
    case ADJECTIVE:
    case NOUN_SINGULAR:
        language->nominal[open->category == NOUN_SINGULAR ? LEXICON_NOUN : LEXICON_ADJECTIVE] =
            start;
        make_topical(maker, open->category, CLASSES);
        break;
    default:
        language->verb[(open->category - TRANSITIVE_S) / FORMS] = start;
        make_topical(maker, open->category, CLASSES);
    }
}

// Shares of MIX_SHARES: the persons met lately first, a new one behind them.
static void make_name_shares(struct corpus_language *language) {
    static const uint16_t NEW[NAME_USES][2] = {{900, 280}, {760, 180}, {380, 120}};
    static const uint16_t RANK[NAME_USES][ENTITIES] = {
        {50, 34, 8, 4, 2, 2}, {92, 4, 1, 1, 1, 1}, {12, 80, 4, 2, 1, 1}};
    for (unsigned use = 0; use < NAME_USES; use++) {
        for (unsigned few = 0; few < 2; few++) {
            language->name_share[use][few][0][0] = MIX_SHARES;
            for (unsigned known = 1; known <= ENTITIES; known++) {
                uint16_t *share = language->name_share[use][few][known];
                unsigned total = 0, left = (unsigned)(MIX_SHARES - NEW[use][few]), given = 0;
                for (unsigned rank = 0; rank < known; rank++) {
                    total += RANK[use][rank];
                }
                for (unsigned rank = 1; rank < known; rank++) {
                    share[rank] = (uint16_t)(left * RANK[use][rank] / total);
                    given += share[rank];
                }
                share[0] = (uint16_t)(left - given);
                share[known] = NEW[use][few];
            }
        }
    }
}

static enum status make_tables(struct corpus_language *language, struct error *error) {
    size_t tables = CATEGORIES + 1 + TOPICS, numbers = LEXICON_WORDS;
    for (size_t i = 0; i < ARRAY_LENGTH(OPEN_CATEGORIES); i++) {
        tables += TOPICS * CLASSES;
        numbers += (size_t)TOPICS * CLASSES * OPEN_CATEGORIES[i].count;
    }
    struct table_maker *maker = NULL;
    enum status status = memory_allocate((void **)&language->tables, tables, sizeof(struct table),
                                         "word tables", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&language->storage, numbers, sizeof(uint32_t),
                                 "word tables", error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&maker, 1, sizeof *maker, "word weights", error);
    }
    if (status == STATUS_OK) {
        *maker = (struct table_maker){
            .language = language, .next = language->tables, .storage = language->storage};
        make_closed(maker);
        for (size_t i = 0; i < ARRAY_LENGTH(OPEN_CATEGORIES); i++) {
            make_open(maker, &OPEN_CATEGORIES[i]);
        }
    }
    free(maker);
    return status;
}

enum status corpus_language_create(struct corpus_language **created, uint64_t seed,
                                   struct error *error) {
    struct corpus_language *language;
    *created = NULL;
    enum status status =
        memory_allocate((void **)&language, 1, sizeof *language, "a language", error);
    if (status != STATUS_OK) {
        return status;
    }
    status = memory_allocate((void **)&language->words, LEXICON_WORDS, sizeof(struct word),
                             "a lexicon", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&language->index, INDEX_SIZE, sizeof(uint16_t),
                                 "a lexicon", error);
    }
    if (status == STATUS_OK) {
        grammar_prepare(&language->grammar);
        make_name_shares(language);
        add_words(language, seed);
        status = make_tables(language, error);
    }
    if (status != STATUS_OK) {
        corpus_language_free(language);
        return status;
    }
    *created = language;
    return STATUS_OK;
}

void corpus_language_free(struct corpus_language *language) {
    if (language) {
        free(language->words);
        free(language->index);
        free(language->tables);
        free(language->storage);
        free(language);
    }
}

size_t corpus_language_words(const struct corpus_language *language) {
    return language->word_count;
}

const char *corpus_language_spelling(const struct corpus_language *language, size_t word) {
    return language->words[word].text;
}
