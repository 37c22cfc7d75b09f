#include "lib/text/encode_file.h"

#include <stdlib.h>
#include <string.h>

#include "lib/record/tokens.h"

// Records hold this many, however the text was cut into parts. Ids are compressed lightly, so that
// it takes less time than the tokenising: looking for matches among them is hardly worth it.
enum { IDS_PER_RECORD = 1 << 15, LINES_PER_RECORD = 1 << 14, COMPRESSION_LEVEL = -200 };

// ---- Token files -------------------------------------------------------------------------------

struct token_output {
    const struct encode_job *job;
    struct record_writer *writer;
    struct record_builder builder;
    size_t width; // bytes of an id
    uint8_t *ids; // (IDS_PER_RECORD, width) collected for the next record
    size_t id_count;
    uint64_t *lines; // (LINES_PER_RECORD)
    size_t line_count;
    uint64_t tokens, text_bytes, text_words, text_lines;
};

static enum status flush_ids(struct token_output *output, struct error *error) {
    size_t count = output->id_count;
    output->id_count = 0;
    return count == 0 ? STATUS_OK
                      : tokens_write_ids(output->writer, &output->builder, output->width,
                                         output->ids, count, error);
}

static enum status flush_lines(struct token_output *output, struct error *error) {
    size_t count = output->line_count;
    output->line_count = 0;
    return count == 0
               ? STATUS_OK
               : tokens_write_lines(output->writer, &output->builder, output->lines, count, error);
}

static enum status collect_ids(struct token_output *output, const uint8_t *ids, size_t count,
                               struct error *error) {
    enum status status = STATUS_OK;
    size_t width = output->width;
    while (status == STATUS_OK && count > 0) {
        size_t room = IDS_PER_RECORD - output->id_count;
        size_t some = count < room ? count : room;
        memcpy(output->ids + width * output->id_count, ids, width * some);
        output->id_count += some;
        ids += width * some;
        count -= some;
        if (output->id_count == IDS_PER_RECORD) {
            status = flush_ids(output, error);
        }
    }
    return status;
}

static enum status sink_tokens(void *context, const struct token_part *part, struct error *error) {
    struct token_output *output = context;
    enum status status = collect_ids(output, part->ids, part->count, error);
    for (size_t i = 0; status == STATUS_OK && i < part->line_count; i++) {
        output->lines[output->line_count++] = output->tokens + part->line_ends[i];
        if (output->line_count == LINES_PER_RECORD) {
            status = flush_lines(output, error);
        }
    }
    output->tokens += part->count;
    output->text_bytes += part->text_bytes;
    output->text_words += part->text_words;
    output->text_lines += part->text_lines;
    return status;
}

static enum status write_head(struct token_output *output, struct error *error) {
    const struct encode_job *job = output->job;
    struct token_vocabulary facts;
    record_begin_header(&output->builder, "tokens", job->program, job->options);
    enum status status = record_write(output->writer, &output->builder, error);
    if (status == STATUS_OK) {
        status = record_write_env(output->writer, &output->builder, job->threads, job->argc,
                                  job->argv, error);
    }
    if (status == STATUS_OK) {
        status = text_model_describe(job->model, &facts, error);
        if (status == STATUS_OK) {
            status = tokens_write_vocabulary(output->writer, &output->builder, &facts, error);
        }
        token_vocabulary_free(&facts);
    }
    return status;
}

static enum status write_tail(struct token_output *output, struct error *error) {
    const struct encode_job *job = output->job;
    const struct vocabulary_file *vocabulary = text_model_file(job->model);
    enum status status = flush_ids(output, error);
    if (status == STATUS_OK) {
        status = flush_lines(output, error);
    }
    if (status == STATUS_OK) {
        status = tokens_write_text(output->writer, &output->builder, output->text_bytes,
                                   output->text_words, output->text_lines, output->tokens, error);
    }
    for (size_t i = 0; status == STATUS_OK && i < job->source->done; i++) {
        const struct text_input *input = &job->source->inputs[i];
        status = record_write_input(output->writer, &output->builder, "text", input->name,
                                    input->bytes, input->sha256, error);
    }
    if (status == STATUS_OK) {
        status = record_write_input(output->writer, &output->builder, "vocabulary",
                                    vocabulary->name, vocabulary->bytes, vocabulary->sha256, error);
    }
    return status;
}

enum status encode_to_tokens(const struct encode_job *job, struct error *error) {
    struct token_output output = {.job = job, .width = tokens_width(text_model_size(job->model))};
    struct record_writer_options options = {
        .path = job->output, .content = "tokens", .level = COMPRESSION_LEVEL};
    enum status status =
        memory_allocate((void **)&output.ids, IDS_PER_RECORD, output.width, "tokens", error);
    if (status == STATUS_OK) {
        status = memory_allocate((void **)&output.lines, LINES_PER_RECORD, sizeof *output.lines,
                                 "line ends", error);
    }
    if (status == STATUS_OK) {
        status = record_writer_open(&output.writer, &options, error);
    }
    if (status == STATUS_OK) {
        status = write_head(&output, error);
    }
    if (status == STATUS_OK) {
        status = text_tokenize(job->model, job->source, job->threads, sink_tokens, &output, error);
    }
    if (status == STATUS_OK) {
        status = write_tail(&output, error);
    }
    if (status == STATUS_OK) {
        status = record_writer_finish(output.writer, error);
    } else if (output.writer) {
        record_writer_abandon(output.writer, false);
    }
    record_builder_free(&output.builder);
    free(output.ids);
    free(output.lines);
    return status;
}

// ---- Decimal ids -------------------------------------------------------------------------------

struct id_output {
    struct file_output file;
    struct buffer text;
};

enum { DIGITS_MAXIMUM = 10 };

static size_t format_id(uint32_t id, uint8_t *text) {
    uint8_t digits[DIGITS_MAXIMUM];
    size_t count = 0, length = 0;
    do {
        digits[count++] = (uint8_t)('0' + id % 10);
        id /= 10;
    } while (id > 0);
    while (count > 0) {
        text[length++] = digits[--count];
    }
    text[length++] = '\n';
    return length;
}

static enum status sink_ids(void *context, const struct token_part *part, struct error *error) {
    struct id_output *output = context;
    output->text.length = 0;
    enum status status = buffer_reserve(&output->text, part->count * (DIGITS_MAXIMUM + 1), error);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < part->count; i++) {
        uint32_t id = tokens_packed_id(part->ids, part->width, i);
        output->text.length += format_id(id, output->text.data + output->text.length);
    }
    return file_output_write(&output->file, output->text.data, output->text.length, error);
}

enum status encode_to_ids(const struct encode_job *job, struct error *error) {
    struct id_output output = {0};
    enum status status = file_output_open(&output.file, job->output, false, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = text_tokenize(job->model, job->source, job->threads, sink_ids, &output, error);
    if (status == STATUS_OK) {
        status = file_output_commit(&output.file, error);
    }
    if (status != STATUS_OK) {
        file_output_abandon(&output.file, false);
    }
    buffer_free(&output.text);
    return status;
}
