#include "lib/text/wordpiece_encoder.h"

#include <stdlib.h>
#include <string.h>

#include "lib/text/bert_characters.h"
#include "lib/text/piece_cache.h"
#include "lib/text/unicode.h"

// What a byte of text is, as long as it is ASCII: where pieces for the cache begin and end. All
// bytes of other characters go into the piece.
enum byte_kind { BYTE_INSIDE, BYTE_BLANK, BYTE_MARK };

// The word that is being read. Characters beyond WORDPIECE_CHARACTERS are only counted.
struct word {
    uint32_t points[WORDPIECE_CHARACTERS];
    uint8_t combining[WORDPIECE_CHARACTERS];
    size_t count;
    size_t settled; // characters whose order is settled
};

struct wordpiece_encoder {
    const struct wordpiece_vocabulary *vocabulary;
    struct wordpiece_options options;
    uint8_t kinds[256];
    uint8_t
        plain[256]; // what a byte becomes in a word if it is ASCII and stays one character; or 0
    struct piece_cache cache;
    struct word word;
};

// ---- Words -------------------------------------------------------------------------------------

static void end_word(struct wordpiece_encoder *encoder, struct token_list *list) {
    struct word *word = &encoder->word;
    uint8_t bytes[4 * WORDPIECE_CHARACTERS];
    size_t length = 0;
    if (word->count > WORDPIECE_CHARACTERS) {
        list->ids[list->count++] = (uint32_t)encoder->vocabulary->specials[WORDPIECE_UNKNOWN];
    } else if (word->count > 0) {
        for (size_t i = 0; i < word->count; i++) {
            length += character_encode(word->points[i], bytes + length);
        }
        list->count += wordpiece_cut(encoder->vocabulary, bytes, length, list->ids + list->count);
    }
    word->count = word->settled = 0;
}

// Marks that combine stand in ascending order of their class, equal ones as they came.
static void add_point(struct word *word, uint32_t point, uint8_t combining) {
    size_t at = word->count++;
    if (at >= WORDPIECE_CHARACTERS) {
        return;
    }
    for (; combining > 0 && at > word->settled && word->combining[at - 1] > combining; at--) {
        word->points[at] = word->points[at - 1];
        word->combining[at] = word->combining[at - 1];
    }
    word->points[at] = point;
    word->combining[at] = combining;
}

static void add_whole_word(struct wordpiece_encoder *encoder, uint32_t point,
                           struct token_list *list) {
    end_word(encoder, list);
    add_point(&encoder->word, point, 0);
    end_word(encoder, list);
}

static void add_folded(struct wordpiece_encoder *encoder, uint32_t point, struct token_list *list) {
    uint32_t folded[BERT_FOLDED];
    size_t count = bert_character_fold(point, folded);
    for (size_t i = 0; i < count; i++) {
        struct bert_character character = bert_character_find(folded[i]);
        if (character.class == BERT_MARK) {
            add_whole_word(encoder, folded[i], list);
        } else {
            add_point(&encoder->word, folded[i], character.combining);
        }
    }
}

static void add_character(struct wordpiece_encoder *encoder, uint32_t point,
                          struct token_list *list) {
    struct bert_character character = bert_character_find(point);
    enum bert_class class = character.class;
    bool alone = class == BERT_MARK || class == BERT_IDEOGRAPH;
    if (class == BERT_DROPPED) {
        return;
    }
    if (class == BERT_ACCENT && !encoder->options.cased) {
        if (character.combining == 0) { // nothing moves past it, though it is left out later
            encoder->word.settled = encoder->word.count;
        }
        return;
    }
    if (class == BERT_SPACE || alone) {
        end_word(encoder, list);
    }
    if (class == BERT_SPACE) {
        return;
    }
    if (encoder->options.cased) {
        add_point(&encoder->word, point, 0);
    } else {
        add_folded(encoder, point, list);
    }
    if (alone) {
        end_word(encoder, list);
    }
}

