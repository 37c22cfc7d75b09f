#define _GNU_SOURCE // memmem
// GPT-2's merges file: a line "#version: 0.2", then "LEFT RIGHT" a line, both parts spelled as
// lib/text/alphabet.h says.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text/alphabet.h"
#include "lib/text/bpe.h"
#include "lib/text/pages.h"
#include "lib/text/pretokenize.h"
#include "lib/text/token_table.h"

enum {
    FILE_MAXIMUM = 1 << 30,    // bytes of a vocabulary file
    BYTES_MAXIMUM = 256 << 20, // bytes of all tokens together
    CACHE_LINE = 64,
};
static const char VERSION_LINE[] = "#version: 0.2";

// ---- Parsing -----------------------------------------------------------------------------------
//
// Lines are read some at a time, first their characters, then their tokens, then their pairs, so
// that what one step looks up is fetched while the step before it still goes on.

enum { LINES_AT_ONCE = 64 };

struct merge_line {
    uint32_t offset, left, length; // of the token's bytes, and of its left part
    uint64_t keys[3];              // of the left part, the right part, and the whole
};

struct parser {
    struct bpe_vocabulary *vocabulary;
    const char *name;
    const uint8_t *text, *end; // what is left of it
    size_t line;               // number of the line being read, from 1
    uint32_t count;            // ids so far
    struct buffer bytes;       // of all tokens so far; room for all that the text can spell
    struct token_table tokens;
    struct alphabet alphabet;
    struct error *error;
};

__attribute__((format(printf, 2, 3))) static enum status damaged(struct parser *parser,
                                                                 const char *format, ...) {
    char why[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    return error_set(parser->error, STATUS_DAMAGED, "cannot read vocabulary '%s': line %zu: %s",
                     parser->name, parser->line, why);
}

// ---- Characters

// Why reading a part of `part` bytes stopped at parser->text too early.
static enum status explain(struct parser *parser, const uint8_t *line, size_t part) {
    if (!memchr(line, '\n', (size_t)(parser->end - line))) {
        return damaged(parser, "cut short (no line end)");
    }
    if (part > BPE_TOKEN_MAXIMUM) {
        return damaged(parser, "a token of more than %d bytes", BPE_TOKEN_MAXIMUM);
    }
    bool ended = *parser->text == '\n' || (part == 0 && *parser->text == ' ');
    return damaged(parser, ended ? "not two tokens with a blank between" : "invalid character");
}

// Reads characters up to `behind`, which must be there, and something before it.
static bool read_part(struct parser *parser, uint8_t behind, size_t *length) {
    *length = alphabet_read(&parser->alphabet, &parser->text, parser->end,
                            parser->bytes.data + parser->bytes.length);
    parser->bytes.length += *length;
    bool whole = *length > 0 && *length <= BPE_TOKEN_MAXIMUM && parser->text < parser->end &&
                 *parser->text == behind;
    parser->text += whole;
    return whole;
}

static enum status read_line(struct parser *parser, struct merge_line *merge) {
    const uint8_t *line = parser->text;
    const struct token_table *tokens = &parser->tokens;
    size_t offset = parser->bytes.length, left, right;
    parser->line++;
    if (!read_part(parser, ' ', &left)) {
        return explain(parser, line, left);
    }
    if (!read_part(parser, '\n', &right)) {
        return explain(parser, line, right);
    }
    const uint8_t *bytes = parser->bytes.data + offset;
    *merge = (struct merge_line){.offset = (uint32_t)offset,
                                 .left = (uint32_t)left,
                                 .length = (uint32_t)(left + right),
                                 .keys = {token_key(bytes, left), token_key(bytes + left, right)}};
    if (merge->length > BPE_TOKEN_MAXIMUM || parser->bytes.length > BYTES_MAXIMUM) {
        return damaged(parser, "tokens too long");
    }
    merge->keys[2] = token_key(bytes, merge->length);
    for (size_t i = 0; i < ARRAY_LENGTH(merge->keys); i++) {
        token_table_prefetch(tokens, merge->keys[i]);
    }
    return STATUS_OK;
}

// ---- Tokens

static struct token_slot *find_slot(const struct parser *parser, uint64_t key, size_t offset,
                                    size_t length) {
    const uint8_t *bytes = parser->bytes.data;
    return token_table_find(&parser->tokens, bytes, key, bytes + offset, length);
}

// Gives the next id to bytes that no id has; `slot` is their place in the table.
static void add_token(struct parser *parser, struct token_slot *slot, uint64_t key, size_t offset,
                      size_t length) {
    *slot = (struct token_slot){.key = key, .id = parser->count, .offset = (uint32_t)offset};
    parser->vocabulary->offsets[++parser->count] = (uint32_t)(offset + length);
}

static enum status add_merge(struct parser *parser, const struct merge_line *merge) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): a line that failed is not added
    size_t right_length = merge->length - merge->left;
    struct token_slot *left = find_slot(parser, merge->keys[0], merge->offset, merge->left);
    struct token_slot *right =
        find_slot(parser, merge->keys[1], merge->offset + merge->left, right_length);
    struct token_slot *whole = find_slot(parser, merge->keys[2], merge->offset, merge->length);
    if (!left->key || !right->key) {
        return damaged(parser, "merge of a token that no line before it forms");
    }
    if (whole->key) {
        return damaged(parser, "duplicate of line %u", whole->id - BPE_BYTES + 2);
    }
    struct bpe_pair pair = {left->id, right->id};
    vocabulary->merges[parser->count - BPE_BYTES] = pair;
    uint64_t hash = bpe_pair_hash(bpe_pair_key(pair.left, pair.right));
    __builtin_prefetch(&vocabulary->pairs[(size_t)hash & vocabulary->pair_mask], 1);
    __builtin_prefetch(&vocabulary->filter[bpe_filter_word(vocabulary, hash)], 1);
    add_token(parser, whole, merge->keys[2], merge->offset, merge->length);
    return STATUS_OK;
}

