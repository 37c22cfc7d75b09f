// Settings as a msgpack map: written, read back, compared.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/math.h"
#include "lib/train/settings.h"

void settings_put_labels(const char *labels, struct record_builder *r) {
    record_put_map(r, "labels");
    for (const char *at = labels; at && *at;) {
        char key[SETTINGS_LABEL_KEY], value[SETTINGS_LABEL_VALUE];
        size_t length = strcspn(at, ","), name = strcspn(at, "=");
        snprintf(key, sizeof key, "%.*s", (int)name, at);
        snprintf(value, sizeof value, "%.*s", (int)(length - name - 1), at + name + 1);
        record_put_string(r, key, value);
        at += length + (at[length] == ',');
    }
    record_end_map(r);
}

enum status settings_map_open(struct settings_map *map, const struct settings *settings,
                              struct error *error) {
    struct settings copy = *settings;
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_describe(&copy, table);
    struct record_builder r = {0};
    struct record record;
    size_t used = 0;
    *map = (struct settings_map){0};
    if (!msgpack_zone_init(&map->zone, 8192)) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for the settings");
    }
    record_begin(&r, "settings");
    record_put_options(&r, "config", table);
    enum status status = record_message_append(&map->bytes, &r, error);
    if (status == STATUS_OK) {
        status = record_message_parse(map->bytes.data, map->bytes.length, &used, &record,
                                      &map->zone, error);
    }
    if (status == STATUS_OK) {
        map->config = *record_find(&record.map, "config");
    } else {
        settings_map_close(map);
    }
    record_builder_free(&r);
    return status;
}

void settings_map_close(struct settings_map *map) {
    msgpack_zone_destroy(&map->zone);
    buffer_free(&map->bytes);
}

static bool read_choice(const struct option *option, const msgpack_object *map) {
    for (int i = 0; option->choices[i]; i++) {
        if (record_equals(map, option->name, option->choices[i])) {
            *(int *)option->value = i;
            return true;
        }
    }
    return false;
}

static bool read_string(const struct option *option, const msgpack_object *map,
                        msgpack_zone *zone) {
    const char *text = NULL;
    size_t length = 0;
    if (!record_get_string(map, option->name, &text, &length)) {
        *(const char **)option->value = NULL; // nil: not given
        return true;
    }
    char *copy = msgpack_zone_malloc(zone, length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
        *(const char **)option->value = copy;
    }
    return copy != NULL;
}

static bool in_range(const struct option *option, double value) {
    return (option->minimum == 0 && option->maximum == 0) ||
           (value >= option->minimum && value <= option->maximum);
}

static bool read_option(const struct option *option, const msgpack_object *map,
                        msgpack_zone *zone) {
    switch (option->type) {
    case OPTION_FLAG:
        return record_get_bool(map, option->name, option->value);
    case OPTION_INTEGER:
    case OPTION_SIZE:
        return record_get_int(map, option->name, option->value) &&
               in_range(option, (double)*(int64_t *)option->value);
    case OPTION_REAL:
        return record_get_real(map, option->name, option->value) &&
               in_range(option, *(double *)option->value);
    case OPTION_STRING:
        return read_string(option, map, zone);
    case OPTION_CHOICE:
        return read_choice(option, map);
    }
    return false;
}

enum status settings_from_map(struct settings *settings, const msgpack_object *map,
                              msgpack_zone *zone, struct error *error) {
    struct option table[SETTINGS_OPTIONS_MAX];
    settings_defaults(settings);
    settings_describe(settings, table);
    for (const struct option *o = table; o->name; o++) {
        if (!o->outside && !read_option(o, map, zone)) {
            return error_set(error, STATUS_DAMAGED, "its configuration has no usable '%s'",
                             o->name);
        }
    }
    struct error why;
    if (settings_check(settings, &why) != STATUS_OK) {
        return error_set(error, STATUS_DAMAGED, "its configuration is that of no run: %.900s",
                         why.message);
    }
    return STATUS_OK;
}

static void format_value(const msgpack_object *value, char *text, size_t size) {
    if (!value || value->type == MSGPACK_OBJECT_NIL) {
        snprintf(text, size, "not given");
    } else if (value->type == MSGPACK_OBJECT_STR) {
        snprintf(text, size, "'%.*s'", (int)value->via.str.size, value->via.str.ptr);
    } else if (value->type == MSGPACK_OBJECT_BOOLEAN) {
        snprintf(text, size, "%s", value->via.boolean ? "yes" : "no");
    } else if (value->type == MSGPACK_OBJECT_FLOAT64) {
        char number[MATH_TEXT];
        math_format(value->via.f64, MATH_DIGITS, number);
        snprintf(text, size, "%s", number);
    } else {
        snprintf(text, size, "%" PRId64, value->via.i64);
    }
}

enum status settings_compare(const struct settings *settings, const msgpack_object *map,
                             const char *path, struct error *error) {
    struct settings_map own;
    enum status status = settings_map_open(&own, settings, error);
    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; status == STATUS_OK && i < own.config.via.map.size; i++) {
        const msgpack_object_kv *entry = &own.config.via.map.ptr[i];
        char name[64], was[256], is[256];
        snprintf(name, sizeof name, "%.*s", (int)entry->key.via.str.size, entry->key.via.str.ptr);
        const msgpack_object *saved = record_find(map, name);
        if (!saved || !msgpack_object_equal(*saved, entry->val)) {
            format_value(saved, was, sizeof was);
            format_value(&entry->val, is, sizeof is);
            status = error_set(error, STATUS_USAGE,
                               "checkpoint '%s' is of another run: --%s was %s, not %s; "
                               "--restart begins anew",
                               path, name, was, is);
        }
    }
    settings_map_close(&own);
    return status;
}
