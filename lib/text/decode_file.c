#define _GNU_SOURCE // sigset_t
#include "lib/text/decode_file.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/program.h"
#include "lib/record/record.h"
#include "lib/text/text_writer.h"
#include "lib/text/unicode.h"

enum { WRITE_AT = 1 << 16, READ_SIZE = 1 << 16 };

struct text_output {
    const struct text_model *model;
    bool begun; // an id was decoded
    struct text_writer writer;
    struct buffer text; // not yet handed to the writer
};

// `id` is within the vocabulary.
static enum status put_id(struct text_output *output, uint32_t id, struct error *error) {
    enum status status = text_model_decode(output->model, id, !output->begun, &output->text, error);
    output->begun = true;
    return status == STATUS_OK && output->text.length >= WRITE_AT
               ? text_writer_put(&output->writer, &output->text, error)
               : status;
}

static enum status finish_text(struct text_output *output, enum status status,
                               struct error *error) {
    if (status == STATUS_OK) {
        status = text_writer_put(&output->writer, &output->text, error);
    }
    status = text_writer_close(&output->writer, status, error);
    buffer_free(&output->text);
    return status;
}

// ---- Token files -------------------------------------------------------------------------------

static enum status check_vocabulary(const struct text_model *model, struct record_reader *reader,
                                    const msgpack_object *map, struct error *error) {
    if (!record_equals(map, "model", text_model_name(model))) {
        return record_reader_damaged(reader, error, "not made with --model %s",
                                     text_model_name(model));
    }
    if (!record_equals(map, "sha256", text_model_file(model)->sha256)) {
        return record_reader_damaged(reader, error, "made with another vocabulary than '%s'",
                                     text_model_file(model)->name);
    }
    return STATUS_OK;
}

static enum status decode_record(struct text_output *output, struct record_reader *reader,
                                 const msgpack_object *map, struct error *error) {
    int64_t width;
    const void *data;
    size_t bytes;
    if (!record_get_int(map, "width", &width) || (width != 2 && width != 4) ||
        !record_get_binary(map, "data", &data, &bytes) || bytes % (size_t)width != 0) {
        return record_reader_damaged(reader, error, "no tokens in a record of tokens");
    }
    const uint8_t *at = data, *end = at + bytes;
    enum status status = STATUS_OK;
    for (; status == STATUS_OK && at < end; at += width) {
        uint32_t id = at[0] | (uint32_t)at[1] << 8;
        if (width == 4) {
            id |= (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        }
        if (id >= text_model_size(output->model)) {
            return record_reader_damaged(reader, error,
                                         "id %" PRIu32 " is beyond the vocabulary of %" PRIu32, id,
                                         text_model_size(output->model));
        }
        status = put_id(output, id, error);
    }
    return status;
}

static enum status decode_records(struct text_output *output, struct record_reader *reader,
                                  struct error *error) {
    bool known = false;
    for (;;) {
        struct record record;
        bool more = false;
        enum status status = interrupt_check(error);
        if (status == STATUS_OK) {
            status = record_read(reader, &record, &more, error);
        }
        if (status != STATUS_OK || !more) {
            return status;
        }
        if (strcmp(record.kind, "vocabulary") == 0) {
            status = check_vocabulary(output->model, reader, &record.map, error);
            known = status == STATUS_OK;
        } else if (strcmp(record.kind, "tokens") == 0) {
            status = known ? decode_record(output, reader, &record.map, error)
                           : record_reader_damaged(reader, error, "tokens before the vocabulary");
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
}

enum status decode_tokens(const struct text_model *model, const char *path, const char *output,
                          int threads, struct error *error) {
    struct text_output text = {.model = model};
    struct record_reader *reader = NULL;
    enum status status =
        record_reader_open(&reader, path, "tokens", "tokens", RECORD_STRICT, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = text_writer_open(&text.writer, output, threads, error);
    if (status == STATUS_OK) {
        status = finish_text(&text, decode_records(&text, reader, error), error);
    }
    record_reader_close(reader);
    return status;
}

// ---- Decimal ids -------------------------------------------------------------------------------

struct id_input {
    struct file_input file;
    uint64_t line; // from 1
    uint64_t id;   // the digits of it that were read
    bool in_number;
};

static enum status read_byte(struct text_output *output, struct id_input *input, uint8_t byte,
                             struct error *error) {
    if (byte >= '0' && byte <= '9') {
        input->id = 10 * input->id + (uint64_t)(byte - '0');
        input->in_number = true;
        if (input->id >= text_model_size(output->model)) {
            return error_set(error, STATUS_DAMAGED,
                             "cannot decode '%s': line %" PRIu64
                             ": an id beyond the vocabulary of %" PRIu32,
                             input->file.name, input->line, text_model_size(output->model));
        }
        return STATUS_OK;
    }
    if (!byte_is_space(byte)) {
        return error_set(error, STATUS_DAMAGED, "cannot decode '%s': line %" PRIu64 ": not an id",
                         input->file.name, input->line);
    }
    enum status status = input->in_number ? put_id(output, (uint32_t)input->id, error) : STATUS_OK;
    input->id = 0;
    input->in_number = false;
    input->line += byte == '\n';
    return status;
}

static enum status read_ids(struct text_output *output, struct id_input *input,
                            struct error *error) {
    uint8_t text[READ_SIZE];
    size_t length;
    enum status status;
    do {
        status = file_input_read(&input->file, text, sizeof text, &length, error);
        if (status == STATUS_OK) {
            status = interrupt_check(error);
        }
        for (size_t i = 0; status == STATUS_OK && i < length; i++) {
            status = read_byte(output, input, text[i], error);
        }
    } while (status == STATUS_OK && length > 0);
    return status == STATUS_OK ? read_byte(output, input, ' ', error) : status;
}

enum status decode_ids(const struct text_model *model, const char *path, const char *output,
                       int threads, struct error *error) {
    struct text_output text = {.model = model};
    struct id_input input = {.line = 1};
    enum status status = file_input_open(&input.file, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = text_writer_open(&text.writer, output, threads, error);
    if (status == STATUS_OK) {
        status = finish_text(&text, read_ids(&text, &input, error), error);
    }
    file_input_close(&input.file);
    return status;
}
