// A tokeniser as its user chose it: one of the models, its vocabulary, and how it takes the text.
#ifndef DLT_TEXT_MODEL_H
#define DLT_TEXT_MODEL_H

#include "lib/record/tokens.h"
#include "lib/text/encoder.h"
#include "lib/text/source.h"
#include "lib/text/wordpiece_encoder.h"

enum text_model_kind { TEXT_BPE, TEXT_WORDPIECE };

struct text_model {
    enum text_model_kind kind;
    bool special; // special tokens that are spelled in the text are taken for the tokens
    bool cased;   // WordPiece only: keeps accents and capitals
    union {
        struct bpe_vocabulary bpe;
        struct wordpiece_vocabulary wordpiece;
    };
};

// Reads the vocabulary, and fills nothing else.
enum status text_model_read(struct text_model *model, enum text_model_kind kind, const char *path,
                            struct error *error);
// Before encoding: a line where `cased` is not what a WordPiece vocabulary looks like.
void text_model_warn_of_case(const struct text_model *model);
void text_model_free(struct text_model *model);

const char *text_model_name(const struct text_model *model); // "bpe" or "wordpiece"
uint32_t text_model_size(const struct text_model *model);    // V
const struct vocabulary_file *text_model_file(const struct text_model *model);
// How a text may be cut into parts that are encoded by themselves.
enum text_cut text_model_cut(const struct text_model *model);

// Facts of each id for a token file; to be freed with token_vocabulary_free(), also on failure.
// They are of the text that text_model_decode() gives.
enum status text_model_describe(const struct text_model *model, struct token_vocabulary *facts,
                                struct error *error);

// Appends the text that an id below V stands for; `first` at the beginning of the text.
// BPE: its bytes, so that the text comes back as it was. WordPiece: a blank, but for the first, and
// the piece; one that continues a word only the rest of it. That is the tokenizers library's
// decoder without its clean-up: the text of the ids, from which the same ids can be made again.
enum status text_model_decode(const struct text_model *model, uint32_t id, bool first,
                              struct buffer *text, struct error *error);

// ---- Encoding: one encoder per thread ----------------------------------------------------------

struct text_encoder {
    struct encoder *bpe; // the one of the model's kind; the other one is NULL
    struct wordpiece_encoder *wordpiece;
};

enum status text_encoder_create(struct text_encoder *encoder, const struct text_model *model,
                                struct error *error);
void text_encoder_free(struct text_encoder *encoder);
// Appends the ids of one whole text.
enum status text_encoder_encode(const struct text_encoder *encoder, const uint8_t *text,
                                size_t length, struct token_list *list, struct error *error);

#endif
