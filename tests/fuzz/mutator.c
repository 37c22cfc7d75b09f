// Mutations for inputs that are records: libFuzzer's own change bytes, and nearly always leave
// something that is no msgpack. Here records come, go and change places, and values within them
// change, so that what is tried lies behind the parser. One mutation in four is libFuzzer's.
#include <math.h>
#include <string.h>

#include "lib/base/random.h"
#include "tests/fuzz/seal.h"

enum { RECORDS_MAX = 256, VALUES_MAX = 4096, TEXT_ROOM = 64 };

// The names are libFuzzer's.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed);

static struct random_sequence dice;

static size_t roll(size_t n) {
    return (size_t)random_below(&dice, n);
}

static void start_dice(unsigned seed) {
    random_sequence_start(&dice, (struct random_place){.seed = seed});
}

// ---- Rows of records -----------------------------------------------------------------------------

// Record i is data[ends[i] .. ends[i + 1]). Behind the last one may stand anything.
struct row {
    size_t ends[RECORDS_MAX + 1];
    size_t count;
};

// Some targets choose options by a byte before the records, which is no msgpack map.
static void find_records(const uint8_t *data, size_t size, struct row *row) {
    struct record record;
    size_t at = size > 0 && data[0] < 0x80 ? 1 : 0;
    row->count = 0;
    row->ends[0] = at;
    while (row->count < RECORDS_MAX && at < size && seal_next(data, size, &at, &record)) {
        row->ends[++row->count] = at;
    }
}

// Puts `length` bytes in place of data[from .. to); 0 if there is no room for them.
static size_t splice(uint8_t *data, size_t size, size_t most, size_t from, size_t to,
                     const void *bytes, size_t length) {
    size_t longer = size - (to - from) + length;
    if (longer > most) {
        return 0;
    }
    memmove(data + from + length, data + to, size - to);
    if (length > 0) {
        memcpy(data + from, bytes, length);
    }
    return longer;
}

// Copies a record to another place, or takes it away, or both.
static size_t move_record(uint8_t *data, size_t size, size_t most, const struct row *row) {
    size_t which = roll(row->count), place = row->ends[roll(row->count + 1)];
    size_t from = row->ends[which], to = row->ends[which + 1], what = roll(3);
    struct buffer copy = {0};
    struct error error;
    FUZZ_CHECK(buffer_append(&copy, data + from, to - from, &error) == STATUS_OK);
    size_t length = size;
    if (what != 0) { // to the other place
        length = splice(data, length, most, place, place, copy.data, copy.length);
    }
    if (what != 1 && length > 0) { // and away from its own
        size_t moved = what != 0 && place <= from ? copy.length : 0;
        length = splice(data, length, most, from + moved, to + moved, NULL, 0);
    }
    buffer_free(&copy);
    return length;
}

// ---- Values --------------------------------------------------------------------------------------

struct values {
    msgpack_object *items[VALUES_MAX];
    size_t count;
};

static void collect(struct values *values, msgpack_object *object) {
    if (values->count == VALUES_MAX) {
        return;
    }
    values->items[values->count++] = object;
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            collect(values, &object->via.array.ptr[i]);
        }
    } else if (object->type == MSGPACK_OBJECT_MAP) {
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            collect(values, &object->via.map.ptr[i].key);
            collect(values, &object->via.map.ptr[i].val);
        }
    }
}

static msgpack_object make_int(int64_t value) {
    msgpack_object object = {.type = MSGPACK_OBJECT_NEGATIVE_INTEGER, .via.i64 = value};
    if (value >= 0) {
        object =
            (msgpack_object){.type = MSGPACK_OBJECT_POSITIVE_INTEGER, .via.u64 = (uint64_t)value};
    }
    return object;
}

static msgpack_object make_real(double value) {
    return (msgpack_object){.type = MSGPACK_OBJECT_FLOAT64, .via.f64 = value};
}

static msgpack_object any_number(void) {
    static const int64_t INTS[] = {0,         1,         -1,        2,         3,
                                   255,       256,       65535,     65536,     1 << 24,
                                   INT32_MAX, INT32_MIN, 1LL << 32, 1LL << 53, INT64_MAX,
                                   INT64_MIN, 4096,      4194304,   -2,        7};
    static const double REALS[] = {
        0.0, -0.0, 0.5, 1.5, -1, 1e-300, 1e300, 1e18, -1e18, 5e-324, 1.7976931348623157e308};
    switch (roll(8)) {
    case 0:
        return make_real(REALS[roll(ARRAY_LENGTH(REALS))]);
    case 1:
        return make_real(roll(2) ? NAN : roll(2) ? INFINITY : -INFINITY);
    case 2:
        return (msgpack_object){.type = MSGPACK_OBJECT_POSITIVE_INTEGER, .via.u64 = UINT64_MAX};
    case 3:
        return make_int((int64_t)roll(16));
    default:
        return make_int(INTS[roll(ARRAY_LENGTH(INTS))]);
    }
}

static msgpack_object any_value(void) {
    static const msgpack_object EMPTY[] = {{.type = MSGPACK_OBJECT_NIL},
                                           {.type = MSGPACK_OBJECT_STR},
                                           {.type = MSGPACK_OBJECT_BIN},
                                           {.type = MSGPACK_OBJECT_ARRAY},
                                           {.type = MSGPACK_OBJECT_MAP}};
    switch (roll(4)) {
    case 0:
        return EMPTY[roll(ARRAY_LENGTH(EMPTY))];
    case 1:
        return (msgpack_object){.type = MSGPACK_OBJECT_BOOLEAN, .via.boolean = roll(2) == 1};
    default:
        return any_number();
    }
}

