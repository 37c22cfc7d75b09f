// A list of ids that grows.
#ifndef DLT_TEXT_TOKEN_LIST_H
#define DLT_TEXT_TOKEN_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/status.h"

// Start with zeros.
struct token_list {
    uint32_t *ids;
    size_t count, capacity;
};

void token_list_free(struct token_list *list);
// Makes room for `extra` more ids behind `count`.
enum status token_list_reserve(struct token_list *list, size_t extra, struct error *error);

#endif
