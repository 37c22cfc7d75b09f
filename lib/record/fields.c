#include <limits.h>
#include <string.h>

#include "lib/record/record.h"

const msgpack_object *record_find(const msgpack_object *map, const char *key) {
    if (map->type != MSGPACK_OBJECT_MAP) {
        return NULL;
    }
    size_t length = strlen(key);
    for (uint32_t i = 0; i < map->via.map.size; i++) {
        const msgpack_object_kv *field = &map->via.map.ptr[i];
        if (field->key.type == MSGPACK_OBJECT_STR && field->key.via.str.size == length &&
            memcmp(field->key.via.str.ptr, key, length) == 0) {
            return &field->val;
        }
    }
    return NULL;
}

static bool object_int(const msgpack_object *object, int64_t *value) {
    if (object && object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 <= INT64_MAX) {
        *value = (int64_t)object->via.u64;
        return true;
    }
    if (object && object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER) {
        *value = object->via.i64;
        return true;
    }
    return false;
}

bool record_get_int(const msgpack_object *map, const char *key, int64_t *value) {
    return object_int(record_find(map, key), value);
}

bool record_get_count(const msgpack_object *map, const char *key, int64_t *count) {
    int64_t value;
    if (!record_get_int(map, key, &value) || value < 0 || value > INT64_MAX / 4) {
        return false;
    }
    *count = value;
    return true;
}

bool record_get_real(const msgpack_object *map, const char *key, double *value) {
    const msgpack_object *object = record_find(map, key);
    int64_t integer;
    if (object &&
        (object->type == MSGPACK_OBJECT_FLOAT64 || object->type == MSGPACK_OBJECT_FLOAT32)) {
        *value = object->via.f64;
        return true;
    }
    if (object && object->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        *value = (double)object->via.u64;
        return true;
    }
    if (object_int(object, &integer)) {
        *value = (double)integer;
        return true;
    }
    return false;
}

bool record_get_bool(const msgpack_object *map, const char *key, bool *value) {
    const msgpack_object *object = record_find(map, key);
    if (!object || object->type != MSGPACK_OBJECT_BOOLEAN) {
        return false;
    }
    *value = object->via.boolean;
    return true;
}

bool record_get_string(const msgpack_object *map, const char *key, const char **text,
                       size_t *length) {
    const msgpack_object *object = record_find(map, key);
    if (!object || object->type != MSGPACK_OBJECT_STR) {
        return false;
    }
    *text = object->via.str.ptr;
    *length = object->via.str.size;
    return true;
}

bool record_get_binary(const msgpack_object *map, const char *key, const void **data,
                       size_t *length) {
    const msgpack_object *object = record_find(map, key);
    if (!object || object->type != MSGPACK_OBJECT_BIN) {
        return false;
    }
    *data = object->via.bin.ptr;
    *length = object->via.bin.size;
    return true;
}

bool record_equals(const msgpack_object *map, const char *key, const char *text) {
    const char *value;
    size_t length;
    return record_get_string(map, key, &value, &length) && length == strlen(text) &&
           memcmp(value, text, length) == 0;
}

bool record_get_int_array(const msgpack_object *map, const char *key, int *values, size_t capacity,
                          size_t *count) {
    const msgpack_object *object = record_find(map, key);
    if (!object || object->type != MSGPACK_OBJECT_ARRAY) {
        return false;
    }
    *count = object->via.array.size;
    for (size_t i = 0; i < *count; i++) {
        int64_t value;
        if (!object_int(&object->via.array.ptr[i], &value) || value < INT_MIN || value > INT_MAX) {
            return false;
        }
        if (i < capacity) {
            values[i] = (int)value;
        }
    }
    return true;
}
