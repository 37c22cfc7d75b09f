#include "lib/record/scan.h"

#include <stdbool.h>

// One value's head: `head` bytes, then `payload` bytes, then `children` values.
struct item {
    uint64_t head, payload, children;
    bool container;
};

static uint64_t big_endian(const uint8_t *data, unsigned width) {
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

// Families whose length stands in 1, 2 or 4 bytes behind the first.
static const struct {
    uint8_t first;
    uint8_t width;     // bytes of the length
    uint8_t extra;     // bytes of payload besides that length (the type of an extension)
    uint8_t per_child; // 0: the length counts bytes; 1, 2: values of an array, of a map
} SIZED[] = {
    {0xc4, 1, 0, 0}, {0xc5, 2, 0, 0}, {0xc6, 4, 0, 0}, // binary
    {0xc7, 1, 1, 0}, {0xc8, 2, 1, 0}, {0xc9, 4, 1, 0}, // extension
    {0xd9, 1, 0, 0}, {0xda, 2, 0, 0}, {0xdb, 4, 0, 0}, // string
    {0xdc, 2, 0, 1}, {0xdd, 4, 0, 1},                  // array
    {0xde, 2, 0, 2}, {0xdf, 4, 0, 2},                  // map
};

static enum scan_result item_sized(const uint8_t *data, size_t length, struct item *item) {
    for (size_t i = 0; i < sizeof SIZED / sizeof *SIZED; i++) {
        if (SIZED[i].first != data[0]) {
            continue;
        }
        item->head = 1U + SIZED[i].width;
        if (length < item->head) {
            return SCAN_MORE;
        }
        uint64_t count = big_endian(data + 1, SIZED[i].width);
        item->container = SIZED[i].per_child > 0;
        item->children = count * SIZED[i].per_child;
        item->payload = item->container ? 0 : count + SIZED[i].extra;
        return SCAN_WHOLE;
    }
    return SCAN_BAD;
}

static enum scan_result item_read(const uint8_t *data, size_t length, struct item *item) {
    // Payloads of the first bytes 0xca .. 0xd8: floats, unsigned, signed, fixed extensions.
    static const uint8_t FIXED[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17};
    *item = (struct item){.head = 1};
    if (length == 0) {
        return SCAN_MORE;
    }
    uint8_t first = data[0];
    if (first < 0x80 || first >= 0xe0 || first == 0xc0 || first == 0xc2 || first == 0xc3) {
        return SCAN_WHOLE;
    }
    if (first < 0xa0) {
        item->container = true;
        item->children = (uint64_t)(first & 15) * (first < 0x90 ? 2 : 1);
        return SCAN_WHOLE;
    }
    if (first < 0xc0) {
        item->payload = first & 31;
        return SCAN_WHOLE;
    }
    if (first >= 0xca && first <= 0xd8) {
        item->payload = FIXED[first - 0xca];
        return SCAN_WHOLE;
    }
    return item_sized(data, length, item);
}

static enum scan_result bad(struct record_scan *scan, const char *problem) {
    scan->problem = problem;
    return SCAN_BAD;
}

static bool is_map(uint8_t first) {
    return (first & 0xf0) == 0x80 || first == 0xde || first == 0xdf;
}

enum scan_result record_scan(struct record_scan *scan, const uint8_t *data, size_t length,
                             size_t limit) {
    if (length == 0) { // and perhaps no data to point into
        return SCAN_MORE;
    }
    if (!is_map(data[0])) {
        return bad(scan, "not a msgpack map");
    }
    do {
        struct item item;
        enum scan_result result = item_read(data + scan->at, length - scan->at, &item);
        if (result != SCAN_WHOLE) {
            return result == SCAN_MORE ? result : bad(scan, "not msgpack");
        }
        if (item.head + item.payload > limit - scan->at) {
            return bad(scan, "larger than the limit");
        }
        if (item.children > RECORD_OBJECT_LIMIT - scan->objects) {
            return bad(scan, "too many values");
        }
        if (item.head + item.payload > length - scan->at) {
            return SCAN_MORE;
        }
        if (item.container && scan->depth == RECORD_NESTING) {
            return bad(scan, "nested too deeply");
        }
        scan->at += (size_t)(item.head + item.payload);
        scan->objects += item.children;
        if (scan->depth > 0) {
            scan->left[scan->depth - 1]--;
        }
        if (item.container) {
            scan->left[scan->depth++] = item.children;
        }
        while (scan->depth > 0 && scan->left[scan->depth - 1] == 0) {
            scan->depth--;
        }
    } while (scan->depth > 0);
    return SCAN_WHOLE;
}
