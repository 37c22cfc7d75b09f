#define _GNU_SOURCE // memmem
// GPT-2's merges file: a line "#version: 0.2", then "LEFT RIGHT" a line, both parts spelled in
// printable characters: a byte that is one in Latin-1 is itself, the other 68 are U+0100 and up.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text/bpe.h"
#include "lib/text/pages.h"
#include "lib/text/pretokenize.h"
#include "lib/text/token_table.h"

enum {
    SPELLING_END = 0x144,      // code points that spell bytes are below
    FILE_MAXIMUM = 1 << 30,    // bytes of a vocabulary file
    BYTES_MAXIMUM = 256 << 20, // bytes of all tokens together
};
static const char VERSION_LINE[] = "#version: 0.2";

static bool is_printable(uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
}

void bpe_alphabet_fill(struct bpe_alphabet *alphabet) {
    uint32_t id = 0;
    for (uint32_t byte = 0; byte < BPE_BYTES; byte++) {
        if (is_printable(byte)) {
            alphabet->byte_of_id[id++] = (uint8_t)byte;
            alphabet->spelling[byte] = (uint16_t)byte;
        }
    }
    for (uint32_t byte = 0, shifted = 0x100; byte < BPE_BYTES; byte++) {
        if (!is_printable(byte)) {
            alphabet->byte_of_id[id++] = (uint8_t)byte;
            alphabet->spelling[byte] = (uint16_t)shifted++;
        }
    }
}

// ---- Parsing -----------------------------------------------------------------------------------

struct parser {
    struct bpe_vocabulary *vocabulary;
    const char *name;
    const uint8_t *text; // what is left of it
    size_t length;
    size_t line;         // number of the line being read, from 1
    uint32_t count;      // ids so far
    struct buffer bytes; // of all tokens so far
    struct token_table tokens;
    uint16_t bytes_spelled[SPELLING_END]; // byte + 1 by code point, or 0
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

static uint32_t token_find(const struct parser *parser, const uint8_t *bytes, size_t length) {
    return token_table_find(&parser->tokens, parser->bytes.data, bytes, length);
}

// Gives the next id to bytes that no id has.
static enum status token_add(struct parser *parser, const uint8_t *bytes, size_t length) {
    size_t offset = parser->bytes.length;
    enum status status = buffer_append(&parser->bytes, bytes, length, parser->error);
    if (status == STATUS_OK) {
        token_table_add(&parser->tokens, parser->bytes.data, (uint32_t)offset, length,
                        parser->count);
        parser->vocabulary->offsets[++parser->count] = (uint32_t)parser->bytes.length;
    }
    return status;
}

// Reads one part of a merge, up to `end`, into `token`. All characters that spell bytes have one or
// two bytes of UTF-8.
static enum status parse_part(struct parser *parser, const uint8_t *part, const uint8_t *end,
                              uint8_t *token, size_t *length) {
    size_t count = 0;
    while (part < end) {
        uint32_t point = *part++;
        if (point >= 0x80) {
            bool two = (point & 0xE0) == 0xC0 && part < end && (*part & 0xC0) == 0x80;
            point = two ? (point & 0x1F) << 6 | (*part++ & 0x3F) : SPELLING_END;
        }
        if (point >= SPELLING_END || parser->bytes_spelled[point] == 0) {
            return damaged(parser, "invalid character");
        }
        if (count == BPE_TOKEN_MAXIMUM) {
            return damaged(parser, "a token of more than %d bytes", BPE_TOKEN_MAXIMUM);
        }
        token[count++] = (uint8_t)(parser->bytes_spelled[point] - 1);
    }
    *length = count;
    return count > 0 ? STATUS_OK : damaged(parser, "not two tokens with a blank between");
}

static void pair_add(struct parser *parser, uint32_t left, uint32_t right) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    uint64_t key = bpe_pair_key(left, right), hash = bpe_pair_hash(key);
    size_t at = (size_t)hash & vocabulary->pair_mask;
    while (vocabulary->pairs[at]) {
        at = (at + 1) & vocabulary->pair_mask;
    }
    vocabulary->pairs[at] = key | parser->count;
    vocabulary->filter[bpe_filter_word(vocabulary, hash)] |= bpe_filter_bit(hash);
    if (left < BPE_BYTES && right < BPE_BYTES) {
        const uint8_t *bytes = parser->bytes.data; // the first 256 tokens have one each
        vocabulary->byte_pairs[bytes[left] << 8 | bytes[right]] = parser->count;
    }
}

