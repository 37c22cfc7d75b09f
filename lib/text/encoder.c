#define _GNU_SOURCE // memmem
#include "lib/text/encoder.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text/piece_cache.h"
#include "lib/text/pretoken_scan.h"
#include "lib/text/pretokenize.h"

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

// Most pieces of most texts are single ids: they are known from the start. Where too many would share
// a place, it is the lower ids that stay, which are more frequent.
static void remember_tokens(const struct encoder *encoder) {
    const struct bpe_vocabulary *vocabulary = encoder->vocabulary;
    struct waiting_piece pieces[PIECES_AT_ONCE];
    uint32_t ids[PIECES_AT_ONCE];
    for (uint32_t id = vocabulary->end_of_text; id > 0;) {
        size_t count = 0, length;
        while (id > 0 && count < PIECES_AT_ONCE) {
            const uint8_t *bytes = bpe_token_bytes(vocabulary, --id, &length);
            if (length <= PIECE_SHORT_BYTES && bpe_is_stable(vocabulary, id)) {
                ids[count] = id;
                piece_cache_wait(&encoder->cache, &pieces[count++], bytes, length);
            }
        }
        for (size_t i = 0; i < count; i++) {
            piece_cache_store(&pieces[i], &ids[i], 1);
        }
    }
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
    remember_tokens(made);
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

static inline void wait_for(const struct piece_cache *cache, struct waiting_piece *piece,
                            const uint8_t *bytes, size_t length, size_t left) {
    if (left >= PIECE_READABLE) {
        piece_cache_wait(cache, piece, bytes, length);
    } else {
        piece_cache_wait_at_end(cache, piece, bytes, length);
    }
}

// Cuts the pieces that end in the next blocks from the text; *at goes behind them.
static size_t cut_pieces(const struct piece_cache *cache, struct pretoken_scan *scan, size_t *at,
                         struct waiting_piece pieces[static PIECES_AT_ONCE]) {
    const uint8_t *text = scan->text;
    size_t length = scan->length, from = *at, count = 0;
    while (scan->told < length && count < PIECES_AT_ONCE - PRETOKEN_BLOCK) {
        const size_t block = scan->told;
        for (uint64_t starts = pretoken_scan_next(scan); starts; starts &= starts - 1) {
            size_t start = block + (size_t)__builtin_ctzll(starts);
            wait_for(cache, &pieces[count++], text + from, start - from, length - from);
            from = start;
        }
    }
    if (scan->told == length) {
        wait_for(cache, &pieces[count++], text + from, length - from, length - from);
        from = length;
    }
    *at = from;
    return count;
}

// Text without special tokens. Every piece gives at most as many ids as it has bytes.
static enum status encode_ordinary(struct encoder *encoder, const uint8_t *text, size_t length,
                                   struct token_list *list, struct error *error) {
    struct waiting_piece pieces[PIECES_AT_ONCE];
    struct pretoken_scan scan;
    pretoken_scan_start(&scan, text, length);
    enum status status = token_list_reserve(list, length + PIECE_IDS_EXTRA, error);
    for (size_t at = 0; status == STATUS_OK && at < length;) {
        size_t count = cut_pieces(&encoder->cache, &scan, &at, pieces);
        status = piece_cache_encode(&encoder->cache, pieces, count, list, error);
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
