#include "lib/text/model.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/text/load.h"
#include "lib/text/unicode.h"

enum status text_model_read(struct text_model *model, enum text_model_kind kind, const char *path,
                            struct error *error) {
    *model = (struct text_model){.kind = kind};
    return kind == TEXT_BPE ? bpe_vocabulary_read(&model->bpe, path, error)
                            : wordpiece_vocabulary_read(&model->wordpiece, path, error);
}

void text_model_warn_of_case(const struct text_model *model) {
    if (model->kind == TEXT_WORDPIECE &&
        model->cased != wordpiece_has_capitals(&model->wordpiece)) {
        log_warning("vocabulary '%s' has %s", text_model_file(model)->name,
                    model->cased
                        ? "no capital letters: words with any are unknown to it, since --cased "
                          "keeps them"
                        : "capital letters: none of the text's are kept without --cased");
    }
}

void text_model_free(struct text_model *model) {
    if (model->kind == TEXT_BPE) {
        bpe_vocabulary_free(&model->bpe);
    } else {
        wordpiece_vocabulary_free(&model->wordpiece);
    }
}

const char *text_model_name(const struct text_model *model) {
    return model->kind == TEXT_BPE ? "bpe" : "wordpiece";
}

uint32_t text_model_size(const struct text_model *model) {
    return model->kind == TEXT_BPE ? model->bpe.size : model->wordpiece.size;
}

const struct vocabulary_file *text_model_file(const struct text_model *model) {
    return model->kind == TEXT_BPE ? &model->bpe.file : &model->wordpiece.file;
}

enum text_cut text_model_cut(const struct text_model *model) {
    if (model->kind == TEXT_WORDPIECE) {
        return TEXT_CUT_WORDPIECE;
    }
    return model->special ? TEXT_CUT_SPECIAL : TEXT_CUT_WORDS;
}

// ---- Text of an id -----------------------------------------------------------------------------

static const uint8_t *piece_text(const struct text_model *model, uint32_t id, bool *glued,
                                 size_t *length) {
    const uint8_t *bytes = wordpiece_bytes(&model->wordpiece, id, length);
    *glued = wordpiece_continues(&model->wordpiece, id);
    *length -= *glued ? 2 : 0;
    return bytes + (*glued ? 2 : 0);
}

enum status text_model_decode(const struct text_model *model, uint32_t id, bool first,
                              struct buffer *text, struct error *error) {
    size_t length;
    if (model->kind == TEXT_BPE) {
        const uint8_t *bytes = bpe_token_bytes(&model->bpe, id, &length);
        return buffer_append(text, bytes, length, error);
    }
    bool glued;
    const uint8_t *bytes = piece_text(model, id, &glued, &length);
    // The first one is shown whole: there is no word that it could continue.
    if (first && glued) {
        bytes -= 2;
        length += 2;
    }
    enum status status = first || glued ? STATUS_OK : buffer_append(text, " ", 1, error);
    return status == STATUS_OK ? buffer_append(text, bytes, length, error) : status;
}

// ---- Facts of each id --------------------------------------------------------------------------

// Eight bytes at a time; `bytes` as the vocabulary has them, with some more that can be read. False: more
// words or line ends than a token file can tell.
static bool describe_bytes(struct token_vocabulary *facts, uint32_t id, const uint8_t *bytes,
                           size_t length) {
    size_t words = 0, newlines = 0;
    uint64_t before = 0; // 0x80: what is before the eight bytes is white space
    for (size_t at = 0; at < length; at += 8) {
        uint64_t some = load_eight(bytes + at);
        uint64_t inside = 0x8080808080808080u >> (length - at < 8 ? 8 * (8 - (length - at)) : 0);
        uint64_t spaces = mark_within(some, '\t', '\r') | mark_within(some, ' ', ' ');
        words += count_marks((spaces << 8 | before) & ~spaces & inside);
        newlines += count_marks(mark_within(some, '\n', '\n') & inside);
        before = spaces >> 56;
    }
    facts->bytes[id] = (uint16_t)length;
    facts->flags[id] = (uint8_t)((byte_is_space(bytes[0]) ? TOKEN_STARTS_WITH_SPACE : 0) |
                                 (byte_is_space(bytes[length - 1]) ? TOKEN_ENDS_WITH_SPACE : 0));
    facts->words[id] = (uint8_t)words;
    facts->newlines[id] = (uint8_t)newlines;
    return words <= UINT8_MAX && newlines <= UINT8_MAX;
}

