#include "lib/record/builder.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/base/utf8.h"
#include "lib/record/digest.h"
#include "lib/record/scan.h"

// A map is begun as a "map 16", whose two bytes of length are filled in when it ends.
enum { MAP_16 = 0xde, MAP_16_FIELDS = 0xffff };

// A byte that is part of no character is written as \xNN.
enum { STRAY = 4 };

bool record_kind_is_volatile(const char *kind) {
    return strcmp(kind, "env") == 0 || strcmp(kind, "timing") == 0 || strcmp(kind, "input") == 0;
}

void record_builder_free(struct record_builder *r) {
    msgpack_sbuffer_destroy(&r->bytes);
    *r = (struct record_builder){0};
}

static void append(struct record_builder *r, const void *data, size_t length) {
    r->failed = r->failed || msgpack_sbuffer_write(&r->bytes, data, length) != 0;
}

static void note(struct record_builder *r, int packed) {
    r->failed = r->failed || packed != 0;
}

static void map_open(struct record_builder *r) {
    if (r->depth == RECORD_NESTING) {
        r->failed = true;
        return;
    }
    append(r, (const uint8_t[]){MAP_16, 0, 0}, 3);
    r->maps[r->depth].offset = r->bytes.size;
    r->maps[r->depth].fields = 0;
    r->depth++;
}

static void map_count(struct record_builder *r) {
    uint32_t fields = r->maps[r->depth - 1].fields;
    size_t offset = r->maps[r->depth - 1].offset;
    if (r->failed || fields > MAP_16_FIELDS) {
        r->failed = true;
        return;
    }
    r->bytes.data[offset - 2] = (char)(fields >> 8);
    r->bytes.data[offset - 1] = (char)(fields & 0xff);
}

static void append_escaped(struct record_builder *r, const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t character = utf8_length(text + at, length - at);
        if (character > 0) {
            append(r, text + at, character);
            at += character;
        } else {
            char escaped[STRAY + 1];
            snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)text[at++]);
            append(r, escaped, STRAY);
        }
    }
}

// Readers take a str for UTF-8, which file names and words of a command line need not be.
static void pack_text(struct record_builder *r, const char *text, size_t length) {
    size_t strays = utf8_count_strays(text, length), packed = length + strays * (STRAY - 1);
    if (packed > UINT32_MAX) {
        r->failed = true;
        return;
    }
    note(r, msgpack_pack_str(&r->packer, packed));
    if (strays > 0) {
        append_escaped(r, text, length);
    } else {
        append(r, text, length);
    }
}

static void pack_string(struct record_builder *r, const char *text) {
    pack_text(r, text, strlen(text));
}

void record_put_key(struct record_builder *r, const char *key) {
    assert(r->depth > 0 || r->failed);
    if (r->depth > 0) {
        r->maps[r->depth - 1].fields++;
    }
    pack_string(r, key);
}

void record_begin(struct record_builder *r, const char *kind) {
    r->bytes.size = 0;
    r->depth = 0;
    r->failed = false;
    r->is_volatile = record_kind_is_volatile(kind);
    msgpack_packer_init(&r->packer, &r->bytes, msgpack_sbuffer_write);
    map_open(r);
    record_put_string(r, "kind", kind);
}

void record_put_int(struct record_builder *r, const char *key, int64_t value) {
    record_put_key(r, key);
    note(r, msgpack_pack_int64(&r->packer, value));
}

void record_put_real(struct record_builder *r, const char *key, double value) {
    record_put_key(r, key);
    note(r, msgpack_pack_double(&r->packer, math_canonical(value)));
}

void record_put_bool(struct record_builder *r, const char *key, bool value) {
    record_put_key(r, key);
    note(r, value ? msgpack_pack_true(&r->packer) : msgpack_pack_false(&r->packer));
}

void record_put_string(struct record_builder *r, const char *key, const char *value) {
    record_put_key(r, key);
    if (value) {
        pack_string(r, value);
    } else {
        note(r, msgpack_pack_nil(&r->packer));
    }
}

void record_put_binary(struct record_builder *r, const char *key, const void *data, size_t length) {
    record_put_key(r, key);
    if (length > UINT32_MAX) {
        r->failed = true;
        return;
    }
    note(r, msgpack_pack_bin(&r->packer, length));
    if (length > 0) {
        append(r, data, length);
    }
}

static void put_array(struct record_builder *r, const char *key, size_t count) {
    record_put_key(r, key);
    r->failed = r->failed || count > RECORD_OBJECT_LIMIT;
    note(r, msgpack_pack_array(&r->packer, count));
}

