// The tables that there are.
#ifndef DLT_REPORT_TABLES_H
#define DLT_REPORT_TABLES_H

#include "lib/report/table.h"

// In the order of the report; a new one is its columns and a word here.
#define TABLES(ITEM)                                                                               \
    ITEM(TABLE_T1) ITEM(TABLE_T2) ITEM(TABLE_T3) ITEM(TABLE_T4) ITEM(TABLE_T5) ITEM(TABLE_T6)

#define DECLARE_TABLE(name) extern const struct table_type name;
TABLES(DECLARE_TABLE)

// ---- What they conclude: whole sentences, not escaped --------------------------------------------

void conclude_main(struct text *text, const struct rows *rows);      // T1, T2
void conclude_variants(struct text *text, const struct rows *rows);  // T3
void conclude_fixed(struct text *text, const struct rows *rows);     // T4
void conclude_memory(struct text *text, const struct rows *rows);    // T5
void conclude_semantics(struct text *text, const struct rows *rows); // T6

#endif