// ---- Pairs

static void add_pair(struct parser *parser, uint32_t id) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    struct bpe_pair pair = vocabulary->merges[id - BPE_BYTES];
    uint64_t key = bpe_pair_key(pair.left, pair.right), hash = bpe_pair_hash(key);
    size_t at = (size_t)hash & vocabulary->pair_mask;
    while (vocabulary->pairs[at]) {
        at = (at + 1) & vocabulary->pair_mask;
    }
    vocabulary->pairs[at] = key | id;
    vocabulary->filter[bpe_filter_word(vocabulary, hash)] |= bpe_filter_bit(hash);
    if (pair.left < BPE_BYTES && pair.right < BPE_BYTES) {
        const uint8_t *bytes = parser->bytes.data; // the first 256 tokens have one each
        vocabulary->byte_pairs[bytes[pair.left] << 8 | bytes[pair.right]] = id;
    }
}

// ---- Stable ids
//
// An id is stable if its parts are, and nothing merges across the border between them before they
// merge. What is at the border is taken apart again, the later one first, of equal ones the right
// one, and looked at: would its parts merge before they became part of what was taken apart? All
// borders of some lines go a step together, and those that need a closer look wait in a list, so
// that hardly a branch has to be foretold.

struct border {
    uint32_t left, right; // what stands at it
    uint32_t limit;       // a merge across it must not be of a lower id
    uint32_t id;          // what it is inside of
};

static bool between_bytes(const struct border *border) {
    return (border->left | border->right) < BPE_BYTES;
}

static struct border step_back(const struct bpe_vocabulary *vocabulary, struct border border) {
    bool is_left = border.left > border.right;
    uint32_t later = is_left ? border.left : border.right;
    struct bpe_pair parts = vocabulary->merges[later - BPE_BYTES];
    return (struct border){
        .left = is_left ? parts.right : border.left,
        .right = is_left ? border.right : parts.left,
        // The same merge at the border is further left than one behind it.
        .limit = later + !is_left,
        .id = border.id,
    };
}

static void set_stable(const struct bpe_vocabulary *vocabulary, uint32_t id, bool stable) {
    uint64_t bit = (uint64_t)1 << id % 64, *word = &vocabulary->stable[id / 64];
    *word = stable ? *word | bit : *word & ~bit;
}

