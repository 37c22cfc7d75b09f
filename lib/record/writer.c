#include <stdlib.h>
#include <zstd.h>

#include "lib/base/file.h"
#include "lib/record/builder.h"
#include "lib/record/digest.h"
#include "lib/record/reader.h"

enum { DEFAULT_LEVEL = 3 };

struct record_writer {
    struct file_output output;
    ZSTD_CCtx *compressor;
    uint8_t *chunk; // owned, compressed and not yet written
    size_t capacity;
    bool flush;
    bool in_frame; // bytes went into the frame since it began
    bool marked;   // a position was told: the partial file is worth keeping
    struct record_digest digest;
};

// Below level 0 zstd leaves bytes as they are where it finds no match: that is most of some data,
// and coding them makes it smaller at less cost than looking for more matches. A wish: an option
// that zstd may come to lack.
static void code_all_bytes(ZSTD_CCtx *compressor) {
    enum { LITERALS_CODED = 1 };
    ZSTD_CCtx_setParameter(compressor, ZSTD_c_experimentalParam5, LITERALS_CODED);
}

static enum status writer_create(struct record_writer **created, int level, struct error *error) {
    struct record_writer *writer = calloc(1, sizeof *writer);
    *created = NULL;
    if (writer) {
        writer->output.descriptor = -1;
        writer->capacity = ZSTD_CStreamOutSize();
        writer->chunk = malloc(writer->capacity);
        writer->compressor = ZSTD_createCCtx();
    }
    if (!writer || !writer->chunk || !writer->compressor ||
        ZSTD_isError(ZSTD_CCtx_setParameter(writer->compressor, ZSTD_c_compressionLevel,
                                            level ? level : DEFAULT_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(writer->compressor, ZSTD_c_checksumFlag, 1))) {
        record_writer_abandon(writer, false);
        return error_set(error, STATUS_FAILURE, "cannot allocate a writer");
    }
    if (level < 0) {
        code_all_bytes(writer->compressor);
    }
    record_digest_start(&writer->digest);
    *created = writer;
    return STATUS_OK;
}

enum status record_writer_open(struct record_writer **opened,
                               const struct record_writer_options *options, struct error *error) {
    struct record_writer *writer;
    enum status status = writer_create(&writer, options->level, error);
    if (status == STATUS_OK) {
        status = file_output_open(&writer->output, options->path, true, error);
    }
    if (status != STATUS_OK) {
        record_writer_abandon(writer, false);
        writer = NULL;
    } else {
        writer->flush = options->flush || file_output_is_stream(&writer->output);
        writer->output.expected = options->expected;
        writer->output.hold = options->hold;
    }
    *opened = writer;
    return status;
}

enum status record_writer_resume(struct record_writer **opened,
                                 const struct record_writer_options *options,
                                 const struct record_position *position, struct error *error) {
    struct record_writer *writer;
    enum status status = writer_create(&writer, options->level, error);
    char *partial = NULL;
    if (status == STATUS_OK) {
        status = file_partial_name(&partial, options->path, error);
    }
    if (status == STATUS_OK) {
        status = record_reader_verify_prefix(partial, options->content, position, &writer->digest,
                                             error);
    }
    if (status == STATUS_OK) {
        status = file_output_reopen(&writer->output, options->path, position->offset, error);
    }
    if (status != STATUS_OK) {
        record_writer_abandon(writer, true);
        writer = NULL;
    } else {
        writer->flush = options->flush;
        writer->marked = true;
    }
    free(partial);
    *opened = writer;
    return status;
}

bool record_writer_is_stream(const struct record_writer *writer) {
    return file_output_is_stream(&writer->output);
}

static enum status compress(struct record_writer *writer, const void *data, size_t length,
                            ZSTD_EndDirective directive, struct error *error) {
    ZSTD_inBuffer in = {data, length, 0};
    for (;;) {
        ZSTD_outBuffer out = {writer->chunk, writer->capacity, 0};
        size_t left = ZSTD_compressStream2(writer->compressor, &out, &in, directive);
        if (ZSTD_isError(left)) {
            return error_set(error, STATUS_FAILURE, "cannot compress: %s", ZSTD_getErrorName(left));
        }
        enum status status = file_output_write(&writer->output, writer->chunk, out.pos, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (directive == ZSTD_e_continue ? in.pos == in.size : left == 0) {
            return STATUS_OK;
        }
    }
}

enum status record_write(struct record_writer *writer, struct record_builder *r,
                         struct error *error) {
    enum status status = record_builder_finish(r, error);
    if (status == STATUS_OK) {
        writer->in_frame = true;
        status = compress(writer, r->bytes.data, r->bytes.size,
                          writer->flush ? ZSTD_e_flush : ZSTD_e_continue, error);
    }
    if (status == STATUS_OK) {
        record_digest_add(&writer->digest, r->bytes.data, r->bytes.size, r->is_volatile);
    }
    return status;
}

static enum status end_frame(struct record_writer *writer, struct error *error) {
    if (!writer->in_frame) {
        return STATUS_OK;
    }
    writer->in_frame = false;
    return compress(writer, NULL, 0, ZSTD_e_end, error);
}

enum status record_position_mark(struct record_writer *writer, struct record_position *position,
                                 struct error *error) {
    enum status status = end_frame(writer, error);
    if (status == STATUS_OK) {
        status = file_output_sync(&writer->output, error);
    }
    if (status == STATUS_OK) {
        writer->marked = true;
        *position = (struct record_position){
            .offset = writer->output.bytes,
            .records = writer->digest.records,
            .xxh64 = XXH64_digest(&writer->digest.all),
            .content_xxh64 = XXH64_digest(&writer->digest.content),
        };
    }
    return status;
}

static enum status write_end(struct record_writer *writer, struct error *error) {
    struct record_builder r = {0};
    char text[HASH_XXH64_TEXT];
    record_begin(&r, "end");
    record_put_int(&r, "records", (int64_t)writer->digest.records);
    hash_xxh64_text(XXH64_digest(&writer->digest.all), text);
    record_put_string(&r, "xxh64", text);
    hash_xxh64_text(XXH64_digest(&writer->digest.content), text);
    record_put_string(&r, "content_xxh64", text);
    enum status status = record_write(writer, &r, error);
    record_builder_free(&r);
    return status;
}

enum status record_writer_finish(struct record_writer *writer, struct error *error) {
    enum status status = write_end(writer, error);
    if (status == STATUS_OK) {
        status = end_frame(writer, error);
    }
    if (status == STATUS_OK) {
        status = file_output_commit(&writer->output, error);
    }
    // What a checkpoint refers to must outlive a full disk: it can be cut back and gone on with.
    record_writer_abandon(writer, writer->marked);
    return status;
}

void record_writer_abandon(struct record_writer *writer, bool keep) {
    if (writer) {
        file_output_abandon(&writer->output, keep);
        ZSTD_freeCCtx(writer->compressor);
        free(writer->chunk);
        free(writer);
    }
}