// A piece that starts a word has the blank before it, as decoding gives it.
static void describe_piece(struct token_vocabulary *facts, const struct text_model *model,
                           uint32_t id) {
    bool glued;
    size_t length;
    piece_text(model, id, &glued, &length);
    length += !glued;
    facts->bytes[id] = (uint16_t)(length < UINT16_MAX ? length : UINT16_MAX);
    facts->flags[id] = glued ? 0 : TOKEN_STARTS_WITH_SPACE;
    facts->words[id] = !glued;
    facts->newlines[id] = 0;
}

static void name_specials(const struct text_model *model, struct token_vocabulary *facts) {
    const int64_t *ids = model->wordpiece.specials;
    facts->pad = ids[WORDPIECE_PAD];
    facts->unknown = ids[WORDPIECE_UNKNOWN];
    facts->cls = ids[WORDPIECE_CLS];
    facts->sep = ids[WORDPIECE_SEP];
    facts->mask = ids[WORDPIECE_MASK];
}

static enum status allocate_facts(struct token_vocabulary *facts, size_t size,
                                  struct error *error) {
    const struct {
        void **pointer;
        size_t size;
    } arrays[] = {{(void **)&facts->bytes, 2},
                  {(void **)&facts->flags, 1},
                  {(void **)&facts->words, 1},
                  {(void **)&facts->newlines, 1}};
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_LENGTH(arrays); i++) {
        status = memory_allocate(arrays[i].pointer, size, arrays[i].size, "a vocabulary", error);
    }
    return status;
}

enum status text_model_describe(const struct text_model *model, struct token_vocabulary *facts,
                                struct error *error) {
    *facts = (struct token_vocabulary){.size = text_model_size(model),
                                       .end_of_text = -1,
                                       .pad = -1,
                                       .unknown = -1,
                                       .cls = -1,
                                       .sep = -1,
                                       .mask = -1};
    strcpy(facts->model, text_model_name(model));
    memcpy(facts->sha256, text_model_file(model)->sha256, sizeof facts->sha256);
    enum status status = allocate_facts(facts, facts->size, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (model->kind == TEXT_WORDPIECE) {
        name_specials(model, facts);
    } else {
        facts->end_of_text = model->bpe.end_of_text;
    }
    for (uint32_t id = 0; id < facts->size; id++) {
        if (model->kind == TEXT_WORDPIECE) {
            describe_piece(facts, model, id);
        } else {
            size_t length;
            const uint8_t *bytes = bpe_token_bytes(&model->bpe, id, &length);
            if (!describe_bytes(facts, id, bytes, length)) {
                return error_set(error, STATUS_DAMAGED,
                                 "token %u of the vocabulary has more than %d line ends or words, "
                                 "which a file of tokens cannot tell; --ids writes ids alone",
                                 id, UINT8_MAX);
            }
        }
    }
    return STATUS_OK;
}

// ---- Encoding ----------------------------------------------------------------------------------

enum status text_encoder_create(struct text_encoder *encoder, const struct text_model *model,
                                struct error *error) {
    *encoder = (struct text_encoder){0};
    if (model->kind == TEXT_BPE) {
        return encoder_create(&encoder->bpe, &model->bpe,
                              model->special ? ENCODER_SPECIAL : ENCODER_ORDINARY, error);
    }
    struct wordpiece_options options = {.cased = model->cased, .special = model->special};
    return wordpiece_encoder_create(&encoder->wordpiece, &model->wordpiece, options, error);
}

void text_encoder_free(struct text_encoder *encoder) {
    encoder_free(encoder->bpe);
    wordpiece_encoder_free(encoder->wordpiece);
    *encoder = (struct text_encoder){0};
}

enum status text_encoder_encode(const struct text_encoder *encoder, const uint8_t *text,
                                size_t length, struct token_list *list, struct error *error) {
    return encoder->bpe ? encoder_encode(encoder->bpe, text, length, list, error)
                        : wordpiece_encoder_encode(encoder->wordpiece, text, length, list, error);
}
