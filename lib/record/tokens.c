#include "lib/record/tokens.h"

#include <stdlib.h>
#include <string.h>

void token_vocabulary_free(struct token_vocabulary *vocabulary) {
    free(vocabulary->bytes);
    free(vocabulary->flags);
    free(vocabulary->words);
    free(vocabulary->newlines);
    *vocabulary = (struct token_vocabulary){0};
}

void token_file_free(struct token_file *file) {
    token_vocabulary_free(&file->vocabulary);
    free(file->ids);
    free(file->line_ends);
    free(file->name);
    *file = (struct token_file){0};
}

enum status token_file_same_vocabulary(const struct token_file *a, const struct token_file *b,
                                       struct error *error) {
    const struct token_vocabulary *v = &a->vocabulary, *w = &b->vocabulary;
    if (strcmp(v->model, w->model) != 0 || v->size != w->size ||
        strcmp(v->sha256, w->sha256) != 0) {
        return error_set(error, STATUS_DAMAGED,
                         "tokens '%s' (%s, %u ids, %.8s) and '%s' (%s, %u ids, %.8s) were made "
                         "with different vocabularies",
                         a->name, v->model, v->size, v->sha256, b->name, w->model, w->size,
                         w->sha256);
    }
    return STATUS_OK;
}

void token_file_measure(const struct token_file *file, size_t from, size_t to, uint64_t *bytes,
                        uint64_t *words) {
    const struct token_vocabulary *v = &file->vocabulary;
    *bytes = 0;
    *words = 0;
    // The id before the range tells whether the first one goes on with a word, so that the measures
    // of neighbouring ranges add up.
    bool behind_space =
        from == 0 || (v->flags[token_file_id(file, from - 1)] & TOKEN_ENDS_WITH_SPACE);
    for (size_t i = from; i < to; i++) {
        uint32_t id = token_file_id(file, i);
        bool starts_word =
            behind_space && v->bytes[id] > 0 && !(v->flags[id] & TOKEN_STARTS_WITH_SPACE);
        *bytes += v->bytes[id];
        *words += (uint64_t)starts_word + v->words[id] + v->newlines[id];
        behind_space = v->flags[id] & TOKEN_ENDS_WITH_SPACE;
    }
}
