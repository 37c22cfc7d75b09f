#include "lib/text/token_list.h"

#include <stdlib.h>

void token_list_free(struct token_list *list) {
    free(list->ids);
    *list = (struct token_list){0};
}

enum status token_list_reserve(struct token_list *list, size_t extra, struct error *error) {
    size_t needed = list->count + extra;
    if (needed <= list->capacity) {
        return STATUS_OK;
    }
    size_t capacity = needed + list->capacity / 2;
    uint32_t *ids =
        capacity <= SIZE_MAX / sizeof *ids ? realloc(list->ids, capacity * sizeof *ids) : NULL;
    if (!ids) {
        return error_set(error, STATUS_FAILURE, "cannot allocate memory for %zu tokens", capacity);
    }
    list->ids = ids;
    list->capacity = capacity;
    return STATUS_OK;
}
