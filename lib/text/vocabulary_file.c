#define _GNU_SOURCE // strdup
#include "lib/text/vocabulary_file.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/file.h"

// Vocabularies that most people use, known by how they begin.
static const struct {
    const char *name;
    size_t begin; // bytes, behind which it is like no other one
    const char *begin_sha256;
    size_t bytes;
} KNOWN[] = {
    {"GPT-2", 4096, "d14b2b15517ecb408e975988b2c7b026b31e39c633842c59d7eb45535522faa8", 456318},
    {"BERT uncased", 16384, "44d8bc9c2b5ed42d370e1210fd8bf5a3e76286281aa57078df6d5dbbcbe8cd7a",
     231508},
    {"BERT cased", 16384, "74b38486aef2286582b94ae233d1ecfc497c2256d398ade97559cdb135665178",
     213450},
};

static enum status check_known(const char *name, const struct buffer *text, struct error *error) {
    for (size_t i = 0; i < ARRAY_LENGTH(KNOWN); i++) {
        char sha256[HASH_SHA256_TEXT];
        if (text->length < KNOWN[i].begin || text->length >= KNOWN[i].bytes) {
            continue;
        }
        hash_sha256(text->data, KNOWN[i].begin, sha256);
        if (strcmp(sha256, KNOWN[i].begin_sha256) == 0) {
            return error_set(error, STATUS_DAMAGED,
                             "cannot read vocabulary '%s': cut short (%s's has %zu bytes, not %zu)",
                             name, KNOWN[i].name, KNOWN[i].bytes, text->length);
        }
    }
    return STATUS_OK;
}

enum status vocabulary_file_read(struct vocabulary_file *file, const char *path, size_t limit,
                                 vocabulary_parse *parse, void *vocabulary, struct error *error) {
    struct vocabulary_file read = {0};
    struct file_input input;
    struct buffer text = {0};
    enum status status = file_input_open(&input, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = file_input_read_all(&input, &text, limit, error);
    if (status == STATUS_OK) {
        status = check_known(input.name, &text, error);
    }
    if (status == STATUS_OK) {
        read.bytes = input.bytes;
        hash_sha256_finish(&input.sha256, read.sha256);
        read.name = strdup(file_base_name(input.name));
        status =
            read.name ? STATUS_OK : error_set(error, STATUS_FAILURE, "cannot allocate a file name");
    }
    if (status == STATUS_OK) {
        status = parse(vocabulary, text.data, text.length, input.name, error);
    }
    if (status == STATUS_OK) {
        *file = read;
    } else {
        vocabulary_file_free(&read);
    }
    buffer_free(&text);
    file_input_close(&input);
    return status;
}

void vocabulary_file_free(struct vocabulary_file *file) {
    free(file->name);
    *file = (struct vocabulary_file){0};
}
