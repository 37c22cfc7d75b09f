#include "lib/report/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/record/digest.h"
#include "lib/report/summary.h"

struct side {
    struct record_reader *reader;
    struct run *run;
    struct record record;
    bool more; // `record` holds one
};

// ---- Values ----------------------------------------------------------------------------------------------

// To the bit, so that a number that is none is the same as itself.
static bool same_value(const msgpack_object *a, const msgpack_object *b) {
    if (a->type != b->type) {
        return false;
    }
    bool same;
    switch (a->type) {
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return memcmp(&a->via.f64, &b->via.f64, sizeof a->via.f64) == 0;
    case MSGPACK_OBJECT_ARRAY:
        same = a->via.array.size == b->via.array.size;
        for (uint32_t i = 0; same && i < a->via.array.size; i++) {
            same = same_value(&a->via.array.ptr[i], &b->via.array.ptr[i]);
        }
        return same;
    case MSGPACK_OBJECT_MAP:
        same = a->via.map.size == b->via.map.size;
        for (uint32_t i = 0; same && i < a->via.map.size; i++) {
            same = same_value(&a->via.map.ptr[i].key, &b->via.map.ptr[i].key) &&
                   same_value(&a->via.map.ptr[i].val, &b->via.map.ptr[i].val);
        }
        return same;
    default:
        return msgpack_object_equal(*a, *b);
    }
}

// The first field of `a` that `b` has otherwise, or the other way round; NULL: none.
static const char *differing_field(const msgpack_object *a, const msgpack_object *b, char *name,
                                   size_t size) {
    const msgpack_object *maps[2][2] = {{a, b}, {b, a}};
    for (int turn = 0; turn < 2; turn++) {
        const msgpack_object_map *map = &maps[turn][0]->via.map;
        for (uint32_t i = 0; i < map->size; i++) {
            const msgpack_object *key = &map->ptr[i].key;
            if (key->type != MSGPACK_OBJECT_STR) {
                continue;
            }
            text_copy_clean(name, size, key->via.str.ptr, key->via.str.size);
            const msgpack_object *other = record_find(maps[turn][1], name);
            if (!other || !same_value(&map->ptr[i].val, other)) {
                return name;
            }
        }
    }
    return NULL;
}

// ---- Reading both, in step ---------------------------------------------------------------------------------

// The next record that is part of the result, passing over those that are not.
static enum status advance(struct side *side, struct error *error) {
    enum status status = STATUS_OK;
    do {
        status = record_read(side->reader, &side->record, &side->more, error);
        if (status == STATUS_OK && side->more) {
            status = run_add_record(side->run, &side->record, error);
            if (status == STATUS_DAMAGED) {
                struct error why = *error;
                status = record_reader_damaged(side->reader, error, "%s", why.message);
            }
        }
    } while (status == STATUS_OK && side->more && record_kind_is_volatile(side->record.kind));
    return status;
}

static void add_first_difference(struct text *text, const struct side *a, const struct side *b) {
    char field[64] = "";
    text_add(text, "differs: ");
    if (!a->more || !b->more) {
        const struct side *longer = a->more ? a : b;
        text_format(text, "only %s has record %" PRIu64 ", %s\n", a->more ? "A" : "B",
                    longer->record.number, longer->record.kind);
        return;
    }
    text_format(text, "record %" PRIu64 " of A, %s", a->record.number, a->record.kind);
    int64_t number = 0;
    if (record_get_int(&a->record.map, "episode", &number)) {
        text_format(text, ", episode %" PRId64, number);
    }
    if (record_get_int(&a->record.map, "step", &number)) {
        text_format(text, ", step %" PRId64, number);
    }
    if (strcmp(a->record.kind, b->record.kind) != 0) {
        text_format(text, ", against %s in B", b->record.kind);
    } else if (differing_field(&a->record.map, &b->record.map, field, sizeof field)) {
        text_format(text, ": '%s'", field);
    }
    text_add(text, "\n");
}