static void change_bytes(const char **bytes, uint32_t *size, msgpack_zone *zone) {
    char *copy = msgpack_zone_malloc(zone, *size + TEXT_ROOM);
    FUZZ_CHECK(copy);
    if (*size > 0) {
        memcpy(copy, *bytes, *size);
    }
    *size = (uint32_t)LLVMFuzzerMutate((uint8_t *)copy, *size, *size + TEXT_ROOM);
    *bytes = copy;
}

// One more, one less, or two in each other's place, of `size` items of `width` bytes.
static void *change_items(const void *items, uint32_t *size, size_t width, msgpack_zone *zone) {
    char *copy = msgpack_zone_malloc(zone, (*size + 1) * width);
    FUZZ_CHECK(copy);
    if (*size == 0) {
        return copy;
    }
    memcpy(copy, items, *size * width);
    size_t a = roll(*size), b = roll(*size);
    switch (roll(3)) {
    case 0:
        memcpy(copy + *size * width, copy + a * width, width);
        ++*size;
        break;
    case 1:
        --*size;
        memcpy(copy + a * width, (const char *)items + *size * width, width);
        break;
    default:
        memcpy(copy + a * width, (const char *)items + b * width, width);
        memcpy(copy + b * width, (const char *)items + a * width, width);
    }
    return copy;
}

static void change_in_kind(msgpack_object *object, msgpack_zone *zone) {
    switch (object->type) {
    case MSGPACK_OBJECT_BOOLEAN:
        object->via.boolean = !object->via.boolean;
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER: // the nearest few, or a bit of it
        *object = make_int((int64_t)(roll(2) ? object->via.u64 + roll(5) - 2
                                             : object->via.u64 ^ 1ULL << roll(64)));
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        *object =
            make_real(roll(2) ? -object->via.f64 : object->via.f64 * (double)roll(1000) / 100);
        break;
    case MSGPACK_OBJECT_STR:
    case MSGPACK_OBJECT_BIN: // of one layout
        change_bytes(&object->via.str.ptr, &object->via.str.size, zone);
        break;
    case MSGPACK_OBJECT_ARRAY:
        object->via.array.ptr = change_items(object->via.array.ptr, &object->via.array.size,
                                             sizeof *object->via.array.ptr, zone);
        break;
    case MSGPACK_OBJECT_MAP:
        object->via.map.ptr = change_items(object->via.map.ptr, &object->via.map.size,
                                           sizeof *object->via.map.ptr, zone);
        break;
    default:
        *object = any_value();
    }
}

static void change_value(struct values *values, msgpack_zone *zone) {
    msgpack_object *object = values->items[roll(values->count)];
    switch (roll(4)) {
    case 0:
        if (object != values->items[0]) {
            *object = any_value();
        }
        break;
    case 1: { // as another one of the record, unless that holds it
        msgpack_object *other = values->items[roll(values->count)];
        if (other->type != MSGPACK_OBJECT_MAP && other->type != MSGPACK_OBJECT_ARRAY &&
            object != values->items[0]) {
            *object = *other;
        }
        break;
    }
    default:
        change_in_kind(object, zone);
    }
}

static size_t change_record(uint8_t *data, size_t size, size_t most, const struct row *row) {
    static struct values values;
    size_t which = roll(row->count), from = row->ends[which], to = row->ends[which + 1];
    size_t used = 0, length = 0;
    msgpack_zone zone;
    msgpack_object record;
    msgpack_sbuffer packed;
    msgpack_packer packer;
    FUZZ_CHECK(msgpack_zone_init(&zone, MSGPACK_ZONE_CHUNK_SIZE));
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    if (msgpack_unpack((const char *)data + from, to - from, &used, &zone, &record) ==
        MSGPACK_UNPACK_SUCCESS) {
        values.count = 0;
        collect(&values, &record);
        do {
            change_value(&values, &zone);
        } while (roll(4) == 0);
        FUZZ_CHECK(msgpack_pack_object(&packer, record) == 0);
        length = splice(data, size, most, from, to, packed.data, packed.size);
    }
    msgpack_sbuffer_destroy(&packed);
    msgpack_zone_destroy(&zone);
    return length;
}

// ---- What libFuzzer calls --------------------------------------------------------------------------

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    static struct row row;
    start_dice(seed);
    find_records(data, size, &row);
    size_t what = roll(8), length = 0;
    if (row.count > 0 && what >= 2) {
        length =
            what == 2 ? move_record(data, size, most, &row) : change_record(data, size, most, &row);
    }
    return length > 0 ? length : LLVMFuzzerMutate(data, size, most);
}

// A record of the one into the other.
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size,
                                 uint8_t *out, size_t most, unsigned seed) {
    static struct row row, other;
    start_dice(seed);
    find_records(a, a_size, &row);
    find_records(b, b_size, &other);
    if (row.count == 0 || other.count == 0 || a_size > most) {
        return 0;
    }
    size_t which = roll(other.count), place = roll(row.count);
    memcpy(out, a, a_size);
    return splice(out, a_size, most, row.ends[place], row.ends[place + roll(2)],
                  b + other.ends[which], other.ends[which + 1] - other.ends[which]);
}
