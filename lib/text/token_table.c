#include "lib/text/token_table.h"

#include "lib/text/pages.h"

enum { BITS_LEAST = 10 };

enum status token_table_create(struct token_table *table, size_t count, struct error *error) {
    table->bits = BITS_LEAST;
    while ((size_t)1 << table->bits < 2 * count) {
        table->bits++;
    }
    return pages_allocate((void **)&table->slots, sizeof *table->slots << table->bits,
                          "a table of tokens", error);
}

void token_table_free(struct token_table *table) {
    pages_free(table->slots, sizeof *table->slots << table->bits);
    *table = (struct token_table){0};
}
