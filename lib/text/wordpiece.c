#include "lib/text/wordpiece.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "lib/text/pages.h"
#include "lib/text/unicode.h"

static const uint32_t NOTHING = UINT32_MAX; // no id, no node

// ---- The trie ----------------------------------------------------------------------------------

static uint64_t edge_key(uint32_t node, uint8_t byte) {
    return (uint64_t)((node << 8 | byte) + 1) << 32;
}

static size_t edge_place(const struct wordpiece_vocabulary *vocabulary, uint64_t key) {
    return (size_t)(key * 0x9E3779B97F4A7C15u >> 32 ^ key >> 40) & vocabulary->edge_mask;
}

// The place of an edge, or the free one where it would be.
static size_t edge_find(const struct wordpiece_vocabulary *vocabulary, uint64_t key) {
    size_t at = edge_place(vocabulary, key);
    while (vocabulary->edges[at] && (vocabulary->edges[at] ^ key) >> 32) {
        at = (at + 1) & vocabulary->edge_mask;
    }
    return at;
}

static uint32_t next_node(const struct wordpiece_vocabulary *vocabulary, uint32_t node,
                          uint8_t byte) {
    uint64_t edge = vocabulary->edges[edge_find(vocabulary, edge_key(node, byte))];
    return edge ? (uint32_t)edge : NOTHING;
}

// The node behind `bytes`, made where it is missing.
static uint32_t make_node(struct wordpiece_vocabulary *vocabulary, uint32_t *nodes,
                          const uint8_t *bytes, size_t length) {
    uint32_t node = 0;
    for (size_t i = 0; i < length; i++) {
        uint64_t key = edge_key(node, bytes[i]);
        size_t at = edge_find(vocabulary, key);
        if (!vocabulary->edges[at]) {
            vocabulary->node_ids[*nodes] = NOTHING;
            vocabulary->edges[at] = key | (*nodes)++;
        }
        node = (uint32_t)vocabulary->edges[at];
    }
    return node;
}

// ---- Cutting a word ----------------------------------------------------------------------------

size_t wordpiece_cut(const struct wordpiece_vocabulary *vocabulary, const uint8_t *word,
                     size_t length, uint32_t *ids) {
    size_t count = 0;
    for (size_t from = 0; from < length;) {
        uint32_t node = from == 0 ? 0 : vocabulary->continuation, longest = NOTHING;
        size_t end = from;
        for (size_t i = from; i < length; i++) {
            node = next_node(vocabulary, node, word[i]);
            if (node == NOTHING) {
                break;
            }
            if (vocabulary->node_ids[node] != NOTHING) {
                longest = vocabulary->node_ids[node];
                end = i + 1;
            }
        }
        if (longest == NOTHING) {
            ids[0] = (uint32_t)vocabulary->specials[WORDPIECE_UNKNOWN];
            return 1;
        }
        ids[count++] = longest;
        from = end;
    }
    return count;
}

bool wordpiece_continues(const struct wordpiece_vocabulary *vocabulary, uint32_t id) {
    size_t length;
    const uint8_t *bytes = wordpiece_bytes(vocabulary, id, &length);
    return length > 2 && bytes[0] == '#' && bytes[1] == '#';
}

bool wordpiece_has_capitals(const struct wordpiece_vocabulary *vocabulary) {
    for (uint32_t id = 0; id < vocabulary->size; id++) {
        size_t length;
        const uint8_t *bytes = wordpiece_bytes(vocabulary, id, &length);
        bool is_special = (bytes[0] == '[' && bytes[length - 1] == ']') ||
                          (bytes[0] == '<' && bytes[length - 1] == '>');
        if (is_special) {
            continue;
        }
        for (size_t at = 0; at < length;) {
            uint32_t point;
            at += character_decode(bytes + at, length - at, &point);
            if (utf8proc_tolower((utf8proc_int32_t)point) != (utf8proc_int32_t)point) {
                return true;
            }
        }
    }
    return false;
}

// ---- Special pieces ----------------------------------------------------------------------------

static const char *const SPECIALS[WORDPIECE_SPECIALS] = {
    [WORDPIECE_PAD] = "[PAD]", [WORDPIECE_UNKNOWN] = "[UNK]", [WORDPIECE_CLS] = "[CLS]",
    [WORDPIECE_SEP] = "[SEP]", [WORDPIECE_MASK] = "[MASK]",
};

int64_t wordpiece_special_at(const struct wordpiece_vocabulary *vocabulary, const uint8_t *text,
                             size_t length, size_t *bytes) {
    for (size_t i = 0; i < WORDPIECE_SPECIALS; i++) {
        *bytes = strlen(SPECIALS[i]);
        if (vocabulary->specials[i] >= 0 && length >= *bytes &&
            memcmp(text, SPECIALS[i], *bytes) == 0) {
            return vocabulary->specials[i];
        }
    }
    return -1;
}

// ---- Parsing -----------------------------------------------------------------------------------

struct parser {
    struct wordpiece_vocabulary *vocabulary;
    const char *name;
    uint32_t nodes; // so far
    struct error *error;
};

// `line` from 1.
static enum status damaged(struct parser *parser, uint32_t line, const char *why) {
    return error_set(parser->error, STATUS_DAMAGED, "cannot read vocabulary '%s': line %u: %s",
                     parser->name, line, why);
}