// The quick way of pieces that are ASCII, which are words as they stand.
static bool encode_plain(const struct wordpiece_encoder *encoder, const uint8_t *piece,
                         size_t length, struct token_list *list) {
    uint8_t word[WORDPIECE_CHARACTERS];
    if (length > WORDPIECE_CHARACTERS) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        word[i] = encoder->plain[piece[i]];
        if (word[i] == 0) {
            return false;
        }
    }
    list->count += wordpiece_cut(encoder->vocabulary, word, length, list->ids + list->count);
    return true;
}

// A piece_encode: the text between two blanks or ASCII marks, or one such mark.
static enum status encode_piece(void *context, const uint8_t *piece, size_t length,
                                struct token_list *list, struct error *error) {
    struct wordpiece_encoder *encoder = context;
    (void)error;
    if (encode_plain(encoder, piece, length, list)) {
        return STATUS_OK;
    }
    for (size_t at = 0; at < length;) {
        uint32_t point = encoder->plain[piece[at]];
        if (point != 0 && encoder->kinds[piece[at]] == BYTE_INSIDE) {
            add_point(&encoder->word, point, 0);
            at++;
            continue;
        }
        at += character_decode(piece + at, length - at, &point);
        add_character(encoder, point, list);
    }
    end_word(encoder, list);
    return STATUS_OK;
}

// ---- Pieces ------------------------------------------------------------------------------------

enum { LETTERS_READABLE = 24 }; // bytes of the text that must be left for the quick way

// Letters among eight bytes of the text, from its start.
static inline size_t count_letters_of(const uint8_t *text) {
    const uint64_t highest = 0x8080808080808080u, lower_case = 0x2020202020202020u;
    uint64_t others = ~mark_within(load_eight(text) | lower_case, 'a', 'z') & highest;
    return others ? (size_t)__builtin_ctzll(others) / 8 : 8;
}

// Letters at the start of the text, 16 if there are more.
static inline size_t count_letters(const uint8_t *text) {
    size_t letters = count_letters_of(text);
    return letters < 8 ? letters : 8 + count_letters_of(text + 8);
}

// Bytes of the piece at text[0], which is no blank.
static size_t piece_length(const uint8_t kinds[static 256], const uint8_t *text, size_t length) {
    size_t at = 1;
    if (kinds[text[0]] == BYTE_INSIDE) {
        while (at < length && kinds[text[at]] == BYTE_INSIDE) {
            at++;
        }
    }
    return at;
}

// The same, for length >= LETTERS_READABLE: most pieces are ASCII words.
static inline size_t piece_length_fast(const uint8_t kinds[static 256], const uint8_t *text,
                                       size_t length) {
    size_t letters = count_letters(text);
    return letters > 0 && kinds[text[letters]] != BYTE_INSIDE ? letters
                                                              : piece_length(kinds, text, length);
}

// Cuts up to PIECES_AT_ONCE pieces from the text; *at goes behind them.
static inline size_t cut_pieces(const struct wordpiece_encoder *encoder, const uint8_t *text,
                                size_t length, size_t *at,
                                struct waiting_piece pieces[static PIECES_AT_ONCE]) {
    const uint8_t *kinds = encoder->kinds;
    size_t count = 0, from = *at;
    while (count < PIECES_AT_ONCE && length - from >= LETTERS_READABLE) {
        if (kinds[text[from]] == BYTE_BLANK) {
            from++;
            continue;
        }
        size_t bytes = piece_length_fast(kinds, text + from, length - from);
        piece_cache_wait(&encoder->cache, &pieces[count++], text + from, bytes);
        from += bytes;
    }
    while (count < PIECES_AT_ONCE && length - from < LETTERS_READABLE && from < length) {
        if (kinds[text[from]] == BYTE_BLANK) {
            from++;
            continue;
        }
        size_t bytes = piece_length(kinds, text + from, length - from);
        piece_cache_wait_at_end(&encoder->cache, &pieces[count++], text + from, bytes);
        from += bytes;
    }
    *at = from;
    return count;
}