static enum status parse_merge(struct parser *parser, const uint8_t *line, const uint8_t *end,
                               uint8_t *token) {
    const uint8_t *blank = memchr(line, ' ', (size_t)(end - line));
    if (!blank) {
        return damaged(parser, "not two tokens with a blank between");
    }
    size_t left_length, right_length;
    enum status status = parse_part(parser, line, blank, token, &left_length);
    if (status == STATUS_OK) {
        status = parse_part(parser, blank + 1, end, token + left_length, &right_length);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t length = left_length + right_length;
    uint32_t left = token_find(parser, token, left_length);
    uint32_t right = token_find(parser, token + left_length, right_length);
    if (left == BPE_NONE || right == BPE_NONE) {
        return damaged(parser, "merge of a token that no line before it forms");
    }
    uint32_t same = token_find(parser, token, length);
    if (same != BPE_NONE) {
        return damaged(parser, "duplicate of line %u", same - BPE_BYTES + 2);
    }
    if (length > BPE_TOKEN_MAXIMUM || parser->bytes.length + length > BYTES_MAXIMUM) {
        return damaged(parser, "tokens too long");
    }
    pair_add(parser, left, right);
    parser->vocabulary->merges[parser->count - BPE_BYTES] = (struct bpe_pair){left, right};
    return token_add(parser, token, length);
}

// Cuts the next line off the text; *end is where its line end stands.
static enum status parse_line(struct parser *parser, const uint8_t **line, const uint8_t **end) {
    parser->line++;
    *line = parser->text;
    *end = memchr(parser->text, '\n', parser->length);
    if (!*end) {
        return damaged(parser, "cut short (no line end)");
    }
    parser->length -= (size_t)(*end + 1 - parser->text);
    parser->text = *end + 1;
    return STATUS_OK;
}

static enum status parse_version(struct parser *parser) {
    const uint8_t *line, *end;
    size_t length = sizeof VERSION_LINE - 1;
    bool known = parser->length >= length && memcmp(parser->text, VERSION_LINE, length) == 0;
    enum status status = STATUS_OK;
    if (known) {
        status = parse_line(parser, &line, &end);
    }
    // Some writers put their name behind the version.
    if (!known || (status == STATUS_OK && line[length] != '\n' && line[length] != ' ')) {
        static const char PIECE[] = "[UNK]\n";
        bool pieces = memmem(parser->text, parser->length, PIECE, sizeof PIECE - 1);
        parser->line = 1;
        return damaged(parser, "not '%s'%s", VERSION_LINE,
                       pieces ? " but pieces (--model wordpiece)" : "");
    }
    return status;
}

static enum status add_bytes(struct parser *parser) {
    struct bpe_alphabet alphabet;
    bpe_alphabet_fill(&alphabet);
    enum status status = STATUS_OK;
    for (uint32_t id = 0; status == STATUS_OK && id < BPE_BYTES; id++) {
        uint8_t byte = alphabet.byte_of_id[id];
        parser->vocabulary->byte_ids[byte] = id;
        parser->bytes_spelled[alphabet.spelling[byte]] = (uint16_t)(byte + 1);
        status = token_add(parser, &byte, 1);
    }
    return status;
}

static enum status allocate(struct parser *parser) {
    struct bpe_vocabulary *vocabulary = parser->vocabulary;
    size_t lines = 0;
    for (size_t i = 0; i < parser->length; i++) {
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
        size_t count, size;
    } arrays[] = {
        {(void **)&vocabulary->filter, slots / 8, sizeof *vocabulary->filter},
        {(void **)&vocabulary->byte_pairs, 1 << 16, sizeof *vocabulary->byte_pairs},
        {(void **)&vocabulary->merges, lines, sizeof *vocabulary->merges},
        {(void **)&vocabulary->offsets, size + 1, sizeof *vocabulary->offsets},
    };
    enum status status = token_table_create(&parser->tokens, size, parser->error);
    if (status == STATUS_OK) {
        status = pages_allocate((void **)&vocabulary->pairs, slots * sizeof *vocabulary->pairs,
                                "the vocabulary", parser->error);
    }
    for (size_t i = 0; status == STATUS_OK && i < ARRAY_LENGTH(arrays); i++) {
        status = memory_allocate(arrays[i].pointer, arrays[i].count, arrays[i].size,
                                 "the vocabulary", parser->error);
    }
    if (status == STATUS_OK) {
        memset(vocabulary->byte_pairs, 0xFF, sizeof(uint32_t) << 16); // BPE_NONE
    }
    return status;
}

static enum status parse_merges(struct parser *parser) {
    void *token = NULL; // both parts of a merge
    enum status status =
        memory_allocate(&token, 2, BPE_TOKEN_MAXIMUM, "the vocabulary", parser->error);
    while (status == STATUS_OK && parser->length > 0) {
        const uint8_t *line, *end;
        status = parse_line(parser, &line, &end);
        if (status == STATUS_OK) {
            status = parse_merge(parser, line, end, token);
        }
    }
    free(token);
    return status;
}

enum status bpe_vocabulary_parse(struct bpe_vocabulary *vocabulary, const uint8_t *text,
                                 size_t length, const char *name, struct error *error) {
    *vocabulary = (struct bpe_vocabulary){0};
    struct parser parser = {
        .vocabulary = vocabulary, .name = name, .text = text, .length = length, .error = error};
    enum status status = parse_version(&parser);
    if (status == STATUS_OK) {
        status = allocate(&parser);
    }
    if (status == STATUS_OK) {
        status = add_bytes(&parser);
    }
    if (status == STATUS_OK) {
        status = parse_merges(&parser);
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
    free(vocabulary->merges);
    free(vocabulary->offsets);
    free(vocabulary->bytes);
    free(vocabulary->byte_pairs);
    pages_free(vocabulary->pairs, (vocabulary->pair_mask + 1) * sizeof *vocabulary->pairs);
    free(vocabulary->filter);
    vocabulary_file_free(&vocabulary->file);
    *vocabulary = (struct bpe_vocabulary){0};
}