static void find_stable(const struct bpe_vocabulary *vocabulary, uint32_t first, uint32_t end) {
    struct border borders[LINES_AT_ONCE], suspects[LINES_AT_ONCE];
    size_t count = 0;
    for (uint32_t id = first; id < end; id++) {
        struct bpe_pair pair = vocabulary->merges[id - BPE_BYTES];
        borders[count] = (struct border){.left = pair.left, .right = pair.right, .id = id};
        count += !between_bytes(&borders[count]);
        set_stable(vocabulary, id, true);
    }
    while (count > 0) {
        size_t left = 0, suspect = 0;
        for (size_t i = 0; i < count; i++) {
            struct border border = step_back(vocabulary, borders[i]);
            borders[left] = border;
            left += !between_bytes(&border);
            suspects[suspect] = border;
            suspect += bpe_pair_can_merge(vocabulary, border.left, border.right);
        }
        for (size_t i = 0; i < suspect; i++) {
            const struct border *border = &suspects[i];
            if (bpe_pair_find(vocabulary, border->left, border->right) < border->limit) {
                set_stable(vocabulary, border->id, false);
            }
        }
        count = left;
    }
    for (uint32_t id = first; id < end; id++) {
        struct bpe_pair pair = vocabulary->merges[id - BPE_BYTES];
        set_stable(vocabulary, id,
                   bpe_is_stable(vocabulary, id) && bpe_is_stable(vocabulary, pair.left) &&
                       bpe_is_stable(vocabulary, pair.right));
    }
}

// ---- Lines

static enum status parse_some(struct parser *parser) {
    struct merge_line lines[LINES_AT_ONCE];
    size_t count = 0, line = parser->line;
    uint32_t first = parser->count;
    enum status read = STATUS_OK, status = STATUS_OK;
    while (count < LINES_AT_ONCE && parser->text < parser->end) {
        read = read_line(parser, &lines[count]);
        if (read != STATUS_OK) {
            break;
        }
        count++;
    }
    // What is wrong with a line before that one comes first.
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        parser->line = line + i + 1;
        status = add_merge(parser, &lines[i]);
    }
    parser->line = line + count;
    for (uint32_t id = first; id < parser->count; id++) {
        add_pair(parser, id);
    }
    find_stable(parser->vocabulary, first, parser->count);
    return status == STATUS_OK ? read : status;
}

static enum status parse_version(struct parser *parser) {
    const uint8_t *text = parser->text;
    size_t left = (size_t)(parser->end - text), length = sizeof VERSION_LINE - 1;
    parser->line = 1;
    // Some writers put their name behind the version.
    bool known = left >= length && memcmp(text, VERSION_LINE, length) == 0 &&
                 (left == length || text[length] == '\n' || text[length] == ' ');
    if (!known) {
        static const char PIECE[] = "[UNK]\n";
        bool pieces = memmem(text, left, PIECE, sizeof PIECE - 1);
        return damaged(parser, "not '%s'%s", VERSION_LINE,
                       pieces ? " but pieces (--model wordpiece)" : "");
    }
    const uint8_t *line_end = memchr(text, '\n', left);
    parser->text = line_end ? line_end + 1 : parser->end;
    return line_end ? STATUS_OK : damaged(parser, "cut short (no line end)");
}

static void add_bytes(struct parser *parser) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    alphabet_fill(&parser->alphabet);
    memset(vocabulary->stable, 0xFF, BPE_BYTES / 8);
    for (uint32_t id = 0; id < BPE_BYTES; id++) {
        uint8_t byte = parser->alphabet.byte_of_id[id];
        parser->bytes.data[parser->bytes.length++] = byte;
        uint64_t key = token_key(parser->bytes.data + id, 1);
        vocabulary->byte_ids[byte] = id;
        add_token(parser, find_slot(parser, key, id, 1), key, id, 1);
    }
}

