#include "lib/text/id_writer.h"

enum status id_writer_open(struct id_writer *writer, const struct text_model *model,
                           const char *path, bool first, struct error *error) {
    *writer = (struct id_writer){.model = model, .first = first};
    return file_output_open(&writer->file, path, false, error);
}

enum status id_writer_put(struct id_writer *writer, uint32_t id, struct error *error) {
    writer->text.length = 0;
    enum status status = text_model_decode(writer->model, id, writer->first, &writer->text, error);
    if (status != STATUS_OK || writer->text.length == 0) {
        return status;
    }
    writer->first = false;
    writer->last = writer->text.data[writer->text.length - 1];
    return file_output_write(&writer->file, writer->text.data, writer->text.length, error);
}

enum status id_writer_close(struct id_writer *writer, enum status status, struct error *error) {
    if (status == STATUS_OK && writer->last != '\n') {
        status = file_output_write(&writer->file, "\n", 1, error);
    }
    if (status == STATUS_OK) {
        status = file_output_commit(&writer->file, error);
    }
    if (status != STATUS_OK) {
        file_output_abandon(&writer->file, false);
    }
    buffer_free(&writer->text);
    return status;
}
