#include <string.h>

#include "lib/record/builder.h"
#include "lib/record/parse.h"
#include "lib/record/scan.h"

static const size_t MESSAGE_LIMIT = (size_t)1 << 28;

enum status record_parse(const uint8_t *data, size_t length, msgpack_zone *zone,
                         struct record *record, const char **problem, struct error *error) {
    size_t used = 0;
    *problem = NULL;
    msgpack_zone_clear(zone);
    switch (msgpack_unpack((const char *)data, length, &used, zone, &record->map)) {
    case MSGPACK_UNPACK_SUCCESS:
    case MSGPACK_UNPACK_EXTRA_BYTES:
        break;
    case MSGPACK_UNPACK_NOMEM_ERROR:
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for a record");
    default:
        *problem = "not msgpack";
        return STATUS_OK;
    }
    const char *kind;
    size_t kind_length;
    if (!record_get_string(&record->map, "kind", &kind, &kind_length)) {
        *problem = "no kind";
    } else if (kind_length >= sizeof record->kind || memchr(kind, '\0', kind_length)) {
        *problem = "kind too long";
    } else {
        memcpy(record->kind, kind, kind_length);
        record->kind[kind_length] = '\0';
    }
    return STATUS_OK;
}

enum status record_message_append(struct buffer *buffer, struct record_builder *r,
                                  struct error *error) {
    enum status status = record_builder_finish(r, error);
    return status == STATUS_OK ? buffer_append(buffer, r->bytes.data, r->bytes.size, error)
                               : status;
}

enum status record_message_parse_on(struct record_scan *scan, const uint8_t *data, size_t length,
                                    size_t *used, struct record *record, msgpack_zone *zone,
                                    struct error *error) {
    const char *problem = NULL;
    *used = 0;
    switch (record_scan(scan, data, length, MESSAGE_LIMIT)) {
    case SCAN_MORE:
        return STATUS_OK;
    case SCAN_BAD:
        problem = scan->problem;
        break;
    case SCAN_WHOLE: {
        enum status status = record_parse(data, scan->at, zone, record, &problem, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    }
    if (problem) {
        return error_set(error, STATUS_DAMAGED, "not a message: %s", problem);
    }
    record->number = 0;
    *used = scan->at;
    *scan = (struct record_scan){0};
    return STATUS_OK;
}

enum status record_message_parse(const uint8_t *data, size_t length, size_t *used,
                                 struct record *record, msgpack_zone *zone, struct error *error) {
    struct record_scan scan = {0};
    return record_message_parse_on(&scan, data, length, used, record, zone, error);
}