static bool is_text(const uint8_t *bytes, size_t length) {
    uint32_t point;
    for (size_t at = 0; at < length; at += character_decode(bytes + at, length - at, &point)) {
        if (bytes[at] < ' ' || bytes[at] == 0x7F ||
            (character_decode(bytes + at, length - at, &point) == 1 && bytes[at] >= 0x80)) {
            return false;
        }
    }
    return true;
}

static enum status add_piece(struct parser *parser, const uint8_t *bytes, size_t length) {
    struct wordpiece_vocabulary *vocabulary = parser->vocabulary;
    uint32_t id = vocabulary->size;
    if (length == 0 || !is_text(bytes, length)) {
        return damaged(parser, id + 1, length == 0 ? "no piece" : "invalid character");
    }
    uint32_t node = make_node(vocabulary, &parser->nodes, bytes, length);
    if (vocabulary->node_ids[node] != NOTHING) {
        char why[64];
        snprintf(why, sizeof why, "duplicate of line %u", vocabulary->node_ids[node] + 1);
        return damaged(parser, id + 1, why);
    }
    vocabulary->node_ids[node] = id;
    vocabulary->offsets[id] = (uint32_t)(bytes - vocabulary->bytes);
    for (size_t i = 0; i < WORDPIECE_SPECIALS; i++) {
        if (length == strlen(SPECIALS[i]) && memcmp(bytes, SPECIALS[i], length) == 0) {
            vocabulary->specials[i] = id;
        }
    }
    vocabulary->size++;
    return STATUS_OK;
}

static enum status allocate(struct parser *parser, const uint8_t *text, size_t length,
                            size_t lines) {
    struct wordpiece_vocabulary *vocabulary = parser->vocabulary;
    size_t slots = 1024, nodes = length + 3; // the first one, and those of "##"
    while (slots < 2 * nodes) {
        slots *= 2;
    }
    vocabulary->edge_mask = slots - 1;
    enum status status =
        memory_allocate((void **)&vocabulary->bytes, length, 1, "the vocabulary", parser->error);
    if (status == STATUS_OK) {
        memcpy(vocabulary->bytes, text, length);
        status = memory_allocate((void **)&vocabulary->offsets, lines + 1,
                                 sizeof *vocabulary->offsets, "the vocabulary", parser->error);
    }
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&vocabulary->node_ids, nodes,
                                 sizeof *vocabulary->node_ids, "the vocabulary", parser->error);
    }
    return status == STATUS_OK
               ? pages_allocate((void **)&vocabulary->edges, slots * sizeof *vocabulary->edges,
                                "the vocabulary", parser->error)
               : status;
}

static enum status add_pieces(struct parser *parser, size_t length) {
    struct wordpiece_vocabulary *vocabulary = parser->vocabulary;
    const uint8_t *line = vocabulary->bytes, *end = line + length;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && line < end) {
        const uint8_t *line_end = memchr(line, '\n', (size_t)(end - line));
        if (!line_end) {
            return damaged(parser, vocabulary->size + 1, "cut short (no line end)");
        }
        status = add_piece(parser, line, (size_t)(line_end - line));
        line = line_end + 1;
    }
    vocabulary->offsets[vocabulary->size] = (uint32_t)length;
    return status;
}

enum status wordpiece_vocabulary_parse(struct wordpiece_vocabulary *vocabulary, const uint8_t *text,
                                       size_t length, const char *name, struct error *error) {
    static const char MERGES[] = "#version:";
    *vocabulary = (struct wordpiece_vocabulary){0};
    struct parser parser = {.vocabulary = vocabulary, .name = name, .nodes = 1, .error = error};
    if (length >= sizeof MERGES - 1 && memcmp(text, MERGES, sizeof MERGES - 1) == 0) {
        return damaged(&parser, 1, "merges of byte pairs, not pieces (--model bpe)");
    }
    size_t lines = 0;
    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    for (size_t i = 0; i < WORDPIECE_SPECIALS; i++) {
        vocabulary->specials[i] = -1;
    }
    enum status status = allocate(&parser, text, length, lines);
    if (status == STATUS_OK) {
        vocabulary->node_ids[0] = NOTHING;
        vocabulary->continuation = make_node(vocabulary, &parser.nodes, (const uint8_t *)"##", 2);
        status = add_pieces(&parser, length);
    }
    if (status == STATUS_OK && vocabulary->specials[WORDPIECE_UNKNOWN] < 0) {
        status = error_set(error, STATUS_DAMAGED, "cannot read vocabulary '%s': it has no %s", name,
                           SPECIALS[WORDPIECE_UNKNOWN]);
    }
    if (status != STATUS_OK) {
        wordpiece_vocabulary_free(vocabulary);
    }
    return status;
}

static enum status parse_any(void *vocabulary, const uint8_t *text, size_t length, const char *name,
                             struct error *error) {
    return wordpiece_vocabulary_parse(vocabulary, text, length, name, error);
}

enum status wordpiece_vocabulary_read(struct wordpiece_vocabulary *vocabulary, const char *path,
                                      struct error *error) {
    *vocabulary = (struct wordpiece_vocabulary){0};
    return vocabulary_file_read(&vocabulary->file, path, WORDPIECE_FILE_MAXIMUM, parse_any,
                                vocabulary, error);
}

void wordpiece_vocabulary_free(struct wordpiece_vocabulary *vocabulary) {
    free(vocabulary->offsets);
    free(vocabulary->bytes);
    pages_free(vocabulary->edges, (vocabulary->edge_mask + 1) * sizeof *vocabulary->edges);
    free(vocabulary->node_ids);
    vocabulary_file_free(&vocabulary->file);
    *vocabulary = (struct wordpiece_vocabulary){0};
}