// Text without special pieces. Every piece gives at most as many ids as it has bytes.
static enum status encode_ordinary(struct wordpiece_encoder *encoder, const uint8_t *text,
                                   size_t length, struct token_list *list, struct error *error) {
    struct waiting_piece pieces[PIECES_AT_ONCE];
    enum status status = token_list_reserve(list, length + PIECE_IDS_EXTRA, error);
    for (size_t at = 0; status == STATUS_OK && at < length;) {
        size_t count = cut_pieces(encoder, text, length, &at, pieces);
        status = piece_cache_encode(&encoder->cache, pieces, count, list, error);
    }
    return status;
}

// The first special piece of the text and its bytes, or NULL.
static const uint8_t *find_special(const struct wordpiece_vocabulary *vocabulary,
                                   const uint8_t *text, const uint8_t *end, int64_t *id,
                                   size_t *bytes) {
    while ((text = memchr(text, '[', (size_t)(end - text)))) {
        *id = wordpiece_special_at(vocabulary, text, (size_t)(end - text), bytes);
        if (*id >= 0) {
            return text;
        }
        text++;
    }
    return NULL;
}

enum status wordpiece_encoder_encode(struct wordpiece_encoder *encoder, const uint8_t *text,
                                     size_t length, struct token_list *list, struct error *error) {
    const uint8_t *end = text + length;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && encoder->options.special && text < end) {
        int64_t id;
        size_t bytes;
        const uint8_t *found = find_special(encoder->vocabulary, text, end, &id, &bytes);
        if (!found) {
            break;
        }
        status = encode_ordinary(encoder, text, (size_t)(found - text), list, error);
        if (status == STATUS_OK) {
            list->ids[list->count++] = (uint32_t)id;
        }
        text = found + bytes;
    }
    return status == STATUS_OK ? encode_ordinary(encoder, text, (size_t)(end - text), list, error)
                               : status;
}

size_t wordpiece_safe_cut(const uint8_t *text, size_t length) {
    // A character cut short at the end stays on the right side, as part of a word.
    for (size_t right = length; right > 0;) {
        size_t left = character_before(text, right);
        uint32_t point;
        character_decode(text + left, right - left, &point);
        enum bert_class class = bert_character_find(point).class;
        bool bracket = point == '[' || point == ']'; // special pieces begin and end with them
        if (class == BERT_SPACE || class == BERT_IDEOGRAPH || (class == BERT_MARK && !bracket)) {
            return right;
        }
        right = left;
    }
    return 0;
}

// ---- Making one --------------------------------------------------------------------------------

enum status wordpiece_encoder_create(struct wordpiece_encoder **encoder,
                                     const struct wordpiece_vocabulary *vocabulary,
                                     struct wordpiece_options options, struct error *error) {
    struct wordpiece_encoder *made = NULL;
    *encoder = NULL;
    enum status status = memory_allocate((void **)&made, 1, sizeof *made, "the tokeniser", error);
    if (status != STATUS_OK) {
        return status;
    }
    made->vocabulary = vocabulary;
    made->options = options;
    for (uint32_t byte = 0; byte < 0x80; byte++) {
        enum bert_class class = bert_character_find(byte).class;
        made->kinds[byte] = class == BERT_SPACE  ? BYTE_BLANK
                            : class == BERT_MARK ? BYTE_MARK
                                                 : BYTE_INSIDE;
        bool stays = class == BERT_MARK || class == BERT_OTHER;
        bool capital = byte >= 'A' && byte <= 'Z' && !options.cased;
        made->plain[byte] = (uint8_t)(!stays ? 0 : capital ? byte + ('a' - 'A') : byte);
    }
    status = piece_cache_create(&made->cache, encode_piece, made, error);
    if (status != STATUS_OK) {
        wordpiece_encoder_free(made);
        return status;
    }
    *encoder = made;
    return STATUS_OK;
}

void wordpiece_encoder_free(struct wordpiece_encoder *encoder) {
    if (encoder) {
        piece_cache_free(&encoder->cache);
        free(encoder);
    }
}
