// What BERT's tokeniser takes each character for, and what it becomes without accents and in lower
// case: as the tokenizers library's BertNormalizer and BertPreTokenizer, whose versions of Unicode
// the tables have.
#ifndef DLT_TEXT_BERT_CHARACTERS_H
#define DLT_TEXT_BERT_CHARACTERS_H

#include <stddef.h>
#include <stdint.h>

enum bert_class {
    BERT_OTHER,     // part of a word
    BERT_DROPPED,   // left out as if it were not there: controls, formats, private use, U+FFFD
    BERT_SPACE,     // ends a word
    BERT_MARK,      // punctuation: a word of its own
    BERT_IDEOGRAPH, // a word of its own
    BERT_ACCENT,    // part of a word; left out where accents are
};

struct bert_character {
    uint8_t class;     // enum bert_class
    uint8_t combining; // canonical combining class; of an accent only whether it is 0
};

// CHARACTER_INVALID is dropped, as the U+FFFD that stands for it in the library's text would be.
struct bert_character bert_character_find(uint32_t point);

enum { BERT_FOLDED = 3 };
// The characters that `point`, which is neither dropped nor space nor accent, becomes without
// accents and in lower case; returns how many.
size_t bert_character_fold(uint32_t point, uint32_t folded[static BERT_FOLDED]);

#endif