void record_put_int_array(struct record_builder *r, const char *key, const int *values,
                          size_t count) {
    put_array(r, key, count);
    for (size_t i = 0; i < count && !r->failed; i++) {
        note(r, msgpack_pack_int(&r->packer, values[i]));
    }
}

void record_put_real_array(struct record_builder *r, const char *key, const double *values,
                           size_t count) {
    put_array(r, key, count);
    for (size_t i = 0; i < count && !r->failed; i++) {
        note(r, msgpack_pack_double(&r->packer, math_canonical(values[i])));
    }
}

void record_put_string_array(struct record_builder *r, const char *key, char *const *values,
                             size_t count) {
    put_array(r, key, count);
    for (size_t i = 0; i < count && !r->failed; i++) {
        pack_string(r, values[i]);
    }
}

// As msgpack_pack_object() does it, but for text and reals. Readers bound the depth.
static void pack_object(struct record_builder *r, const msgpack_object *value) {
    if (value->type == MSGPACK_OBJECT_STR) {
        pack_text(r, value->via.str.ptr, value->via.str.size);
    } else if (value->type == MSGPACK_OBJECT_FLOAT32 || value->type == MSGPACK_OBJECT_FLOAT64) {
        note(r, msgpack_pack_double(&r->packer, math_canonical(value->via.f64)));
    } else if (value->type == MSGPACK_OBJECT_ARRAY) {
        note(r, msgpack_pack_array(&r->packer, value->via.array.size));
        for (uint32_t i = 0; i < value->via.array.size && !r->failed; i++) {
            pack_object(r, &value->via.array.ptr[i]);
        }
    } else if (value->type == MSGPACK_OBJECT_MAP) {
        note(r, msgpack_pack_map(&r->packer, value->via.map.size));
        for (uint32_t i = 0; i < value->via.map.size && !r->failed; i++) {
            pack_object(r, &value->via.map.ptr[i].key);
            pack_object(r, &value->via.map.ptr[i].val);
        }
    } else {
        note(r, msgpack_pack_object(&r->packer, *value));
    }
}

void record_put_object(struct record_builder *r, const char *key, const msgpack_object *value) {
    record_put_key(r, key);
    pack_object(r, value);
}

void record_put_map(struct record_builder *r, const char *key) {
    record_put_key(r, key);
    map_open(r);
}

void record_end_map(struct record_builder *r) {
    assert(r->depth > 1 || r->failed);
    if (r->depth > 1) {
        map_count(r);
        r->depth--;
    }
}

static void put_option(struct record_builder *r, const struct option *option) {
    switch (option->type) {
    case OPTION_FLAG:
        record_put_bool(r, option->name, *(const bool *)option->value);
        break;
    case OPTION_INTEGER:
    case OPTION_SIZE:
        record_put_int(r, option->name, *(const int64_t *)option->value);
        break;
    case OPTION_REAL:
        record_put_real(r, option->name, *(const double *)option->value);
        break;
    case OPTION_STRING:
        record_put_string(r, option->name, *(const char *const *)option->value);
        break;
    case OPTION_CHOICE:
        record_put_string(r, option->name, option->choices[*(const int *)option->value]);
        break;
    }
}

static void put_options(struct record_builder *r, const struct option *options) {
    for (const struct option *o = options; o && o->name; o++) {
        if (!o->outside) {
            put_option(r, o);
        }
    }
}

void record_put_options(struct record_builder *r, const char *key, const struct option *options) {
    record_put_map(r, key);
    put_options(r, options);
    record_end_map(r);
}

void record_begin_header(struct record_builder *r, const char *content, const char *program,
                         const struct option *const *options) {
    record_begin(r, "header");
    record_put_string(r, "format", "dlt");
    record_put_int(r, "version", RECORD_VERSION);
    record_put_string(r, "content", content);
    record_put_string(r, "program", program);
    record_put_map(r, "config");
    for (; options && *options; options++) {
        put_options(r, *options);
    }
    record_end_map(r);
}

enum status record_builder_finish(struct record_builder *r, struct error *error) {
    if (r->depth == 1) {
        map_count(r);
    }
    if (r->failed || r->depth != 1) {
        return error_set(error, STATUS_FAILURE, "cannot build a record: %s",
                         r->failed ? "no memory, or a field too large" : "a map was left open");
    }
    struct record_scan scan = {0};
    enum scan_result result =
        record_scan(&scan, (const uint8_t *)r->bytes.data, r->bytes.size, RECORD_LIMIT);
    if (result != SCAN_WHOLE || scan.at != r->bytes.size) {
        return error_set(error, STATUS_FAILURE, "cannot build a record: %s",
                         result == SCAN_BAD ? scan.problem : "a field has no value");
    }
    return STATUS_OK;
}