static size_t aligned(size_t bytes) {
    return (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static enum status allocate(struct parser *parser) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    size_t lines = 0, length = (size_t)(parser->end - parser->text);
#pragma omp simd reduction(+ : lines)
    for (size_t i = 0; i < length; i++) {
        lines += parser->text[i] == '\n';
    }
    size_t size = BPE_BYTES + lines + 1;
    if (size > BPE_SIZE_MAXIMUM) {
        return error_set(parser->error, STATUS_DAMAGED,
                         "cannot read vocabulary '%s': more than %d ids", parser->name,
                         BPE_SIZE_MAXIMUM);
    }
    size_t slots = 1024;
    while (slots < 2 * size) {
        slots *= 2;
    }
    vocabulary->pair_mask = slots - 1;
    const struct {
        void **pointer;
        size_t bytes;
    } arrays[] = {
        {(void **)&vocabulary->pairs, slots * sizeof *vocabulary->pairs},
        {(void **)&vocabulary->filter, slots / 8 * sizeof *vocabulary->filter},
        {(void **)&vocabulary->byte_pairs, sizeof *vocabulary->byte_pairs << 16},
        {(void **)&vocabulary->stable, (size / 64 + 1) * sizeof *vocabulary->stable},
        {(void **)&vocabulary->merges, lines * sizeof *vocabulary->merges},
        {(void **)&vocabulary->offsets, (size + 1) * sizeof *vocabulary->offsets},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(arrays); i++) {
        vocabulary->memory_size += aligned(arrays[i].bytes);
    }
    // What a line spells is no longer than the line.
    enum status status = buffer_reserve(&parser->bytes,
                                        BPE_BYTES + length + END_OF_TEXT_LENGTH +
                                            ALPHABET_WRITTEN_AHEAD + LOAD_READABLE,
                                        parser->error);
    if (status == STATUS_OK) {
        status = token_table_create(&parser->tokens, size, parser->error);
    }
    if (status == STATUS_OK) {
        status = pages_allocate(&vocabulary->memory, vocabulary->memory_size, "the vocabulary",
                                parser->error);
    }
    if (status == STATUS_OK) {
        uint8_t *memory = vocabulary->memory;
        for (size_t i = 0; i < ARRAY_LENGTH(arrays); memory += aligned(arrays[i++].bytes)) {
            *arrays[i].pointer = memory;
        }
        memset(vocabulary->byte_pairs, 0xFF, sizeof(uint32_t) << 16); // BPE_NONE
    }
    return status;
}

enum status bpe_vocabulary_parse(struct bpe_vocabulary *vocabulary, const uint8_t *text,
                                 size_t length, const char *name, struct error *error) {
    *vocabulary = (struct bpe_vocabulary){0};
    struct parser parser = {
        .vocabulary = vocabulary, .name = name, .text = text, .end = text + length, .error = error};
    enum status status = parse_version(&parser);
    if (status == STATUS_OK) {
        status = allocate(&parser);
    }
    if (status == STATUS_OK) {
        add_bytes(&parser);
    }
    while (status == STATUS_OK && parser.text < parser.end) {
        status = parse_some(&parser);
    }
    if (status == STATUS_OK) {
        vocabulary->end_of_text = parser.count;
        vocabulary->size = parser.count + 1;
        status = buffer_append(&parser.bytes, END_OF_TEXT, END_OF_TEXT_LENGTH, error);
        vocabulary->offsets[vocabulary->size] = (uint32_t)parser.bytes.length;
    }
    token_table_free(&parser.tokens);
    vocabulary->bytes = parser.bytes.data;
    if (status != STATUS_OK) {
        bpe_vocabulary_free(vocabulary);
    }
    return status;
}

static enum status parse_any(void *vocabulary, const uint8_t *text, size_t length, const char *name,
                             struct error *error) {
    return bpe_vocabulary_parse(vocabulary, text, length, name, error);
}

enum status bpe_vocabulary_read(struct bpe_vocabulary *vocabulary, const char *path,
                                struct error *error) {
    *vocabulary = (struct bpe_vocabulary){0};
    return vocabulary_file_read(&vocabulary->file, path, FILE_MAXIMUM, parse_any, vocabulary,
                                error);
}

void bpe_vocabulary_free(struct bpe_vocabulary *vocabulary) {
    pages_free(vocabulary->memory, vocabulary->memory_size);
    free(vocabulary->bytes);
    vocabulary_file_free(&vocabulary->file);
    *vocabulary = (struct bpe_vocabulary){0};
}