// Reads to the end of both; writes where the headers differ, and the first difference after them.
static enum status read_both(struct side *a, struct side *b, struct text *difference,
                             struct error *error) {
    bool header = true, found = false;
    enum status status = STATUS_OK;
    a->more = b->more = true;
    while (status == STATUS_OK && (a->more || b->more)) {
        status = a->more ? advance(a, error) : STATUS_OK;
        if (status == STATUS_OK && b->more) {
            status = advance(b, error);
        }
        if (status == STATUS_OK && !found && (a->more || b->more) &&
            (!a->more || !b->more || !same_value(&a->record.map, &b->record.map))) {
            found = !header; // what follows the header is worth its own line
            add_first_difference(difference, a, b);
        }
        header = false;
    }
    return status;
}

// ---- Telling -------------------------------------------------------------------------------------------------

static void add_row(struct text *text, const char *name, const char *a, const char *b) {
    text_format(text, "  %-26s %-24s %s\n", name, a, b);
}

static void add_pairs(struct text *text, const char *heading, const struct run_pairs *a,
                      const struct run_pairs *b) {
    bool any = false;
    const struct run_pairs *sides[2][2] = {{a, b}, {b, a}};
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < sides[turn][0]->count; i++) {
            const struct run_pair *pair = &sides[turn][0]->items[i];
            const char *other = run_pairs_find(sides[turn][1], pair->name);
            if (turn == 0 ? other && strcmp(other, pair->value) == 0 : other != NULL) {
                continue;
            }
            if (!any) {
                text_format(text, "%s:\n", heading);
                any = true;
            }
            const char *missing = other ? other : "-";
            add_row(text, pair->name, turn == 0 ? pair->value : missing,
                    turn == 0 ? missing : pair->value);
        }
    }
    if (!any) {
        text_format(text, "%s: the same\n", heading);
    }
}

static void add_numbers(struct text *text, const struct run *a, const struct run *b) {
    text_add(text, "numbers:\n");
    for (int i = 0; i < QUANTITIES; i++) {
        struct text values[2] = {{.failed = false}, {.failed = false}};
        text_add_real(&values[0], quantity_of((enum quantity)i, a));
        text_add_real(&values[1], quantity_of((enum quantity)i, b));
        add_row(text, QUANTITY_TYPES[i].key, text_string(&values[0]), text_string(&values[1]));
        text_free(&values[0]);
        text_free(&values[1]);
    }
}

static enum status open_side(struct side *side, const char *path, struct error *error) {
    enum status status =
        record_reader_open(&side->reader, path, "run log", "run", RECORD_STRICT, error);
    return status == STATUS_OK ? run_create(&side->run, path, error) : status;
}

static enum status finish_side(struct side *side, struct error *error) {
    enum status status = run_finish(side->run, error);
    return status == STATUS_OK
               ? status
               : error_prefix(error, status, "cannot read run log '%s'", side->run->path);
}

enum status compare_runs(struct text *text, const char *path_a, const char *path_b, bool *equal,
                         struct error *error) {
    struct side a = {0}, b = {0};
    struct text difference = {0};
    *equal = false;
    enum status status = open_side(&a, path_a, error);
    if (status == STATUS_OK) {
        status = open_side(&b, path_b, error);
    }
    if (status == STATUS_OK) {
        status = read_both(&a, &b, &difference, error);
    }
    if (status == STATUS_OK) {
        status = finish_side(&a, error);
    }
    if (status == STATUS_OK) {
        status = finish_side(&b, error);
    }
    if (status == STATUS_OK) {
        uint64_t digest_a = record_reader_content_digest(a.reader);
        uint64_t digest_b = record_reader_content_digest(b.reader);
        char hex[2][HASH_XXH64_TEXT];
        hash_xxh64_text(digest_a, hex[0]);
        hash_xxh64_text(digest_b, hex[1]);
        *equal = digest_a == digest_b;
        text_format(text, "A: %s\nB: %s\n", a.run->path, b.run->path);
        text_format(text, "results: %s\n", *equal ? "equal, to the bit" : "different");
        add_row(text, "digest", hex[0], hex[1]);
        text_add(text, text_string(&difference));
        add_pairs(text, "configuration", &a.run->config, &b.run->config);
        add_pairs(text, "labels", &a.run->labels, &b.run->labels);
        add_numbers(text, a.run, b.run);
    }
    run_free(a.run);
    run_free(b.run);
    record_reader_close(a.reader);
    record_reader_close(b.reader);
    text_free(&difference);
    return status;
}
