#define _GNU_SOURCE // memmem
#include "lib/text/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text/piece_cache.h"
#include "lib/text/pretokenize_fast.h"

struct encoder {
    const struct bpe_vocabulary *vocabulary;
    enum encoder_special special;
    struct piece_cache cache;
    struct bpe_workspace workspace;
};

static enum status merge_piece(void *context, const uint8_t *piece, size_t length,
                               struct token_list *list, struct error *error) {
    struct encoder *encoder = context;
    size_t count = 0;
    enum status status = bpe_merge(encoder->vocabulary, &encoder->workspace, piece, length,
                                   list->ids + list->count, &count, error);
    list->count += count;
    return status;
}

enum status encoder_create(struct encoder **encoder, const struct bpe_vocabulary *vocabulary,
                           enum encoder_special special, struct error *error) {
    struct encoder *made = NULL;
    *encoder = NULL;
    enum status status = memory_allocate((void **)&made, 1, sizeof *made, "the tokeniser", error);
    if (status != STATUS_OK) {
        return status;
    }
    made->vocabulary = vocabulary;
    made->special = special;
    status = piece_cache_create(&made->cache, merge_piece, made, error);
    if (status != STATUS_OK) {
        encoder_free(made);
        return status;
    }
    *encoder = made;
    return STATUS_OK;
}

void encoder_free(struct encoder *encoder) {
    if (encoder) {
        piece_cache_free(&encoder->cache);
        bpe_workspace_free(&encoder->workspace);
        free(encoder);
    }
}

// Cuts up to PIECES_AT_ONCE pieces from the text; *at goes behind them.
static inline size_t cut_pieces(const struct piece_cache *cache, const uint8_t *text, size_t length,
                                size_t *at, struct waiting_piece pieces[static PIECES_AT_ONCE]) {
    size_t count = 0;
    size_t from = *at;
    for (; count < PIECES_AT_ONCE && length - from >= PRETOKEN_READABLE; count++) {
        size_t bytes = pretoken_length_fast(text + from, length - from);
        piece_cache_wait(cache, &pieces[count], text + from, bytes);
        from += bytes;
    }
    for (; count < PIECES_AT_ONCE && length - from < PRETOKEN_READABLE && from < length; count++) {
        size_t bytes = pretoken_length(text + from, length - from);
        piece_cache_wait_at_end(cache, &pieces[count], text + from, bytes);
        from += bytes;
    }
    *at = from;
    return count;
}

// Text without special tokens. Every piece gives at most as many ids as it has bytes.
static enum status encode_ordinary(struct encoder *encoder, const uint8_t *text, size_t length,
                                   struct token_list *list, struct error *error) {
    struct waiting_piece pieces[PIECES_AT_ONCE];
    enum status status = token_list_reserve(list, length + PIECE_IDS_EXTRA, error);
    for (size_t at = 0; status == STATUS_OK && at < length;) {
        size_t count = cut_pieces(&encoder->cache, text, length, &at, pieces);
        for (size_t i = 0; status == STATUS_OK && i < count; i++) {
            status = piece_cache_encode(&encoder->cache, &pieces[i], list, error);
        }
    }
    return status;
}

enum status encoder_encode(struct encoder *encoder, const uint8_t *text, size_t length,
                           struct token_list *list, struct error *error) {
    const uint8_t *end = text + length;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && encoder->special == ENCODER_SPECIAL) {
        const uint8_t *found = memmem(text, (size_t)(end - text), END_OF_TEXT, END_OF_TEXT_LENGTH);
        if (!found) {
            break;
        }
        status = encode_ordinary(encoder, text, (size_t)(found - text), list, error);
        if (status == STATUS_OK) {
            list->ids[list->count++] = encoder->vocabulary->end_of_text;
        }
        text = found + END_OF_TEXT_LENGTH;
    }
    return status == STATUS_OK ? encode_ordinary(encoder, text, (size_t)(end - text), list, error)
                               : status;
}
