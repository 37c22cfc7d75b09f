#include "lib/record/json.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "lib/base/hash.h"
#include "lib/base/math.h"

static void print_character(FILE *out, utf8proc_int32_t character, const char *bytes,
                            size_t length) {
    if (character == '"' || character == '\\') {
        fprintf(out, "\\%c", character);
    } else if (character == '\n') {
        fputs("\\n", out);
    } else if (character < 0x20 || (character >= 0x7f && character < 0xa0)) {
        fprintf(out, "\\u%04x", (unsigned)character);
    } else {
        fwrite(bytes, 1, length, out);
    }
}

static void print_string(FILE *out, const char *text, size_t length) {
    putc('"', out);
    for (size_t at = 0; at < length;) {
        utf8proc_int32_t character;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                                 (utf8proc_ssize_t)(length - at), &character);
        if (used > 0) {
            print_character(out, character, text + at, (size_t)used);
        } else {
            fputs("\xef\xbf\xbd", out);
        }
        at += used > 0 ? (size_t)used : 1;
    }
    putc('"', out);
}

static void print_real(FILE *out, double value) {
    char text[MATH_TEXT];
    if (!isfinite(value)) {
        fputs("null", out);
        return;
    }
    math_format(value, DBL_DIG, text);
    fputs(text, out);
    if (text[strcspn(text, ".e")] == '\0') {
        fputs(".0", out); // stays a real
    }
}

static void print_base64(FILE *out, const uint8_t *data, size_t length) {
    enum { PART = 3 * 1024 }; // a multiple of 3: only the last part is padded
    char text[BASE64_ENCODE_RAW_LENGTH(PART)];
    putc('"', out);
    while (length > 0) {
        size_t part = length < PART ? length : PART;
        base64_encode_raw(text, part, data);
        fwrite(text, 1, BASE64_ENCODE_RAW_LENGTH(part), out);
        data += part;
        length -= part;
    }
    putc('"', out);
}

static void print_summary(FILE *out, const void *data, size_t length) {
    char digest[HASH_XXH64_TEXT];
    hash_xxh64_text(XXH64(data, length, 0), digest);
    fprintf(out, "{\"bytes\":%zu,\"xxh64\":\"%s\"}", length, digest);
}

// JSON's keys are strings; msgpack's may be anything.
static void print_key(FILE *out, const msgpack_object *key) {
    switch (key->type) {
    case MSGPACK_OBJECT_STR:
        print_string(out, key->via.str.ptr, key->via.str.size);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        fprintf(out, "\"%" PRIu64 "\"", key->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        fprintf(out, "\"%" PRId64 "\"", key->via.i64);
        break;
    default:
        fputs("\"(no string)\"", out);
        break;
    }
}

static void print_map(FILE *out, const msgpack_object_map *map, bool binary) {
    putc('{', out);
    for (uint32_t i = 0; i < map->size; i++) {
        if (i > 0) {
            putc(',', out);
        }
        print_key(out, &map->ptr[i].key);
        putc(':', out);
        record_print_json(out, &map->ptr[i].val, binary);
    }
    putc('}', out);
}

static void print_array(FILE *out, const msgpack_object_array *array, bool binary) {
    putc('[', out);
    for (uint32_t i = 0; i < array->size; i++) {
        if (i > 0) {
            putc(',', out);
        }
        record_print_json(out, &array->ptr[i], binary);
    }
    putc(']', out);
}

void record_print_json(FILE *out, const msgpack_object *object, bool binary) {
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        fputs("null", out);
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        fputs(object->via.boolean ? "true" : "false", out);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        fprintf(out, object->via.u64 > INT64_MAX ? "\"%" PRIu64 "\"" : "%" PRIu64, object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        fprintf(out, "%" PRId64, object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        print_real(out, object->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
        print_string(out, object->via.str.ptr, object->via.str.size);
        break;
    case MSGPACK_OBJECT_ARRAY:
        print_array(out, &object->via.array, binary);
        break;
    case MSGPACK_OBJECT_MAP:
        print_map(out, &object->via.map, binary);
        break;
    case MSGPACK_OBJECT_BIN:
    case MSGPACK_OBJECT_EXT: {
        // The type of an extension is not shown: the format has none.
        bool is_binary = object->type == MSGPACK_OBJECT_BIN;
        const char *data = is_binary ? object->via.bin.ptr : object->via.ext.ptr;
        size_t length = is_binary ? object->via.bin.size : object->via.ext.size;
        if (binary) {
            print_base64(out, (const uint8_t *)data, length);
        } else {
            print_summary(out, data, length);
        }
        break;
    }
    }
}
