#include "lib/corpus/table.h"

#include <assert.h>

void table_build(struct table *table, uint32_t *last, const uint32_t *weights, size_t count) {
    assert(count > 0 && count <= UINT16_MAX);
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        assert(weights[i] > 0);
        total += weights[i];
    }
    assert(total < UINT64_C(1) << 32);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        last[i] = (uint32_t)((sum << 32) / total - 1);
    }
    table->last = last;
    table->count = (uint16_t)count;
    size_t item = 0;
    for (uint32_t b = 0; b < 1U << TABLE_GUIDE_BITS; b++) {
        while (b << (32 - TABLE_GUIDE_BITS) > last[item]) {
            item++;
        }
        table->guide[b] = (uint16_t)item;
    }
    table->guide[1 << TABLE_GUIDE_BITS] = (uint16_t)(count - 1);
}
