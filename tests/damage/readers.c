#define _GNU_SOURCE
#include "tests/damage/readers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/record/json.h"
#include "lib/report/report.h"
#include "lib/text/decode_file.h"
#include "lib/train/trained.h"

// ---- Any file of ours, as dlt-cat prints it ------------------------------------------------------

static enum status read_records(const char *path, const char *other, uint64_t *digest,
                                struct error *error) {
    struct record_reader *reader;
    struct record record;
    char *text = NULL;
    size_t length = 0;
    (void)other;
    enum status status = record_reader_open(&reader, path, NULL, NULL, RECORD_STRICT, error);
    FILE *out = open_memstream(&text, &length);
    for (bool more = true; status == STATUS_OK && more;) {
        status = record_read(reader, &record, &more, error);
        if (status == STATUS_OK && more) {
            record_print_json(out, &record.map, true);
        }
    }
    fclose(out);
    *digest = XXH64(text, length, 0);
    free(text);
    record_reader_close(reader);
    return status;
}

// ---- Texts ---------------------------------------------------------------------------------------

static void add(uint64_t *digest, const void *data, size_t length) {
    *digest = XXH64(data, length, *digest);
}

static enum status read_tokens(const char *path, const char *other, uint64_t *digest,
                               struct error *error) {
    struct token_file file;
    (void)other;
    enum status status = token_file_read(&file, path, error);
    if (status == STATUS_OK) {
        const struct token_vocabulary *v = &file.vocabulary;
        add(digest, file.ids, file.count * (size_t)file.width);
        add(digest, file.line_ends, file.line_count * sizeof *file.line_ends);
        add(digest, v->bytes, v->size * sizeof *v->bytes);
        add(digest, v->flags, v->size);
        add(digest, v->words, v->size);
        add(digest, v->newlines, v->size);
        add(digest, v->sha256, sizeof v->sha256);
        token_file_free(&file);
    }
    return status;
}

static enum status read_model(struct text_model *model, const char *path, struct error *error) {
    const char *end = strrchr(path, '.');
    bool pieces = end && strcmp(end, ".txt") == 0;
    return text_model_read(model, pieces ? TEXT_WORDPIECE : TEXT_BPE, path, error);
}

// `other`: the vocabulary.
static enum status read_text(const char *path, const char *other, uint64_t *digest,
                             struct error *error) {
    static struct text_model model;
    static bool is_open;
    char output[64];
    struct file_input input;
    struct buffer text = {0};
    enum status status = is_open ? STATUS_OK : read_model(&model, other, error);
    is_open = status == STATUS_OK;
    snprintf(output, sizeof output, "/tmp/dlt-damage-%d", (int)getpid());
    if (status == STATUS_OK) {
        status = decode_tokens(&model, path, output, 1, error);
    }
    if (status != STATUS_OK && file_exists(output)) {
        return error_set(error, STATUS_FAILURE, "'%s' was written all the same", output);
    }
    if (status == STATUS_OK) {
        status = file_input_open(&input, output, error);
    }
    if (status == STATUS_OK) {
        status = file_input_read_all(&input, &text, 1 << 24, error);
        add(digest, text.data, text.length);
        file_input_close(&input);
        unlink(output);
    }
    buffer_free(&text);
    return status;
}

static enum status read_vocabulary(enum text_model_kind kind, const char *path, uint64_t *digest,
                                   struct error *error) {
    struct text_model model;
    struct token_vocabulary facts;
    enum status status = text_model_read(&model, kind, path, error);
    if (status == STATUS_OK) {
        status = text_model_describe(&model, &facts, error);
        add(digest, facts.bytes, facts.size * sizeof *facts.bytes);
        token_vocabulary_free(&facts);
        text_model_free(&model);
    }
    return status;
}

static enum status read_merges(const char *path, const char *other, uint64_t *digest,
                               struct error *error) {
    (void)other;
    return read_vocabulary(TEXT_BPE, path, digest, error);
}

static enum status read_pieces(const char *path, const char *other, uint64_t *digest,
                               struct error *error) {
    (void)other;
    return read_vocabulary(TEXT_WORDPIECE, path, digest, error);
}

// ---- Networks ------------------------------------------------------------------------------------

static enum status add_tensor(void *context, const struct model_tensor *tensor,
                              struct error *error) {
    (void)error;
    add(context, tensor->data, tensor->n * sizeof(float));
    return STATUS_OK;
}

static enum status read_checkpoint(const char *path, const char *other, uint64_t *digest,
                                   struct error *error) {
    struct trained trained;
    (void)other;
    enum status status = trained_open(&trained, &(struct trained_choice){.checkpoint = path}, 0, error);
    if (status == STATUS_OK) {
        const struct train_state *s = &trained.checkpoint.state;
        const int64_t counts[] = {s->episode, s->visit, s->step, s->tokens, s->finished};
        add(digest, counts, sizeof counts);
        add(digest, trained.checkpoint.tying.map,
            (size_t)trained.checkpoint.tying.layers * sizeof(int));
        status = model_visit_tensors(trained.model, add_tensor, digest, error);
        trained_close(&trained);
    }
    return status;
}

// ---- Reports -------------------------------------------------------------------------------------

static enum status report(const char *const *paths, size_t count, uint64_t *digest,
                          struct error *error) {
    struct run_set set = {0};
    struct published published = {0};
    struct text text = {0};
    const struct report_input input = {
        .set = &set, .published = &published, .paths = paths, .path_count = count};
    enum status status = run_set_read(&set, paths, count, &(struct run_reading){0}, error);
    if (status == STATUS_OK) {
        status = macros_write(&text, &input, error);
    }
    for (size_t i = 0; FIGURE_TYPES[i] && status == STATUS_OK; i++) {
        status = figure_render(&text, FIGURE_TYPES[i], &input, FIGURE_TSV, error);
    }
    add(digest, text_string(&text), text_length(&text));
    text_free(&text);
    run_set_free(&set);
    return status;
}

static enum status read_run(const char *path, const char *other, uint64_t *digest,
                            struct error *error) {
    (void)other;
    return report(&path, 1, digest, error);
}

// `other`: a run log, without which there is no report.
static enum status read_metrics(const char *path, const char *other, uint64_t *digest,
                                struct error *error) {
    return report((const char *const[]){path, other}, 2, digest, error);
}

const struct damage_reader DAMAGE_READERS[] = {{"records", read_records, true},
                                               {"tokens", read_tokens, true},
                                               {"text", read_text, true},
                                               {"checkpoint", read_checkpoint, true},
                                               {"run", read_run, true},
                                               {"metrics", read_metrics, true},
                                               {"merges", read_merges, false},
                                               {"pieces", read_pieces, false},
                                               {0}};
